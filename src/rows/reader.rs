//! Rows of whatever format, one after the other, each whole or with its fault.

use tokio::io::AsyncRead;

use super::csv::CsvReader;
use super::error::{RowFault, RowsError};
use super::json_lines::JsonLinesReader;
use super::record::Record;
use super::transcode::Text;

/// What [`RowReader::next`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The record holds the row.
    Row,
    /// This row is rejected. The record has its number and offset, and no fields.
    Fault { row: u64, fault: RowFault },
    /// Every row was given out.
    End,
}

/// Gives out the rows of one file. Made by [`open`](super::open).
#[derive(Debug)]
pub struct RowReader<R>(Format<R>);

#[derive(Debug)]
enum Format<R> {
    Csv(Box<CsvReader<Text<R>>>),
    JsonLines(Box<JsonLinesReader<Text<R>>>),
}

impl<R: AsyncRead + Unpin + Send> RowReader<R> {
    pub(super) fn csv(reader: CsvReader<Text<R>>) -> RowReader<R> {
        RowReader(Format::Csv(Box::new(reader)))
    }

    pub(super) fn json_lines(reader: JsonLinesReader<Text<R>>) -> RowReader<R> {
        RowReader(Format::JsonLines(Box::new(reader)))
    }

    /// Reads the next row into `record`.
    ///
    /// Not cancel-safe: a dropped future leaves the reader inside a record, and every
    /// later call then answers [`RowsError::Interrupted`]. So does a call after an error.
    pub async fn next(&mut self, record: &mut Record) -> Result<Next, RowsError> {
        match &mut self.0 {
            Format::Csv(reader) => reader.next(record).await,
            Format::JsonLines(reader) => reader.next(record).await,
        }
    }

    /// Where the next record begins, in bytes of the decompressed text, as UTF-8.
    pub fn offset(&self) -> u64 {
        match &self.0 {
            Format::Csv(reader) => reader.offset(),
            Format::JsonLines(reader) => reader.offset(),
        }
    }
}
