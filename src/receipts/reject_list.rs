//! Every row that did not arrive, by its number: the file beside the receipt.

use std::fmt;
use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use crate::meta::RefusalCause;

/// Collects a part of the list while an object is read: CSV, gzip'd as it grows, which is
/// some five bytes a row. Parts are gzip members, which [`whole_list`] puts together. The
/// same rows always give the same bytes.
///
/// It takes codes of this program and numbers only, so that no cell can get into it.
#[derive(Default)]
pub struct RejectList {
    /// None before the first row.
    gzip: Option<GzEncoder<Vec<u8>>>,
    listed: u64,
    of: u64,
}

/// The list as it is named in a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RejectsFile {
    /// Below the state location.
    pub path: String,
    /// How many rows the file has.
    pub listed: u64,
    /// How many rows were rejected or refused.
    pub of: u64,
}

/// A part of the list.
#[derive(Clone, Debug)]
pub struct FinishedList {
    /// gzip'd CSV, without a header.
    pub bytes: Bytes,
    pub listed: u64,
    pub of: u64,
}

impl RejectList {
    /// What is beyond is counted. With as many rows in it the list takes some
    /// megabytes of memory.
    pub const MOST_ROWS: u64 = 1_000_000;

    /// A row that could not be sent.
    pub fn rejected(&mut self, row: u64, key: Option<&'static str>, reason: &'static str) {
        self.add(format_args!(
            "{row},rejected,{},{reason}\n",
            key.unwrap_or_default()
        ));
    }

    /// A row that was ready to be sent and that Meta does not take.
    pub fn refused(&mut self, row: u64, cause: impl Into<RefusalCause>) {
        let cause = cause.into();
        self.add(format_args!("{row},refused,,{cause}\n"));
    }

    /// A row that is not listed, since its object has as many as are.
    pub fn counted(&mut self) {
        self.of += 1;
    }

    fn add(&mut self, line: fmt::Arguments<'_>) {
        self.counted();
        if self.listed == Self::MOST_ROWS {
            return;
        }
        let gzip = self
            .gzip
            .get_or_insert_with(|| GzEncoder::new(Vec::new(), Compression::fast()));
        self.listed += u64::from(gzip.write_fmt(line).is_ok());
    }

    /// None if there was no row.
    pub fn finish(self) -> Option<FinishedList> {
        let bytes = match self.gzip {
            Some(gzip) => gzip.finish().ok()?,
            None if self.of > 0 => Vec::new(),
            None => return None,
        };
        Some(FinishedList {
            bytes: bytes.into(),
            listed: self.listed,
            of: self.of,
        })
    }
}

/// The file: its header, and then the parts, in order.
pub fn whole_list<'b>(parts: impl IntoIterator<Item = &'b [u8]>) -> Bytes {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing to memory does not fail.
    let _ = gzip.write_all(b"row,outcome,key,reason\n");
    let mut file = gzip.finish().unwrap_or_default();
    for part in parts {
        file.extend_from_slice(part);
    }
    file.into()
}

impl fmt::Debug for RejectList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RejectList({} of {} rows)", self.listed, self.of)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read;

    use crate::meta::ErrorCode;

    use super::*;

    fn text(list: &FinishedList) -> String {
        let mut text = String::new();
        let file = whole_list([&list.bytes[..]]);
        let mut gzip = flate2::read::MultiGzDecoder::new(&file[..]);
        gzip.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn what_is_only_counted_is_not_lost() {
        let mut list = RejectList::default();
        list.counted();
        list.counted();
        let list = list.finish().unwrap();
        assert_eq!((list.listed, list.of), (0, 2));
        assert_eq!(text(&list), "row,outcome,key,reason\n");
        assert!(RejectList::default().finish().is_none());
    }

    #[test]
    fn every_row_is_listed_with_its_number_and_codes() {
        let mut list = RejectList::default();
        list.rejected(3, Some("email"), "email_without_at");
        list.rejected(17, None, "row_field_count");
        list.refused(
            4,
            Some(ErrorCode {
                code: 100,
                subcode: Some(2_804_003),
            }),
        );
        list.refused(5, None);
        let list = list.finish().unwrap();
        assert_eq!((list.listed, list.of), (4, 4));
        assert_eq!(
            text(&list),
            "row,outcome,key,reason\n\
             3,rejected,email,email_without_at\n\
             17,rejected,,row_field_count\n\
             4,refused,,100/2804003\n\
             5,refused,,no code\n"
        );
    }

    #[test]
    fn without_rejects_there_is_no_list() {
        assert!(RejectList::default().finish().is_none());
    }

    #[test]
    fn what_is_beyond_the_limit_is_counted_and_takes_no_memory() {
        let fill = |rows| {
            let mut list = RejectList::default();
            for row in 0..rows {
                list.rejected(row * 7, Some("email"), "email_without_at");
            }
            list.finish().unwrap()
        };
        let full = fill(RejectList::MOST_ROWS);
        let over = fill(RejectList::MOST_ROWS + 50_000);
        assert_eq!(full.bytes, over.bytes, "and the same bytes each time");
        assert_eq!((over.listed, over.of), (1_000_000, 1_050_000));
        assert!(over.bytes.len() < 10_000_000, "{} bytes", over.bytes.len());
    }
}
