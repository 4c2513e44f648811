//! Why a Parquet file is refused. Columns are named by their position only.

/// Why a Parquet file cannot be read, or not to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParquetError {
    #[error("the Parquet file is cut off: it does not end with its footer; export it again")]
    CutOff,
    #[error("the Parquet file is damaged: {0}; export it again")]
    Damaged(&'static str),
    #[error("the Parquet file is encrypted; export it without Parquet's own encryption")]
    Encrypted,
    #[error(
        "the Parquet file uses {0}, which is not supported; export it with snappy, zstd, gzip, lz4 or no compression"
    )]
    Codec(&'static str),
    #[error(
        "the Parquet file uses {0}, which is not supported; export it with another writer or its default options"
    )]
    Unsupported(&'static str),
    /// Nothing of it was read yet.
    #[error(
        "the Parquet file's footer is {bytes} bytes, more than input.max_parquet_footer_bytes ({max_bytes}); write larger row groups, or raise the limit"
    )]
    FooterTooLarge { bytes: u64, max_bytes: u64 },
    /// Nothing of the page was read yet.
    #[error(
        "the Parquet file's pages need {bytes} bytes of memory at one time, more than input.max_parquet_pages_bytes ({max_bytes}); write smaller pages or row groups, or raise the limit"
    )]
    PagesTooLarge { bytes: u64, max_bytes: u64 },
    #[error("the Parquet file's schema has more than {max} entries")]
    SchemaTooLarge { max: usize },
    #[error(
        "the names of the Parquet file's columns are longer than {max_bytes} bytes, all together"
    )]
    NamesTooLong { max_bytes: usize },
    #[error(
        "more than {max} columns of the Parquet file are mapped, each of which is read by requests of its own; name fewer in route.columns"
    )]
    TooManyColumns { max: usize },
    #[error(
        "column {position} of the Parquet file holds {what}, which is no text; map a plain column, a field of a struct, or a list of plain values"
    )]
    NoText { position: usize, what: &'static str },
}

impl ParquetError {
    /// The stable name of the refusal, for receipts.
    pub const fn code(&self) -> &'static str {
        match self {
            ParquetError::CutOff | ParquetError::Damaged(_) => "damaged",
            ParquetError::Encrypted | ParquetError::Codec(_) | ParquetError::Unsupported(_) => {
                "unsupported_format"
            }
            ParquetError::FooterTooLarge { .. }
            | ParquetError::PagesTooLarge { .. }
            | ParquetError::SchemaTooLarge { .. }
            | ParquetError::NamesTooLong { .. }
            | ParquetError::TooManyColumns { .. } => "too_large",
            ParquetError::NoText { .. } => "header_does_not_fit",
        }
    }
}

pub(super) type Result<T> = std::result::Result<T, ParquetError>;

pub(super) const fn damaged<T>(what: &'static str) -> Result<T> {
    Err(ParquetError::Damaged(what))
}
