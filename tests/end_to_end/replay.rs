//! Objects that are there already, announced once more.

use std::collections::BTreeMap;

use audience_activator::event::{Decoded, ObjectEvent, decode};
use audience_activator::object::version::ObjectAddress;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};
use serde_json::Value;

use super::commands::run;
use super::people;
use super::stage::Stage;

/// Keys in every spelling that a listing or an event could get wrong, in their order.
const KEYS: [&str; 6] = [
    "people/%41%20.csv",
    "people/100% + more.csv",
    "people/line\nend.csv",
    "people/plain.csv",
    "people/größe/名簿.csv",
    "people/run=1/part-0",
];

impl Stage {
    fn replay_config(&self) -> String {
        self.config(&[self.unannounced_conversions("people")])
    }

    /// The exit code, what it said as JSON, and what it complained of.
    fn replay(&self, prefix: &str, arguments: &[&str]) -> (Option<i32>, Value, String) {
        let mut command = self.command("replay", &self.replay_config());
        command.args(["--prefix", prefix, "--json"]).args(arguments);
        let (code, said, complaint) = run(&mut command);
        (
            code,
            serde_json::from_str(&said).unwrap_or_default(),
            complaint,
        )
    }

    fn people(&self) -> String {
        format!("s3://{}/people/", self.plane.audience_bucket)
    }

    /// All events that are in the queue, which must be this many; they are taken out of it.
    async fn announced(&self, expected: usize) -> Vec<ObjectEvent> {
        self.plane.until_kept(expected).await;
        let mut events = Vec::new();
        for body in self.plane.take_all(expected).await {
            match decode(&body) {
                Decoded::Objects(objects) => events.extend(objects),
                other => panic!("no objects but {other:?}"),
            }
        }
        events.sort_by(|a, b| a.address.key.cmp(&b.address.key));
        events
    }
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_replay_announces_the_objects_that_are_there() {
    let stage = Stage::set_up().await;
    let mut versions = BTreeMap::new();
    for key in KEYS {
        stage.plane.put(key, people::csv(0..2)).await;
        let newest = stage.plane.put(key, people::csv(0..3)).await;
        versions.insert(key, newest);
    }
    stage.plane.put("people/_SUCCESS", "").await;
    stage.plane.put("people/empty", "").await;
    stage
        .plane
        .put("people-not/other.csv", people::csv(0..3))
        .await;
    let whole = format!("s3://{}/people", stage.plane.audience_bucket);

    let (code, told, complaint) = stage.replay(&whole, &[]);
    assert_eq!(code, Some(0), "{complaint}");
    assert_eq!(
        (&told["announced"], &told["error"]),
        (&6.into(), &Value::Null)
    );
    assert_eq!(told["bytes"], 6 * people::csv(0..3).len());
    let skipped = serde_json::json!({"empty_object": 1, "success_marker": 1, "unrouted": 1});
    assert_eq!(told["skipped"], skipped);
    let events = stage.announced(6).await;
    let size = people::csv(0..3).len() as u64;
    let mut keys = KEYS;
    keys.sort_unstable();
    for (event, key) in events.iter().zip(keys) {
        let address = ObjectAddress {
            bucket: stage.plane.audience_bucket.clone(),
            key: key.to_owned(),
            version_id: Some(versions[key].clone()),
        };
        assert_eq!((&event.address, event.size), (&address, Some(size)));
        assert_eq!(
            event.replay_name, None,
            "only what is not done is to be sent"
        );
        assert!(event.etag.is_some());
    }
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn without_versions_none_is_announced() {
    let stage = Stage::set_up().await;
    let s3 = &stage.plane.s3;
    for (name, suspended) in [("plain", false), ("suspended", true)] {
        let bucket = format!("{}-{name}", stage.plane.name);
        s3.create_bucket().bucket(&bucket).send().await.unwrap();
        if suspended {
            let versioning = VersioningConfiguration::builder()
                .status(BucketVersioningStatus::Suspended)
                .build();
            let request = s3.put_bucket_versioning().bucket(&bucket);
            let request = request.versioning_configuration(versioning);
            request.send().await.unwrap();
        }
        let put = s3.put_object().bucket(&bucket).key("people/a b+c.csv");
        let body = ByteStream::from_static(b"email\na@example.com\n");
        put.body(body).send().await.unwrap();

        let (code, _, complaint) = stage.replay(&format!("s3://{bucket}/"), &[]);
        assert_eq!(code, Some(0), "{complaint}");
        let event = stage.announced(1).await.remove(0);
        assert_eq!(event.address.bucket, bucket);
        assert_eq!(event.address.key, "people/a b+c.csv");
        assert_eq!(event.address.version_id, None);
    }
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_dry_run_shows_what_would_be_announced_and_announces_nothing() {
    let stage = Stage::set_up().await;
    for number in 0..12 {
        let key = format!("people/part-{number:02}");
        stage.plane.put(&key, people::csv(0..3)).await;
    }
    // No queue is needed to look.
    let config = stage
        .replay_config()
        .replace(&stage.plane.queue_url, "https://nowhere.invalid/q");
    let mut command = stage.command("replay", &config);
    command.args(["--prefix", &stage.people(), "--dry-run", "--force"]);
    let (code, said, complaint) = run(&mut command);
    assert_eq!(code, Some(0), "{complaint}");
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 13, "{said}");
    assert!(lines[0].contains("  people  s3://"), "{said}");
    assert!(lines[11].ends_with("/people/part-11"), "{said}");
    assert!(
        lines[12].starts_with("would be announced: 12 objects"),
        "{said}"
    );

    let (code, told, _) = stage.replay(&stage.people(), &["--dry-run"]);
    assert_eq!(code, Some(0));
    assert_eq!(
        (&told["selected"], &told["announced"]),
        (&12.into(), &0.into())
    );
    let objects = told["objects"].as_array().unwrap();
    assert_eq!(objects[3]["key"], "people/part-03");
    assert_eq!(objects[3]["route"], "people");
    assert!(objects[3]["version_id"].is_string());

    // Had there been any message, it would come before this one.
    let (code, told, _) = stage.replay(&stage.people(), &[]);
    assert_eq!((code, &told["announced"]), (Some(0), &12.into()));
    assert_eq!(stage.announced(12).await.len(), 12);
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn only_objects_of_the_time_asked_for_are_announced() {
    let stage = Stage::set_up().await;
    stage.plane.put("people/a.csv", people::csv(0..3)).await;
    for (arguments, announced) in [
        (&["--since", "1h"][..], 1),
        (&["--since", "2099-01-01"], 0),
        (&["--until", "1h"], 0),
        (
            &["--since", "2020-01-01T00:00:00Z", "--until", "2099-01-01"],
            1,
        ),
    ] {
        let (code, told, complaint) = stage.replay(&stage.people(), arguments);
        assert_eq!(code, Some(0), "{complaint}");
        assert_eq!(told["announced"], announced, "{arguments:?}");
        let skipped = &told["skipped"]["other_time"];
        assert_eq!(
            skipped.as_u64().unwrap_or(0),
            1 - announced,
            "{arguments:?}"
        );
    }
    let (code, _, complaint) = stage.replay(&stage.people(), &["--since", "yesterday"]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("must be a date"), "{complaint}");
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_forced_replay_has_a_name_and_is_confirmed() {
    let stage = Stage::set_up().await;
    stage.plane.put("people/a.csv", people::csv(0..3)).await;

    // Nobody can be asked here.
    let (code, _, complaint) = stage.replay(&stage.people(), &["--force"]);
    assert_eq!(code, Some(2));
    assert!(complaint.contains("say --yes"), "{complaint}");
    let (code, ..) = stage.replay(&stage.people(), &["--name", "again"]);
    assert_eq!(code, Some(2), "a name without --force would mean nothing");

    let (code, told, _) = stage.replay(&stage.people(), &["--force", "--yes", "--name", "again"]);
    assert_eq!((code, &told["replay_name"]), (Some(0), &"again".into()));
    let event = stage.announced(1).await.remove(0);
    assert_eq!(event.replay_name.as_deref(), Some("again"));

    let (_, told, _) = stage.replay(&stage.people(), &["--force", "--yes"]);
    let event = stage.announced(1).await.remove(0);
    let name = event.replay_name.unwrap();
    assert!(name.starts_with("replay-2"), "{name}");
    assert_eq!(told["replay_name"], name);
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn what_keeps_a_replay_from_its_end_is_said() {
    let stage = Stage::set_up().await;
    for number in 0..3 {
        let key = format!("people/part-{number}");
        stage.plane.put(&key, people::csv(0..3)).await;
    }
    let config = stage.replay_config();
    let without_queue = config.replacen("url", "# url", 1);
    let no_such_queue = config.replace(&stage.plane.name, &format!("{}-absent", stage.plane.name));
    let here = stage.people();
    for (config, prefix, expected, says) in [
        (&without_queue, &*here, 2, "set queue.url"),
        (&config, "people/", 2, "must be s3://bucket/prefix"),
        (
            &config,
            "s3://no-such-bucket-of-anybody/a",
            4,
            "cannot be listed: NoSuchBucket",
        ),
        (&no_such_queue, &here, 4, "0 objects were announced before"),
    ] {
        let mut command = stage.command("replay", config);
        let (code, _, complaint) = run(command.args(["--prefix", prefix]));
        assert_eq!(code, Some(expected), "{complaint}");
        assert!(complaint.contains(says), "{complaint}");
    }
    let mut command = super::worker::program_on("http://127.0.0.1:9");
    command.arg("replay").env("ACTIVATOR_CONFIG", &config);
    let (code, _, complaint) = run(command.args(["--prefix", &here]));
    assert_eq!(code, Some(1), "{complaint}");
}
