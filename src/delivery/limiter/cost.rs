//! What a request counts.

/// In points of Meta's score of an ad account: a read is one, a write three. (Meta, "Rate
/// Limiting".) Other quotas count calls; there what a read takes is a third of what it really
/// does, of thousands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// A question.
    Read,
    /// Rows, or whatever else changes something.
    Write,
}

impl Cost {
    pub(super) const fn points(self) -> u32 {
        match self {
            Cost::Read => 1,
            Cost::Write => 3,
        }
    }
}
