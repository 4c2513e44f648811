#![allow(clippy::panic, clippy::unwrap_used)]

use tokio::time::advance;

use super::super::in_memory::{Fails, InMemory, LEASE, claimant, claimed, object};
use super::super::window::tests::rows;
use super::*;
use crate::ledger::{RunRecord, Stage};

async fn looked(ledger: &InMemory, claimant: Claimant<'_>) -> Look {
    claimant.look(ledger).await.unwrap()
}

/// An object that was claimed, and left so.
async fn left_by_a_first(change: impl FnOnce(&mut Entry)) -> (InMemory, ObjectVersion, Entry) {
    let (ledger, object) = (InMemory::default(), object());
    let first = claimed(&ledger, claimant(&object, "a")).await;
    let entry = first.entry.clone();
    left(&ledger, first, change).await;
    (ledger, object, entry)
}

async fn found(ledger: &InMemory, object: &ObjectVersion) -> Option<Box<Found>> {
    ledger.get(object, "buyers").await.unwrap().map(Box::new)
}

fn given_back(reason: &'static str) -> State {
    let reason = Code::new(reason);
    State::Waiting { reason }
}

/// Writes the entry as somebody might have left it.
async fn left(ledger: &InMemory, claimed: Claimed, change: impl FnOnce(&mut Entry)) {
    let mut entry = claimed.entry;
    entry.revision += 1;
    change(&mut entry);
    let put = ledger.put(&entry, Some(&claimed.tag)).await.unwrap();
    assert!(matches!(put, Put::Stored(_)));
}

#[tokio::test(start_paused = true)]
async fn an_object_has_one_owner_until_the_lease_is_over() {
    let (ledger, object) = (InMemory::default(), object());
    let first = claimed(&ledger, claimant(&object, "a")).await;
    advance(LEASE - Duration::from_secs(1)).await;
    let Look::Busy { lease } = looked(&ledger, claimant(&object, "b")).await else {
        panic!("it was free");
    };
    assert_eq!(lease, Duration::from_secs(1));
    advance(lease).await;
    let second = claimed(&ledger, claimant(&object, "b")).await;
    assert_eq!((first.entry.fence, second.entry.fence), (1, 2));
    assert_eq!(second.entry.attempts.total, 2);
    assert_eq!(second.entry.attempts.without_progress, 2);
}

#[tokio::test(start_paused = true)]
async fn what_an_owner_may_have_had_out_when_it_died_stays_in_doubt() {
    let (ledger, object) = (InMemory::default(), object());
    let first = claimed(&ledger, claimant(&object, "a")).await;
    assert_eq!(first.entry.progress.in_doubt_before, 0);
    left(&ledger, first, |entry| entry.progress.watermark.batches = 3).await;
    advance(LEASE).await;
    let second = claimed(&ledger, claimant(&object, "b")).await;
    assert_eq!(second.entry.progress.in_doubt_before, 3 + MOST_AHEAD);
    left(&ledger, second, |entry| {
        entry.state = State::Waiting {
            reason: Code::new("halted"),
        };
        entry.progress.watermark.batches = 7;
    })
    .await;
    let third = claimed(&ledger, claimant(&object, "c")).await;
    assert_eq!(third.entry.progress.in_doubt_before, 3 + MOST_AHEAD);
}

#[tokio::test(start_paused = true)]
async fn what_was_out_when_the_work_on_it_panicked_stays_in_doubt() {
    for (state, in_doubt) in [
        (given_back(PANICKED), 3 + MOST_AHEAD),
        (
            State::Quarantined {
                reason: Code::new(PANICKED),
            },
            3 + MOST_AHEAD,
        ),
        (given_back("halted"), 0),
    ] {
        let (ledger, object, _) = left_by_a_first(|entry| {
            entry.state = state;
            entry.progress.watermark.batches = 3;
        })
        .await;
        let second = claimed(&ledger, claimant(&object, "b")).await;
        assert_eq!(second.entry.progress.in_doubt_before, in_doubt);
    }
}

#[tokio::test(start_paused = true)]
async fn how_many_attempts_there_will_be_is_known_before_the_claim() {
    let quarantined = State::Quarantined {
        reason: Code::new("damaged"),
    };
    for (state, expected) in [
        (State::InProgress, 3),
        (given_back("halted"), 3),
        (State::Done, 1),
        (State::Superseded, 1),
        (quarantined, 1),
    ] {
        let (ledger, object, _) = left_by_a_first(|entry| {
            entry.state = state;
            entry.attempts.without_progress = 2;
        })
        .await;
        advance(LEASE).await;
        assert_eq!(ledger.entry().attempts_with_the_next(), expected);
        let again = Claimant {
            wanted: Wanted::Replay("again"),
            ..claimant(&object, "b")
        };
        let second = claimed(&ledger, again).await;
        assert_eq!(second.entry.attempts.without_progress, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_that_claim_at_once_one_holds_the_object() {
    let (ledger, object) = (InMemory::default(), object());
    let (a, b) = (claimant(&object, "a"), claimant(&object, "b"));
    // Both have looked before either claims.
    let held = a.claim(&ledger, None).await.unwrap();
    assert!(matches!(held, Claim::Held(_)));
    let second = b.claim(&ledger, None).await.unwrap();
    assert!(matches!(second, Claim::Busy { .. }), "{second:?}");
    assert_eq!(ledger.entry().owner, "a");
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_only_looks_refused_is_ones_own() {
    let (ledger, object) = (InMemory::default(), object());
    ledger.fails([Fails::LooksRefused]);
    let claimed = claimed(&ledger, claimant(&object, "a")).await;
    assert_eq!(claimed.entry, ledger.entry());
}

#[tokio::test(start_paused = true)]
async fn what_is_done_is_done_but_for_a_replay_that_it_does_not_know() {
    let (ledger, object, _) = left_by_a_first(|entry| {
        entry.state = State::Done;
        entry.deliveries = 1;
        entry.replayed = vec!["known".to_owned()];
        entry.progress.answered.batches = 9;
        entry.progress.watermark.batches = 9;
    })
    .await;
    let of = |wanted| Claimant {
        wanted,
        ..claimant(&object, "b")
    };
    assert!(matches!(
        looked(&ledger, of(Wanted::Delivery)).await,
        Look::Done
    ));
    assert!(matches!(
        looked(&ledger, of(Wanted::Replay("known"))).await,
        Look::Done
    ));
    let replay = claimed(&ledger, of(Wanted::Replay("new"))).await;
    assert_eq!(replay.entry.progress, Progress::default());
    assert_eq!(replay.entry.replay.as_deref(), Some("new"));
    // The plain event of a delivered object stays done while the replay is under way.
    assert!(matches!(
        looked(&ledger, of(Wanted::Delivery)).await,
        Look::Done
    ));
}

#[tokio::test(start_paused = true)]
async fn what_was_given_back_goes_on_at_once_with_its_progress() {
    let (ledger, object, _) = left_by_a_first(|entry| {
        entry.state = given_back("halted");
        entry.progress.watermark.batches = 4;
        entry.progress.beyond = vec![rows(5)];
        entry.attempts.without_progress = 0;
    })
    .await;
    let second = claimed(&ledger, claimant(&object, "b")).await;
    assert_eq!(second.entry.progress.watermark.batches, 4);
    assert_eq!(second.entry.progress.beyond, [rows(5)]);
    assert_eq!(second.entry.attempts.without_progress, 1);
    assert_eq!(second.entry.judged_at, ledger.entry().judged_at);
}

#[tokio::test(start_paused = true)]
async fn a_quarantined_object_is_begun_once_more_from_where_it_was() {
    let (ledger, object, _) = left_by_a_first(|entry| {
        entry.state = State::Quarantined {
            reason: Code::new("no_progress"),
        };
        entry.attempts.without_progress = 5;
        entry.progress.watermark.batches = 4;
    })
    .await;
    let second = claimed(&ledger, claimant(&object, "b")).await;
    assert_eq!(second.entry.attempts.without_progress, 1);
    assert_eq!(second.entry.progress.watermark.batches, 4);
}

#[tokio::test(start_paused = true)]
async fn a_changed_route_is_refused_or_begins_anew_once_something_is_delivered() {
    for (batches, on_change, refused, restarted) in [
        (0, ChangedRoute::Refuse, false, false),
        (3, ChangedRoute::Refuse, true, false),
        (3, ChangedRoute::Restart, false, true),
    ] {
        let (ledger, object, _) = left_by_a_first(|entry| {
            entry.state = given_back("halted");
            entry.progress.watermark.batches = batches;
            entry.progress.answered.batches = batches;
            entry.progress.answered.rows_accepted = batches;
        })
        .await;
        let changed = Claimant {
            fingerprint: "g",
            changed_route: on_change,
            ..claimant(&object, "b")
        };
        let second = claimed(&ledger, changed).await;
        assert_eq!(second.route_changed, refused);
        assert_eq!(second.entry.progress.restarted.is_some(), restarted);
        let kept = if refused { 3 } else { 0 };
        assert_eq!(second.entry.progress.answered.batches, kept);
        assert_eq!(second.entry.fingerprint, if refused { "f" } else { "g" });
    }
}

#[tokio::test(start_paused = true)]
async fn sending_again_on_purpose_begins_anew_whatever_the_entry_says() {
    let (ledger, object, _) = left_by_a_first(|entry| {
        entry.state = given_back("halted");
        entry.progress.watermark.batches = 4;
    })
    .await;
    let again = Claimant {
        wanted: Wanted::Again,
        ..claimant(&object, "b")
    };
    let second = claimed(&ledger, again).await;
    assert_eq!(second.entry.progress, Progress::default());
}

#[tokio::test(start_paused = true)]
async fn what_meta_refused_row_by_row_is_sent_again_as_long_as_it_has_accepted_none() {
    let (ledger, object, first) = left_by_a_first(|entry| {
        entry.state = given_back("undelivered");
        entry.progress.watermark.batches = 2;
        entry.progress.answered.batches = 3;
        entry.progress.beyond = vec![rows(3)];
        entry.progress.unknown = vec![rows(2)];
    })
    .await;
    let second = claimed(&ledger, claimant(&object, "b")).await;
    let progress = &second.entry.progress;
    assert_eq!(progress.watermark.batches, 0);
    assert_eq!((progress.answered.batches, progress.beyond.len()), (0, 0));
    // What may have arrived may have arrived all the same.
    assert_eq!(progress.unknown, [rows(2)]);
    assert_eq!(second.entry.judged_at, first.judged_at);
}

#[tokio::test(start_paused = true)]
async fn the_same_bytes_written_again_are_the_same_version_where_the_bucket_has_none() {
    let (ledger, object, _) = left_by_a_first(|entry| {
        entry.state = given_back("halted");
    })
    .await;
    let written_again = ObjectVersion {
        last_modified: object.last_modified + 60,
        ..object.clone()
    };
    let second = claimed(&ledger, claimant(&written_again, "b")).await;
    assert_eq!(second.entry.fence, 2);
    // Its events keep the time that the first attempt gave them.
    assert_eq!(second.entry.object, (&object).into());
    left(&ledger, second, |entry| {
        entry.state = State::Done;
        entry.deliveries = 1;
    })
    .await;
    let looked = looked(&ledger, claimant(&written_again, "c")).await;
    assert!(matches!(looked, Look::Done), "{looked:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_superseded_and_is_there_again_is_begun_anew() {
    let (ledger, object, _) = left_by_a_first(|entry| {
        entry.state = State::Superseded;
        entry.progress.watermark.batches = 4;
    })
    .await;
    let second = claimed(&ledger, claimant(&object, "b")).await;
    assert_eq!(second.entry.state, State::InProgress);
    assert_eq!(second.entry.progress, Progress::default());
}

#[tokio::test(start_paused = true)]
async fn sending_again_on_purpose_begins_a_quarantined_object_anew_too() {
    let (ledger, object, _) = left_by_a_first(|entry| {
        entry.state = State::Quarantined {
            reason: Code::new("ledger_does_not_fit"),
        };
        entry.progress.watermark.batches = 4;
        entry.progress.answered.batches = 4;
        entry.progress.answered.rows_accepted = 40;
    })
    .await;
    let given_up = |entry: &mut Entry| {
        entry.state = State::Quarantined {
            reason: Code::new("ledger_does_not_fit"),
        };
        entry.progress.watermark.batches = 4;
        entry.progress.answered.batches = 4;
        entry.progress.answered.rows_accepted = 40;
    };
    for (owner, wanted, goes_on) in [
        ("b", Wanted::Again, false),
        ("c", Wanted::Replay("forced"), false),
        ("d", Wanted::Replay("another"), false),
        // Its own message, redriven, and the plain event.
        ("e", Wanted::Replay("another"), true),
        ("f", Wanted::Delivery, true),
    ] {
        let claimant = Claimant {
            wanted,
            ..claimant(&object, owner)
        };
        let next = claimed(&ledger, claimant).await;
        let batches = next.entry.progress.watermark.batches;
        assert_eq!(batches, if goes_on { 4 } else { 0 }, "{wanted:?}");
        left(&ledger, next, given_up).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_of_a_later_delivery_that_was_given_up_keeps_its_session() {
    let (ledger, object, _) = left_by_a_first(|entry| {
        entry.state = State::Quarantined {
            reason: Code::new("no_progress"),
        };
        entry.deliveries = 1;
        entry.run = Some(Box::new(RunRecord {
            stage: Stage::Open { session: 7 },
            ..RunRecord::default()
        }));
    })
    .await;
    let second = Claimant {
        wanted: Wanted::Replay("again"),
        ..claimant(&object, "b")
    };
    let second = claimed(&ledger, second).await;
    assert_eq!(second.entry.run, None, "another replay is another session");
    left(&ledger, second, |entry| {
        entry.state = State::Quarantined {
            reason: Code::new("no_progress"),
        };
        entry.run = Some(Box::new(RunRecord {
            stage: Stage::Open { session: 8 },
            ..RunRecord::default()
        }));
    })
    .await;
    let redriven = Claimant {
        wanted: Wanted::Replay("again"),
        ..claimant(&object, "c")
    };
    let third = claimed(&ledger, redriven).await;
    assert_eq!(third.entry.run.unwrap().stage, Stage::Open { session: 8 });
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_given_up_in_a_replay_is_announced_as_any_other() {
    for (stage, replay) in [
        (Stage::Surveyed, None),
        // What is begun is brought to its end for whom it was begun.
        (Stage::Open { session: 7 }, Some("again")),
    ] {
        let (ledger, object, _) = left_by_a_first(|entry| {
            entry.state = State::Quarantined {
                reason: Code::new("no_progress"),
            };
            entry.deliveries = 1;
            entry.replay = Some("again".to_owned());
            entry.run = Some(Box::new(RunRecord {
                stage,
                ..RunRecord::default()
            }));
        })
        .await;
        // An object that is new in the folder.
        let second = claimant(&object, "b");
        let claim = second.claim(&ledger, found(&ledger, &object).await).await;
        let Ok(Claim::Held(second)) = claim else {
            panic!("{claim:?}");
        };
        assert_eq!(second.entry.replay.as_deref(), replay);
    }
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_is_sent_anew_for_a_changed_route_is_still_that_replay() {
    let (ledger, object) = (InMemory::default(), object());
    let replay = Claimant {
        wanted: Wanted::Replay("again"),
        ..claimant(&object, "a")
    };
    let first = claimed(&ledger, replay).await;
    left(&ledger, first, |entry| {
        entry.state = given_back("halted");
        entry.progress.answered.batches = 2;
        entry.progress.answered.rows_accepted = 20;
    })
    .await;
    let plain = Claimant {
        fingerprint: "another",
        changed_route: ChangedRoute::Restart,
        ..claimant(&object, "b")
    };
    let second = claimed(&ledger, plain).await;
    assert!(second.entry.progress.restarted.is_some());
    assert_eq!(second.entry.replay.as_deref(), Some("again"));
}

#[tokio::test(start_paused = true)]
async fn a_replay_of_what_was_never_delivered_is_its_delivery() {
    let (ledger, object, _) = left_by_a_first(|entry| {
        entry.state = given_back("halted");
        entry.progress.answered.batches = 2;
        entry.progress.answered.rows_accepted = 20;
        entry.progress.watermark.batches = 2;
    })
    .await;
    let again = Claimant {
        wanted: Wanted::Replay("again"),
        ..claimant(&object, "b")
    };
    let second = claimed(&ledger, again).await;
    assert_eq!(second.entry.progress.watermark.batches, 2, "it goes on");
    assert_eq!(second.entry.replay.as_deref(), Some("again"));
}
