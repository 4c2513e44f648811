//! What would keep a route from working, found before anything is sent: Meta is asked about
//! token, dataset or audience, and terms.
//!
//! [`ask`] asks, [`named`] finds audiences by their names, [`create`] makes them on command,
//! [`judge`] draws the conclusions, [`advice`] has the sentences, [`watch`]
//! is the worker's part, and [`places`] looks at queue and state for the command.
//!
//! What cannot be asked holds nothing up: sending decides.

mod advice;
mod ask;
mod create;
mod finding;
mod judge;
mod known;
mod named;
mod places;
mod watch;

pub use create::create;
pub use finding::{Check, Finding, Mark, worst};
pub(super) use known::{Preflights, before_sending};
pub(super) use named::{Names, with_audience_found};
pub use places::of_places;
pub(super) use watch::watch;

use super::parts::Parts;
use crate::config::Route;

/// Asks about a route now, and judges it without a file at hand. Nothing is logged.
pub async fn of_route(parts: &Parts, route: &Route) -> Vec<Finding> {
    judge::judge(route, &ask::ask(parts, route).await, None)
}
