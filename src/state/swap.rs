//! Compare-and-swap, as all that is written by several workers is written.

/// Which write of a document is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag(pub String);

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    Stored(Tag),
    /// Something else is there than was expected. Nothing was changed.
    Conflict,
}
