//! Parquet: a table stored column by column, read as rows.
//!
//! Written for files of any origin: nothing is believed before it is checked, no size of
//! the file's own is allocated before it is compared with a limit, and nothing panics. That
//! is why this is no use of the `parquet` package, which unpacks gzip and zstd to whatever
//! length comes out, and allocates what a footer or a page says it needs.
//!
//! Only the columns that [`ParquetReader::project`] names are read, each by one stream of
//! its pages for every row group. In memory are, of each of them, one page and the
//! dictionary, of all together [`ParquetOptions::max_pages_bytes`] at most.

mod codec;
mod column;
mod delta;
mod error;
mod footer;
mod hybrid;
mod input;
mod kind;
mod page;
mod reader;
mod schema;
mod text;
mod thrift;
mod values;

use super::options::InputFormat;

pub use error::ParquetError;
pub use input::ReadRange;
pub(super) use reader::ParquetReader;

/// What the file is said to be, and how much of it may be in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParquetOptions {
    /// Said to be something else, it is refused.
    pub format: InputFormat,
    /// A longer footer is refused.
    pub max_footer_bytes: u64,
    /// Pages that would need more than this at one time, all mapped columns together,
    /// are refused before they are read.
    pub max_pages_bytes: u64,
    /// A row whose cells are longer is rejected.
    pub max_record_bytes: usize,
}

impl Default for ParquetOptions {
    fn default() -> ParquetOptions {
        ParquetOptions {
            format: InputFormat::Auto,
            max_footer_bytes: 16 * 1024 * 1024,
            max_pages_bytes: 32 * 1024 * 1024,
            max_record_bytes: 1024 * 1024,
        }
    }
}
