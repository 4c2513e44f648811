//! Rows fill request bodies: the same rows always give the same batches, byte for byte.
//!
//! A batch *is* its request body from the start. Each row is written into it once,
//! where it will be sent from, and remembers only where it ends; so a retry sends the
//! very same bytes, and a batch that is refused can be cut in two between any rows.
//! Pure: no AWS, no HTTP, no clock.

mod batch;
mod builder;

pub use batch::{Batch, Envelope};
pub use builder::{BatchBuilder, BatchLimits, RowTooLarge};
