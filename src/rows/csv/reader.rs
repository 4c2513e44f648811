//! Rows, one after the other, each whole or with its fault.

use std::fmt;
use std::io::{self, Cursor};

use csv_async::{AsyncReader, AsyncReaderBuilder, ByteRecord, ErrorKind};
use tokio::io::{AsyncRead, AsyncReadExt, Chain};

use super::super::error::{RowFault, RowsError};
use super::super::position::Position;
use super::super::reader::Next;
use super::super::record::{Header, Record};
use super::super::sample::Sample;
use super::dialect::Dialect;
use super::guard::Guard;

/// What the parser takes from its input at once.
const BUFFER_BYTES: usize = 64 * 1024;
/// A record over the limit is passed over in pieces of at most this size.
const DISCARD_BYTES: u64 = 64 * 1024;

/// Gives out the rows of one file.
pub(in crate::rows) struct CsvReader<R> {
    csv: AsyncReader<Guard<Chain<Cursor<Vec<u8>>, R>>>,
    state: State,
    /// Where the parser's position 0 is in the file.
    base: u64,
    /// Bytes before the first record that belong to the one before: 0 or 1.
    lead: u64,
    rows: u64,
    layout: Layout,
}

/// How a file's records are read, wherever in it.
#[derive(Clone, Copy, Debug)]
pub(in crate::rows) struct Layout {
    dialect: Dialect,
    columns: usize,
    max_record_bytes: usize,
    /// Where the text begins in the file, behind its byte order mark.
    text_start: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between two records.
    Ready,
    /// Inside a record. Found at the start of a call, it says that the last one
    /// failed or was dropped half-way. csv-async forgets what it had collected
    /// then, but its parser goes on counting, and would give out fields that reach
    /// beyond the buffer.
    Reading,
    Ended,
}

/// One record of the file, be it the header or a row.
enum Found {
    Record,
    Fault(RowFault),
    End,
}

impl<R: AsyncRead + Unpin + Send> CsvReader<R> {
    pub(in crate::rows) fn new(
        sample: Sample,
        rest: R,
        dialect: Dialect,
        max_record_bytes: usize,
    ) -> CsvReader<R> {
        let layout = Layout {
            dialect,
            columns: 0,
            // With 0 the guard would refuse for ever.
            max_record_bytes: max_record_bytes.max(1),
            text_start: sample.text_start(),
        };
        CsvReader {
            csv: parser(sample.into_text(), rest, dialect),
            state: State::Ready,
            base: layout.text_start,
            lead: 0,
            rows: 0,
            layout,
        }
    }

    /// Reads on in a file whose header is known. `rest` begins at the position, which is
    /// one between two records.
    pub(in crate::rows) async fn going_on(
        mut rest: R,
        position: Position,
        layout: Layout,
    ) -> Result<CsvReader<R>, RowsError> {
        // The parser passes over a byte order mark where its text begins, if it gets it in
        // one piece with what follows. In the middle of a file its text begins with the end
        // of the record before, so that there is none.
        let lead = u64::from(position.offset > layout.text_start);
        let mut start = Vec::new();
        if lead > 0 {
            start.push(b'\n');
        } else {
            let read = (&mut rest).take(4).read_to_end(&mut start).await;
            read.map_err(RowsError::Input)?;
        }
        Ok(CsvReader {
            csv: parser(Cursor::new(start), rest, layout.dialect),
            state: State::Ready,
            base: position.offset - lead,
            lead,
            rows: position.rows,
            layout,
        })
    }

    pub(in crate::rows) fn layout(&self) -> Layout {
        self.layout
    }

    /// Reads the next row into `record`.
    ///
    /// Not cancel-safe: a dropped future leaves the reader inside a record, and every
    /// later call then answers [`RowsError::Interrupted`]. So does a call after an error.
    pub(in crate::rows) async fn next(&mut self, record: &mut Record) -> Result<Next, RowsError> {
        record.offset = self.offset();
        let fault = match self.read(record, self.layout.max_record_bytes).await? {
            Found::End => return Ok(Next::End),
            Found::Record if record.len() == self.layout.columns => None,
            Found::Record => Some(RowFault::FieldCount {
                expected: self.layout.columns,
                found: record.len(),
            }),
            Found::Fault(fault) => Some(fault),
        };
        self.rows += 1;
        record.number = self.rows;
        let Some(fault) = fault else {
            return Ok(Next::Row);
        };
        record.fields.clear();
        Ok(Next::Fault {
            row: self.rows,
            fault,
        })
    }

    /// Where the next record begins, in bytes of the decompressed text.
    pub(in crate::rows) fn offset(&self) -> u64 {
        // The parser may have been given a line end that the file lacks.
        let given = self.csv.get_ref().given();
        self.base + self.parsed().min(given.max(self.lead))
    }

    /// `None` where there is no record at all.
    pub(in crate::rows) async fn read_header(
        &mut self,
        max_bytes: usize,
    ) -> Result<Option<Header>, RowsError> {
        let mut record = Record::new();
        match self.read(&mut record, max_bytes.max(1)).await? {
            Found::End => Ok(None),
            Found::Record => {
                let header = Header::new(record.fields.iter());
                self.layout.columns = header.names().len();
                Ok(Some(header))
            }
            Found::Fault(RowFault::TooLong { max_bytes }) => {
                Err(RowsError::HeaderTooLong { max_bytes })
            }
            Found::Fault(fault) => Err(RowsError::BrokenHeader(fault)),
        }
    }

    /// The text has no header: so many columns are expected.
    pub(in crate::rows) fn expect_columns(&mut self, columns: usize) {
        self.layout.columns = columns;
    }

    /// How far the parser has read; the end of the record before counts at once.
    fn parsed(&self) -> u64 {
        self.csv.position().byte().max(self.lead)
    }

    async fn read(&mut self, record: &mut Record, max_bytes: usize) -> Result<Found, RowsError> {
        match self.state {
            State::Ready => self.state = State::Reading,
            State::Reading => return Err(RowsError::Interrupted),
            State::Ended => return Ok(Found::End),
        }
        let found = loop {
            let start = self.parsed();
            let free = max_bytes.min(self.layout.max_record_bytes);
            let guard = self.csv.get_mut();
            guard.allow_until(start.saturating_add(free as u64));
            guard.allow_dripping_until(start.saturating_add(max_bytes as u64));
            let error = match self.csv.read_record(&mut record.fields).await {
                Ok(true) if self.csv.get_ref().told_the_end() => {
                    break Found::Fault(RowFault::OpenQuote);
                }
                Ok(true) => break Found::Record,
                Ok(false) => break Found::End,
                Err(error) => error,
            };
            if matches!(error.kind(), ErrorKind::Utf8 { .. }) {
                break Found::Fault(RowFault::NotUtf8);
            }
            if !self.csv.get_ref().refused() {
                return Err(RowsError::Input(into_io(error)));
            }
            // Empty lines belong to no record, however many there are.
            if self.csv.get_ref().gave_content_since(start) {
                self.discard().await?;
                // What it had grown to is not kept for the rows to come.
                *record = Record::new();
                record.offset = self.base + start;
                break Found::Fault(RowFault::TooLong { max_bytes });
            }
        };
        self.state = match found {
            Found::End => State::Ended,
            Found::Record | Found::Fault(_) => State::Ready,
        };
        Ok(found)
    }

    /// Passes over the rest of the record that the guard stopped, piece by piece.
    ///
    /// csv-async forgets a piece when the guard refuses, but its parser stays in the
    /// middle of the record; so the pieces end where the record ends. The last one
    /// claims fields that lie beyond its buffer: they must not be looked at, which
    /// is why it is read as bytes (csv-async checks text) and thrown away here.
    async fn discard(&mut self) -> Result<(), RowsError> {
        let mut piece = ByteRecord::new();
        // No further ahead than the limit, or the records that follow within the piece
        // would have passed the guard before it knows where they begin.
        let ahead = DISCARD_BYTES.min(self.layout.max_record_bytes as u64);
        loop {
            let position = self.csv.position().byte();
            self.csv
                .get_mut()
                .allow_until(position.saturating_add(ahead));
            match self.csv.read_byte_record(&mut piece).await {
                Ok(_) => return Ok(()),
                Err(_) if self.csv.get_ref().refused() => {}
                Err(error) => return Err(RowsError::Input(into_io(error))),
            }
        }
    }
}

fn parser<R: AsyncRead + Unpin + Send>(
    start: Cursor<Vec<u8>>,
    rest: R,
    dialect: Dialect,
) -> AsyncReader<Guard<Chain<Cursor<Vec<u8>>, R>>> {
    let mut csv = AsyncReaderBuilder::new()
        .delimiter(dialect.delimiter)
        .quote(dialect.quote.unwrap_or(b'"'))
        .quoting(dialect.quote.is_some())
        .escape(dialect.escape.then_some(b'\\'))
        .flexible(true)
        .end_on_io_error(false)
        .buffer_capacity(BUFFER_BYTES)
        .create_reader(Guard::new(start.chain(rest)));
    // The header is read as any record, under the same guard. Without this,
    // csv-async would take the first record for itself.
    csv.set_byte_headers(ByteRecord::new());
    csv
}

/// The input's own error, so that its cause can be found in it.
fn into_io(error: csv_async::Error) -> io::Error {
    match error.into_kind() {
        ErrorKind::Io(error) => error,
        _ => io::Error::other("the CSV parser failed"),
    }
}

impl<R> fmt::Debug for CsvReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsvReader")
            .field("columns", &self.layout.columns)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
