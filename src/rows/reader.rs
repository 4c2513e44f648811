//! Rows of whatever format, one after the other, each whole or with its fault.

use tokio::io::AsyncRead;

use super::csv::CsvReader;
use super::error::{RowFault, RowsError};
use super::parquet::ParquetReader;
use super::record::Record;

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
pub struct RowReader<R>(Format<R>);

#[derive(Debug)]
enum Format<R> {
    Csv(Box<CsvReader<R>>),
    Parquet(Box<ParquetReader>),
}

impl<R: AsyncRead + Unpin + Send> RowReader<R> {
    pub(super) fn csv(reader: CsvReader<R>) -> RowReader<R> {
        RowReader(Format::Csv(Box::new(reader)))
    }

    pub(super) fn parquet(reader: ParquetReader) -> RowReader<R> {
        RowReader(Format::Parquet(Box::new(reader)))
    }

    /// Says, before the first row, which columns of the header will be looked at. Formats
    /// that can leave out the others do: their cells are then empty.
    ///
    /// # Errors
    ///
    /// A column among them holds nothing that could be text.
    pub fn project(&mut self, positions: &[usize]) -> Result<(), RowsError> {
        match &mut self.0 {
            Format::Csv(_) => Ok(()),
            Format::Parquet(reader) => reader.project(positions),
        }
    }

    /// Reads the next row into `record`.
    ///
    /// Not cancel-safe: a dropped future leaves the reader inside a record, and every
    /// later call then answers [`RowsError::Interrupted`]. So does a call after an error.
    pub async fn next(&mut self, record: &mut Record) -> Result<Next, RowsError> {
        match &mut self.0 {
            Format::Csv(reader) => reader.next(record).await,
            Format::Parquet(reader) => reader.next(record).await,
        }
    }

    /// Where the next record begins: in bytes of the decompressed text, or in Parquet
    /// the index of its row.
    pub fn offset(&self) -> u64 {
        match &self.0 {
            Format::Csv(reader) => reader.offset(),
            Format::Parquet(reader) => reader.offset(),
        }
    }
}
