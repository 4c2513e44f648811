//! What becomes of whole messages, one file each.
//!
//! `documented-…` are the examples of AWS's guides, filled in where those leave
//! gaps; `localstack-…` were recorded from LocalStack, byte for byte.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::PathBuf;

use audience_activator::event::{Decoded, Noise, Reason, decode};

/// Bucket, key, version, size, replay.
type Object = (
    &'static str,
    &'static str,
    Option<&'static str>,
    u64,
    Option<&'static str>,
);

enum Expected {
    Objects(&'static [Object]),
    Noise(Noise),
    NotUnderstood(Reason),
}

use Expected::{Noise as Known, NotUnderstood, Objects};

const RECORDED_KEY: &str = "meta/run=1/größe 100% a+b.csv";

const FIXTURES: &[(&str, Expected)] = &[
    (
        "documented-eventbridge-created.json",
        Objects(&[(
            "amzn-s3-demo-bucket1",
            "example-key",
            Some("IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"),
            5,
            None,
        )]),
    ),
    (
        "documented-eventbridge-replayed.json",
        Objects(&[(
            "amzn-s3-demo-bucket1",
            "example-key",
            None,
            5,
            Some("second-try"),
        )]),
    ),
    (
        "documented-eventbridge-glue-state.json",
        Known(Noise::OtherSource),
    ),
    (
        "documented-eventbridge-schedule.json",
        Known(Noise::OtherSource),
    ),
    (
        "documented-notification-test-event.json",
        Known(Noise::TestEvent),
    ),
    (
        "documented-notification-three-records.json",
        Objects(&[
            (
                "amzn-s3-demo-bucket",
                "HappyFace.jpg",
                Some("096fKKXTRTtl3on89fVO.nfljtsv6qko"),
                1024,
                None,
            ),
            ("amzn-s3-demo-bucket", "red flower+1.jpg", None, 1024, None),
        ]),
    ),
    (
        "documented-sns-confirmation.json",
        NotUnderstood(Reason::SubscriptionChange),
    ),
    (
        "documented-sns-eventbridge-created.json",
        Objects(&[(
            "amzn-s3-demo-bucket1",
            "example-key",
            Some("IYV3p45BT0ac8hjHg1houSdS1a.Mro8e"),
            5,
            None,
        )]),
    ),
    (
        "documented-sns-notification-created.json",
        Objects(&[(
            "amzn-s3-demo-bucket",
            "HappyFace.jpg",
            Some("096fKKXTRTtl3on89fVO.nfljtsv6qko"),
            1024,
            None,
        )]),
    ),
    (
        "localstack-eventbridge-created.json",
        Objects(&[(
            "rec-eb-bucket",
            RECORDED_KEY,
            Some("AaIJWHa3WBtxFmyVQbOPf6KJbwPI4CPJ"),
            5,
            None,
        )]),
    ),
    (
        "localstack-eventbridge-deleted.json",
        Known(Noise::ObjectRemoved),
    ),
    (
        "localstack-notification-created.json",
        Objects(&[("rec-classic-bucket", RECORDED_KEY, None, 5, None)]),
    ),
    (
        "localstack-notification-removed.json",
        Known(Noise::ObjectRemoved),
    ),
    (
        "localstack-notification-test-event.json",
        Known(Noise::TestEvent),
    ),
];

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/events")
}

#[test]
fn every_recorded_message_is_decided_as_written_here() {
    for (name, expected) in FIXTURES {
        let body = std::fs::read_to_string(directory().join(name)).unwrap();
        match (decode(&body), expected) {
            (Decoded::Objects(objects), Objects(expected)) => {
                let seen: Vec<_> = objects
                    .iter()
                    .map(|object| {
                        (
                            object.address.bucket.as_str(),
                            object.address.key.as_str(),
                            object.address.version_id.as_deref(),
                            object.size.unwrap(),
                            object.replay_name.as_deref(),
                        )
                    })
                    .collect();
                assert_eq!(seen, *expected, "{name}");
                for object in objects {
                    assert!(object.time.is_some(), "{name}: no time");
                    assert!(object.etag.is_some(), "{name}: no ETag");
                    assert!(object.sequencer.is_some(), "{name}: no sequencer");
                }
            }
            (Decoded::Noise(noise), Known(expected)) => assert_eq!(noise, *expected, "{name}"),
            (Decoded::NotUnderstood(reason), NotUnderstood(expected)) => {
                assert_eq!(reason, *expected, "{name}");
            }
            (other, _) => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn every_recorded_message_has_its_line_here() {
    let files: BTreeSet<String> = std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let lines: BTreeSet<String> = FIXTURES
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    assert_eq!(files, lines);
}
