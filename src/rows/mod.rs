//! Text becomes records: format and delimiter found, header read, every row numbered.
//!
//! Pure: any [`AsyncRead`] will do, and nothing here knows of AWS, HTTP or a clock.
//! What a column means is decided later; here a row is only whole or not. The one
//! idea: a broken row costs itself and nothing else, whatever its size, so the
//! reader gives back a fault in its place and goes on.
//!
//! Memory is bounded by [`RowOptions::max_record_bytes`], not by the input.

mod csv;
mod error;
mod json_lines;
mod options;
mod parquet;
mod position;
mod reader;
mod record;
mod resume;
mod sample;
mod transcode;

use tokio::io::AsyncRead;

pub use error::{RowFault, RowsError};
pub use options::{Encoding, Escape, InputFormat, Quote, RowOptions};
pub use parquet::{ParquetError, ParquetOptions, ReadRange};
pub use position::Position;
pub use reader::{Next, RowReader};
pub use record::{Header, Record};

use csv::CsvReader;
use json_lines::{JsonLinesReader, Shape};
use parquet::ParquetReader;
use sample::Sample;
use transcode::Text;

/// Stands between the values of a cell that has several, where the format has lists (a
/// JSON array, a list of Parquet's). It is ASCII's unit separator, made for this and in no
/// value that people type. Whoever reads cells splits there; it is defined here, where such
/// cells are made.
pub const LIST_SEPARATOR: char = '\u{1f}';

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
/// Accepts UTF-8 with or without a byte order mark, and other encodings where one is
/// configured. Text with a delimiter: `,` `;` tab and `|`, or the configured one; line
/// ends LF, CRLF or CR; fields quoted with `"` or `'`, a quote inside doubled or behind a
/// backslash. Empty lines are no rows. A stray quote at the beginning of a field takes
/// everything up to the next quote into its row, line ends too: what looked like several
/// rows is then one, and mostly one fault. Only a quote open at the end of the file is
/// certain to be an error, and always one.
///
/// JSON lines: one object on each line, see `json_lines/`. Their header is the keys of the
/// first 64 KiB. Wanted columns that do not occur there are added, unless none occurs,
/// or something nearly so called; keys that are in no column are ignored.
///
/// # Errors
///
/// What is not text, or not in its encoding, or not of the configured format, or has a
/// header that cannot be read, is refused as a whole, before any row is given out.
pub async fn open<R>(reader: R, options: RowOptions) -> Result<Rows<R>, RowsError>
where
    R: AsyncRead + Unpin + Send,
{
    let reader = Text::open(reader, options.encoding).await?;
    let (sample, rest) = Sample::take(reader).await?;
    sample.check(options.encoding)?;
    let shape = json_lines::shape(sample.text(), sample.is_whole());
    check_format(shape, options.format)?;
    match shape {
        Shape::Lines => open_json_lines(sample, rest, options).await,
        Shape::Array | Shape::Document | Shape::Other => open_csv(sample, rest, options).await,
    }
}

fn check_format(shape: Shape, configured: InputFormat) -> Result<(), RowsError> {
    let found = match shape {
        Shape::Lines => "JSON lines",
        Shape::Array => return Err(RowsError::JsonNotLines { found: "array" }),
        Shape::Document => return Err(RowsError::JsonNotLines { found: "document" }),
        Shape::Other => "other text",
    };
    let configured = match (configured, shape) {
        (InputFormat::Auto, _)
        | (InputFormat::Csv, Shape::Other)
        | (InputFormat::JsonLines, Shape::Lines) => return Ok(()),
        (InputFormat::Csv, _) => "CSV",
        (InputFormat::JsonLines, _) => "JSON lines",
        (InputFormat::Parquet, _) => "Parquet",
    };
    Err(RowsError::OtherFormat { configured, found })
}

async fn open_csv<R>(
    sample: Sample,
    rest: Text<R>,
    options: RowOptions,
) -> Result<Rows<R>, RowsError>
where
    R: AsyncRead + Unpin + Send,
{
    let dialect = csv::sniff(sample.text(), sample.is_whole(), &options);
    let content_end = sample.content_end_if_whole();
    let max_columns = options.max_columns;
    let first = sample.text().to_vec();
    let mut reader = CsvReader::new(sample, rest, dialect, options.max_record_bytes);
    let header = match options.header {
        None => reader.read_header(options.max_header_bytes).await?,
        Some(names) => {
            let header = Header::new(names.iter().map(String::as_str));
            let sample = Sample::of(first);
            let mut first = CsvReader::new(
                sample,
                tokio::io::empty(),
                dialect,
                options.max_record_bytes,
            );
            match first.read_header(options.max_header_bytes).await {
                Ok(Some(first)) if first == header => return Err(RowsError::HeaderPresent),
                Ok(None) => None,
                // A first row that cannot be read is rejected in its turn.
                Ok(Some(_)) | Err(_) => {
                    reader.expect_columns(names.len());
                    Some(header)
                }
            }
        }
    };
    let Some(header) = header else {
        return Ok(Rows::Empty);
    };
    if header.names().len() > max_columns {
        return Err(RowsError::TooManyColumns { max_columns });
    }
    if content_end.is_some_and(|end| reader.offset() >= end) {
        return Ok(Rows::HeaderOnly(header));
    }
    let reader = RowReader::csv(reader, options.encoding);
    Ok(Rows::Table { header, reader })
}

async fn open_json_lines<R>(
    mut sample: Sample,
    mut rest: Text<R>,
    options: RowOptions,
) -> Result<Rows<R>, RowsError>
where
    R: AsyncRead + Unpin + Send,
{
    if options.header.is_some() {
        return Err(RowsError::HeaderOfObjects);
    }
    sample
        .complete_line(&mut rest, options.max_record_bytes)
        .await?;
    let columns = json_lines::columns(sample.text(), sample.is_whole(), &options)?;
    let header = Header::new(columns.iter().map(String::as_str));
    let limit = options.max_record_bytes;
    let reader = JsonLinesReader::new(sample, rest, &columns, &options.wanted, limit);
    let reader = RowReader::json_lines(reader, options.encoding);
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
/// What is encrypted, damaged, larger than the limits, or configured to be something else.
pub async fn open_parquet<R>(
    input: Box<dyn ReadRange>,
    options: ParquetOptions,
) -> Result<Rows<R>, RowsError>
where
    R: AsyncRead + Unpin + Send,
{
    let configured = match options.format {
        InputFormat::Auto | InputFormat::Parquet => None,
        InputFormat::Csv => Some("CSV"),
        InputFormat::JsonLines => Some("JSON lines"),
    };
    if let Some(configured) = configured {
        let found = "Parquet";
        return Err(RowsError::OtherFormat { configured, found });
    }
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
