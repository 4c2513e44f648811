//! Runs of many objects, of rows that come twice, and of rows that Meta refuses.

use std::sync::atomic::Ordering;

use audience_activator::receipts::Live;
use simulator::{AudienceChange, Fault, FaultAction, GraphError, Target};

use crate::stage::{Call, OLD, Stage, file};

const MARKED: &str = "complete = \"success_marker\"";

#[tokio::test(start_paused = true)]
async fn a_run_of_hundreds_of_objects_costs_a_few_calls_for_each() {
    let objects = 300;
    let stage = Stage::new(MARKED).await;
    let parts: Vec<_> = (0..objects)
        .map(|part| part * 5 + 1..part * 5 + 6)
        .collect();
    let written = stage.run_of("q1", &parts);
    stage.work().await;
    assert!(stage.holds(1..objects * 5 + 1));
    assert_eq!(stage.meta.numbers().len() as u64, objects);
    for object in &written {
        assert_eq!(stage.receipt(object).await.unwrap().sent.accepted, 5);
    }
    // Once to look at it, once to send it, and its header when it is concluded.
    let reads = stage.bucket.reads.load(Ordering::Relaxed);
    assert!(reads <= 4 * objects, "{reads} reads");
    // Claimed, acknowledged, sent, done; and the run's own.
    let writes = stage.entries.writes();
    assert!(writes <= 6 * objects, "{writes} writes");
    let entry = serde_json::to_vec(&stage.run_entry("q1")).unwrap();
    assert!(entry.len() < 100_000, "{} bytes", entry.len());
}

#[tokio::test(start_paused = true)]
async fn a_person_in_two_objects_is_a_member_once_and_both_rows_are_accounted_for() {
    let stage = Stage::new(MARKED).await;
    stage.run_of("q1", &[1..600, 300..900]);
    stage.work().await;
    assert!(stage.holds(1..900));
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!((run.rows.sent, run.sent.accepted), (1_199, 1_199));
}

/// Refuses every request with one of these people in it.
fn refuses(stage: &Stage, people: &[u64]) {
    for person in people {
        let refused = FaultAction::Error(GraphError::new(400, 100));
        let refused = Fault::new(Target::UsersReplace, refused);
        let refused = refused.holding(format!("\"id-{person}\"")).always();
        stage.meta.platform.fault(refused);
    }
}

#[tokio::test(start_paused = true)]
async fn a_row_that_meta_refuses_costs_no_other_not_even_the_first() {
    for people in [&[1][..], &[1, 2, 700, 2_000], &[1_999]] {
        let stage = Stage::new(MARKED).await;
        stage.run_of("q1", &[1..1_200, 1_200..2_001]);
        refuses(&stage, people);
        stage.work().await;
        let others = (1..2_001).filter(|person| !people.contains(person));
        assert!(stage.holds(others), "{people:?}");
        let run = stage.run_receipt("q1", 1).await.unwrap();
        assert_eq!(run.sent.refused, people.len() as u64, "{people:?}");
        assert_eq!(run.sent.accepted + run.sent.refused, 2_000);
        stage.check_sessions();
    }
}

#[tokio::test(start_paused = true)]
async fn a_last_batch_of_which_no_row_is_accepted_does_not_leave_the_session_open() {
    let stage = Stage::new(MARKED).await;
    // One object, and so one batch at least, with that row alone.
    stage.run_of("q1", &[1..1_200, 1_200..1_201]);
    refuses(&stage, &[1_200]);
    stage.work().await;
    assert!(stage.holds(1..1_200));
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!((run.sent.accepted, run.sent.refused), (1_199, 1));
    assert_eq!(run.run.unwrap().restarts, 0);
    let sent = stage.meta.sent();
    assert!(sent.last().is_some_and(|one| one.is_last && one.accepted));
    stage.check_sessions();

    // Nor by a worker that has sent nothing else.
    let one_at_a_time = ("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "1");
    for nth in 2.. {
        let stage = Stage::with(MARKED, &[one_at_a_time], true).await;
        stage.run_of("q1", &[1..1_200, 1_200..1_201]);
        refuses(&stage, &[1_200]);
        let dies = Some((Call::BeforeSend, nth));
        let died = stage.live(dies, std::time::Duration::from_secs(600)).await;
        stage.work().await;
        assert!(stage.holds(1..1_200), "{nth}");
        let run = stage.run_receipt("q1", 1).await.unwrap().run.unwrap();
        assert_eq!((run.restarts, run.cut_short), (0, false), "{nth}");
        stage.check_sessions();
        if !died {
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn where_one_row_after_the_other_is_refused_the_route_stops_before_anything_took_effect() {
    let stage = Stage::new(MARKED).await;
    stage.run_of("q1", &[1..1_200]);
    let refused = FaultAction::Error(GraphError::new(400, 100));
    let refused = Fault::new(Target::UsersReplace, refused).always();
    stage.meta.platform.fault(refused);
    stage.live(None, std::time::Duration::from_secs(10)).await;
    assert!(stage.holds(OLD));
    // Down to a row, and a few rows more.
    let requests = stage.meta.sent().len();
    assert!((12..40).contains(&requests), "{requests}");
    assert!(!stage.queue.is_empty() && stage.queue.dead_letters().is_empty());
    stage.meta.platform.clear_faults();
    stage.work().await;
    assert!(stage.holds(1..1_200));
}

#[tokio::test(start_paused = true)]
async fn an_audience_of_values_is_replaced_by_rows_with_values_and_no_others() {
    let stage = Stage::new(MARKED).await;
    let change = AudienceChange {
        is_value_based: Some(true),
        ..AudienceChange::default()
    };
    stage.change(change);
    stage.run_of("q1", &[1..600]);
    stage.live(None, std::time::Duration::from_secs(600)).await;
    assert!(stage.meta.sent().is_empty() && stage.holds(OLD));
    assert!(!stage.queue.is_empty());

    stage.read_columns("id = \"external_id\"\nemail = \"email\"\nworth = \"lookalike_value\"");
    let people = file(1..600);
    let rows = people.lines().map(|line| match line {
        "id,email" => "id,email,worth\n".to_owned(),
        row => format!("{row},12.5\n"),
    });
    let rows: String = rows.collect();
    let mended = stage.put("lists/q1/part-00", rows, 800);
    stage.announce(&mended, None);
    let marker = stage.put("lists/q1/_SUCCESS", "", 700);
    stage.announce(&marker, None);
    stage.work().await;
    assert!(stage.holds(1..600));
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(run.run.unwrap().live, Live::New);
}
