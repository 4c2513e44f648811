//! The commands that people and scripts run, and their exit codes.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use audience_activator::receipts::{ErasureReceipt, Receipt, Status};
use serde_json::Value;
use simulator::{Fault, Target};

use super::people;
use super::stage::{AUDIENCE, DATASET, Stage};
use super::worker::{ended, program_on, signal};

pub(crate) fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("the program runs");
    let text = |bytes| String::from_utf8(bytes).expect("it says text");
    (status.code(), text(stdout), text(stderr))
}

fn write(directory: &Path, name: &str, text: &str) -> String {
    let path = directory.join(name);
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn upload_delivers_a_local_file_once_unless_forced() {
    let stage = Stage::set_up().await;
    let directory = tempfile::tempdir().unwrap();
    let file = write(directory.path(), "my people.csv", &people::csv(0..30));
    let config = stage.people_config();
    let upload = |arguments: &[&str]| {
        let mut command = stage.command("upload", &config);
        run(command.arg(&file).args(arguments))
    };

    let (code, said, _) = upload(&[]);
    assert_eq!(code, Some(0));
    assert!(said.starts_with("delivered (people)"), "{said}");
    assert_eq!(stage.received(), (30, 0));

    let (code, said, _) = upload(&[]);
    assert_eq!(code, Some(0));
    assert!(said.starts_with("delivered before"), "{said}");
    assert_eq!(stage.received(), (30, 0));

    let (code, said, _) = upload(&["--json"]);
    assert_eq!(code, Some(0));
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(told["status"], "already_delivered");

    let (code, said, _) = upload(&["--force", "--json"]);
    assert_eq!(code, Some(0));
    let receipt: Receipt = serde_json::from_str(&said).unwrap();
    assert_eq!(receipt.status, Status::Delivered);
    assert_eq!(receipt.object.key, "my people.csv");
    assert_eq!(stage.received(), (60, 30));
    let dataset = &stage.meta.inspect().datasets[DATASET];
    assert_eq!(dataset.changed_duplicates, 0);
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn upload_delivers_an_object_of_s3_by_the_route_of_its_prefix() {
    let stage = Stage::set_up().await;
    let config = stage.config(&[
        stage.unannounced_conversions("people"),
        stage.unannounced_conversions("others"),
    ]);
    let key = "people/größe 100%+/%41.csv";
    stage.plane.put(key, people::csv(0..30)).await;
    let object = format!("s3://{}/{key}", stage.plane.audience_bucket);

    let (code, said, _) = run(stage.command("upload", &config).arg(&object));
    assert_eq!(code, Some(0));
    assert!(said.starts_with("delivered (people)"), "{said}");
    assert_eq!(stage.received(), (30, 0));
    assert_eq!(stage.plane.receipt(key).await.rows.read, 30);

    let elsewhere = format!("s3://{}/elsewhere", stage.plane.audience_bucket);
    let (code, _, complaint) = run(stage.command("upload", &config).arg(elsewhere));
    assert_eq!(code, Some(2));
    assert!(complaint.contains("--route"), "{complaint}");
    assert!(complaint.contains("people, others"), "{complaint}");
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn validate_looks_at_an_object_of_s3_and_sends_and_writes_nothing() {
    let stage = Stage::set_up().await;
    let config = stage.config(&[stage.unannounced_conversions("people")]);
    let key = "people/look.csv";
    stage
        .plane
        .put(key, people::csv(0..30) + "nobody,,,\n")
        .await;
    let object = format!("s3://{}/{key}", stage.plane.audience_bucket);
    let look = |object: &str| {
        let mut command = stage.command("validate", &config);
        run(command.args([object, "--json"]))
    };

    let (code, said, complaint) = look(&object);
    assert_eq!(code, Some(0), "{complaint}");
    let found: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(found["verdict"], "deliverable");
    assert_eq!(
        (&found["rows"]["to_send"], &found["requests"]),
        (&30.into(), &1.into())
    );
    assert_eq!(stage.received(), (0, 0));

    let (code, said, _) = look(&format!("{object}.absent"));
    assert_eq!(code, Some(3));
    let told: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(told["reason"], "missing");

    // Nothing was written that would make a delivery think that it is done.
    let mut upload = stage.command("upload", &config);
    let (code, said, _) = run(upload.arg(&object));
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(stage.received(), (30, 0));
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn erase_takes_people_of_an_object_off_the_list_and_keeps_a_receipt_in_s3() {
    let stage = Stage::set_up().await;
    let secret = format!("ssm:{}", stage.secret("default"));
    // Their objects are not announced, so that no worker is needed.
    let routes = [
        stage
            .audience("members", "add", &secret)
            .replace("prefix = \"meta/", "prefix = \""),
        stage
            .audience("leavers", "remove", &secret)
            .replace("prefix = \"meta/", "prefix = \""),
    ];
    let config = stage.config(&routes);
    let bucket = &stage.plane.audience_bucket;
    stage
        .plane
        .put("members/people.csv", people::csv(0..30))
        .await;
    let everybody = format!("s3://{bucket}/members/people.csv");
    let (code, _, complaint) = run(stage.command("upload", &config).arg(&everybody));
    assert_eq!(code, Some(0), "{complaint}");
    let members = || stage.meta.inspect().audiences[AUDIENCE].members;
    assert_eq!(members(), 30);

    // Read by its header, as the route of its prefix reads the audience's files.
    stage
        .plane
        .put("members/gone.csv", people::csv(3..10))
        .await;
    let gone = format!("s3://{bucket}/members/gone.csv");
    let mut erase = stage.command("erase", &config);
    let (code, said, complaint) = run(erase.args(["--yes", "--json", "--from", &gone]));
    assert_eq!(code, Some(0), "{complaint}");
    assert_eq!(members(), 23);
    let told: Value = serde_json::from_str(&said).unwrap();
    let place = told["receipt"].as_str().unwrap();
    let key = place
        .strip_prefix(&format!("s3://{}/", stage.plane.state_bucket))
        .unwrap();
    assert!(key.starts_with("erasures/"), "{place}");
    let stored = stage.plane.state_object(key).await;
    let stored: ErasureReceipt = serde_json::from_slice(&stored).unwrap();
    assert!(stored.complete && stored.finished_at.is_some());
    assert_eq!(
        (stored.targets.len(), stored.targets[0].counts.sent),
        (1, 7)
    );
    // Two routes write to the audience in different ways: whose turn it was is kept there too.
    let turn = stage
        .plane
        .state_object(&format!("turns/{AUDIENCE}.json"))
        .await;
    let turn: Value = serde_json::from_slice(&turn).unwrap();
    assert_eq!(turn["holders"], serde_json::json!([]));
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn the_exit_code_says_what_kind_of_failure_it_was() {
    let stage = Stage::set_up().await;
    stage.put_token("expired", "EAABonceGood").await;
    let directory = tempfile::tempdir().unwrap();
    let good = write(directory.path(), "good.csv", &people::csv(0..3_000));
    let odd = write(directory.path(), "odd.csv", "sku,shelf\n17,4\n");
    let config = stage.people_config();
    let expired = stage.config(&[stage.conversions("people", "expired")]);
    let meta_away = config.replace(&stage.meta.endpoint(), "http://127.0.0.1:9");
    let impatient = format!("{meta_away}[delivery]\nattempts = 1\n");

    let bucket = &stage.plane.audience_bucket;
    let absent = format!("s3://{bucket}/meta/people/absent.csv");
    for (arguments, config, expected, says) in [
        (
            &[&*good][..],
            &*impatient,
            1,
            "Meta was not able to take the request in 1 attempts",
        ),
        (&[&good], "[queu]\nurl = 1\n", 2, "queu: unknown key"),
        (
            &[&good, "--route", "nobody"],
            &config,
            2,
            "no route \"nobody\"",
        ),
        (&[&absent], &config, 3, "does not exist"),
        (&[&odd], &config, 3, "column"),
        (
            &[&good],
            &expired,
            4,
            "Meta does not accept the access token (error 190",
        ),
    ] {
        let (code, _, complaint) = run(stage.command("upload", config).args(arguments));
        assert_eq!(code, Some(expected), "{complaint}");
        assert!(complaint.contains(says), "{complaint}");
    }
    assert_eq!(stage.received(), (0, 0));
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn an_upload_that_is_interrupted_says_so_and_goes_through_the_next_time() {
    let stage = Stage::set_up().await;
    let directory = tempfile::tempdir().unwrap();
    let file = write(directory.path(), "people.csv", &people::csv(0..3_000));
    let slow = Fault::delay(Target::Events, Duration::from_secs(2));
    stage.meta.fault(slow.nth(2).always());
    let config = format!(
        "{}[delivery]\nrequests_in_flight = 1\n",
        stage.people_config()
    );
    let mut upload = stage.command("upload", &config);
    upload
        .arg(&file)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut interrupted = upload.spawn().unwrap();
    stage.until_received(1_000).await;
    signal(&interrupted, "INT");
    let status = ended(&mut interrupted, Duration::from_secs(20)).await;
    assert_eq!(status.code(), Some(5));
    assert!(stage.received().0 < 3_000);

    stage.meta.clear_faults();
    let (code, _, complaint) = run(&mut upload);
    assert_eq!(code, Some(0), "{complaint}");
    let dataset = &stage.meta.inspect().datasets[DATASET];
    assert_eq!((dataset.distinct, dataset.changed_duplicates), (3_000, 0));
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn healthcheck_tells_a_living_worker_from_none() {
    let stage = Stage::set_up().await;
    let worker = stage.worker().await;
    let mut healthcheck = program_on("http://127.0.0.1:9");
    healthcheck.args(["healthcheck", "--admin", &worker.admin().await]);
    assert_eq!(run(&mut healthcheck).0, Some(0));
    drop(worker);
    let (code, _, complaint) = run(&mut healthcheck);
    assert_eq!(code, Some(1));
    assert!(complaint.contains("no worker answers"), "{complaint}");
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn preflight_looks_at_queue_and_state_and_every_route() {
    let stage = Stage::set_up().await;
    let config = stage.people_config();
    let preflight = |config: &str| run(&mut stage.command("preflight", config));
    let (code, said, complaint) = preflight(&config);
    assert_eq!(code, Some(0), "{said}{complaint}");
    for line in [
        "  ok      queue        the queue can be reached",
        "  ok      state        the state can be read",
        "  ok      token        Meta accepts the token (when it expires is not known: see where it was made)",
    ] {
        assert!(said.lines().any(|said| said == line), "{said}");
    }
    assert_eq!(stage.uploads(), 0);

    let mistyped = format!("{}-mistyped", stage.plane.state_bucket);
    let (code, said, _) = preflight(&config.replace(&stage.plane.state_bucket, &mistyped));
    assert_eq!(code, Some(4), "{said}");
    let failed = |check: &str| {
        let begins = format!("  FAILED  {check}");
        said.lines().any(|line| line.starts_with(&begins))
    };
    assert!(failed("state") && !failed("queue"), "{said}");
    assert!(said.contains(&mistyped), "{said}");

    stage.put_token("default", "EAABonceGood").await;
    let (code, said, _) = preflight(&config);
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("  FAILED  token "), "{said}");
    assert!(!said.contains("EAAB"), "{said}");
}
