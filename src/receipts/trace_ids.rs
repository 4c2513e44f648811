//! Meta's trace ids: what its support asks for.

use serde::{Deserialize, Serialize};

/// The first thousand, and how many there were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceIds {
    #[serde(rename = "trace_ids")]
    kept: Vec<String>,
    #[serde(rename = "trace_ids_total")]
    total: u64,
}

impl TraceIds {
    const MOST: usize = 1_000;
    const LONGEST: usize = 64;

    /// Of a request's answer. What is no plain word is counted, not kept: it comes
    /// from outside.
    pub fn add(&mut self, id: &str) {
        self.total = self.total.saturating_add(1);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let is_plain = (1..=Self::LONGEST).contains(&id.len()) && id.bytes().all(plain);
        if is_plain && self.kept.len() < Self::MOST {
            self.kept.push(id.to_owned());
        }
    }

    pub fn kept(&self) -> &[String] {
        &self.kept
    }

    pub const fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thousand_are_kept_and_all_are_counted() {
        let mut ids = TraceIds::default();
        for number in 0..1_500 {
            ids.add(&format!("A{number}_x-y"));
        }
        assert_eq!((ids.kept().len(), ids.total()), (1_000, 1_500));
        assert_eq!(ids.kept().last().map(String::as_str), Some("A999_x-y"));
    }

    #[test]
    fn what_is_no_plain_word_is_counted_but_not_kept() {
        let mut ids = TraceIds::default();
        for id in ["", "jane@example.com", &"A".repeat(65), "AbCd123"] {
            ids.add(id);
        }
        assert_eq!((ids.kept(), ids.total()), (&["AbCd123".to_owned()][..], 4));
    }
}
