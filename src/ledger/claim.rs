//! Who may work on an object: nobody once it is done, nobody else while its owner's lease
//! runs, and of several who try at once the one whose swap succeeds.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::Instant;

use super::entry::{Attempts, Entry, PANICKED, Schema, State};
use super::keeper::MOST_AHEAD;
use super::progress::Progress;
use super::run::{RunRecord, Stage};
use super::{Found, Ledger, LedgerError, Put, Tag};
use crate::object::version::ObjectVersion;
use crate::receipts::{Code, Timestamp};

/// What somebody wants an object for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// Delivered once.
    Delivery,
    /// Delivered once more for this name, however often it is asked for.
    Replay(&'a str),
    /// Delivered once more, all of it.
    Again,
}

/// What becomes of an object that is half delivered when its route is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedRoute {
    /// It is refused, until somebody decides.
    Refuse,
    /// It is sent from its beginning, as the route is now.
    Restart,
}

/// What an entry says to somebody who comes for its object.
#[derive(Debug)]
pub enum Look {
    Done,
    /// Another worker has it, whose lease ends then at the earliest.
    Busy {
        lease: Duration,
    },
    /// Nobody has it: it may be claimed.
    Free(Option<Box<Found>>),
}

/// Who claims, and on what terms.
#[derive(Clone, Copy, Debug)]
pub struct Claimant<'a> {
    pub object: &'a ObjectVersion,
    pub route: &'a str,
    /// Of this claim alone: no other, of this process or another, ever has the same.
    pub owner: &'a str,
    pub wanted: Wanted<'a>,
    pub lease: Duration,
    pub fingerprint: &'a str,
    pub changed_route: ChangedRoute,
}

/// The object is this worker's, as long as the ledger takes its writes.
#[derive(Debug)]
pub struct Claimed {
    pub entry: Entry,
    pub tag: Tag,
    /// The lease counts from here.
    pub since: Instant,
    /// The route was changed when part of the object was delivered, and that is not to be
    /// passed over. The entry is as the earlier attempt left it.
    pub route_changed: bool,
}

/// How a claim ended.
#[derive(Debug)]
pub enum Claim {
    Held(Box<Claimed>),
    /// Another was faster.
    Busy {
        lease: Duration,
    },
    Done,
}

/// A race is lost to somebody who then has the object: it takes strange luck to lose many.
const ROUNDS: usize = 5;

impl Entry {
    /// Whether nothing is left to do for somebody who wants this.
    pub fn satisfies(&self, wanted: Wanted<'_>) -> bool {
        let delivered = self.deliveries > 0 || matches!(self.state, State::Done);
        match wanted {
            // What was superseded, and is there again all the same, is to be delivered.
            Wanted::Delivery => delivered,
            Wanted::Replay(name) => self.replayed.iter().any(|one| one == name),
            Wanted::Again => false,
        }
    }

    /// How many attempts in a row without progress there are with one that begins now.
    pub fn attempts_with_the_next(&self) -> u32 {
        match self.state {
            State::InProgress | State::Waiting { .. } => self.attempts.without_progress + 1,
            State::Done | State::Superseded | State::Quarantined { .. } => 1,
        }
    }
}

impl Claimant<'_> {
    /// What the ledger says of the object.
    pub async fn look(&self, ledger: &dyn Ledger) -> Result<Look, LedgerError> {
        let Some(found) = ledger.get(self.object, self.route).await? else {
            return Ok(Look::Free(None));
        };
        if found.entry.satisfies(self.wanted) {
            return Ok(Look::Done);
        }
        let lease = Duration::from_secs(found.entry.lease_seconds);
        if found.entry.state == State::InProgress && found.age < lease {
            let lease = lease - found.age;
            return Ok(Look::Busy { lease });
        }
        Ok(Look::Free(Some(Box::new(found))))
    }

    /// Claims what was found free.
    ///
    /// # Errors
    ///
    /// The ledger cannot be reached or read. The object may be claimed all the same; its
    /// lease then ends by itself.
    pub async fn claim(
        &self,
        ledger: &dyn Ledger,
        mut found: Option<Box<Found>>,
    ) -> Result<Claim, LedgerError> {
        for _ in 0..ROUNDS {
            let (entry, route_changed) = self.claimed(found.as_deref());
            let held = |entry, tag, since| {
                Claim::Held(Box::new(Claimed {
                    entry,
                    tag,
                    since,
                    route_changed,
                }))
            };
            let since = Instant::now();
            let tag = found.as_ref().map(|found| &found.tag);
            if let Put::Stored(tag) = ledger.put(&entry, tag).await? {
                return Ok(held(entry, tag, since));
            }
            // Somebody else's write, or one's own of which the answer was lost.
            match ledger.get(self.object, self.route).await? {
                Some(Found {
                    entry: there, tag, ..
                }) if there.is_same_write(&entry) => {
                    return Ok(held(entry, tag, since));
                }
                _ => match self.look(ledger).await? {
                    Look::Done => return Ok(Claim::Done),
                    Look::Busy { lease } => return Ok(Claim::Busy { lease }),
                    Look::Free(free) => found = free,
                },
            }
        }
        let lease = self.lease;
        Ok(Claim::Busy { lease })
    }

    /// The entry with this claimant as its owner, and whether the route's change forbids to
    /// go on.
    fn claimed(&self, found: Option<&Found>) -> (Entry, bool) {
        let now = OffsetDateTime::now_utc();
        let Some(Found { entry, .. }) = found else {
            return (self.new_entry(now), false);
        };
        let mut entry = entry.clone();
        entry.revision += 1;
        entry.fence += 1;
        entry.owner = self.owner.to_owned();
        entry.lease_seconds = self.lease.as_secs();
        entry.claimed_at = now.into();
        entry.updated_at = now.into();
        entry.attempts.total += 1;
        if entry.state == State::InProgress || entry.state.reason().is_some_and(is_of_a_panic) {
            // Its owner died or was taken for dead, with requests out, perhaps; or one of
            // them was, when the work on it panicked.
            let sent_before = entry.progress.watermark.batches + MOST_AHEAD;
            let in_doubt_before = &mut entry.progress.in_doubt_before;
            *in_doubt_before = sent_before.max(*in_doubt_before);
        }
        match entry.state {
            // One more delivery, from the beginning.
            State::Done | State::Superseded => self.begin_anew(&mut entry, now),
            State::Quarantined { .. } => {
                entry.attempts.without_progress = 0;
                entry.attempts.in_vain = 0;
                let is_the_same = match self.wanted {
                    Wanted::Delivery => true,
                    // Its own message was redriven.
                    Wanted::Replay(name) => entry.replay.as_deref() == Some(name),
                    Wanted::Again => false,
                };
                let is_unsent = |run: &RunRecord| run.stage == Stage::Surveyed;
                if !is_the_same {
                    self.begin_anew(&mut entry, now);
                } else if self.wanted == Wanted::Delivery
                    && entry.run.as_deref().is_some_and(is_unsent)
                {
                    // Of a run that nobody replays any more.
                    entry.replay = None;
                }
            }
            State::InProgress | State::Waiting { .. } if self.wanted == Wanted::Again => {
                self.begin_anew(&mut entry, now);
            }
            State::InProgress | State::Waiting { .. } => {}
        }
        if entry.deliveries == 0 && entry.replay.is_none() {
            // It was never delivered: that it is, once, is what a replay is for.
            entry.replay = self.replay();
        }
        let answered = &entry.progress.answered;
        if answered.batches > 0 && answered.rows_accepted == 0 && !entry.is_sent() {
            // As long as Meta has refused every row it may have been for what they share,
            // and somebody may have mended that. No row that it has is sent twice by this.
            entry.progress = Progress {
                unknown: std::mem::take(&mut entry.progress.unknown),
                restarted: entry.progress.restarted.take(),
                in_doubt_before: entry.progress.in_doubt_before,
                ..Progress::default()
            };
        }
        let route_changed = entry.fingerprint != self.fingerprint;
        // Without an acknowledged batch there is nothing that would not fit.
        let part_is_delivered = entry.progress.answered.batches > 0;
        let refused =
            route_changed && part_is_delivered && self.changed_route == ChangedRoute::Refuse;
        if route_changed && !refused {
            let attempts = entry.attempts.without_progress;
            let replay = entry.replay.take();
            self.begin_anew(&mut entry, now);
            entry.attempts.without_progress = attempts;
            // It is still the delivery for that one.
            entry.replay = replay.or(entry.replay);
            entry.progress.restarted = part_is_delivered.then(|| Code::new("route_changed"));
        }
        entry.attempts.without_progress += 1;
        entry.attempts.in_vain += 1;
        entry.state = State::InProgress;
        (entry, refused)
    }

    fn begin_anew(&self, entry: &mut Entry, now: OffsetDateTime) {
        entry.object = self.object.into();
        entry.progress = Progress::default();
        entry.fingerprint = self.fingerprint.to_owned();
        entry.judged_at = now.unix_timestamp();
        entry.attempts.without_progress = 0;
        entry.replay = self.replay();
        entry.run = None;
    }

    fn replay(&self) -> Option<String> {
        match self.wanted {
            Wanted::Replay(name) => Some(name.to_owned()),
            Wanted::Delivery | Wanted::Again => None,
        }
    }

    fn new_entry(&self, now: OffsetDateTime) -> Entry {
        Entry {
            schema: Schema,
            object: self.object.into(),
            route: self.route.to_owned(),
            revision: 1,
            fence: 1,
            state: State::InProgress,
            owner: self.owner.to_owned(),
            lease_seconds: self.lease.as_secs(),
            fingerprint: self.fingerprint.to_owned(),
            judged_at: now.unix_timestamp(),
            claimed_at: Timestamp::from(now),
            updated_at: Timestamp::from(now),
            deliveries: 0,
            replay: self.replay(),
            replayed: Vec::new(),
            attempts: Attempts {
                total: 1,
                without_progress: 1,
                in_vain: 1,
            },
            progress: Progress::default(),
            run: None,
        }
    }
}

fn is_of_a_panic(reason: &Code) -> bool {
    reason.as_str() == PANICKED
}

#[cfg(test)]
mod tests;
