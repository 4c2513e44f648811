//! A worker dies at each step in turn, and another goes on.

use std::time::Duration;

use audience_activator::receipts::Live;

use crate::stage::{Call, OLD, Stage};

const NEW: std::ops::Range<u64> = 1..3_001;

async fn stage() -> Stage {
    let stage = Stage::new("complete = \"success_marker\"").await;
    stage.run_of("q1", &[1..1_600, 1_600..3_001]);
    stage
}

/// After the crash the list is one of the two, and at the end it is the new one.
async fn survives(crashes: &[(Call, u32)]) -> u32 {
    let stage = stage().await;
    let mut died = 0;
    for crash in crashes {
        died += u32::from(
            stage
                .live(Some(*crash), Duration::from_secs(9 * 3_600))
                .await,
        );
        let new = stage.holds(NEW);
        assert!(new || stage.holds(OLD), "{crashes:?}: something in between");
        if let Some(run) = stage.run_receipt("q1", 1).await {
            assert!(new && run.run.unwrap().live == Live::New, "{crashes:?}");
        }
    }
    stage.work().await;
    assert!(stage.holds(NEW), "{crashes:?}");
    stage.check_members(100, 3_000);
    stage.check_sessions();
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(
        (run.rows.read, run.sent.accepted),
        (3_000, 3_000),
        "{crashes:?}"
    );
    assert_eq!(run.run.unwrap().live, Live::New);
    died
}

#[tokio::test(start_paused = true)]
async fn before_and_after_each_request() {
    for call in [Call::BeforeSend, Call::AfterSend] {
        for nth in 1.. {
            if survives(&[(call, nth)]).await == 0 {
                // The run has that many requests.
                assert!(nth > 4, "{nth}");
                break;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn before_each_write_of_the_ledger() {
    for nth in 1.. {
        if survives(&[(Call::WriteEntry, nth)]).await == 0 {
            assert!(nth > 15, "{nth}");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn before_and_after_each_receipt() {
    for call in [Call::BeforeReceipt, Call::AfterReceipt] {
        for nth in 1.. {
            if survives(&[(call, nth)]).await == 0 {
                // Two objects, the run, and the copy of its receipt.
                assert_eq!(nth, 5);
                break;
            }
        }
    }
}

/// What is acknowledged of an object brings the run on, however many workers die of it.
#[tokio::test(start_paused = true)]
async fn more_often_than_attempts_are_allowed_within_one_object() {
    let stage = Stage::new("complete = \"success_marker\"").await;
    stage.run_of("q1", &[1..12_001]);
    for _ in 0..8 {
        let dies = Some((Call::AfterSend, 3));
        assert!(stage.live(dies, Duration::from_secs(5_000)).await);
    }
    stage.work().await;
    assert!(stage.holds(1..12_001));
    assert!(stage.queue.dead_letters().is_empty());
    stage.check_sessions();
    stage.check_members(100, 12_000);
}

#[tokio::test(start_paused = true)]
async fn several_times_in_a_row() {
    for first in 1..5 {
        for second in 1..4 {
            let crashes = [
                (Call::AfterSend, first),
                (Call::BeforeSend, second),
                (Call::WriteEntry, first + second),
            ];
            assert!(survives(&crashes).await >= 1);
        }
    }
}
