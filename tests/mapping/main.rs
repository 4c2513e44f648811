//! What a route says of its columns, from the file to the body of the request, on the
//! real pipeline.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../stage/mod.rs"]
mod stage;

mod arrivals;
mod custom_data;
mod drift;
mod folders;
mod guidance;
mod values;
