//! Rows, one after the other, each whole or with its fault.

use std::collections::HashMap;
use std::fmt;
use std::io::Cursor;
use std::ops::Range;

use tokio::io::{AsyncRead, AsyncReadExt, Chain};

use super::super::LIST_SEPARATOR;
use super::super::error::{RowFault, RowsError};
use super::super::position::Position;
use super::super::reader::Next;
use super::super::record::Record;
use super::super::sample::Sample;
use super::line::{Line, Lines};
use super::object::{ListKind, NotOneObject, Sink, Value, append_list, append_text, walk};

/// Gives out the rows of one file.
pub(in crate::rows) struct JsonLinesReader<R> {
    lines: Lines<Chain<Cursor<Vec<u8>>, R>>,
    /// Where the first line is in the file.
    base: u64,
    line: Vec<u8>,
    path: String,
    cells: Cells,
    rows: u64,
    /// An error, or a future that was dropped, left the reader inside a line.
    interrupted: bool,
}

impl<R: AsyncRead + Unpin + Send> JsonLinesReader<R> {
    /// `wanted` are the columns in which a value that is no text is a fault.
    pub(in crate::rows) fn new(
        sample: Sample,
        rest: R,
        columns: &[String],
        wanted: &[String],
        max_record_bytes: usize,
    ) -> JsonLinesReader<R> {
        let start = Position {
            rows: 0,
            offset: sample.text_start(),
        };
        let cells = Cells::new(columns, wanted, max_record_bytes);
        JsonLinesReader::of(sample.into_text(), rest, start, cells)
    }

    /// Reads on in a file whose columns are known. `rest` begins at the position, which is
    /// one between two lines.
    pub(in crate::rows) fn going_on(
        rest: R,
        position: Position,
        cells: Cells,
    ) -> JsonLinesReader<R> {
        JsonLinesReader::of(Cursor::default(), rest, position, cells)
    }

    fn of(start: Cursor<Vec<u8>>, rest: R, at: Position, cells: Cells) -> JsonLinesReader<R> {
        JsonLinesReader {
            lines: Lines::new(start.chain(rest)),
            base: at.offset,
            line: Vec::new(),
            path: String::new(),
            cells,
            rows: at.rows,
            interrupted: false,
        }
    }

    /// How the cells of a line are put together, whichever line.
    pub(in crate::rows) fn into_cells(self) -> Cells {
        self.cells
    }

    pub(in crate::rows) fn offset(&self) -> u64 {
        self.base + self.lines.position()
    }

    /// As [`RowReader::next`](super::super::RowReader::next).
    pub(in crate::rows) async fn next(&mut self, record: &mut Record) -> Result<Next, RowsError> {
        if std::mem::replace(&mut self.interrupted, true) {
            return Err(RowsError::Interrupted);
        }
        record.fields.clear();
        let filled = loop {
            record.offset = self.offset();
            let max_bytes = self.cells.max_record_bytes;
            let line = self.lines.next(&mut self.line, max_bytes);
            match line.await.map_err(RowsError::Input)? {
                Line::End => {
                    self.interrupted = false;
                    return Ok(Next::End);
                }
                Line::TooLong => {
                    break Err(RowFault::TooLong { max_bytes });
                }
                Line::Whole if self.line.trim_ascii().is_empty() => {}
                Line::Whole => break self.fill(record),
            }
        };
        self.interrupted = false;
        self.rows += 1;
        record.number = self.rows;
        Ok(match filled {
            Ok(()) => Next::Row,
            Err(fault) => Next::Fault {
                row: self.rows,
                fault,
            },
        })
    }

    fn fill(&mut self, record: &mut Record) -> Result<(), RowFault> {
        let line = std::str::from_utf8(&self.line).map_err(|_| RowFault::NotUtf8)?;
        self.cells.clear();
        walk(line, &mut self.path, &mut self.cells).map_err(|NotOneObject| RowFault::BadJson)?;
        if let Some(fault) = self.cells.fault {
            return Err(fault);
        }
        for range in &self.cells.ranges {
            let text = range.clone().and_then(|range| self.cells.text.get(range));
            record.fields.push_field(text.unwrap_or_default());
        }
        Ok(())
    }
}

/// The cells of one line, by column, since the keys come in any order.
pub(in crate::rows) struct Cells {
    /// Of a line.
    max_record_bytes: usize,
    columns: HashMap<String, usize>,
    /// By column; whether a value that is no text is a fault.
    wanted: Vec<bool>,
    /// By column; in `text`.
    ranges: Vec<Option<Range<usize>>>,
    text: String,
    fault: Option<RowFault>,
}

impl Cells {
    fn new(columns: &[String], wanted: &[String], max_record_bytes: usize) -> Cells {
        Cells {
            max_record_bytes,
            columns: columns.iter().cloned().zip(0..).collect(),
            wanted: columns
                .iter()
                .map(|column| wanted.is_empty() || wanted.iter().any(|name| name == column.trim()))
                .collect(),
            ranges: vec![None; columns.len()],
            text: String::new(),
            fault: None,
        }
    }

    fn clear(&mut self) {
        self.ranges.fill(None);
        self.text.clear();
        self.fault = None;
    }

    fn append(&mut self, value: Value<'_>, is_wanted: bool) -> Result<(), RowFault> {
        let start = self.text.len();
        let is_nested = match value {
            Value::Null => false,
            Value::Plain(text) => {
                self.text.push_str(text);
                false
            }
            Value::Text(raw) => {
                append_text(raw, &mut self.text).map_err(|NotOneObject| RowFault::BadJson)?;
                false
            }
            Value::List(raw) => {
                append_list(raw, LIST_SEPARATOR, &mut self.text)
                    .map_err(|NotOneObject| RowFault::BadJson)?
                    == ListKind::Nested
            }
            Value::TooDeep => true,
        };
        if is_nested {
            self.text.truncate(start);
            if is_wanted {
                return Err(RowFault::NestedValue);
            }
        }
        Ok(())
    }
}

impl Sink for Cells {
    fn value(&mut self, path: &str, value: Value<'_>) {
        let Some(&column) = self.columns.get(path) else {
            return;
        };
        let is_wanted = self.wanted.get(column).copied().unwrap_or_default();
        let start = self.text.len();
        let appended = self.append(value, is_wanted);
        let range = start..self.text.len();
        let earlier = self
            .ranges
            .get_mut(column)
            .and_then(|cell| cell.replace(range));
        let repeated = earlier.map(|_| RowFault::RepeatedKey);
        self.fault = self.fault.or(appended.err()).or(repeated);
    }
}

impl<R> fmt::Debug for JsonLinesReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLinesReader")
            .field("columns", &self.cells.ranges.len())
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
