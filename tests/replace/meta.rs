//! The way to the simulated Meta, and what was seen of it.

use std::sync::{Arc, Mutex};

use audience_activator::meta::{Exchange, ExchangeError, HttpRequest, HttpResponse, Method};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::Value;
use simulator::{Platform, Reply};

use crate::AUDIENCE;
use crate::stage::{Call, Life};

pub const ENDPOINT: &str = "https://meta.invalid";

/// A request for the audience that was answered, or would have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// `usersreplace` or `users`.
    pub edge: String,
    pub session: u64,
    pub number: u64,
    pub is_last: bool,
    pub accepted: bool,
    /// A digest of the rows would do as well: there are few.
    pub rows: String,
}

pub struct Meta {
    pub platform: Platform,
    pub sent: Mutex<Vec<Sent>>,
    /// How many members there were after each request.
    pub members: Mutex<Vec<u64>>,
}

impl Meta {
    pub fn new(platform: Platform) -> Meta {
        Meta {
            platform,
            sent: Mutex::default(),
            members: Mutex::default(),
        }
    }

    /// Every upload so far.
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// The numbers in the order in which they were sent into the sessions.
    pub fn numbers(&self) -> Vec<u64> {
        let sent = self.sent.lock().unwrap();
        let replaced = sent.iter().filter(|sent| sent.edge == "usersreplace");
        replaced.map(|sent| sent.number).collect()
    }

    pub fn members(&self) -> u64 {
        self.platform.inspect().audiences[AUDIENCE].members
    }

    pub async fn answer(&self, method: &str, path: &str, body: bytes::Bytes) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer TOKEN"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let reply = self
            .platform
            .answer(method, path, &headers, body.clone())
            .await;
        if method == "POST" {
            let edge = path.rsplit('/').next().unwrap().to_owned();
            let read: Value = serde_json::from_slice(&body).unwrap();
            let session = &read["session"];
            let accepted = match &reply {
                Reply::Answer(answer) => answer.status == 200,
                // Half an answer, or none: the effect took place.
                Reply::Half(_) | Reply::Nothing => true,
            };
            self.sent.lock().unwrap().push(Sent {
                edge,
                session: session["session_id"].as_u64().unwrap_or(0),
                number: session["batch_seq"].as_u64().unwrap_or(0),
                is_last: session["last_batch_flag"].as_bool().unwrap_or(false),
                accepted,
                rows: read["payload"]["data"].to_string(),
            });
        }
        self.members.lock().unwrap().push(self.members());
        reply
    }
}

pub struct RemoteMeta(pub Arc<Meta>, pub Arc<Life>);

impl Exchange for RemoteMeta {
    fn exchange(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, ExchangeError>> {
        async move {
            let (method, call) = match request.method {
                Method::Get => ("GET", None),
                Method::Post => ("POST", Some(())),
                Method::Delete => ("DELETE", None),
            };
            if call.is_some() {
                self.1.call(Call::BeforeSend, || ()).await;
            }
            self.1.call(Call::Alive, || ()).await;
            let path = request.url.strip_prefix(ENDPOINT).unwrap();
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            let reply = self.0.answer(method, path, request.body).await;
            if call.is_some() {
                self.1.call(Call::AfterSend, || ()).await;
            }
            self.1.call(Call::Alive, || ()).await;
            match reply {
                Reply::Answer(answer) => {
                    let mut headers = HeaderMap::new();
                    headers.extend(answer.headers);
                    Ok(HttpResponse {
                        status: answer.status,
                        headers,
                        body: answer.body.into(),
                    })
                }
                Reply::Half(_) | Reply::Nothing => Err(ExchangeError::NoAnswer),
            }
        }
        .boxed()
    }
}
