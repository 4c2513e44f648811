//! Puts the parts together: the only place that knows every one of them.
//!
//! [`parts`] makes them from the configuration; [`worker`] takes messages from the
//! queue; [`message`] decides what becomes of one; [`activation`] finds out whether an
//! object is to be delivered and by whom; an [`attempt`] has [`produce`] fill batches while
//! [`dispatch`] sends them, and [`conclude`] draws the consequences; [`validate`] looks at
//! an object in the same way and sends nothing. Beside the worker's loop run
//! [`queue_facts`], which knows when messages would be lost, [`preflight`], which asks Meta
//! whether the routes can work, and [`task_protection`], where ECS is.

mod activation;
mod attempt;
pub mod aws;
mod batch_slots;
mod conclude;
mod dispatch;
mod erasure;
mod fingerprint;
mod halt;
mod left_out;
mod message;
mod missing;
mod object;
mod parts;
mod plan;
pub mod preflight;
mod produce;
mod progress;
mod quarters;
mod queue_facts;
mod replace;
mod report;
mod sample_gate;
mod table;
mod task_protection;
mod turn;
mod validate;
mod worker;

#[cfg(test)]
mod tests;

pub use activation::{Activation, End};
pub use batch_slots::BatchSlots;
pub use erasure::{Erased, Erasure, NoTarget, People, Place, Selection, Target};
pub use halt::{Halt, Refusal, Wait};
pub use parts::{Parts, Places};
pub use progress::{Board, Progress, Snapshot};
pub use quarters::Quarters;
pub use replace::{Awaits, RunHalt, RunRefusal, Unfit, run_awaits};
pub use task_protection::TaskProtection;
pub use turn::NoTurn;
pub use validate::{Findings, Validation, Verdict};
pub use worker::Worker;
