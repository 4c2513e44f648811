//! What happened, in order, to message and receipt.

use std::sync::Mutex;
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Received,
    /// Given back, or kept by a heartbeat.
    HiddenFor(Duration),
    Deleted,
    RejectsStored,
    ReceiptStored,
    ReceiptNotStored,
    LedgerDone,
}

#[derive(Debug, Default)]
pub struct Journal(Mutex<Vec<Step>>);

impl Journal {
    pub(super) fn add(&self, step: Step) {
        self.0.lock().unwrap().push(step);
    }

    pub fn steps(&self) -> Vec<Step> {
        self.0.lock().unwrap().clone()
    }

    pub fn count(&self, step: Step) -> usize {
        self.steps().iter().filter(|one| **one == step).count()
    }
}
