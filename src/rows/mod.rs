//! Text becomes records: delimiter found, header read, every row numbered.
//!
//! Pure: any [`AsyncRead`] will do, and nothing here knows of AWS, HTTP or a clock.
//! What a column means is decided later; here a row is only whole or not. The one
//! idea: a broken row costs itself and nothing else, whatever its size, so the
//! reader gives back a fault in its place and goes on.
//!
//! Memory is bounded by [`RowOptions::max_record_bytes`], not by the input.

mod csv;
mod error;
mod parquet;
mod reader;
mod record;
mod sample;

use tokio::io::AsyncRead;

pub use error::{RowFault, RowsError};
pub use parquet::{ParquetError, ParquetOptions, ReadRange};
pub use reader::{Next, RowReader};
pub use record::{Header, Record};

use csv::CsvReader;
use parquet::ParquetReader;
use sample::Sample;

/// Stands between the values of a list in one cell: the unit separator, which no text holds.
pub const LIST_SEPARATOR: char = '\u{1f}';

/// How the text is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowOptions {
    /// An ASCII character; `None` finds it in the first record.
    pub delimiter: Option<u8>,
    /// A record longer than this, its line end included, is rejected.
    pub max_record_bytes: usize,
}

impl Default for RowOptions {
    fn default() -> RowOptions {
        RowOptions {
            delimiter: None,
            max_record_bytes: 1024 * 1024,
        }
    }
}

/// What an object's text turned out to hold.
#[derive(Debug)]
pub enum Rows<R> {
    /// Nothing, or nothing but line ends and a byte order mark.
    Empty,
    /// A header and no row: usual for one of many parts of an export.
    HeaderOnly(Header),
    /// A header, and most likely rows. (A file whose header is followed by more
    /// than 64 KiB of empty lines comes here too, and ends without a row.)
    Table {
        header: Header,
        reader: RowReader<R>,
    },
}

/// Looks at the beginning of the text, decides how to read it, and reads its header.
///
/// Accepts UTF-8 with or without a byte order mark; line ends LF, CRLF or CR; the
/// delimiters `,` `;` tab and `|`; fields quoted with `"`, a quote inside doubled.
/// Empty lines are no rows. A stray quote at the beginning of a field takes everything
/// up to the next quote into its row, line ends too: what looked like several rows is
/// then one, and mostly one fault. Only a quote open at the end of the file is certain
/// to be an error, and always one.
///
/// # Errors
///
/// What is not text, or not UTF-8, or has a header that cannot be read, is refused
/// as a whole, before any row is given out.
pub async fn open<R>(reader: R, options: RowOptions) -> Result<Rows<R>, RowsError>
where
    R: AsyncRead + Unpin + Send,
{
    let (sample, rest) = Sample::take(reader).await?;
    sample.check()?;
    let delimiter = options
        .delimiter
        .unwrap_or_else(|| csv::sniff(sample.text()));
    let content_end = sample.content_end_if_whole();
    let mut reader = CsvReader::new(sample, rest, delimiter, options.max_record_bytes);
    let Some(header) = reader.read_header().await? else {
        return Ok(Rows::Empty);
    };
    if content_end.is_some_and(|end| reader.offset() >= end) {
        return Ok(Rows::HeaderOnly(header));
    }
    let reader = RowReader::csv(reader);
    Ok(Rows::Table { header, reader })
}

/// Reads the footer of a Parquet file.
///
/// Rows are numbered over all row groups; a record's [`offset`](Record::offset) is the
/// index of its row. Cells are text as a CSV file would have it: null is empty, numbers
/// have neither an exponent nor a superfluous fraction, times are RFC 3339 in UTC, and
/// [`LIST_SEPARATOR`] stands between the values of a list. Until
/// [`RowReader::project`] says which columns are wanted, all that hold text are read.
///
/// # Errors
///
/// What is encrypted, damaged, or larger than the limits.
pub async fn open_parquet<R>(
    input: Box<dyn ReadRange>,
    options: ParquetOptions,
) -> Result<Rows<R>, RowsError>
where
    R: AsyncRead + Unpin + Send,
{
    let reader = ParquetReader::open(input, options).await?;
    let header = reader.header();
    if header.names().is_empty() {
        return Ok(Rows::Empty);
    }
    if !reader.has_rows() {
        return Ok(Rows::HeaderOnly(header));
    }
    let reader = RowReader::parquet(reader);
    Ok(Rows::Table { header, reader })
}

#[cfg(test)]
mod tests;
