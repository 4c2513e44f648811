//! The way of one request to Meta and of its answer back: over HTTPS, or within the
//! process, so that a test can lose an answer at the very moment it means to.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};

/// Answers are a few hundred bytes; refused samples and error pages can make them
/// larger. What is beyond is not read.
const LARGEST_ANSWER: usize = 1 << 20;

/// Carries requests. It waits as long as it takes: who calls it counts the time.
pub trait Exchange: Send + Sync {
    /// Sends the request once and reads its answer, whatever that is.
    ///
    /// Dropping the future after it was polled leaves the outcome unknown.
    fn exchange(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, ExchangeError>>;
}

/// A request as it goes over the wire. The address and the bearer hold secrets, and the
/// body identifiers.
pub struct HttpRequest {
    pub method: Method,
    /// With its query, which may hold a proof of the app's secret.
    pub url: String,
    /// The whole header, marked as sensitive.
    pub authorization: HeaderValue,
    /// JSON; of a `GET` empty.
    pub body: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Delete,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// An answer, of which the body may be anything.
pub struct HttpResponse {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why there is no answer. It says no more than what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExchangeError {
    #[error("the request never left")]
    NotSent,
    /// It may have arrived and had its effect.
    #[error("the request left and has no answer")]
    NoAnswer,
}

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the HTTP client for Meta")]
pub struct BuildError(#[source] reqwest::Error);

/// Over the network. Keeps connections open.
#[derive(Debug)]
pub struct Network(reqwest::Client);

impl Network {
    pub fn new(connect_timeout: Duration) -> Result<Network, BuildError> {
        reqwest::Client::builder()
            .connect_timeout(connect_timeout)
            // A redirect would carry the token and the rows elsewhere; Meta sends none.
            .redirect(reqwest::redirect::Policy::none())
            // Neither is documented by Meta, and keep-alive is what matters.
            .http1_only()
            .tcp_keepalive(Duration::from_secs(60))
            .pool_idle_timeout(Duration::from_secs(50))
            .user_agent(concat!("audience-activator/", env!("CARGO_PKG_VERSION")))
            .build()
            .map(Network)
            .map_err(BuildError)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ExchangeError> {
        let method = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let call = self
            .0
            .request(method, request.url)
            .header(AUTHORIZATION, request.authorization);
        let call = match request.method {
            Method::Get => call,
            Method::Post | Method::Delete => call
                .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                .body(request.body),
        };
        match call.send().await {
            Ok(response) => read(response).await,
            // Only a connection that was never made cannot have carried the request.
            Err(error) if error.is_connect() || error.is_builder() => Err(ExchangeError::NotSent),
            Err(_) => Err(ExchangeError::NoAnswer),
        }
    }
}

impl Exchange for Network {
    fn exchange(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, ExchangeError>> {
        self.send(request).boxed()
    }
}

async fn read(mut response: reqwest::Response) -> Result<HttpResponse, ExchangeError> {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LARGEST_ANSWER => {
                body.extend_from_slice(&chunk);
            }
            Ok(_) => {
                return Ok(HttpResponse {
                    status,
                    headers,
                    body: body.freeze(),
                });
            }
            // The answer broke off: it was on its way, so something happened.
            Err(_) => return Err(ExchangeError::NoAnswer),
        }
    }
}
