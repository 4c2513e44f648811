//! Meta's trace ids: what its support asks for.

use serde::{Deserialize, Serialize};

use crate::meta::TraceId;

/// The first two hundred, and how many there were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceIds {
    #[serde(rename = "trace_ids")]
    kept: Vec<String>,
    #[serde(rename = "trace_ids_total")]
    total: u64,
}

impl TraceIds {
    const MOST: usize = 200;

    /// `first` are those that were kept so far, of `total` that there were.
    pub fn new(first: impl IntoIterator<Item = TraceId>, total: u64) -> TraceIds {
        let first = first.into_iter();
        TraceIds::counted(first.map(|id| id.as_str().to_owned()), total)
    }

    /// The same of ids that were recognised before.
    pub fn counted(first: impl IntoIterator<Item = String>, total: u64) -> TraceIds {
        TraceIds {
            kept: first.into_iter().take(Self::MOST).collect(),
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
    fn the_first_two_hundred_are_kept_and_all_are_counted() {
        let all = (0..1_500).filter_map(|number| TraceId::recognise(&format!("A{number}_x-y")));
        let ids = TraceIds::new(all, 2_500);
        assert_eq!((ids.kept().len(), ids.total()), (200, 2_500));
        assert_eq!(ids.kept().last().map(String::as_str), Some("A199_x-y"));
    }
}
