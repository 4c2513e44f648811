//! The header of a file: its columns' names and positions.
//!
//! A file may lack its header, and then the first row of people stands here. So nothing
//! in this file ever shows a name.

use std::fmt;

use super::existing_hash::{ExistingHash, recognise};
use super::text;

/// The names of a file's columns, trimmed, and after them those of constant columns,
/// which the file itself does not have.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    names: Vec<String>,
    own: usize,
}

impl Header {
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Header {
        let names: Vec<String> = names
            .into_iter()
            .map(|name| text::trim(name).to_owned())
            .collect();
        Header {
            own: names.len(),
            names,
        }
    }

    /// Of the names, only the first `own` are the file's: what the file looks like and
    /// what of it is not used is told by them alone.
    #[must_use]
    pub fn of_which_own(mut self, own: usize) -> Header {
        self.own = own.min(self.names.len());
        self
    }

    /// How many columns the file itself has.
    pub const fn own(&self) -> usize {
        self.own
    }

    /// How many columns there are, constant ones included.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Where the first column of exactly this name is, counted from 0.
    pub fn position(&self, name: &str) -> Option<usize> {
        let name = text::trim(name);
        self.names.iter().position(|found| found == name)
    }

    /// Whether several columns have exactly this name.
    pub fn is_repeated(&self, name: &str) -> bool {
        let name = text::trim(name);
        self.names.iter().filter(|found| *found == name).count() > 1
    }

    pub(super) fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    pub(super) fn look(&self) -> HeaderLook {
        let mut own = self.names.iter().take(self.own);
        if own.clone().any(|name| is_value(name)) {
            HeaderLook::Data
        } else if self.own > 0 && own.all(|name| is_generated(name)) {
            HeaderLook::Generated
        } else {
            HeaderLook::Names
        }
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({} columns)", self.names.len())
    }
}

/// What a header looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderLook {
    Names,
    /// `col0`, `_c1`, …: written by a reader that was not told of the header.
    Generated,
    /// A row of values.
    Data,
}

fn is_generated(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let stem = lower.trim_end_matches(|c: char| c.is_ascii_digit());
    let is_numbered = stem.len() < lower.len();
    is_numbered
        && matches!(
            stem,
            "" | "c" | "_c" | "col" | "_col" | "column" | "column_" | "f" | "field"
        )
}

/// What no column is called: an address, a hash, a blank, a number of several digits or a date.
fn is_value(name: &str) -> bool {
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let letters = name.chars().filter(|c| c.is_alphabetic()).count();
    name.split_once('@')
        .is_some_and(|(_, domain)| domain.contains('.'))
        || recognise(name) != ExistingHash::None
        || (digits >= 4 && letters == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_looks_like_names_generated_names_or_data() {
        let look = |names: &[&str]| Header::new(names.iter().copied()).look();
        assert_eq!(look(&["email", "phone_2", "zip"]), HeaderLook::Names);
        assert_eq!(look(&["col0", "col1", "col12"]), HeaderLook::Generated);
        assert_eq!(look(&["_c0", "_c1"]), HeaderLook::Generated);
        assert_eq!(look(&["7", "mary@example.com"]), HeaderLook::Data);
        assert_eq!(look(&["Mary", "+1 650 555 1212"]), HeaderLook::Data);
        assert_eq!(look(&["Mary", "1997-02-16"]), HeaderLook::Data);
        assert_eq!(look(&[]), HeaderLook::Names);
    }

    #[test]
    fn names_are_found_trimmed_and_never_shown() {
        let header = Header::new(["\u{feff}email ", "phone"]);
        assert_eq!(header.position("email"), Some(0));
        assert_eq!(header.position(" phone"), Some(1));
        assert_eq!(header.position("Email"), None);
        assert_eq!(format!("{header:?}"), "Header(2 columns)");
    }
}
