//! Answers of every kind, and none at all: what the pipeline makes of each.
#![allow(clippy::unwrap_used, clippy::panic)]

mod stage;

use std::collections::BTreeSet;
use std::time::Duration;

use audience_activator::app::Halt;
use audience_activator::delivery::Stop;
use audience_activator::ledger::Ledger;
use audience_activator::object::ObjectSource;
use audience_activator::receipts::Receipt;
use futures_util::future::join_all;
use serde_json::json;
use simulator::{BusinessUsage, Fault, FaultAction, GraphError, Target, Usage, UsageHeader};

use stage::clock::{a_moment, later, until};
use stage::journal::Step;
use stage::meta::{Endpoint, Reply};
use stage::people::file;
use stage::{ROUTES, Stage};

const EVENTS: &str = "conversions/people.csv";
const USERS: &str = "audiences/people.csv";

/// Two reads of one secret are at least this far apart.
const READ_DISTANCE: Duration = Duration::from_secs(5);
/// How long a message rests after its first failed receive.
const REST: Duration = Duration::from_secs(15);

async fn alone_in_flight(attempts: &str) -> Stage {
    let settings = [
        ("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "1"),
        ("ACTIVATOR_DELIVERY_ATTEMPTS", attempts),
    ];
    Stage::with(ROUTES, &settings).await
}

/// Different bodies among the requests of the last objects.
fn bodies(stage: &Stage) -> usize {
    let recent = stage.simulator.inspect().requests.recent;
    let digests: BTreeSet<_> = recent.iter().map(|one| one.body_digest.clone()).collect();
    digests.len()
}

#[tokio::test]
async fn a_lost_answer_is_resent_identically() {
    for (target, key) in [(Target::Events, EVENTS), (Target::Users, USERS)] {
        let stage = Stage::new().await;
        for (nth, action) in [
            (2, FaultAction::ResetAfter),
            (3, FaultAction::Truncate),
            (5, FaultAction::ErrorAfter(GraphError::new(500, 2))),
        ] {
            stage.simulator.fault(Fault::new(target, action).nth(nth));
        }
        let object = stage.put(key, file(2_000));
        let receipt = stage.delivered(&object).await;

        assert_eq!((receipt.sent.accepted, receipt.sent.unknown), (2_000, 0));
        assert_eq!(receipt.batches.retries, 3);
        assert_eq!(bodies(&stage) as u64, receipt.batches.acknowledged);
        match target {
            Target::Events => {
                let events = stage.dataset();
                assert_eq!(events.distinct, 2_000);
                assert!(events.duplicates > 0, "some arrived twice");
                assert_eq!(events.changed_duplicates, 0);
            }
            _ => {
                let audience = stage.audience();
                assert_eq!(audience.members, 2_000);
                assert!(audience.rows_repeated > 0, "some arrived twice");
            }
        }
    }
}

#[tokio::test]
async fn every_passing_failure_is_tried_again() {
    let failures = [
        FaultAction::Error(GraphError::new(500, 1)),
        FaultAction::Error(GraphError::new(400, 2).subcode(1_504_043)),
        FaultAction::Error(GraphError::new(400, 100).transient()),
        FaultAction::Html { status: 502 },
        FaultAction::Html { status: 400 },
        FaultAction::ResetBefore,
        FaultAction::ResetAfter,
        FaultAction::Truncate,
    ];
    join_all(failures.map(async |failure| {
        let stage = alone_in_flight("2").await;
        stage
            .simulator
            .fault(Fault::new(Target::Events, failure.clone()));
        let object = stage.put(EVENTS, file(10));
        let receipt = stage.delivered(&object).await;
        assert_eq!(receipt.batches.retries, 1, "{failure:?}");
        assert_eq!(stage.dataset().distinct, 10, "{failure:?}");
    }))
    .await;
}

#[tokio::test]
async fn an_outage_that_says_how_long_it_lasts_is_waited_for_or_not_at_all() {
    for (says, waits) in [("1", true), ("3600", false)] {
        let endpoint = Endpoint::answering({
            let asked = std::sync::atomic::AtomicU64::new(0);
            move |_| match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => Reply::json(503, &json!({})).header("retry-after", says),
                _ => Reply::json(200, &json!({"events_received": 10})),
            }
        })
        .await;
        let stage = Stage::facing(&endpoint.url(), &[]).await;
        let object = stage.put(EVENTS, file(10));
        let began = std::time::Instant::now();
        match waits {
            true => {
                stage.delivered(&object).await;
                // Of itself it would have been half of that.
                assert!(began.elapsed() >= Duration::from_secs(1));
                assert_eq!(endpoint.seen().len(), 2);
            }
            false => {
                let halt = stage.deliver(&object).await.unwrap_err();
                // A 503 without a code of Meta's: something between may have said it too late.
                let stop = matches!(halt, Halt::Delivery(Stop::Unknown { attempts: 1, .. }));
                assert!(stop, "{halt}");
            }
        }
    }
}

#[tokio::test]
async fn a_failure_that_does_not_pass_gives_the_message_back() {
    let stage = alone_in_flight("3").await;
    let down = Fault::error(Target::Events, GraphError::new(503, 2).transient());
    stage.simulator.fault(down.always());
    let object = stage.put(EVENTS, file(10));
    stage.announce(&object, None).await;
    let worker = stage.work();
    until("it is given back", || {
        stage.journal.count(Step::HiddenFor(REST)) == 1
    })
    .await;
    assert_eq!(stage.requests(), 3, "as often as the configuration says");
    assert!(stage.receipt(&object).await.is_none());
    assert!(stage.parts.health.report().stopped_routes.is_empty());

    stage.simulator.clear_faults();
    later(REST).await;
    until("it is done", || stage.queue.is_empty()).await;
    assert_eq!(stage.dataset().distinct, 10);
    worker.abort();
}

#[tokio::test]
async fn an_answer_that_never_comes_leaves_the_batch_unknown_and_the_message_in_the_queue() {
    let stage = alone_in_flight("2").await;
    stage
        .simulator
        .fault(Fault::lost_answer(Target::Events).always());
    let object = stage.put(EVENTS, file(10));
    let halt = stage.deliver(&object).await.unwrap_err();
    assert!(
        matches!(halt, Halt::Delivery(Stop::Unknown { attempts: 2, .. })),
        "{halt}"
    );
    assert!(stage.receipt(&object).await.is_none());
    let events = stage.dataset();
    assert_eq!((events.distinct, events.received), (10, 20));
    assert_eq!(events.changed_duplicates, 0);
}

#[tokio::test]
async fn a_page_with_a_5xx_may_hide_that_it_happened_and_one_with_a_4xx_does_not() {
    for (status, unknown) in [(504, 10), (400, 0)] {
        let stage = alone_in_flight("2").await;
        let page = Fault::new(Target::Events, FaultAction::Html { status });
        stage.simulator.fault(page.always());
        let object = stage.put(EVENTS, file(10));
        let halt = stage.deliver(&object).await.unwrap_err();
        match halt {
            Halt::Delivery(Stop::Unknown { attempts: 2, .. }) => assert_eq!(unknown, 10),
            Halt::Delivery(Stop::Unavailable { attempts: 2, .. }) => assert_eq!(unknown, 0),
            other => panic!("{other}"),
        }
        let version = stage.objects.describe(&object).await.unwrap();
        let found = stage.ledger.get(&version, "buyers").await.unwrap();
        let progress = found.unwrap().entry.progress;
        let batches = progress.unknown.iter();
        assert_eq!(batches.map(|batch| batch.rows).sum::<u64>(), unknown);
    }
}

#[tokio::test]
async fn a_throttle_without_a_hint_makes_the_account_wait_a_minute() {
    let stage = alone_in_flight("1").await;
    let throttle = Fault::error(Target::Events, GraphError::new(400, 4));
    stage.simulator.fault(throttle.nth(2).times(2));
    let object = stage.put(EVENTS, file(1_000));
    let limiter = stage.limiter("buyers", "dataset 1001");
    let job = async { stage.delivered(&object).await };
    let clock = async {
        for throttled in [2, 3] {
            until("the account waits", || limiter.closed_until().is_some()).await;
            a_moment().await;
            assert_eq!(stage.requests(), throttled, "no other request begins");
            later(Duration::from_secs(120)).await;
        }
    };
    let (receipt, ()) = tokio::join!(job, clock);
    // Waiting is no failure: one attempt was allowed.
    assert_eq!(receipt.batches.retries, 2);
    assert_eq!(stage.dataset().distinct, 1_000);
    assert_eq!(stage.dataset().duplicates, 0);
}

#[tokio::test]
async fn a_throttled_account_waits_as_long_as_meta_says_with_all_its_objects() {
    let stage = Stage::new().await;
    let usage = BusinessUsage {
        call_count: 100.0,
        estimated_time_to_regain_access: 5,
        ..BusinessUsage::default()
    };
    let usage = Usage {
        business: Some(UsageHeader::Report(usage)),
        ..Usage::default()
    };
    stage.simulator.set_usage(usage).unwrap();
    let throttle = Fault::error(Target::Users, GraphError::new(400, 80_003));
    stage.simulator.fault(throttle);
    let objects = ["audiences/a.csv", "audiences/b.csv"].map(|key| stage.put(key, file(10)));
    let limiter = stage.limiter("members", "act_3003");

    let first = stage.delivered(&objects[0]);
    let second = async {
        until("the account waits", || limiter.closed_until().is_some()).await;
        stage.delivered(&objects[1]).await
    };
    let clock = async {
        until("the account waits", || limiter.closed_until().is_some()).await;
        later(Duration::from_secs(4 * 60)).await;
        a_moment().await;
        assert_eq!(stage.requests(), 1, "after four of five minutes");
        assert!(stage.parts.metrics.page().contains("business_use_case"));
        stage.simulator.set_usage(Usage::default()).unwrap();
        // Not to the second, so that workers do not come back together.
        later(Duration::from_secs(90)).await;
    };
    let (first, second, ()) = tokio::join!(first, second, clock);
    assert_eq!((first.batches.retries, second.batches.retries), (1, 0));
    assert_eq!(stage.requests(), 3);
}

#[tokio::test]
async fn a_quota_that_is_used_up_for_long_gives_the_object_back_until_it_recovers() {
    let stage = alone_in_flight("1").await;
    let usage = BusinessUsage {
        call_count: 100.0,
        estimated_time_to_regain_access: 20,
        ..BusinessUsage::default()
    };
    let usage = Usage {
        business: Some(UsageHeader::Report(usage)),
        ..Usage::default()
    };
    stage.simulator.set_usage(usage).unwrap();
    let throttle = Fault::error(Target::Users, GraphError::new(400, 80_003));
    stage.simulator.fault(throttle);
    let object = stage.put(USERS, file(10));
    stage.announce(&object, None).await;
    let worker = stage.work();
    let twenty_minutes = Duration::from_secs(20 * 60);
    let is_given_back = |step: &Step| match step {
        // The rest, up to a tenth more, and less what has passed.
        Step::HiddenFor(rest) => (twenty_minutes.mul_f64(0.95)..=twenty_minutes * 2).contains(rest),
        _ => false,
    };
    until("it is given back", || {
        stage.journal.steps().iter().any(is_given_back)
    })
    .await;
    assert_eq!(stage.requests(), 1);
    assert!(stage.receipt(&object).await.is_none());
    assert!(stage.parts.health.report().stopped_routes.is_empty());
    let page = stage.parts.metrics.page();
    let closed = "worker_meta_gate_closed{route=\"members\"} 1\n";
    assert!(page.contains(closed), "{page}");

    stage.simulator.set_usage(Usage::default()).unwrap();
    later(twenty_minutes.mul_f64(1.2)).await;
    until("it is delivered", || {
        stage.journal.count(Step::Deleted) == 1
    })
    .await;
    assert_eq!(stage.requests(), 2);
    assert_eq!(stage.audience().members, 10);
    worker.abort();
}

#[tokio::test]
async fn a_refused_token_is_read_again_once() {
    let stage = alone_in_flight("2").await;
    let first = stage.put("conversions/a.csv", file(10));
    stage.delivered(&first).await;
    assert_eq!(stage.secret.reads(), 1);

    stage.simulator.set_token("second-token");
    stage.secret.renew("second-token");
    later(READ_DISTANCE).await;
    let second = stage.put("conversions/b.csv", file(10));
    let receipt = stage.delivered(&second).await;
    assert_eq!(receipt.batches.requests, 2, "once with each token");
    assert_eq!(stage.secret.reads(), 2);

    stage.simulator.set_token("third-token");
    later(READ_DISTANCE).await;
    let third = stage.put("conversions/c.csv", file(10));
    let halt = stage.deliver(&third).await.unwrap_err();
    assert!(matches!(halt, Halt::Delivery(Stop::Auth { .. })), "{halt}");
    assert_eq!(stage.secret.reads(), 3);
    assert_eq!(stage.requests(), 4, "the same token is not tried again");
}

/// A worker whose events are refused until `mend`; meanwhile the other route goes on.
async fn stops_the_route_until(stage: Stage, told: &str, mend: impl Fn(&Stage)) -> Receipt {
    let stopped = stage.put(EVENTS, file(10));
    stage.announce(&stopped, None).await;
    let worker = stage.work();
    until("it is given back", || {
        stage.journal.count(Step::HiddenFor(REST)) == 1
    })
    .await;
    let page = || stage.parts.metrics.page();
    let reasons = || stage.parts.health.report().stopped_routes;
    assert!(reasons()["buyers"].contains(told), "{:?}", reasons());
    assert!(page().contains("worker_route_stopped{route=\"buyers\"} 1\n"));
    assert_eq!(stage.journal.count(Step::Deleted), 0);
    assert!(stage.receipt(&stopped).await.is_none());
    assert_eq!(stage.dataset().received, 0);

    mend(&stage);
    later(REST).await;
    until("it is done", || stage.queue.is_empty()).await;
    assert!(reasons().is_empty());
    assert!(page().contains("worker_route_stopped{route=\"buyers\"} 0\n"));
    assert_eq!(stage.dataset().distinct, 10);
    worker.abort();
    stage.receipt(&stopped).await.unwrap()
}

#[tokio::test]
async fn a_token_that_stays_refused_stops_the_route_and_keeps_the_message() {
    let stage = Stage::new().await;
    stage.simulator.set_token("another-token");
    let told = "renew it in env:META_TOKEN";
    stops_the_route_until(stage, told, |stage| stage.secret.renew("another-token")).await;
}

#[tokio::test]
async fn a_request_refused_for_its_set_up_stops_the_route_and_keeps_the_message() {
    for error in [
        GraphError::new(403, 200).subcode(1_870_034),
        GraphError::new(400, 100).subcode(33),
        GraphError::new(400, 10),
        GraphError::new(400, 2635),
    ] {
        let stage = Stage::new().await;
        let told = format!("error {}", error.code);
        stage
            .simulator
            .fault(Fault::error(Target::Events, error).always());
        stops_the_route_until(stage, &told, |stage| stage.simulator.clear_faults()).await;
    }
}

#[tokio::test]
async fn one_stopped_route_does_not_hold_up_another() {
    let stage = Stage::new().await;
    let refusal = Fault::error(Target::Events, GraphError::new(403, 200));
    stage.simulator.fault(refusal.always());
    for key in [EVENTS, USERS] {
        let object = stage.put(key, file(10));
        stage.announce(&object, None).await;
    }
    let worker = stage.work();
    until("the other is done", || {
        stage.journal.count(Step::Deleted) == 1
    })
    .await;
    assert_eq!(stage.audience().members, 10);
    assert!(!stage.queue.is_empty());
    worker.abort();
}

#[tokio::test]
async fn requests_in_flight_reach_the_configured_number_and_never_exceed_it() {
    let settings = [("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "4")];
    let stage = Stage::with(ROUTES, &settings).await;
    for target in [Target::Events, Target::Users] {
        let slow = Fault::delay(target, Duration::from_millis(200));
        stage.simulator.fault(slow.always());
    }
    // Two objects at once share the number.
    let objects = [EVENTS, USERS].map(|key| stage.put(key, file(2_000)));
    let (events, users) = tokio::join!(stage.delivered(&objects[0]), stage.delivered(&objects[1]));
    let batches = events.batches.acknowledged + users.batches.acknowledged;
    assert!(batches > 8, "{batches} batches");
    assert_eq!(stage.simulator.inspect().requests.most_in_flight, 4);
}

#[tokio::test]
async fn a_stop_waits_for_the_requests_that_are_out_and_begins_no_other() {
    let stage = alone_in_flight("2").await;
    let slow = Fault::delay(Target::Events, Duration::from_millis(500));
    stage.simulator.fault(slow.nth(2));
    let object = stage.put(EVENTS, file(2_000));
    let activation = stage.activation(&object);
    let halt = activation.halt.clone();
    let stop = async {
        until("the second request is out", || stage.requests() == 2).await;
        halt.cancel();
    };
    let (ended, ()) = tokio::join!(activation.run(), stop);
    assert!(
        matches!(ended, Err(Halt::Delivery(Stop::Halted) | Halt::Halted)),
        "{ended:?}"
    );
    let requests = stage.simulator.inspect().requests;
    assert_eq!((requests.total, requests.in_flight), (2, 0));
    let outcomes = &requests.outcomes[&Target::Events];
    assert_eq!(outcomes["accepted"], 2, "what was out got its answer");
}

#[tokio::test]
async fn a_redirect_is_not_followed_with_the_token() {
    let elsewhere = Endpoint::answering(|_| Reply::json(200, &json!({}))).await;
    for status in [301, 302, 303, 307, 308] {
        let target = elsewhere.url();
        let meta = Endpoint::answering(move |_| {
            Reply::json(status, &json!({})).header("location", target.clone())
        })
        .await;
        let settings = [("ACTIVATOR_DELIVERY_ATTEMPTS", "1")];
        let stage = Stage::facing(&meta.url(), &settings).await;
        let object = stage.put(EVENTS, file(10));
        let halt = stage.deliver(&object).await.unwrap_err();
        assert!(matches!(halt, Halt::Delivery(_)), "{halt}");
        assert_eq!(meta.seen().len(), 1);
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_file_of_which_meta_takes_no_row_stops_its_route() {
    let stage = Stage::new().await;
    let refusal = Fault::error(Target::Users, GraphError::new(400, 100));
    stage.simulator.fault(refusal.always());
    let object = stage.put(USERS, file(3_000));
    let halt = stage.deliver(&object).await.unwrap_err();
    assert!(
        matches!(halt, Halt::Delivery(Stop::TooManyRefused { .. })),
        "{halt}"
    );
    assert!(stage.receipt(&object).await.is_none());
}
