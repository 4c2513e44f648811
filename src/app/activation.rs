//! Brings one object to Meta, from its event to its receipt.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, debug, info};

use super::dispatch::dispatch;
use super::halt::{Halt, Refusal};
use super::parts::Parts;
use super::plan::Plan;
use super::produce::Production;
use super::progress::Progress;
use super::report::{Finished, Report};
use super::sample_gate::SampleGate;
use super::table::{self, Table};
use crate::config::Route;
use crate::credentials::Credentials;
use crate::delivery::{Delivery, Sender, Stop};
use crate::object::version::{ObjectAddress, ObjectVersion};
use crate::object::{self, ObjectError, ReadProgress, describe_or_decoded, is_marker};
use crate::receipts::{Receipt, Status};

/// The work on one object.
#[derive(Debug)]
pub struct Activation<'a> {
    pub parts: &'a Parts,
    pub route: &'a Route,
    pub address: &'a ObjectAddress,
    /// The event came by EventBridge, and its key looks encoded all the same.
    pub key_may_be_encoded: bool,
    /// The event was replayed on purpose, under this name.
    pub replay: Option<String>,
    /// Send even what was delivered before, with the same event ids.
    pub force: bool,
    /// Once cancelled no further request goes out.
    pub halt: CancellationToken,
    pub progress: Arc<Progress>,
}

/// The object is through; its message may be deleted.
#[derive(Debug)]
pub enum End {
    /// Delivered, skipped or superseded, and a receipt is stored: this one, unless
    /// there is one of a delivery, which no other replaces.
    Receipted(Box<Receipt>),
    /// A receipt says that this version was delivered before; nothing was sent. With
    /// a replay, that it was delivered by this very replay.
    AlreadyDelivered,
    /// No data at all, such as `_SUCCESS`; nothing is stored.
    Marker(object::Marker),
}

impl End {
    /// The name as a metric's label.
    pub const fn status(&self) -> &'static str {
        match self {
            End::Receipted(receipt) => receipt.status.name(),
            End::AlreadyDelivered => "already_delivered",
            End::Marker(marker) => marker.name(),
        }
    }
}

impl Activation<'_> {
    /// Works until the object is through or cannot go on now.
    ///
    /// Dropping the future stops in mid-request: what was out is unknown, and the next
    /// attempt sends the same bytes again.
    pub async fn run(self) -> Result<End, Halt> {
        let version = self.or_halted(self.describe()).await?;
        if let Some(marker) = is_marker(&version.address.key, version.size)
            && !matches!(marker, object::Marker::Empty)
        {
            debug!(marker = marker.name(), "no data");
            return Ok(End::Marker(marker));
        }
        let delivery = self.or_halted(self.delivery_of(&version)).await?;
        if delivery
            .as_ref()
            .is_some_and(|receipt| self.is_done(receipt))
        {
            info!("delivered before; nothing is sent");
            return Ok(End::AlreadyDelivered);
        }
        let mut report = Report::new(self.route, &version, self.replay.clone());
        let refusal = match self.deliver(&version, &mut report).await {
            Ok(()) => {
                let finished = report.finish(Status::Delivered, None);
                return self.store(finished).await;
            }
            Err(Halt::Object(ObjectError::Overwritten { .. })) => None,
            Err(Halt::Refused(refusal)) => Some(refusal),
            Err(halt) => return Err(halt),
        };
        let status = refusal.as_ref().map_or(Status::Superseded, Refusal::status);
        let finished = report.finish(status, refusal.as_ref().map(Refusal::to_string));
        let end = match delivery {
            None => self.store(finished).await?,
            // It was sent again on purpose. That this failed does not unmake the
            // delivery, and the proof of it stays, with the rejects that it names.
            Some(_) => End::Receipted(Box::new(Receipt {
                rejects_file: None,
                ..finished.receipt
            })),
        };
        match refusal {
            None | Some(Refusal::Nothing(_)) => Ok(end),
            // The receipt is for people; the message stays, so that a mended route
            // delivers the object.
            Some(refusal) => Err(Halt::Refused(refusal)),
        }
    }

    /// For steps before anything is sent, all of which may be dropped.
    async fn or_halted<T>(&self, step: impl Future<Output = Result<T, Halt>>) -> Result<T, Halt> {
        tokio::select! {
            biased;
            () = self.halt.cancelled() => Err(Halt::Halted),
            done = step => done,
        }
    }

    async fn describe(&self) -> Result<ObjectVersion, Halt> {
        if !self.key_may_be_encoded {
            return Ok(self.parts.source.describe(self.address).await?);
        }
        let (version, decoded) = describe_or_decoded(&*self.parts.source, self.address).await?;
        if decoded {
            self.parts.metrics.keys_decoded.inc();
        }
        Ok(version)
    }

    /// The receipt of a delivery of this version, if there was one.
    async fn delivery_of(&self, version: &ObjectVersion) -> Result<Option<Receipt>, Halt> {
        let receipt = self.parts.receipts.get(version, &self.route.name).await?;
        Ok(receipt.filter(|receipt| receipt.status == Status::Delivered))
    }

    /// A replay asks for one more delivery, not for one with each copy of its message.
    fn is_done(&self, delivery: &Receipt) -> bool {
        !self.force && (self.replay.is_none() || self.replay == delivery.replay)
    }

    async fn deliver(&self, version: &ObjectVersion, report: &mut Report) -> Result<(), Halt> {
        let (credentials, mut table) = self.or_halted(self.open(version)).await?;
        let plan = Plan::new(
            self.route,
            &self.parts.config,
            credentials.pixel_id.as_deref(),
            &table.header,
            version,
            OffsetDateTime::now_utc().unix_timestamp(),
        )?;
        report.planned(&plan);
        table.follow(&plan)?;

        let sender = Sender::new(Delivery {
            client: self.parts.meta.clone(),
            credentials: self.parts.credentials.clone(),
            secret: self.route.credentials.clone(),
            destination: plan.destination.clone(),
            limiter: self.parts.limiters.of(&plan.account),
            metrics: self.parts.metrics.clone(),
            attempts: self.parts.config.delivery.attempts,
            halt: self.halt.clone(),
        });
        let input = &self.parts.config.input;
        let production = Production {
            reader: table.reader,
            mapping: plan.mapping,
            destination: plan.destination,
            gate: SampleGate::new(input.sample_rows as u64, input.max_reject_share),
            most_rows: u64::MAX,
            metrics: self.parts.metrics.clone(),
            progress: self.progress.clone(),
            halt: self.halt.clone(),
        };
        let (filled, batches) = mpsc::channel(1);
        let production = production.run(filled).in_current_span();
        // It ends with this future at the latest: where sending had to stop, nobody
        // waits for the bytes that it waits for.
        let producer = AbortOnDropHandle::new(tokio::spawn(production));
        let (tally, sent) = dispatch(
            batches,
            Arc::new(sender),
            self.parts.batch_slots.of_object(),
            self.halt.clone(),
            |rows| self.accepted(rows),
        )
        .await;
        report.sent(tally);
        // Why sending stopped comes before why reading did: the second follows from it.
        sent?;
        let (produced, ended) = producer.await.map_err(|_| Halt::Panicked)?;
        report.read(produced);
        ended.map_err(Halt::from)
    }

    /// What is needed before the first row.
    async fn open(
        &self,
        version: &ObjectVersion,
    ) -> Result<(Arc<Credentials>, Table<CountReads<'_>>), Halt> {
        let secret = &self.route.credentials;
        let credentials = self.parts.credentials.get(secret).await;
        let credentials = credentials.map_err(Stop::from)?;
        let table = table::open(
            self.parts.source.clone(),
            version,
            self.route,
            &self.parts.config.input,
            |read| {
                self.progress.begin(version.size, read.clone());
                CountReads {
                    parts: self.parts,
                    read,
                }
            },
        )
        .await?;
        Ok((credentials, table))
    }

    fn accepted(&self, rows: u64) {
        self.progress
            .rows_accepted
            .fetch_add(rows, Ordering::Relaxed);
        self.parts.route_goes_on(&self.route.name);
    }

    /// The receipt is durable before anything else follows from it, and the file that it
    /// names before the receipt.
    async fn store(&self, finished: Finished) -> Result<End, Halt> {
        let Finished { receipt, rejects } = finished;
        if let Some(list) = rejects {
            let location = self.parts.receipts.put_rejects(&receipt, list).await?;
            debug!(rejects = %location, "list of rejects stored");
        }
        let location = self.parts.receipts.put(&receipt).await?;
        debug!(receipt = %location, "receipt stored");
        Ok(End::Receipted(Box::new(receipt)))
    }
}

/// Adds up what was read, however the work on the object ends.
struct CountReads<'a> {
    parts: &'a Parts,
    read: Arc<ReadProgress>,
}

impl Drop for CountReads<'_> {
    fn drop(&mut self) {
        self.parts.metrics.bytes_read.inc_by(self.read.bytes());
        self.parts.metrics.read_resumes.inc_by(self.read.resumes());
    }
}
