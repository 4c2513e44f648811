//! The queue never loses a message, and a lost one is not worked on.

use std::time::Duration;

use simulator::{Fault, GraphError, Target};
use tokio::time::Instant;

use crate::stage::clock::{a_moment, later, until};
use crate::stage::journal::Step;
use crate::stage::paused::{Paused, on_a_paused_clock};
use crate::stage::people::file;
use crate::stage::{ROUTES, Stage};

/// How long a message rests after its first failed receive.
const REST: Duration = Duration::from_secs(15);

#[tokio::test]
async fn a_message_is_deleted_only_after_its_receipt_is_stored() {
    let stage = Stage::new().await;
    let object = stage.put("conversions/people.csv", file(400));
    stage.receipts.fail(1);
    stage.announce(&object, None).await;
    let worker = stage.work();
    until("it is given back", || {
        stage.journal.count(Step::HiddenFor(REST)) == 1
    })
    .await;
    assert_eq!(stage.journal.count(Step::Deleted), 0);
    assert_eq!(stage.dataset().distinct, 400, "all was sent all the same");
    assert!(stage.receipt(&object).await.is_none());

    later(REST).await;
    until("it is done", || stage.queue.is_empty()).await;
    assert_eq!(
        stage.journal.steps(),
        [
            Step::Received,
            Step::ReceiptNotStored,
            Step::HiddenFor(REST),
            Step::Received,
            Step::ReceiptStored,
            Step::LedgerDone,
            Step::Deleted,
        ]
    );
    let receipt = stage.receipt(&object).await.unwrap();
    assert_eq!(receipt.sent.accepted, 400);
    let events = stage.dataset();
    assert_eq!((events.distinct, events.duplicates), (400, 0));
    worker.abort();
}

#[tokio::test]
async fn a_message_of_several_objects_is_deleted_only_when_all_are_done() {
    let stage = Stage::new().await;
    let objects = ["conversions/a.csv", "conversions/b.csv"].map(|key| stage.put(key, file(50)));
    let record = |key: &str| {
        format!(
            r#"{{"eventVersion":"2.1","eventSource":"aws:s3","eventName":"ObjectCreated:Put","s3":{{"bucket":{{"name":"audiences"}},"object":{{"key":"{key}"}}}}}}"#
        )
    };
    let [a, b] = ["conversions/a.csv", "conversions/b.csv"].map(record);
    // The first receipt is not stored, the second is.
    stage.receipts.fail(1);
    stage.queue.send(format!(r#"{{"Records":[{a},{b}]}}"#));
    let worker = stage.work();
    until("it is given back", || {
        stage.journal.count(Step::HiddenFor(REST)) == 1
    })
    .await;
    assert_eq!(stage.journal.count(Step::Deleted), 0);
    assert!(stage.receipt(&objects[1]).await.is_some(), "b is done");

    later(REST).await;
    until("both are done", || stage.queue.is_empty()).await;
    assert!(stage.receipt(&objects[0]).await.is_some());
    let events = stage.dataset();
    assert_eq!(
        (events.distinct, events.duplicates),
        (100, 0),
        "neither is sent again"
    );
    worker.abort();
}

#[tokio::test]
async fn a_lost_message_stops_the_job_before_its_next_request() {
    let settings = [("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "1")];
    let stage = Stage::with(ROUTES, &settings).await;
    let second_waits = Fault::delay(Target::Events, Duration::from_secs(2)).nth(2);
    stage.simulator.fault(second_waits);
    let object = stage.put("conversions/people.csv", file(5_000));
    stage.announce(&object, None).await;
    let worker = stage.work();
    until("the second request is out", || stage.requests() == 2).await;
    stage.queue.lose();
    // When the heartbeat is due: a third of 300 seconds.
    later(Duration::from_secs(100)).await;
    until("the request that was out is answered", || {
        stage.simulator.inspect().requests.in_flight == 0
    })
    .await;
    until("the job has ended", || {
        stage.parts.board.in_hand().is_empty()
    })
    .await;
    a_moment().await;

    assert_eq!(stage.requests(), 2, "no other request begins");
    assert_eq!(stage.parts.metrics.heartbeats_lost.get(), 1);
    assert_eq!(
        stage.journal.steps(),
        [Step::Received],
        "it is not ours to delete or to give back"
    );
    assert!(stage.receipt(&object).await.is_none());
    assert!(!stage.queue.is_empty());
    worker.abort();
}

#[tokio::test]
async fn an_object_that_cannot_be_read_keeps_its_message() {
    let stage = Stage::new().await;
    let object = stage.put("conversions/people.csv", file(10));
    stage.announce(&object, None).await;
    std::fs::remove_file(stage.path("conversions/people.csv")).unwrap();
    let worker = stage.work();
    until("it is given back", || {
        stage.journal.count(Step::HiddenFor(REST)) == 1
    })
    .await;
    assert_eq!(stage.journal.count(Step::Deleted), 0);

    stage.put("conversions/people.csv", file(10));
    later(REST).await;
    until("it is done", || stage.queue.is_empty()).await;
    assert_eq!(stage.dataset().distinct, 10);
    worker.abort();
}

/// SQS takes a message away from whoever holds it for twelve hours.
#[test]
fn an_object_that_takes_longer_than_twelve_hours_is_given_back_before_and_gone_on_with() {
    on_a_paused_clock(async {
        let settings = [
            ("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "1"),
            ("ACTIVATOR_DELIVERY_MAX_BODY_BYTES", "65536"),
            ("ACTIVATOR_DELIVERY_LONGEST_WAIT_SECONDS", "36000"),
            // Each renewal is a write to a disk, which takes real time.
            ("ACTIVATOR_LEDGER_LEASE_SECONDS", "3600"),
        ];
        let stage = Paused::new(ROUTES, &settings, |builder| builder);
        // A quarter of an hour for each, mostly: more than half a day.
        let throttle = Fault::error(Target::Events, GraphError::new(403, 4));
        stage.wire.platform.fault(throttle.nth(2).times(60));
        let rows = 1_000;
        let object = stage.put("conversions/people.csv", file(rows)).await;
        let began = Instant::now();
        let worker = stage.work();
        let lost = || stage.parts.metrics.heartbeats_lost.get();
        stage
            .until("the message is given back", || lost() > 0)
            .await;
        let held = began.elapsed();
        let hours = |hours: f64| Duration::from_secs_f64(hours * 3_600.0);
        assert!(held > hours(11.5) && held < hours(12.0), "{held:?}");
        stage.until_done().await;
        worker.abort();

        assert!(began.elapsed() > hours(12.0), "{:?}", began.elapsed());
        assert_eq!(lost(), 1);
        let dataset = stage.dataset();
        assert_eq!((dataset.distinct, dataset.received), (rows, rows));
        let receipt = stage.receipt(&object).await.unwrap();
        assert_eq!(receipt.sent.accepted, rows);
        let attempts = receipt.attempts.unwrap();
        assert_eq!(attempts.total, 2);
        assert!(attempts.rows_before > 0, "it is begun anew");
    });
}
