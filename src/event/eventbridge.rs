//! EventBridge's envelope around an S3 event.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>

use super::ObjectEvent;
use super::body::{Body, Objects};
use super::noise::Noise;
use super::subject::Subject;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(super) type Detail = Subject;

/// `detail.reason` is not asked: a put, a copy and a completed upload are all objects.
pub(super) fn objects(body: Body) -> Objects {
    let source = body.source.required("source")?;
    let detail_type = body.detail_type.required("detail-type")?;
    if source != "aws.s3" {
        return Ok(Err(Noise::OtherSource));
    }
    match detail_type.as_str() {
        "Object Created" => {}
        "Object Deleted" => return Ok(Err(Noise::ObjectRemoved)),
        _ => return Ok(Err(Noise::OtherEventType)),
    }
    let event = body.detail.required("detail")?.into_event()?;
    Ok(Ok(vec![ObjectEvent {
        time: body.time.optional("time")?.as_deref().and_then(moment),
        replay_name: body.replay_name.optional("replay-name")?.map(short),
        key_may_be_encoded: holds_percent_escape(&event.address.key),
        ..event
    }]))
}

/// EventBridge's own limit for the name of a replay; the ledger keeps names.
const LONGEST_REPLAY_NAME: usize = 64;

fn short(mut name: String) -> String {
    if let Some((end, _)) = name.char_indices().nth(LONGEST_REPLAY_NAME) {
        name.truncate(end);
    }
    name
}

/// Nothing depends on an event's time but a measure of delay: a strange one is none.
pub(super) fn moment(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

fn holds_percent_escape(key: &str) -> bool {
    key.as_bytes()
        .windows(3)
        .any(|w| matches!(w, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}
