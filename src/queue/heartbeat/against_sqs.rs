//! The heartbeat on the real client, against what AWS documents of handles and what
//! networks do. Emulators extend what is long expired, so this is a stand-in's work.

#![allow(clippy::unwrap_used)]

use std::sync::Mutex;

use serde_json::json;

use super::*;
use crate::queue::sqs::stand_in::{Answer, Call, StandIn};

const VISIBILITY: Duration = Duration::from_secs(30);
/// Before the end, and after which an in-flight request may still leave.
const MARGIN: Duration = Duration::from_secs(3);

/// One message as AWS holds it, from the moment it was received.
struct Held {
    received_at: Instant,
    hidden_until: Instant,
}

impl Held {
    fn new(visibility: Duration) -> Held {
        let received_at = Instant::now();
        Held {
            received_at,
            hidden_until: received_at + visibility,
        }
    }

    fn judge(&mut self, call: &Call) -> Answer {
        assert_eq!(call.action, "ChangeMessageVisibility");
        let asked = Duration::from_secs(call.input["VisibilityTimeout"].as_u64().unwrap());
        let now = Instant::now();
        if now >= self.hidden_until {
            return Answer::refused(400, "MessageNotInflight");
        }
        if now + asked > self.received_at + LONGEST_HOLD {
            return Answer::Refused {
                status: 400,
                code: "InvalidParameterValueException",
                query_error: Some("InvalidParameterValue;Sender"),
            };
        }
        self.hidden_until = now + asked;
        Answer::Done(json!({}))
    }
}

fn handle() -> ReceiptHandle {
    ReceiptHandle("AQEB".to_owned())
}

fn beating(stand_in: &StandIn, visibility: Duration) -> (Arc<dyn Queue>, Heartbeat) {
    let queue: Arc<dyn Queue> = Arc::new(stand_in.queue(visibility));
    let options = HeartbeatOptions::new(visibility, Instant::now());
    let heartbeat = Heartbeat::start(Arc::clone(&queue), handle(), options);
    (queue, heartbeat)
}

#[tokio::test(start_paused = true)]
async fn what_sqs_calls_an_expired_handle_ends_the_work_at_the_first_beat() {
    for (status, code, query_error) in [
        (
            400,
            "MessageNotInflight",
            Some("AWS.SimpleQueueService.MessageNotInflight;Sender"),
        ),
        (
            400,
            "InvalidParameterValueException",
            Some("InvalidParameterValue;Sender"),
        ),
        (404, "ReceiptHandleIsInvalid", None),
    ] {
        let refused = Answer::Refused {
            status,
            code,
            query_error,
        };
        let stand_in = StandIn::start(move |_| refused.clone()).await;
        let began = Instant::now();
        let (_, heartbeat) = beating(&stand_in, VISIBILITY);
        heartbeat.lost().cancelled().await;
        assert!(began.elapsed() <= VISIBILITY / 3, "{code}");
        assert_eq!(
            heartbeat.lost_because(),
            Some(Lost::HandleExpired),
            "{code}"
        );
        assert_eq!(stand_in.calls().len(), 1, "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_keeps_sqs_from_answering_the_work_ends_before_the_message_comes_back() {
    for answer in [
        Answer::Silence,
        Answer::Broken,
        Answer::refused(500, "InternalFailure"),
        Answer::refused(403, "AccessDeniedException"),
        Answer::refused(400, "ThrottlingException"),
        Answer::Page(502, "<html>bad gateway</html>"),
    ] {
        let told = answer.clone();
        let stand_in = StandIn::start(move |_| told.clone()).await;
        let began = Instant::now();
        let (_, heartbeat) = beating(&stand_in, VISIBILITY);
        heartbeat.lost().cancelled().await;
        let left = VISIBILITY - began.elapsed();
        assert!(left >= MARGIN, "{answer:?}: only {left:?} were left");
        assert!(left < 2 * MARGIN, "{answer:?}: given up {left:?} too early");
        assert_eq!(
            heartbeat.lost_because(),
            Some(Lost::NotExtended),
            "{answer:?}"
        );
        assert!(stand_in.calls().len() >= 3, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fault_that_passes_in_time_costs_nothing() {
    let faults = [
        Answer::Silence,
        Answer::Broken,
        Answer::refused(500, "InternalFailure"),
    ];
    for fault in faults {
        let told = fault.clone();
        let mut held = Held::new(VISIBILITY);
        let mut first = true;
        let stand_in = StandIn::start(move |call| {
            if std::mem::take(&mut first) {
                return told.clone();
            }
            held.judge(call)
        })
        .await;
        let (_, heartbeat) = beating(&stand_in, VISIBILITY);
        tokio::time::sleep(10 * VISIBILITY).await;
        assert!(!heartbeat.lost().is_cancelled(), "{fault:?}");
        heartbeat.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn sqs_never_sees_more_than_twelve_hours_asked_for_and_takes_the_message_back() {
    // As by default, and few enough beats for twelve hours.
    let visibility = Duration::from_secs(300);
    let held = Arc::new(Mutex::new(Held::new(visibility)));
    let judge = Arc::clone(&held);
    let stand_in = StandIn::start(move |call| judge.lock().unwrap().judge(call)).await;
    let (queue, heartbeat) = beating(&stand_in, visibility);
    heartbeat.lost().cancelled().await;
    assert_eq!(heartbeat.lost_because(), Some(Lost::Wall));
    // A request that is out ends.
    tokio::time::sleep(Duration::from_secs(300)).await;
    heartbeat.stop().await;
    assert!(held.lock().unwrap().hidden_until > Instant::now());
    queue
        .set_visibility(&handle(), Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(held.lock().unwrap().hidden_until, Instant::now());
}
