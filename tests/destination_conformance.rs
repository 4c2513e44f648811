//! What every destination does, Conversions and CustomAudience alike; and after that
//! what only one of them does.
#![allow(clippy::unwrap_used, clippy::panic)]

mod stage;

use std::time::Duration;

use audience_activator::batches::{Batch, BatchBuilder};
use audience_activator::credentials::{Credentials, RawSecret, recognise};
use audience_activator::identity::columns::Columns;
use audience_activator::identity::key::Api;
use audience_activator::identity::{Context, Header, IdentifiedRow, Mapping, Tally, Verdict};
use audience_activator::meta::{
    ActionSource, AudienceMode, Client, ClientOptions, Conversions, CustomAudience, DeleteWith,
    Destination, Endpoint, EventFields, EventTime, FieldSource, Method, Outcome, RowReject,
};
use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use audience_activator::rows::{self, Next, Record, RowOptions, Rows};
use secrecy::SecretString;
use serde_json::{Value, json};
use simulator::Simulator;
use time::OffsetDateTime;

use stage::meta::Reply;
use stage::people::{email, hashed_email, sha256};
use stage::{ACCOUNT, AUDIENCE, DATASET, TOKEN};

/// Two addresses, so that a person may have several values of one key.
const HEADER: &str = "external_id,email,email,first_name,value";

/// A destination over the columns of [`HEADER`].
struct Stand {
    destination: Box<dyn Destination>,
    mapping: Mapping,
    most_entries: usize,
    /// Where the entries are in a body.
    entries_at: &'static str,
}

const LARGEST_BODY: usize = 4 << 20;

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

fn mapping(api: Api) -> Mapping {
    let as_of = time::macros::date!(2026 - 01 - 01);
    let header = Header::new(HEADER.split(','));
    Mapping::resolve(&Columns::Auto, &header, Context::new(api, as_of)).unwrap()
}

fn conversions(largest_body: usize) -> Stand {
    conversions_with(largest_body, |_| {})
}

fn conversions_with(largest_body: usize, change: impl FnOnce(&mut EventFields)) -> Stand {
    let object = ObjectVersion {
        address: ObjectAddress {
            bucket: "audiences".to_owned(),
            key: "people.csv".to_owned(),
            version_id: Some("v1".to_owned()),
        },
        etag: "e".to_owned(),
        size: 9,
        last_modified: now() - 60,
    };
    let mut fields = EventFields {
        event_name: "Purchase".to_owned(),
        action_source: ActionSource::PhysicalStore,
        event_time: EventTime::Object,
        event_id: None,
        value: Some(FieldSource::Column(4)),
        currency: Some(FieldSource::Fixed("USD".to_owned())),
        order_id: None,
        event_source_url: None,
        app_data: None,
        test_event_code: None,
    };
    change(&mut fields);
    let dataset = DATASET.to_owned();
    let destination = Conversions::new(dataset, fields, &object, largest_body, now()).unwrap();
    Stand {
        destination: Box::new(destination),
        mapping: mapping(Api::Conversions),
        most_entries: 1_000,
        entries_at: "/data",
    }
}

fn audience(mode: AudienceMode, delete_with: DeleteWith, largest_body: usize) -> Stand {
    let mapping = mapping(Api::CustomAudience);
    let destination = CustomAudience::new(
        AUDIENCE.to_owned(),
        mode,
        delete_with,
        mapping.keys(),
        largest_body,
    );
    Stand {
        destination: Box::new(destination),
        mapping,
        most_entries: 10_000,
        entries_at: "/payload/data",
    }
}

fn stands(largest_body: usize) -> [Stand; 4] {
    [
        conversions(largest_body),
        audience(AudienceMode::Add, DeleteWith::Body, largest_body),
        audience(AudienceMode::Remove, DeleteWith::Body, largest_body),
        audience(
            AudienceMode::Remove,
            DeleteWith::MethodOverride,
            largest_body,
        ),
    ]
}

/// Audiences take the id as it is, so there is something in it to escape.
fn person(number: u64) -> String {
    format!(r#""id-{number} ""\é""",{},,Zoë,12.50"#, email(number))
}

fn people(numbers: impl IntoIterator<Item = u64>) -> Vec<String> {
    numbers.into_iter().map(person).collect()
}

impl Stand {
    /// The batches that these lines become; what is no batch is a reject.
    async fn batches(&self, lines: &[String]) -> (Vec<Batch>, Vec<RowReject>) {
        let text = format!("{HEADER}\n{}\n", lines.join("\n"));
        let opened = rows::open(text.as_bytes(), RowOptions::default()).await;
        let Rows::Table { mut reader, .. } = opened.unwrap() else {
            panic!("no rows")
        };
        let mut builder = BatchBuilder::new(self.destination.envelope(), self.destination.limits());
        let mut batches = Vec::new();
        let mut rejects = Vec::new();
        let (mut record, mut row) = (Record::new(), IdentifiedRow::default());
        while reader.next(&mut record).await.unwrap() == Next::Row {
            let cell = |position| record.get(position);
            match self.mapping.identify(cell, &mut row, &mut Tally::default()) {
                Verdict::Keep => {
                    let pushed = builder.push(record.number(), |body| {
                        self.destination.write(&record, &row, body)
                    });
                    match pushed {
                        Ok(batch) => batches.extend(batch),
                        Err(reject) => rejects.push(reject),
                    }
                }
                Verdict::Reject(reject) => rejects.push(reject.into()),
                Verdict::Filtered => panic!("there is no filter"),
            }
        }
        batches.extend(builder.finish());
        (batches, rejects)
    }

    async fn one_batch(&self, lines: &[String]) -> Batch {
        let (mut batches, rejects) = self.batches(lines).await;
        assert_eq!((batches.len(), rejects.len()), (1, 0));
        batches.remove(0)
    }

    /// The entries of a body, which has to be JSON.
    fn entries(&self, batch: &Batch) -> Vec<Value> {
        let body: Value = serde_json::from_slice(&batch.body()).unwrap();
        let entries = body.pointer(self.entries_at).unwrap();
        entries.as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn the_same_rows_give_the_same_bytes() {
    for stand in stands(LARGEST_BODY) {
        let lines = people(1..=100);
        let (first, second) = (stand.one_batch(&lines).await, stand.one_batch(&lines).await);
        assert_eq!(first.body(), second.body());
        // And others to others: an id or a hash, at least, is the row's own.
        assert_ne!(first.body(), stand.one_batch(&people(2..=101)).await.body());
    }
}

#[tokio::test]
async fn a_body_is_its_envelope_around_as_many_entries_as_it_says() {
    for stand in stands(LARGEST_BODY) {
        let mut lines = people(1..=50);
        lines.push("id-51,a@example.com,b@example.com,,1".to_owned());
        let batch = stand.one_batch(&lines).await;
        let envelope = stand.destination.envelope();
        let body = batch.body();
        assert!(body.starts_with(&envelope.head) && body.ends_with(&envelope.tail));
        assert_eq!(stand.entries(&batch).len() as u64, batch.entries());
        assert_eq!(batch.rows(), 51);
    }
}

#[tokio::test]
async fn the_halves_of_a_body_are_bodies_with_its_entries_in_order() {
    for stand in stands(LARGEST_BODY) {
        let mut lines = people(1..=20);
        lines.insert(7, "id,a@example.com,b@example.com,,1".to_owned());
        let batch = stand.one_batch(&lines).await;
        let (left, right) = batch.halves().unwrap();
        let halves = [stand.entries(&left), stand.entries(&right)].concat();
        assert_eq!(halves, stand.entries(&batch));
        assert_eq!(left.entries() + right.entries(), batch.entries());
        // A half is what its rows alone would have become.
        if stand.mapping.api() == Api::CustomAudience {
            let alone = stand.one_batch(&lines[..10]).await;
            assert_eq!(left.body(), alone.body());
        }
    }
}

#[tokio::test]
async fn no_body_is_over_the_limits() {
    for stand in stands(LARGEST_BODY) {
        let rows = stand.most_entries as u64 * 2 + 1;
        let (batches, _) = stand.batches(&people(1..=rows)).await;
        let entries: Vec<u64> = batches.iter().map(Batch::entries).collect();
        let most = stand.most_entries as u64;
        assert_eq!(entries, [most, most, 1]);
    }
    let largest = 20_000;
    for stand in stands(largest) {
        let (batches, _) = stand.batches(&people(1..=500)).await;
        let rows: u64 = batches.iter().map(Batch::rows).sum();
        assert_eq!(rows, 500);
        for batch in &batches {
            assert!(batch.body().len() <= largest);
            assert_eq!(stand.entries(batch).len() as u64, batch.entries());
        }
        let full = &batches[..batches.len() - 1];
        assert!(
            full.iter()
                .all(|batch| batch.body().len() > largest - 1_000)
        );
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_sent_leaves_nothing_in_the_body() {
    for stand in stands(LARGEST_BODY) {
        let mut lines = people(1..=10);
        let expected = stand.one_batch(&lines).await;
        lines.push("null,,nan,,".to_owned());
        let (batches, rejects) = stand.batches(&lines).await;
        assert_eq!(batches[0].body(), expected.body());
        assert_eq!(rejects.len(), 1);
        assert_eq!(rejects[0].reason, "no_identifiers");
    }
    // A purchase without its value is noticed only when its person is written.
    let stand = conversions(LARGEST_BODY);
    let lines = [person(1), "id-2,b@example.com,,Mary,".to_owned(), person(3)];
    let (batches, rejects) = stand.batches(&lines).await;
    assert_eq!(rejects, [RowReject::new("value", "value_missing")]);
    assert_eq!(stand.entries(&batches[0]).len(), 2);
    assert_eq!(batches[0].row_numbers().collect::<Vec<_>>(), [1, 3]);
}

/// Events of one id are one event to Meta, and orders of one id one order.
#[tokio::test]
async fn a_word_for_nothing_is_no_field_of_an_event() {
    for word in ["", "\\N", "NULL", " nan ", "n/a"] {
        let lines = [format!("id-1,a@example.com,,{word},5")];
        let first_name = || Some(FieldSource::Column(3));
        let by_id = conversions_with(LARGEST_BODY, |fields| fields.event_id = first_name());
        let (_, rejects) = by_id.batches(&lines).await;
        assert_eq!(rejects, [RowReject::new("event_id", "event_id_missing")]);
        let by_time = conversions_with(LARGEST_BODY, |fields| {
            fields.event_time = EventTime::Column(3);
        });
        let (_, rejects) = by_time.batches(&lines).await;
        let missing = RowReject::new("event_time", "event_time_missing");
        assert_eq!(rejects, [missing]);
        let with_order = conversions_with(LARGEST_BODY, |fields| fields.order_id = first_name());
        let (batches, _) = with_order.batches(&lines).await;
        let event = &with_order.entries(&batches[0])[0];
        assert_eq!(event["custom_data"]["order_id"], Value::Null, "{word}");
        let lead = conversions_with(LARGEST_BODY, |fields| {
            fields.event_name = "Lead".to_owned();
            fields.value = first_name();
        });
        let (batches, _) = lead.batches(&lines).await;
        let event = &lead.entries(&batches[0])[0];
        assert_eq!(event["custom_data"], Value::Null, "{word}");
    }
}

#[tokio::test]
async fn a_row_larger_than_a_body_is_a_reject() {
    for stand in stands(150) {
        let mut lines = people([1]);
        lines.push(",mary@example.com,,,1".to_owned());
        let (_, rejects) = stand.batches(&lines).await;
        assert!(!rejects.is_empty());
        assert!(
            rejects
                .iter()
                .all(|reject| reject.reason == "row_too_large")
        );
    }
}

#[tokio::test]
async fn a_request_is_the_batchs_bytes_at_the_destinations_place() {
    let events = Endpoint::Events {
        dataset: DATASET.to_owned(),
    };
    let users = Endpoint::AudienceUsers {
        audience: AUDIENCE.to_owned(),
    };
    let expected = [
        (&events, Method::Post),
        (&users, Method::Post),
        (&users, Method::Delete),
        (&users, Method::Post),
    ];
    for (stand, (endpoint, method)) in stands(LARGEST_BODY).into_iter().zip(expected) {
        let batch = stand.one_batch(&people(1..=3)).await;
        let request = stand.destination.request(&batch);
        assert_eq!((&request.endpoint, request.method), (endpoint, method));
        assert_eq!(request.body, batch.body());
    }
}

#[tokio::test]
async fn several_values_of_a_key_are_a_list_in_an_event() {
    let stand = conversions(LARGEST_BODY);
    let lines = ["id-1,a@example.com,B@example.com,Mary,1".to_owned()];
    let batch = stand.one_batch(&lines).await;
    assert_eq!((batch.rows(), batch.entries()), (1, 1));
    let user_data = &stand.entries(&batch)[0]["user_data"];
    let emails = json!([sha256("a@example.com"), sha256("b@example.com")]);
    assert_eq!(user_data["em"], emails);
    assert_eq!(user_data["fn"], json!([sha256("mary")]));
    assert_eq!(user_data["external_id"], json!([sha256("id-1")]));
}

#[tokio::test]
async fn several_values_of_a_key_are_further_rows_of_an_audience() {
    let stand = audience(AudienceMode::Add, DeleteWith::Body, LARGEST_BODY);
    let lines = ["id-1,a@example.com,B@example.com,Mary,1".to_owned()];
    let batch = stand.one_batch(&lines).await;
    assert_eq!((batch.rows(), batch.entries()), (1, 2));
    let body: Value = serde_json::from_slice(&batch.body()).unwrap();
    assert_eq!(
        body["payload"]["schema"],
        json!(["EXTERN_ID", "EMAIL", "FN"])
    );
    // What is known beside the value that differs is known of either.
    let row = |address: &str| json!(["id-1", sha256(address), sha256("mary")]);
    let expected = [row("a@example.com"), row("b@example.com")];
    assert_eq!(stand.entries(&batch), expected);
}

#[tokio::test]
async fn a_cell_that_nobody_knows_is_empty_and_never_the_hash_of_nothing() {
    let lines = [
        "id-1,,,,1".to_owned(),
        ",a@example.com,,,1".to_owned(),
        "id-3,,,null,1".to_owned(),
    ];
    let nothings = ["", "null", "nan"].map(sha256);
    for stand in stands(LARGEST_BODY) {
        let batch = stand.one_batch(&lines).await;
        let body = String::from_utf8(batch.body().into()).unwrap();
        assert!(nothings.iter().all(|nothing| !body.contains(nothing)));
    }
    let stand = audience(AudienceMode::Add, DeleteWith::Body, LARGEST_BODY);
    let first = &stand.entries(&stand.one_batch(&lines).await)[0];
    assert_eq!(first, &json!(["id-1", "", ""]));
}

fn client(endpoint: &str) -> Client {
    let timeout = Duration::from_secs(30);
    let options = ClientOptions {
        endpoint: endpoint.to_owned(),
        conversions_version: "v26.0".to_owned(),
        audience_version: "v26.0".to_owned(),
        connect_timeout: timeout,
        conversions_timeout: timeout,
        audience_timeout: timeout,
    };
    Client::new(options).unwrap()
}

fn credentials(secret: &str) -> Credentials {
    recognise(&RawSecret::Text(SecretString::from(secret))).unwrap()
}

#[tokio::test]
async fn metas_simulator_takes_what_is_written() {
    let simulator = Simulator::builder()
        .token(TOKEN)
        .dataset(DATASET)
        .audience(AUDIENCE, ACCOUNT)
        .start()
        .await
        .unwrap();
    let client = client(&simulator.endpoint());
    let credentials = credentials(&format!(r#"{{"access_token":"{TOKEN}"}}"#));
    let mut lines = people(1..=50);
    lines.push("id-51,a@example.com,b@example.com,,1".to_owned());
    let send = async |stand: &Stand| {
        let batch = stand.one_batch(&lines).await;
        let request = stand.destination.request(&batch);
        let answer = client.send(&request, &credentials).await;
        let received = batch.entries();
        assert_eq!(answer.outcome, Outcome::Accepted { received });
    };
    let members = || simulator.inspect().audiences[AUDIENCE].members;

    let [events, add, remove, remove_by_override] = stands(LARGEST_BODY);
    send(&events).await;
    assert_eq!(simulator.inspect().datasets[DATASET].distinct, 51);
    assert_eq!(simulator.inspect().datasets[DATASET].empty_hashes, 0);
    assert_eq!(simulator.events_bearing(DATASET, "em", &hashed_email(7)), 1);
    for remove in [remove, remove_by_override] {
        send(&add).await;
        send(&add).await;
        assert_eq!(members(), 52);
        assert_eq!(simulator.members_bearing(AUDIENCE, "EXTERN_ID", "id-51"), 2);
        send(&remove).await;
        assert_eq!(members(), 0);
    }
}

#[tokio::test]
async fn an_address_holds_no_token_no_hash_and_no_secret() {
    let meta = stage::meta::Endpoint::answering(|_| Reply::json(200, &json!({}))).await;
    let client = client(&meta.url());
    let credentials = credentials(r#"{"access_token":"the-token","app_secret":"the-secret"}"#);
    for stand in stands(LARGEST_BODY) {
        let batch = stand.one_batch(&people(1..=400)).await;
        client
            .send(&stand.destination.request(&batch), &credentials)
            .await;
    }
    let seen = meta.seen();
    let lines: Vec<_> = seen
        .iter()
        .map(|one| format!("{} {}", one.method, one.uri.path()))
        .collect();
    assert_eq!(
        lines,
        [
            "POST /v26.0/1001/events",
            "POST /v26.0/2002/users",
            "DELETE /v26.0/2002/users",
            "POST /v26.0/2002/users",
        ]
    );
    for one in &seen {
        assert_eq!(one.token(), "the-token");
        let query = one.uri.query().unwrap();
        let proof = query.strip_prefix("appsecret_proof=").unwrap();
        assert_eq!(proof.len(), 64, "the proof and nothing else");
        assert!(!query.contains("the-"), "{query}");
        assert!(!one.body.contains("the-token") && !one.body.contains("the-secret"));
    }
    assert!(seen[2].body.starts_with(r#"{"payload":"#));
    assert!(seen[3].body.starts_with(r#"{"method":"DELETE","payload":"#));
}
