//! One place, asked for all people once.

use futures_util::FutureExt;
use tokio_util::sync::CancellationToken;

use super::naming::{self, Naming};
use super::target::Target;
use super::{Erasure, People};
use crate::app::halt::{Halt, Refusal};
use crate::app::table;
use crate::batches::{Batch, BatchBuilder};
use crate::delivery::{Delivery, DeliveryTally, RefusedRow, Sender};
use crate::identity::columns::Columns;
use crate::identity::key::Key;
use crate::identity::{Header, IdentifiedRow, KeyTally, Tally, Verdict};
use crate::meta::RowReject;
use crate::object::version::ObjectVersion;
use crate::object::{Decompressed, PinnedReader};
use crate::receipts::{Code, ErasureCounts, UnfinishedPerson};
use crate::rows::{Next, Record, RowReader};

pub(super) struct Pass<'p> {
    pub erasure: &'p Erasure<'p>,
    pub target: &'p Target<'p>,
    /// Else what would be sent is only counted.
    pub sends: bool,
    /// Once cancelled no further request goes out.
    pub halt: CancellationToken,
}

type Reader = RowReader<Decompressed<PinnedReader>>;

impl Pass<'_> {
    pub(super) async fn run(&self, counts: &mut ErasureCounts) -> Result<(), Halt> {
        match self.erasure.people {
            People::Values(values) => self.values(values, counts).await,
            People::File { .. } => {
                let (header, mut reader) = self.or_halted(self.open()).await?;
                let routes = &self.target.routes;
                let columns = naming::columns_of_file(routes, &header, self.erasure.country);
                let own = header.own();
                let header = Header::new(header.names().iter().map(String::as_str));
                let naming = self.naming(&columns, &header.of_which_own(own))?;
                let mut work = Work::new(self, naming, counts);
                self.rows(&mut reader, &mut work).await?;
                work.finish().await
            }
        }
    }

    async fn values(
        &self,
        values: &[(Key, String)],
        counts: &mut ErasureCounts,
    ) -> Result<(), Halt> {
        let mut keys: Vec<Key> = values.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys.dedup();
        let columns = naming::columns_of_keys(&self.target.routes, &keys, self.erasure.country);
        let header = Header::new(keys.iter().map(|key| key.name()));
        let mut work = Work::new(self, self.naming(&columns, &header)?, counts);
        let record = Record::default();
        for (number, (key, value)) in (1..).zip(values) {
            let cell = |position: usize| match keys.get(position) {
                Some(found) if found == key => value.as_str(),
                _ => "",
            };
            work.person(number, cell, &record).await?;
        }
        work.finish().await
    }

    async fn rows(&self, reader: &mut Reader, work: &mut Work<'_>) -> Result<(), Halt> {
        let mut record = Record::default();
        loop {
            match self
                .or_halted(reader.next(&mut record).map(|next| Ok(next?)))
                .await?
            {
                Next::End => return Ok(()),
                Next::Fault { row, fault } => {
                    work.counts.people += 1;
                    work.not_named(row, None, fault.code());
                }
                Next::Row => {
                    let cell = |position| record.get(position);
                    work.person(record.number(), cell, &record).await?;
                }
            }
        }
    }

    fn naming(&self, columns: &Columns, header: &Header) -> Result<Naming, Halt> {
        let config = &self.erasure.parts.config;
        Ok(Naming::new(self.target, config, columns, header)?)
    }

    /// The file as its content says, or as it was said to be read.
    async fn open(&self) -> Result<(crate::rows::Header, Reader), Halt> {
        let (
            People::File {
                source,
                address,
                input,
            },
            Some(route),
        ) = (self.erasure.people, self.target.routes.first().copied())
        else {
            return Err(Refusal::Nothing("empty").into());
        };
        let version: ObjectVersion = source.describe(address).await?;
        let mut route = route.clone();
        route.columns = Columns::Auto;
        route.input = input.clone();
        let settings = &self.erasure.parts.config.input;
        let table = table::open(source.clone(), &version, &route, settings, None, |_| ()).await?;
        Ok((table.header, table.reader))
    }

    fn sender(&self, naming: &Naming) -> Option<Sender> {
        let route = self.target.routes.first().filter(|_| self.sends)?;
        let parts = self.erasure.parts;
        let account = self.target.account();
        Some(Sender::new(Delivery {
            client: parts.meta.clone(),
            credentials: parts.credentials.clone(),
            secret: route.credentials.clone(),
            destination: naming.destination.clone(),
            limiter: parts.limiters.of(&route.name, &account, &route.credentials),
            metrics: parts.metrics.clone(),
            attempts: parts.config.delivery.attempts,
            halt: self.halt.clone(),
        }))
    }

    async fn or_halted<T>(&self, step: impl Future<Output = Result<T, Halt>>) -> Result<T, Halt> {
        tokio::select! {
            biased;
            () = self.halt.cancelled() => Err(Halt::Halted),
            done = step => done,
        }
    }
}

/// People on their way into requests.
struct Work<'w> {
    naming: Naming,
    sender: Option<Sender>,
    builder: BatchBuilder,
    row: IdentifiedRow,
    tally: Tally,
    /// Of the keys that columns hold, as they stood after the last person.
    before: Vec<(Key, KeyTally)>,
    refused: Option<RefusedRow>,
    counts: &'w mut ErasureCounts,
}

impl<'w> Work<'w> {
    fn new(pass: &Pass<'_>, naming: Naming, counts: &'w mut ErasureCounts) -> Work<'w> {
        let destination = &naming.destination;
        let keys = naming.mapping.source_keys().into_iter();
        Work {
            sender: pass.sender(&naming),
            builder: BatchBuilder::new(destination.envelope(), destination.limits()),
            row: IdentifiedRow::default(),
            tally: Tally::default(),
            before: keys.map(|key| (key, KeyTally::default())).collect(),
            refused: None,
            counts,
            naming,
        }
    }

    async fn person<'r>(
        &mut self,
        number: u64,
        cell: impl Fn(usize) -> &'r str,
        record: &Record,
    ) -> Result<(), Halt> {
        self.counts.people += 1;
        let mapping = &self.naming.mapping;
        let verdict = mapping.identify(cell, &mut self.row, &mut self.tally);
        let unusable = self.unusable_value();
        let pushed = match verdict {
            Verdict::Keep => self.builder.push(number, |body| {
                self.naming.destination.write(record, &self.row, body)
            }),
            Verdict::Reject(reject) => Err(reject.into()),
            // No erasure has filters.
            Verdict::Filtered => Err(RowReject {
                field: None,
                reason: "filtered",
            }),
        };
        let completed = match pushed {
            Ok(completed) => completed,
            Err(RowReject { field, reason }) => {
                self.not_named(number, field, reason);
                return Ok(());
            }
        };
        self.count_keys();
        if let Some((key, reason)) = unusable {
            self.counts.named_in_part += 1;
            self.counts.list(UnfinishedPerson {
                person: number,
                key: Some(Code::new(key.name())),
                reason: reason.to_owned(),
                in_part: true,
            });
        }
        match completed {
            Some(batch) => self.send(batch).await,
            None => Ok(()),
        }
    }

    async fn finish(mut self) -> Result<(), Halt> {
        let empty = BatchBuilder::new(
            self.naming.destination.envelope(),
            self.naming.destination.limits(),
        );
        if let Some(batch) = std::mem::replace(&mut self.builder, empty).finish() {
            self.send(batch).await?;
        }
        match &self.sender {
            Some(sender) => Ok(sender.conclude(self.counts.sent, self.refused)?),
            None => Ok(()),
        }
    }

    async fn send(&mut self, batch: Batch) -> Result<(), Halt> {
        let Some(sender) = &self.sender else {
            self.counts.entries += batch.entries();
            self.counts.requests += 1;
            return Ok(());
        };
        let tally: DeliveryTally = sender.deliver(batch, &mut false).await?;
        self.counts.sent += tally.rows_accepted;
        self.counts.entries += tally.entries_sent;
        self.counts.invalid += tally.entries_invalid;
        self.counts.requests += tally.requests;
        self.counts.retries += tally.retries;
        self.counts.refused += tally.refused.len() as u64;
        for refused in tally.refused {
            self.refused.get_or_insert(refused);
            self.counts.list(UnfinishedPerson {
                person: refused.row,
                key: None,
                reason: refused.cause.to_string(),
                in_part: false,
            });
        }
        Ok(())
    }

    fn not_named(&mut self, person: u64, key: Option<&'static str>, reason: &'static str) {
        self.counts.not_named += 1;
        self.counts.list(UnfinishedPerson {
            person,
            key: key.map(Code::new),
            reason: reason.to_owned(),
            in_part: false,
        });
    }

    fn count_keys(&mut self) {
        let mut last = None;
        // They come in the order of keys.
        for (key, _) in self.row.iter() {
            if last.replace(key) != Some(key) {
                *self.counts.keys.entry(Code::new(key.name())).or_default() += 1;
            }
        }
    }

    /// The first value of the last person that could not be used, if one could not.
    fn unusable_value(&mut self) -> Option<(Key, &'static str)> {
        let mut found = None;
        for (key, before) in &mut self.before {
            let now = self.tally.of(*key);
            if now.dropped_total() > before.dropped_total() {
                let mut dropped = now.dropped();
                let reason = dropped.find(|(reason, count)| *count > before.dropped_for(*reason));
                found = found.or(reason.map(|(reason, _)| (*key, reason.code())));
                *before = now;
            }
        }
        found
    }
}
