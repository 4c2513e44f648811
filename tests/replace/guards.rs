//! Runs that must not take the place of the members, and what is told of them.

use std::process::Command;
use std::time::Duration;

use audience_activator::receipts::{Live, Receipt};
use simulator::{AudienceChange, Fault, FaultAction, GraphError, Quotas, Target, Tier};

use crate::logged::Logged;
use crate::stage::{Call, OLD, Stage, email, file};

const MARKED: &str = "complete = \"success_marker\"";

/// The run is refused a few times, then given up, and nothing of it was ever sent.
async fn refused(stage: &Stage, folder: &str, messages: usize, reason: &str) -> Receipt {
    let before = stage.meta.sent().len();
    stage.live(None, Duration::from_secs(10)).await;
    let run = stage.run_receipt(folder, 1).await.unwrap();
    assert_eq!(run.status.reason().unwrap().as_str(), reason, "{run:?}");
    assert!(stage.queue.dead_letters().is_empty(), "it is tried once");
    stage.work().await;
    assert_eq!(stage.meta.sent().len(), before);
    let letters = stage.queue.dead_letters();
    assert_eq!(letters.len(), messages);
    assert!(letters.iter().all(|(_, letter)| letter.reason == reason));
    let run = stage.run_receipt(folder, 1).await.unwrap();
    assert_eq!(run.status.name(), "quarantined");
    assert_eq!(run.run.as_ref().unwrap().live, Live::Old);
    // All of its messages are put aside for one series of attempts.
    assert_eq!(stage.run_entry(folder).attempts.total, 5);
    run
}

#[tokio::test(start_paused = true)]
async fn an_empty_run() {
    let stage = Stage::new(MARKED).await;
    stage.drop_in("lists/q1/part-0", "id,email\n");
    stage.run_of("q1", &[]);
    refused(&stage, "q1", 2, "empty_run").await;
    assert!(stage.holds(OLD));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_much_smaller_than_the_last() {
    let stage = Stage::new(MARKED).await;
    stage.run_of("q1", &[1..1_001]);
    stage.work().await;
    stage.run_of("q2", &[1..501]);
    stage.work().await;
    assert!(stage.holds(1..501));
    stage.run_of("q3", &[1..250]);
    let run = refused(&stage, "q3", 2, "shrunk").await;
    let told = run.explanation.unwrap();
    assert!(
        told.contains("249 rows where the last run had 500"),
        "{told}"
    );
    assert!(stage.holds(1..501));
}

#[tokio::test(start_paused = true)]
async fn one_that_is_much_smaller_than_meta_counts() {
    let stage = Stage::new(MARKED).await;
    stage.change(AudienceChange {
        size: Some(5_000),
        ..AudienceChange::default()
    });
    stage.run_of("q1", &[1..1_001]);
    let run = refused(&stage, "q1", 2, "shrunk").await;
    assert!(run.explanation.unwrap().contains("Meta counts about 5000"));
    assert!(stage.holds(OLD));
}

/// What lies in the folder is no run: told, tried and put aside as any other refusal, however
/// long the run has waited to be complete.
#[tokio::test(start_paused = true)]
async fn one_that_is_none_though_its_messages_have_waited_for_long() {
    let no_grace = ("ACTIVATOR_LEDGER_MISSING_GRACE_SECONDS", "0");
    let counted = "complete = \"count\"\nexpected_objects = 2";
    let stage = Stage::with(counted, &[no_grace], true).await;
    stage.drop_in("lists/q1/part-0", file(1..200));
    stage.live(None, Duration::from_secs(1_800)).await;
    assert!(stage.queue.dead_letters().is_empty(), "it waits");
    stage.drop_in("lists/q1/part-1", file(200..400));
    stage.drop_in("lists/q1/part-2", file(400..600));
    let run = refused(&stage, "q1", 3, "more_objects").await;
    let told = run.explanation.unwrap();
    assert!(
        told.contains("3 objects where run.expected_objects says 2"),
        "{told}"
    );
    assert!(stage.holds(OLD));
    // One that is taken away again in time costs nothing.
    let stage = Stage::with(counted, &[no_grace], true).await;
    stage.drop_in("lists/q1/part-0", file(1..200));
    stage.drop_in("lists/q1/part-1", file(200..400));
    stage.put("lists/q1/temporary", file(400..600), 1_000);
    stage.live(None, Duration::from_secs(5)).await;
    assert!(stage.queue.dead_letters().is_empty());
    stage.bucket.remove("lists/q1/temporary");
    stage.work().await;
    assert!(stage.queue.dead_letters().is_empty());
    assert!(stage.holds(1..400));

    let manifest = "complete = \"manifest\"\nmanifest = \"MANIFEST\"";
    let stage = Stage::with(manifest, &[no_grace], true).await;
    stage.drop_in("lists/q1/part-0", file(1..200));
    stage.drop_in("lists/q1/MANIFEST", "[1]");
    refused(&stage, "q1", 2, "unreadable_manifest").await;
    assert!(stage.holds(OLD));
}

#[tokio::test(start_paused = true)]
async fn one_with_a_broken_object_at_its_end() {
    let stage = Stage::new(MARKED).await;
    for part in 0..16 {
        let people = part * 100 + 1..part * 100 + 101;
        stage.drop_in(&format!("lists/q1/part-{part:02}"), file(people));
    }
    stage.drop_in("lists/q1/part-16", "other,columns\n1,2\n");
    stage.run_of("q1", &[]);
    let run = refused(&stage, "q1", 18, "header_does_not_fit").await;
    let objects = run.run.as_ref().unwrap().objects.iter();
    let rows: Vec<_> = objects.map(|object| object.rows).collect();
    assert_eq!(rows, [[100; 16].as_slice(), &[0]].concat());
    assert!(run.explanation.unwrap().contains("lists/q1/part-16"));
    assert!(stage.holds(OLD));
}

#[tokio::test(start_paused = true)]
async fn one_of_which_too_many_rows_cannot_be_sent() {
    let stage = Stage::new(MARKED).await;
    stage.drop_in("lists/q1/part-0", file(1..801));
    let bad = "id,email\n".to_owned() + &",nobody\n".repeat(100);
    stage.drop_in("lists/q1/part-1", bad);
    stage.run_of("q1", &[]);
    refused(&stage, "q1", 3, "too_many_rejects").await;
    assert!(stage.holds(OLD));
}

const SLOW: (&str, &str) = ("ACTIVATOR_DELIVERY_REQUESTS_PER_SECOND", "0.01");

#[tokio::test(start_paused = true)]
async fn one_that_takes_longer_than_the_window_with_the_arithmetic() {
    // What is asked of Meta counts as well, and would take its time.
    let unasked = ("ACTIVATOR_META_PREFLIGHT", "false");
    let stage = Stage::with(MARKED, &[SLOW, unasked], true).await;
    stage.run_of("q1", &[1..45_001]);
    let run = refused(&stage, "q1", 2, "over_window").await;
    let told = run.explanation.unwrap();
    assert!(told.contains("requests at 0.01/s take"), "{told}");
    let of_run = run.run.unwrap();
    assert!(
        told.starts_with(&format!("{} requests", of_run.requests)),
        "{told}"
    );
    assert!(told.contains("more than the 80 allowed"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn or_its_first_part_replaces_and_the_rest_is_added() {
    let rules = "complete = \"success_marker\"\nover_window = \"replace_then_add\"";
    let stage = Stage::with(rules, &[SLOW], true).await;
    stage.run_of("q1", &[1..20_000, 20_000..45_001]);
    stage.work().await;
    assert!(stage.holds(1..45_001));
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(run.sent.accepted, 45_000);
    let told = run.run.unwrap();
    assert_eq!(
        (told.live, told.in_session, told.cut_short),
        (Live::New, 48, false)
    );
    let added = stage.meta.sent();
    let added = added.iter().filter(|one| one.edge == "users").count() as u64;
    assert_eq!(added, told.requests - told.in_session);
    stage.check_sessions();
}

#[tokio::test(start_paused = true)]
async fn the_limited_tier_counts_with_its_twenty_writes_in_five_minutes() {
    let stage = Stage::new(MARKED).await;
    let changes = simulator::Changes {
        quotas: Some(Quotas::of(Tier::Limited)),
        ..simulator::Changes::default()
    };
    stage.meta.platform.change(changes).unwrap();
    stage.run_of("q1", &[1..270_001]);
    stage.live(None, Duration::from_secs(10)).await;
    let run = stage.run_receipt("q1", 1).await.unwrap();
    let told = run.explanation.unwrap();
    assert!(told.contains("requests at 0.07/s take"), "{told}");
    assert!(stage.holds(OLD));
}

#[tokio::test(start_paused = true)]
async fn where_the_rest_of_a_long_run_cannot_be_added_the_receipt_says_so() {
    let rules = "complete = \"success_marker\"\nover_window = \"replace_then_add\"";
    let stage = Stage::with(rules, &[SLOW], true).await;
    stage.run_of("q1", &[1..20_000, 20_000..45_001]);
    let refused = FaultAction::Error(GraphError::new(403, 2_654).subcode(1_713_092));
    let users = Fault::new(Target::Users, refused).always();
    stage.meta.platform.fault(users);
    stage.live(None, Duration::from_secs(3 * 3_600)).await;
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(run.status.reason().unwrap().as_str(), "not_added");
    assert_eq!(run.run.unwrap().live, Live::PartOfNew);
    stage.meta.platform.clear_faults();
    stage.work().await;
    assert!(stage.holds(1..45_001));
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(run.run.unwrap().live, Live::New);
}

#[tokio::test(start_paused = true)]
async fn one_that_was_written_before_the_live_one_unless_it_is_wanted() {
    let stage = Stage::new(MARKED).await;
    let old = stage.put("lists/q1/part-0", file(1..601), 9_000);
    let marker = stage.put("lists/q1/_SUCCESS", "", 8_999);
    stage.run_of("q2", &[1..701]);
    stage.work().await;
    // Its messages had to wait.
    stage.announce(&old, None);
    stage.announce(&marker, None);
    let run = refused(&stage, "q1", 2, "older_run").await;
    let told = run.explanation.unwrap();
    assert!(told.contains("would set it back"), "{told}");
    assert!(stage.holds(1..701));
    stage.announce(&old, Some("wanted"));
    stage.work().await;
    assert!(stage.holds(1..601));
}

#[tokio::test(start_paused = true)]
async fn but_not_one_that_is_said_anew_to_be_complete_without_its_newest_object() {
    let stage = Stage::new(MARKED).await;
    let old = stage.put("lists/q1/part-0", file(1..601), 9_000);
    let newer = stage.put("lists/q1/part-1", file(601..701), 8_000);
    let marker = stage.put("lists/q1/_SUCCESS", "", 7_999);
    for object in [&old, &newer, &marker] {
        stage.announce(object, None);
    }
    stage.work().await;
    assert!(stage.holds(1..701));
    stage.bucket.remove("lists/q1/part-1");
    let marker = stage.put("lists/q1/_SUCCESS", "", 100);
    stage.announce(&marker, None);
    stage.work().await;
    assert!(stage.holds(1..601));
    assert!(stage.queue.dead_letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_second_event_of_a_run_that_was_delivered_and_removed_is_deleted() {
    let stage = Stage::new(MARKED).await;
    let object = stage.drop_in("lists/q1/part-0", file(1..601));
    let marker = stage.drop_in("lists/q1/_SUCCESS", "");
    stage.work().await;
    assert!(stage.holds(1..601));
    for removed in [&object, &marker] {
        stage.bucket.remove(&removed.address.key);
        stage.announce(removed, None);
    }
    stage.live(None, Duration::from_secs(3_600)).await;
    assert!(stage.queue.is_empty());
    assert!(stage.queue.dead_letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_begins_anew_when_it_is_announced_again() {
    let stage = Stage::new(MARKED).await;
    stage.drop_in("lists/q1/part-0", file(1..801));
    let broken = stage.drop_in("lists/q1/part-1", "other,columns\n1,2\n");
    stage.run_of("q1", &[]);
    refused(&stage, "q1", 3, "header_does_not_fit").await;
    let mended = stage.put("lists/q1/part-1", file(801..901), 950);
    assert_ne!(broken, mended);
    stage.announce(&mended, None);
    stage.work().await;
    assert!(stage.holds(1..901));
}

#[tokio::test(start_paused = true)]
async fn messages_that_are_redriven_together_are_one_series_of_attempts() {
    let stage = Stage::new(MARKED).await;
    let mut objects = stage.run_of("q1", &[1..300, 300..600]);
    objects.push(stage.drop_in("lists/q1/part-9", "other,columns\n1,2\n"));
    refused(&stage, "q1", 4, "header_does_not_fit").await;
    for object in &objects {
        stage.announce(object, None);
    }
    stage.work().await;
    assert_eq!(stage.queue.dead_letters().len(), 4 + 3);
    assert_eq!(stage.run_entry("q1").attempts.total, 10);
}

#[test]
fn a_single_file_is_no_run_to_upload() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let people = write("people.csv", &file(1..10));
    let config = write(
        "config.toml",
        "[state]\nlocation = \"./state\"\n[[route]]\nname = \"members\"\nbucket = \"lists\"\nprefix = \"\"\n\
         credentials = \"env:META_TOKEN\"\ncolumns = \"auto\"\n[route.custom_audience]\naudience = \"1\"\n\
         mode = \"replace\"\n[route.run]\ncomplete = \"quiet\"\n",
    );
    let upload = Command::new(env!("CARGO_BIN_EXE_audience-activator"))
        .arg("upload")
        .arg(people)
        .arg("--config")
        .arg(config)
        .output()
        .unwrap();
    let said = String::from_utf8(upload.stderr).unwrap();
    assert!(said.contains("one object is not a run"), "{said}");
    assert_eq!(upload.status.code(), Some(2), "{said}");
}

/// What is kept and logged of a run tells of nobody.
#[tokio::test(start_paused = true)]
async fn nothing_personal_is_kept_of_a_run() {
    let log = Logged::all();
    let stage = Stage::new(MARKED).await;
    let mut text = file(1..1_000);
    text.push_str(",marked-not-an-address\n");
    stage.drop_in("lists/q1/part-0", text);
    stage.run_of("q1", &[1_000..1_700]);
    assert!(
        stage
            .live(Some((Call::AfterSend, 2)), Duration::from_secs(600))
            .await
    );
    let mut kept = stage.entries.text();
    stage.work().await;
    kept.push_str(&stage.entries.text());
    for file in files(stage.directory.path()) {
        kept.push_str(&String::from_utf8_lossy(&std::fs::read(file).unwrap()));
    }
    kept.push_str(&log.text());
    assert!(kept.contains("session") && kept.contains("last-run"));
    assert!(kept.contains("the replacement has begun"));
    for person in (1..1_700).step_by(7) {
        let email = email(person);
        assert!(!kept.contains(&email) && !kept.contains(&crate::stage::hash(&email)));
        assert!(!kept.contains(&format!("\"id-{person}\"")));
    }
    assert!(!kept.contains("marked-not-an-address") && !kept.contains("TOKEN"));
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let all = entries.flat_map(|path| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    });
    all.collect()
}
