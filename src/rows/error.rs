//! Why a row, or a whole file, cannot be read. No text of the file is ever repeated.

use std::io;

use super::parquet::ParquetError;
use super::position::Position;

/// Why one row was rejected. The rows after it are not touched by this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowFault {
    /// In another encoding than UTF-8: bytes that stand for nothing there.
    #[error("not valid text of the file's encoding")]
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
    #[error("not one JSON object on one line")]
    BadJson,
    #[error("the same key twice in one JSON object")]
    RepeatedKey,
    /// In a column that is asked for.
    #[error("a list of lists or objects, or an object nested too deep, where a value is expected")]
    NestedValue,
}

impl RowFault {
    /// The stable name, for receipts and metrics.
    pub const fn code(self) -> &'static str {
        match self {
            RowFault::NotUtf8 => "row_not_utf8",
            RowFault::FieldCount { .. } => "row_field_count",
            RowFault::TooLong { .. } => "row_too_long",
            RowFault::OpenQuote => "row_open_quote",
            RowFault::BadJson => "row_bad_json",
            RowFault::RepeatedKey => "row_repeated_key",
            RowFault::NestedValue => "row_nested_value",
        }
    }
}

/// Why a file is refused, or could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum RowsError {
    /// The bytes did not come; the cause is the source's own error, whole.
    #[error("the input could not be read")]
    Input(#[source] io::Error),
    #[error("not text: the file holds binary data; send CSV, JSON lines or Parquet")]
    NotText,
    #[error(
        "the file is {encoding}, not UTF-8 (first at line {line}); export it as UTF-8, \
         or set route.input.encoding = \"{setting}\""
    )]
    NotUtf8 {
        encoding: &'static str,
        setting: &'static str,
        line: u64,
    },
    #[error("the file is {found}, not {configured} as route.input.encoding says")]
    OtherEncoding {
        configured: &'static str,
        found: &'static str,
    },
    #[error("the file holds {found}, not {configured} as route.input.format says")]
    OtherFormat {
        configured: &'static str,
        found: &'static str,
    },
    #[error("the file is one JSON {found}, not JSON lines; write one object on each line")]
    JsonNotLines { found: &'static str },
    #[error(
        "the first row is the header itself, which route.input.header gives for files without \
         one; take the setting away"
    )]
    HeaderPresent,
    #[error(
        "the file is JSON lines, whose objects name their own values; take route.input.header away"
    )]
    HeaderOfObjects,
    #[error("the header is longer than {max_bytes} bytes (input.max_header_bytes)")]
    HeaderTooLong { max_bytes: usize },
    #[error("the header has more than {max_columns} columns (input.max_columns)")]
    TooManyColumns { max_columns: usize },
    #[error("the header row cannot be read: {0}")]
    BrokenHeader(RowFault),
    /// Reading should go on where nothing of the file does.
    #[error(
        "no row begins at offset {} with {} rows before it, where the ledger says to go on: look at the object's entry there; with it moved away, the object is delivered from its beginning",
        .0.offset,
        .0.rows
    )]
    NoSuchPosition(Position),
    #[error(transparent)]
    Parquet(#[from] ParquetError),
    /// A call after one that failed, or whose future was dropped: where the next
    /// record begins is not known any more.
    #[error("reading rows was interrupted; the file has to be opened again")]
    Interrupted,
}
