#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::SharedCredentialsProvider;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::*;
use crate::queue::sqs::SqsQueue;
use crate::queue::sqs::stand_in::{self, Answer, StandIn, URL};
use crate::queue::{DeadLetter, LONGEST_WAIT, Queue, ReceiptHandle};

const VISIBILITY: Duration = Duration::from_secs(30);

/// The SDK as the worker has it, but that nothing is retried.
fn queue_at(endpoint: &str) -> SqsQueue {
    stand_in::queue_at(endpoint, VISIBILITY, RetryConfig::disabled())
}

fn queue_with(credentials: SharedCredentialsProvider) -> SqsQueue {
    let nowhere = "http://127.0.0.1:9";
    stand_in::queue_with(nowhere, VISIBILITY, RetryConfig::disabled(), credentials)
}

/// Answers every request with what was told last.
async fn stand_in() -> (SqsQueue, Arc<Mutex<Answer>>) {
    let answer = Arc::new(Mutex::new(Answer::Silence));
    let told = Arc::clone(&answer);
    let stand_in = StandIn::start(move |_| told.lock().unwrap().clone()).await;
    (stand_in.queue_without_retries(), answer)
}

#[derive(Debug, PartialEq)]
enum Expected {
    HandleExpired,
    Setup,
    Transient,
}

fn kind(error: &QueueError) -> Expected {
    match error {
        QueueError::HandleExpired => Expected::HandleExpired,
        QueueError::Setup(_) => Expected::Setup,
        QueueError::Transient(_) => Expected::Transient,
    }
}

async fn fails(queue: &SqsQueue, step: Step) -> QueueError {
    let handle = ReceiptHandle("AQEB".to_owned());
    match step {
        Step::Receive => queue.receive(1, Duration::ZERO).await.unwrap_err(),
        Step::Delete => queue.delete(&handle).await.unwrap_err(),
        Step::SetVisibility => queue
            .set_visibility(&handle, Duration::from_secs(30))
            .await
            .unwrap_err(),
        Step::Settings => queue.facts().await.unwrap_err(),
        Step::Send => queue.send_all(vec!["{}".to_owned()]).await.unwrap_err(),
        Step::PutAside => {
            let queue = queue.clone().with_dead_letters(URL);
            queue.put_aside("{}", &letter()).await.unwrap_err()
        }
        Step::FindDeadLetters => panic!("is asked for only after another answer"),
    }
}

fn letter() -> DeadLetter {
    DeadLetter {
        reason: "no_progress".into(),
        detail: "nothing was accepted".to_owned(),
        object: None,
        route: None,
    }
}

fn permission(step: Step) -> &'static str {
    match step {
        Step::Receive | Step::Delete | Step::SetVisibility => "sqs:ReceiveMessage",
        Step::Settings => "sqs:GetQueueAttributes",
        Step::FindDeadLetters => "sqs:GetQueueUrl",
        Step::PutAside | Step::Send => "sqs:SendMessage",
    }
}

#[tokio::test]
async fn every_answer_has_its_class() {
    use Expected::{HandleExpired, Setup, Transient};
    use Step::{Delete, PutAside, Receive, Send, SetVisibility, Settings};
    let (queue, answer) = stand_in().await;
    for (step, status, code, query_error, expected) in [
        (
            SetVisibility,
            400,
            "InvalidParameterValueException",
            Some("InvalidParameterValue;Sender"),
            HandleExpired,
        ),
        (
            SetVisibility,
            400,
            "MessageNotInflight",
            Some("AWS.SimpleQueueService.MessageNotInflight;Sender"),
            HandleExpired,
        ),
        (
            SetVisibility,
            400,
            "MessageNotInflight",
            None,
            HandleExpired,
        ),
        (
            Delete,
            400,
            "InvalidParameterValueException",
            Some("InvalidParameterValue;Sender"),
            HandleExpired,
        ),
        (
            Delete,
            404,
            "ReceiptHandleIsInvalid",
            Some("ReceiptHandleIsInvalid;Sender"),
            HandleExpired,
        ),
        (
            Receive,
            400,
            "InvalidParameterValueException",
            Some("InvalidParameterValue;Sender"),
            Setup,
        ),
        (
            Receive,
            400,
            "com.amazonaws.sqs#QueueDoesNotExist",
            Some("AWS.SimpleQueueService.NonExistentQueue;Sender"),
            Setup,
        ),
        (
            Receive,
            400,
            "com.amazonaws.sqs#QueueDoesNotExist",
            None,
            Setup,
        ),
        (Delete, 400, "QueueDoesNotExist", None, Setup),
        (
            Receive,
            404,
            "InvalidAddress",
            Some("InvalidAddress;Sender"),
            Setup,
        ),
        (
            Receive,
            403,
            "AccessDeniedException",
            Some("AccessDenied;Sender"),
            Setup,
        ),
        (SetVisibility, 403, "AccessDeniedException", None, Setup),
        (PutAside, 403, "AccessDeniedException", None, Setup),
        // Of what was sent, not of a handle.
        (
            PutAside,
            400,
            "InvalidParameterValueException",
            Some("InvalidParameterValue;Sender"),
            Setup,
        ),
        (
            Send,
            400,
            "InvalidParameterValueException",
            Some("InvalidParameterValue;Sender"),
            Setup,
        ),
        (Settings, 403, "AccessDeniedException", None, Setup),
        (Settings, 500, "InternalFailure", None, Transient),
        (
            Receive,
            400,
            "KmsAccessDenied",
            Some("KMS.AccessDeniedException;Sender"),
            Setup,
        ),
        (Receive, 403, "ExpiredTokenException", None, Setup),
        (Receive, 403, "InvalidClientTokenId", None, Setup),
        (Receive, 400, "SomethingNew", None, Setup),
        (
            Receive,
            403,
            "RequestThrottled",
            Some("RequestThrottled;Sender"),
            Transient,
        ),
        (Receive, 400, "ThrottlingException", None, Transient),
        (
            Receive,
            403,
            "OverLimit",
            Some("OverLimit;Sender"),
            Transient,
        ),
        (SetVisibility, 500, "InternalFailure", None, Transient),
        (Delete, 503, "ServiceUnavailable", None, Transient),
        (
            Receive,
            400,
            "KmsThrottled",
            Some("KMS.ThrottlingException;Sender"),
            Transient,
        ),
    ] {
        *answer.lock().unwrap() = Answer::Refused {
            status,
            code,
            query_error,
        };
        let error = fails(&queue, step).await;
        assert_eq!(kind(&error), expected, "{step:?} {code}: {error}");
        if code == "AccessDeniedException" {
            assert!(error.to_string().contains(permission(step)), "{error}");
        }
        assert!(!format!("{error} {error:?}").contains("jane"), "{error}");
    }
}

#[tokio::test]
async fn what_answers_but_is_not_sqs_is_for_a_person() {
    let (queue, answer) = stand_in().await;
    *answer.lock().unwrap() = Answer::Page(404, "<html>no such page</html>");
    let error = fails(&queue, Step::Receive).await;
    assert_eq!(
        error.to_string(),
        format!(
            "could not receive from the queue {URL}: what answers is not SQS: check the URL and the endpoint"
        )
    );
}

#[tokio::test]
async fn a_missing_queue_is_told_with_its_url_and_what_to_check() {
    let (queue, answer) = stand_in().await;
    *answer.lock().unwrap() = Answer::Refused {
        status: 400,
        code: "com.amazonaws.sqs#QueueDoesNotExist",
        query_error: Some("AWS.SimpleQueueService.NonExistentQueue;Sender"),
    };
    let error = fails(&queue, Step::Receive).await;
    assert_eq!(
        error.to_string(),
        format!(
            "could not receive from the queue {URL}: there is no such queue: check its URL, \
             account and region (AWS.SimpleQueueService.NonExistentQueue)"
        )
    );
}

#[tokio::test]
async fn nothing_listening_is_worth_another_try() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = fails(&queue_at(&endpoint), Step::Receive).await;
    assert_eq!(kind(&error), Expected::Transient, "{error}");
    assert!(error.to_string().contains("cannot be reached"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_off_is_tried_again_and_then_worth_another_try() {
    let stand_in = StandIn::start(|_| Answer::Broken).await;
    let error = fails(&stand_in.queue(VISIBILITY), Step::Receive).await;
    assert_eq!(kind(&error), Expected::Transient, "{error}");
    assert_eq!(stand_in.inputs("ReceiveMessage").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_silent_connection_ends_a_receive_soon_after_the_poll() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let silent = tokio::spawn(async move {
        let mut connections = Vec::new();
        while let Ok((connection, _)) = listener.accept().await {
            connections.push(connection);
        }
    });
    let queue = queue_at(&endpoint);
    let began = Instant::now();
    let error = queue.receive(10, LONGEST_WAIT).await.unwrap_err();
    assert_eq!(kind(&error), Expected::Transient, "{error}");
    assert!(began.elapsed() <= LONGEST_WAIT + Duration::from_secs(10));
    silent.abort();
}

#[tokio::test]
async fn no_credentials_is_told_as_that() {
    let none = provide_credentials_fn(|| async { Err(CredentialsError::not_loaded("none")) });
    let queue = queue_with(SharedCredentialsProvider::new(none));
    let error = fails(&queue, Step::Receive).await;
    assert_eq!(kind(&error), Expected::Setup, "{error}");
    assert!(error.to_string().contains("no AWS credentials"), "{error}");
}

#[tokio::test]
async fn credentials_that_cannot_be_fetched_just_now_are_worth_another_try() {
    let failing = provide_credentials_fn(|| async { Err(CredentialsError::provider_error("503")) });
    let queue = queue_with(SharedCredentialsProvider::new(failing));
    let error = fails(&queue, Step::Receive).await;
    assert_eq!(kind(&error), Expected::Transient, "{error}");
}

#[test]
fn a_key_that_cannot_be_used_is_told_as_that() {
    for code in [
        "KMS.AccessDeniedException",
        "KmsAccessDenied",
        "KMS.NotFoundException",
    ] {
        let Class::Setup(text) = by_answer(Step::Receive, Some(code), 400) else {
            panic!("{code} is no setup failure")
        };
        assert!(text.contains("kms:Decrypt"), "{code}: {text}");
    }
}

#[test]
fn a_strange_code_is_not_repeated() {
    assert!(is_plain("AWS.SimpleQueueService.NonExistentQueue"));
    assert!(!is_plain("jane@example.com"));
    assert!(!is_plain(&"A".repeat(65)));
}
