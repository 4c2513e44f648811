//! A server that speaks SQS's JSON calls and answers as a test tells it: with what AWS
//! documents and no emulator does, or with what networks do.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_sdk_sqs::config::Credentials;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{SqsQueue, client};

pub(super) const URL: &str = "https://sqs.eu-central-1.amazonaws.com/123456789012/audience";

/// One call, by the name of its action.
#[derive(Clone, Debug)]
pub(in crate::queue) struct Call {
    pub(in crate::queue) action: String,
    pub(in crate::queue) input: Value,
}

#[derive(Clone, Debug)]
pub(in crate::queue) enum Answer {
    Done(Value),
    /// An error as AWS sends it.
    Refused {
        status: u16,
        code: &'static str,
        /// Where the service keeps the codes of its older protocol.
        query_error: Option<&'static str>,
    },
    /// Of something that is not SQS.
    Page(u16, &'static str),
    /// The connection stays open and nothing comes.
    Silence,
    /// The connection breaks within the answer.
    Broken,
}

impl Answer {
    pub(in crate::queue) const fn refused(status: u16, code: &'static str) -> Answer {
        Answer::Refused {
            status,
            code,
            query_error: None,
        }
    }

    async fn sent(self) -> Response {
        let response = Response::builder();
        let sent = match self {
            Answer::Done(output) => response.body(Body::from(output.to_string())),
            Answer::Refused {
                status,
                code,
                query_error,
            } => {
                let text = json!({"__type": code, "message": "arn of jane@example.com"});
                let mut response = response.status(status);
                if let Some(query_error) = query_error {
                    response = response.header("x-amzn-query-error", query_error);
                }
                response.body(Body::from(text.to_string()))
            }
            Answer::Page(status, page) => response.status(status).body(Body::from(page)),
            Answer::Silence => std::future::pending().await,
            Answer::Broken => {
                let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
                let parts = futures_util::stream::iter([Ok("{"), Err(broken)]);
                response.body(Body::from_stream(parts))
            }
        };
        sent.unwrap()
    }
}

pub(in crate::queue) struct StandIn {
    endpoint: String,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl StandIn {
    pub(in crate::queue) async fn start(
        judge: impl FnMut(&Call) -> Answer + Send + 'static,
    ) -> StandIn {
        let calls: Arc<Mutex<Vec<Call>>> = Arc::default();
        let kept = Arc::clone(&calls);
        let judge = Arc::new(Mutex::new(judge));
        let app = Router::new().fallback(move |request: Request| {
            let (kept, judge) = (Arc::clone(&kept), Arc::clone(&judge));
            async move {
                let call = read(request).await;
                kept.lock().unwrap().push(call.clone());
                let answer = (judge.lock().unwrap())(&call);
                answer.sent().await
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await });
        StandIn { endpoint, calls }
    }

    /// The queue as the worker has it.
    pub(in crate::queue) fn queue(&self, visibility: Duration) -> SqsQueue {
        queue_at(&self.endpoint, visibility, RetryConfig::standard())
    }

    /// The same, but that the SDK tries nothing twice.
    pub(super) fn queue_without_retries(&self) -> SqsQueue {
        let visibility = Duration::from_secs(30);
        queue_at(&self.endpoint, visibility, RetryConfig::disabled())
    }

    pub(in crate::queue) fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// The inputs of all calls of this action.
    pub(in crate::queue) fn inputs(&self, action: &str) -> Vec<Value> {
        let calls = self.calls().into_iter();
        calls
            .filter(|call| call.action == action)
            .map(|call| call.input)
            .collect()
    }
}

async fn read(request: Request) -> Call {
    let target = request.headers().get("x-amz-target").unwrap();
    let action = target.to_str().unwrap().strip_prefix("AmazonSQS.").unwrap();
    let action = action.to_owned();
    let body = to_bytes(request.into_body(), 16 << 20).await.unwrap();
    Call {
        action,
        input: serde_json::from_slice(&body).unwrap(),
    }
}

pub(super) fn queue_at(endpoint: &str, visibility: Duration, retry: RetryConfig) -> SqsQueue {
    let credentials = Credentials::new("test", "test", None, None, "test");
    queue_with(
        endpoint,
        visibility,
        retry,
        SharedCredentialsProvider::new(credentials),
    )
}

pub(super) fn queue_with(
    endpoint: &str,
    visibility: Duration,
    retry: RetryConfig,
    credentials: SharedCredentialsProvider,
) -> SqsQueue {
    let aws = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .retry_config(retry)
        .credentials_provider(credentials)
        .endpoint_url(endpoint)
        .build();
    SqsQueue::new(client(&aws, URL), URL, visibility)
}
