//! Text with a delimiter between its fields: CSV, TSV and their kin.

mod delimiter;
mod guard;
mod reader;

pub(super) use delimiter::sniff;
pub(super) use reader::CsvReader;
