//! One attempt at an object that this worker has claimed: from wherever earlier attempts
//! came to, to its end or to what stops it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, info};

use super::activation::{Activation, End};
use super::conclude::Conclusion;
use super::dispatch::Dispatch;
use super::halt::{Halt, Refusal};
use super::plan::Plan;
use super::preflight::before_sending;
use super::produce::Production;
use super::replace::Way;
use super::report::Report;
use super::sample_gate::SampleGate;
use super::table::{self, Table};
use crate::credentials::Credentials;
use crate::delivery::{AccountLimiter, Delivery, Sender};
use crate::identity::key::Key;
use crate::ledger::{Claimed, Entry, Keeper};
use crate::object::ReadProgress;
use crate::object::version::ObjectVersion;
use crate::receipts::Attempts;
use crate::rows::Position;

pub(super) struct Attempt<'a> {
    pub activation: &'a Activation<'a>,
    pub version: ObjectVersion,
    /// As it was claimed.
    pub entry: Entry,
    pub keeper: Arc<Keeper>,
    /// Cancelled with the activation's, and when the object is lost.
    halt: CancellationToken,
    route_changed: bool,
    began: Instant,
}

impl<'a> Attempt<'a> {
    pub(super) fn begin(
        activation: &'a Activation<'a>,
        mut version: ObjectVersion,
        claimed: Claimed,
    ) -> Attempt<'a> {
        let halt = activation.halt.child_token();
        let entry = claimed.entry.clone();
        // Whatever comes of it, it was claimed; how it ends may not be recorded.
        activation.progress.tried_in_vain(entry.attempts.in_vain);
        // Where the same bytes were written again in between, their events keep the time
        // that the first attempt gave them.
        version.last_modified = entry.object.last_modified.moment().unix_timestamp();
        let route_changed = claimed.route_changed;
        let ledger = activation.parts.ledger.clone();
        let keeper = Keeper::start(claimed, ledger, halt.clone());
        Attempt {
            activation,
            version,
            entry,
            keeper: Arc::new(keeper),
            halt,
            route_changed,
            began: Instant::now(),
        }
    }

    pub(super) async fn run(self, credentials: &Credentials) -> Result<End, Halt> {
        let progress = &self.entry.progress;
        let mut report = Report::new(
            self.activation.route,
            &self.version,
            self.entry.replay.clone(),
        );
        if self.entry.attempts.total > 1 {
            report.attempted(Attempts {
                total: self.entry.attempts.total,
                rows_before: progress.watermark.position.rows,
                restarted: progress.restarted.clone(),
            });
        }
        let mut limiter = None;
        let ended = if self.is_poison() {
            Err(Halt::NoProgress)
        } else {
            let delivered = self.deliver(credentials, &mut report, &mut limiter).await;
            // Whatever stopped then, it stopped because of this.
            match self.keeper.lost() {
                Some(lost) => Err(Halt::Lost(lost)),
                None => delivered,
            }
        };
        let others_went_through =
            limiter.is_some_and(|limiter| limiter.went_through_since(self.began));
        let conclusion = Conclusion {
            attempt: &self,
            others_went_through,
        };
        conclusion.of(ended, report).await
    }

    /// The attempts before it have all ended without a word, and without progress.
    fn is_poison(&self) -> bool {
        let most = self
            .activation
            .parts
            .config
            .ledger
            .attempts_without_progress;
        self.activation.may_quarantine && self.entry.attempts.without_progress as usize > most
    }

    async fn deliver(
        &self,
        credentials: &Credentials,
        report: &mut Report,
        limiter: &mut Option<Arc<AccountLimiter>>,
    ) -> Result<(), Halt> {
        if self.route_changed {
            return Err(Refusal::RouteChanged.into());
        }
        let Activation { parts, route, .. } = self.activation;
        let progress = &self.entry.progress;
        let goes_on = progress.answered.batches > 0;
        let at = (progress.watermark.batches > 0).then_some(progress.watermark.position);
        let mut table = self.or_halted(self.open(at)).await?;
        let plan = Plan::new(
            route,
            &parts.config,
            credentials.pixel_id.as_deref(),
            &table.header,
            &self.version,
            self.entry.judged_at,
        )?;
        report.planned(&plan);
        table.follow(&plan)?;
        let has_values = plan.mapping.keys().contains(&Key::LookalikeValue);
        self.or_halted(before_sending(parts, route, has_values))
            .await?;
        if goes_on {
            info!(
                rows.before = progress.watermark.position.rows,
                rows.accepted = progress.answered.rows_accepted,
                attempts = self.entry.attempts.total,
                "going on where an earlier attempt came to"
            );
            parts.metrics.objects_resumed.inc();
        }
        self.activation.progress.go_on(
            progress.watermark.position.rows,
            progress.answered.rows_accepted,
        );

        let limiters = &parts.limiters;
        let account = limiters.of(&route.name, &plan.account, &route.credentials);
        *limiter = Some(account.clone());
        let sender = Sender::new(Delivery {
            client: parts.meta.clone(),
            credentials: parts.credentials.clone(),
            secret: route.credentials.clone(),
            destination: plan.destination.clone(),
            limiter: account,
            metrics: parts.metrics.clone(),
            attempts: parts.config.delivery.attempts,
            halt: self.halt.clone(),
        });
        let sender = if progress.answered.rows_accepted > 0 {
            sender.that_goes_on()
        } else {
            sender
        };
        let input = &parts.config.input;
        let gate = SampleGate::new(input.sample_rows as u64, input.max_reject_share);
        let production = Production {
            reader: table.reader,
            mapping: plan.mapping,
            destination: plan.destination,
            gate: if goes_on {
                gate.that_has_opened()
            } else {
                gate
            },
            from: progress.watermark,
            counted: progress.read.clone(),
            most_rows: u64::MAX,
            metrics: parts.metrics.clone(),
            progress: self.activation.progress.clone(),
            halt: self.halt.clone(),
        };
        let (filled, portions) = mpsc::channel(1);
        let production = production.run(filled).in_current_span();
        // It ends with this future at the latest: where sending had to stop, nobody
        // waits for the bytes that it waits for.
        let producer = AbortOnDropHandle::new(tokio::spawn(production));
        let dispatch = Dispatch {
            way: Arc::new(Way::Each(Box::new(sender))),
            keeper: self.keeper.clone(),
            slots: parts.batch_slots.of_object(),
            halt: self.halt.clone(),
            accepted_before: progress.answered.rows_accepted,
            accepted: |rows| self.accepted(rows),
        };
        // Why sending stopped comes before why reading did: the second follows from it.
        dispatch.run(portions).await?;
        let (produced, ended) = producer.await.map_err(|_| Halt::Panicked)?;
        report.read(produced);
        ended.map_err(Halt::from)
    }

    async fn or_halted<T>(&self, step: impl Future<Output = Result<T, Halt>>) -> Result<T, Halt> {
        tokio::select! {
            biased;
            () = self.halt.cancelled() => Err(Halt::Halted),
            done = step => done,
        }
    }

    async fn open(&self, at: Option<Position>) -> Result<Table<CountReads<'_>>, Halt> {
        let Activation {
            parts,
            route,
            progress,
            ..
        } = self.activation;
        let version = &self.version;
        let input = &parts.config.input;
        table::open(parts.source.clone(), version, route, input, at, |read| {
            progress.begin(version.size, read.clone());
            CountReads {
                attempt: self,
                read,
            }
        })
        .await
    }

    fn accepted(&self, rows: u64) {
        let Activation {
            parts,
            route,
            progress,
            ..
        } = self.activation;
        progress.rows_accepted.fetch_add(rows, Ordering::Relaxed);
        parts.route_goes_on(&route.name);
    }
}

/// Adds up what was read, however the work on the object ends.
struct CountReads<'a> {
    attempt: &'a Attempt<'a>,
    read: Arc<ReadProgress>,
}

impl Drop for CountReads<'_> {
    fn drop(&mut self) {
        let metrics = &self.attempt.activation.parts.metrics;
        metrics.bytes_read.inc_by(self.read.bytes());
        metrics.read_resumes.inc_by(self.read.resumes());
    }
}
