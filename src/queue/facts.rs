//! How the queue itself is set up, as far as it decides what can be lost.

use std::time::Duration;

/// What the queue says of itself; `None` is what it does not say, or does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueFacts {
    /// For how long after its sending a message is kept, whoever holds it.
    pub retention: Option<Duration>,
    /// For how long a receive hides a message unless it says so itself.
    pub visibility: Option<Duration>,
    /// After how many receives the queue itself puts a message aside.
    pub max_receive_count: Option<u32>,
    /// Whether there is a place for what is put aside.
    pub dead_letters: bool,
}
