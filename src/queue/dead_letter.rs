//! What is put aside for a person, and what is said about it.

use std::borrow::Cow;

/// Why a message goes to the dead-letter queue. It travels as attributes of the
/// copy, so nothing in it may come from a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// From a closed set, for a script to sort by.
    pub reason: Cow<'static, str>,
    /// One sentence for a person; what is beyond 1 KiB is cut off.
    pub detail: String,
    /// The object's `s3://` address, where the message names one.
    pub object: Option<String>,
    pub route: Option<String>,
}

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLettered {
    /// The copy is durable: the original may be deleted.
    Sent,
    /// The queue has none, and there is no copy: deleting the original deletes the last.
    NoDeadLetterQueue,
}

/// The most of [`DeadLetter::detail`] that is kept.
const MOST_DETAIL_BYTES: usize = 1024;

impl DeadLetter {
    /// Name and text of each attribute that is not blank; what is most easily done
    /// without stands last. Names are part of what operators may rely on.
    pub(super) fn attributes(&self) -> Vec<(&'static str, String)> {
        let detail = self.detail.floor_char_boundary(MOST_DETAIL_BYTES);
        let detail = self.detail.get(..detail).unwrap_or_default();
        let named = [
            ("activator.reason", self.reason.as_ref()),
            ("activator.worker_version", env!("CARGO_PKG_VERSION")),
            ("activator.route", self.route.as_deref().unwrap_or_default()),
            (
                "activator.object",
                self.object.as_deref().unwrap_or_default(),
            ),
            ("activator.detail", detail),
        ];
        named
            .into_iter()
            .filter(|(_, text)| !text.is_empty())
            .map(|(name, text)| (name, text.chars().map(allowed).collect()))
            .collect()
    }
}

/// SQS refuses a message with a character that XML 1.0 does not have; a key of S3
/// may hold one.
fn allowed(character: char) -> char {
    match character {
        '\t' | '\n' | '\r' => character,
        '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => char::REPLACEMENT_CHARACTER,
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_blank_or_unknown_has_no_attribute() {
        let letter = DeadLetter {
            reason: "not_understood".into(),
            detail: String::new(),
            object: None,
            route: None,
        };
        let names: Vec<_> = letter.attributes().into_iter().map(|(n, _)| n).collect();
        assert_eq!(names, ["activator.reason", "activator.worker_version"]);
    }

    #[test]
    fn a_long_detail_is_cut_between_characters_and_what_sqs_refuses_is_replaced() {
        let letter = DeadLetter {
            reason: "no_progress".into(),
            detail: format!("x{}", "ä".repeat(1_000)),
            object: Some("s3://bucket/a\u{1}b\u{ffff}\tc".to_owned()),
            route: Some("store-buyers".to_owned()),
        };
        let attributes = letter.attributes();
        let (last, detail) = &attributes[attributes.len() - 1];
        assert_eq!(*last, "activator.detail");
        assert_eq!(detail.len(), 1_023);
        assert!(attributes.contains(&(
            "activator.object",
            "s3://bucket/a\u{fffd}b\u{fffd}\tc".to_owned()
        )));
    }
}
