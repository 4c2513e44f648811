//! An endpoint that answers in Meta's place whatever a test says, and keeps what it got.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use tokio::net::TcpListener;

/// One request as it came.
#[derive(Clone)]
pub struct Seen {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    /// Without the `Bearer` before it.
    pub fn token(&self) -> &str {
        let header = self.headers.get("authorization");
        let header = header.and_then(|value| value.to_str().ok());
        header.unwrap_or_default().trim_start_matches("Bearer ")
    }
}

pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

impl Reply {
    pub fn json(status: u16, body: &serde_json::Value) -> Reply {
        Reply {
            status,
            headers: Vec::new(),
            body: body.to_string(),
        }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }
}

type Answer = dyn Fn(&Seen) -> Reply + Send + Sync;
type All = Arc<Mutex<Vec<Seen>>>;

/// Listens on loopback until its runtime ends.
pub struct Endpoint {
    address: SocketAddr,
    seen: All,
}

impl Endpoint {
    pub async fn answering(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Endpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = All::default();
        let answer: Arc<Answer> = Arc::new(answer);
        let router = Router::new()
            .fallback(take)
            .with_state((seen.clone(), answer));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Endpoint { address, seen }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn take(
    State((all, answer)): State<(All, Arc<Answer>)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    let seen = Seen {
        method,
        uri,
        headers,
        body: String::from_utf8(body.into()).unwrap(),
    };
    let reply = answer(&seen);
    all.lock().unwrap().push(seen);
    let headers = reply.headers.into_iter().map(|(name, value)| {
        let name = HeaderName::from_static(name);
        (name, HeaderValue::from_str(&value).unwrap())
    });
    let status = StatusCode::from_u16(reply.status).unwrap();
    (status, headers.collect(), reply.body)
}
