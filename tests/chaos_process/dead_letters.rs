//! The messages that nobody can work on, and where they have to be at the end.

use std::collections::BTreeSet;

use audience_activator::event::announce;
use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;
use time::OffsetDateTime;

use super::data_plane::DataPlane;
use super::localstack::REGION;

/// The key of the object that is announced and not there.
pub(crate) const MISSING: &str = "meta/purchases/never-was";

/// What is put into the queue on purpose: no event, and the event of no object.
pub(crate) fn poison(plane: &DataPlane) -> [String; 2] {
    let missing = ObjectVersion {
        address: ObjectAddress {
            bucket: plane.audience_bucket.clone(),
            key: MISSING.to_owned(),
            version_id: None,
        },
        etag: String::new(),
        size: 1,
        last_modified: 0,
    };
    [
        "this is no event".to_owned(),
        announce(&missing, None, OffsetDateTime::UNIX_EPOCH),
    ]
}

/// SQS itself gives up no message, however often it was in the hands of the killed.
pub(crate) async fn only_by_workers(plane: &DataPlane) {
    let target = format!(
        "arn:aws:sqs:{REGION}:000000000000:{}-dead-letters",
        plane.name
    );
    let policy = json!({"deadLetterTargetArn": target, "maxReceiveCount": 1_000});
    plane
        .sqs
        .set_queue_attributes()
        .queue_url(&plane.queue_url)
        .attributes(QueueAttributeName::RedrivePolicy, policy.to_string())
        .send()
        .await
        .expect("the queue takes the policy");
}

/// These messages are given up, and no other. One whose worker was killed in the midst of
/// it may be there twice.
pub(crate) async fn are(plane: &DataPlane, expected: &[String]) {
    let url = format!("{}-dead-letters", plane.queue_url);
    let mut found = BTreeSet::new();
    // One receive need not give all.
    let mut empty = 0;
    while empty < 3 {
        let received = plane.sqs.receive_message().queue_url(&url);
        let received = received.max_number_of_messages(10).wait_time_seconds(1);
        let received = received.send().await.expect("dead letters can be received");
        let bodies = received.messages().iter();
        let before = found.len();
        found.extend(bodies.filter_map(|message| message.body.clone()));
        empty = if found.len() > before { 0 } else { empty + 1 };
    }
    assert_eq!(found, expected.iter().cloned().collect::<BTreeSet<_>>());
}
