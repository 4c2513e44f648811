//! Why a row, or a whole file, cannot be read. No text of the file is ever repeated.

use std::io;

use super::parquet::ParquetError;

/// Why one row was rejected. The rows after it are not touched by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    #[error("not valid UTF-8")]
    NotUtf8,
    /// More or fewer fields than the header has names: which cell belongs to which
    /// column would be a guess.
    #[error("{found} fields where the header has {expected}")]
    FieldCount { expected: usize, found: usize },
    #[error("longer than {max_bytes} bytes; is a quote left open?")]
    TooLong { max_bytes: usize },
    /// A quoted field that the file ends in. What looks like lines after that quote
    /// is part of this row, and is rejected with it.
    #[error("the file ends inside a quoted field")]
    OpenQuote,
}

impl RowFault {
    /// The stable name, for receipts and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            RowFault::NotUtf8 => "row_not_utf8",
            RowFault::FieldCount { .. } => "row_field_count",
            RowFault::TooLong { .. } => "row_too_long",
            RowFault::OpenQuote => "row_open_quote",
        }
    }
}

/// Why a file is refused, or could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The bytes did not come; the cause is the source's own error, whole.
    #[error("the input could not be read")]
    Input(#[source] io::Error),
    #[error("not text: the file holds binary data; send CSV")]
    NotText,
    #[error("the file is {encoding}, not UTF-8 (first at line {line}); export it as UTF-8")]
    NotUtf8 { encoding: &'static str, line: u64 },
    #[error("the header row cannot be read: {0}")]
    BrokenHeader(RowFault),
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// A call after one that failed, or whose future was dropped: where the next
    /// record begins is not known any more.
    #[error("reading rows was interrupted; the file has to be opened again")]
    Interrupted,
}
