//! Text with a delimiter between its fields: CSV, TSV and their kin.

mod dialect;
mod guard;
mod reader;
mod survey;

pub(super) use dialect::sniff;
pub(super) use reader::CsvReader;
