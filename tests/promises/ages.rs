//! Events grow older while they wait. Meta refuses a whole request for one that is too old.

use std::time::Duration;

use audience_activator::receipts::Status;
use simulator::{Fault, FaultAction, GraphError, Target};
use time::OffsetDateTime;

use crate::stage::ROUTES;
use crate::stage::paused::{Paused, on_a_paused_clock};
use crate::stage::people::{email, file};

const HOUR: i64 = 3_600;

/// The age at which events of a store are not sent any more: Meta's 62 days, and half an
/// hour to spare.
const OLD: i64 = 62 * 24 * HOUR - HOUR / 2;

const SETTINGS: &[(&str, &str)] = &[
    ("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "1"),
    ("ACTIVATOR_DELIVERY_MAX_BODY_BYTES", "65536"),
    ("ACTIVATOR_LEDGER_ATTEMPTS_WITHOUT_PROGRESS", "2"),
    // The wait is all within one attempt.
    ("ACTIVATOR_DELIVERY_LONGEST_WAIT_SECONDS", "36000"),
];

/// So often is a request refused that some nine hours pass: the gate stays closed for a
/// quarter of an hour, mostly.
const THROTTLES: u64 = 38;

fn with_times() -> String {
    ROUTES.replace(
        "event_time = \"object\"",
        "event_time = { column = \"at\" }",
    )
}

/// Rows whose events are as old as `age` says.
fn aged(rows: u64, age: impl Fn(u64) -> i64) -> String {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let mut text = "id,email,consent,paid,at\n".to_owned();
    for row in 1..=rows {
        let at = now - age(row);
        text.push_str(&format!("id-{row},{},Y,12.50,{at}\n", email(row)));
    }
    text
}

fn throttled_for_hours(stage: &Paused, from: u64) {
    let throttle = Fault::error(Target::Events, GraphError::new(403, 4));
    stage
        .wire
        .platform
        .fault(throttle.nth(from).times(THROTTLES));
}

/// Statuses of all requests but the throttled ones.
fn other_answers(stage: &Paused) -> Vec<Option<u16>> {
    let sent = stage.wire.sent().into_iter().map(|one| one.status);
    sent.filter(|status| *status != Some(403)).collect()
}

#[test]
fn events_that_grow_too_old_while_they_wait_are_refused_and_the_others_sent() {
    on_a_paused_clock(async {
        let stage = Paused::new(&with_times(), SETTINGS, |builder| builder);
        throttled_for_hours(&stage, 1);
        // Every third one has four hours left.
        let age = |row| {
            if row % 3 == 0 {
                OLD - 4 * HOUR
            } else {
                24 * HOUR
            }
        };
        let object = stage.put("conversions/people.csv", &aged(30, age)).await;
        let worker = stage.work();
        stage.until_done().await;
        let passed = stage.wire.sent().last().unwrap().at.elapsed();
        assert!(passed < Duration::from_secs(HOUR as u64), "{passed:?}");

        assert_eq!(
            other_answers(&stage),
            [Some(200)],
            "nothing for Meta to refuse"
        );
        let receipt = stage.receipt(&object).await.unwrap();
        assert_eq!(receipt.status, Status::Delivered);
        assert_eq!((receipt.sent.accepted, receipt.sent.refused), (20, 10));
        assert_eq!(receipt.refusals.counts()["event_too_old"], 10);
        let samples = receipt.refusals.samples().iter();
        let rows: Vec<u64> = samples.map(|sample| sample.row).collect();
        assert_eq!(rows, [3, 6, 9, 12, 15, 18, 21, 24, 27, 30]);
        let list = receipt.rejects_file.unwrap();
        assert_eq!((list.listed, list.of), (10, 10));
        assert_eq!(stage.dataset().received, 20);
        worker.abort();
    });
}

#[test]
fn an_object_that_grows_too_old_while_it_waits_is_not_sent() {
    on_a_paused_clock(async {
        let stage = Paused::new(ROUTES, SETTINGS, |builder| builder);
        throttled_for_hours(&stage, 1);
        let key = "conversions/people.csv";
        stage.write(key, file(30));
        let now = OffsetDateTime::now_utc().unix_timestamp();
        stage.written_at(key, now - OLD + 4 * HOUR);
        let object = stage.announce(key).await;
        let worker = stage.work();
        stage.until_done().await;

        assert_eq!(other_answers(&stage), []);
        let receipt = stage.receipt(&object).await.unwrap();
        assert_eq!((receipt.sent.accepted, receipt.sent.refused), (0, 30));
        assert_eq!(receipt.refusals.counts()["event_too_old"], 30);
        worker.abort();
    });
}

#[test]
fn what_may_have_arrived_and_grew_too_old_is_neither_changed_nor_called_refused() {
    on_a_paused_clock(async {
        let stage = Paused::new(&with_times(), SETTINGS, |builder| builder);
        // The first request arrives, and its answer is lost.
        let lost = Fault::new(Target::Events, FaultAction::ResetAfter);
        stage.wire.platform.fault(lost);
        throttled_for_hours(&stage, 2);
        let age = |row| if row <= 50 { OLD - 4 * HOUR } else { 24 * HOUR };
        let rows = 700;
        let object = stage.put("conversions/people.csv", &aged(rows, age)).await;
        let worker = stage.work();
        stage.until_done().await;

        let sent = stage.wire.sent();
        let first = sent[0].rows as u64;
        assert!(
            first > 50 && first < rows / 2,
            "{first} rows in the first of several"
        );
        let refused = sent.iter().filter(|one| one.status == Some(400));
        assert!(refused.clone().count() >= 1);
        assert!(
            refused.clone().all(|one| one.rows as u64 == first),
            "as it was"
        );
        let receipt = stage.receipt(&object).await.unwrap();
        let reason = Status::Quarantined {
            reason: "in_doubt".into(),
        };
        assert_eq!(receipt.status, reason);
        assert_eq!((receipt.sent.unknown, receipt.sent.refused), (first, 0));
        assert_eq!(receipt.sent.accepted, rows - first, "the others went on");
        let dataset = stage.dataset();
        assert_eq!((dataset.distinct, dataset.received), (rows, rows));
        assert_eq!(stage.queue.dead_letters().len(), 1);
        worker.abort();
    });
}
