#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// What the agent does with a call.
#[derive(Clone, Copy, Debug)]
enum Does {
    AsAsked,
    /// It does, but the answer does not come.
    Silence,
    Answers(u16, &'static str),
}

/// An agent that does as told, then as asked.
struct Agent {
    /// When each call came, and what it asked for.
    calls: Arc<Mutex<Vec<(Instant, Value)>>>,
    in_hand: watch::Sender<usize>,
    following: JoinHandle<()>,
    began: Instant,
}

impl Agent {
    async fn start(script: &[Does]) -> Agent {
        let calls: Arc<Mutex<Vec<(Instant, Value)>>> = Arc::default();
        let script: Vec<Does> = script.iter().rev().copied().collect();
        let (kept, script) = (Arc::clone(&calls), Arc::new(Mutex::new(script)));
        let app = Router::new().fallback(move |request: Request| {
            let (kept, script) = (Arc::clone(&kept), Arc::clone(&script));
            async move {
                assert_eq!(request.method(), "PUT");
                assert_eq!(request.uri().path(), "/api/task/task-protection/v1/state");
                assert_eq!(request.headers()[CONTENT_TYPE], "application/json");
                let body = to_bytes(request.into_body(), 1 << 16).await.unwrap();
                let asked: Value = serde_json::from_slice(&body).unwrap();
                kept.lock().unwrap().push((Instant::now(), asked.clone()));
                let does = script.lock().unwrap().pop();
                let (status, text) = match does.unwrap_or(Does::AsAsked) {
                    Does::AsAsked => (200, done(&asked)),
                    Does::Silence => std::future::pending().await,
                    Does::Answers(status, text) => (status, text.to_owned()),
                };
                (axum::http::StatusCode::from_u16(status).unwrap(), text)
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/api/task/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let in_hand = watch::Sender::new(0);
        let protection = TaskProtection::at(&uri).unwrap();
        let following = tokio::spawn(protection.follow(in_hand.subscribe()));
        Agent {
            calls,
            in_hand,
            following,
            began: Instant::now(),
        }
    }

    /// Each call: when, and whether it asked for protection.
    fn calls(&self) -> Vec<(Duration, bool)> {
        let calls = self.calls.lock().unwrap();
        let calls = calls.iter().map(|(at, asked)| {
            let protect = asked["ProtectionEnabled"].as_bool().unwrap();
            assert_eq!(asked["ExpiresInMinutes"].as_u64(), protect.then_some(60));
            (*at - self.began, protect)
        });
        calls.collect()
    }

    fn asked(&self) -> Vec<bool> {
        self.calls()
            .into_iter()
            .map(|(_, protect)| protect)
            .collect()
    }

    async fn in_hand(&self, count: usize, time: Duration) {
        self.in_hand.send_replace(count);
        sleep(time).await;
    }
}

fn done(asked: &Value) -> String {
    let task = "arn:aws:ecs:eu-central-1:123456789012:task/audience/1";
    json!({"protection": {
        "ProtectionEnabled": asked["ProtectionEnabled"],
        "ExpirationDate": "2026-11-24T00:00:00Z",
        "TaskArn": task,
    }})
    .to_string()
}

#[tokio::test(start_paused = true)]
async fn a_task_is_protected_while_something_is_in_hand() {
    let agent = Agent::start(&[]).await;
    sleep(MINUTE).await;
    assert!(agent.calls().is_empty(), "an idle worker asks for nothing");
    agent.in_hand(1, SECOND).await;
    assert_eq!(agent.asked(), [true]);
    agent.in_hand(2, MINUTE).await;
    agent.in_hand(1, MINUTE).await;
    assert_eq!(agent.asked(), [true]);
    agent.in_hand(0, IDLE - SECOND).await;
    assert_eq!(agent.asked(), [true]);
    sleep(2 * SECOND).await;
    assert_eq!(agent.asked(), [true, false]);
    sleep(3 * EXPIRES).await;
    assert_eq!(agent.asked(), [true, false]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_of_small_objects_asks_once() {
    let agent = Agent::start(&[]).await;
    for _ in 0..100 {
        agent.in_hand(1, SECOND).await;
        agent.in_hand(0, IDLE - SECOND).await;
    }
    assert_eq!(agent.asked(), [true]);
}

#[tokio::test(start_paused = true)]
async fn it_is_renewed_long_before_it_expires() {
    let agent = Agent::start(&[]).await;
    agent.in_hand(1, 3 * EXPIRES).await;
    let calls = agent.calls();
    assert!(calls.iter().all(|(_, protect)| *protect));
    assert!((6..=7).contains(&calls.len()), "{calls:?}");
    for pair in calls.windows(2) {
        let gap = pair[1].0 - pair[0].0;
        assert!(gap >= RENEW && gap < RENEW + SECOND, "{gap:?}");
    }
}

const REFUSALS: [Does; 8] = [
    Does::Silence,
    Does::Answers(
        400,
        r#"{"failure":{"Arn":"arn","Reason":"TASK_NOT_VALID","Detail":null}}"#,
    ),
    Does::Answers(200, r#"{"failure":{"Reason":"DEPLOYMENT_BLOCKED"}}"#),
    Does::Answers(
        400,
        r#"{"requestID":"x","error":{"Code":"AccessDeniedException","Message":"no"}}"#,
    ),
    Does::Answers(200, r#"{"protection":{"ProtectionEnabled":null}}"#),
    Does::Answers(404, "404 page not found"),
    Does::Answers(500, ""),
    Does::Answers(200, "[[[[[["),
];

#[tokio::test(start_paused = true)]
async fn whatever_the_agent_answers_it_is_asked_again_ever_more_rarely() {
    let agent = Agent::start(&REFUSALS).await;
    agent.in_hand(1, RENEW).await;
    let calls = agent.calls();
    assert_eq!(calls.len(), REFUSALS.len() + 1, "{calls:?}");
    assert!(calls.iter().all(|(_, protect)| *protect));
    let gaps: Vec<_> = calls.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
    assert!(gaps[0] >= SECOND, "{gaps:?}");
    assert!(gaps[7] >= 10 * gaps[0], "{gaps:?}");
    assert!(
        gaps.iter().all(|gap| *gap <= BACKOFF.most + CALL),
        "{gaps:?}"
    );
    assert!(!agent.following.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_protection_that_may_be_there_is_taken_back() {
    // The first is heard and not answered; meanwhile the work ends.
    let agent = Agent::start(&[Does::Silence, Does::Silence]).await;
    agent.in_hand(1, SECOND).await;
    agent.in_hand(0, 10 * MINUTE).await;
    assert_eq!(agent.asked(), [true, false, false]);
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_taken_back_is_left_to_expire() {
    let refuse = [Does::Answers(500, ""); 1_000];
    let agent = Agent::start(&refuse).await;
    agent.in_hand(1, SECOND).await;
    agent.in_hand(0, 2 * EXPIRES).await;
    let tried = agent.calls().len();
    assert!((10..40).contains(&tried), "{tried}");
    sleep(2 * EXPIRES).await;
    assert_eq!(agent.calls().len(), tried);
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_worker() {
    let agent = Agent::start(&[]).await;
    agent.in_hand(1, SECOND).await;
    drop(agent.in_hand);
    agent.following.await.unwrap();
}

#[test]
fn a_refusal_is_told_by_its_code_and_never_by_the_answer() {
    let told = |text: &str| {
        let answer: Answer = serde_json::from_str(text).unwrap();
        answer.judge(true, 400).unwrap_err().to_string()
    };
    assert_eq!(
        told(r#"{"failure":{"Reason":"TASK_NOT_VALID"}}"#),
        "the agent refuses it (TASK_NOT_VALID)"
    );
    assert!(
        told(r#"{"error":{"Code":"AccessDeniedException"}}"#).contains("ecs:UpdateTaskProtection")
    );
    for text in [
        r#"{"failure":{"Reason":"jane@example.com"}}"#,
        r#"{"failure":{}}"#,
        r#"{"protection":{"ProtectionEnabled":false}}"#,
        "{}",
    ] {
        assert_eq!(
            told(text),
            "the agent's answer (status 400) is none that is known"
        );
    }
}

#[test]
fn what_is_no_address_protects_nothing() {
    assert!(TaskProtection::at("").is_none());
    assert!(TaskProtection::at("169.254.170.2").is_none());
    let agent = TaskProtection::at("http://169.254.170.2/api/x").unwrap();
    assert_eq!(
        agent.url.as_str(),
        "http://169.254.170.2/api/x/task-protection/v1/state"
    );
}
