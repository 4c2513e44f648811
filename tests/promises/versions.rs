//! An object is one version, and is done once.

use std::time::Duration;

use audience_activator::app::{End, Halt};
use audience_activator::event;
use audience_activator::object::ObjectError;
use audience_activator::object::ObjectSource;
use audience_activator::receipts::{ReceiptStore, Status};
use simulator::{Fault, Target};
use time::OffsetDateTime;

use crate::stage::clock::{a_moment, later, until};
use crate::stage::journal::Step;
use crate::stage::people::{HEADER, file, hashed_email, row};
use crate::stage::{DATASET, ROUTES, Stage};

#[tokio::test]
async fn an_object_is_done_once() {
    let stage = Stage::new().await;
    let object = stage.put("conversions/people.csv", file(500));
    let worker = stage.work();
    stage.announce(&object, None).await;
    until("it is done", || stage.queue.is_empty()).await;
    let (requests, events) = (stage.requests(), stage.dataset());
    assert_eq!((events.distinct, events.received), (500, 500));

    stage.announce(&object, None).await;
    stage.announce(&object, None).await;
    until("both are deleted", || stage.queue.is_empty()).await;
    assert_eq!(stage.requests(), requests, "nothing is sent again");
    assert_eq!(stage.journal.count(Step::Deleted), 3);
    assert_eq!(stage.journal.count(Step::ReceiptStored), 1);

    stage.announce(&object, Some("on purpose")).await;
    until("it is done again", || stage.queue.is_empty()).await;
    let events = stage.dataset();
    assert_eq!((events.distinct, events.received), (500, 1000));
    assert_eq!(events.changed_duplicates, 0, "the same ids and bytes");
    let receipt = stage.receipt(&object).await.unwrap();
    assert_eq!(receipt.replay.as_deref(), Some("on purpose"));
    worker.abort();
}

#[tokio::test]
async fn a_second_event_of_what_was_delivered_and_removed_is_deleted() {
    for ledger_is_lost in [false, true] {
        let stage = Stage::new().await;
        let object = stage.put("conversions/people.csv", file(50));
        let worker = stage.work();
        stage.announce(&object, Some("again")).await;
        until("it is done", || stage.queue.is_empty()).await;
        let requests = stage.requests();

        let version = stage.objects.describe(&object).await.unwrap();
        std::fs::remove_file(stage.path("conversions/people.csv")).unwrap();
        if ledger_is_lost {
            std::fs::remove_dir_all(stage.state().join("ledger")).unwrap();
        }
        let now = OffsetDateTime::now_utc();
        for replay in [None, Some("again")] {
            stage.queue.send(event::announce(&version, replay, now));
            until("it is deleted", || stage.queue.is_empty()).await;
        }
        // What is to be sent again cannot be any more.
        let once_more = event::announce(&version, Some("once more"), now);
        stage.queue.send(once_more);
        a_moment().await;
        assert!(!stage.queue.is_empty());
        assert_eq!(stage.requests(), requests);
        assert!(stage.queue.dead_letters().is_empty());
        worker.abort();
    }
}

/// Its event names it by a key that was encoded on the way.
#[tokio::test]
async fn what_was_found_under_its_decoded_key_and_removed_was_delivered_as_well() {
    let stage = Stage::new().await;
    let object = stage.put("conversions/all people.csv", file(50));
    let mut version = stage.objects.describe(&object).await.unwrap();
    version.address.key = "conversions/all%20people.csv".to_owned();
    let event = event::announce(&version, None, OffsetDateTime::now_utc());
    stage.queue.send(event.clone());
    let worker = stage.work();
    until("it is done", || stage.queue.is_empty()).await;
    assert_eq!(stage.parts.metrics.keys_decoded.get(), 1);
    assert_eq!(stage.dataset().received, 50);
    std::fs::remove_file(stage.path("conversions/all people.csv")).unwrap();
    stage.queue.send(event);
    until("its message is deleted", || stage.queue.is_empty()).await;
    assert!(stage.queue.dead_letters().is_empty());
    worker.abort();
}

#[tokio::test]
async fn what_is_delivered_is_sent_again_only_by_force() {
    let stage = Stage::new().await;
    let object = stage.put("conversions/people.csv", file(100));
    stage.delivered(&object).await;
    let again = stage.deliver(&object).await;
    assert!(matches!(again, Ok(End::AlreadyDelivered)), "{again:?}");
    let mut forced = stage.activation(&object);
    forced.force = true;
    assert!(matches!(forced.run().await, Ok(End::Receipted(_))));
    let events = stage.dataset();
    assert_eq!((events.distinct, events.received), (100, 200));
    assert_eq!(events.changed_duplicates, 0);
}

#[tokio::test]
async fn the_same_file_written_anew_is_another_version() {
    let stage = Stage::new().await;
    let object = stage.put("conversions/people.csv", file(10));
    stage.delivered(&object).await;
    // A file system's clock has ticks; S3 has a new entity tag or version.
    a_moment().await;
    stage.put("conversions/people.csv", file(10));
    stage.delivered(&object).await;
    assert_eq!(stage.dataset().distinct, 20);
}

#[tokio::test]
async fn an_object_overwritten_while_read_is_superseded() {
    let settings = [
        ("ACTIVATOR_INPUT_WINDOW_BYTES", "65536"),
        ("ACTIVATOR_INPUT_SAMPLE_ROWS", "100"),
        ("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "1"),
    ];
    let stage = Stage::with(ROUTES, &settings).await;
    let second_waits = Fault::delay(Target::Events, Duration::from_secs(1)).nth(2);
    stage.simulator.fault(second_waits);
    let old = file(20_000);
    let mut new = HEADER.to_owned();
    new.extend((50_001..=50_300).map(row));

    let object = stage.put("conversions/people.csv", &old);
    let first = stage.objects.describe(&object).await.unwrap();
    let worker = stage.work();
    stage.announce(&object, None).await;
    until("the second request is out", || stage.requests() == 2).await;
    stage.put("conversions/people.csv", &new);
    until("its message is deleted", || stage.queue.is_empty()).await;

    let receipt = stage.receipts.get(&first, "buyers").await.unwrap().unwrap();
    assert_eq!(receipt.status, Status::Superseded);
    let sent = receipt.rows.sent;
    assert!(sent > 0 && sent < 20_000, "{sent} rows sent");
    assert_eq!(stage.dataset().distinct, sent, "all of the old version");
    let bearing = |number| {
        let hash = hashed_email(number);
        stage.simulator.events_bearing(DATASET, "em", &hash)
    };
    assert!((50_001..=50_300).all(|number| bearing(number) == 0));

    stage.announce(&object, None).await;
    until("the new version is done", || stage.queue.is_empty()).await;
    assert_eq!(stage.dataset().distinct, sent + 300);
    assert!((50_001..=50_300).all(|number| bearing(number) == 1));

    // It has ended, whatever becomes of the object.
    std::fs::remove_file(stage.path("conversions/people.csv")).unwrap();
    let now = OffsetDateTime::now_utc();
    stage.queue.send(event::announce(&first, None, now));
    until("its second event is deleted", || stage.queue.is_empty()).await;
    assert!(stage.queue.dead_letters().is_empty());
    worker.abort();
}

#[tokio::test]
async fn what_broke_off_half_way_goes_on_where_it_was() {
    let settings = [
        ("ACTIVATOR_INPUT_WINDOW_BYTES", "65536"),
        ("ACTIVATOR_INPUT_SAMPLE_ROWS", "100"),
    ];
    let stage = Stage::with(ROUTES, &settings).await;
    let object = stage.put("conversions/people.csv", file(3_000));
    stage.objects.break_at(100_000);
    let broken = stage.deliver(&object).await;
    let reason = broken.unwrap_err();
    assert!(
        matches!(reason, Halt::Object(ObjectError::Transient { .. })),
        "{reason}"
    );
    assert!(stage.receipt(&object).await.is_none());
    let before = stage.dataset().received;
    assert!(before > 0, "something was sent before it broke");

    stage.objects.mend();
    later(Duration::from_secs(1)).await;
    let receipt = stage.delivered(&object).await;
    assert_eq!(receipt.sent.accepted, 3_000);
    let events = stage.dataset();
    assert_eq!((events.distinct, events.duplicates), (3_000, 0));
    let attempts = receipt.attempts.unwrap();
    assert_eq!((attempts.total, attempts.rows_before), (2, before));
}
