//! Rows of whatever format, one after the other, each whole or with its fault.

use std::sync::Arc;

use tokio::io::AsyncRead;

use super::csv::CsvReader;
use super::error::{RowFault, RowsError};
use super::json_lines::JsonLinesReader;
use super::options::Encoding;
use super::parquet::ParquetReader;
use super::record::{Constants, Header, Record};
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

/// Gives out the rows of one file. Made by [`open`](super::open) and
/// [`open_parquet`](super::open_parquet).
#[derive(Debug)]
pub struct RowReader<R> {
    pub(super) format: Format<R>,
    /// Of the text, where the format is one of text.
    pub(super) encoding: Encoding,
    pub(super) constants: Option<Arc<Constants>>,
}

#[derive(Debug)]
pub(super) enum Format<R> {
    Csv(Box<CsvReader<Text<R>>>),
    JsonLines(Box<JsonLinesReader<Text<R>>>),
    Parquet(Box<ParquetReader>),
}

impl<R: AsyncRead + Unpin + Send> RowReader<R> {
    pub(super) fn csv(reader: CsvReader<Text<R>>, encoding: Encoding) -> RowReader<R> {
        RowReader::of(Format::Csv(Box::new(reader)), encoding)
    }

    pub(super) fn json_lines(reader: JsonLinesReader<Text<R>>, encoding: Encoding) -> RowReader<R> {
        RowReader::of(Format::JsonLines(Box::new(reader)), encoding)
    }

    fn of(format: Format<R>, encoding: Encoding) -> RowReader<R> {
        RowReader {
            format,
            encoding,
            constants: None,
        }
    }

    /// Gives every row these cells besides, by name and cell. A name that is among the
    /// file's own columns is left out: the file knows better.
    pub fn add_constants(&mut self, header: &mut Header, columns: Vec<(String, String)>) {
        if !columns.is_empty() {
            self.constants = Some(Arc::new(header.add_constants(columns)));
        }
    }

    pub(super) fn parquet(reader: ParquetReader) -> RowReader<R> {
        RowReader::of(Format::Parquet(Box::new(reader)), Encoding::Utf8)
    }

    /// Says, before the first row, which columns of the header will be looked at. Formats
    /// that can leave out the others do: their cells are then empty.
    ///
    /// # Errors
    ///
    /// A column among them holds nothing that could be text.
    pub fn project(&mut self, positions: &[usize]) -> Result<(), RowsError> {
        match &mut self.format {
            Format::Csv(_) | Format::JsonLines(_) => Ok(()),
            Format::Parquet(reader) => reader.project(positions),
        }
    }

    /// Reads the next row into `record`.
    ///
    /// Not cancel-safe: a dropped future leaves the reader inside a record, and every
    /// later call then answers [`RowsError::Interrupted`]. So does a call after an error.
    pub async fn next(&mut self, record: &mut Record) -> Result<Next, RowsError> {
        // Records are used again, also for another file's rows.
        if record.constants.as_ref().map(Arc::as_ptr) != self.constants.as_ref().map(Arc::as_ptr) {
            record.constants.clone_from(&self.constants);
        }
        match &mut self.format {
            Format::Csv(reader) => reader.next(record).await,
            Format::JsonLines(reader) => reader.next(record).await,
            Format::Parquet(reader) => reader.next(record).await,
        }
    }

    /// Where the next record begins: in bytes of the decompressed text, as UTF-8, or in
    /// Parquet the index of its row.
    pub fn offset(&self) -> u64 {
        match &self.format {
            Format::Csv(reader) => reader.offset(),
            Format::JsonLines(reader) => reader.offset(),
            Format::Parquet(reader) => reader.offset(),
        }
    }
}
