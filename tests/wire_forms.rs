//! Every key as it stands in a request, and that the simulated Meta takes it so.
#![allow(clippy::unwrap_used, clippy::panic)]

mod stage;

use std::time::Duration;

use audience_activator::batches::{Batch, BatchBuilder};
use audience_activator::credentials::{RawSecret, recognise};
use audience_activator::identity::columns::{Column, Columns, Role};
use audience_activator::identity::key::{Api, Key};
use audience_activator::identity::{Context, Header, IdentifiedRow, Mapping, Tally, Verdict};
use audience_activator::meta::{
    ActionSource, AudienceMode, Client, ClientOptions, Conversions, CustomAudience, DeleteWith,
    Destination, EventFields, EventTime, IdScopes, Outcome, RowReject,
};
use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use audience_activator::rows::Record;
use secrecy::SecretString;
use serde_json::{Value, json};
use simulator::{AudienceChange, Changes, Simulator};
use time::OffsetDateTime;

use stage::people::sha256;
use stage::{ACCOUNT, AUDIENCE, DATASET, TOKEN};

/// A value for every key, and what is sent of it where it is hashed.
const VALUES: [(Key, &str, &str); 33] = [
    (Key::ExternalId, "CRM-1", "CRM-1"),
    (Key::Email, "Mary@example.com", "mary@example.com"),
    (Key::Phone, "+1 (650) 555-1212", "16505551212"),
    (Key::Gender, "Female", "f"),
    (Key::BirthDate, "1997-02-16", "19970216"),
    (Key::BirthYear, "1997", "1997"),
    (Key::BirthMonth, "2", "02"),
    (Key::BirthDay, "16", "16"),
    (Key::LastName, "O'Brien", "obrien"),
    (Key::FirstName, "Zoë", "zoë"),
    (Key::FirstInitial, "Zoë", "z"),
    (Key::City, "New York", "newyork"),
    (Key::State, "New York", "ny"),
    (Key::Zip, "10001-1234", "10001"),
    (Key::Country, "USA", "us"),
    (
        Key::MobileAdvertiserId,
        "AB1234CD-12AB-34CD-56EF-123456ABCDEF",
        "",
    ),
    (Key::LookalikeValue, "44.50", ""),
    (Key::PageScopedUserId, "1717", ""),
    (Key::AppScopedUserId, "9007199254740993", ""),
    (Key::ProcessingOptions, "LDU", ""),
    (Key::ProcessingCountry, "1", ""),
    (Key::ProcessingState, "1000", ""),
    (Key::ClientIpAddress, "8.8.8.8", ""),
    (Key::ClientUserAgent, "Mozilla/5.0 \"x\"", ""),
    (Key::ClickId, "fb.1.1554763741205.AbCd", ""),
    (Key::BrowserId, "fb.1.1596403881668.1116446470", ""),
    (Key::SubscriptionId, "sub-1", ""),
    (Key::LeadId, "1234567890123456", ""),
    (Key::AnonymousId, "XZ-1", ""),
    (Key::PageId, "42", ""),
    (Key::WhatsAppClickId, "ARAkLk", ""),
    (Key::InstagramAccountId, "17841400000000000", ""),
    (Key::InstagramScopedId, "123456", ""),
];

fn now() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// A column for each key of the API, with its cell, in the reverse order of keys.
fn row(api: Api) -> Vec<(Key, &'static str)> {
    let mut row: Vec<_> = VALUES.iter().map(|&(key, cell, _)| (key, cell)).collect();
    row.retain(|(key, _)| key.wire_name(api).is_some());
    row.reverse();
    row
}

fn mapping(api: Api, row: &[(Key, &str)]) -> Mapping {
    let names: Vec<String> = (0..row.len()).map(|at| format!("column {at}")).collect();
    let columns = names.iter().zip(row).map(|(name, (key, _))| Column {
        name: name.clone(),
        role: Role::identifier(*key),
    });
    let columns = Columns::Named(columns.collect());
    let header = Header::new(names.iter().map(String::as_str));
    let context = Context::new(api, time::macros::date!(2026 - 11 - 20));
    Mapping::resolve(&columns, &header, context).unwrap()
}

fn batch(destination: &dyn Destination, mapping: &Mapping, row: &[(Key, &str)]) -> Batch {
    let mut builder = BatchBuilder::new(destination.envelope(), destination.limits());
    let mut identified = IdentifiedRow::default();
    let cell = |at: usize| row[at].1;
    let verdict = mapping.identify(cell, &mut identified, &mut Tally::default());
    assert_eq!(verdict, Verdict::Keep);
    let record = Record::default();
    let pushed = builder.push::<RowReject>(1, |body| destination.write(&record, &identified, body));
    assert!(pushed.unwrap().is_none());
    builder.finish().unwrap()
}

fn body(batch: &Batch) -> Value {
    serde_json::from_slice(&batch.body()).unwrap()
}

fn conversions() -> Conversions {
    let object = ObjectVersion {
        address: ObjectAddress {
            bucket: "audiences".to_owned(),
            key: "people.csv".to_owned(),
            version_id: None,
        },
        etag: "\"1\"".to_owned(),
        size: 1,
        last_modified: now(),
    };
    let fields = EventFields {
        event_name: "Lead".to_owned(),
        action_source: ActionSource::Other,
        event_time: EventTime::Object,
        event_id: None,
        value: None,
        currency: None,
        order_id: None,
        event_source_url: None,
        app_data: None,
        test_event_code: None,
    };
    Conversions::new(DATASET.to_owned(), fields, &object, 1 << 20, now()).unwrap()
}

fn audience(mode: AudienceMode, mapping: &Mapping) -> CustomAudience {
    let keys = mapping.keys();
    let scopes = IdScopes {
        apps: vec!["11".to_owned(), "12".to_owned()],
        page: Some("13".to_owned()),
    };
    assert_eq!(scopes.missing_for(&keys), None);
    CustomAudience::new(AUDIENCE.to_owned(), mode, DeleteWith::Body, keys, 1 << 20)
        .with_scopes(scopes)
}

#[test]
fn an_event_has_lists_texts_and_integers_as_meta_wants_them() {
    let row = row(Api::Conversions);
    let mapping = mapping(Api::Conversions, &row);
    let event = body(&batch(&conversions(), &mapping, &row))["data"][0].clone();
    let hashed = |text: &str| json!([sha256(text)]);
    assert_eq!(
        event["user_data"],
        json!({
            "external_id": hashed("CRM-1"),
            "em": hashed("mary@example.com"),
            "ph": hashed("16505551212"),
            "ge": hashed("f"),
            "db": hashed("19970216"),
            "ln": hashed("obrien"),
            "fn": hashed("zoë"),
            "ct": hashed("newyork"),
            "st": hashed("ny"),
            "zp": hashed("10001"),
            "country": hashed("us"),
            "madid": "ab1234cd-12ab-34cd-56ef-123456abcdef",
            "page_scoped_user_id": "1717",
            "fb_login_id": 9_007_199_254_740_993_u64,
            "client_ip_address": "8.8.8.8",
            "client_user_agent": "Mozilla/5.0 \"x\"",
            "fbc": "fb.1.1554763741205.AbCd",
            "fbp": "fb.1.1596403881668.1116446470",
            "subscription_id": "sub-1",
            "lead_id": 1_234_567_890_123_456_u64,
            "anon_id": "XZ-1",
            "page_id": "42",
            "ctwa_clid": "ARAkLk",
            "ig_account_id": "17841400000000000",
            "ig_sid": "123456",
        })
    );
    assert_eq!(event["data_processing_options"], json!(["LDU"]));
    assert_eq!(event["data_processing_options_country"], json!(1));
    assert_eq!(event["data_processing_options_state"], json!(1000));
}

#[test]
fn an_event_without_options_says_nothing_of_them() {
    let row = [
        (Key::Email, "a@b.c"),
        (Key::ProcessingOptions, ""),
        (Key::ProcessingState, "1000"),
    ];
    let mapping = mapping(Api::Conversions, &row);
    let event = body(&batch(&conversions(), &mapping, &row))["data"][0].clone();
    let members: Vec<_> = event.as_object().unwrap().keys().cloned().collect();
    assert!(
        !members
            .iter()
            .any(|name| name.starts_with("data_processing"))
    );
}

#[test]
fn a_member_has_a_cell_for_each_column_and_the_apps_and_page_of_its_ids() {
    let row = row(Api::CustomAudience);
    let mapping = mapping(Api::CustomAudience, &row);
    let payload = body(&batch(
        &audience(AudienceMode::Add, &mapping),
        &mapping,
        &row,
    ))["payload"]
        .clone();
    let names = Key::ALL
        .iter()
        .filter_map(|key| key.wire_name(Api::CustomAudience));
    assert_eq!(payload["schema"], json!(names.collect::<Vec<_>>()));
    assert_eq!(payload["is_raw"], json!(true));
    assert_eq!(payload["app_ids"], json!(["11", "12"]));
    assert_eq!(payload["page_ids"], json!(["13"]));
    let expected = json!([[
        "CRM-1",
        sha256("mary@example.com"),
        sha256("16505551212"),
        sha256("f"),
        sha256("1997"),
        sha256("02"),
        sha256("16"),
        sha256("obrien"),
        sha256("zoë"),
        sha256("z"),
        sha256("newyork"),
        sha256("ny"),
        sha256("10001"),
        sha256("us"),
        "ab1234cd-12ab-34cd-56ef-123456abcdef",
        44.5,
        "1717",
        "9007199254740993",
        ["LDU"],
        1,
        1000
    ]]);
    assert_eq!(payload["data"], expected);
}

/// An audience that was once filled by several keys refuses the form for a single one.
#[test]
fn one_key_is_a_list_too() {
    let row = [(Key::Email, "a@example.com")];
    let mapping = mapping(Api::CustomAudience, &row);
    for mode in [AudienceMode::Add, AudienceMode::Remove] {
        let body = body(&batch(&audience(mode, &mapping), &mapping, &row));
        let expected = json!({ "payload": {
            "schema": ["EMAIL"],
            "is_raw": true,
            "data": [[sha256("a@example.com")]],
        }});
        assert_eq!(body, expected);
    }
}

#[test]
fn every_entry_of_a_person_carries_what_is_said_of_the_person() {
    let row = [
        (Key::Email, "a@example.com"),
        (Key::Email, "b@example.com"),
        (Key::LookalikeValue, "7"),
        (Key::ProcessingOptions, "LDU"),
    ];
    let mapping = mapping(Api::CustomAudience, &row);
    let payload = body(&batch(
        &audience(AudienceMode::Add, &mapping),
        &mapping,
        &row,
    ))["payload"]
        .clone();
    assert_eq!(payload.get("app_ids"), None);
    let entry = |address: &str| json!([sha256(address), 7, ["LDU"], 0, 0]);
    let expected = json!([entry("a@example.com"), entry("b@example.com")]);
    assert_eq!(payload["data"], expected);
}

#[tokio::test]
async fn metas_simulator_takes_every_key() {
    let simulator = Simulator::builder()
        .token(TOKEN)
        .dataset(DATASET)
        .audience(AUDIENCE, ACCOUNT)
        .start()
        .await
        .unwrap();
    // It takes what members are worth of a value-based audience only.
    let by_value = AudienceChange {
        is_value_based: Some(true),
        ..AudienceChange::default()
    };
    let change = Changes::audience(AUDIENCE, by_value);
    simulator.change(change).unwrap();
    let timeout = Duration::from_secs(30);
    let client = Client::new(ClientOptions {
        endpoint: simulator.endpoint(),
        conversions_version: "v26.0".to_owned(),
        audience_version: "v26.0".to_owned(),
        connect_timeout: timeout,
        conversions_timeout: timeout,
        audience_timeout: timeout,
    })
    .unwrap();
    let secret = SecretString::from(format!(r#"{{"access_token":"{TOKEN}"}}"#));
    let credentials = recognise(&RawSecret::Text(secret)).unwrap();
    let send = async |destination: &dyn Destination, mapping: &Mapping, row: &[(Key, &str)]| {
        let batch = batch(destination, mapping, row);
        let answer = client
            .send(&destination.request(&batch), &credentials)
            .await;
        assert_eq!(answer.outcome, Outcome::Accepted { received: 1 });
    };
    let members = || simulator.inspect().audiences[AUDIENCE].members;

    let of_event = row(Api::Conversions);
    send(
        &conversions(),
        &mapping(Api::Conversions, &of_event),
        &of_event,
    )
    .await;
    assert_eq!(
        simulator.events_bearing(DATASET, "fb_login_id", "9007199254740993"),
        1
    );

    let member = row(Api::CustomAudience);
    let add = mapping(Api::CustomAudience, &member);
    send(&audience(AudienceMode::Add, &add), &add, &member).await;
    assert_eq!(
        (
            members(),
            simulator.inspect().audiences[AUDIENCE].rows_invalid
        ),
        (1, 0)
    );
    // Whatever stands in the columns of value and limit: the person is taken off.
    let unreadable: Vec<_> = member
        .iter()
        .map(|&(key, cell)| (key, if key.decides_row() { "?" } else { cell }))
        .collect();
    let remove = add.identifiers_only();
    send(
        &audience(AudienceMode::Remove, &remove),
        &remove,
        &unreadable,
    )
    .await;
    assert_eq!(members(), 0);
}
