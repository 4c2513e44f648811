//! One object of a run on its way. Its own entry in the ledger says how far it has come in
//! the session at hand; what it says of another session is nothing.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument;

use super::batches::Way;
use crate::app::activation::Activation;
use crate::app::batch_slots::ObjectSlots;
use crate::app::conclude::{listed, store};
use crate::app::dispatch::Dispatch;
use crate::app::halt::{Halt, Refusal};
use crate::app::plan::Plan;
use crate::app::produce::Production;
use crate::app::report::Report;
use crate::app::sample_gate::SampleGate;
use crate::app::table;
use crate::ledger::{
    ChangedRoute, Claim, Claimant, Claimed, Ending, Entry, Found, Keeper, RunPart, State, Wanted,
    remove_segments,
};
use crate::meta::Destination;
use crate::object::ObjectError;
use crate::object::version::{ObjectAddress, ObjectVersion};
use crate::receipts::{ObjectDescription, Receipt, Status};

pub(super) struct Part<'a> {
    pub activation: &'a Activation<'a>,
    pub part: &'a RunPart,
    /// Of the route and the session: what was acknowledged under another one is not in
    /// this session.
    pub fingerprint: String,
    pub halt: CancellationToken,
}

/// The version that was pinned.
pub(super) fn version_of(object: &ObjectDescription) -> ObjectVersion {
    ObjectVersion {
        address: ObjectAddress {
            bucket: object.bucket.clone(),
            key: object.key.clone(),
            version_id: object.version_id.clone(),
        },
        etag: object.etag.clone(),
        size: object.size,
        last_modified: object.last_modified.moment().unix_timestamp(),
    }
}

impl Part<'_> {
    /// What the ledger says of it, where that is of this session.
    pub(super) async fn found(&self) -> Result<Option<Found>, Halt> {
        let ledger = &*self.activation.parts.ledger;
        let version = version_of(&self.part.object);
        Ok(ledger.get(&version, &self.activation.route.name).await?)
    }

    pub(super) fn is_of_session(&self, entry: &Entry) -> bool {
        entry.fingerprint == self.fingerprint
    }

    /// Whether nothing of it is left to send.
    pub(super) fn is_through(&self, entry: &Entry) -> bool {
        self.is_of_session(entry) && (entry.is_sent() || self.is_done(entry))
    }

    fn is_done(&self, entry: &Entry) -> bool {
        self.is_of_session(entry) && entry.state == State::Done
    }

    /// Nobody but who holds the run claims its objects, whatever lease an entry shows.
    async fn claim(&self, found: Option<Found>) -> Result<Claimed, Halt> {
        let parts = self.activation.parts;
        let version = version_of(&self.part.object);
        let owner = parts.next_owner();
        let goes_on = found
            .as_ref()
            .is_some_and(|found| self.is_of_session(&found.entry));
        let claimant = Claimant {
            object: &version,
            route: &self.activation.route.name,
            owner: &owner,
            wanted: if goes_on {
                Wanted::Delivery
            } else {
                Wanted::Again
            },
            lease: parts.config.ledger.lease,
            fingerprint: &self.fingerprint,
            changed_route: ChangedRoute::Restart,
        };
        match claimant.claim(&*parts.ledger, found.map(Box::new)).await? {
            Claim::Held(claimed) => Ok(*claimed),
            Claim::Busy { lease } => Err(Halt::Busy { lease }),
            // Somebody else writes the entries of this run.
            Claim::Done => Err(Halt::Busy {
                lease: parts.config.ledger.lease,
            }),
        }
    }

    /// Sends what is left of it.
    pub(super) async fn deliver(
        &self,
        found: Option<Found>,
        way: impl FnOnce(Arc<dyn Destination>) -> Way,
        slots: ObjectSlots,
    ) -> Result<(), Halt> {
        let Activation {
            parts,
            route,
            progress: board,
            ..
        } = self.activation;
        let claimed = self.claim(found).await?;
        let progress = claimed.entry.progress.clone();
        let halt = self.halt.child_token();
        let keeper = Keeper::start(claimed, parts.ledger.clone(), halt.clone());
        let keeper = Arc::new(keeper);
        let version = version_of(&self.part.object);
        let at = (progress.watermark.batches > 0).then_some(progress.watermark.position);
        let config = &parts.config;
        let source = parts.source.clone();
        let open = table::open(source, &version, route, &config.input, at, |_| ());
        let mut table = self.activation.or_halted(open).await?;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let plan = Plan::new(route, config, None, &table.header, &version, now)?;
        table.follow(&plan)?;
        let input = &config.input;
        let gate = SampleGate::new(input.sample_rows as u64, input.max_reject_share);
        let way = way(plan.destination.clone());
        let production = Production {
            reader: table.reader,
            mapping: plan.mapping,
            destination: plan.destination,
            gate: gate.that_has_opened(),
            from: progress.watermark,
            counted: progress.read.clone(),
            most_rows: u64::MAX,
            metrics: parts.metrics.clone(),
            progress: board.clone(),
            halt: halt.clone(),
        };
        let (filled, portions) = mpsc::channel(1);
        let production = production.run(filled).in_current_span();
        let producer = AbortOnDropHandle::new(tokio::spawn(production));
        let dispatch = Dispatch {
            way: Arc::new(way),
            keeper: keeper.clone(),
            slots,
            halt,
            accepted_before: progress.answered.rows_accepted,
            accepted: |rows| self.accepted(rows),
        };
        let sent = async {
            dispatch.run(portions).await?;
            let (produced, ended) = producer.await.map_err(|_| Halt::Panicked)?;
            ended?;
            Ok::<_, Halt>(produced)
        };
        let produced = match (sent.await, keeper.lost()) {
            // Whatever stopped then, it stopped because of this.
            (_, Some(lost)) => return Err(Halt::Lost(lost)),
            (sent, None) => sent?,
        };
        // It was looked at before: other numbers of batches would be other rows.
        if keeper.entry().await?.progress.watermark.batches != self.part.batches {
            return Err(Refusal::OtherBatches.into());
        }
        let ending = Ending::Sent {
            read: Box::new(produced.counts),
            rejects: produced.rejects.finish(),
        };
        keeper.end(ending).await?;
        Ok(())
    }

    fn accepted(&self, rows: u64) {
        let Activation {
            parts,
            route,
            progress,
            ..
        } = self.activation;
        progress
            .rows_accepted
            .fetch_add(rows, std::sync::atomic::Ordering::Relaxed);
        parts.route_goes_on(&route.name);
    }

    /// Stores its receipt, and then says in the ledger that it is done. Gives the receipt,
    /// also where an earlier attempt has stored it.
    pub(super) async fn conclude(&self, replay: Option<String>) -> Result<Receipt, Halt> {
        let Activation { parts, route, .. } = self.activation;
        let version = version_of(&self.part.object);
        let found = self.found().await?;
        if found
            .as_ref()
            .is_some_and(|found| self.is_done(&found.entry))
            && let Some(receipt) = parts.receipts.get(&version, &route.name).await?
        {
            return Ok(receipt);
        }
        let mut report = Report::new(route, &version, replay);
        let status = match &self.part.nothing {
            Some(reason) => Status::Skipped {
                reason: reason.clone(),
            },
            None => {
                let input = &parts.config.input;
                let source = parts.source.clone();
                let open = table::open(source, &version, route, input, None, |_| ());
                match self.activation.or_halted(open).await {
                    Ok(table) => {
                        let now = OffsetDateTime::now_utc().unix_timestamp();
                        let plan =
                            Plan::new(route, &parts.config, None, &table.header, &version, now)?;
                        report.planned(&plan);
                    }
                    Err(halt @ (Halt::Halted | Halt::Object(ObjectError::Transient { .. }))) => {
                        return Err(halt);
                    }
                    // What it was made of is gone by now, and it is delivered all the same.
                    Err(_) => {}
                }
                Status::Delivered
            }
        };
        let claimed = match found {
            // Not claimed once more: that it is sent must not be lost on the way.
            Some(found) if self.is_of_session(&found.entry) => Claimed {
                entry: found.entry,
                tag: found.tag,
                since: Instant::now(),
                route_changed: false,
            },
            found => self.claim(found).await?,
        };
        let halt = self.halt.child_token();
        let keeper = Keeper::start(claimed, parts.ledger.clone(), halt);
        let entry = keeper.entry().await?;
        report.recorded(&entry, listed(&*parts.ledger, &entry).await?);
        let finished = report.finish(status, None);
        let receipt = store(&*parts.receipts, &version, finished).await?;
        let named = entry.progress.rejects.names;
        let entry = keeper.end(Ending::Done).await?;
        remove_segments(&*parts.ledger, &entry, &named).await;
        Ok(receipt)
    }
}
