//! A whole file on its way to request bodies, for both destinations.

use std::collections::BTreeSet;

use audience_activator::batches::{Batch, BatchBuilder};
use audience_activator::identity::columns::Columns;
use audience_activator::identity::key::{Api, Key};
use audience_activator::identity::{
    Context, EventField, Header, IdentifiedRow, Mapping, Tally, Verdict,
};
use audience_activator::meta::{
    ActionSource, AudienceMode, Conversions, CustomAudience, DeleteWith, Destination, EventFields,
    EventTime, FieldSource, RowReject,
};
use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use audience_activator::rows::{self, Next, Record, RowOptions, RowReader, Rows};
use serde_json::Value;
use time::macros::date;

use crate::bytes::{Choices, block_on};

const WRITTEN: i64 = 1_762_902_353;
const MAX_RECORD_BYTES: usize = 4096;
const MAX_BODY_BYTES: usize = 16 * 1024;

/// Every row of any file is sent once, filtered or rejected, and every body is the JSON
/// that Meta documents.
pub fn file(data: &[u8]) {
    let mut choices = Choices::of(data);
    let api = choices.of_list(&[Api::Conversions, Api::CustomAudience]);
    block_on(whole(api, choices.rest()));
}

async fn whole(api: Api, text: &[u8]) {
    let options = RowOptions {
        max_record_bytes: MAX_RECORD_BYTES,
        ..RowOptions::default()
    };
    let Ok(Rows::Table { header, mut reader }) = rows::open(text, options).await else {
        return;
    };
    let header = Header::new(header.names().iter().map(String::as_str));
    let context = Context::new(api, date!(2026 - 11 - 20));
    let Ok(mapping) = Mapping::resolve(&Columns::Auto, &header, context) else {
        return;
    };
    let destination = destination(api, &mapping);
    let (batches, kept) = deliver(&mut reader, &mapping, &*destination).await;
    let mut sent = BTreeSet::new();
    for batch in &batches {
        check_body(api, batch);
        for row in batch.row_numbers() {
            assert!(sent.insert(row), "row {row} is sent twice");
        }
    }
    assert_eq!(sent, kept, "rows that were kept are sent");
}

fn destination(api: Api, mapping: &Mapping) -> Box<dyn Destination> {
    let column = |field| mapping.event_position(field).map(FieldSource::Column);
    match api {
        Api::Conversions => {
            let fields = EventFields {
                event_name: "Lead".to_owned(),
                action_source: ActionSource::SystemGenerated,
                event_time: EventTime::Object,
                event_id: None,
                value: column(EventField::Value),
                currency: Some(FieldSource::Fixed("EUR".to_owned())),
                order_id: None,
                event_source_url: None,
                app_data: None,
                test_event_code: None,
            };
            let object = ObjectVersion {
                address: ObjectAddress {
                    bucket: "b".to_owned(),
                    key: "k".to_owned(),
                    version_id: None,
                },
                etag: "e".to_owned(),
                size: 1,
                last_modified: WRITTEN,
            };
            let conversions =
                Conversions::new("1".to_owned(), fields, &object, MAX_BODY_BYTES, WRITTEN);
            Box::new(conversions.expect("a new object"))
        }
        Api::CustomAudience => Box::new(CustomAudience::new(
            "1".to_owned(),
            AudienceMode::Add,
            DeleteWith::Body,
            mapping.keys(),
            MAX_BODY_BYTES,
        )),
    }
}

/// The batches, and the numbers of the rows that nothing was wrong with.
async fn deliver(
    reader: &mut RowReader<&[u8]>,
    mapping: &Mapping,
    destination: &dyn Destination,
) -> (Vec<Batch>, BTreeSet<u64>) {
    let mut builder = BatchBuilder::new(destination.envelope(), destination.limits());
    let (mut record, mut row) = (Record::new(), IdentifiedRow::default());
    let mut tally = Tally::default();
    let (mut batches, mut kept) = (Vec::new(), BTreeSet::new());
    loop {
        match reader.next(&mut record).await {
            Ok(Next::Row) => {}
            Ok(Next::Fault { .. }) => continue,
            Ok(Next::End) => break,
            Err(error) => panic!("{error}"),
        }
        let verdict = mapping.identify(|at| record.get(at), &mut row, &mut tally);
        assert_eq!(verdict == Verdict::Keep, !row.is_empty());
        if verdict != Verdict::Keep {
            continue;
        }
        let pushed: Result<_, RowReject> = builder.push(record.number(), |body| {
            destination.write(&record, &row, body)
        });
        if let Ok(batch) = pushed {
            batches.extend(batch);
            kept.insert(record.number());
        }
    }
    batches.extend(builder.finish());
    (batches, kept)
}

fn check_body(api: Api, batch: &Batch) {
    let body = batch.body();
    assert!(body.len() <= MAX_BODY_BYTES);
    let body: Value = serde_json::from_slice(&body).expect("a body is JSON");
    let (entries, columns) = match api {
        Api::Conversions => (&body["data"], None),
        Api::CustomAudience => {
            let payload = &body["payload"];
            (&payload["data"], payload["schema"].as_array().map(Vec::len))
        }
    };
    let entries = entries.as_array().expect("a list of entries");
    assert_eq!(entries.len() as u64, batch.entries());
    for entry in entries {
        match api {
            Api::Conversions => check_event(entry),
            Api::CustomAudience => assert_eq!(entry.as_array().map(Vec::len), columns),
        }
    }
}

/// All that leaves of a person is SHA-256, but for the keys that Meta takes as they are.
fn check_event(event: &Value) {
    let user_data = event["user_data"].as_object().expect("an object");
    assert!(!user_data.is_empty());
    for (name, values) in user_data {
        let of_name = |key: &&Key| key.wire_name(Api::Conversions) == Some(name);
        let key = Key::ALL.iter().find(of_name).expect("a key of ours");
        if !key.is_hashed(Api::Conversions) {
            assert!(!key.is_personal() && (values.is_string() || values.is_number()));
            continue;
        }
        for value in values.as_array().expect("a list") {
            let digest = value.as_str().expect("a text");
            let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            assert!(digest.len() == 64 && digest.bytes().all(hex));
        }
    }
}
