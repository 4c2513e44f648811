//! A set of rows, and how many of them have each cell.

use super::{Digest, digest::ByDigest};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Members {
    rows: ByDigest<u32>,
    cells: ByDigest<u32>,
}

impl Members {
    /// Whether the row was none before.
    pub(crate) fn add(&mut self, row: Digest, cells: &[Digest]) -> bool {
        let times = self.rows.entry(row).or_default();
        *times = times.saturating_add(1);
        if *times > 1 {
            return false;
        }
        for cell in cells {
            *self.cells.entry(*cell).or_default() += 1;
        }
        true
    }

    /// Whether the row was one.
    pub(crate) fn remove(&mut self, row: &Digest, cells: &[Digest]) -> bool {
        if self.rows.remove(row).is_none() {
            return false;
        }
        for cell in cells {
            let left = self
                .cells
                .get(cell)
                .map_or(0, |count| count.saturating_sub(1));
            if left == 0 {
                self.cells.remove(cell);
            } else {
                self.cells.insert(*cell, left);
            }
        }
        true
    }

    pub(crate) fn count(&self) -> u64 {
        self.rows.len() as u64
    }

    pub(crate) fn contains(&self, row: &Digest) -> bool {
        self.rows.contains_key(row)
    }

    /// How often this row was added since it last was no member; 0 = it is none.
    pub(crate) fn times(&self, row: &Digest) -> u32 {
        self.rows.get(row).copied().unwrap_or(0)
    }

    /// How many members have this cell.
    pub(crate) fn bearing(&self, cell: &Digest) -> u32 {
        self.cells.get(cell).copied().unwrap_or(0)
    }

    pub(crate) fn digests(&self) -> impl Iterator<Item = Digest> {
        self.rows.keys().copied()
    }

    /// Takes in what the other set has. A row of both counts its cells once.
    pub(crate) fn merge(&mut self, rows: &[(Digest, Vec<Digest>)]) {
        for (row, cells) in rows {
            self.add(*row, cells);
        }
    }
}
