//! Crashes, second workers, poison: what the ledger is for.

use std::sync::Arc;
use std::time::Duration;

use audience_activator::app::{Parts, Worker};
use audience_activator::ledger::{Ledger, State};
use audience_activator::object::ObjectSource;
use audience_activator::receipts::Status;
use simulator::{Fault, GraphError, Target};
use tokio_util::sync::CancellationToken;

use crate::stage::clock::{a_moment, later, until};
use crate::stage::crash::{Point, When};
use crate::stage::journal::Step;
use crate::stage::people::{HEADER, file, hashed_email, row};
use crate::stage::{ROUTES, Stage};

/// Longer than any lease, and than any rest of a message that was tried once or twice.
const OVER: Duration = Duration::from_secs(3_700);

const IN_FLIGHT: u64 = 3;

async fn stage() -> Stage {
    let settings = [("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "3")];
    Stage::with(ROUTES, &settings).await
}

/// The worker is gone, its lease and its hold of the message run out.
async fn much_later(stage: &Stage) {
    stage.ledger.later(OVER);
    later(OVER).await;
}

/// Lets one rest after the other pass until it is so; never while an object is in hand.
async fn until_later(stage: &Stage, what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..200 {
        a_moment().await;
        if is_so() {
            return;
        }
        if stage.parts.board.in_hand().is_empty() {
            later(OVER).await;
        }
    }
    panic!("waited in vain until {what}");
}

#[tokio::test]
async fn a_crash_resends_at_most_the_batches_that_were_in_flight() {
    let stage = stage().await;
    let object = stage.put("conversions/people.csv", file(5_000));
    stage.announce(&object, None).await;
    let mut crashes = 0;
    // Requests hang from some point on, and then the worker dies: again and again.
    // An account is called by one request at first, and by one more with each answer.
    for answered in [2, 6, 3, 9] {
        let hangs = Fault::delay(Target::Events, Duration::from_secs(600));
        stage.simulator.fault(hangs.nth(answered + 1).always());
        let before = stage.requests();
        let worker = stage.work();
        let hanging = before + answered + IN_FLIGHT;
        until("all that may be out are out", || {
            stage.requests() == hanging
        })
        .await;
        a_moment().await;
        assert_eq!(stage.requests(), hanging, "no more than may be in flight");
        worker.abort();
        crashes += 1;
        stage.simulator.clear_faults();
        much_later(&stage).await;
    }
    let worker = stage.work();
    until("it is done", || stage.queue.is_empty()).await;
    worker.abort();

    let receipt = stage.receipt(&object).await.unwrap();
    assert_eq!(
        (receipt.status, receipt.sent.accepted),
        (Status::Delivered, 5_000)
    );
    let attempts = receipt.attempts.unwrap();
    assert_eq!(attempts.total, crashes + 1);
    assert!(attempts.rows_before > 0);
    let events = stage.dataset();
    assert_eq!(events.distinct, 5_000);
    assert_eq!(events.changed_duplicates, 0, "the same ids and bytes");
    let resent = stage.requests() - receipt.batches.acknowledged;
    assert!(
        resent <= crashes * IN_FLIGHT,
        "{resent} requests sent again"
    );
    assert!(resent > 0, "something was in flight");
}

#[tokio::test]
async fn two_workers_never_both_advance_one_object() {
    let stage = stage().await;
    let slow = Fault::delay(Target::Events, Duration::from_millis(20));
    stage.simulator.fault(slow.always());
    let object = stage.put("conversions/people.csv", file(3_000));
    let other = Arc::new(stage.other_parts());
    for _ in 0..4 {
        stage.announce(&object, None).await;
    }
    let workers = [stage.parts.clone(), other]
        .map(|parts: Arc<Parts>| tokio::spawn(Worker::new(parts, CancellationToken::new()).run()));
    until("one has delivered it", || {
        stage.journal.count(Step::ReceiptStored) == 1
    })
    .await;
    a_moment().await;
    let events = stage.dataset();
    assert_eq!(
        (events.distinct, events.received),
        (3_000, 3_000),
        "at first"
    );
    later(OVER).await;
    until("all messages are through", || stage.queue.is_empty()).await;
    let events = stage.dataset();
    assert_eq!((events.distinct, events.received), (3_000, 3_000));
    assert_eq!(stage.journal.count(Step::ReceiptStored), 1);
    for worker in workers {
        worker.abort();
    }
}

#[tokio::test]
async fn a_worker_that_was_taken_for_dead_stops_before_its_next_request() {
    let stage = stage().await;
    let hangs = Fault::delay(Target::Events, Duration::from_secs(2)).nth(4);
    stage.simulator.fault(hangs.times(3));
    let object = stage.put("conversions/people.csv", file(5_000));
    stage.announce(&object, None).await;
    let first = stage.work();
    until("its requests hang", || stage.requests() == 6).await;
    // Its lease is over by another's clock, and the event comes a second time.
    stage.ledger.later(OVER);
    stage.announce(&object, None).await;
    let other = Arc::new(stage.other_parts());
    let second = tokio::spawn(Worker::new(other, CancellationToken::new()).run());
    until("the first has lost it", || {
        stage.parts.metrics.objects_lost.get() == 1
    })
    .await;
    until("the other has delivered it", || {
        stage.journal.count(Step::ReceiptStored) == 1
    })
    .await;
    let events = stage.dataset();
    assert_eq!(events.distinct, 5_000);
    let receipt = stage.receipt(&object).await.unwrap();
    let resent = stage.requests() - receipt.batches.acknowledged;
    assert!(resent <= IN_FLIGHT, "{resent} requests sent again");
    first.abort();
    second.abort();
}

/// It has the configuration of yesterday, which does not fit the file.
#[tokio::test]
async fn what_a_frozen_worker_says_late_does_not_unmake_a_delivery() {
    let yesterday = ROUTES.replace("email = \"email\"", "mail = \"email\"");
    let stage = Stage::with(&yesterday, &[]).await;
    let object = stage.put("conversions/people.csv", file(1_000));
    stage.announce(&object, None).await;
    stage.crash.at(Point::ReceiptStored, When::Before);
    let frozen = stage.work();
    stage.crash.happens().await;

    // Its lease is over, and another one delivers the object.
    stage.ledger.later(OVER);
    stage.announce(&object, None).await;
    let other = Arc::new(stage.parts_with(ROUTES));
    let second = tokio::spawn(Worker::new(other, CancellationToken::new()).run());
    let stored = || stage.journal.count(Step::ReceiptStored);
    until("the other has delivered it", || stored() == 1).await;
    stage.crash.thaw();
    until("the first has said that it does not fit", || stored() == 2).await;
    let receipt = stage.receipt(&object).await.unwrap();
    assert_eq!(receipt.status, Status::Delivered);
    assert_eq!(receipt.sent.accepted, 1_000);
    let version = stage.objects.describe(&object).await.unwrap();
    let found = stage.ledger.get(&version, "buyers").await.unwrap().unwrap();
    assert_eq!(found.entry.state, State::Done);
    assert_eq!(stage.dataset().received, 1_000);
    frozen.abort();
    second.abort();
}

#[tokio::test]
async fn a_crash_at_any_step_of_the_end_is_made_good() {
    let points = [
        Point::RejectsStored,
        Point::ReceiptStored,
        Point::LedgerDone,
        Point::Deleted,
    ];
    for point in points {
        for when in [When::Before, When::After] {
            let stage = stage().await;
            let mut text = file(1_000);
            text.push_str("not a whole row\n");
            let object = stage.put("conversions/people.csv", text);
            stage.announce(&object, None).await;
            stage.crash.at(point, when);
            let worker = stage.work();
            stage.crash.happens().await;
            worker.abort();
            let requests = stage.requests();
            much_later(&stage).await;

            let worker = stage.work();
            until("it is done", || stage.queue.is_empty()).await;
            worker.abort();
            assert_eq!(
                stage.requests(),
                requests,
                "{when:?} {point:?}: nothing is sent again"
            );
            let receipt = stage.receipt(&object).await.unwrap();
            assert_eq!(receipt.status, Status::Delivered, "{when:?} {point:?}");
            assert_eq!((receipt.rows.read, receipt.rows.rejected), (1_001, 1));
            assert_eq!(receipt.sent.accepted, 1_000);
            let events = stage.dataset();
            assert_eq!((events.distinct, events.received), (1_000, 1_000));
        }
    }
}

#[tokio::test]
async fn a_crash_at_any_step_of_giving_up_is_made_good() {
    let points = [
        Point::ReceiptStored,
        Point::LedgerGivenUp,
        Point::PutAside,
        Point::Deleted,
    ];
    for point in points {
        for when in [When::Before, When::After] {
            let settings = [("ACTIVATOR_LEDGER_ATTEMPTS_WITHOUT_PROGRESS", "1")];
            let stage = Stage::with(ROUTES, &settings).await;
            let object = stage.put("conversions/people.csv", "shoe_size\n42\n43\n");
            stage.announce(&object, None).await;
            stage.crash.at(point, when);
            let worker = stage.work();
            stage.crash.happens().await;
            worker.abort();
            much_later(&stage).await;

            let worker = stage.work();
            until_later(&stage, "it is put aside", || stage.queue.is_empty()).await;
            worker.abort();
            let receipt = stage.receipt(&object).await.unwrap();
            assert_eq!(receipt.status.name(), "quarantined", "{when:?} {point:?}");
            assert_eq!(stage.requests(), 0);
            // One, or two where the first had no time to be the last.
            let copied = (point, when) == (Point::PutAside, When::After)
                || (point, when) == (Point::Deleted, When::Before);
            let letters = stage.queue.dead_letters();
            assert_eq!(letters.len(), 1 + usize::from(copied), "{when:?} {point:?}");
            // An attempt that ends without a word leaves no reason behind.
            let reasons = ["header_does_not_fit", "no_progress"];
            assert!(
                letters
                    .iter()
                    .all(|(_, letter)| reasons.contains(&&*letter.reason))
            );
        }
    }
}

#[tokio::test]
async fn poison_is_quarantined_with_a_reason_and_not_looped() {
    let stage = stage().await;
    let object = stage.put("conversions/people.csv", "shoe_size\n42\n43\n");
    stage.announce(&object, None).await;
    let worker = stage.work();
    until_later(&stage, "it is put aside", || stage.queue.is_empty()).await;
    worker.abort();
    let receipt = stage.receipt(&object).await.unwrap();
    let reason = receipt
        .status
        .reason()
        .map(|reason| reason.as_str().to_owned());
    assert_eq!(receipt.status.name(), "quarantined");
    assert_eq!(reason.as_deref(), Some("header_does_not_fit"));
    let letters = stage.queue.dead_letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].1.reason, "header_does_not_fit");
    assert_eq!(letters[0].1.route.as_deref(), Some("buyers"));
    assert_eq!(stage.requests(), 0);
}

/// Two objects are in hand together, and with one of them the worker dies. That one is worked
/// on alone in the end; whoever only waits for it has no attempt.
#[tokio::test]
async fn an_object_that_kills_its_worker_takes_no_other_with_it() {
    let stage = stage().await;
    let deadly = stage.put("conversions/deadly.csv", file(1));
    let harmless = stage.put("conversions/harmless.csv", HEADER.to_owned() + &row(2));
    let hangs = |person| {
        let hangs = Fault::delay(Target::Events, Duration::from_secs(600));
        let hangs = hangs.holding(hashed_email(person)).always();
        stage.simulator.fault(hangs);
    };
    stage.announce(&deadly, None).await;
    stage.announce(&harmless, None).await;
    for death in 1.. {
        // Of the first two attempts nobody can tell whose fault it is.
        hangs(1);
        if death <= 2 {
            hangs(2);
        }
        let worker = stage.work();
        let out = || stage.simulator.inspect().requests.in_flight;
        let put_aside = || !stage.queue.dead_letters().is_empty();
        until("it is in hand, or given up", || out() > 0 || put_aside()).await;
        a_moment().await;
        worker.abort();
        stage.simulator.clear_faults();
        until("nothing is out", || out() == 0).await;
        if put_aside() {
            break;
        }
        assert!(death < 10, "the deadly object is never given up");
        much_later(&stage).await;
    }
    much_later(&stage).await;
    let worker = stage.work();
    until_later(&stage, "both are through", || stage.queue.is_empty()).await;
    worker.abort();
    let letters = stage.queue.dead_letters();
    let objects: Vec<_> = letters.iter().map(|(_, one)| one.object.clone()).collect();
    assert_eq!(
        objects,
        [Some("s3://audiences/conversions/deadly.csv".to_owned())]
    );
    let receipt = stage.receipt(&harmless).await.unwrap();
    assert_eq!(receipt.status, Status::Delivered);
    let receipt = stage.receipt(&deadly).await.unwrap();
    let reason = "no_progress".into();
    assert_eq!(receipt.status, Status::Quarantined { reason });
}

#[tokio::test]
async fn an_outage_of_metas_quarantines_nothing() {
    let settings = [("ACTIVATOR_DELIVERY_ATTEMPTS", "1")];
    let stage = Stage::with(ROUTES, &settings).await;
    let outage = GraphError::new(500, 2);
    stage
        .simulator
        .fault(Fault::error(Target::Events, outage).always());
    let object = stage.put("conversions/people.csv", file(100));
    stage.announce(&object, None).await;
    let worker = stage.work();
    until_later(&stage, "it was tried many times", || {
        stage.journal.count(Step::Received) >= 12
    })
    .await;
    assert!(stage.queue.dead_letters().is_empty());
    stage.simulator.clear_faults();
    until_later(&stage, "it is done", || stage.queue.is_empty()).await;
    worker.abort();
    assert_eq!(stage.dataset().distinct, 100);
}

#[tokio::test]
async fn what_is_not_understood_is_put_aside_with_a_reason() {
    let stage = stage().await;
    stage.queue.send("{\"hello\": \"world\"}".to_owned());
    let worker = stage.work();
    until("it is put aside", || stage.queue.is_empty()).await;
    worker.abort();
    let letters = stage.queue.dead_letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].0, "{\"hello\": \"world\"}");
    assert_eq!(letters[0].1.reason, "not_understood");
}
