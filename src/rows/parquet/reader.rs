//! Rows, put together from the cells of the columns.

use std::fmt;

use csv_async::StringRecord;

use super::super::error::{RowFault, RowsError};
use super::super::position::Position;
use super::super::reader::Next;
use super::super::record::{Header, Record};
use super::ParquetOptions;
use super::column::{Budget, Cell, Column, Step};
use super::error::ParquetError;
use super::footer::{self, Footer};
use super::input::{ReadRange, read_whole};

/// Each column is a stream of its own, with its buffers and its connection.
const MOST_COLUMNS: usize = 128;

/// Rows that are passed over before others get their turn.
const ROWS_AT_ONCE: u64 = 256;

/// Gives out the rows of one file.
pub(in crate::rows) struct ParquetReader {
    input: Box<dyn ReadRange>,
    options: ParquetOptions,
    footer: Footer,
    /// Positions of the columns that are read, in order.
    wanted: Vec<usize>,
    /// Of the row group that is being read.
    columns: Vec<Column>,
    rows_left: u64,
    /// Rows of the next row group that are passed over.
    skipped: u64,
    rows: u64,
    cell: Cell,
    /// A call that failed or was dropped left some columns ahead of others.
    interrupted: bool,
}

impl ParquetReader {
    /// Reads the footer, and nothing else.
    pub(in crate::rows) async fn open(
        input: Box<dyn ReadRange>,
        options: ParquetOptions,
    ) -> Result<ParquetReader, RowsError> {
        let size = input.size();
        // The magic word at either end, and the footer's length.
        if size < 4 + footer::TAIL_BYTES {
            return Err(ParquetError::CutOff.into());
        }
        let tail = read_whole(&*input, size - footer::TAIL_BYTES..size).await?;
        let place = footer::locate(&tail, size, options.max_footer_bytes)?;
        let start = place.start;
        let footer = Footer::decode(read_whole(&*input, place).await?, start)?;
        let wanted = (0..).zip(&footer.leaves);
        let wanted = wanted.filter(|(_, leaf)| leaf.kind.is_ok());
        Ok(ParquetReader {
            wanted: wanted.map(|(position, _)| position).collect(),
            input,
            options,
            footer,
            columns: Vec::new(),
            rows_left: 0,
            skipped: 0,
            rows: 0,
            cell: Cell::default(),
            interrupted: false,
        })
    }

    pub(in crate::rows) fn header(&self) -> Header {
        let names = self.footer.leaves.iter().map(|leaf| leaf.name.as_str());
        Header::new(&names.collect::<StringRecord>())
    }

    pub(in crate::rows) fn has_rows(&self) -> bool {
        self.footer.rows > 0
    }

    /// Reads these columns only, from the next row group on; cells of others are empty.
    pub(in crate::rows) fn project(&mut self, positions: &[usize]) -> Result<(), RowsError> {
        let mut wanted = positions.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        for &position in &wanted {
            let leaf = self.footer.leaves.get(position);
            if let Some(Err(what)) = leaf.map(|leaf| leaf.kind) {
                let position = position + 1;
                return Err(ParquetError::NoText { position, what }.into());
            }
        }
        wanted.retain(|&position| position < self.footer.leaves.len());
        if wanted.len() > MOST_COLUMNS {
            return Err(ParquetError::TooManyColumns { max: MOST_COLUMNS }.into());
        }
        self.wanted = wanted;
        Ok(())
    }

    /// Goes on at this position, before the first row. Row groups that lie before it are
    /// never asked for.
    pub(in crate::rows) fn go_on_at(&mut self, position: Position) -> Result<(), RowsError> {
        let Position { rows, offset } = position;
        if offset != rows || rows > self.footer.rows {
            return Err(RowsError::NoSuchPosition(position));
        }
        self.skipped = self.footer.skip_groups(rows)?;
        self.rows = rows;
        Ok(())
    }

    /// The number of rows before the next one: the index of the next one in the file.
    pub(in crate::rows) const fn offset(&self) -> u64 {
        self.rows
    }

    /// Reads the next row into `record`. Not cancel-safe, as [`RowReader::next`] is not.
    ///
    /// [`RowReader::next`]: super::super::RowReader::next
    pub(in crate::rows) async fn next(&mut self, record: &mut Record) -> Result<Next, RowsError> {
        if self.interrupted {
            return Err(RowsError::Interrupted);
        }
        self.interrupted = true;
        let next = self.read(record).await?;
        self.interrupted = false;
        Ok(next)
    }

    async fn read(&mut self, record: &mut Record) -> Result<Next, RowsError> {
        record.fields.clear();
        record.offset = self.rows;
        if self.skipped > 0 {
            self.pass_over().await?;
        }
        while self.rows_left == 0 {
            if !self.next_group()? {
                return Ok(Next::End);
            }
        }
        self.cell.room = self.options.max_record_bytes;
        self.cell.too_long = false;
        let mut not_utf8 = false;
        for index in 0..self.columns.len() {
            self.next_cell(index).await?;
            let position = self.columns.get(index).map_or(0, |column| column.position);
            while record.fields.len() < position {
                record.fields.push_field("");
            }
            match std::str::from_utf8(&self.cell.text) {
                Ok(text) => record.fields.push_field(text),
                Err(_) => not_utf8 = true,
            }
            self.cell.room = self.cell.room.saturating_sub(self.cell.text.len());
        }
        while record.fields.len() < self.footer.leaves.len() {
            record.fields.push_field("");
        }
        self.rows_left -= 1;
        self.rows += 1;
        record.number = self.rows;
        let fault = if self.cell.too_long {
            // What it had grown to is not kept for the rows to come.
            self.cell = Cell::default();
            RowFault::TooLong {
                max_bytes: self.options.max_record_bytes,
            }
        } else if not_utf8 {
            RowFault::NotUtf8
        } else {
            return Ok(Next::Row);
        };
        record.fields.clear();
        Ok(Next::Fault {
            row: self.rows,
            fault,
        })
    }

    /// Opens the next row group, and leaves out rows at its beginning, of which there are more.
    async fn pass_over(&mut self) -> Result<(), RowsError> {
        self.next_group()?;
        // So that no text is put together.
        self.cell.room = 0;
        for index in 0..self.columns.len() {
            for row in 0..self.skipped {
                if row % ROWS_AT_ONCE == 0 {
                    tokio::task::yield_now().await;
                }
                self.next_cell(index).await?;
            }
        }
        self.rows_left = self.rows_left.saturating_sub(self.skipped);
        self.skipped = 0;
        Ok(())
    }

    async fn next_cell(&mut self, index: usize) -> Result<(), RowsError> {
        self.cell.clear();
        let Some(column) = self.columns.get_mut(index) else {
            return Ok(());
        };
        if column.cell(&mut self.cell)? == Step::Done {
            return Ok(());
        }
        let held: u64 = self.columns.iter().map(Column::held).sum();
        let Some(column) = self.columns.get_mut(index) else {
            return Ok(());
        };
        let budget = Budget {
            held: held - column.held(),
            max_bytes: self.options.max_pages_bytes,
        };
        loop {
            // Neither a long list nor a page that is there already would wait for anything.
            tokio::task::yield_now().await;
            match column.cell(&mut self.cell)? {
                Step::Done => return Ok(()),
                Step::Pause => {}
                Step::NeedsPage => column.load(budget).await?,
            }
        }
    }

    /// Opens the next row group; `false` if there is none.
    fn next_group(&mut self) -> Result<bool, RowsError> {
        if !self.columns.iter().all(Column::is_at_end) {
            return Err(
                ParquetError::Damaged("a column has more values than there are rows").into(),
            );
        }
        self.columns.clear();
        if self.wanted.len() > MOST_COLUMNS {
            return Err(ParquetError::TooManyColumns { max: MOST_COLUMNS }.into());
        }
        let Some(group) = self.footer.next_group(&self.wanted)? else {
            return Ok(false);
        };
        self.rows_left = group.rows;
        for (&position, chunk) in self.wanted.iter().zip(group.chunks) {
            if let Some(leaf) = self.footer.leaves.get(position) {
                let column = Column::new(position, leaf, chunk, &*self.input)?;
                self.columns.push(column);
            }
        }
        Ok(true)
    }
}

impl fmt::Debug for ParquetReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetReader")
            .field("columns", &self.footer.leaves.len())
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}
