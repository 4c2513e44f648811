//! One JSON object on each line.
//!
//! The columns are the keys, those of an object within joined by dots (`user.email`).
//! A value is the text it has in the file: numbers digit by digit, `true` and `false`,
//! nothing for `null`. The scalars of a list become one cell, with
//! [`LIST_SEPARATOR`](super::LIST_SEPARATOR) between them.

mod header;
mod line;
mod object;
mod reader;
mod shape;

pub(super) use header::columns;
pub(super) use reader::JsonLinesReader;
pub(super) use shape::{Shape, shape};

#[cfg(test)]
mod tests;
