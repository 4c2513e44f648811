//! A replacement of an audience's members: one session, and then the swap.
//!
//! The members stay who they were until the swap. When the ninety minutes run out, what
//! has arrived by then becomes the audience.

use super::{
    Digest,
    audience::{Audience, Rows},
    members::Members,
    sessions::{Batch, End, Session},
};

/// From so many members on an audience cannot be replaced.
const TOO_LARGE: u64 = 100_000_000;
/// `operation_status` in which one may begin: Meta asks for 200 (normal). That a new
/// audience (410) can be filled so, and one whose replacement failed (415) be mended, is
/// what the rest of its page comes to.
const STATES_TO_BEGIN_IN: [u16; 3] = [200, 410, 415];

/// Why a batch of a replacement is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Another one is running, or this one has begun already.
    InProgress,
    /// Its batch 1 never came.
    FirstMissing,
    /// Meta failed in the middle.
    Failed,
    TimedOut,
    Finished,
    TooLarge,
    /// Its columns are not those of its first batch.
    OtherColumns,
    /// It would leave nobody.
    Empty,
    /// The audience is in a state in which none may begin.
    NotNormal,
}

/// The one that is running.
#[derive(Debug)]
pub(crate) struct Replacement {
    session: u64,
    columns: Vec<&'static str>,
    /// Every row with its cells: a failure adds them to the members there are.
    rows: Vec<(Digest, Vec<Digest>)>,
    /// When the swap is done, once the session has been closed.
    swaps_at: Option<u64>,
}

impl Audience {
    /// Whether a replacement is running or being swapped in.
    pub(crate) fn is_being_replaced(&self) -> bool {
        self.replacement.is_some()
    }

    /// Lets what has become due by now happen.
    pub(crate) fn settle(&mut self, now: u64) {
        let Some(replacement) = &self.replacement else {
            return;
        };
        let (id, swaps_at) = (replacement.session, replacement.swaps_at);
        let timed_out = self.sessions.get(id).is_some_and(|session| {
            session.settle(now);
            matches!(session.ended, Some((_, End::TimedOut)))
        });
        if timed_out || swaps_at.is_some_and(|at| now >= at) {
            self.swap(now);
        }
    }

    /// Takes a batch of a replacement, or says why not.
    pub(crate) fn replace(
        &mut self,
        batch: Batch,
        columns: &[&'static str],
        rows: &Rows,
        now: u64,
    ) -> Result<Session, Refused> {
        self.settle(now);
        if let Some((_, end)) = self.sessions.get(batch.session).and_then(|s| s.ended) {
            return Err(match end {
                End::Closed => Refused::Finished,
                End::TimedOut => Refused::TimedOut,
                End::Failed => Refused::Failed,
            });
        }
        match &self.replacement {
            Some(running) if running.session != batch.session || batch.seq == 1 => {
                return Err(Refused::InProgress);
            }
            Some(running) if running.columns != columns => return Err(Refused::OtherColumns),
            Some(_) => {}
            None if batch.seq != 1 => return Err(Refused::FirstMissing),
            None if self.size() >= TOO_LARGE => return Err(Refused::TooLarge),
            None if !STATES_TO_BEGIN_IN.contains(&self.operation().0) => {
                return Err(Refused::NotNormal);
            }
            None => {}
        }
        let arrived = self.replacement.as_ref().map_or(0, |r| r.rows.len());
        if batch.last && arrived == 0 && rows.iter().next().is_none() {
            return Err(Refused::Empty);
        }
        self.note(rows);
        let replacement = self.replacement.get_or_insert_with(|| Replacement {
            session: batch.session,
            columns: columns.to_vec(),
            rows: Vec::new(),
            swaps_at: None,
        });
        let taken = rows.iter().map(|(row, cells)| (*row, cells.to_vec()));
        replacement.rows.extend(taken);
        if batch.last {
            replacement.swaps_at = Some(now.saturating_add(self.condition.swap_takes));
        }
        self.changed = now;
        let session = self.sessions.open(batch.session, now);
        session.count(rows.received, rows.invalid);
        if batch.last {
            session.ended = Some((now, End::Closed));
        }
        let session = *session;
        self.settle(now);
        Ok(session)
    }

    /// Ends the running replacement by a fault of Meta's: some of its rows are members
    /// now, beside the old ones.
    pub(crate) fn fail_replacement(&mut self, now: u64) {
        if let Some(replacement) = self.replacement.take() {
            if let Some(session) = self.sessions.get(replacement.session) {
                session.ended = Some((now, End::Failed));
            }
            self.members.merge(&replacement.rows);
            self.replace_failed = true;
        }
    }

    fn swap(&mut self, now: u64) {
        if let Some(replacement) = self.replacement.take() {
            let mut members = Members::default();
            members.merge(&replacement.rows);
            self.members = members;
            self.replaced += 1;
            self.replace_failed = false;
            self.changed = now;
        }
    }
}
