//! What must hold for any bytes whatever, one function for each fuzz target.
//!
//! A target panics when something does not hold. `scripts/fuzz` hands it to libFuzzer;
//! `tests/corpus.rs` replays the committed inputs with every `cargo test`. To add one: a
//! file here, a line below and in the test, an `[[example]]`, inputs in `corpus/`.

#![allow(clippy::panic)]

mod bytes;
mod event;
mod file;
mod json_lines;
mod normalise;
mod parquet;
mod rows;

pub use event::event;
pub use file::file;
pub use json_lines::json_lines;
pub use normalise::normalise;
pub use parquet::parquet;
pub use rows::rows;
