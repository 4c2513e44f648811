//! The promises of SEMANTICS.md, each by a test of its name, on the real pipeline.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../peak/mod.rs"]
mod peak;
#[path = "../stage/mod.rs"]
mod stage;

mod accounting;
mod ages;
mod destinations;
mod endurance;
mod erasure;
mod errors;
mod files;
mod formats;
mod ledger;
mod long_record;
mod messages;
mod panics;
mod parquet;
mod rejects;
mod resume;
mod rows;
mod turns;
mod versions;
