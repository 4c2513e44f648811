//! Brings one object to Meta, from its event to its receipt.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::dispatch::dispatch;
use super::halt::{Halt, Refusal};
use super::parts::Parts;
use super::plan::Plan;
use super::produce::Production;
use super::progress::Progress;
use super::report::Report;
use super::sample_gate::SampleGate;
use crate::config::Route;
use crate::delivery::{DeliveryTally, Sender, SenderOptions, Stop};
use crate::object::version::{ObjectAddress, ObjectVersion};
use crate::object::{
    self, ObjectError, ReadOptions, ReadProgress, decompress, describe_or_decoded, is_marker,
};
use crate::receipts::{Receipt, Status};
use crate::rows::{self, RowOptions, Rows};

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
    /// Delivered, skipped or superseded, and the receipt is stored.
    Receipted(Box<Receipt>),
    /// A receipt says that this version was delivered before; nothing was sent.
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
        let version = self.describe().await?;
        if let Some(marker) = is_marker(&version.address.key, version.size)
            && !matches!(marker, object::Marker::Empty)
        {
            debug!(marker = marker.name(), "no data");
            return Ok(End::Marker(marker));
        }
        if !self.force && self.replay.is_none() && self.delivered_before(&version).await? {
            info!("delivered before; nothing is sent");
            return Ok(End::AlreadyDelivered);
        }
        let mut report = Report::new(self.route, &version, self.replay.clone());
        match self.deliver(&version, &mut report).await {
            Ok(()) => self.store(report, Status::Delivered, None).await,
            Err(Halt::Object(ObjectError::Overwritten { .. })) => {
                self.store(report, Status::Superseded, None).await
            }
            Err(Halt::Refused(refusal)) => {
                let explanation = Some(refusal.to_string());
                let end = self.store(report, refusal.status(), explanation).await?;
                match refusal {
                    Refusal::Nothing(_) => Ok(end),
                    // The receipt is for people; the message stays, so that a mended
                    // route delivers the object.
                    refusal => Err(Halt::Refused(refusal)),
                }
            }
            Err(halt) => Err(halt),
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

    async fn delivered_before(&self, version: &ObjectVersion) -> Result<bool, Halt> {
        let receipt = self.parts.receipts.get(version, &self.route.name).await?;
        Ok(receipt.is_some_and(|receipt| receipt.status == Status::Delivered))
    }

    async fn deliver(&self, version: &ObjectVersion, report: &mut Report) -> Result<(), Halt> {
        let credentials = self
            .parts
            .credentials
            .get(&self.route.credentials)
            .await
            .map_err(Stop::from)?;
        let input = &self.parts.config.input;
        let reader = object::open(
            self.parts.source.clone(),
            version.clone(),
            ReadOptions {
                window_bytes: input.window_bytes as u64,
                ..ReadOptions::default()
            },
        );
        let read = reader.progress();
        self.progress.begin(version.size, read.clone());
        let _counted = CountReads {
            parts: self.parts,
            read,
        };
        let (_, text) = decompress(reader, u64::MAX).await?;
        let options = RowOptions {
            max_record_bytes: input.max_record_bytes,
            ..RowOptions::default()
        };
        let (header, rows) = match rows::open(text, options).await? {
            Rows::Empty => return Err(Refusal::Nothing("empty").into()),
            Rows::HeaderOnly(_) => return Err(Refusal::Nothing("header_only").into()),
            Rows::Table { header, reader } => (header, reader),
        };
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let plan = Plan::new(
            self.route,
            &self.parts.config,
            &credentials,
            header.names(),
            version,
            now,
        )?;
        report.planned(&plan);

        let sender = Sender::new(
            self.parts.meta.clone(),
            self.parts.credentials.clone(),
            self.route.credentials.clone(),
            plan.destination.clone(),
            self.parts.limiters.of(&plan.account),
            self.parts.metrics.clone(),
            SenderOptions {
                attempts: self.parts.config.delivery.attempts,
            },
            self.halt.clone(),
        );
        let production = Production {
            reader: rows,
            mapping: plan.mapping,
            destination: plan.destination,
            gate: SampleGate::new(input.sample_rows as u64, input.max_reject_share),
            metrics: self.parts.metrics.clone(),
            progress: self.progress.clone(),
            halt: self.halt.clone(),
        };
        let (filled, batches) = mpsc::channel(1);
        let producer = tokio::spawn(production.run(filled));
        let (tally, sent) = dispatch(
            batches,
            Arc::new(sender),
            self.parts.request_slots.clone(),
            self.halt.clone(),
            self.progress.clone(),
        )
        .await;
        let produced = producer.await;
        self.count(&tally);
        report.sent(tally);
        // Why sending stopped comes before why reading did: the second follows from it.
        sent?;
        let (produced, ended) = produced.map_err(|_| Halt::Panicked)?;
        report.read(produced);
        ended.map_err(Halt::from)
    }

    /// The receipt is durable before anything else follows from it.
    async fn store(
        &self,
        report: Report,
        status: Status,
        explanation: Option<String>,
    ) -> Result<End, Halt> {
        let receipt = report.receipt(status, explanation);
        let location = self.parts.receipts.put(&receipt).await?;
        debug!(receipt = %location, "receipt stored");
        Ok(End::Receipted(Box::new(receipt)))
    }

    fn count(&self, tally: &DeliveryTally) {
        let metrics = &self.parts.metrics;
        metrics.rows_accepted.inc_by(tally.rows_accepted);
        metrics.rows_refused.inc_by(tally.refused.len() as u64);
        metrics.entries_invalid.inc_by(tally.entries_invalid);
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
