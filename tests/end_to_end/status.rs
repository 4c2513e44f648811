//! What the ledger in S3 says, and what a replay then brings about.

use serde_json::Value;

use super::commands::run;
use super::people;
use super::stage::{DATASET, Stage};

impl Stage {
    fn status(&self, arguments: &[&str]) -> Value {
        let mut command = self.command("status", &self.people_config());
        let (code, said, complaint) = run(command.arg("--json").args(arguments));
        assert_eq!(code, Some(0), "{complaint}");
        serde_json::from_str(&said).unwrap()
    }

    /// Announces all objects of the route again, with nothing but success.
    fn replay_people(&self, arguments: &[&str]) -> Value {
        let prefix = format!("s3://{}/meta/people/", self.plane.audience_bucket);
        let mut command = self.command("replay", &self.people_config());
        command
            .args(["--prefix", &prefix, "--json"])
            .args(arguments);
        let (code, said, complaint) = run(&mut command);
        assert_eq!(code, Some(0), "{complaint}");
        serde_json::from_str(&said).unwrap()
    }
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_run_is_followed_from_its_announcement_to_its_end() {
    let stage = Stage::set_up().await;
    let keys = ["meta/people/run-1/part 0+.csv", "meta/people/run-1/part-1"];
    for key in keys {
        stage.plane.put(key, people::csv(0..20)).await;
    }
    stage.plane.put("meta/people/run-1/_SUCCESS", "").await;
    stage
        .plane
        .put("meta/people/run-10/part-0", people::csv(20..30))
        .await;
    let run_1 = format!("s3://{}/meta/people/run-1/", stage.plane.audience_bucket);

    // No worker runs yet.
    let told = stage.status(&[&run_1]);
    let summary = &told["summary"];
    assert_eq!(summary["states"]["not_begun"], 2);
    assert_eq!(summary["complete"], false);
    assert_eq!(summary["bucket"]["markers"], 1);

    let worker = stage.worker().await;
    stage.until_received(50).await;
    stage.plane.until_empty().await;
    drop(worker);
    let told = stage.status(&[&run_1]);
    let summary = &told["summary"];
    assert_eq!(
        (&summary["objects"], &summary["states"]["done"]),
        (&2.into(), &2.into())
    );
    assert_eq!(summary["complete"], true);
    assert_eq!(summary["rows"]["accepted"], 40);
    let mut found: Vec<_> = told["objects"].as_array().unwrap().iter().collect();
    found.sort_by_key(|object| object["object"]["key"].to_string());
    for (object, key) in found.into_iter().zip(keys) {
        assert_eq!(object["object"]["key"], key);
        assert_eq!(
            (&object["route"], &object["share"]),
            (&"people".into(), &1.0.into())
        );
        let receipt = object["receipt"].as_str().unwrap();
        let begins = format!("s3://{}/receipts/people/", stage.plane.state_bucket);
        assert!(receipt.starts_with(&begins), "{receipt}");
        assert!(
            stage.plane.has_state(receipt).await,
            "nothing lies at {receipt}"
        );
    }
    assert_eq!(stage.status(&["people"])["summary"]["states"]["done"], 3);
    let object = format!("s3://{}/{}", stage.plane.audience_bucket, keys[0]);
    assert_eq!(stage.status(&[&object])["summary"]["objects"], 1);
    stage.plane.put(keys[0], people::csv(0..21)).await;
    let told = stage.status(&[&object]);
    assert_eq!(
        told["summary"]["states"]["not_begun"], 1,
        "another version is there now"
    );
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_replay_sends_what_is_not_done_and_all_of_it_only_by_force() {
    let stage = Stage::set_up().await;
    let worker = stage.worker().await;
    stage
        .plane
        .put("meta/people/done.csv", people::csv(0..20))
        .await;
    stage.until_received(20).await;
    stage.plane.until_empty().await;

    assert_eq!(stage.replay_people(&[])["announced"], 1);
    let already = "worker_objects_total{status=\"already_delivered\"}";
    worker.until_metric(already, 1.0).await;
    stage.plane.until_empty().await;
    assert_eq!(stage.received(), (20, 0), "nothing was sent again");

    for expected in [(40, 20), (40, 20)] {
        let told = stage.replay_people(&["--force", "--yes", "--name", "again"]);
        assert_eq!(told["announced"], 1);
        stage.until_received(expected.0).await;
        stage.plane.until_empty().await;
        assert_eq!(stage.received(), expected, "once for each name");
    }
    let dataset = &stage.meta.inspect().datasets[DATASET];
    assert_eq!((dataset.distinct, dataset.changed_duplicates), (20, 0));
    let told = stage.status(&["people"]);
    assert_eq!(told["objects"][0]["deliveries"], 2);
}
