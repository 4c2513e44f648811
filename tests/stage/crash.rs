//! A crash at a place that a test names: whoever comes there goes no further, or late.

use std::sync::Mutex;

use tokio::sync::Notify;

/// A step whose order matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    RejectsStored,
    ReceiptStored,
    LedgerDone,
    /// The ledger says that the object is given up.
    LedgerGivenUp,
    /// A copy of the message is in the dead-letter queue.
    PutAside,
    Deleted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Before,
    After,
}

#[derive(Default)]
pub struct Crash {
    at: Mutex<Option<(Point, When)>>,
    came: Notify,
    goes_on: Notify,
}

impl Crash {
    /// The next one who comes there stays, once.
    pub fn at(&self, point: Point, when: When) {
        *self.at.lock().unwrap() = Some((point, when));
    }

    /// Waits until somebody stays.
    pub async fn happens(&self) {
        self.came.notified().await;
    }

    /// Whoever stays was only frozen, and goes on.
    pub fn thaw(&self) {
        self.goes_on.notify_one();
    }

    pub(super) async fn before(&self, point: Point) {
        self.comes(point, When::Before).await;
    }

    pub(super) async fn after(&self, point: Point) {
        self.comes(point, When::After).await;
    }

    async fn comes(&self, point: Point, when: When) {
        let stays = self.at.lock().unwrap().take_if(|at| *at == (point, when));
        if stays.is_some() {
            self.came.notify_one();
            self.goes_on.notified().await;
        }
    }
}
