//! Meta is asked before it is sent to: what the answers are worth, what an operator reads, and
//! what the worker does about it.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../stage/mod.rs"]
mod stage;

mod auth;
mod checks;
mod command;
mod lookups;
mod names;
mod refused;
mod worker;
