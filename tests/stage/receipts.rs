//! Receipts in a directory, which cannot be written when a test says so.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use audience_activator::object::version::ObjectVersion;
use audience_activator::receipts::{
    LocalReceiptStore, Receipt, ReceiptLocation, ReceiptStore, StoreError,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::crash::{Crash, Point};
use super::journal::{Journal, Step};

pub struct WatchedReceipts {
    inner: LocalReceiptStore,
    journal: Arc<Journal>,
    crash: Arc<Crash>,
    failures: AtomicU32,
}

impl WatchedReceipts {
    pub(super) fn new(
        directory: PathBuf,
        journal: Arc<Journal>,
        crash: Arc<Crash>,
    ) -> WatchedReceipts {
        WatchedReceipts {
            inner: LocalReceiptStore::new(directory),
            journal,
            crash,
            failures: AtomicU32::new(0),
        }
    }

    /// The next so many receipts are not stored.
    pub fn fail(&self, times: u32) {
        self.failures.store(times, Ordering::Relaxed);
    }
}

impl ReceiptStore for WatchedReceipts {
    fn put<'a>(
        &'a self,
        receipt: &'a Receipt,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        let one_less = |left: u32| left.checked_sub(1);
        let fails = self
            .failures
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
            .is_ok();
        Box::pin(async move {
            if fails {
                self.journal.add(Step::ReceiptNotStored);
                return Err(StoreError::Transient("the store is away".to_owned()));
            }
            self.crash.before(Point::ReceiptStored).await;
            let location = ReceiptStore::put(&self.inner, receipt).await?;
            self.journal.add(Step::ReceiptStored);
            self.crash.after(Point::ReceiptStored).await;
            Ok(location)
        })
    }

    fn put_rejects<'a>(
        &'a self,
        receipt: &'a Receipt,
        list: Bytes,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        Box::pin(async move {
            self.crash.before(Point::RejectsStored).await;
            let location = ReceiptStore::put_rejects(&self.inner, receipt, list).await?;
            self.journal.add(Step::RejectsStored);
            self.crash.after(Point::RejectsStored).await;
            Ok(location)
        })
    }

    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        ReceiptStore::get(&self.inner, object, route)
    }
}
