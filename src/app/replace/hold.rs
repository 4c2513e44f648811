//! The run in hand: its entry is kept by the ledger's keeper, and every step is recorded
//! before what follows from it.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::{Mutex, MutexGuard};

use crate::app::halt::Halt;
use crate::batches::Batch;
use crate::ledger::{Entry, Keeper, RunRecord};

pub(in crate::app) struct Hold {
    pub keeper: Keeper,
    record: Mutex<RunRecord>,
    /// Rows of it were accepted in this attempt.
    has_accepted: AtomicBool,
    /// The fewest rows that were accepted together in the session at hand: one whose last batch
    /// is refused as a whole is closed with them.
    accepted: Mutex<Option<Batch>>,
    /// The last batch of the session at hand was accepted, in this attempt.
    is_closed: AtomicBool,
}

impl Hold {
    pub(super) fn new(keeper: Keeper, entry: &Entry) -> Hold {
        let record = entry.run.as_deref().cloned().unwrap_or_default();
        Hold {
            keeper,
            record: Mutex::new(record),
            has_accepted: AtomicBool::new(false),
            accepted: Mutex::new(None),
            is_closed: AtomicBool::new(false),
        }
    }

    /// What was accepted in another one is not of it.
    pub(super) async fn begins_session(&self) {
        *self.accepted.lock().await = None;
        self.is_closed.store(false, Ordering::Relaxed);
    }

    pub(super) fn closed(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Relaxed)
    }

    pub(super) async fn keep_to_close_with(&self, batch: &Batch) {
        let mut kept = self.accepted.lock().await;
        if kept.as_ref().is_none_or(|kept| batch.rows() < kept.rows()) {
            *kept = Some(batch.clone());
        }
    }

    pub(super) async fn to_close_with(&self) -> Option<Batch> {
        self.accepted.lock().await.clone()
    }

    /// Rows were accepted: what the entries of its objects say is progress of the run, too.
    pub(super) async fn accepted(&self) -> Result<(), Halt> {
        match self.has_accepted.swap(true, Ordering::Relaxed) {
            true => Ok(()),
            false => self.advance(|_| ()).await,
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
