#![allow(clippy::unwrap_used, clippy::panic)]

use proptest::prelude::*;
use serde_json::{Value, json};
use time::macros::datetime;

use super::*;
use crate::object::version::ObjectVersion;

fn bridge() -> Value {
    json!({
        "version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created", "source": "aws.s3", "account": "123456789012",
        "time": "2021-11-12T00:00:00Z", "region": "eu-central-1",
        "resources": ["arn:aws:s3:::cleanroom-activations"],
        "detail": {
            "version": "0",
            "bucket": { "name": "cleanroom-activations" },
            "object": { "key": "meta/part-0", "size": 5, "etag": "b1946ac9", "sequencer": "00617F08299329D189" },
            "reason": "PutObject",
        },
    })
}

fn record(name: &str, key: &str) -> Value {
    json!({
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": name,
        "eventTime": "1970-01-01T00:00:00.000Z",
        "s3": {
            "bucket": { "name": "cleanroom-activations" },
            "object": { "key": key, "size": 1024, "eTag": "d41d8cd9", "sequencer": "0A1B2C3D4E5F678901" },
        },
    })
}

fn notification(records: &[Value]) -> String {
    json!({ "Records": records }).to_string()
}

fn by_sns(message: &str) -> String {
    json!({ "Type": "Notification", "MessageId": "1", "TopicArn": "arn:aws:sns:::t", "Message": message })
        .to_string()
}

fn objects(body: &str) -> Vec<ObjectEvent> {
    match decode(body) {
        Decoded::Objects(objects) => objects,
        other => panic!("no objects but {other:?}"),
    }
}

fn changed(pointer: &str, value: Value) -> String {
    let mut event = bridge();
    *event.pointer_mut(pointer).unwrap() = value;
    event.to_string()
}

fn without(parent: &str, field: &str) -> String {
    let mut event = bridge();
    let parent = event.pointer_mut(parent).unwrap();
    parent.as_object_mut().unwrap().remove(field).unwrap();
    event.to_string()
}

#[test]
fn an_eventbridge_key_is_taken_as_it_is() {
    for (key, may_be_encoded) in [
        ("meta/part-0", false),
        ("a+b c.csv", false),
        ("100%.csv", false),
        ("run=1/größe.csv", false),
        ("a%20b.csv", true),
        ("%2B%20%%%.png", true),
    ] {
        let event = objects(&changed("/detail/object/key", json!(key))).remove(0);
        assert_eq!(event.address.key, key);
        assert_eq!(event.key_may_be_encoded, may_be_encoded, "{key}");
    }
}

#[test]
fn a_notification_key_is_form_decoded() {
    for (written, key) in [
        ("meta/part-0", "meta/part-0"),
        ("a+b%2Bc", "a b+c"),
        ("run%3D1/gr%C3%B6%C3%9Fe%25.csv", "run=1/größe%.csv"),
        ("100%.csv", "100%.csv"),
    ] {
        let event = objects(&notification(&[record("ObjectCreated:Put", written)])).remove(0);
        assert_eq!(event.address.key, key);
        assert!(!event.key_may_be_encoded, "{key}");
    }
    assert_eq!(
        decode(&notification(&[record("ObjectCreated:Put", "%FF%FE")])),
        Decoded::NotUnderstood(Reason::KeyNotUtf8)
    );
}

#[test]
fn of_several_records_the_created_objects_are_kept() {
    let body = notification(&[
        record("ObjectCreated:Put", "one"),
        record("ObjectRemoved:Delete", "two"),
        record("s3:ObjectCreated:CompleteMultipartUpload", "three"),
    ]);
    let keys: Vec<_> = objects(&body).into_iter().map(|o| o.address.key).collect();
    assert_eq!(keys, ["one", "three"]);
}

#[test]
fn one_record_not_understood_keeps_the_whole_message() {
    let mut broken = record("ObjectCreated:Put", "two");
    broken["s3"]["object"]["key"] = json!(7);
    let body = notification(&[record("ObjectCreated:Put", "one"), broken, record("x", "y")]);
    assert_eq!(
        decode(&body),
        Decoded::NotUnderstood(Reason::WrongType("object.key"))
    );
}

#[test]
fn known_noise_is_named() {
    let mut from_elsewhere = record("ObjectCreated:Put", "key");
    from_elsewhere["eventSource"] = json!("aws:ses");
    for (body, noise) in [
        (
            r#"{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}"#.to_owned(),
            Noise::TestEvent,
        ),
        (
            changed("/detail-type", json!("Object Deleted")),
            Noise::ObjectRemoved,
        ),
        (
            changed("/detail-type", json!("Object Tags Added")),
            Noise::OtherEventType,
        ),
        (changed("/source", json!("aws.glue")), Noise::OtherSource),
        (
            notification(&[record("ObjectRemoved:Delete", "k")]),
            Noise::ObjectRemoved,
        ),
        (
            notification(&[record("LifecycleExpiration:Delete", "k")]),
            Noise::ObjectRemoved,
        ),
        (
            notification(&[record("ObjectRestore:Completed", "k")]),
            Noise::OtherEventType,
        ),
        (notification(&[from_elsewhere]), Noise::OtherSource),
    ] {
        assert_eq!(decode(&body), Decoded::Noise(noise), "{body}");
        assert_eq!(
            decode(&by_sns(&body)),
            Decoded::Noise(noise),
            "by SNS: {body}"
        );
    }
}

#[test]
fn what_is_not_understood_is_named_by_its_field() {
    for (body, reason) in [
        (String::new(), Reason::NotJson),
        ("hello".to_owned(), Reason::NotJson),
        (r#"{"source":"#.to_owned(), Reason::NotJson),
        ("[]".to_owned(), Reason::UnknownShape),
        (r#""text""#.to_owned(), Reason::UnknownShape),
        ("null".to_owned(), Reason::UnknownShape),
        ("{}".to_owned(), Reason::UnknownShape),
        (
            r#"{"source":"a","source":"b"}"#.to_owned(),
            Reason::UnknownShape,
        ),
        (
            r#"{"Event":"s3:SomethingElse"}"#.to_owned(),
            Reason::UnknownShape,
        ),
        (r#"{"Records":[]}"#.to_owned(), Reason::NoRecords),
        (r#"{"Records":{}}"#.to_owned(), Reason::WrongType("Records")),
        (
            r#"{"Records":[7]}"#.to_owned(),
            Reason::WrongType("Records[]"),
        ),
        (
            r#"{"Records":[{}]}"#.to_owned(),
            Reason::Missing("eventSource"),
        ),
        (without("", "source"), Reason::Missing("source")),
        (without("", "detail"), Reason::Missing("detail")),
        (without("/detail", "bucket"), Reason::Missing("bucket")),
        (
            without("/detail/bucket", "name"),
            Reason::Missing("bucket.name"),
        ),
        (without("/detail", "object"), Reason::Missing("object")),
        (
            without("/detail/object", "key"),
            Reason::Missing("object.key"),
        ),
        (
            changed("/detail/object/key", json!("")),
            Reason::Missing("object.key"),
        ),
        (
            changed("/detail/object/key", json!(["k"])),
            Reason::WrongType("object.key"),
        ),
        (
            changed("/detail/object/key", json!(null)),
            Reason::Missing("object.key"),
        ),
        (
            changed("/detail/object/size", json!(-1)),
            Reason::WrongType("object.size"),
        ),
        (
            changed("/detail/object/size", json!("5")),
            Reason::WrongType("object.size"),
        ),
        (
            changed("/detail/object/etag", json!(true)),
            Reason::WrongType("object.etag"),
        ),
        (
            changed("/detail", json!("text")),
            Reason::WrongType("detail"),
        ),
        (
            changed("/source", json!({"a": [1, {"b": null}]})),
            Reason::WrongType("source"),
        ),
        (
            changed("/detail/bucket/name", json!("../../etc")),
            Reason::BucketName,
        ),
        (
            changed("/detail/bucket/name", json!("arn:aws:s3:::b")),
            Reason::BucketName,
        ),
        (
            r#"{"Type":"Notification"}"#.to_owned(),
            Reason::Missing("Message"),
        ),
        (
            r#"{"Type":"Notification","Message":{}}"#.to_owned(),
            Reason::WrongType("Message"),
        ),
        (
            r#"{"Type":"SubscriptionConfirmation","Message":"x"}"#.to_owned(),
            Reason::SubscriptionChange,
        ),
        (by_sns("plain text"), Reason::NotJson),
        (by_sns(&by_sns(&bridge().to_string())), Reason::WrappedTwice),
    ] {
        assert_eq!(decode(&body), Decoded::NotUnderstood(reason), "{body}");
    }
}

#[test]
fn a_reason_never_quotes_the_message() {
    let body = changed("/detail/object/size", json!("jane@example.com"));
    let Decoded::NotUnderstood(reason) = decode(&body) else {
        panic!("understood {body}")
    };
    assert_eq!(
        reason.to_string(),
        r#""object.size" in the message has the wrong type"#
    );
}

#[test]
fn a_version_called_null_is_no_version() {
    let mut event = bridge();
    event["detail"]["object"]["version-id"] = json!("null");
    assert_eq!(objects(&event.to_string())[0].address.version_id, None);
    event["detail"]["object"]["version-id"] = json!("3Lg.kqtJlcpXro");
    assert_eq!(
        objects(&event.to_string())[0].address.version_id.as_deref(),
        Some("3Lg.kqtJlcpXro")
    );
}

#[test]
fn a_strange_time_is_no_time() {
    assert_eq!(
        objects(&bridge().to_string())[0].time,
        Some(datetime!(2021-11-12 00:00 UTC))
    );
    assert_eq!(objects(&changed("/time", json!("yesterday")))[0].time, None);
}

#[test]
fn hostile_nesting_and_length_end_in_a_reason() {
    let deep = "[".repeat(200_000);
    let closed = format!("{deep}{}", "]".repeat(200_000));
    for body in [
        deep.clone(),
        format!(r#"{{"detail-type":{deep}"#),
        format!(r#"{{"unknown":{closed},"Records":{closed}}}"#),
        format!(r#"{{"Records":[{}{{}}]}}"#, "{},".repeat(300_000)),
        (0..6).fold(bridge().to_string(), |body, _| by_sns(&body)),
    ] {
        assert!(matches!(decode(&body), Decoded::NotUnderstood(_)));
    }
    // Depth in a field that nobody reads is no reason to refuse an object.
    let mut event = bridge().to_string();
    event.insert_str(1, &format!(r#""extra":{closed},"#));
    assert_eq!(objects(&event).len(), 1);
}

/// JSON that uses the words of the real shapes in wrong places, too.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        prop::sample::select(vec![
            "aws.s3",
            "aws:s3",
            "Object Created",
            "ObjectCreated:Put",
            "Notification",
            "null",
            "s3:TestEvent",
            "bucket-name",
        ])
        .prop_map(Value::from),
    ];
    let words = prop::sample::select(vec![
        "Records",
        "Type",
        "Message",
        "Event",
        "source",
        "detail-type",
        "detail",
        "bucket",
        "object",
        "key",
        "size",
        "etag",
        "eTag",
        "version-id",
        "name",
        "s3",
        "eventName",
        "eventSource",
        "time",
        "replay-name",
        "other",
    ]);
    leaf.prop_recursive(6, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(words.clone().prop_map(str::to_owned), inner, 0..8)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_decided(text in ".{0,200}") {
        decode(&text);
    }

    #[test]
    fn any_json_is_decided_alike_raw_and_through_sns(value in any_json()) {
        let body = value.to_string();
        let direct = decode(&body);
        let is_sns = matches!(value.get("Type"), Some(v) if !v.is_null());
        if !is_sns {
            prop_assert_eq!(direct, decode(&by_sns(&body)));
        }
    }

    #[test]
    fn a_real_event_cut_anywhere_is_never_an_object(at in 0_usize..400) {
        let body = bridge().to_string();
        let cut: String = body.chars().take(at.min(body.len() - 1)).collect();
        prop_assert!(matches!(decode(&cut), Decoded::NotUnderstood(_)));
    }

    #[test]
    fn an_announced_object_is_decoded_as_itself(
        key in ".{1,40}", size in any::<u64>(), version in proptest::option::of("[A-Za-z0-9._]{6,32}"),
        replay in proptest::option::of("[A-Za-z0-9_.-]{1,64}"),
    ) {
        let object = ObjectVersion {
            address: ObjectAddress { bucket: "a-bucket".into(), key, version_id: version },
            etag: "0f343b09-2".into(), size, last_modified: 0,
        };
        let now = datetime!(2026-02-03 04:05:06.789 UTC);
        let event = objects(&announce(&object, replay.as_deref(), now)).remove(0);
        prop_assert_eq!(event.address, object.address);
        prop_assert_eq!(event.size, Some(size));
        prop_assert_eq!(event.etag.as_deref(), Some("0f343b09-2"));
        prop_assert_eq!(event.replay_name, replay);
        prop_assert_eq!(event.time, Some(now));
    }
}
