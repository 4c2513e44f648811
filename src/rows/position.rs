//! A place between two rows, at which reading can go on later.

use serde::{Deserialize, Serialize};

/// Between two rows of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// How many rows lie before it.
    pub rows: u64,
    /// Where the next row begins, as [`Record::offset`](super::Record::offset) counts.
    pub offset: u64,
}
