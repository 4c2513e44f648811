//! Cells of a row become the identifiers Meta matches by: mapped, normalised, hashed.
//! Pure: no AWS, no HTTP, no clock.
//!
//! One idea: a wrong identifier is silently unmatched and nobody is ever told, so a cell
//! that cannot be normalised by rule is dropped with a [`Reason`] and counted; nothing is
//! guessed, nothing is hashed twice, and nothing empty is hashed.
//!
//! [`Mapping`] fits a route's columns to a file's [`Header`]; it turns each row into an
//! [`IdentifiedRow`] by way of [`normalize()`], which does one cell, and counts in a
//! [`Tally`]; [`Quality`](quality::Quality) watches the rows as a whole. The rules are in `field/`, one file each.

pub mod columns;
pub mod key;
pub mod quality;

mod alias;
mod birth;
mod cell;
mod digest;
mod existing_hash;
mod field;
mod geography;
mod header;
mod identify;
mod limited_use;
mod mapping;
mod mapping_error;
mod normalize;
mod reason;
mod row;
mod static_value;
mod tally;
mod tally_record;
mod text;
mod weak;

pub use alias::{Alias, EventField, alias};
pub use digest::Digest;
pub use header::{Header, HeaderLook};
pub use identify::{Reject, Verdict};
pub use mapping::Mapping;
pub use mapping_error::{MappingError, MappingFault};
pub use normalize::{Context, Normalized, Outcome, Scratch, Spelling, normalize};
pub use quality::QualityFindings;
pub use reason::Reason;
pub use row::{IdentifiedRow, Identifier};
pub use static_value::StaticValue;
pub use tally::{KeyTally, Tally};
pub use text::is_blank;
