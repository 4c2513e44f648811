//! A fleet of workers before a model of Meta's quotas, in simulated time. The workers'
//! limiters are the real ones; requests, answers and quotas are not.

// The test and the plot each use a part of this.
#![allow(dead_code, unreachable_pub, clippy::panic)]

pub mod fleet;
pub mod quota;
