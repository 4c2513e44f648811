//! Why a file's header does not fit a route's columns: every fault at once.
//!
//! Texts hold names from the configuration only. What stands in the header may be a
//! person, if the file lacks its header, and is told by its position.

use std::fmt;

use super::header::HeaderLook;
use super::key::{Api, Key};

/// The header does not fit; nothing of the file may be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct MappingError {
    /// How many columns the header has.
    pub columns: usize,
    pub look: HeaderLook,
    /// At least one.
    pub faults: Vec<MappingFault>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingFault {
    /// A configured column is not there; `similar` is the position, from 1, of one whose
    /// name is nearly the same.
    Missing {
        column: String,
        similar: Option<usize>,
    },
    /// Several columns, at these positions from 1, have a configured name.
    Repeated {
        column: String,
        positions: Vec<usize>,
    },
    /// `columns = "auto"`, and no name is known.
    NothingRecognised,
    /// The configuration names no column that identifies a person.
    NoIdentifierConfigured,
    /// A column is given a key that the route's destination does not know.
    KeyOfOtherApi { key: Key, api: Api },
    /// Several columns hold what decides about a row, and only one can.
    SeveralDecide { key: Key },
    /// A country or state of Limited Data Use without the options that they are of.
    PlaceWithoutOptions,
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the header of {} columns does not fit the route: ",
            self.columns
        )?;
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            fault.fmt(f)?;
        }
        match self.look {
            HeaderLook::Names => Ok(()),
            HeaderLook::Generated => f.write_str(
                "; its names look generated (col0, col1, …): have the header read when the file is made, \
                 or name these columns in [route.columns]",
            ),
            HeaderLook::Data => f.write_str(
                "; its cells look like data: write the file with a header",
            ),
        }
    }
}

impl fmt::Display for MappingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MappingFault::Missing { column, similar } => {
                write!(f, "there is no column `{column}`")?;
                match similar {
                    Some(position) => write!(f, " (column {position} is nearly so called)"),
                    None => Ok(()),
                }
            }
            MappingFault::Repeated { column, positions } => {
                write!(f, "`{column}` is the name of columns ")?;
                for (index, position) in positions.iter().enumerate() {
                    let separator = if index == 0 { "" } else { ", " };
                    write!(f, "{separator}{position}")?;
                }
                f.write_str(": rename all but one")
            }
            MappingFault::NothingRecognised => f.write_str(
                "no column is known by name: name the columns in [route.columns], \
                 or call them as Meta does (email, phone, fn, ln, …)",
            ),
            MappingFault::KeyOfOtherApi { key, api } => {
                write!(f, "{key} is no key of route.{api}: leave its column out")
            }
            MappingFault::SeveralDecide { key } => write!(
                f,
                "several columns hold {key}, and a row has one: name the columns in \
                 [route.columns], one of these among them"
            ),
            MappingFault::PlaceWithoutOptions => f.write_str(
                "there is a country or state of Limited Data Use and nothing says its options, so that no \
                 limit would hold: map a column to data_processing_options, or give it a static value",
            ),
            MappingFault::NoIdentifierConfigured => f.write_str(
                "[route.columns] names no identifier: give at least one column a key such as email",
            ),
        }
    }
}
