//! Puts the parts together: the only place that knows every one of them.
//!
//! [`parts`] makes them from the configuration; [`worker`] takes messages from the
//! queue; [`message`] decides what becomes of one; [`activation`] brings one object
//! to Meta, with [`produce`] filling batches while [`dispatch`] sends them; [`validate`]
//! looks at one in the same way and sends nothing.

mod activation;
pub mod aws;
mod batch_slots;
mod dispatch;
mod halt;
mod message;
mod parts;
mod plan;
mod produce;
mod progress;
mod report;
mod sample_gate;
mod table;
mod validate;
mod worker;

#[cfg(test)]
mod tests;

pub use activation::{Activation, End};
pub use batch_slots::BatchSlots;
pub use halt::{Halt, Refusal, Wait};
pub use parts::{Parts, Places};
pub use progress::{Board, Progress, Snapshot};
pub use validate::{Findings, Validation, Verdict};
pub use worker::Worker;
