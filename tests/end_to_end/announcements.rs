//! Messages that announce objects, written as their senders write them.

use audience_activator::event::announce;
use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::stage::Stage;

/// What a form leaves as it is, but for the space.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'*');

/// S3's own message, with one record for each object and keys as a form encodes them.
pub(crate) fn notification(stage: &Stage, keys: &[String]) -> String {
    let record = |key: &String| -> Value {
        let encoded = utf8_percent_encode(key, FORM).to_string();
        json!({
            "eventVersion": "2.1",
            "eventSource": "aws:s3",
            "awsRegion": "us-east-1",
            "eventTime": "2026-11-23T16:58:42.288Z",
            "eventName": "ObjectCreated:Put",
            "s3": {
                "s3SchemaVersion": "1.0",
                "bucket": {"name": stage.plane.audience_bucket},
                "object": {"key": encoded.replace("%20", "+"), "sequencer": "0055AED6DCD90281E5"},
            },
        })
    };
    json!({"Records": keys.iter().map(record).collect::<Vec<_>>()}).to_string()
}

/// The message as SNS passes it on.
pub(crate) fn through_sns(message: &str) -> String {
    json!({
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:us-east-1:000000000000:audiences",
        "Subject": "Amazon S3 Notification",
        "Message": message,
        "Timestamp": "2026-11-23T00:54:06.655Z",
    })
    .to_string()
}

/// EventBridge's message for one version, replayed under a name or not.
pub(crate) fn event(stage: &Stage, key: &str, version: &str, replay: Option<&str>) -> String {
    let object = ObjectVersion {
        address: ObjectAddress {
            bucket: stage.plane.audience_bucket.clone(),
            key: key.to_owned(),
            version_id: Some(version.to_owned()),
        },
        etag: String::new(),
        size: 1,
        last_modified: 0,
    };
    announce(&object, replay, OffsetDateTime::now_utc())
}
