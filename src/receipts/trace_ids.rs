//! Meta's trace ids: what its support asks for.

use serde::{Deserialize, Serialize};

use crate::meta::TraceId;

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
    /// `first` are those that were kept so far, of `total` that there were.
    pub fn new(first: impl IntoIterator<Item = TraceId>, total: u64) -> TraceIds {
        let kept = first.into_iter().take(Self::MOST);
        TraceIds {
            kept: kept.map(|id| id.as_str().to_owned()).collect(),
            total,
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
        let all = (0..1_500).filter_map(|number| TraceId::recognise(&format!("A{number}_x-y")));
        let ids = TraceIds::new(all, 2_500);
        assert_eq!((ids.kept().len(), ids.total()), (1_000, 2_500));
        assert_eq!(ids.kept().last().map(String::as_str), Some("A999_x-y"));
    }
}
