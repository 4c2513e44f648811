//! From the first batch to the swap. Every step is recorded before the request that follows
//! from it, so that whoever comes after a crash knows what may have arrived.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::sleep;
use tracing::warn;

use super::attempt::{Attempt, refused};
use super::batches::{InSession, Way};
use super::halt::{RunHalt, RunRefusal};
use super::part::Part;
use crate::app::halt::{Halt, Refusal};
use crate::delivery::{Delivery, DeliveryTally, Sender};
use crate::ledger::{RunPart, RunRecord, Stage};
use crate::meta::{Named, OperationStatus, SessionEnd};
use crate::object::ObjectError;

/// How often while everything was sent and is not the audience yet, before the message rests.
const SWAP_LOOKS: usize = 20;
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_secs(15);

/// Sessions of one run that may fail at Meta, or get rows of two versions.
pub(super) const MOST_RESTARTS: u32 = 3;

impl Attempt<'_> {
    /// Brings the run from wherever it is to the end, where its list is the audience.
    pub(super) async fn to_the_end(&self) -> Result<(), Halt> {
        loop {
            let stage = self.hold.record().await.stage;
            match stage {
                Stage::Surveyed => self.open().await?,
                Stage::Opening { session } => {
                    self.has_arrived(session).await?;
                }
                Stage::Open { session } => match self.to_its_close(session).await {
                    Ok(()) | Err(Halt::Run(RunHalt::SessionFull)) => {
                        let closed = Stage::Closed { session };
                        self.hold.advance(|record| record.stage = closed).await?;
                    }
                    Err(halt) => self.interrupted(halt, session).await?,
                },
                Stage::Closed { session } => {
                    if !self.is_swapped().await? {
                        self.restart("Meta reports that the replacement failed")
                            .await?;
                        continue;
                    }
                    let (is_all, mixed) = {
                        let record = self.hold.record().await;
                        (record.in_session == record.batches(), record.mixed)
                    };
                    if !is_all {
                        self.add(session, false).await?;
                    } else if mixed {
                        self.follow_up().await?;
                    } else {
                        return Ok(());
                    }
                }
                Stage::Adding { session, .. } => {
                    if !self.is_swapped().await? {
                        self.restart("Meta reports that the replacement failed")
                            .await?;
                        continue;
                    }
                    match self.deliver(session, true).await {
                        Ok(()) if self.hold.record().await.mixed => self.follow_up().await?,
                        Ok(()) => return Ok(()),
                        Err(halt) => self.interrupted(halt, session).await?,
                    }
                }
            }
        }
    }

    /// Sends what is left into the session, the last batch last.
    async fn to_its_close(&self, session: u64) -> Result<(), Halt> {
        let mut delivered = self.deliver(session, false).await;
        if let Err(Halt::Run(RunHalt::NothingToCloseWith)) = delivered {
            self.find_to_close_with().await?;
            delivered = self.deliver(session, false).await;
        }
        // What belonged at its end is gone, perhaps, and the new version has no rows for it.
        let mixed = self.hold.record().await.mixed;
        let is_sent = matches!(delivered, Ok(()) | Err(Halt::Run(RunHalt::SessionFull)));
        if is_sent && mixed && !self.hold.is_closed() {
            if self.hold.to_close_with().await.is_none() {
                self.find_to_close_with().await?;
            }
            let in_session = self.hold.record().await.in_session;
            let place = self.in_session(session, in_session, in_session);
            let mut tally = DeliveryTally::default();
            return place.close(Named::default(), &mut tally).await;
        }
        delivered
    }

    /// What an earlier attempt has sent into the session, as it was accepted.
    async fn find_to_close_with(&self) -> Result<(), Halt> {
        let first = self.first_batch().await?;
        self.hold.keep_to_close_with(&first).await;
        Ok(())
    }

    fn in_session(&self, session: u64, base: u64, in_session: u64) -> InSession {
        InSession {
            wire: self.wire.clone(),
            hold: self.hold.clone(),
            session,
            base,
            in_session,
        }
    }

    /// Sends what is left, part after part: into the session, or added once it is over.
    async fn deliver(&self, session: u64, adding: bool) -> Result<(), Halt> {
        let parts = self.run.activation.parts;
        let count = self.hold.record().await.parts.len();
        let (mut base, mut invalid) = (0, 0);
        for index in 0..count {
            let (part, in_session) = {
                let record = self.hold.record().await;
                let Some(part) = record.parts.get(index).cloned() else {
                    break;
                };
                (part, record.in_session)
            };
            let before = base;
            base += part.batches;
            if part.nothing.is_some() {
                continue;
            }
            let one = self.part(&part, session);
            let found = one.found().await?;
            if let Some(found) = &found
                && one.is_of_session(&found.entry)
            {
                invalid += found.entry.progress.answered.entries_invalid;
                self.wire.invalid.fetch_max(invalid, Ordering::Relaxed);
                if one.is_through(&found.entry) {
                    continue;
                }
            }
            if !adding && part.batches > 0 && before >= in_session {
                return Err(Halt::Run(RunHalt::SessionFull));
            }
            let slots = parts.batch_slots.of_object();
            let way = |destination| match adding {
                true => {
                    let sender = Sender::new(Delivery {
                        client: parts.meta.clone(),
                        credentials: parts.credentials.clone(),
                        secret: self.wire.secret.clone(),
                        destination,
                        limiter: self.wire.limiter.clone(),
                        metrics: parts.metrics.clone(),
                        attempts: self.wire.attempts,
                        halt: self.halt.clone(),
                    });
                    Way::Adding {
                        // The session's rows were accepted.
                        sender: Box::new(sender.that_goes_on()),
                        hold: self.hold.clone(),
                    }
                }
                false => Way::InSession(self.in_session(session, before, in_session)),
            };
            one.deliver(found, way, slots).await?;
        }
        Ok(())
    }

    pub(super) fn part<'p>(&'p self, part: &'p RunPart, session: u64) -> Part<'p> {
        Part {
            activation: self.run.activation,
            part,
            fingerprint: format!("{}-{session}", self.fingerprint),
            halt: self.halt.clone(),
        }
    }

    /// What follows where sending has stopped; what cannot be mended here is given back.
    async fn interrupted(&self, halt: Halt, session: u64) -> Result<(), Halt> {
        let end = match halt {
            Halt::Run(RunHalt::Ended(end)) => end,
            Halt::Object(ObjectError::Overwritten { address }) => {
                return self.overwritten(&address.key).await;
            }
            halt => return Err(halt),
        };
        match end {
            SessionEnd::Busy => {
                if self.hold.record().await.seen_by_state {
                    self.not_opened().await?;
                }
                Err(Halt::Run(RunHalt::BeingReplaced))
            }
            SessionEnd::NeverOpened => {
                self.restart("Meta does not know the first batch of the replacement")
                    .await
            }
            SessionEnd::Failed => {
                self.hold.change(RunRecord::session_failed).await?;
                self.restart("Meta failed in the midst of the replacement")
                    .await
            }
            SessionEnd::TimedOut | SessionEnd::Finished => {
                let cut_short = end == SessionEnd::TimedOut;
                warn!(
                    session,
                    cut_short, "the session is over before all was acknowledged; the rest is added"
                );
                self.add(session, cut_short).await
            }
        }
    }

    /// What the session holds is the audience, or is about to be; the rest is added.
    async fn add(&self, session: u64, cut_short: bool) -> Result<(), Halt> {
        let adding = Stage::Adding { session, cut_short };
        self.hold
            .advance(|record| {
                record.swapped();
                record.stage = adding;
            })
            .await
    }

    /// All of the run goes out again, in a new session.
    pub(super) async fn restart(&self, why: &str) -> Result<(), Halt> {
        warn!(
            reason = why,
            "the replacement begins anew, in a new session"
        );
        let mut restarts = 0;
        self.hold
            .change(|record| {
                record.stage = Stage::Surveyed;
                record.unanswered = None;
                record.mixed = false;
                record.restarts += 1;
                restarts = record.restarts;
            })
            .await?;
        if restarts > MOST_RESTARTS {
            let sessions = restarts;
            return Err(refused(RunRefusal::Failed { sessions }));
        }
        Ok(())
    }

    /// The list has rows of two versions of an object: one of the new versions alone
    /// follows at once, if it may take the members' place as any other.
    async fn follow_up(&self) -> Result<(), Halt> {
        warn!("a session without rows of the version that was overwritten follows");
        self.hold
            .change(|record| {
                record.swapped();
                record.stage = Stage::Surveyed;
                record.unanswered = None;
                record.mixed = false;
            })
            .await?;
        let (state, tier) = self.wire.state().await?;
        let last = self.last_run().await?;
        let (keys, signal) = {
            let record = self.hold.record().await;
            let keys = record.parts.iter().map(|part| part.object.key.clone());
            (keys.collect::<Vec<_>>(), record.signal.clone())
        };
        let mut looks = 0;
        loop {
            // Others of its objects may have been overwritten, too.
            let versions = self.pin(&keys, signal.clone(), false).await?;
            looks += 1;
            match self.look_at(&versions, last.as_ref(), &state, tier).await {
                Err(Halt::Object(ObjectError::Overwritten { .. })) if looks < MOST_RESTARTS => {}
                looked => return looked,
            }
        }
    }

    /// The rest of a version that is gone cannot be sent, and a session that is not closed
    /// would make Meta swap in what has arrived. So the session is brought to its end with
    /// the new version, and another one follows that has no row of the old.
    async fn overwritten(&self, key: &str) -> Result<(), Halt> {
        warn!(
            object = key,
            "overwritten while it is sent; its new version takes its place"
        );
        let source = &self.run.activation.parts.source;
        let address = self.run.folder.address(key);
        let version = source.describe(&address);
        let version = self.run.activation.or_halted(version).await?;
        let surveyed = self.survey_of().look(&version).await?;
        let mut overwritten = 0;
        self.hold
            .change(|record| {
                let all_in_session = record.in_session == record.batches();
                for part in &mut record.parts {
                    if part.object.key == key {
                        *part = surveyed.part;
                        break;
                    }
                }
                let batches = record.batches();
                record.in_session = match all_in_session {
                    true => batches,
                    false => record.in_session.min(batches),
                };
                // No number that was promised before stands for the same rows now.
                record.next_number = record.next_number.max(record.in_session).max(2) + 1;
                record.renumbered = true;
                record.opened_with = None;
                // However many of its objects: one more session.
                record.restarts += u32::from(!record.mixed);
                record.mixed = true;
                overwritten = record.restarts;
            })
            .await?;
        if overwritten > MOST_RESTARTS {
            return Err(Refusal::Run(RunRefusal::Failed {
                sessions: overwritten,
            })
            .into());
        }
        Ok(())
    }

    /// Waits until the session's list is the audience; `false` if Meta failed.
    async fn is_swapped(&self) -> Result<bool, Halt> {
        for look in 0..SWAP_LOOKS {
            if look > 0 {
                self.wire.or_halted(sleep(BETWEEN_LOOKS)).await?;
            }
            match self.wire.operation().await? {
                OperationStatus::BeingReplaced => {}
                OperationStatus::ReplacementFailed => {
                    self.hold.change(RunRecord::session_failed).await?;
                    return Ok(false);
                }
                OperationStatus::Usable | OperationStatus::Blocked | OperationStatus::Unknown => {
                    return Ok(true);
                }
            }
        }
        Err(Halt::Run(RunHalt::Swapping))
    }
}
