//! Cells of a row become the identifiers Meta matches by: mapped, normalised, hashed.
//! Pure: no AWS, no HTTP, no clock.

pub mod columns;
pub mod key;
