//! What LocalStack does not do: races, missing permissions, and a clock of its own.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, Response};
use tokio::net::TcpListener;

use super::*;
use crate::ledger::{Attempts, Progress, Schema, State};
use crate::object::version::ObjectAddress;
use crate::receipts::{ObjectDescription, Timestamp};
use crate::state::s3::swap::MEETINGS;

#[derive(Clone, Default)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
}

fn refused(status: u16, code: &str) -> Answer {
    Answer {
        status,
        headers: vec![("content-type", "application/xml")],
        body: format!("<Error><Code>{code}</Code><Message>jane@example.com</Message></Error>"),
    }
}

fn accepted() -> Answer {
    Answer {
        status: 200,
        headers: vec![("etag", "\"new\"")],
        body: String::new(),
    }
}

/// Gives these answers in turn, the last one again and again, and keeps the headers of
/// the requests.
async fn stand_in(answers: impl IntoIterator<Item = Answer>) -> (S3Ledger, Seen) {
    let seen = Seen::default();
    let requests = seen.clone();
    let left = Arc::new(Mutex::new(VecDeque::from_iter(answers)));
    let app = Router::new().fallback(move |request: Request| {
        requests.lock().unwrap().push(request.headers().clone());
        let mut left = left.lock().unwrap();
        let answer = match left.len() {
            1 => left.front().cloned().unwrap(),
            _ => left.pop_front().unwrap(),
        };
        let mut response = Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        let response = response.body(answer.body).unwrap();
        async move { response }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .retry_config(RetryConfig::disabled())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "test", "test", None, None, "test",
        )))
        .endpoint_url(endpoint)
        .build();
    let client = aws_sdk_s3::config::Builder::from(&aws).force_path_style(true);
    let ledger = S3Ledger::new(Client::from_conf(client.build()), "state", "");
    (ledger, seen)
}

type Seen = Arc<Mutex<Vec<HeaderMap>>>;

fn object() -> ObjectVersion {
    ObjectVersion {
        address: ObjectAddress {
            bucket: "audiences".to_owned(),
            key: "part-0.csv".to_owned(),
            version_id: None,
        },
        etag: "0f343b09".to_owned(),
        size: 5,
        last_modified: 0,
    }
}

fn entry() -> Entry {
    Entry {
        schema: Schema,
        object: ObjectDescription::from(&object()),
        route: "route".to_owned(),
        revision: 1,
        fence: 1,
        state: State::InProgress,
        owner: "worker-1".to_owned(),
        lease_seconds: 60,
        fingerprint: String::new(),
        judged_at: 0,
        claimed_at: Timestamp::from_unix_seconds(0),
        updated_at: Timestamp::from_unix_seconds(0),
        deliveries: 0,
        replay: None,
        replayed: Vec::new(),
        attempts: Attempts::default(),
        progress: Progress::default(),
        run: None,
    }
}

fn tag() -> Tag {
    Tag("\"old\"".to_owned())
}

#[tokio::test]
async fn every_write_has_its_condition() {
    let (ledger, seen) = stand_in([accepted()]).await;
    let created = ledger.put(&entry(), None).await.unwrap();
    let swapped = ledger.put(&entry(), Some(&tag())).await.unwrap();
    let new = Put::Stored(Tag("\"new\"".to_owned()));
    assert_eq!((created, swapped), (new.clone(), new));
    let seen = seen.lock().unwrap();
    let [create, swap] = &seen[..] else {
        panic!("{} requests", seen.len())
    };
    assert_eq!(create.get("if-none-match").unwrap(), "*");
    assert!(create.get("if-match").is_none());
    assert_eq!(swap.get("if-match").unwrap(), "\"old\"");
    assert!(swap.get("if-none-match").is_none());
}

#[tokio::test]
async fn a_condition_that_does_not_hold_is_a_conflict() {
    for (answer, expected) in [
        (refused(412, "PreconditionFailed"), None),
        (refused(412, "PreconditionFailed"), Some(tag())),
        // There is nothing with this tag, since there is nothing.
        (refused(404, "NoSuchKey"), Some(tag())),
    ] {
        let (ledger, seen) = stand_in([answer]).await;
        let put = ledger.put(&entry(), expected.as_ref()).await.unwrap();
        assert_eq!(put, Put::Conflict);
        assert_eq!(seen.lock().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_write_that_met_another_is_tried_until_s3_knows_who_won() {
    let met = || refused(409, "ConditionalRequestConflict");
    for (last, won) in [
        (accepted(), true),
        (refused(412, "PreconditionFailed"), false),
    ] {
        let (ledger, seen) = stand_in([met(), met(), last]).await;
        let put = ledger.put(&entry(), Some(&tag())).await.unwrap();
        assert_eq!(put != Put::Conflict, won);
        let seen = seen.lock().unwrap();
        assert_eq!(seen.len(), 3);
        assert!(seen.iter().all(|request| request["if-match"] == "\"old\""));
    }
    let (ledger, seen) = stand_in([met()]).await;
    let error = ledger.put(&entry(), None).await.unwrap_err();
    assert!(matches!(error, LedgerError::Transient(_)), "{error}");
    assert_eq!(seen.lock().unwrap().len(), MEETINGS + 1);
}

#[tokio::test]
async fn a_missing_permission_is_named_for_a_person() {
    let (ledger, _) = stand_in([refused(403, "AccessDenied")]).await;
    let listed = ledger.list(None, None).try_next().await;
    for (error, permission) in [
        (
            ledger.put(&entry(), None).await.unwrap_err(),
            "s3:PutObject",
        ),
        (
            ledger.get(&object(), "route").await.unwrap_err(),
            "s3:ListBucket",
        ),
        (
            ledger
                .put_segment(&entry(), "1-0", Bytes::new())
                .await
                .unwrap_err(),
            "s3:PutObject",
        ),
        (
            ledger.get_segment(&entry(), "1-0").await.unwrap_err(),
            "s3:GetObject",
        ),
        (
            ledger
                .remove_segments(&entry(), &["1-0".to_owned()])
                .await
                .unwrap_err(),
            "s3:DeleteObject",
        ),
        (listed.unwrap_err(), "s3:ListBucket"),
    ] {
        let LedgerError::Setup(text) = &error else {
            panic!("{error} is no setup failure")
        };
        assert!(
            text.contains(permission) && text.contains("s3://state/ledger/"),
            "{text}"
        );
        assert!(!text.contains("jane"), "{text}");
    }
}

#[tokio::test]
async fn an_answer_without_a_tag_leaves_open_what_happened() {
    let mut answer = accepted();
    answer.headers.clear();
    let (ledger, _) = stand_in([answer]).await;
    let error = ledger.put(&entry(), None).await.unwrap_err();
    assert!(matches!(error, LedgerError::Transient(_)), "{error}");
}

#[tokio::test]
async fn an_age_is_told_by_the_clock_of_s3() {
    for (date, seconds) in [
        // Whatever year the worker believes it is.
        ("Mon, 02 Mar 2099 10:01:30 GMT", 90),
        ("Mon, 02 Mar 2099 10:00:00 GMT", 0),
        // Two machines of S3 that do not agree.
        ("Mon, 02 Mar 2099 09:59:59 GMT", 0),
    ] {
        let found = Answer {
            status: 200,
            headers: vec![
                ("etag", "\"old\""),
                ("last-modified", "Mon, 02 Mar 2099 10:00:00 GMT"),
                ("date", date),
            ],
            body: serde_json::to_string(&entry()).unwrap(),
        };
        let (ledger, _) = stand_in([found]).await;
        let found = ledger.get(&object(), "route").await.unwrap().unwrap();
        assert_eq!(found.age, Duration::from_secs(seconds), "{date}");
        assert_eq!((found.entry, found.tag), (entry(), tag()));
    }
}

#[tokio::test]
async fn entries_beside_their_objects_are_listed_of_one_bucket() {
    let (ledger, seen) = stand_in([accepted()]).await;
    let ledger = S3Ledger::beside_the_object(ledger.place.client, "state");
    let error = ledger.list(None, None).try_next().await.unwrap_err();
    let LedgerError::Setup(text) = &error else {
        panic!("{error} is no setup failure")
    };
    assert!(text.contains("which bucket"), "{text}");
    assert!(seen.lock().unwrap().is_empty());
}
