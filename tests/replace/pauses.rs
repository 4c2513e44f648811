//! A session that stands still for a while: others keep away from the audience, and whoever
//! goes on does so in the same session.

use std::sync::Arc;
use std::time::Duration;

use audience_activator::app::{Erasure, Halt, NoTurn, People, Selection};
use audience_activator::identity::key::Key;
use audience_activator::queue::InProcessQueue;
use audience_activator::receipts::Live;
use simulator::{Fault, FaultAction, GraphError, Target};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::stage::{Call, OLD, Stage, email, file};
use crate::{ACCOUNT, AUDIENCE};

const MARKED: &str = "complete = \"success_marker\"";
const NEW: std::ops::Range<u64> = 1..3_001;
const A_DAY: Duration = Duration::from_secs(86_400);
const WINDOW: Duration = Duration::from_secs(91 * 60);

/// Another route adds to the same audience.
async fn stage_with_adds() -> Stage {
    let adds = format!(
        "[[route]]\nname = \"adds\"\nprefix = \"adds/\"\ncredentials = \"env:META_TOKEN\"\n\
         columns = {{ id = \"external_id\", email = \"email\" }}\n\
         [route.custom_audience]\nad_account = \"act_{ACCOUNT}\"\naudience = \"{AUDIENCE}\"\nmode = \"add\"\n"
    );
    let one_at_a_time = ("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "1");
    let stage = Stage::with(&format!("{MARKED}\n{adds}"), &[one_at_a_time], true).await;
    stage.run_of("q1", &[1..1_600, 1_600..3_001]);
    stage
}

fn sessions(stage: &Stage) -> usize {
    let sent = stage.meta.sent();
    let replaced = sent.iter().filter(|one| one.edge == "usersreplace");
    let mut sessions: Vec<_> = replaced.map(|one| one.session).collect();
    sessions.sort_unstable();
    sessions.dedup();
    sessions.len()
}

/// Nothing but the replacement was asked of the audience until that was through.
fn check_that_adds_came_later(stage: &Stage) {
    let edges = stage.meta.sent().into_iter().map(|one| one.edge);
    let mut edges: Vec<_> = edges.collect();
    edges.dedup();
    assert_eq!(edges, ["usersreplace", "users"]);
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_is_stopped_leaves_the_session_to_the_next_one_at_once() {
    let stage = stage_with_adds().await;
    let slow = Fault::delay(Target::UsersReplace, Duration::from_secs(5)).always();
    stage.meta.platform.fault(slow);
    stage.stop_after(Duration::from_secs(12)).await;
    let before = stage.meta.sent();
    assert!((1..4).contains(&before.len()), "{}", before.len());
    assert!(stage.holds(OLD));
    let run = stage.run_entry("q1");
    assert_eq!(run.state.reason().unwrap().as_str(), "halted");
    assert_eq!(run.run.unwrap().live(false), Live::OldUntilTimeout);
    stage.meta.platform.clear_faults();
    // Well before any lease has ended.
    stage.live(None, Duration::from_secs(20)).await;
    assert!(stage.holds(NEW));
    assert_eq!(sessions(&stage), 1);
    let mut numbers = stage.meta.numbers();
    let count = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), count, "something was sent twice");
    stage.check_members(100, 3_000);
    stage.work().await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_in_mid_session_keeps_everything_until_it_is_renewed() {
    // Within the ninety minutes, and after them.
    for (late, added) in [(false, false), (true, true)] {
        let stage = stage_with_adds().await;
        let refused = FaultAction::Error(GraphError::new(400, 190).subcode(463));
        let refused = Fault::new(Target::UsersReplace, refused).nth(3).always();
        stage.meta.platform.fault(refused);
        stage.live(None, Duration::from_secs(600)).await;
        assert!(stage.holds(OLD) && !stage.queue.is_empty());
        if late {
            stage.clock.advance(WINDOW);
        }
        stage.meta.platform.clear_faults();
        stage.work().await;
        assert!(stage.holds(NEW));
        assert_eq!(sessions(&stage), 1);
        let sent = stage.meta.sent();
        assert_eq!(sent.iter().any(|one| one.edge == "users"), added);
        assert!(stage.queue.dead_letters().is_empty());
        stage.check_sessions();
        let run = stage.run_receipt("q1", 1).await.unwrap().run.unwrap();
        assert_eq!((run.live, run.cut_short), (Live::New, late));
    }
}

#[tokio::test(start_paused = true)]
async fn while_a_throttled_session_rests_nobody_adds_to_the_audience() {
    let stage = stage_with_adds().await;
    let throttled = FaultAction::Error(GraphError::new(400, 80_003).subcode(2_446_079));
    let throttled = Fault::new(Target::UsersReplace, throttled).nth(3).times(5);
    stage.meta.platform.fault(throttled);
    let began = Instant::now();
    stage.live(None, Duration::from_secs(1_000)).await;
    let run = stage.run_entry("q1");
    assert_eq!(run.state.reason().unwrap().as_str(), "throttled");
    stage.drop_in("adds/late.csv", file(4_000..4_010));
    stage.work().await;
    assert!(began.elapsed() < WINDOW, "the session was to last");
    assert!(stage.holds((1..3_001).chain(4_000..4_010)));
    assert_eq!(sessions(&stage), 1);
    stage.check_sessions();
    check_that_adds_came_later(&stage);
}

#[tokio::test(start_paused = true)]
async fn nor_after_the_death_of_its_worker() {
    let stage = stage_with_adds().await;
    assert!(stage.live(Some((Call::BeforeSend, 4)), A_DAY).await);
    stage.drop_in("adds/late.csv", file(4_000..4_010));
    stage.work().await;
    assert!(stage.holds((1..3_001).chain(4_000..4_010)));
    check_that_adds_came_later(&stage);
}

#[tokio::test(start_paused = true)]
async fn an_erasure_asks_nothing_of_an_audience_that_is_being_replaced() {
    let stage = Stage::new(MARKED).await;
    stage.run_of("q1", &[1..1_600, 1_600..3_001]);
    assert!(stage.live(Some((Call::BeforeSend, 4)), A_DAY).await);
    let erase = async || {
        let parts = stage.other_parts();
        let erasure = Erasure {
            parts: &parts,
            people: &People::Values(vec![(Key::Email, email(7))]),
            country: None,
            halt: CancellationToken::new(),
        };
        let targets = Selection::default().targets(&parts.config).unwrap();
        erasure.run(targets, |_| ()).await.remove(0).ended
    };
    let halt = erase().await.unwrap_err();
    assert!(matches!(halt, Halt::Turn(NoTurn::Others { .. })), "{halt}");
    stage.work().await;
    assert!(stage.holds(NEW));
    let removals = || {
        let recent = stage.meta.platform.inspect().requests.recent;
        recent.iter().filter(|one| one.method == "DELETE").count()
    };
    assert_eq!(removals(), 0);
    erase().await.unwrap();
    assert_eq!(removals(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_left_of_a_run_is_not_added_to_the_members_of_a_later_one() {
    // In the midst of its session, and when its first batch was about to go out.
    for (dies, stage_then) in [(4, "open"), (1, "opening")] {
        let mut stage = Stage::new(MARKED).await;
        let first = stage.run_of("q1", &[1..1_600, 1_600..3_001]);
        assert!(stage.live(Some((Call::BeforeSend, dies)), A_DAY).await);
        assert_eq!(stage.run_entry("q1").run.unwrap().stage.name(), stage_then);
        // Its messages do not come for so long that its session is over.
        stage.queue = Arc::new(InProcessQueue::new(Duration::from_secs(300)));
        sleep(Duration::from_secs(100 * 60)).await;
        let newer = stage.put("lists/q2/part-0", file(2_000..4_501), 500);
        stage.announce(&newer, None);
        let marker = stage.put("lists/q2/_SUCCESS", "", 400);
        stage.announce(&marker, None);
        stage.work().await;
        assert!(stage.holds(2_000..4_501));
        let before = stage.meta.sent().len();
        for object in &first {
            stage.announce(object, None);
        }
        stage.work().await;
        assert!(stage.holds(2_000..4_501));
        assert_eq!(stage.meta.sent().len(), before);
        let letters = stage.queue.dead_letters();
        assert_eq!(letters.len(), 2);
        assert!(
            letters
                .iter()
                .all(|(_, letter)| letter.reason == "older_run")
        );
        let run = stage.run_receipt("q1", 1).await.unwrap();
        assert_eq!(run.run.unwrap().live, Live::Old);
    }
}
