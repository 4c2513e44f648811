//! Recognises a value that was hashed before it came to us, so that nothing is hashed
//! twice, and refuses what Meta could never match.

use super::digest::Digest;
use super::reason::Reason;

/// What a value has to do with hashing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ExistingHash {
    /// It is no hash.
    None,
    /// SHA-256 in hexadecimal: to be passed on.
    Sha256(Digest),
    /// A hash of another kind or form, or of nothing.
    Refused(Reason),
}

const SHA256_DIGITS: usize = 2 * Digest::LENGTH;

/// What exporters make of blank cells when they hash them all alike.
const OF_NOTHING: [(&str, Reason); 4] = [
    (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        Reason::HashOfEmpty,
    ),
    (
        "74234e98afe7498fb5daf1f36ac2d78acc339464f950703b8c019892f982b90b",
        Reason::HashOfNull,
    ),
    (
        "9b2d5b4678781e53038e91ea5324530a03f27dc1d0e5f6c9bc9d493a23be9de0",
        Reason::HashOfNan,
    ),
    (
        "140bedbf9c3f6d56a9846d2ba7088798683f4da0c248231336e6a05679e4fdfe",
        Reason::HashOfNone,
    ),
];

const PREFIXES: [&str; 10] = [
    "0x", "\\x", "sha256:", "sha256=", "sha256$", "sha-256:", "{sha256}", "sha1:", "md5:", "hash:",
];

/// Recognises hashes of any kind in a trimmed text.
pub(super) fn recognise(text: &str) -> ExistingHash {
    // The shortest is MD5 in base64. Hardly any plain value is this long and ASCII
    // without a character that no hash has.
    if text.len() < 24 || !text.bytes().all(may_occur) {
        return ExistingHash::None;
    }
    match recognise_sha256(text) {
        ExistingHash::None => {}
        found => return found,
    }
    let refused = if is_hexadecimal(text) {
        match text.len() {
            32 => Reason::UnsupportedHashMd5,
            40 => Reason::UnsupportedHashSha1,
            56.. => Reason::UnsupportedHashLength,
            _ => return ExistingHash::None,
        }
    } else if is_prefixed(text) {
        Reason::UnsupportedHashPrefixed
    } else if is_base64(text) {
        Reason::UnsupportedHashBase64
    } else {
        return ExistingHash::None;
    };
    ExistingHash::Refused(refused)
}

/// Recognises only what is passed on or is the hash of nothing: for ids, which may
/// well be 32 hexadecimal digits of their own.
pub(super) fn recognise_sha256(text: &str) -> ExistingHash {
    let Some((hex, appendix)) = text.split_at_checked(SHA256_DIGITS) else {
        return ExistingHash::None;
    };
    if !(appendix.is_empty() || is_appendix(appendix)) {
        return ExistingHash::None;
    }
    let Some(digest) = Digest::from_hex(hex) else {
        return ExistingHash::None;
    };
    OF_NOTHING
        .into_iter()
        .find(|(nothing, _)| hex.eq_ignore_ascii_case(nothing))
        .map_or(ExistingHash::Sha256(digest), |(_, reason)| {
            ExistingHash::Refused(reason)
        })
}

/// Meta's parameter builder marks its hashes: a dot and eight characters, two in old
/// releases. The mark is no part of the hash.
fn is_appendix(text: &str) -> bool {
    text.strip_prefix('.').is_some_and(|mark| {
        matches!(mark.len(), 2 | 8) && mark.bytes().all(|b| b.is_ascii_alphanumeric())
    })
}

fn may_occur(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"+/-_=.:$\\{}".contains(&byte)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn is_prefixed(text: &str) -> bool {
    let after_known_prefix = PREFIXES.iter().any(|prefix| {
        text.split_at_checked(prefix.len())
            .is_some_and(|(head, hex)| {
                head.eq_ignore_ascii_case(prefix) && hex.len() >= 32 && is_hexadecimal(hex)
            })
    });
    let ends_in_sha256 = text
        .len()
        .checked_sub(SHA256_DIGITS)
        .and_then(|at| text.get(at..))
        .is_some_and(is_hexadecimal);
    after_known_prefix || ends_in_sha256
}

/// 32, 20 or 16 bytes in base64 of either alphabet. Digits and capitals must both
/// occur, as they do in all but one of a thousand hashes and in no long word.
fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let padding = text.len() - body.len();
    let shape = matches!((body.len(), padding), (43, 0 | 1) | (27, 1) | (22, 2));
    shape
        && body
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+/-_".contains(&b))
        && body.bytes().any(|b| b.is_ascii_digit())
        && body.bytes().any(|b| b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARY: &str = "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79";

    #[test]
    fn sha256_passes_in_any_case_and_with_the_builder_s_mark() {
        let passed = ExistingHash::Sha256(Digest::of("mary@example.com"));
        assert_eq!(recognise(MARY), passed);
        assert_eq!(recognise(&MARY.to_uppercase()), passed);
        assert_eq!(recognise(&format!("{MARY}.AQQCAQMC")), passed);
        assert!(matches!(
            recognise(&"1234567890".repeat(7)[..64]),
            ExistingHash::Sha256(_)
        ));
    }

    #[test]
    fn the_hash_of_nothing_has_a_reason_of_its_own() {
        for (word, reason) in [
            ("", Reason::HashOfEmpty),
            ("null", Reason::HashOfNull),
            ("nan", Reason::HashOfNan),
            ("none", Reason::HashOfNone),
        ] {
            let hex = const_hex::encode(Digest::of(word));
            assert_eq!(recognise(&hex), ExistingHash::Refused(reason));
            assert_eq!(
                recognise(&hex.to_uppercase()),
                ExistingHash::Refused(reason)
            );
            assert_eq!(recognise_sha256(&hex), ExistingHash::Refused(reason));
        }
    }

    #[test]
    fn other_hashes_are_refused_by_kind() {
        for (text, reason) in [
            (
                "a189c633d9995e11bf8607170ec9a4b8",
                Reason::UnsupportedHashMd5,
            ),
            (
                "A189C633D9995E11BF8607170EC9A4B8",
                Reason::UnsupportedHashMd5,
            ),
            (
                "431364b6450fc47ccdbf6a2205dfdb1baeb79412",
                Reason::UnsupportedHashSha1,
            ),
            (
                "/4ZmqtZmdRDrTQ5mTDs1o1cUZ4bPU+M8Nkzyv0OeyTs=",
                Reason::UnsupportedHashBase64,
            ),
            (
                "_4ZmqtZmdRDrTQ5mTDs1o1cUZ4bPU-M8Nkzyv0OeyTs",
                Reason::UnsupportedHashBase64,
            ),
            ("oYnGM9mZXhG/hgcXDsmkuA==", Reason::UnsupportedHashBase64),
            (&format!("0x{MARY}"), Reason::UnsupportedHashPrefixed),
            (&format!("\\x{MARY}"), Reason::UnsupportedHashPrefixed),
            (&format!("SHA256:{MARY}"), Reason::UnsupportedHashPrefixed),
            (&MARY[1..], Reason::UnsupportedHashLength),
            (&format!("{MARY}0"), Reason::UnsupportedHashLength),
            (&format!("{MARY}{MARY}"), Reason::UnsupportedHashLength),
        ] {
            assert_eq!(recognise(text), ExistingHash::Refused(reason), "{text}");
        }
    }

    #[test]
    fn plain_values_are_no_hashes() {
        for text in [
            "",
            "mary@example.com",
            "averylongaddress.with.dots@subdomain.example.com",
            "deadbeef",
            "Wolfeschlegelsteinhausenbergerdorff",
            "0b1f1f2e-8d5c-4a2e-9a6e-3f5f6a7b8c9d",
            &"é".repeat(32),
            &"a".repeat(43),
        ] {
            assert_eq!(recognise(text), ExistingHash::None, "{text}");
        }
    }
}
