//! The header, and one row at a time. Both hold what people wrote, so neither shows
//! it in `Debug`.

use std::fmt;

use csv_async::StringRecord;

/// The names of the columns, in the order of the file.
///
/// Names are trimmed, otherwise as written; the same name may occur twice.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    names: Vec<String>,
}

impl Header {
    pub(super) fn new(fields: &StringRecord) -> Header {
        Header {
            names: fields.iter().map(|name| name.trim().to_owned()).collect(),
        }
    }

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
        self.fields.get(index).unwrap_or_default()
    }

    /// How many cells the row has: as many as the header, or none after a fault.
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
