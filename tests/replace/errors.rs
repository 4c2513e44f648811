//! Each answer that ends or holds up a session, put in the way of its first batch, of one in
//! the middle, and of the last one. `docs/ERRORS_OF_REPLACEMENTS.md` is the outcome.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use audience_activator::ledger::State;
use audience_activator::receipts::{Live, Status};
use simulator::{Fault, FaultAction, GraphError, Target};

use crate::stage::{OLD, Stage};

const NEW: std::ops::Range<u64> = 1..3_001;
const WINDOW: Duration = Duration::from_secs(91 * 60);

const HEAD: &str = "\
# Errors of replacements, and what becomes of them

The answers of code 2650, put by a test into the way of a worker that replaces an audience by a run of two objects and four batches. Each is answered
once, and the batch is not taken; 1870144 until somebody acts. After ten minutes the session that the simulator still keeps runs out, where it does. In each case
the audience had the old list before and the new one at the end, the first batch of a session was sent once, and nothing but the session was asked of the audience
before it was over; the test asserts that, and what the columns say. All other errors are as in [ERRORS.md](ERRORS.md).

*After ten minutes*: how far the run is, as `status` shows it.

<!-- written by UPDATE_DOCS=1 cargo test --test replace errors -->

| error | answered to | what the worker did | after ten minutes | the receipt says |
|---|---|---|---|---|
";

/// Once each, but where somebody has to act.
const SUBCODES: [(Option<i64>, &str); 7] = [
    (Some(1_870_145), "a replacement is in progress"),
    (Some(1_870_147), "the first batch is missing"),
    (Some(1_870_148), "something went wrong"),
    (Some(1_870_158), "the session has timed out"),
    (Some(1_870_159), "the session is finished"),
    (Some(1_870_144), "100 million members or more"),
    (None, "not explained"),
];

const PLACES: [(u64, &str); 3] = [
    (1, "the first batch"),
    (3, "one in the middle"),
    (4, "the last batch"),
];

async fn played(subcode: Option<i64>, nth: u64) -> String {
    let one_at_a_time = ("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "1");
    let marked = "complete = \"success_marker\"";
    let stage = Stage::with(marked, &[one_at_a_time], true).await;
    stage.run_of("q1", &[1..1_600, 1_600..3_001]);
    let error = GraphError::new(400, 2_650);
    let error = match subcode {
        Some(subcode) => error.subcode(subcode),
        None => error,
    };
    let fault = Fault::new(Target::UsersReplace, FaultAction::Error(error)).nth(nth);
    let lasts = subcode == Some(1_870_144);
    stage.meta.platform.fault(match lasts {
        true => fault.always(),
        false => fault,
    });
    stage.live(None, Duration::from_secs(600)).await;
    let at_first = stage.run_entry("q1");
    let within = match &at_first.state {
        State::Done => "done".to_owned(),
        // In hand, or given back between two looks at the audience.
        State::InProgress | State::Waiting { .. } => {
            assert!(stage.holds(OLD));
            format!("`{}`", at_first.run.unwrap().stage.name())
        }
        other => panic!("{other:?}"),
    };
    if lasts {
        stage.meta.platform.clear_faults();
    }
    if at_first.state != State::Done && !lasts {
        stage.clock.advance(WINDOW);
    }
    stage.work().await;
    assert!(stage.holds(NEW));
    stage.check_sessions();

    let sent = stage.meta.sent();
    let mut edges: Vec<_> = sent.iter().map(|one| one.edge.as_str()).collect();
    edges.dedup();
    assert!(["usersreplace", "usersreplace users"].contains(&edges.join(" ").as_str()));
    let mut sessions: Vec<_> = sent.iter().map(|one| one.session).collect();
    sessions.retain(|session| *session != 0);
    sessions.sort_unstable();
    sessions.dedup();
    let did = match (sessions.len(), edges.len()) {
        (_, 1) if lasts => "stopped the route, and went on when it was mended",
        (1, 1) => "went on in the same session",
        (1, 2) => "added the rest, once what had arrived was live",
        (2, 1) => "began anew in another session",
        other => panic!("{other:?}"),
    };
    let receipt = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(
        (receipt.status, receipt.sent.accepted),
        (Status::Delivered, 3_000)
    );
    let run = receipt.run.unwrap();
    assert_eq!(run.live, Live::New);
    let mut says = "`new`".to_owned();
    if run.restarts > 0 {
        write!(says, ", `restarts` {}", run.restarts).unwrap();
    }
    if run.cut_short {
        says.push_str(", `cut_short`");
    }
    format!("{did} | {within} | {says}")
}

#[tokio::test(start_paused = true)]
async fn every_answer_that_ends_a_session_ends_with_the_new_list() {
    let mut text = HEAD.to_owned();
    for (subcode, meaning) in SUBCODES {
        for (nth, place) in PLACES {
            let code = subcode.map_or("2650".to_owned(), |subcode| format!("2650/{subcode}"));
            let played = played(subcode, nth).await;
            writeln!(text, "| {code}, {meaning} | {place} | {played} |").unwrap();
        }
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ERRORS_OF_REPLACEMENTS.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(
        there, text,
        "run UPDATE_DOCS=1 cargo test --test replace errors"
    );
}
