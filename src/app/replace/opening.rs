//! The first batch of a session.
//!
//! The one idea: the batch that opens a session is sent once in it. Where its answer is
//! lost, the audience's state tells whether it has arrived; and where it has not, the next
//! one goes into a new session. Anything else may be sent as often as it takes.

use std::sync::atomic::Ordering;

use time::OffsetDateTime;
use tokio::time::{Instant, sleep, sleep_until};
use tracing::{info, warn};

use super::attempt::{Attempt, refused};
use super::halt::{RunHalt, RunRefusal};
use super::part::version_of;
use super::session::BETWEEN_LOOKS;
use super::survey::Survey;
use super::wire::{Opening, Reply};
use crate::app::halt::Halt;
use crate::batches::Batch;
use crate::delivery::{Again, DeliveryTally, Patience, Stop, may_be_too_large};
use crate::ledger::{OpenedWith, RunRecord, Stage};
use crate::meta::{Named, OperationStatus, SessionBatch, SessionEnd};

/// How often the state of the audience is looked at before one believes that a first batch
/// has not arrived: it may take a moment to show.
const LOOKS: usize = 5;
/// Single rows that may be refused before one opens the session: where more are, the fault
/// is not theirs.
const MOST_REFUSED: usize = 8;
/// Meta: a positive number; kept where no tool damages it.
const SESSIONS: u64 = 1 << 53;

impl Attempt<'_> {
    /// Opens a session, or finds one that an earlier attempt has opened.
    pub(super) async fn open(&self) -> Result<(), Halt> {
        let whole = self.first_batch().await?;
        let mut batch = whole.clone();
        // What may open it in the place of rows that are refused, and whole goes out again.
        let mut others = Vec::new();
        let mut rows_refused = 0;
        let mut patience = Patience::new(self.wire.attempts);
        let mut not_taken = 0;
        let mut last = Named::default();
        while not_taken < self.wire.attempts {
            if self.wire.operation().await? == OperationStatus::BeingReplaced {
                return self.busy().await;
            }
            let in_session = self.hold.record().await.in_session;
            let session = fastrand::u64(1..SESSIONS);
            self.hold
                .change(|record| {
                    record.stage = Stage::Opening { session };
                    record.opened_with = None;
                    record.seen_by_state = false;
                    record.opened_at = None;
                    record.sent_at = Some(OffsetDateTime::now_utc().into());
                    record.renumbered = false;
                    // 1 is the first batch's, and is never given to another.
                    record.next_number = in_session.max(2);
                })
                .await?;
            self.wire.invalid.store(0, Ordering::Relaxed);
            self.hold.begins_session().await;
            let is_whole = batch.rows() == whole.rows();
            let place = SessionBatch {
                session,
                number: 1,
                is_last: is_whole && in_session == 1,
            };
            let mut tally = DeliveryTally::default();
            let opening = match self.wire.open(&batch, place, &mut tally).await {
                Ok(opening) => opening,
                // It was refused, or never sent.
                Err(halt) => {
                    self.not_opened().await?;
                    return Err(halt);
                }
            };
            match opening {
                Opening::Replied(Reply::Accepted { invalid, trace_id }) => {
                    let opened_with = is_whole.then(|| OpenedWith {
                        entries: batch.entries(),
                        invalid,
                        trace_id: trace_id.map(|id| id.as_str().to_owned()),
                    });
                    let opened_at = OffsetDateTime::now_utc().into();
                    info!(session, "the replacement has begun");
                    return self
                        .hold
                        .advance(|record| {
                            record.opened_with = opened_with;
                            record.opened_at = Some(opened_at);
                            record.unanswered = None;
                            record.left_since = None;
                            record.stage = Stage::Open { session };
                        })
                        .await;
                }
                Opening::Replied(Reply::Refused { answer, in_doubt }) => {
                    if in_doubt && self.has_arrived(session).await? {
                        return Ok(());
                    }
                    self.not_opened().await?;
                    batch = match batch.halves() {
                        Some((left, right)) => {
                            others.push(right);
                            left
                        }
                        None => {
                            rows_refused += 1;
                            let next = others.pop().filter(|_| rows_refused < MOST_REFUSED);
                            next.ok_or(Stop::TooManyRefused { answer })?
                        }
                    };
                }
                Opening::Replied(Reply::Ended(SessionEnd::Busy)) => {
                    self.not_opened().await?;
                    return self.busy().await;
                }
                Opening::Replied(Reply::Ended(end)) => {
                    if end == SessionEnd::Failed {
                        self.hold.change(RunRecord::session_failed).await?;
                    }
                    return self
                        .restart("Meta refused the first batch of the replacement")
                        .await;
                }
                Opening::NotTaken => {
                    self.not_opened().await?;
                    not_taken += 1;
                }
                Opening::Unclear {
                    again,
                    answer,
                    told,
                } => {
                    let answered_at = Instant::now();
                    if self.has_arrived(session).await? {
                        return Ok(());
                    }
                    let again = match may_be_too_large(&batch, answer.error, told) {
                        true => Again::Whole,
                        false => again,
                    };
                    let Some(wait) = patience.after(again, told) else {
                        if again == Again::Whole
                            && let Some((left, right)) = batch.halves()
                        {
                            others.push(right);
                            batch = left;
                            patience = Patience::new(self.wire.attempts);
                            continue;
                        }
                        let attempts = patience.attempts();
                        return Err(match again {
                            Again::Unexplained => Stop::Configuration { answer },
                            _ => Stop::Unavailable { attempts, answer },
                        }
                        .into());
                    };
                    // Looking has taken longer than any wait that the answer did not ask for.
                    self.wire.or_halted(sleep_until(answered_at + wait)).await?;
                    last = answer;
                }
            }
        }
        let (attempts, answer) = (self.wire.attempts, last);
        Err(Stop::Unavailable { attempts, answer }.into())
    }

    pub(super) async fn first_batch(&self) -> Result<Batch, Halt> {
        let first = {
            let record = self.hold.record().await;
            let mut parts = record.parts.iter();
            parts.find(|part| part.batches > 0).cloned()
        };
        let first = first.ok_or_else(|| refused(RunRefusal::Empty))?;
        let survey = self.survey_of();
        survey.first_batch(&version_of(&first.object)).await
    }

    pub(super) fn survey_of(&self) -> Survey<'_> {
        Survey {
            activation: self.run.activation,
            halt: self.halt.clone(),
        }
    }

    pub(super) async fn not_opened(&self) -> Result<(), Halt> {
        let surveyed = Stage::Surveyed;
        self.hold.change(|record| record.stage = surveyed).await
    }

    /// A replacement is running: by the session whose first batch had no answer, or
    /// somebody else's.
    async fn busy(&self) -> Result<(), Halt> {
        let unanswered = self.hold.record().await.unanswered;
        let Some(session) = unanswered else {
            return Err(Halt::Run(RunHalt::BeingReplaced));
        };
        let opened_at = OffsetDateTime::now_utc().into();
        info!(
            session,
            "the replacement has begun, with a batch that had no answer"
        );
        self.hold
            .advance(|record| {
                record.opened_at.get_or_insert(opened_at);
                record.unanswered = None;
                record.opened_with = None;
                record.seen_by_state = true;
                record.stage = Stage::Open { session };
            })
            .await
    }

    /// Whether the first batch, whose answer is not known, has opened the session.
    pub(super) async fn has_arrived(&self, session: u64) -> Result<bool, Halt> {
        for look in 0..LOOKS {
            if look > 0 {
                self.wire.or_halted(sleep(BETWEEN_LOOKS)).await?;
            }
            if self.wire.operation().await? == OperationStatus::BeingReplaced {
                let opened_at = OffsetDateTime::now_utc().into();
                info!(
                    session,
                    "the first batch has arrived, though its answer was lost"
                );
                self.hold
                    .advance(|record| {
                        record.opened_with = None;
                        record.seen_by_state = true;
                        record.opened_at.get_or_insert(opened_at);
                        record.stage = Stage::Open { session };
                    })
                    .await?;
                return Ok(true);
            }
        }
        warn!(
            session,
            "nothing is seen of the first batch; the next goes into a new session"
        );
        self.hold
            .change(|record| {
                record.unanswered = Some(session);
                record.leave_session();
                record.stage = Stage::Surveyed;
            })
            .await?;
        Ok(false)
    }
}
