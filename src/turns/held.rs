//! A turn in hand: renewed as long as it is held, and given back at the end.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, warn};

use super::{BETWEEN_ROUNDS, Place, ROUNDS, TurnError};
use crate::backoff::Backoff;

/// After a failure of whoever keeps the documents.
const BACKOFF: Backoff = Backoff {
    first: Duration::from_millis(100),
    most: Duration::from_secs(5),
};

/// Nobody waits longer than that to give a turn back; its lease then ends by itself.
const LONGEST_RELEASE: Duration = Duration::from_secs(10);

/// Why a turn is no longer this worker's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TurnLost {
    #[error("the turn at the audience has passed to others, because it was not renewed in time")]
    Passed,
    #[error(
        "the turn at the audience could not be renewed for as long as its lease ran: is the state location in reach?"
    )]
    NotRenewed,
    #[error("whoever kept the turn at the audience failed by a fault of the program")]
    Broken,
}

/// Dropping it leaves the turn to its lease.
pub struct HeldTurn {
    lost: Arc<OnceLock<TurnLost>>,
    open_for: Arc<OnceLock<Duration>>,
    released: CancellationToken,
    task: AbortOnDropHandle<()>,
}

impl HeldTurn {
    /// Keeps what was taken; the lease counts from `since`.
    pub(super) fn keep(place: Place, since: Instant, halt: CancellationToken) -> HeldTurn {
        let lost = Arc::new(OnceLock::new());
        let open_for = Arc::new(OnceLock::new());
        let released = CancellationToken::new();
        let holding = Holding {
            place,
            since,
            open_for: open_for.clone(),
            released: released.clone(),
        };
        let told = lost.clone();
        // Held by the task, so that its panic counts as a loss too.
        let guard = halt.drop_guard();
        let keeping = async move {
            match holding.hold().await {
                Ok(()) => {
                    guard.disarm();
                }
                Err(why) => {
                    // Nobody else sets it; and it is set before anybody is stopped.
                    let _ = told.set(why);
                    drop(guard);
                }
            }
        };
        let task = tokio::spawn(keeping.instrument(tracing::Span::current()));
        HeldTurn {
            lost,
            open_for,
            released,
            task: AbortOnDropHandle::new(task),
        }
    }

    /// Why it was lost, once it is.
    pub fn lost(&self) -> Option<TurnLost> {
        let told = self.lost.get().copied();
        // Nobody else ends it but who gives it back.
        told.or_else(|| self.task.is_finished().then_some(TurnLost::Broken))
    }

    /// Gives the turn back, so that others need not wait for the lease to end.
    pub async fn release(self) {
        self.released.cancel();
        if timeout(LONGEST_RELEASE, self.task).await.is_err() {
            warn!("the turn at an audience could not be given back; its lease ends by itself");
        }
    }

    /// The same in the midst of a run, whose session lasts for so long at most: until then
    /// only who goes on with that run gets the turn.
    pub async fn release_in_run(self, open_for: Duration) {
        // Nobody else sets it.
        let _ = self.open_for.set(open_for);
        self.release().await;
    }
}

struct Holding {
    place: Place,
    /// How long the run lasts that is released, if it is in its midst.
    open_for: Arc<OnceLock<Duration>>,
    /// When the last write that happened was begun: the lease counts from then at the
    /// earliest.
    since: Instant,
    released: CancellationToken,
}

impl Holding {
    async fn hold(mut self) -> Result<(), TurnLost> {
        loop {
            let renew_at = self.since + self.place.lease / 3;
            tokio::select! {
                biased;
                () = self.released.cancelled() => {
                    self.release().await;
                    return Ok(());
                }
                () = sleep_until(renew_at) => self.renew().await?,
            }
        }
    }

    /// No request may begin after this without a renewal; a tenth is kept for whoever has
    /// to notice.
    fn ends(&self) -> Instant {
        self.since + self.place.lease - self.place.lease / 10
    }

    async fn renew(&mut self) -> Result<(), TurnLost> {
        let ends = self.ends();
        let mut failures = 0;
        loop {
            let began = Instant::now();
            let patience = ends.saturating_duration_since(began);
            let wait = match timeout(patience, self.renew_once()).await {
                Err(_) => return Err(TurnLost::NotRenewed),
                Ok(Ok(Renewal::Done)) => {
                    self.since = began;
                    return Ok(());
                }
                Ok(Ok(Renewal::Passed)) => return Err(TurnLost::Passed),
                Ok(Ok(Renewal::Met)) => {
                    failures += 1;
                    BETWEEN_ROUNDS.wait(failures)
                }
                Ok(Err(error)) => {
                    failures += 1;
                    warn!(%error, "could not renew the turn at an audience; trying again");
                    BACKOFF.wait(failures)
                }
            };
            let again = Instant::now() + wait;
            if again >= ends {
                return Err(TurnLost::NotRenewed);
            }
            sleep_until(again).await;
        }
    }

    async fn renew_once(&self) -> Result<Renewal, TurnError> {
        let Place { asker, lease, .. } = &self.place;
        let mut there = self.place.look().await?;
        if !there.document.renew(asker, there.now, *lease) {
            return Ok(Renewal::Passed);
        }
        Ok(match self.place.write(&there).await? {
            true => Renewal::Done,
            false => Renewal::Met,
        })
    }

    async fn release(&self) {
        for round in 1..=ROUNDS {
            let released = async {
                let mut there = self.place.look().await?;
                let open_for = self.open_for.get().copied();
                let asker = &self.place.asker;
                there.document.release(asker, there.now, open_for);
                match there.document == there.before {
                    true => Ok(true),
                    false => self.place.write(&there).await,
                }
            };
            match released.await {
                Ok(true) => return,
                Ok(false) => tokio::time::sleep(BETWEEN_ROUNDS.wait(round)).await,
                Err(error) => {
                    let error: TurnError = error;
                    warn!(%error, "the turn at an audience could not be given back; its lease ends by itself");
                    return;
                }
            }
        }
    }
}

enum Renewal {
    Done,
    /// Others have it.
    Passed,
    /// Another write came between.
    Met,
}

impl fmt::Debug for HeldTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeldTurn")
            .field("lost", &self.lost.get())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, clippy::unwrap_used)]

    use std::sync::atomic::{AtomicBool, Ordering};

    use bytes::Bytes;
    use futures_util::future::BoxFuture;

    use super::super::{Mode, Take, Turns};
    use super::*;
    use crate::documents::{DocumentError, Documents, Looked, Put, Tag};

    /// Keeps nothing, and breaks once it is told to.
    #[derive(Default)]
    struct Breaks(AtomicBool);

    impl Documents for Breaks {
        fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Looked, DocumentError>> {
            assert!(!self.0.load(Ordering::Relaxed), "a fault of the program");
            Box::pin(async {
                Ok(Looked {
                    document: None,
                    now: 0,
                })
            })
        }

        fn put<'a>(
            &'a self,
            _: &'a str,
            _: Bytes,
            _: Option<&'a Tag>,
        ) -> BoxFuture<'a, Result<Put, DocumentError>> {
            Box::pin(async { Ok(Put::Stored(Tag("1".to_owned()))) })
        }

        fn place_of(&self, path: &str) -> String {
            path.to_owned()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_whose_keeper_breaks_counts_as_lost() {
        let documents = Arc::new(Breaks::default());
        let lease = Duration::from_secs(30);
        let turns = Turns::new(documents.clone(), lease);
        let halt = CancellationToken::new();
        let taken = turns
            .take("1", Mode::Add, "a", None, halt.clone())
            .await
            .unwrap();
        let Take::Held(turn) = taken else {
            panic!("nobody else has it");
        };
        assert_eq!(turn.lost(), None);
        documents.0.store(true, Ordering::Relaxed);
        tokio::time::timeout(lease, halt.cancelled()).await.unwrap();
        assert_eq!(turn.lost(), Some(TurnLost::Broken));
        turn.release().await;
    }
}
