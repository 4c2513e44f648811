//! What is measured: one file of invented people, our way through it, and the least
//! code that does the same work without any of our rules.

// Each of the two programs that measure uses a part of this.
#![allow(dead_code, unreachable_pub)]

pub mod bare;
pub mod ours;
pub mod people;
