//! One look at all objects of a run before anything is sent: whether each is readable to
//! its end and fits the route, and how many requests they make together. So a fault in the
//! last object can never leave half a list.

use std::sync::Arc;

use time::OffsetDateTime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::halt::RunRefusal;
use crate::app::activation::Activation;
use crate::app::halt::{Halt, Refusal};
use crate::app::plan::Plan;
use crate::app::produce::{Portion, Production};
use crate::app::sample_gate::SampleGate;
use crate::app::table;
use crate::batches::Batch;
use crate::identity::key::Key;
use crate::ledger::{ReadCounts, RunPart, Watermark};
use crate::object::version::ObjectVersion;
use crate::receipts::Code;

pub(super) struct Survey<'a> {
    pub activation: &'a Activation<'a>,
    pub halt: CancellationToken,
}

/// What one object holds.
#[derive(Debug)]
pub(super) struct Surveyed {
    pub part: RunPart,
    pub rejected: u64,
    /// Rows that no filter leaves out.
    pub meant: u64,
    /// What its rows may hold; none where there are no rows.
    pub keys: Option<Vec<Key>>,
}

impl Survey<'_> {
    /// Reads this version to its end.
    pub(super) async fn look(&self, version: &ObjectVersion) -> Result<Surveyed, Halt> {
        let in_this_part = |halt| match halt {
            Halt::Refused(refusal) => Halt::Refused(Refusal::Run(RunRefusal::Part {
                key: version.address.key.clone(),
                refusal: Box::new(refusal),
            })),
            other => other,
        };
        match self.read(version).await {
            Err(Halt::Refused(Refusal::Nothing(what))) => Ok(Surveyed {
                part: RunPart {
                    object: version.into(),
                    rows: 0,
                    batches: 0,
                    nothing: Some(Code::new(what)),
                },
                rejected: 0,
                meant: 0,
                keys: None,
            }),
            read => read.map_err(in_this_part),
        }
    }

    /// The first request that this version makes, as every attempt makes it.
    pub(super) async fn first_batch(&self, version: &ObjectVersion) -> Result<Batch, Halt> {
        let (production, _) = self.open(version).await?;
        let (filled, mut portions) = mpsc::channel::<Portion>(1);
        let production = production.run(filled);
        tokio::pin!(production);
        let first = tokio::select! {
            biased;
            first = portions.recv() => first,
            (_, ended) = &mut production => {
                ended?;
                portions.recv().await
            }
        };
        let first = first.ok_or(Refusal::OtherBatches)?;
        Ok(first.batch)
    }

    /// Ready to read it, and what its rows may hold.
    async fn open(&self, version: &ObjectVersion) -> Result<(Production, Vec<Key>), Halt> {
        let parts = self.activation.parts;
        let (route, config) = (self.activation.route, &parts.config);
        let source = parts.source.clone();
        let open = table::open(source, version, route, &config.input, None, |_| ());
        let mut table = self.activation.or_halted(open).await?;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let plan = Plan::new(route, config, None, &table.header, version, now)?;
        table.follow(&plan)?;
        let keys = plan.mapping.keys();
        let input = &config.input;
        let gate = SampleGate::new(input.sample_rows as u64, input.max_reject_share);
        let production = Production {
            reader: table.reader,
            mapping: plan.mapping,
            destination: plan.destination,
            gate: gate.that_has_opened(),
            from: Watermark::default(),
            counted: ReadCounts::default(),
            most_rows: u64::MAX,
            // Counted when they are sent.
            metrics: Arc::default(),
            progress: Arc::default(),
            halt: self.halt.clone(),
        };
        Ok((production, keys))
    }

    async fn read(&self, version: &ObjectVersion) -> Result<Surveyed, Halt> {
        let (production, keys) = self.open(version).await?;
        let (filled, mut portions) = mpsc::channel::<Portion>(1);
        let count = async {
            let (mut batches, mut rows) = (0, 0);
            while let Some(Portion { batch, .. }) = portions.recv().await {
                batches += 1;
                rows += batch.rows();
            }
            (batches, rows)
        };
        let ((produced, ended), (batches, rows)) = tokio::join!(production.run(filled), count);
        ended?;
        let counts = produced.counts;
        Ok(Surveyed {
            part: RunPart {
                object: version.into(),
                rows,
                batches,
                nothing: None,
            },
            rejected: counts.rejects.total(),
            meant: counts.rows_read - counts.rows_filtered,
            keys: Some(keys),
        })
    }
}
