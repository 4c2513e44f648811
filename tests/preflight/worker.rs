//! The worker asks at its start and before it sends.

use std::time::Duration;

use audience_activator::app::{Halt, Wait};
use simulator::{
    AccountChange, AudienceChange, Changes, Fault, GraphError, Target, TokenChange, TokenState,
};

use crate::stage::clock::{a_moment, later, until, until_later};
use crate::stage::journal::Step;
use crate::stage::logged::Logged;
use crate::stage::people::file;
use crate::stage::{ACCOUNT, AUDIENCE, ROUTES, Stage};

const ON: (&str, &str) = ("ACTIVATOR_META_PREFLIGHT", "true");
const USERS: &str = "audiences/people.csv";

/// For so long a route that was in order is taken to be.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// How long a message rests after its first failed receive.
const REST: Duration = Duration::from_secs(15);

async fn stage() -> Stage {
    Stage::with(ROUTES, &[ON]).await
}

fn flag(stage: &Stage, flagged: bool) {
    let change = AudienceChange {
        flagged: Some(flagged),
        ..AudienceChange::default()
    };
    let change = Changes::audience(AUDIENCE, change);
    stage.simulator.change(change).unwrap();
}

fn reads(stage: &Stage) -> u64 {
    let recent = stage.simulator.inspect().requests.recent;
    let reads = recent.iter().filter(|one| one.target == Target::Read);
    reads.count() as u64
}

#[tokio::test]
async fn every_route_is_looked_at_when_the_worker_starts() {
    let log = Logged::all();
    let stage = stage().await;
    flag(&stage, true);
    let worker = stage.work();
    let health = &stage.parts.health;
    // The routes are asked about side by side, in no order.
    let metrics = &stage.parts.metrics;
    until("every route was asked about", || {
        ["members", "buyers"].iter().all(|route| {
            let line = format!("worker_preflight_checks{{route=\"{route}\",result=\"ok\"}}");
            metrics.page().contains(&line)
        })
    })
    .await;
    let report = health.report();
    assert_eq!(report.preflight.keys().collect::<Vec<_>>(), ["members"]);
    let said = &report.preflight["members"];
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(
        said[0].starts_with("status failed: Meta has flagged"),
        "{said:?}"
    );
    let reason = &report.stopped_routes["members"];
    assert!(reason.contains("flagged audience 2002"), "{reason}");
    until("the queue was asked", || health.report().ready).await;

    let page = metrics.page();
    for line in [
        "worker_preflight_checks{route=\"members\",result=\"failed\"} 1\n",
        "worker_preflight_checks{route=\"members\",result=\"ok\"} 7\n",
        "worker_preflight_checks{route=\"buyers\",result=\"failed\"} 0\n",
        "worker_route_stopped{route=\"members\"} 1\n",
        "worker_lookups_total{outcome=\"accepted\"} 3\n",
    ] {
        assert!(page.contains(line), "{line}{page}");
    }
    let line = ["\"ERROR\"", "preflight: Meta has flagged", "\"members\""];
    assert_eq!(log.lines_with(&line), 1, "{}", log.text());

    // It is asked again by itself, says nothing twice, and shows when it is mended.
    let minutes = |number: u64| Duration::from_secs(60 * number);
    until_later("it is asked again", minutes(2), || reads(&stage) >= 5).await;
    assert_eq!(log.lines_with(&line), 1, "{}", log.text());
    flag(&stage, false);
    until_later("it is mended", minutes(5), || {
        health.report().stopped_routes.is_empty()
    })
    .await;
    assert!(health.report().preflight.is_empty());
    let page = stage.parts.metrics.page();
    assert!(page.contains("worker_route_stopped{route=\"members\"} 0\n"));
    worker.abort();
}

#[tokio::test]
async fn receiving_waits_for_no_answer_of_metas() {
    let stage = stage().await;
    let slow = Fault::delay(Target::Read, Duration::from_secs(60));
    stage.simulator.fault(slow.always());
    let worker = stage.work();
    until("the worker is ready", || stage.parts.health.report().ready).await;
    worker.abort();
}

#[tokio::test]
async fn nothing_is_sent_where_meta_would_refuse_all_of_it_until_it_is_mended() {
    let audience = |change: AudienceChange| Changes::audience(AUDIENCE, change);
    let states = [
        audience(AudienceChange {
            flagged: Some(true),
            ..AudienceChange::default()
        }),
        audience(AudienceChange {
            can_edit: Some(false),
            ..AudienceChange::default()
        }),
        audience(AudienceChange {
            subtype: Some("WEBSITE".to_owned()),
            ..AudienceChange::default()
        }),
        audience(AudienceChange {
            is_value_based: Some(true),
            ..AudienceChange::default()
        }),
        Changes::account(
            ACCOUNT,
            AccountChange {
                terms_accepted: Some(false),
                ..AccountChange::default()
            },
        ),
        Changes::token(TokenChange::to(TokenState::Expired)),
    ];
    for state in states {
        let stage = stage().await;
        let told = format!("{state:?}");
        stage.simulator.change(state).unwrap();
        let object = stage.put(USERS, file(10));
        let halt = stage.deliver(&object).await.unwrap_err();
        assert!(matches!(halt, Halt::Preflight(_)), "{told}: {halt:?}");
        assert_eq!(halt.wait(), Wait::Route);
        assert_eq!(
            stage.requests(),
            reads(&stage),
            "{told}: nothing but questions"
        );
        assert!(stage.receipt(&object).await.is_none());
    }

    let stage = stage().await;
    flag(&stage, true);
    let object = stage.put(USERS, file(10));
    stage.announce(&object, None).await;
    let worker = stage.work();
    until("it is given back", || {
        stage.journal.count(Step::HiddenFor(REST)) == 1
    })
    .await;
    assert_eq!(stage.audience().members, 0);
    flag(&stage, false);
    later(REST).await;
    until("it is done", || stage.queue.is_empty()).await;
    assert_eq!(stage.audience().members, 10);
    let stopped = stage.parts.health.report().stopped_routes;
    assert!(stopped.is_empty(), "{stopped:?}");
    worker.abort();
}

#[tokio::test]
async fn what_cannot_be_asked_or_is_not_certain_holds_nothing_up() {
    let stage = stage().await;
    let down = Fault::error(Target::Read, GraphError::new(503, 2));
    stage.simulator.fault(down.always());
    for key in ["conversions/a.csv", "audiences/a.csv"] {
        let object = stage.put(key, file(10));
        assert_eq!(stage.delivered(&object).await.sent.accepted, 10);
    }
    // Each is asked once more in passing, and then not with every object.
    let before = reads(&stage);
    let object = stage.put("audiences/next.csv", file(20));
    assert_eq!(stage.delivered(&object).await.sent.accepted, 20);
    assert_eq!((before, reads(&stage)), (4, 4));
    stage.simulator.clear_faults();
    // Meta tells this token nothing of the audience; what it does with rows, it will say.
    let unseen = Fault::error(Target::Read, GraphError::new(400, 100).subcode(33));
    let stage = crate::worker::stage().await;
    stage.simulator.fault(unseen.always());
    for key in ["conversions/b.csv", "audiences/b.csv"] {
        let object = stage.put(key, file(10));
        assert_eq!(stage.delivered(&object).await.sent.accepted, 10);
    }
}

#[tokio::test]
async fn a_run_of_many_files_asks_once_in_ten_minutes() {
    let stage = stage().await;
    for number in 0..5 {
        let object = stage.put(&format!("audiences/{number}.csv"), file(10));
        stage.delivered(&object).await;
    }
    assert_eq!(reads(&stage), 2);
    assert_eq!(stage.audience().rows_added, 10);
    tokio::time::pause();
    tokio::time::advance(KEPT_FOR).await;
    tokio::time::resume();
    let object = stage.put("audiences/later.csv", file(10));
    stage.delivered(&object).await;
    assert_eq!(reads(&stage), 4);

    // What Meta refuses after all is asked about again.
    let refused = Fault::error(Target::Users, GraphError::new(403, 200).subcode(1_870_034));
    stage.simulator.fault(refused);
    let object = stage.put("audiences/refused.csv", file(10));
    stage.announce(&object, None).await;
    let worker = stage.work();
    until("it is given back", || {
        stage.journal.count(Step::HiddenFor(REST)) == 1
    })
    .await;
    a_moment().await;
    let before = reads(&stage);
    later(REST).await;
    until("it is done", || stage.queue.is_empty()).await;
    assert_eq!(reads(&stage), before + 2);
    worker.abort();
}

#[tokio::test]
async fn what_is_switched_off_asks_nothing() {
    let stage = Stage::new().await;
    flag(&stage, true);
    let worker = stage.work();
    until("the worker is ready", || stage.parts.health.report().ready).await;
    let object = stage.put(USERS, file(10));
    let halt = stage.deliver(&object).await.unwrap_err();
    assert!(matches!(halt, Halt::Delivery(_)), "{halt:?}");
    assert_eq!(reads(&stage), 0);
    worker.abort();
}

#[tokio::test]
async fn a_block_for_a_policy_is_asked_about_once_an_hour() {
    let minutes = |number: u64| Duration::from_secs(60 * number);
    let stage = stage().await;
    let blocked = Fault::error(Target::Read, GraphError::new(400, 368));
    stage.simulator.fault(blocked.always());
    let worker = stage.work();
    until("every route was asked about", || reads(&stage) == 2).await;
    for minute in 1..=5 {
        later(minutes(10)).await;
        a_moment().await;
        // What rows come to, they say themselves.
        let object = stage.put(&format!("audiences/{minute}.csv"), file(10));
        stage.delivered(&object).await;
        assert_eq!(reads(&stage), 2, "{minute}0 minutes later");
    }
    until_later("it is asked again", minutes(5), || reads(&stage) == 4).await;
    worker.abort();
}

#[tokio::test]
async fn what_meta_blocks_when_it_is_sent_is_asked_about_after_an_hour_too() {
    let stage = stage().await;
    let worker = stage.work();
    until("every route was asked about", || reads(&stage) == 3).await;
    let blocked = Fault::error(Target::Users, GraphError::new(400, 368));
    stage.simulator.fault(blocked.always());
    let object = stage.put(USERS, file(10));
    stage.announce(&object, None).await;
    let hour = Duration::from_secs(3600);
    until("it rests", || {
        stage.journal.count(Step::HiddenFor(hour)) == 1
    })
    .await;
    let other = stage.put("audiences/other.csv", file(10));
    for _ in 0..3 {
        later(Duration::from_secs(1000)).await;
        let halt = stage.deliver(&other).await.unwrap_err();
        assert_eq!(halt.wait(), Wait::Blocked, "{halt}");
        assert_eq!(reads(&stage), 3);
    }
    worker.abort();
}

#[tokio::test]
async fn an_object_that_is_halted_while_meta_is_asked_does_not_leave_the_route_stopped() {
    let stage = stage().await;
    flag(&stage, true);
    let worker = stage.work();
    let health = &stage.parts.health;
    until("the route stands still", || {
        !health.report().stopped_routes.is_empty()
    })
    .await;
    let slow = Fault::delay(Target::Read, Duration::from_secs(60));
    stage.simulator.fault(slow.always());
    // Not even what was found wrong is asked about more often.
    later(Duration::from_secs(6)).await;
    let object = stage.put(USERS, file(10));
    let halted = tokio::time::timeout(Duration::from_secs(1), stage.deliver(&object)).await;
    assert!(halted.is_err(), "{halted:?}");
    stage.simulator.clear_faults();
    flag(&stage, false);
    let began = tokio::time::Instant::now();
    until_later("it is mended", Duration::from_secs(120), || {
        health.report().stopped_routes.is_empty()
    })
    .await;
    // Of what is not taken back nothing is known any more after two hours.
    assert!(began.elapsed() < Duration::from_secs(3600));
    let page = stage.parts.metrics.page();
    assert!(page.contains("worker_route_stopped{route=\"members\"} 0\n"));
    worker.abort();
}
