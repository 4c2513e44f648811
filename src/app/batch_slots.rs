//! How many batches may be on their way at once.
//!
//! A batch keeps its slot until its rows are answered, however long Meta makes its
//! account wait, because its body is in memory for as long. So one object of a
//! throttled account may hold all slots that are shared; each object therefore has
//! one more of its own, and goes on whatever becomes of the others.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The slots of the process.
#[derive(Debug)]
pub struct BatchSlots {
    shared: Arc<Semaphore>,
}

impl BatchSlots {
    /// `of_one_object` batches may be on their way for an object that has the process
    /// to itself; for several objects together one more for each beyond the first.
    pub fn new(of_one_object: usize) -> BatchSlots {
        BatchSlots {
            shared: Arc::new(Semaphore::new(of_one_object.saturating_sub(1))),
        }
    }

    /// The slots of one more object.
    pub(super) fn of_object(&self) -> ObjectSlots {
        ObjectSlots {
            own: Arc::new(Semaphore::new(1)),
            shared: self.shared.clone(),
        }
    }
}

/// What one object may take.
pub(super) struct ObjectSlots {
    own: Arc<Semaphore>,
    shared: Arc<Semaphore>,
}

impl ObjectSlots {
    /// Waits in line for a slot, which is free again when it is dropped. Nothing is
    /// ever closed, so there always is one.
    pub(super) async fn acquire(&self) -> Option<OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            slot = self.own.clone().acquire_owned() => slot.ok(),
            slot = self.shared.clone().acquire_owned() => slot.ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    /// Takes all that are to be had now.
    fn taken(object: &ObjectSlots) -> Vec<OwnedSemaphorePermit> {
        std::iter::from_fn(|| object.acquire().now_or_never().flatten()).collect()
    }

    #[test]
    fn an_object_by_itself_gets_the_configured_number() {
        for configured in [1, 8] {
            let slots = BatchSlots::new(configured);
            assert_eq!(taken(&slots.of_object()).len(), configured);
        }
    }

    #[test]
    fn an_object_that_holds_all_it_can_get_leaves_one_for_each_other() {
        let slots = BatchSlots::new(8);
        let (throttled, other, third) = (slots.of_object(), slots.of_object(), slots.of_object());
        let held = taken(&throttled);
        assert_eq!(held.len(), 8);
        assert_eq!(taken(&other).len(), 1);
        assert_eq!(taken(&third).len(), 1);
        drop(held);
        assert_eq!(taken(&other).len(), 8);
    }
}
