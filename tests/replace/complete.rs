//! When a run is complete, by each of the four ways.

use std::time::Duration;

use crate::stage::{OLD, Stage, file};

const A_WHILE: Duration = Duration::from_secs(2_000);

async fn waits(stage: &Stage) {
    stage.live(None, A_WHILE).await;
    assert!(stage.holds(OLD), "it did not wait");
    assert!(stage.meta.sent().is_empty());
    assert!(!stage.queue.is_empty());
    assert!(stage.queue.dead_letters().is_empty());
}

#[tokio::test(start_paused = true)]
async fn by_a_marker_that_is_newer_than_all_objects() {
    let stage = Stage::new("complete = \"success_marker\"").await;
    // Of the export before, in the same folder.
    stage.put("lists/q1/_SUCCESS", "", 5_000);
    stage.drop_in("lists/q1/part-0", file(1..300));
    stage.drop_in("lists/q1/country=US/part-0", file(300..500));
    waits(&stage).await;
    let told = stage.awaits("q1").await.unwrap();
    assert_eq!(
        told,
        "waiting for the run to be complete, 2 objects so far: its folder has no _SUCCESS that is newer than they are"
    );
    assert_eq!(stage.awaits("elsewhere").await, None);
    let marker = stage.put("lists/q1/_SUCCESS", "", 900);
    let told = stage.awaits("q1").await.unwrap();
    assert_eq!(told, "all 2 objects are there");
    stage.announce(&marker, None);
    stage.work().await;
    assert!(stage.holds(1..500));
}

#[tokio::test(start_paused = true)]
async fn by_the_number_of_objects() {
    let stage = Stage::new("complete = \"count\"\nexpected_objects = 3").await;
    stage.drop_in("lists/q1/part-0", file(1..300));
    stage.drop_in("lists/q1/part-1", file(300..500));
    stage.drop_in("lists/q1/_SUCCESS", "");
    waits(&stage).await;
    stage.drop_in("lists/q1/part-2", file(500..700));
    stage.work().await;
    assert!(stage.holds(1..700));
    // One more than that is no run that anybody has announced.
    stage.drop_in("lists/q1/part-3", file(700..800));
    stage.live(None, A_WHILE).await;
    assert!(stage.holds(1..700));
}

#[tokio::test(start_paused = true)]
async fn by_a_manifest_and_all_that_it_lists() {
    let stage = Stage::new("complete = \"manifest\"\nmanifest = \"manifest.json\"").await;
    stage.drop_in("lists/q1/part-0", file(1..300));
    let other = stage.drop_in("lists/q1/notes", file(9_000..9_100));
    let listed = r#"{"entries":[{"url":"s3://audiences/lists/q1/part-0"},{"url":"part-1"}]}"#;
    let manifest = stage.put("lists/q1/manifest.json", listed, 900);
    stage.announce(&manifest, None);
    waits(&stage).await;
    stage.drop_in("lists/q1/part-1", file(300..500));
    stage.work().await;
    assert!(stage.holds(1..500));
    let receipt = stage.receipt(&other).await.unwrap();
    assert_eq!(receipt.status.reason().unwrap().as_str(), "not_in_manifest");
}

#[tokio::test(start_paused = true)]
async fn by_a_quiet_time() {
    let stage = Stage::new("complete = \"quiet\"\nquiet_seconds = 600").await;
    let written = stage.put("lists/q1/part-0", file(1..300), 10);
    stage.announce(&written, None);
    stage.live(None, Duration::from_secs(500)).await;
    assert!(stage.holds(OLD) && stage.meta.sent().is_empty());
    // The clock of the objects is that of the system: what was written long ago is quiet.
    let again = stage.put("lists/q1/part-0", file(1..400), 700);
    stage.announce(&again, None);
    stage.work().await;
    assert!(stage.holds(1..400));
}
