//! Brings batches to Meta: at the rate allowed, again when it failed, in parts when
//! some row is refused, until every row has its answer or the object has to stop.

mod alike;
mod clock;
mod limiter;
mod patience;
mod sender;
mod tally;

pub use limiter::{AccountLimiter, AccountLimiters, Cost, Limits, LongClosed, Turn};
pub(crate) use patience::{Again, Patience, may_be_too_large};
pub use sender::{Delivery, Sender, Stop};
pub use tally::{DeliveryTally, RefusedRow};
