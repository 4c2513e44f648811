#![allow(clippy::panic, clippy::unwrap_used)]

use bytes::Bytes;
use tokio::time::{Instant, advance, sleep};

use super::super::in_memory::{Fails, InMemory, LEASE, claimant, claimed, object};
use super::super::window::tests::{cut, rows};
use super::super::{Claimed, Put, State};
use super::*;
use crate::delivery::RefusedRow;
use crate::ledger::RejectSegments;
use crate::receipts::RejectList;

struct Stand {
    ledger: Arc<InMemory>,
    halt: CancellationToken,
    keeper: Keeper,
}

impl Stand {
    async fn new() -> Stand {
        let ledger = Arc::new(InMemory::default());
        let claimed = claimed(&ledger, claimant(&object(), "a")).await;
        Stand::of(ledger, claimed)
    }

    fn of(ledger: Arc<InMemory>, claimed: Claimed) -> Stand {
        let halt = CancellationToken::new();
        let keeper = Keeper::start(claimed, ledger.clone(), halt.clone());
        Stand {
            ledger,
            halt,
            keeper,
        }
    }

    async fn acknowledge(&self, batch: u64) -> Result<(), Lost> {
        self.keeper.acknowledge(cut(batch), tally(10)).await
    }
}

fn tally(accepted: u64) -> DeliveryTally {
    DeliveryTally {
        batches: 1,
        rows_accepted: accepted,
        requests: 1,
        ..DeliveryTally::default()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_acknowledged_is_recorded_before_anybody_is_told() {
    let stand = Stand::new().await;
    stand.acknowledge(1).await.unwrap();
    let entry = stand.ledger.entry();
    assert_eq!(entry.progress.watermark.batches, 0);
    assert_eq!(entry.progress.beyond, [rows(1)]);
    assert_eq!(entry.progress.answered.rows_accepted, 10);
    stand.acknowledge(0).await.unwrap();
    let entry = stand.ledger.entry();
    assert_eq!(entry.progress.watermark.batches, 2);
    assert_eq!(entry.progress.read.rows_read, 20);
    assert_eq!(entry.progress.beyond, []);
    assert_eq!(entry.attempts.without_progress, 0);
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_that_come_together_are_one_write() {
    let stand = Stand::new().await;
    let before = stand.ledger.writes();
    let all = (0..8).map(|batch| stand.acknowledge(batch));
    let all = futures_util::future::join_all(all).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(stand.ledger.writes(), before + 1);
    assert_eq!(stand.ledger.entry().progress.watermark.batches, 8);
}

#[tokio::test(start_paused = true)]
async fn a_write_is_tried_until_it_is_known_to_have_happened() {
    let stand = Stand::new().await;
    let failures = [Fails::Request, Fails::Answer, Fails::LooksRefused];
    for (batch, how) in (0..).zip(failures) {
        stand.ledger.fails([how]);
        stand.acknowledge(batch).await.unwrap();
        assert_eq!(stand.ledger.entry().progress.watermark.batches, batch + 1);
    }
    assert!(!stand.halt.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn a_lease_counts_from_the_first_try_that_may_have_happened() {
    let stand = Stand::new().await;
    sleep(LEASE / 6).await;
    stand.ledger.fails([Fails::Answer]);
    let began = Instant::now();
    stand.acknowledge(0).await.unwrap();
    // The second try found the first one's write, which nobody had heard of.
    assert!(began.elapsed() > std::time::Duration::ZERO);
    let writes = stand.ledger.writes();
    let renewed = began + LEASE / 3;
    tokio::time::sleep_until(renewed - std::time::Duration::from_millis(5)).await;
    assert_eq!(stand.ledger.writes(), writes);
    tokio::time::sleep_until(renewed + std::time::Duration::from_millis(5)).await;
    assert_eq!(stand.ledger.writes(), writes + 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_loses_a_swap_is_told_before_his_next_request() {
    let stand = Stand::new().await;
    stand.acknowledge(0).await.unwrap();
    advance(LEASE).await;
    // Its keeper has not had its turn yet; another worker has.
    let object = object();
    let mut taken = stand.ledger.entry();
    taken.revision += 1;
    taken.fence += 1;
    taken.owner = "b".to_owned();
    let found = stand.ledger.get(&object, "buyers").await.unwrap().unwrap();
    let put = stand.ledger.put(&taken, Some(&found.tag)).await.unwrap();
    assert!(matches!(put, Put::Stored(_)));

    assert_eq!(stand.acknowledge(1).await, Err(Lost::Taken));
    assert!(stand.halt.is_cancelled());
    assert_eq!(stand.keeper.lost(), Some(Lost::Taken));
    let ended = stand.keeper.end(Ending::Done).await;
    assert_eq!(ended.unwrap_err(), Lost::Taken);
    assert_eq!(stand.ledger.entry().owner, "b");
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_renewed_while_nothing_is_acknowledged() {
    let stand = Stand::new().await;
    sleep(10 * LEASE).await;
    assert!(!stand.halt.is_cancelled());
    let object = object();
    let found = stand.ledger.get(&object, "buyers").await.unwrap().unwrap();
    assert!(found.age <= LEASE / 3, "{:?}", found.age);
}

#[tokio::test(start_paused = true)]
async fn without_a_write_for_as_long_as_the_lease_runs_the_object_is_lost_in_time() {
    for hangs in [false, true] {
        let stand = Stand::new().await;
        let began = Instant::now();
        if hangs {
            stand.ledger.fails([Fails::Hangs]);
        } else {
            stand.ledger.out_of_reach(true);
        }
        let renewed = stand.ledger.writes();
        stand.halt.cancelled().await;
        let waited = began.elapsed();
        assert!(waited < LEASE, "noticed after {waited:?}");
        assert!(waited > LEASE / 2, "given up after {waited:?}");
        assert_eq!(stand.keeper.lost(), Some(Lost::NotRenewed));
        // The write that hung did happen.
        assert_eq!(stand.ledger.writes(), renewed + u64::from(hangs));
    }
}

#[tokio::test(start_paused = true)]
async fn a_release_keeps_the_progress_and_says_why() {
    let reason = Code::new("halted");
    for (counted, progressed, without) in [
        (true, false, 1),
        (false, false, 0),
        (true, true, 0),
        (false, true, 0),
    ] {
        let stand = Stand::new().await;
        if progressed {
            stand.acknowledge(0).await.unwrap();
        }
        let ending = Ending::Release {
            reason: reason.clone(),
            counted,
        };
        stand.keeper.end(ending).await.unwrap();
        let entry = stand.ledger.entry();
        assert_eq!(entry.attempts.without_progress, without);
        assert_eq!(entry.progress.watermark.batches, u64::from(progressed));
        let reason = reason.clone();
        assert_eq!(entry.state, State::Waiting { reason });
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_earlier_attempt_acknowledged_is_counted_once() {
    let stand = Stand::new().await;
    stand.acknowledge(1).await.unwrap();
    let ledger = stand.ledger.clone();
    drop(stand.keeper);
    advance(LEASE).await;

    let again = claimed(&ledger, claimant(&object(), "b")).await;
    let stand = Stand::of(ledger, again);
    assert_eq!(stand.keeper.acknowledged_earlier(0), None);
    assert_eq!(stand.keeper.acknowledged_earlier(1), Some(rows(1)));
    stand.keeper.passed_again(cut(1));
    stand.acknowledge(0).await.unwrap();
    let progress = stand.ledger.entry().progress;
    assert_eq!(progress.watermark.batches, 2);
    assert_eq!(progress.answered.rows_accepted, 20);
    assert_eq!(progress.answered.batches, 2);
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_unknown_fate_is_named_until_it_is_acknowledged() {
    let stand = Stand::new().await;
    stand.keeper.unknown(rows(0));
    stand.acknowledge(1).await.unwrap();
    assert_eq!(stand.ledger.entry().progress.unknown, [rows(0)]);
    stand.acknowledge(0).await.unwrap();
    assert_eq!(stand.ledger.entry().progress.unknown, []);
}

#[tokio::test(start_paused = true)]
async fn a_long_list_of_rejects_is_kept_beside_the_entry() {
    let stand = Stand::new().await;
    let mut listed = 0;
    for batch in 0..40 {
        let refused = (0..2_000).map(|row| RefusedRow {
            // Numbers that hardly compress.
            row: (batch * 2_000 + row) * 7_919 % 1_000_003,
            cause: None.into(),
        });
        let tally = DeliveryTally {
            refused: refused.collect(),
            ..tally(0)
        };
        listed += 2_000;
        stand.keeper.acknowledge(cut(batch), tally).await.unwrap();
    }
    let rejects = stand.ledger.entry().progress.rejects;
    assert_eq!((rejects.listed, rejects.of), (listed, listed));
    assert!(rejects.tail.len() < 128 * 1024, "{}", rejects.tail.len());
    assert!(!rejects.names.is_empty());
    let segments = stand.ledger.segments();
    let kept: usize = segments.values().map(Bytes::len).sum();
    assert_eq!(kept + rejects.tail_bytes().len(), rejects.bytes as usize);
    assert!(rejects.names.iter().all(|name| segments.contains_key(name)));

    let entry = stand.keeper.end(Ending::Done).await.unwrap();
    remove_segments(&*stand.ledger, &entry, &rejects.names).await;
    assert!(stand.ledger.segments().is_empty());
    assert_eq!(entry.deliveries, 1);
}

#[tokio::test(start_paused = true)]
async fn the_end_keeps_no_part_of_a_list_that_is_stored_as_a_whole() {
    let stand = Stand::new().await;
    stand.acknowledge(1).await.unwrap();
    let mut list = RejectList::default();
    for row in 0..30_000 {
        list.rejected(row * 7_919 % 1_000_003, None, "too_long");
    }
    // No answer of Meta's comes with it, so that it is recorded with what is written next.
    let again = Cut {
        rejects: list.finish(),
        ..cut(0)
    };
    stand.keeper.passed_again(again);
    let entry = stand.keeper.end(Ending::Done).await.unwrap();
    assert!(stand.ledger.segments().is_empty());
    assert_eq!(entry.progress.rejects, RejectSegments::default());
}

/// Two threads, so that whoever waits may run before the keeper has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_told_of_a_loss_finds_everything_stopped() {
    for _ in 0..200 {
        let stand = Stand::new().await;
        let mut taken = stand.ledger.entry();
        taken.fence += 1;
        let found = stand
            .ledger
            .get(&object(), "buyers")
            .await
            .unwrap()
            .unwrap();
        let put = stand.ledger.put(&taken, Some(&found.tag)).await.unwrap();
        assert!(matches!(put, Put::Stored(_)));
        assert_eq!(stand.acknowledge(0).await, Err(Lost::Taken));
        assert!(stand.halt.is_cancelled());
    }
}

#[tokio::test(start_paused = true)]
async fn a_keeper_that_is_dropped_writes_nothing_more() {
    let stand = Stand::new().await;
    stand.acknowledge(0).await.unwrap();
    let writes = stand.ledger.writes();
    drop(stand.keeper);
    sleep(10 * LEASE).await;
    assert_eq!(stand.ledger.writes(), writes);
    assert!(matches!(stand.ledger.entry().state, State::InProgress));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_far_ahead_of_a_batch_that_has_no_answer() {
    let stand = Stand::new().await;
    for batch in 1..MOST_AHEAD {
        stand.keeper.comes_near(batch).await;
        stand.acknowledge(batch).await.unwrap();
    }
    let far = stand.keeper.comes_near(MOST_AHEAD);
    tokio::pin!(far);
    let waits = tokio::time::timeout(LEASE, &mut far).await;
    assert!(waits.is_err(), "batch 0 has no answer");
    stand.acknowledge(0).await.unwrap();
    far.await;
}

#[tokio::test(start_paused = true)]
async fn where_meta_has_refused_all_so_far_nothing_was_brought_on() {
    let stand = Stand::new().await;
    let attempts = || stand.ledger.entry().attempts.without_progress;
    stand.keeper.acknowledge(cut(0), tally(0)).await.unwrap();
    assert_eq!(attempts(), 1);
    stand.keeper.acknowledge(cut(1), tally(10)).await.unwrap();
    assert_eq!(attempts(), 0);
}

/// The next attempt takes what may have been out for no further ahead than that.
#[tokio::test(start_paused = true)]
async fn nothing_is_sent_far_ahead_of_what_is_written() {
    let stand = Stand::new().await;
    for batch in 0..10 * MOST_AHEAD {
        let near = stand.keeper.comes_near(batch);
        let near = tokio::time::timeout(LEASE / 6, near).await;
        assert!(near.is_ok(), "it stands still before {batch}");
        let written = stand.ledger.entry().progress.watermark.batches;
        assert!(
            batch < written + MOST_AHEAD,
            "{batch}, and {written} is written"
        );
        stand.keeper.passed_again(cut(batch));
    }
}
