//! What would become of an object, by the very way a delivery takes it, with nothing sent:
//! no credentials are read and Meta is not asked.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::halt::{Halt, Refusal};
use super::plan::Plan;
use super::produce::{Portion, Production};
use super::progress::Progress;
use super::report::Report;
use super::sample_gate::{Blocked, SampleGate};
use super::table;
use crate::batches::Batch;
use crate::config::{Config, Route};
use crate::ledger::{ReadCounts, Watermark};
use crate::object::version::{ObjectAddress, ObjectVersion};
use crate::object::{self, ObjectSource, is_marker};
use crate::receipts::{Receipt, Status};

/// A look at one object.
pub struct Validation<'a> {
    pub source: Arc<dyn ObjectSource>,
    pub config: &'a Config,
    pub route: &'a Route,
    pub address: &'a ObjectAddress,
    /// How old the file is does not matter: it is looked at as if it were written now.
    pub as_new: bool,
    /// Rows that are shown as they would go out.
    pub shown_rows: usize,
    /// No row after these is looked at.
    pub most_rows: u64,
    /// Once cancelled the look ends.
    pub halt: CancellationToken,
    pub progress: Arc<Progress>,
}

/// What was found.
#[derive(Debug)]
pub struct Findings {
    pub verdict: Verdict,
    /// With the counts of a receipt. The rows that would be sent are those withheld.
    pub receipt: Receipt,
    /// How many requests they would take, if Meta takes each the first time.
    pub requests: u64,
    pub entries: u64,
    /// The first request, cut to its first rows; JSON with each row on a line of its own.
    pub payload: Option<String>,
}

/// What a delivery would come to.
#[derive(Debug)]
pub enum Verdict {
    /// Rows would be sent, unless all of them are filtered or rejected.
    Deliverable,
    /// There is nothing in it: no fault.
    Skipped(&'static str),
    /// Nothing would be sent, or nothing more.
    Refused(Refusal),
}

impl Verdict {
    pub fn status(&self) -> Status {
        match self {
            Verdict::Deliverable => Status::Delivered,
            Verdict::Skipped(reason) => Status::Skipped {
                reason: (*reason).into(),
            },
            Verdict::Refused(refusal) => refusal.status(),
        }
    }
}

#[derive(Default)]
struct Requests {
    requests: u64,
    entries: u64,
    first: Option<Batch>,
}

impl Validation<'_> {
    /// Reads the object and says what was found; fails where nothing can be said of it.
    pub async fn run(self) -> Result<Findings, Halt> {
        let halt = self.halt.clone();
        tokio::select! {
            biased;
            // All of it may be dropped.
            () = halt.cancelled() => Err(Halt::Halted),
            found = self.look() => found,
        }
    }

    async fn look(&self) -> Result<Findings, Halt> {
        let version = self.source.describe(self.address).await?;
        let mut report = Report::new(self.route, &version, None);
        let mut requests = Requests::default();
        let ended = match is_marker(&version.address.key, version.size) {
            Some(marker) if !matches!(marker, object::Marker::Empty) => {
                Err(Refusal::Nothing(marker.name()).into())
            }
            _ => self.read(&version, &mut report, &mut requests).await,
        };
        let verdict = match ended {
            Ok(None) => Verdict::Deliverable,
            Ok(Some(Blocked { rejected, of })) => {
                Verdict::Refused(Refusal::Blocked { rejected, of })
            }
            Err(Halt::Refused(Refusal::Nothing(what))) => Verdict::Skipped(what),
            Err(Halt::Refused(refusal)) => Verdict::Refused(refusal),
            Err(halt) => return Err(halt),
        };
        let explanation = match &verdict {
            Verdict::Refused(refusal) => Some(refusal.to_string()),
            Verdict::Deliverable | Verdict::Skipped(_) => None,
        };
        let finished = report.finish(verdict.status(), explanation);
        Ok(Findings {
            receipt: Receipt {
                // Nothing is stored.
                rejects_file: None,
                ..finished.receipt
            },
            verdict,
            requests: requests.requests,
            entries: requests.entries,
            payload: requests
                .first
                .filter(|_| self.shown_rows > 0)
                .map(|batch| batch.first(self.shown_rows).in_lines()),
        })
    }

    /// Gives what would have held everything back.
    async fn read(
        &self,
        version: &ObjectVersion,
        report: &mut Report,
        requests: &mut Requests,
    ) -> Result<Option<Blocked>, Halt> {
        let input = &self.config.input;
        let source = self.source.clone();
        let mut table = table::open(source, version, self.route, input, None, |read| {
            self.progress.begin(version.size, read);
        })
        .await?;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let mut dated = version.clone();
        if self.as_new {
            dated.last_modified = now;
        }
        let plan = Plan::new(
            self.route,
            self.config,
            // Where it is kept is not looked at; without requests nobody misses it.
            Some(""),
            &table.header,
            &dated,
            now,
        )?;
        report.planned(&plan);
        table.follow(&plan)?;
        let gate = SampleGate::new(input.sample_rows as u64, input.max_reject_share);
        let production = Production {
            reader: table.reader,
            mapping: plan.mapping,
            destination: plan.destination,
            gate: gate.that_only_tells(),
            from: Watermark::default(),
            counted: ReadCounts::default(),
            most_rows: self.most_rows,
            metrics: Arc::default(),
            progress: self.progress.clone(),
            halt: self.halt.clone(),
        };
        let (filled, mut portions) = mpsc::channel::<Portion>(1);
        let count = async {
            while let Some(Portion { batch, .. }) = portions.recv().await {
                requests.requests += 1;
                requests.entries += batch.entries();
                requests.first.get_or_insert(batch);
            }
        };
        let ((produced, ended), ()) = tokio::join!(production.run(filled), count);
        let would_block = produced.would_block;
        report.read(produced);
        match (would_block, ended.map_err(Halt::from)) {
            // A delivery would not have come to what is wrong later in the file.
            (blocked, Ok(()) | Err(Halt::Refused(_))) if blocked.is_some() => Ok(blocked),
            (_, Ok(())) => Ok(None),
            (_, Err(halt)) => Err(halt),
        }
    }
}

impl std::fmt::Debug for Validation<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Validation").finish_non_exhaustive()
    }
}
