//! What the process says of itself: log lines and metrics. Neither ever holds a
//! key of a person, a cell, a token or a body.

mod logs;
mod metrics;
mod panics;
mod quotas;

pub use logs::init_logs;
pub use metrics::{InFlight, Metrics};
pub use panics::tell_panics_by_their_place;
pub use quotas::QuotaState;
