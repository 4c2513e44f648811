//! Advertising id of a mobile device (`madid`, `MADID`): Apple's IDFA or Google's
//! advertising id, a UUID in lower case with its hyphens, never hashed.
//!
//! `AB1234CD-12AB-34CD-56EF-123456ABCDEF` → `ab1234cd-12ab-34cd-56ef-123456abcdef`. Of zeros
//! alone it belongs to whoever limits ad tracking, which is nobody: a blank. Without its
//! hyphens it cannot be told from an MD5 and is refused. (Meta, "Customer File Custom
//! Audiences", for lower case and hyphens; Conversions get the same.)

use super::super::reason::Reason;

const UUID_PARTS: [usize; 5] = [8, 4, 4, 4, 12];

pub(super) fn normalize(text: &str, out: &mut String) -> Result<(), Reason> {
    let mut parts = text.split('-');
    let is_uuid = UUID_PARTS.iter().all(|&length| {
        parts
            .next()
            .is_some_and(|part| part.len() == length && part.bytes().all(|b| b.is_ascii_hexdigit()))
    });
    if !is_uuid || parts.next().is_some() {
        return Err(Reason::MadidNoUuid);
    }
    out.extend(text.chars().map(|c| c.to_ascii_lowercase()));
    Ok(())
}

/// Whether a trimmed cell holds the id of everybody who limits ad tracking.
pub(crate) fn is_blank(text: &str) -> bool {
    matches!(text.len(), 32 | 36) && text.bytes().all(|b| b == b'0' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    #[test]
    fn an_id_is_a_uuid_in_lower_case() {
        let madid = |text: &str| normalized(|out| normalize(text, out));
        let id = "ab1234cd-12ab-34cd-56ef-123456abcdef";
        assert_eq!(madid(id).as_deref(), Ok(id));
        assert_eq!(madid(&id.to_uppercase()).as_deref(), Ok(id));
        for text in [
            "ab1234cd12ab34cd56ef123456abcdef",
            "{ab1234cd-12ab-34cd-56ef-123456abcdef}",
            "ab1234cd-12ab-34cd-56ef-123456abcde",
            "ab1234cd-12ab-34cd-56ef-123456abcdef-",
            "gb1234cd-12ab-34cd-56ef-123456abcdef",
            "IDFA",
        ] {
            assert_eq!(madid(text), Err(Reason::MadidNoUuid), "{text}");
        }
    }

    #[test]
    fn zeros_alone_are_nobody() {
        assert!(is_blank("00000000-0000-0000-0000-000000000000"));
        assert!(is_blank(&"0".repeat(32)));
        assert!(!is_blank("00000000-0000-0000-0000-000000000001"));
        assert!(!is_blank("0"));
    }
}
