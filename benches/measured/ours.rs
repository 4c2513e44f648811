//! Our way through the file, whole and in its parts.

use audience_activator::batches::{Batch, BatchBuilder};
use audience_activator::identity::columns::{Columns, Reading};
use audience_activator::identity::key::{Api, Key};
use audience_activator::identity::{
    Context, Digest, Header, IdentifiedRow, Mapping, Outcome, Scratch, Tally, Verdict, normalize,
};
use audience_activator::meta::{
    ActionSource, AudienceMode, Conversions, CustomAudience, DeleteWith, Destination, EventFields,
    EventTime, RowReject,
};
use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use audience_activator::rows::{self, Next, Record, RowOptions, RowReader, Rows};
use time::macros::date;

/// When the file was written, as far as its events say.
pub const EVENT_TIME: i64 = 1_762_902_353;
pub const EVENT_NAME: &str = "Lead";
/// The default of `delivery.max_body_bytes`.
const MAX_BODY_BYTES: usize = 4 * 1024 * 1024;

/// The file's mapping and its destination: what is worked out once for each object.
pub struct Plan {
    pub mapping: Mapping,
    pub destination: Box<dyn Destination>,
}

impl Plan {
    pub fn of_header(api: Api, header: &str) -> Plan {
        let header = Header::new(header.split(','));
        let context = context(api);
        let mapping = Mapping::resolve(&Columns::Auto, &header, context).expect("a good header");
        let destination: Box<dyn Destination> = match api {
            Api::Conversions => Box::new(conversions()),
            Api::CustomAudience => Box::new(CustomAudience::new(
                "4567890123".to_owned(),
                AudienceMode::Add,
                DeleteWith::Body,
                mapping.keys(),
                MAX_BODY_BYTES,
            )),
        };
        Plan {
            mapping,
            destination,
        }
    }

    pub fn builder(&self) -> BatchBuilder {
        BatchBuilder::new(self.destination.envelope(), self.destination.limits())
    }

    pub fn identify(&self, record: &Record, row: &mut IdentifiedRow, tally: &mut Tally) {
        let verdict = self.mapping.identify(|at| record.get(at), row, tally);
        assert_eq!(verdict, Verdict::Keep);
    }

    pub fn write(
        &self,
        record: &Record,
        row: &IdentifiedRow,
        builder: &mut BatchBuilder,
    ) -> Option<Batch> {
        builder
            .push(record.number(), |body| {
                self.destination.write(record, row, body)
            })
            .unwrap_or_else(|reject: RowReject| panic!("{reject:?}"))
    }

    /// Bytes of a file become request bodies: the way of `app/produce.rs`. Gives the
    /// bytes of all bodies.
    pub async fn whole(&self, text: &[u8]) -> usize {
        let mut reader = open(text).await;
        let mut builder = self.builder();
        let (mut record, mut row) = (Record::new(), IdentifiedRow::default());
        let mut tally = Tally::default();
        let mut bytes = 0;
        while reader.next(&mut record).await.expect("rows") == Next::Row {
            self.identify(&record, &mut row, &mut tally);
            let batch = self.write(&record, &row, &mut builder);
            bytes += batch.map_or(0, |batch| batch.body().len());
        }
        bytes + builder.finish().map_or(0, |batch| batch.body().len())
    }
}

fn conversions() -> Conversions {
    let fields = EventFields {
        event_name: EVENT_NAME.to_owned(),
        action_source: ActionSource::SystemGenerated,
        event_time: EventTime::Object,
        event_id: None,
        value: None,
        currency: None,
        order_id: None,
        event_source_url: None,
        app_data: None,
        test_event_code: None,
    };
    let object = ObjectVersion {
        address: ObjectAddress {
            bucket: "cleanroom-activations".to_owned(),
            key: "meta/conversions/part-00000.csv".to_owned(),
            version_id: None,
        },
        etag: "0123456789abcdef0123456789abcdef".to_owned(),
        size: 1,
        last_modified: EVENT_TIME,
    };
    let dataset = "1234567890".to_owned();
    Conversions::new(dataset, fields, &object, MAX_BODY_BYTES, EVENT_TIME).expect("a new object")
}

fn context(api: Api) -> Context {
    Context::new(api, date!(2026 - 11 - 20))
}

pub async fn open(text: &[u8]) -> RowReader<&[u8]> {
    match rows::open(text, RowOptions::default()).await {
        Ok(Rows::Table { reader, .. }) => reader,
        other => panic!("{other:?}"),
    }
}

/// Reads the file and does nothing with its rows but count them.
pub async fn parse(text: &[u8]) -> u64 {
    let mut reader = open(text).await;
    let mut record = Record::new();
    while reader.next(&mut record).await.expect("rows") == Next::Row {}
    record.number()
}

pub async fn records(text: &[u8]) -> Vec<Record> {
    let mut reader = open(text).await;
    let mut record = Record::new();
    let mut records = Vec::new();
    while reader.next(&mut record).await.expect("rows") == Next::Row {
        records.push(record.clone());
    }
    records
}

/// The cells of a key, and what is hashed of them.
pub struct Cells {
    pub key: Key,
    pub raw: Vec<String>,
    pub normalized: Vec<String>,
}

impl Cells {
    pub fn of(key: Key, position: usize, records: &[Record]) -> Cells {
        let raw = records.iter().map(|record| record.get(position).to_owned());
        let mut cells = Cells {
            key,
            raw: raw.collect(),
            normalized: Vec::new(),
        };
        let context = context(Api::Conversions);
        let mut scratch = Scratch::default();
        for raw in &cells.raw {
            let normalized = normalize(key, raw, Reading::default(), &context, &mut scratch);
            assert!(matches!(normalized.outcome, Outcome::Hashed(_)));
            cells.normalized.push(normalized.text.to_owned());
        }
        cells
    }

    /// Of every column of the header.
    pub fn of_all(records: &[Record]) -> Vec<Cells> {
        let names = super::people::HEADER.split(',').enumerate();
        names
            .map(|(position, name)| {
                let key = Key::from_name(name).expect("a key's own name");
                Cells::of(key, position, records)
            })
            .collect()
    }

    /// Normalises, hashing included, which no caller of [`normalize`] can leave out.
    pub fn normalize(&self, scratch: &mut Scratch) {
        let context = context(Api::Conversions);
        for raw in &self.raw {
            let normalized = normalize(self.key, raw, Reading::default(), &context, scratch);
            std::hint::black_box(normalized.outcome);
        }
    }

    pub fn hash(&self) {
        for text in &self.normalized {
            std::hint::black_box(Digest::of(text));
        }
    }
}
