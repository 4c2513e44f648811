//! Nothing a person could be recognised by leaves the process, but to Meta.
//!
//! Marked people and a marked token go through every way a delivery can end, before a
//! Meta that repeats both in each part of its answers. Then all that the process said
//! is searched for the marks.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../stage/mod.rs"]
mod stage;

mod configuration;
mod debug;
mod echo;
mod marks;
mod panics;
mod program;
mod put_aside;
mod worker;
