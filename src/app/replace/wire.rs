//! Requests of a replacement, and what their answers mean for its session.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::halt::RunHalt;
use crate::app::halt::Halt;
use crate::batches::Batch;
use crate::credentials::{CredentialStore, Credentials, SecretRef};
use crate::delivery::{
    AccountLimiter, Again, Cost, DeliveryTally, Patience, Stop, may_be_too_large,
};
use crate::meta::{
    Answer, Audience, AudienceState, Client, Named, OperationStatus, Outcome, SessionBatch,
    SessionEnd, TraceId, replacement,
};
use crate::telemetry::Metrics;

/// What one run calls Meta with.
pub(super) struct Wire {
    pub client: Client,
    pub credentials: Arc<CredentialStore>,
    pub secret: SecretRef,
    pub limiter: Arc<AccountLimiter>,
    pub metrics: Arc<Metrics>,
    /// Of one request.
    pub attempts: usize,
    pub halt: CancellationToken,
    pub audience: String,
    /// Entries that Meta called invalid in the session so far: it tells no other number.
    pub invalid: AtomicU64,
}

/// What became of a batch.
#[derive(Debug)]
pub(super) enum Reply {
    Accepted {
        invalid: u64,
        trace_id: Option<TraceId>,
    },
    /// As a whole.
    Refused {
        answer: Named,
        /// Whether it may have arrived all the same: of what is too large one cannot be sure.
        in_doubt: bool,
    },
    Ended(SessionEnd),
}

/// What became of the batch that opens a session, which is sent once.
#[derive(Debug)]
pub(super) enum Opening {
    Replied(Reply),
    /// It was not taken, and may be in another session.
    NotTaken,
    /// Whether it has arrived, this answer does not say.
    Unclear {
        again: Again,
        answer: Named,
        /// How long to wait, if the answer says so.
        told: Option<Duration>,
    },
}

/// An answer, before it is decided whether the request goes out again.
enum Judged {
    Final(Reply),
    /// It is refused for now.
    Again,
    Unsure {
        again: Again,
        answer: Named,
        /// How long to wait, if the answer says so.
        told: Option<Duration>,
    },
}

impl Wire {
    /// Sends a batch until its answer is final. Whatever its number, it is not the first.
    pub(super) async fn send(
        &self,
        batch: &Batch,
        place: SessionBatch,
        tally: &mut DeliveryTally,
    ) -> Result<Reply, Halt> {
        let mut patience = Patience::new(self.attempts);
        let mut in_doubt = false;
        loop {
            match self.attempt(batch, place, tally).await? {
                Judged::Final(Reply::Refused { answer, .. }) => {
                    return Ok(Reply::Refused { answer, in_doubt });
                }
                Judged::Final(reply) => return Ok(reply),
                Judged::Again => {}
                Judged::Unsure {
                    again,
                    answer,
                    told,
                } => {
                    in_doubt |= again == Again::Unknown;
                    let again = match again {
                        Again::Whole if batch.rows() < 2 => Again::Transient,
                        Again::Transient | Again::Unknown
                            if may_be_too_large(batch, answer.error, told) =>
                        {
                            Again::Whole
                        }
                        again => again,
                    };
                    match patience.after(again, told) {
                        Some(wait) => self.or_halted(sleep(wait)).await?,
                        None if again == Again::Whole => {
                            return Ok(Reply::Refused { answer, in_doubt });
                        }
                        None => return Err(out_of_patience(again, patience.attempts(), answer)),
                    }
                }
            }
            tally.retries += 1;
            self.metrics.retries.inc();
        }
    }

    /// Sends the batch that opens a session: once, whatever comes of it.
    pub(super) async fn open(
        &self,
        batch: &Batch,
        place: SessionBatch,
        tally: &mut DeliveryTally,
    ) -> Result<Opening, Halt> {
        Ok(match self.attempt(batch, place, tally).await? {
            Judged::Final(reply) => Opening::Replied(reply),
            Judged::Again => Opening::NotTaken,
            Judged::Unsure {
                again: Again::Whole,
                answer,
                ..
            } if batch.rows() > 1 => Opening::Replied(Reply::Refused {
                answer,
                in_doubt: true,
            }),
            Judged::Unsure {
                again,
                answer,
                told,
            } => Opening::Unclear {
                again,
                answer,
                told,
            },
        })
    }

    async fn attempt(
        &self,
        batch: &Batch,
        place: SessionBatch,
        tally: &mut DeliveryTally,
    ) -> Result<Judged, Halt> {
        let credentials = self.credentials().await?;
        let turn = self
            .or_halted(self.limiter.ready(Cost::Write))
            .await?
            .map_err(Stop::from)?;
        let request = replacement(&self.audience, place, &batch.body());
        tally.requests += 1;
        let started = Instant::now();
        let in_flight = self.metrics.request_in_flight();
        let answer = self.client.send(&request, &credentials).await;
        drop(in_flight);
        self.metrics.answered(&answer, started.elapsed());
        if let Some(closed_for) = turn.answered(&answer) {
            let wait_ms = closed_for.as_millis() as u64;
            warn!(
                wait_ms,
                meta.error = answer.error.map(tracing::field::display),
                meta.trace_id = answer.trace_id.as_ref().map(tracing::field::display),
                "Meta's quota is used up; all requests that need it wait"
            );
        }
        debug!(
            batch.number = place.number,
            batch.rows = batch.rows(),
            batch.is_last = place.is_last,
            outcome = answer.outcome.name(),
            http.status = answer.status,
            meta.error = answer.error.map(tracing::field::display),
            meta.trace_id = answer.trace_id.as_ref().map(tracing::field::display),
            "answer from Meta"
        );
        self.judge(answer, &credentials).await
    }

    /// Every answer is of one request: whether that may be sent again is not said here.
    async fn judge(&self, answer: Answer, credentials: &Credentials) -> Result<Judged, Halt> {
        if let Some(end) = SessionEnd::of(answer.error) {
            return Ok(Judged::Final(Reply::Ended(end)));
        }
        let named = answer.named();
        let unsure = |again| Judged::Unsure {
            again,
            answer: named.clone(),
            told: answer.retry_after,
        };
        let accepted = |invalid, trace_id| Judged::Final(Reply::Accepted { invalid, trace_id });
        Ok(match answer.outcome {
            // What is received is told for the session so far, and not for the batch.
            Outcome::Accepted { .. } => accepted(0, answer.trace_id),
            Outcome::Partial { invalid, .. } => {
                // So is what is invalid; what is new, some batch that is out has brought.
                let before = self.invalid.fetch_max(invalid, Ordering::Relaxed);
                accepted(invalid.saturating_sub(before), answer.trace_id)
            }
            Outcome::BadData | Outcome::TooMany => Judged::Final(Reply::Refused {
                answer: named,
                in_doubt: false,
            }),
            Outcome::Throttled { .. } => Judged::Again,
            Outcome::Auth => {
                self.renew(credentials, named).await?;
                Judged::Again
            }
            Outcome::Configuration => return Err(Stop::Configuration { answer: named }.into()),
            // That another replacement is running is the end of this session, above.
            Outcome::Transient | Outcome::Busy => unsure(Again::Transient),
            Outcome::Unknown => unsure(Again::Unknown),
            Outcome::Unexplained => unsure(Again::Unexplained),
            Outcome::TooLarge => unsure(Again::Whole),
        })
    }

    /// The state of the audience, asked for until there is an answer.
    pub(super) async fn state(&self) -> Result<(AudienceState, Option<bool>), Halt> {
        let mut patience = Patience::new(self.attempts);
        let audience = Audience(self.audience.clone());
        loop {
            let credentials = self.credentials().await?;
            let turn = self
                .or_halted(self.limiter.ready(Cost::Read))
                .await?
                .map_err(Stop::from)?;
            let (answer, found) = self.client.ask(&audience, &credentials).await;
            turn.asked(&answer);
            self.metrics.looked_up(&answer);
            if let Some(found) = found {
                return Ok((found, self.limiter.limited_tier(&answer)));
            }
            match answer.outcome {
                Outcome::Throttled { .. } => {}
                Outcome::Auth => self.renew(&credentials, answer.named()).await?,
                Outcome::Configuration | Outcome::BadData => {
                    let answer = answer.named();
                    return Err(Stop::Configuration { answer }.into());
                }
                Outcome::Transient
                | Outcome::Unknown
                | Outcome::Unexplained
                | Outcome::Busy
                | Outcome::TooLarge
                | Outcome::TooMany
                | Outcome::Accepted { .. }
                | Outcome::Partial { .. } => {
                    match patience.after(Again::Transient, answer.retry_after) {
                        Some(wait) => self.or_halted(sleep(wait)).await?,
                        None => {
                            let (attempts, answer) = (patience.attempts(), answer.named());
                            return Err(Stop::Unavailable { attempts, answer }.into());
                        }
                    }
                }
            }
        }
    }

    /// Whether the audience can be written to, is being replaced, or failed to be.
    pub(super) async fn operation(&self) -> Result<OperationStatus, Halt> {
        let (state, _) = self.state().await?;
        match state.operation() {
            Some(OperationStatus::Blocked) => Err(Halt::Run(RunHalt::AudienceBlocked)),
            Some(known) => Ok(known),
            // Meta leaves out what a token may not see.
            None => Ok(OperationStatus::Unknown),
        }
    }

    pub(super) async fn or_halted<T>(&self, wait: impl Future<Output = T>) -> Result<T, Halt> {
        tokio::select! {
            biased;
            () = self.halt.cancelled() => Err(Halt::Halted),
            waited = wait => Ok(waited),
        }
    }

    async fn credentials(&self) -> Result<Arc<Credentials>, Halt> {
        let found = self.or_halted(self.credentials.get(&self.secret)).await?;
        Ok(found.map_err(Stop::from)?)
    }

    /// The token may have been renewed since it was read: looks once.
    async fn renew(&self, refused: &Credentials, answer: Named) -> Result<(), Halt> {
        let renewed = self.credentials.refresh(&self.secret, refused);
        let renewed = self.or_halted(renewed).await?.map_err(Stop::from)?;
        if renewed.same_secrets_as(refused) {
            let secret = self.secret.clone();
            return Err(Stop::Auth { secret, answer }.into());
        }
        Ok(())
    }
}

fn out_of_patience(kind: Again, attempts: usize, answer: Named) -> Halt {
    let stop = match kind {
        Again::Transient => Stop::Unavailable { attempts, answer },
        Again::Unknown => Stop::Unknown { attempts, answer },
        Again::Whole | Again::Unexplained => Stop::Configuration { answer },
    };
    stop.into()
}
