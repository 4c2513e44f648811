//! How far an object in hand has come, for whoever wants to show it.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::object::ReadProgress;

/// Counts of one object, written by its job and read by anybody.
#[derive(Debug, Default)]
pub struct Progress {
    size: AtomicU64,
    read: OnceLock<Arc<ReadProgress>>,
    pub(super) rows_read: AtomicU64,
    pub(super) rows_rejected: AtomicU64,
    pub(super) rows_accepted: AtomicU64,
    in_vain: AtomicU32,
}

/// The counts at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// Bytes of the object, as stored; 0 until it is known.
    pub size: u64,
    pub bytes_read: u64,
    pub rows_read: u64,
    pub rows_rejected: u64,
    pub rows_accepted: u64,
}

impl Progress {
    pub(super) fn begin(&self, size: u64, read: Arc<ReadProgress>) {
        self.size.store(size, Ordering::Relaxed);
        // A job reads its object once.
        let _ = self.read.set(read);
    }

    /// Earlier attempts have brought it this far.
    pub(super) fn go_on(&self, rows_read: u64, rows_accepted: u64) {
        self.rows_read.store(rows_read, Ordering::Relaxed);
        self.rows_accepted.store(rows_accepted, Ordering::Relaxed);
    }

    pub(super) fn tried_in_vain(&self, times: u32) {
        self.in_vain
            .store(times.saturating_add(1), Ordering::Relaxed);
    }

    /// Attempts in a row, the last one included, that brought no batch to Meta; 0 if it
    /// did, `None` if the object was not even claimed.
    pub(super) fn in_vain(&self) -> Option<u32> {
        // Stored one higher, so that nothing stored is told from zero.
        self.in_vain.load(Ordering::Relaxed).checked_sub(1)
    }

    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            size: self.size.load(Ordering::Relaxed),
            bytes_read: self.read.get().map_or(0, |read| read.bytes()),
            rows_read: self.rows_read.load(Ordering::Relaxed),
            rows_rejected: self.rows_rejected.load(Ordering::Relaxed),
            rows_accepted: self.rows_accepted.load(Ordering::Relaxed),
        }
    }
}

/// The objects that are in hand, for whoever wants to show them.
#[derive(Debug, Default)]
pub struct Board(Mutex<Vec<Arc<Progress>>>);

impl Board {
    /// Adds an object until the guard is dropped.
    pub(super) fn begin(&self) -> OnBoard<'_> {
        let progress = Arc::new(Progress::default());
        self.all().push(progress.clone());
        OnBoard {
            board: self,
            progress,
        }
    }

    /// What is in hand now.
    pub fn in_hand(&self) -> Vec<Arc<Progress>> {
        self.all().clone()
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Progress>>> {
        // A list of counters is whole whatever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An object's place on the board.
pub(super) struct OnBoard<'a> {
    board: &'a Board,
    pub(super) progress: Arc<Progress>,
}

impl Drop for OnBoard<'_> {
    fn drop(&mut self) {
        self.board
            .all()
            .retain(|one| !Arc::ptr_eq(one, &self.progress));
    }
}
