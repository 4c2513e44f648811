//! The run in hand: its entry is kept by the ledger's keeper, and every step is recorded
//! before what follows from it.

use tokio::sync::{Mutex, MutexGuard};

use crate::app::halt::Halt;
use crate::ledger::{Entry, Keeper, RunRecord};

pub(super) struct Hold {
    pub keeper: Keeper,
    record: Mutex<RunRecord>,
}

impl Hold {
    pub(super) fn new(keeper: Keeper, entry: &Entry) -> Hold {
        let record = entry.run.as_deref().cloned().unwrap_or_default();
        Hold {
            keeper,
            record: Mutex::new(record),
        }
    }

    pub(super) async fn record(&self) -> MutexGuard<'_, RunRecord> {
        self.record.lock().await
    }

    /// Makes a change that survives a crash when this returns.
    pub(super) async fn change(&self, change: impl FnOnce(&mut RunRecord)) -> Result<(), Halt> {
        self.note(false, change).await
    }

    /// The same, of a change that brings the run on.
    pub(super) async fn advance(&self, change: impl FnOnce(&mut RunRecord)) -> Result<(), Halt> {
        self.note(true, change).await
    }

    async fn note(
        &self,
        progressed: bool,
        change: impl FnOnce(&mut RunRecord),
    ) -> Result<(), Halt> {
        let mut record = self.record.lock().await;
        change(&mut record);
        Ok(self.keeper.note(record.clone(), progressed).await?)
    }

    /// A batch number that no batch of the session has had, nor ever will but one.
    pub(super) async fn draw(&self) -> Result<u64, Halt> {
        let mut record = self.record.lock().await;
        let number = record.next_number;
        record.next_number += 1;
        self.keeper.note(record.clone(), false).await?;
        Ok(number)
    }
}
