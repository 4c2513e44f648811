//! The message that says an object is there, as EventBridge would send it.

use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::object::version::ObjectVersion;

/// Announces an object that S3 itself does not announce: one of a local directory,
/// or one to be done again, whose `replay_name` says that this is on purpose.
///
/// What [`decode`](super::decode) makes of it is the object given here.
pub fn announce(object: &ObjectVersion, replay_name: Option<&str>, now: OffsetDateTime) -> String {
    let mut described = json!({
        "key": object.address.key,
        "size": object.size,
        "etag": object.etag,
    });
    if let Some(version_id) = &object.address.version_id {
        described["version-id"] = json!(version_id);
    }
    let mut event = json!({
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {
            "version": "0",
            "bucket": { "name": object.address.bucket },
            "object": described,
        },
    });
    if let Ok(time) = now.format(&Rfc3339) {
        event["time"] = json!(time);
    }
    if let Some(name) = replay_name {
        event["replay-name"] = json!(name);
    }
    event.to_string()
}
