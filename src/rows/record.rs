//! The header, and one row at a time. Both hold what people wrote, so neither shows
//! it in `Debug`.

use std::fmt;
use std::sync::Arc;

use csv_async::StringRecord;

/// The names of the columns, in the order of the file.
///
/// Names are trimmed, otherwise as written; the same name may occur twice.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    names: Vec<String>,
    /// How many of them the file itself has.
    own: usize,
}

/// Cells that are the same in every row and not in the file, such as those that its
/// folders spell out. They stand after the file's own.
#[derive(PartialEq, Eq)]
pub(super) struct Constants {
    own: usize,
    cells: Vec<String>,
}

impl Header {
    pub(super) fn new<'n>(names: impl IntoIterator<Item = &'n str>) -> Header {
        let names: Vec<String> = names
            .into_iter()
            .map(|name| name.trim().to_owned())
            .collect();
        Header {
            own: names.len(),
            names,
        }
    }

    /// Adds a column for each constant whose name is not among the file's own, which
    /// go first.
    pub(super) fn add_constants(&mut self, columns: Vec<(String, String)>) -> Constants {
        let mut cells = Vec::new();
        for (name, cell) in columns {
            let name = name.trim();
            if self.names.iter().take(self.own).any(|own| own == name) {
                continue;
            }
            self.names.push(name.to_owned());
            cells.push(cell);
        }
        Constants {
            own: self.own,
            cells,
        }
    }

    /// How many columns the file itself has; constant ones come after them.
    pub fn own(&self) -> usize {
        self.own
    }

    /// Of all columns.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// A file without a header has people in its first row.
impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({} columns)", self.names.len())
    }
}

/// One data row. Made once and filled again for every row, so that rows cost no
/// allocation.
#[derive(Clone, Default)]
pub struct Record {
    pub(super) fields: StringRecord,
    pub(super) number: u64,
    pub(super) offset: u64,
    pub(super) constants: Option<Arc<Constants>>,
}

impl Record {
    pub fn new() -> Record {
        Record::default()
    }

    /// 1 for the first row after the header. Rejected rows are counted too, empty
    /// lines are not.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Where this row begins, in bytes of the decompressed text; reading from here
    /// gives this row first. Line ends before it may be included. In Parquet, the
    /// index of the row, counted from 0 over all row groups.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The cell of the column at `index`, as written; empty when there is none.
    pub fn get(&self, index: usize) -> &str {
        match self.fields.get(index) {
            Some(cell) => cell,
            None => self.constant(index),
        }
    }

    fn constant(&self, index: usize) -> &str {
        let cell = self.constants.as_ref().and_then(|constants| {
            let place = index.checked_sub(constants.own)?;
            constants.cells.get(place)
        });
        cell.map_or("", String::as_str)
    }

    /// How many cells of its own the row has: as many as the header, or none after a fault.
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("number", &self.number)
            .field("offset", &self.offset)
            .field("fields", &self.fields.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Constants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Constants({} columns)", self.cells.len())
    }
}
