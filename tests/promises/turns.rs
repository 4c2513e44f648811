//! Adds and removes of one audience: one after the other, however many workers there are.

use std::sync::Arc;
use std::time::Duration;

use audience_activator::app::{Erasure, Halt, NoTurn, People, Selection, Wait, Worker};
use audience_activator::identity::key::Key;
use audience_activator::receipts::Status;
use simulator::{Fault, Target};
use tokio_util::sync::CancellationToken;

use crate::stage::clock::{later, until, until_later};
use crate::stage::people::{email, file};
use crate::stage::{ROUTES, Stage};

/// Longer than a message rests that was tried a few times.
const REST: Duration = Duration::from_secs(70);

fn routes() -> String {
    let members = ROUTES.split("[[route]]").last().unwrap();
    let leavers = members
        .replace("\"members\"", "\"leavers\"")
        .replace("audiences/", "leavers/")
        .replace("mode = \"add\"", "mode = \"remove\"");
    format!("[[route]]{members}[[route]]{leavers}")
}

async fn stage() -> Stage {
    Stage::with(&routes(), &[]).await
}

fn second_worker(stage: &Stage) -> tokio::task::JoinHandle<bool> {
    let parts = Arc::new(stage.other_parts());
    tokio::spawn(Worker::new(parts, CancellationToken::new()).run())
}

/// What was asked of the audience, in order; repeats in a row are one.
fn asked(stage: &Stage) -> Vec<String> {
    let requests = stage.simulator.inspect().requests.recent;
    let users = requests.iter().filter(|one| one.target == Target::Users);
    let mut methods: Vec<String> = users.map(|one| one.method.clone()).collect();
    methods.dedup();
    methods
}

async fn until_the_queue_is_empty(stage: &Stage) {
    until_later("the queue is empty", REST, || stage.queue.is_empty()).await;
}

#[tokio::test]
async fn adds_and_removes_of_one_audience_never_run_at_the_same_time() {
    for first in ["audiences/a.csv", "leavers/a.csv"] {
        let stage = stage().await;
        let slow = Fault::delay(Target::Users, Duration::from_millis(30));
        stage.simulator.fault(slow.always());
        let second = if first.starts_with('a') {
            "leavers/b.csv"
        } else {
            "audiences/b.csv"
        };
        for key in [first, second] {
            let object = stage.put(key, file(4_000));
            stage.announce(&object, None).await;
        }
        let workers = [stage.work(), second_worker(&stage)];
        until_the_queue_is_empty(&stage).await;
        let asked = asked(&stage);
        assert_eq!(asked.len(), 2, "they were mixed: {asked:?}");
        // Whichever came last holds.
        let expected = if asked[1] == "POST" { 4_000 } else { 0 };
        assert_eq!(stage.audience().members, expected);
        for worker in workers {
            worker.abort();
        }
    }
}

#[tokio::test]
async fn a_stream_of_adds_does_not_keep_a_removal_waiting() {
    let stage = stage().await;
    let slow = Fault::delay(Target::Users, Duration::from_millis(400));
    stage.simulator.fault(slow.times(8));
    let worker = stage.work();
    let adds: Vec<_> = (1..=5)
        .map(|number| stage.put(&format!("audiences/{number}.csv"), file(3_000)))
        .collect();
    stage.announce(&adds[0], None).await;
    until("the first is under way", || stage.requests() > 0).await;
    let removal = stage.put("leavers/1.csv", file(3_000));
    stage.announce(&removal, None).await;
    let turn = stage.state().join("turns/2002.json");
    let waits = || std::fs::read_to_string(&turn).is_ok_and(|text| text.contains("\"remove\""));
    until("the removal waits", waits).await;
    for add in &adds[1..] {
        stage.announce(add, None).await;
    }
    until_the_queue_is_empty(&stage).await;
    assert_eq!(asked(&stage), ["POST", "DELETE", "POST"]);
    assert_eq!(stage.audience().members, 3_000);
    // None of them was counted as one that brings nothing.
    for object in adds.iter().chain([&removal]) {
        let receipt = stage.receipt(object).await.unwrap();
        assert_eq!(
            (receipt.status, receipt.attempts),
            (Status::Delivered, None)
        );
    }
    worker.abort();
}

#[tokio::test]
async fn whoever_loses_his_turn_stops_before_his_next_request() {
    let settings = [
        ("ACTIVATOR_LEDGER_LEASE_SECONDS", "10"),
        ("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "1"),
    ];
    let stage = Stage::with(&routes(), &settings).await;
    let slow = Fault::delay(Target::Users, Duration::from_millis(700));
    stage.simulator.fault(slow.nth(2));
    let object = stage.put("audiences/people.csv", file(6_000));
    let activation = stage.activation(&object);
    let meddle = async {
        until("two requests have gone out", || stage.requests() == 2).await;
        let turn = stage.state().join("turns/2002.json");
        std::fs::write(turn, r#"{"holders":[],"wanted":[]}"#).unwrap();
        later(Duration::from_secs(4)).await;
    };
    let (ended, ()) = tokio::join!(activation.run(), meddle);
    let halt = ended.unwrap_err();
    assert!(matches!(halt, Halt::Turn(NoTurn::Lost(_))), "{halt}");
    assert_eq!(halt.wait(), Wait::Passing);
    assert_eq!(stage.requests(), 2);
    // What was acknowledged is recorded, and the rest follows.
    let receipt = stage.delivered(&object).await;
    assert_eq!(receipt.sent.accepted, 6_000);
    assert_eq!(stage.audience().rows_repeated, 0);
}

#[tokio::test]
async fn an_object_whose_turn_it_is_not_rests_and_says_so() {
    let stage = stage().await;
    let add = stage.put("audiences/people.csv", file(10));
    let removal = stage.put("leavers/people.csv", file(10));
    let hangs = Fault::delay(Target::Users, Duration::from_millis(500));
    stage.simulator.fault(hangs);
    let (added, halt) = tokio::join!(stage.deliver(&add), async {
        until("it is under way", || stage.requests() == 1).await;
        stage.deliver(&removal).await.unwrap_err()
    });
    added.unwrap();
    assert!(matches!(halt.wait(), Wait::Lease(_)), "{halt}");
    assert!(
        halt.to_string().contains("never happen at the same time"),
        "{halt}"
    );
    // It was not even claimed, and is not known to the ledger.
    assert!(!stage.state().join("ledger/leavers").exists());
    stage.delivered(&removal).await;
    assert_eq!(stage.audience().members, 0);
}

#[tokio::test]
async fn an_audience_with_one_mode_costs_no_document() {
    let stage = Stage::new().await;
    let object = stage.put("audiences/people.csv", file(10));
    stage.delivered(&object).await;
    assert!(!stage.state().join("turns").exists());
}

#[tokio::test]
async fn an_erasure_waits_for_those_who_add() {
    let stage = stage().await;
    let hangs = Fault::delay(Target::Users, Duration::from_millis(1_500));
    stage.simulator.fault(hangs);
    let add = stage.put(
        "audiences/people.csv",
        "id,email,consent,paid\n,person1@example.com,Y,1\n",
    );
    let erase = async {
        until("it is under way", || stage.requests() == 1).await;
        // Of a process of its own: nothing else holds its request up.
        let parts = stage.other_parts();
        let erasure = Erasure {
            parts: &parts,
            people: &People::Values(vec![(Key::Email, email(1))]),
            country: None,
            halt: CancellationToken::new(),
        };
        let targets = Selection::default().targets(&parts.config).unwrap();
        let mut erased = erasure.run(targets, |_| ()).await;
        erased.remove(0).ended.unwrap();
    };
    let (added, ()) = tokio::join!(stage.deliver(&add), erase);
    added.unwrap();
    assert_eq!(asked(&stage), ["POST", "DELETE"]);
    assert_eq!(stage.audience().members, 0);
}
