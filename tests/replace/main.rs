//! Replacing an audience by a run of objects: the whole worker against the simulated Meta,
//! in one process and on a paused clock, with places that keep things in memory and workers
//! that die where a test says so.
// A run may well have one object.
#![allow(
    unreachable_pub,
    clippy::print_stderr,
    clippy::unwrap_used,
    clippy::panic,
    clippy::single_range_in_vec_init
)]

mod answers;
mod complete;
mod crashes;
mod errors;
mod guards;
mod journey;
#[path = "../logged/mod.rs"]
mod logged;
mod meta;
mod pauses;
mod places;
mod sizes;
mod stage;

pub const BUCKET: &str = "audiences";
pub const AUDIENCE: &str = "2002";
pub const ACCOUNT: &str = "3003";
pub const ROUTE: &str = "members";
