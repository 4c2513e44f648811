//! The simulator over real HTTP, as its callers see it.
#![allow(clippy::unwrap_used, clippy::panic, unreachable_pub)]

mod access;
mod audiences;
mod bounds;
mod clock;
mod control;
mod errors;
mod event_rules;
mod events;
mod faults;
mod quotas;
mod replace;
mod scenario;
mod states;
mod support;
mod users;
