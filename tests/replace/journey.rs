//! A run from its first message to the last, where nothing or little goes wrong.

use std::time::Duration;

use audience_activator::receipts::{Live, Status};
use simulator::{AudienceChange, Fault, FaultAction, GraphError, Target};

use crate::stage::{Call, OLD, Stage, file};

const MARKED: &str = "complete = \"success_marker\"";

#[tokio::test(start_paused = true)]
async fn a_run_takes_the_place_of_all_members_in_one_session() {
    let stage = Stage::new(MARKED).await;
    let parts = [1..1_200, 1_200..2_000, 2_000..2_600];
    let objects = stage.run_of("q1", &parts);
    stage.work().await;
    assert!(stage.holds(1..2_600));
    let sent = stage.meta.sent();
    assert!(
        sent.iter()
            .all(|one| one.accepted && one.edge == "usersreplace")
    );
    assert!(sent.iter().all(|one| one.session == sent[0].session));
    let mut numbers = stage.meta.numbers();
    let count = numbers.len() as u64;
    assert!(count >= 4, "{numbers:?}");
    // The first goes first and alone, the last one last.
    assert_eq!((numbers[0], numbers[numbers.len() - 1]), (1, count));
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=count).collect::<Vec<_>>());
    assert!(sent.iter().all(|one| one.is_last == (one.number == count)));

    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(run.status, Status::Delivered);
    assert_eq!(
        (run.rows.read, run.rows.sent, run.sent.accepted),
        (2_599, 2_599, 2_599)
    );
    let told = run.run.unwrap();
    assert_eq!(
        (told.live, told.session),
        (Live::New, Some(sent[0].session))
    );
    assert_eq!((told.last_number, told.requests), (Some(count), count));
    assert_eq!((told.resumed, told.restarts, told.objects.len()), (0, 0, 3));
    for (object, people) in objects.iter().zip(&parts) {
        let receipt = stage.receipt(object).await.unwrap();
        let rows = people.end - people.start;
        assert_eq!(
            (receipt.status, receipt.sent.accepted),
            (Status::Delivered, rows)
        );
        assert!(receipt.fields.values().all(|field| field.filled == rows));
    }

    // Every message of it is one of a finished run.
    let before = stage.meta.sent().len();
    stage.announce(&objects[1], None);
    stage.work().await;
    assert_eq!(stage.meta.sent().len(), before);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_fits_one_request_opens_and_closes_with_it() {
    let stage = Stage::new(MARKED).await;
    stage.run_of("q1", &[1..200]);
    stage.work().await;
    assert!(stage.holds(1..200));
    assert_eq!(stage.meta.numbers(), [1]);
    assert!(stage.meta.sent()[0].is_last);
}

#[tokio::test(start_paused = true)]
async fn rows_that_cannot_be_sent_and_objects_without_rows_are_accounted_for() {
    let stage = Stage::new(MARKED).await;
    let mut text = file(1..1_000);
    text.push_str(",\n,not-an-address\n");
    let some = stage.drop_in("lists/q1/part-0", text);
    let header = stage.drop_in("lists/q1/part-1", "id,email\n");
    let empty = stage.drop_in("lists/q1/part-2", "");
    let all_bad = stage.drop_in("lists/q1/part-3", "id,email\n,nobody\n");
    stage.run_of("q1", &[]);
    stage.work().await;
    assert!(stage.holds(1..1_000));
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(
        (run.rows.read, run.rows.rejected, run.rows.sent),
        (1_002, 3, 999)
    );
    for (object, read, rejected) in [(&some, 1_001, 2), (&all_bad, 1, 1)] {
        let receipt = stage.receipt(object).await.unwrap();
        assert_eq!(receipt.status, Status::Delivered);
        assert_eq!((receipt.rows.read, receipt.rows.rejected), (read, rejected));
        assert_eq!(receipt.rejects_file.unwrap().listed, rejected);
    }
    for object in [&header, &empty] {
        let receipt = stage.receipt(object).await.unwrap();
        assert_eq!(receipt.status.name(), "skipped");
    }
}

#[tokio::test(start_paused = true)]
async fn two_workers_with_messages_of_one_run_open_one_session() {
    let stage = Stage::new(MARKED).await;
    let parts: Vec<_> = (0..12)
        .map(|part| part * 300 + 1..part * 300 + 301)
        .collect();
    stage.run_of("q1", &parts);
    stage.work_by_two().await;
    assert!(stage.holds(1..3_601));
    let sent = stage.meta.sent();
    assert!(sent.iter().all(|one| one.session == sent[0].session));
    assert_eq!(sent.iter().filter(|one| one.number == 1).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn members_wait_for_the_swap_and_so_do_the_receipts() {
    let stage = Stage::new(MARKED).await;
    stage.change(AudienceChange {
        swap_takes_s: Some(900),
        ..AudienceChange::default()
    });
    stage.run_of("q1", &[1..1_000]);
    stage.live(None, Duration::from_secs(300)).await;
    assert!(stage.holds(OLD));
    assert!(stage.run_receipt("q1", 1).await.is_none());
    stage.work().await;
    assert!(stage.holds(1..1_000));
    let sessions = stage.meta.sent();
    assert!(
        sessions
            .iter()
            .all(|one| one.session == sessions[0].session)
    );
}

#[tokio::test(start_paused = true)]
async fn a_replay_sends_the_run_once_more_in_a_session_of_its_own() {
    let stage = Stage::new(MARKED).await;
    let objects = stage.run_of("q1", &[1..600, 600..900]);
    stage.work().await;
    let first = stage.meta.sent();
    for object in &objects {
        stage.announce(object, Some("again"));
    }
    stage.work().await;
    let sent = stage.meta.sent();
    assert_eq!(sent.len(), 2 * first.len());
    assert_ne!(sent[first.len()].session, first[0].session);
    assert!(stage.holds(1..900));
    let second = stage.run_receipt("q1", 2).await.unwrap();
    assert_eq!(second.replay.as_deref(), Some("again"));
}

#[tokio::test(start_paused = true)]
async fn an_object_that_comes_later_begins_a_new_run_of_the_folder() {
    let stage = Stage::new("complete = \"quiet\"\nquiet_seconds = 60").await;
    stage.drop_in("lists/q1/part-0", file(1..600));
    stage.work().await;
    assert!(stage.holds(1..600));
    stage.drop_in("lists/q1/part-1", file(600..900));
    stage.work().await;
    assert!(stage.holds(1..900));
    assert_eq!(stage.run_entry("q1").deliveries, 2);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_was_overwritten_before_the_run_is_superseded() {
    let stage = Stage::new(MARKED).await;
    let old = stage.drop_in("lists/q1/part-00", file(5_000..5_100));
    stage.run_of("q1", &[1..600]);
    stage.work().await;
    assert!(stage.holds(1..600));
    let receipt = stage.receipt(&old).await.unwrap();
    assert_eq!(receipt.status, Status::Superseded);
    assert_eq!(stage.run_entry("q1").deliveries, 1);
}

#[tokio::test(start_paused = true)]
async fn an_object_overwritten_in_mid_run_is_read_as_it_was_and_begins_another() {
    let stage = Stage::new(MARKED).await;
    stage.run_of("q1", &[1..1_000, 1_000..2_000]);
    // In the middle of the session.
    assert!(
        stage
            .live(Some((Call::BeforeSend, 3)), Duration::from_secs(3_600))
            .await
    );
    let newer = stage.put("lists/q1/part-01", file(1_000..1_900), 800);
    stage.announce(&newer, None);
    let marker = stage.put("lists/q1/_SUCCESS", "", 700);
    stage.announce(&marker, None);
    stage.work().await;
    assert!(stage.holds(1..1_900));
    let entry = stage.run_entry("q1");
    assert_eq!(entry.deliveries, 2);
    let first = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(first.rows.sent, 1_999);
}

#[tokio::test(start_paused = true)]
async fn where_the_old_version_is_gone_the_session_ends_with_the_new_and_another_follows() {
    let stage = Stage::with(MARKED, &[], false).await;
    stage.run_of("q1", &[1..1_000, 1_000..2_000]);
    assert!(
        stage
            .live(Some((Call::BeforeSend, 4)), Duration::from_secs(3_600))
            .await
    );
    stage.put("lists/q1/part-01", file(1_300..2_200), 800);
    stage.work().await;
    let people = (1..1_000).chain(1_300..2_200);
    assert!(stage.holds(people));
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!((run.status, run.rows.sent), (Status::Delivered, 1_899));
    let sessions = stage.meta.sent();
    let last = sessions.last().unwrap().session;
    assert_ne!(last, sessions[0].session);
    // No part of a list was live at any time.
    let members = stage.meta.members.lock().unwrap().clone();
    assert!(
        members.iter().all(|count| *count == 100 || *count >= 1_899),
        "{members:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn twenty_objects_with_faults_and_crashes_end_with_exactly_the_new_members() {
    // `make replace-million` asks for more.
    let rows = std::env::var("REPLACE_ROWS").map_or(24_000, |rows| rows.parse().unwrap());
    let stage = Stage::new(MARKED).await;
    let each = rows / 20;
    let parts: Vec<_> = (0..20)
        .map(|part| part * each + 1..(part + 1) * each + 1)
        .collect();
    stage.run_of("big", &parts);
    let replace = |action| Fault::new(Target::UsersReplace, action);
    let throttled = GraphError::new(400, 80_003).subcode(2_446_079);
    for fault in [
        // The first batch's answer is lost.
        replace(FaultAction::ResetAfter),
        replace(FaultAction::ResetAfter).nth(7).every(9).times(4),
        replace(FaultAction::Error(throttled)).nth(11),
        replace(FaultAction::Error(GraphError::new(400, 1).subcode(99)))
            .nth(14)
            .times(3),
        replace(FaultAction::ResetBefore).nth(20).every(7).times(3),
        replace(FaultAction::Html { status: 502 }).nth(25).times(2),
        replace(FaultAction::Error(GraphError::new(500, 2)))
            .nth(31)
            .every(8)
            .times(3),
    ] {
        stage.meta.platform.fault(fault);
    }
    let began = tokio::time::Instant::now();
    for dies in [(Call::AfterSend, 9), (Call::BeforeSend, 12)] {
        assert!(stage.live(Some(dies), Duration::from_secs(5_000)).await);
    }
    stage.work().await;
    assert!(stage.holds(1..each * 20 + 1));
    let run = stage.run_receipt("big", 1).await.unwrap();
    assert_eq!(run.sent.accepted, each * 20);
    let batches = &run.batches;
    eprintln!(
        "{} rows in 20 objects: {} batches, {} requests, {} of them retries, for 17 faults and 2 crashes; {} s by the test's clock",
        run.rows.sent,
        batches.acknowledged,
        stage.meta.sent().len(),
        batches.retries,
        began.elapsed().as_secs()
    );
    let told = run.run.unwrap();
    assert_eq!((told.live, told.restarts, told.resumed), (Live::New, 0, 2));
    let members = stage.meta.members.lock().unwrap().clone();
    let whole = |count: &u64| *count == 100 || *count == each * 20;
    assert!(members.iter().all(whole));
    stage.check_sessions();
}

/// An exporter that writes the whole folder over, and its marker later or never again.
#[tokio::test(start_paused = true)]
async fn a_folder_that_is_written_over_in_mid_session_is_one_more_session() {
    for marked_again in [false, true] {
        let stage = Stage::with(MARKED, &[], false).await;
        let people = |run: u64| (0..5).map(move |part| run + part * 600..run + part * 600 + 600);
        stage.run_of("q1", &people(1).collect::<Vec<_>>());
        let dies = Some((Call::BeforeSend, 3));
        assert!(stage.live(dies, Duration::from_secs(3_600)).await);
        for (part, people) in people(10_001).enumerate() {
            stage.put(&format!("lists/q1/part-{part:02}"), file(people), 800);
        }
        if marked_again {
            let marker = stage.put("lists/q1/_SUCCESS", "", 700);
            stage.announce(&marker, None);
        }
        stage.work().await;
        assert!(stage.holds(10_001..13_001), "{marked_again}");
        assert!(stage.queue.dead_letters().is_empty());
        let run = stage.run_receipt("q1", 1).await.unwrap();
        assert_eq!(run.status, Status::Delivered);
        stage.check_sessions();
    }
}

/// The list with rows of both versions is live meanwhile, and says that it is.
#[tokio::test(start_paused = true)]
async fn what_follows_a_mixed_list_survives_a_crash_at_every_request() {
    let mut mixed = 0;
    for request in 1.. {
        let stage = Stage::with(MARKED, &[], false).await;
        stage.run_of("q1", &[1..1_000, 1_000..2_000]);
        let dies = Some((Call::BeforeSend, 4));
        assert!(stage.live(dies, Duration::from_secs(3_600)).await);
        stage.put("lists/q1/part-01", file(1_300..2_200), 800);
        let dies = Some((Call::BeforeSend, request));
        let died = stage.live(dies, Duration::from_secs(3_600)).await;
        let record = stage.run_entry("q1").run.unwrap();
        mixed += u64::from(record.live(false) == Live::Mixed);
        stage.work().await;
        let people = (1..1_000).chain(1_300..2_200);
        assert!(stage.holds(people), "request {request}");
        assert!(stage.queue.dead_letters().is_empty());
        stage.check_sessions();
        if !died {
            break;
        }
    }
    assert!(mixed > 0, "no worker died between the two sessions");
}

/// No row is left for the end of the session.
#[tokio::test(start_paused = true)]
async fn a_last_object_that_is_overwritten_by_an_empty_one_does_not_leave_the_session_open() {
    let stage = Stage::with(MARKED, &[], false).await;
    stage.run_of("q1", &[1..1_000, 1_000..2_000]);
    let dies = Some((Call::BeforeSend, 3));
    assert!(stage.live(dies, Duration::from_secs(3_600)).await);
    stage.put("lists/q1/part-01", "id,email\n", 800);
    let began = tokio::time::Instant::now();
    stage.work().await;
    assert!(stage.holds(1..1_000));
    assert!(
        began.elapsed() < Duration::from_secs(60 * 60),
        "{:?}",
        began.elapsed()
    );
    stage.check_sessions();
}

/// The session has to be closed; whether what it was closed with may be the audience, without
/// the old version, is asked as of any list.
#[tokio::test(start_paused = true)]
async fn a_new_version_that_is_much_smaller_does_not_take_all_members_place() {
    let stage = Stage::with(MARKED, &[], false).await;
    stage.run_of("q0", &[1..2_001]);
    stage.work().await;
    stage.run_of("q1", &[1..1_000, 1_000..2_001]);
    let before = stage.meta.sent().len() as u32;
    assert!(before > 0);
    let dies = Some((Call::BeforeSend, 4));
    assert!(stage.live(dies, Duration::from_secs(3_600)).await);
    stage.put("lists/q1/part-00", file(1..3), 800);
    stage.put("lists/q1/part-01", file(3..5), 800);
    stage.live(None, Duration::from_secs(3_000)).await;
    let run = stage.run_receipt("q1", 1).await.unwrap();
    assert_eq!(run.status.reason().unwrap().as_str(), "shrunk", "{run:?}");
    assert_eq!(run.run.unwrap().live, Live::Mixed);
    assert!(
        stage.meta.members() > 4,
        "no session was made of the new versions alone"
    );
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_too_large_goes_in_halves_with_numbers_of_their_own() {
    let stage = Stage::new(MARKED).await;
    stage.run_of("q1", &[1..2_000]);
    let changes = simulator::Changes {
        largest_upload: Some(40_000),
        ..simulator::Changes::default()
    };
    stage.meta.platform.change(changes).unwrap();
    stage.work().await;
    assert!(stage.holds(1..2_000));
    stage.check_sessions();
}

#[tokio::test(start_paused = true)]
async fn a_large_batch_that_only_a_page_or_a_broken_connection_answers_goes_in_halves() {
    let settings = [
        ("ACTIVATOR_DELIVERY_MAX_BODY_BYTES", "262144"),
        ("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "1"),
    ];
    // The first batch as well, each time in a session of its own.
    for action in [FaultAction::Html { status: 502 }, FaultAction::ResetBefore] {
        let stage = Stage::with(MARKED, &settings, true).await;
        stage.run_of("q1", &[1..8_001]);
        let fault = Fault::new(Target::UsersReplace, action.clone());
        stage.meta.platform.fault(fault.times(3));
        stage.work().await;
        assert!(stage.holds(1..8_001), "{action:?}");
        let sent = stage.meta.sent();
        assert!(sent[..4].iter().all(|one| one.number == 1), "{action:?}");
        assert!(sent[3].rows.len() < sent[2].rows.len(), "{action:?}");
        stage.check_sessions();
        stage.check_members(100, 8_000);
    }
    for action in [
        FaultAction::Html { status: 502 },
        FaultAction::ResetBefore,
        FaultAction::ResetAfter,
    ] {
        let stage = Stage::with(MARKED, &settings, true).await;
        stage.run_of("q1", &[1..16_001]);
        let fault = Fault::new(Target::UsersReplace, action.clone());
        stage.meta.platform.fault(fault.nth(3).times(3));
        stage.work().await;
        assert!(stage.holds(1..16_001), "{action:?}");
        let sent = stage.meta.sent();
        let [whole, again, once_more, half] = &sent[2..6] else {
            panic!("{} requests", sent.len());
        };
        for repeated in [again, once_more] {
            assert_eq!(
                (repeated.number, &repeated.rows),
                (whole.number, &whole.rows)
            );
        }
        assert!(half.rows.len() < whole.rows.len(), "{action:?}");
        assert_ne!(half.number, whole.number, "it may have arrived");
        stage.check_sessions();
        stage.check_members(100, 16_000);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_batch_waits_for_one_that_is_slow() {
    let stage = Stage::new(MARKED).await;
    stage.run_of("q1", &[1..4_001]);
    let slow = Fault::delay(Target::UsersReplace, Duration::from_secs(60)).nth(3);
    stage.meta.platform.fault(slow);
    stage.work().await;
    assert!(stage.holds(1..4_001));
    let sent = stage.meta.sent();
    assert!(
        sent.iter()
            .all(|one| one.edge == "usersreplace" && one.accepted)
    );
    assert!(sent.last().unwrap().is_last);
    let numbers = stage.meta.numbers();
    assert_ne!(numbers[2], 3, "it was not slow");
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_between_two_halves_no_number_stands_for_other_rows() {
    let one_at_a_time = ("ACTIVATOR_DELIVERY_REQUESTS_IN_FLIGHT", "1");
    let stage = Stage::with(MARKED, &[one_at_a_time], true).await;
    stage.run_of("q1", &[1..4_001]);
    // The third batch, three times; then its left half goes, and the right one does not.
    let too_large = FaultAction::Error(GraphError::new(400, 1).subcode(99));
    let too_large = Fault::new(Target::UsersReplace, too_large).nth(3).times(3);
    stage.meta.platform.fault(too_large);
    let dies = Some((Call::BeforeSend, 7));
    assert!(stage.live(dies, Duration::from_secs(600)).await);
    let left = stage.meta.sent().pop().unwrap();
    assert!(left.accepted && left.number == 3);
    stage.work().await;
    assert!(stage.holds(1..4_001));
    stage.check_sessions();
    stage.check_members(100, 4_000);
}
