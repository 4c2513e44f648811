//! What is told of objects that are refused or given up before their end.

#![allow(clippy::panic)]

use super::super::Refusal;
use super::super::fingerprint::fingerprint;
use super::*;
use crate::ledger::{BatchRows, ChangedRoute, Claim, Claimant, Claimed, Put, State, Wanted};
use crate::queue::QueueFacts;
use crate::receipts::{Code, Unbalanced, path};

#[tokio::test]
async fn the_rejects_of_a_blocked_file_are_all_listed_whatever_batches_they_were_among() {
    for (sample_rows, good, bad) in [(2_000, 1_000, 500), (1_000, 9, 5)] {
        let stage = Stage::that_samples(sample_rows, |places| places).await;
        let rejected = |rows: u64| "nothing\n".repeat(rows as usize);
        let mut content = format!("email\n{}", rejected(5));
        for row in 0..good {
            content.push_str(&format!("person{row}@example.com\n"));
        }
        content.push_str(&rejected(bad));
        let object = stage.put("good/people.csv", &content);
        let ended = stage.activate(&object, None).await;
        assert!(matches!(ended, Err(Halt::Refused(_))), "{ended:?}");
        let receipt = stage.receipt(&object).await.unwrap();
        assert_eq!(receipt.status.name(), "blocked");
        assert_eq!(receipt.rows.rejected, bad + 5);
        let file = receipt.rejects_file.unwrap();
        assert_eq!((file.listed, file.of), (bad + 5, bad + 5));
    }
}

async fn claimed_by_another(stage: &Stage, object: &ObjectAddress) -> Claimed {
    let version = stage.version(object).await;
    let route = stage.parts.config.route_for(&object.bucket, &object.key);
    let claimant = Claimant {
        object: &version,
        route: &route.unwrap().name,
        owner: "earlier",
        wanted: Wanted::Delivery,
        lease: Duration::from_secs(60),
        fingerprint: &fingerprint(route.unwrap(), &stage.parts.config, None),
        changed_route: ChangedRoute::Refuse,
    };
    match claimant.claim(&*stage.parts.ledger, None).await.unwrap() {
        Claim::Held(claimed) => *claimed,
        other => panic!("it is not free: {other:?}"),
    }
}

/// An entry that says of batch 10 what is not so.
async fn an_entry_that_does_not_fit(stage: &Stage, object: &ObjectAddress) {
    let mut claimed = claimed_by_another(stage, object).await;
    claimed.entry.revision += 1;
    claimed.entry.state = State::Waiting {
        reason: Code::new("halted"),
    };
    claimed.entry.progress.answered.batches = 1;
    claimed.entry.progress.answered.rows_accepted = 7;
    claimed.entry.progress.beyond = vec![BatchRows {
        batch: 10,
        first_row: 1,
        last_row: 7,
        rows: 7,
    }];
    let put = stage
        .parts
        .ledger
        .put(&claimed.entry, Some(&claimed.tag))
        .await;
    assert!(matches!(put, Ok(Put::Stored(_))));
}

#[tokio::test]
async fn a_refusal_in_the_middle_is_told_with_all_that_was_recorded_before_it() {
    let stage = Stage::new().await;
    let mut content = "email\n".to_owned();
    for row in 0..12_000 {
        let at = if row == 50 { "" } else { "@example.com" };
        content.push_str(&format!("person{row}{at}\n"));
    }
    let object = stage.put("good/people.csv", &content);
    an_entry_that_does_not_fit(&stage, &object).await;
    let ended = stage.activate(&object, None).await;
    assert!(
        matches!(ended, Err(Halt::Refused(Refusal::OtherBatches))),
        "{ended:?}"
    );
    let receipt = stage.receipt(&object).await.unwrap();
    assert_eq!(receipt.status.name(), "refused");
    assert_eq!(receipt.rows.rejected, 1);
    assert_eq!(receipt.rejects_file.unwrap().of, 1);
    assert!(receipt.sent.accepted > 1_000);
}

/// Receives a message that was sent a day ago, works on it, and says whether it was deleted.
async fn handle_an_old_one(stage: &Stage, queue: &InProcessQueue, body: String) -> bool {
    queue.send(body);
    for mut one in queue.receive(1, Duration::ZERO).await.unwrap() {
        one.sent_at = Some(OffsetDateTime::now_utc() - Duration::from_secs(86_400));
        message::handle(&stage.parts, one, Instant::now(), &CancellationToken::new()).await;
    }
    queue.is_empty()
}

#[tokio::test]
async fn what_is_removed_half_delivered_is_given_up_with_what_was_delivered() {
    let stage = Stage::new().await;
    let object = stage.put("good/people.csv", PEOPLE);
    let version = stage.version(&object).await;
    let event = stage.event(&object, None).await;
    an_entry_that_does_not_fit(&stage, &object).await;
    let file = stage.directory.path().join("audiences/good/people.csv");
    std::fs::remove_file(file).unwrap();
    assert!(handle_an_old_one(&stage, &stage.queue, event).await);
    assert_eq!(stage.queue.dead_letters().len(), 1);
    let receipt = stage.receipts.get(&version, "good").await.unwrap().unwrap();
    assert_eq!(receipt.status.name(), "quarantined");
    assert_eq!((receipt.rows.sent, receipt.sent.accepted), (7, 7));
    let entry = stage.entry(&version).await;
    assert_eq!(entry.state.name(), "quarantined");
    let progress = &entry.progress.answered;
    assert_eq!(
        progress.rows_accepted, 7,
        "whoever sends it again goes on there"
    );
}

#[tokio::test]
async fn what_never_was_there_is_known_to_have_been_given_up() {
    let stage = Stage::new().await;
    let object = stage.put("good/people.csv", PEOPLE);
    let version = stage.version(&object).await;
    let event = stage.event(&object, None).await;
    let file = stage.directory.path().join("audiences/good/people.csv");
    let aside = stage.directory.path().join("aside");
    std::fs::rename(&file, &aside).unwrap();
    assert!(handle_an_old_one(&stage, &stage.queue, event.clone()).await);
    assert_eq!(stage.queue.dead_letters().len(), 1);
    let entry = stage.entry(&version).await;
    let reason = entry.state.reason().map(Code::as_str);
    assert_eq!(
        (entry.state.name(), reason),
        ("quarantined", Some("missing"))
    );

    // It is there after all, and its message is redriven.
    std::fs::rename(&aside, &file).unwrap();
    assert!(handle_an_old_one(&stage, &stage.queue, event).await);
    assert_eq!(stage.received(), 3);
    assert_eq!(stage.entry(&version).await.state, State::Done);
    assert_eq!(
        stage.receipt(&object).await.unwrap().status,
        Status::Delivered
    );
}

#[tokio::test]
async fn what_another_worker_has_in_hand_is_not_given_up() {
    let stage = Stage::new().await;
    let object = stage.put("good/people.csv", PEOPLE);
    let version = stage.version(&object).await;
    let event = stage.event(&object, None).await;
    claimed_by_another(&stage, &object).await;
    let file = stage.directory.path().join("audiences/good/people.csv");
    std::fs::remove_file(file).unwrap();
    assert!(!handle_an_old_one(&stage, &stage.queue, event).await);
    assert!(stage.queue.dead_letters().is_empty());
    assert_eq!(stage.entry(&version).await.state, State::InProgress);
}

#[tokio::test]
async fn a_message_of_which_nothing_else_would_tell_is_kept() {
    let queue = Arc::new(InProcessQueue::with_facts(
        Duration::from_secs(300),
        QueueFacts::default(),
    ));
    let places = queue.clone();
    let stage = Stage::with(|others| Places {
        queue: places,
        ..others
    })
    .await;
    let object = stage.put("good/people.csv", PEOPLE);
    let event = stage.event(&object, None).await;
    let version = stage.version(&object).await;
    let entry = path::of_entry(&(&version).into(), "good");
    let entry = stage.directory.path().join("state").join(entry);
    std::fs::create_dir_all(entry.parent().unwrap()).unwrap();
    std::fs::write(entry, "garbage").unwrap();
    assert!(!handle_an_old_one(&stage, &queue, event).await);
    assert!(stage.receipt(&object).await.is_none());
}

fn no_delivery_adds_up(receipt: &Receipt) -> Result<(), StoreError> {
    let (withheld, unknown) = (1, 0);
    match receipt.status {
        Status::Delivered => Err(Unbalanced::Unfinished { withheld, unknown }.into()),
        _ => Ok(()),
    }
}

#[tokio::test]
async fn a_delivery_of_which_no_receipt_can_be_made_is_given_up_and_not_looped() {
    let stage = Stage::with(|places| Places {
        receipts: Arc::new(LooksFirst(places.receipts, no_delivery_adds_up)),
        ..places
    })
    .await;
    let object = stage.put("good/people.csv", PEOPLE);
    let most = stage.parts.config.ledger.attempts_without_progress;
    let mut tries = 0;
    let receipt = loop {
        tries += 1;
        match stage.activate(&object, None).await {
            Ok(End::Quarantined { receipt, kept, .. }) if kept => break receipt,
            Err(Halt::Receipts(StoreError::Unbalanced(_))) if tries <= most => {}
            ended => panic!("{ended:?} after {tries} attempts"),
        }
    };
    assert_eq!(
        receipt.status.reason().unwrap().as_str(),
        "receipt_not_stored"
    );
    assert_eq!(receipt.sent.accepted, 3);
    assert_eq!(stage.received(), 3, "sent once");
}
