//! Combinations of identifiers that fit too many people.
//!
//! Meta refuses an event, and the whole request with it, whose user data are a subset of
//! one of these sets (error 100/2804050; "Customer Information Parameters"). The sets
//! also hold `client_user_agent`, which is no identifier here.

use super::key::Key;

const WEAK_SETS: [&[Key]; 4] = [
    &[
        Key::City,
        Key::Country,
        Key::State,
        Key::Zip,
        Key::Gender,
        Key::ClientUserAgent,
    ],
    &[Key::BirthDate, Key::ClientUserAgent],
    &[Key::FirstName, Key::Gender],
    &[Key::LastName, Key::Gender],
];

/// Whether all of `keys` lie in one weak set.
pub(super) fn is_weak(keys: impl Iterator<Item = Key>) -> bool {
    let counts = |key: &Key| key.identifies() || *key == Key::ClientUserAgent;
    let present = bits(keys.filter(counts));
    WEAK_SETS
        .iter()
        .any(|set| present & !bits(set.iter().copied()) == 0)
}

/// A set of keys, one bit each.
fn bits(keys: impl Iterator<Item = Key>) -> u64 {
    keys.fold(0, |set, key| set | 1 << key.index())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weak(keys: &[Key]) -> bool {
        is_weak(keys.iter().copied())
    }

    #[test]
    fn subsets_of_one_set_are_weak() {
        assert!(weak(&[]));
        assert!(weak(&[Key::City, Key::Country]));
        assert!(weak(&[
            Key::Gender,
            Key::City,
            Key::State,
            Key::Zip,
            Key::Country
        ]));
        assert!(weak(&[Key::BirthDate]));
        assert!(weak(&[Key::FirstName]));
        assert!(weak(&[Key::Gender, Key::LastName]));
        assert!(weak(&[Key::City, Key::ClientUserAgent]));
        assert!(weak(&[Key::BirthDate, Key::ClientUserAgent]));
        assert!(weak(&[Key::BirthDate, Key::PageId, Key::ProcessingState]));
    }

    #[test]
    fn one_key_from_outside_makes_it_strong() {
        assert!(!weak(&[Key::City, Key::Email]));
        assert!(!weak(&[Key::LastName, Key::FirstName]));
        assert!(!weak(&[Key::FirstName, Key::City]));
        assert!(!weak(&[Key::BirthDate, Key::Gender]));
        assert!(!weak(&[Key::ExternalId]));
        assert!(!weak(&[Key::FirstName, Key::ClientUserAgent]));
        for key in [
            Key::ClientIpAddress,
            Key::ClickId,
            Key::BrowserId,
            Key::MobileAdvertiserId,
        ] {
            assert!(!weak(&[key, Key::City]));
        }
    }
}
