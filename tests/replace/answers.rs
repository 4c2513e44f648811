//! Everything that Meta says of a replacement but that it is fine.

use std::time::Duration;

use audience_activator::receipts::Live;
use simulator::{AudienceChange, Fault, FaultAction, GraphError, Target};

use crate::AUDIENCE;
use crate::stage::{Call, OLD, Stage, file};

const MARKED: &str = "complete = \"success_marker\"";
const NEW: std::ops::Range<u64> = 1..3_001;
const A_DAY: Duration = Duration::from_secs(86_400);
const WINDOW: Duration = Duration::from_secs(91 * 60);

async fn stage() -> Stage {
    let stage = Stage::new(MARKED).await;
    stage.run_of("q1", &[1..1_600, 1_600..3_001]);
    stage
}

/// A worker that died in the midst of the session.
async fn in_the_midst() -> Stage {
    let stage = stage().await;
    assert!(stage.live(Some((Call::BeforeSend, 4)), A_DAY).await);
    stage
}

/// The answer to the first batch is lost, and the audience's state does not tell of it either.
async fn with_a_session_that_does_not_show() -> Stage {
    let stage = stage().await;
    stage
        .meta
        .platform
        .fault(Fault::lost_answer(Target::UsersReplace));
    stage.change(changed(|change| change.operation_status = Some(200)));
    stage
}

fn refuses(subcode: i64) -> Fault {
    let error = GraphError::new(400, 2_650).subcode(subcode);
    Fault::new(Target::UsersReplace, FaultAction::Error(error))
}

fn changed(change: impl FnOnce(&mut AudienceChange)) -> AudienceChange {
    let mut changes = AudienceChange::default();
    change(&mut changes);
    changes
}

fn sessions(stage: &Stage) -> usize {
    let mut sessions: Vec<_> = stage.meta.sent().iter().map(|one| one.session).collect();
    sessions.retain(|session| *session != 0);
    sessions.sort_unstable();
    sessions.dedup();
    sessions.len()
}

#[tokio::test(start_paused = true)]
async fn while_somebody_else_replaces_the_run_waits() {
    let stage = stage().await;
    let batch = |number: u64, last| {
        format!(
            r#"{{"session":{{"session_id":77,"batch_seq":{number},"last_batch_flag":{last}}},"payload":{{"schema":["EMAIL"],"is_raw":true,"data":[["{}"]]}}}}"#,
            "a".repeat(64)
        )
    };
    let path = format!("/v26.0/{AUDIENCE}/usersreplace");
    stage
        .meta
        .answer("POST", &path, batch(1, false).into())
        .await;
    stage.live(None, Duration::from_secs(1_000)).await;
    assert!(stage.holds(OLD));
    assert!(stage.meta.sent().iter().all(|one| one.session == 77));
    stage
        .meta
        .answer("POST", &path, batch(2, true).into())
        .await;
    stage.work().await;
    assert!(stage.holds(NEW));
}

#[tokio::test(start_paused = true)]
async fn a_replacement_in_progress_that_did_not_show_is_waited_for_in_another_session() {
    let stage = stage().await;
    stage.meta.platform.fault(refuses(1_870_145));
    stage.work().await;
    assert!(stage.holds(NEW));
    assert_eq!(sessions(&stage), 2);
    stage.check_sessions();
}

#[tokio::test(start_paused = true)]
async fn a_first_batch_that_is_lost_goes_into_a_new_session() {
    for lost in [
        FaultAction::ResetBefore,
        FaultAction::Html { status: 502 },
        FaultAction::Error(GraphError::new(500, 2)),
    ] {
        let stage = stage().await;
        stage
            .meta
            .platform
            .fault(Fault::new(Target::UsersReplace, lost));
        stage.work().await;
        assert!(stage.holds(NEW));
        assert_eq!(sessions(&stage), 2);
        stage.check_sessions();
        stage.check_members(100, 3_000);
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_batch_whose_answer_is_lost_is_seen_by_the_state_and_not_sent_again() {
    let stage = stage().await;
    stage
        .meta
        .platform
        .fault(Fault::lost_answer(Target::UsersReplace));
    stage.work().await;
    assert!(stage.holds(NEW));
    assert_eq!(sessions(&stage), 1);
    stage.check_sessions();
    stage.check_members(100, 3_000);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_did_not_show_is_gone_on_with_once_it_does() {
    let stage = with_a_session_that_does_not_show().await;
    stage.work().await;
    assert!(stage.holds(NEW));
    let sent = stage.meta.sent();
    let last = sent.iter().find(|one| one.is_last).unwrap();
    assert_eq!(last.session, sent[0].session);
    stage.check_members(100, 3_000);
    stage.check_sessions();
}

/// Its first batch is of the list as it was.
#[tokio::test(start_paused = true)]
async fn a_session_that_did_not_show_is_not_gone_on_with_another_list() {
    let stage = with_a_session_that_does_not_show().await;
    let denied = FaultAction::Error(GraphError::new(403, 200));
    let denied = Fault::new(Target::UsersReplace, denied);
    stage.meta.platform.fault(denied.nth(2).times(100));
    stage.live(None, Duration::from_secs(100)).await;
    assert!(
        stage.meta.sent().len() > 1,
        "it was tried in another session"
    );
    // Now it shows; and an object is another one.
    stage.meta.platform.clear_faults();
    stage.change(changed(|change| change.operation_status = Some(0)));
    let newer = stage.put("lists/q1/part-00", file(5_000..7_000), 800);
    stage.announce(&newer, None);
    let marker = stage.put("lists/q1/_SUCCESS", "", 700);
    stage.announce(&marker, None);
    stage.work().await;
    assert!(stage.holds((5_000..7_000).chain(1_600..3_001)));
    let sent = stage.meta.sent();
    assert_ne!(sent.last().unwrap().session, sent[0].session);
    stage.check_sessions();
}

#[tokio::test(start_paused = true)]
async fn a_session_that_meta_does_not_know_or_has_failed_begins_anew() {
    for (subcode, nth) in [(1_870_147, 2), (1_870_148, 3)] {
        let stage = stage().await;
        stage.meta.platform.fault(refuses(subcode).nth(nth));
        // The simulator keeps the first session, which Meta would not.
        stage.live(None, Duration::from_secs(600)).await;
        stage.clock.advance(WINDOW);
        stage.work().await;
        assert!(stage.holds(NEW));
        assert_eq!(sessions(&stage), 2);
        let run = stage.run_receipt("q1", 1).await.unwrap().run.unwrap();
        assert_eq!((run.live, run.restarts), (Live::New, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_replacement_that_fails_at_meta_begins_anew() {
    let stage = in_the_midst().await;
    stage.change(changed(|change| change.replace_fails = true));
    stage.work().await;
    assert!(stage.holds(NEW));
    assert_eq!(sessions(&stage), 2);
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_again_and_again_is_given_up_and_the_receipt_does_not_know() {
    let stage = stage().await;
    stage
        .meta
        .platform
        .fault(refuses(1_870_148).nth(2).always());
    for _ in 0..40 {
        stage.live(None, Duration::from_secs(3_600)).await;
        stage.clock.advance(WINDOW);
    }
    assert!(stage.queue.is_empty());
    assert_eq!(stage.queue.dead_letters().len(), 3);
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(run.status.name(), "quarantined");
    assert_eq!(run.status.reason().unwrap().as_str(), "replacement_failed");
    assert_eq!(run.run.unwrap().live, Live::Unknown);
}

#[tokio::test(start_paused = true)]
async fn a_route_that_is_changed_in_the_midst_is_refused_until_it_is_changed_back() {
    let stage = in_the_midst().await;
    stage.read_columns("email = \"email\"");
    // The lease of the dead has to end first; a few attempts later it would be given up.
    stage.live(None, Duration::from_secs(100)).await;
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(run.status.reason().unwrap().as_str(), "route_changed");
    assert_eq!(run.run.unwrap().live, Live::OldUntilTimeout);
    assert!(stage.holds(OLD));
    stage.read_columns("id = \"external_id\"\nemail = \"email\"");
    stage.work().await;
    assert!(stage.holds(NEW));
    assert_eq!(sessions(&stage), 1);
}

#[tokio::test(start_paused = true)]
async fn after_ninety_minutes_the_rest_is_added() {
    let stage = in_the_midst().await;
    stage.clock.advance(WINDOW);
    stage.work().await;
    assert!(stage.holds(NEW));
    assert!(stage.meta.sent().iter().any(|one| one.edge == "users"));
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(run.sent.accepted, 3_000);
    let run = run.run.unwrap();
    assert_eq!((run.live, run.cut_short, run.resumed), (Live::New, true, 1));
}

#[tokio::test(start_paused = true)]
async fn where_the_rest_cannot_be_added_the_receipt_says_that_a_part_is_live() {
    let stage = in_the_midst().await;
    stage.clock.advance(WINDOW);
    let refused = GraphError::new(403, 2_654).subcode(1_713_092);
    let users = Fault::new(Target::Users, FaultAction::Error(refused)).always();
    stage.meta.platform.fault(users);
    stage.live(None, Duration::from_secs(600)).await;
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(run.status.reason().unwrap().as_str(), "not_added");
    assert_eq!(run.run.unwrap().live, Live::PartOfNew);
    assert!(!stage.queue.is_empty());
    stage.meta.platform.clear_faults();
    stage.work().await;
    assert!(stage.holds(NEW));
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(run.run.unwrap().live, Live::New);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_finished_already_has_what_is_not_acknowledged_added() {
    let stage = stage().await;
    // The answer to the last batch.
    stage
        .meta
        .platform
        .fault(Fault::lost_answer(Target::UsersReplace).nth(4));
    stage.work().await;
    assert!(stage.holds(NEW));
    let sent = stage.meta.sent();
    assert!(
        sent.iter().filter(|one| one.is_last).count() > 1,
        "it was not the last"
    );
    assert!(sent.iter().any(|one| one.edge == "users"));
    stage.check_members(100, 3_000);
}

#[tokio::test(start_paused = true)]
async fn an_audience_that_is_too_large_or_blocked_waits_for_somebody() {
    let flagged = |is: bool| changed(move |change| change.flagged = Some(is));
    let size = |members| changed(move |change| change.size = Some(members));
    let whole_list = "complete = \"success_marker\"\nallow_shrink_percent = 100";
    for (blocked, mended) in [
        (flagged(true), flagged(false)),
        (size(100_000_000), size(100)),
    ] {
        let stage = Stage::new(whole_list).await;
        stage.run_of("q1", &[1..1_600, 1_600..3_001]);
        stage.change(blocked);
        stage.live(None, A_DAY).await;
        assert!(stage.holds(OLD));
        assert!(!stage.queue.is_empty() && stage.queue.dead_letters().is_empty());
        stage.change(mended);
        stage.work().await;
        assert!(stage.holds(NEW));
    }
}

#[tokio::test(start_paused = true)]
async fn an_audience_that_can_be_written_to_and_not_be_replaced_keeps_its_members() {
    let shown = |code| changed(move |change| change.operation_status = Some(code));
    let stage = stage().await;
    // Out of date: Meta asks for a normal state.
    stage.change(shown(450));
    stage.live(None, Duration::from_secs(1_800)).await;
    assert!(stage.holds(OLD));
    assert!(!stage.queue.is_empty() && stage.queue.dead_letters().is_empty());
    stage.change(shown(0));
    stage.work().await;
    assert!(stage.holds(NEW));
    stage.check_sessions();
}

#[tokio::test(start_paused = true)]
async fn an_audience_whose_last_replacement_failed_is_replaced() {
    let stage = stage().await;
    stage.change(changed(|change| change.operation_status = Some(415)));
    let mend = async {
        tokio::time::sleep(Duration::from_millis(900)).await;
        stage.change(changed(|change| change.operation_status = Some(0)));
    };
    tokio::join!(stage.work(), mend);
    assert!(stage.holds(NEW));
}
