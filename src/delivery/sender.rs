//! One batch at a time, until each of its rows has a final answer.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use super::alike::Alike;
use super::clock::Clock;
use super::limiter::{AccountLimiter, Cost, LongClosed};
use super::patience::{Again, Patience, may_be_too_large};
use super::tally::{DeliveryTally, RefusedRow};
use crate::batches::Batch;
use crate::credentials::{CredentialStore, Credentials, SecretError, SecretRef};
use crate::meta::{Answer, Client, Destination, ErrorCode, Named, Outcome, RefusalCause, Request};
use crate::telemetry::Metrics;

/// Batches that are cut in two for refused rows, of one object. A file with more
/// bad rows than this finds has a fault that is not its rows'.
const MOST_SPLITS: u32 = 2_000;

/// Why the rest of an object cannot be sent now. Nothing is lost by it: the message
/// stays, and the object is taken up again.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    #[error("Meta does not accept the access token ({answer}): renew it in {secret}; {}", .answer.advice())]
    Auth { secret: SecretRef, answer: Named },
    #[error("Meta refuses the request for its set-up, not its rows ({answer}): {}", .answer.advice())]
    Configuration { answer: Named },
    #[error(
        "Meta refuses one row after the other (the last one with {answer}): the fault must lie in what they have in \
         common; {}", .answer.advice()
    )]
    TooManyRefused { answer: Named },
    #[error(
        "a replacement of the audience is under way ({answer}), and nothing else can be uploaded until it has ended: the rest is sent then"
    )]
    Busy { answer: Named },
    #[error(
        "no answer of Meta's could be understood after {attempts} attempts (the last one: {answer}): the last batch may have arrived"
    )]
    Unknown { attempts: usize, answer: Named },
    #[error(
        "Meta was not able to take the request in {attempts} attempts (the last one: {answer})"
    )]
    Unavailable { attempts: usize, answer: Named },
    #[error(
        "Meta's quota stays used up for longer than delivery.longest_wait_seconds: the rest can be sent when it has recovered"
    )]
    Throttled { until: Instant },
    #[error(
        "the answer to a request was lost, and now its events are too old for Meta ({answer}): whether they arrived nobody can know, and its rows stay \
         unknown"
    )]
    InDoubt { answer: Named },
    #[error(transparent)]
    Credentials(#[from] SecretError),
    /// Told to, by a shutdown, a lost message, or another batch that had to stop.
    #[error("stopped before the next request")]
    Halted,
}

impl From<LongClosed> for Stop {
    fn from(LongClosed { until }: LongClosed) -> Stop {
        Stop::Throttled { until }
    }
}

/// What a [`Sender`] works with.
pub struct Delivery {
    pub client: Client,
    pub credentials: Arc<CredentialStore>,
    pub secret: SecretRef,
    pub destination: Arc<dyn Destination>,
    pub limiter: Arc<AccountLimiter>,
    pub metrics: Arc<Metrics>,
    /// How often one request is tried before its object gives up for now. Waits for
    /// a throttle do not count.
    pub attempts: usize,
    /// Once cancelled no request begins and no wait goes on; those that are out are
    /// waited for.
    pub halt: CancellationToken,
}

/// Sends the batches of one object to one destination. Batches may be delivered
/// at once, through a shared reference.
pub struct Sender {
    with: Delivery,
    splits: AtomicU32,
    alike: Alike,
    /// Of the last row that Meta refused by itself.
    last_refusal: Mutex<Named>,
    /// Once is enough to tell of a fault of ours, and of requests that are sent in halves.
    told_of_our_fault: AtomicBool,
    told_of_size: AtomicBool,
    clock: Clock,
}

impl Sender {
    pub fn new(with: Delivery) -> Sender {
        Sender {
            with,
            splits: AtomicU32::new(0),
            alike: Alike::default(),
            last_refusal: Mutex::default(),
            told_of_our_fault: AtomicBool::new(false),
            told_of_size: AtomicBool::new(false),
            clock: Clock::now(),
        }
    }

    /// Rows of the object were accepted in an earlier attempt.
    pub fn that_goes_on(self) -> Sender {
        self.alike.accepted();
        self
    }

    /// Delivers every row of the batch, in as many requests as that takes.
    ///
    /// Dropping the future in mid-request leaves the rows of that request unknown;
    /// delivering the same batch again sends the same bytes.
    ///
    /// `in_doubt` says whether an earlier attempt may have brought it to Meta; after a stop,
    /// whether that is so now. What is in doubt is only ever sent as it was. Of any other
    /// batch, events that have grown too old meanwhile are refused here.
    pub async fn deliver(&self, batch: Batch, in_doubt: &mut bool) -> Result<DeliveryTally, Stop> {
        let mut tally = DeliveryTally {
            batches: 1,
            ..DeliveryTally::default()
        };
        // Last in, first out, and the left half last: rows keep their order.
        let mut waiting = vec![(batch, *in_doubt)];
        while let Some((batch, mut doubt)) = waiting.pop() {
            let end = self.send(&batch, &mut doubt, &mut tally).await;
            *in_doubt |= doubt;
            match end? {
                Final::Accepted { invalid } => {
                    // Should a later part have to stop, all of it is made again.
                    *in_doubt = true;
                    self.alike.accepted();
                    self.with.metrics.rows_accepted.inc_by(batch.rows());
                    self.with.metrics.entries_invalid.inc_by(invalid);
                    tally.rows_accepted += batch.rows();
                    tally.entries_sent += batch.entries();
                    tally.entries_invalid += invalid;
                }
                Final::TooOld { places } => {
                    self.grew_too_old(&batch, &places, &mut tally);
                    waiting.extend(batch.without(&places).map(|left| (left, doubt)));
                }
                // However often: each half is smaller, and a single row is not cut.
                Final::TooLarge { answer } => {
                    self.tell_of_size(&batch, &answer);
                    match batch.halves() {
                        Some((left, right)) => waiting.extend([(right, doubt), (left, doubt)]),
                        None => return Err(Stop::Configuration { answer }),
                    }
                }
                Final::Refused { answer } => match batch.halves() {
                    Some((left, right)) => {
                        if self.splits.fetch_add(1, Ordering::Relaxed) >= MOST_SPLITS {
                            return Err(Stop::TooManyRefused { answer });
                        }
                        waiting.extend([(right, doubt), (left, doubt)]);
                    }
                    None => {
                        let error = answer.error;
                        self.tell_of_our_fault(&answer);
                        self.with.metrics.rows_refused.inc_by(batch.rows());
                        *self.last_refusal() = answer.clone();
                        if self.alike.refused(error) {
                            return Err(Stop::TooManyRefused { answer });
                        }
                        tally.entries_sent += batch.entries();
                        let cause = RefusalCause::ByMeta(error);
                        let rows = batch.row_numbers();
                        tally
                            .refused
                            .extend(rows.map(|row| RefusedRow { row, cause }));
                    }
                },
            }
        }
        Ok(tally)
    }

    /// Looks at the object as a whole, once every batch has its answer: how many rows were
    /// accepted, and one that was refused. If not one row was accepted, and the error is
    /// none that Meta gives for the content of a row, then it was not the rows that were
    /// refused.
    pub fn conclude(&self, accepted: u64, refused: Option<RefusedRow>) -> Result<(), Stop> {
        match refused {
            Some(RefusedRow {
                cause: RefusalCause::ByMeta(error),
                ..
            }) if accepted == 0 && !error.is_some_and(ErrorCode::blames_a_row) => {
                let last = self.last_refusal().clone();
                // In an earlier attempt, nobody knows its trace id any more.
                let answer = match last.error == error {
                    true => last,
                    false => Named {
                        error,
                        ..Named::default()
                    },
                };
                Err(Stop::TooManyRefused { answer })
            }
            _ => Ok(()),
        }
    }

    /// Sends one request until its answer is final.
    async fn send(
        &self,
        batch: &Batch,
        in_doubt: &mut bool,
        tally: &mut DeliveryTally,
    ) -> Result<Final, Stop> {
        let request = self.with.destination.request(batch);
        let mut patience = Patience::new(self.with.attempts);
        let mut renewed = false;
        loop {
            let credentials = self
                .or_halted(self.with.credentials.get(&self.with.secret))
                .await??;
            let turn = self
                .or_halted(self.with.limiter.ready(Cost::Write))
                .await??;
            // Here, after all the waiting. What is in doubt goes out as it was, and Meta decides.
            if !*in_doubt {
                let places = self.too_old(batch);
                if !places.is_empty() {
                    turn.unused();
                    return Ok(Final::TooOld { places });
                }
            }
            let answer = self.attempt(&request, &credentials, tally).await;
            let closed_for = turn.answered(&answer);
            let outcome = answer.outcome;
            self.log(batch, &answer);
            if let Some(closed_for) = closed_for {
                warn!(
                    wait_ms = closed_for.as_millis() as u64,
                    meta.error = answer.error.map(tracing::field::display),
                    meta.trace_id = answer.trace_id.as_ref().map(tracing::field::display),
                    throttled = matches!(outcome, Outcome::Throttled { .. }),
                    "Meta's quota is used up; all requests that need it wait"
                );
            }
            let named = answer.named();
            let again = match outcome {
                Outcome::Accepted { received } => {
                    return Ok(self.accepted(batch, answer, received, 0, tally));
                }
                Outcome::Partial { received, invalid } => {
                    return Ok(self.accepted(batch, answer, received, invalid, tally));
                }
                // What is refused now may have been taken when it was younger.
                Outcome::BadData
                    if *in_doubt
                        && (answer.error.is_some_and(ErrorCode::is_about_age)
                            || !self.too_old(batch).is_empty()) =>
                {
                    return Err(Stop::InDoubt { answer: named });
                }
                Outcome::BadData => return Ok(Final::Refused { answer: named }),
                Outcome::TooMany if batch.rows() > 1 => {
                    return Ok(Final::TooLarge { answer: named });
                }
                Outcome::Configuration | Outcome::TooMany => {
                    return Err(Stop::Configuration { answer: named });
                }
                Outcome::Busy => return Err(Stop::Busy { answer: named }),
                Outcome::Auth => {
                    // The token may have been renewed since it was read: look once.
                    let now = self
                        .or_halted(
                            self.with
                                .credentials
                                .refresh(&self.with.secret, &credentials),
                        )
                        .await??;
                    if renewed || now.same_secrets_as(&credentials) {
                        return Err(Stop::Auth {
                            secret: self.with.secret.clone(),
                            answer: named,
                        });
                    }
                    renewed = true;
                    None
                }
                Outcome::Throttled { .. } => None,
                Outcome::Unknown => {
                    *in_doubt = true;
                    Some(match self.may_be_too_large(batch, &answer) {
                        true => Again::Whole,
                        false => Again::Unknown,
                    })
                }
                Outcome::Transient if self.may_be_too_large(batch, &answer) => Some(Again::Whole),
                Outcome::Unexplained => Some(Again::Unexplained),
                Outcome::TooLarge if batch.rows() > 1 => Some(Again::Whole),
                Outcome::Transient | Outcome::TooLarge => Some(Again::Transient),
            };
            if let Some(again) = again {
                match patience.after(again, answer.retry_after) {
                    Some(wait) => self.or_halted(sleep(wait)).await?,
                    None => return self.out_of_patience(again, patience.attempts(), named),
                }
            }
            tally.retries += 1;
            self.with.metrics.retries.inc();
        }
    }

    /// Where a repeat makes a difference, only the same request may follow.
    fn may_be_too_large(&self, batch: &Batch, answer: &Answer) -> bool {
        self.with.destination.is_a_set()
            && may_be_too_large(batch, answer.error, answer.retry_after)
    }

    fn out_of_patience(&self, kind: Again, attempts: usize, answer: Named) -> Result<Final, Stop> {
        match kind {
            Again::Transient => Err(Stop::Unavailable { attempts, answer }),
            Again::Unknown => Err(Stop::Unknown { attempts, answer }),
            Again::Whole => Ok(Final::TooLarge { answer }),
            Again::Unexplained => Err(Stop::Configuration { answer }),
        }
    }

    fn too_old(&self, batch: &Batch) -> Vec<usize> {
        self.with
            .destination
            .too_old(batch, self.clock.unix_seconds())
    }

    fn grew_too_old(&self, batch: &Batch, places: &[usize], tally: &mut DeliveryTally) {
        warn!(
            batch.sequence = batch.sequence(),
            rows = places.len(),
            "events grew older than Meta takes them while they waited; their rows are refused"
        );
        self.with.metrics.rows_refused.inc_by(places.len() as u64);
        let rows = batch.row_numbers().enumerate();
        let rows = rows.filter(|(place, _)| places.binary_search(place).is_ok());
        let cause = RefusalCause::TooOld;
        tally
            .refused
            .extend(rows.map(|(_, row)| RefusedRow { row, cause }));
    }

    fn last_refusal(&self) -> std::sync::MutexGuard<'_, Named> {
        // Each change is one assignment.
        self.last_refusal
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_of_size(&self, batch: &Batch, answer: &Named) {
        if !self.told_of_size.swap(true, Ordering::Relaxed) {
            warn!(
                batch.sequence = batch.sequence(),
                batch.rows = batch.rows(),
                batch.bytes = batch.body().len(),
                http.status = answer.status,
                meta.error = answer.error.map(tracing::field::display),
                meta.trace_id = answer.trace_id.as_ref().map(tracing::field::display),
                "a request is sent in halves, since Meta does not take it as a whole; if there are many, lower delivery.max_body_bytes"
            );
        }
    }

    fn tell_of_our_fault(&self, answer: &Named) {
        let is_ours = answer.error.is_some_and(ErrorCode::is_our_fault);
        if is_ours && !self.told_of_our_fault.swap(true, Ordering::Relaxed) {
            error!(
                meta.error = answer.error.map(tracing::field::display),
                meta.trace_id = answer.trace_id.as_ref().map(tracing::field::display),
                "Meta refuses a row for a value that is not hashed, which is a fault of this program: please report it; the row is listed as refused"
            );
        }
    }

    async fn or_halted<T>(&self, wait: impl Future<Output = T>) -> Result<T, Stop> {
        tokio::select! {
            biased;
            () = self.with.halt.cancelled() => Err(Stop::Halted),
            waited = wait => Ok(waited),
        }
    }

    async fn attempt(
        &self,
        request: &Request,
        credentials: &Credentials,
        tally: &mut DeliveryTally,
    ) -> Answer {
        tally.requests += 1;
        let started = Instant::now();
        let in_flight = self.with.metrics.request_in_flight();
        let answer = self.with.client.send(request, credentials).await;
        drop(in_flight);
        self.with.metrics.answered(&answer, started.elapsed());
        answer
    }

    fn accepted(
        &self,
        batch: &Batch,
        answer: Answer,
        received: u64,
        invalid: u64,
        tally: &mut DeliveryTally,
    ) -> Final {
        // Never seen, and no source says when it happens; somebody should know.
        if received != batch.entries() {
            warn!(
                batch.sequence = batch.sequence(),
                entries.sent = batch.entries(),
                entries.received = received,
                meta.trace_id = answer.trace_id.as_ref().map(tracing::field::display),
                "Meta accepted the request but counts another number of entries than it held"
            );
        }
        tally.trace(answer.trace_id);
        Final::Accepted { invalid }
    }

    fn log(&self, batch: &Batch, answer: &Answer) {
        debug!(
            batch.sequence = batch.sequence(),
            batch.rows = batch.rows(),
            outcome = answer.outcome.name(),
            http.status = answer.status,
            meta.error = answer.error.map(tracing::field::display),
            meta.trace_id = answer.trace_id.as_ref().map(tracing::field::display),
            "answer from Meta"
        );
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Delivery")
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sender")
            .field("secret", &self.with.secret)
            .finish_non_exhaustive()
    }
}

/// An answer after which the request is not sent again.
enum Final {
    Accepted {
        invalid: u64,
    },
    /// For something in its rows: if it holds several, each half may still pass.
    Refused {
        answer: Named,
    },
    /// Of several rows, which may pass in smaller requests.
    TooLarge {
        answer: Named,
    },
    /// It was not sent: the rows at these places are not to be sent any more.
    TooOld {
        places: Vec<usize>,
    },
}

#[cfg(test)]
mod tests;
