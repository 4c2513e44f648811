//! An object is sent once, unless somebody asks for more.

use super::announcements::event;
use super::eventually;
use super::people;
use super::stage::{DATASET, Stage};

const KEY: &str = "meta/people/list.csv";

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn an_object_is_done_once() {
    let stage = Stage::set_up().await;
    let worker = stage.worker().await;
    let version = stage.plane.put(KEY, people::csv(0..1_500)).await;
    let first = stage.plane.receipt(KEY).await;
    stage.plane.until_empty().await;
    assert_eq!(stage.received(), (1_500, 0));

    // SQS delivers at least once, and EventBridge too.
    stage.plane.send(&event(&stage, KEY, &version, None)).await;
    let already = "worker_objects_total{status=\"already_delivered\"}";
    worker.until_metric(already, 1.0).await;
    stage.plane.until_empty().await;
    assert_eq!(stage.received(), (1_500, 0), "nothing was sent again");

    stage
        .plane
        .send(&event(&stage, KEY, &version, Some("second-try")))
        .await;
    let replayed = eventually("the receipt of the replay", || async {
        let receipt = stage.plane.receipt(KEY).await;
        receipt.replay.is_some().then_some(receipt)
    })
    .await;
    stage.plane.until_empty().await;
    assert_eq!(replayed.replay.as_deref(), Some("second-try"));
    assert_eq!(replayed.rows, first.rows);
    let dataset = &stage.meta.inspect().datasets[DATASET];
    assert_eq!((dataset.received, dataset.duplicates), (3_000, 1_500));
    assert_eq!((dataset.distinct, dataset.changed_duplicates), (1_500, 0));
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn each_version_of_an_overwritten_object_is_done() {
    let stage = Stage::set_up().await;
    let _worker = stage.worker().await;
    let versions = [
        stage.plane.put(KEY, people::csv(0..10)).await,
        stage.plane.put(KEY, people::csv(10..30)).await,
    ];
    let receipts = eventually("two receipts", || async {
        let receipts = stage.plane.receipts().await;
        (receipts.len() == 2).then_some(receipts)
    })
    .await;
    stage.plane.until_empty().await;
    for (version, rows) in versions.iter().zip([10, 20]) {
        let mut receipts = receipts.iter();
        let receipt = receipts.find(|receipt| receipt.object.version_id.as_ref() == Some(version));
        assert_eq!(receipt.unwrap().sent.accepted, rows);
    }
    assert_eq!(stage.received(), (30, 0));
}
