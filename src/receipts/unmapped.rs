//! Columns of a file that nothing refers to.

use serde::{Deserialize, Serialize};

/// Their positions, from 1. Not their names: a file without a header has a person where
/// they should be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmappedColumns {
    #[serde(rename = "unmapped_columns", default)]
    positions: Vec<usize>,
    #[serde(rename = "unmapped_columns_total", default)]
    total: usize,
}

impl UnmappedColumns {
    const MOST: usize = 1_000;

    /// The first thousand are named, the others counted.
    pub fn new(positions: &[usize]) -> UnmappedColumns {
        UnmappedColumns {
            positions: positions.iter().take(Self::MOST).copied().collect(),
            total: positions.len(),
        }
    }

    pub fn positions(&self) -> &[usize] {
        &self.positions
    }

    pub const fn total(&self) -> usize {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_thousand_are_named_and_all_are_counted() {
        let all: Vec<usize> = (1..=200_000).collect();
        let columns = UnmappedColumns::new(&all);
        assert_eq!(columns.positions().len(), 1_000);
        assert_eq!(columns.total(), 200_000);
    }
}
