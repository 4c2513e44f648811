//! Messages: received, kept invisible while they are worked on, released, put aside
//! or deleted.

mod dead_letter;
mod facts;
mod heartbeat;
mod in_process;
mod message;
pub mod sqs;

use std::time::Duration;

use futures_util::future::BoxFuture;

pub use dead_letter::{DeadLetter, DeadLettered};
pub use facts::QueueFacts;
pub use heartbeat::{Heartbeat, HeartbeatOptions, Lost};
pub use in_process::InProcessQueue;
pub use message::{Message, ReceiptHandle};
pub use sqs::SqsQueue;

// What SQS allows.
// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-quotas.html>
const MOST_MESSAGES: usize = 10;
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// Counted from the receive; extending does not begin it anew.
const LONGEST_HOLD: Duration = Duration::from_secs(12 * 60 * 60);

/// Where events wait for a worker. At least once, in no order.
///
/// Whoever receives a message owns it until its visibility timeout ends, and then
/// does one of three things: deletes it (where nobody could ever finish it, after
/// `send_to_dead_letters`), gives it back with `set_visibility`, or does nothing,
/// after which it comes to somebody else. The implementations pass one suite,
/// `tests/queue_conformance.rs`.
pub trait Queue: Send + Sync {
    /// Up to `most` messages (1 to 10), waiting up to `wait` (at most 20 s) for the
    /// first. An empty answer is no error. Let this future end: a receive that is
    /// dropped in flight may hide its messages until their visibility timeout.
    fn receive(
        &self,
        most: usize,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Vec<Message>, QueueError>>;

    /// Takes the message out of the queue for good. Repeating it is harmless.
    fn delete<'a>(&'a self, handle: &'a ReceiptHandle) -> BoxFuture<'a, Result<(), QueueError>>;

    /// Hides the message for `timeout` from now on; zero gives it back at once.
    fn set_visibility<'a>(
        &'a self,
        handle: &'a ReceiptHandle,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<(), QueueError>>;

    /// Puts a copy of the message, with the reason, where a person looks for it. The
    /// message itself stays: delete it after that, and never before, so that a crash in
    /// between leaves two and not none.
    fn send_to_dead_letters<'a>(
        &'a self,
        message: &'a Message,
        letter: &'a DeadLetter,
    ) -> BoxFuture<'a, Result<DeadLettered, QueueError>>;

    /// How the queue is set up, asked anew each time.
    fn facts(&self) -> BoxFuture<'_, Result<QueueFacts, QueueError>>;
}

/// Why a call to the queue failed. The text never holds a message's body.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The message is not ours any more: its visibility timeout has ended.
    #[error("the message is no longer held by this worker")]
    HandleExpired,
    /// The queue is not there, or this worker may not use it: nothing will
    /// succeed until somebody changes that.
    #[error("{0}")]
    Setup(String),
    /// Worth trying again: throttled, unreachable, timed out.
    #[error("{0}")]
    Transient(String),
}
