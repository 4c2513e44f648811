//! One HTTP call to Meta: a request goes out, an answer comes back, whatever it is.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use sha2::Sha256;
use time::OffsetDateTime;
use tokio::time::timeout;
use tracing::warn;

use super::answer::{Answer, is_error};
use super::audiences::{Created, NewAudience};
use super::exchange::{
    BuildError, Exchange, ExchangeError, HttpRequest, HttpResponse, Method, Network,
};
use super::lookup::Lookup;
use super::outcome::Outcome;
use crate::credentials::Credentials;
use crate::identity::key::Api;

#[derive(Clone)]
pub struct ClientOptions {
    /// `https://graph.facebook.com`, or the simulator's address.
    pub endpoint: String,
    /// The Graph version of the Conversions API, such as `v26.0`.
    pub conversions_version: String,
    /// The Marketing version of the audiences API; it ends sooner than the other.
    pub audience_version: String,
    pub connect_timeout: Duration,
    /// For a whole call. Meta advises 1.5 s, for small requests; up to 1 000 events take more.
    pub conversions_timeout: Duration,
    /// For a whole call of up to 10 000 rows.
    pub audience_timeout: Duration,
}

/// The endpoint of a proxy may hold a password.
impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("conversions_version", &self.conversions_version)
            .field("audience_version", &self.audience_version)
            .finish_non_exhaustive()
    }
}

/// Where a request goes. A closed list, because the path of an audience's users
/// and that of the audience itself differ by one segment, and a `DELETE` on the
/// latter destroys the audience: no path is ever put together from parts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    Events {
        dataset: String,
    },
    AudienceUsers {
        audience: String,
    },
    /// Another membership in the place of the whole one, by a session of batches.
    AudienceReplacement {
        audience: String,
    },
    /// Every customer list of an ad account, whose id begins with `act_`.
    AnyAudienceUsers {
        ad_account: String,
    },
}

/// A request but for the token.
#[derive(Clone)]
pub struct Request {
    pub endpoint: Endpoint,
    pub method: Method,
    /// JSON.
    pub body: Bytes,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("endpoint", &self.endpoint)
            .field("method", &self.method)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// How the proof of the app's secret is made, where there is a secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProofForm {
    /// Of the token alone: the same for ever.
    #[default]
    Plain,
    /// Of the token and the moment: good for five minutes, and made for each request.
    Timed,
}

/// Says what to send, and what came of it; an [`Exchange`] carries it. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    exchange: Arc<dyn Exchange>,
    options: ClientOptions,
    proof: ProofForm,
    /// Which API's version was warned of; shared by the clones.
    warned: Arc<Warned>,
}

#[derive(Default)]
struct Warned {
    conversions: AtomicBool,
    audience: AtomicBool,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Over the network.
    pub fn new(options: ClientOptions) -> Result<Client, BuildError> {
        let network = Network::new(options.connect_timeout)?;
        Ok(Client::over(Arc::new(network), options))
    }

    pub fn over(exchange: Arc<dyn Exchange>, options: ClientOptions) -> Client {
        Client {
            exchange,
            options,
            proof: ProofForm::default(),
            warned: Arc::default(),
        }
    }

    #[must_use]
    pub fn with_proof(mut self, form: ProofForm) -> Client {
        self.proof = form;
        self
    }

    /// Sends the request once. Never fails: that no answer came is an answer too.
    ///
    /// Dropping the future after it was polled leaves the outcome unknown.
    pub async fn send(&self, request: &Request, credentials: &Credentials) -> Answer {
        let (method, body) = (request.method, request.body.clone());
        let url = self.url(&request.endpoint);
        let within = self.timeout(&request.endpoint);
        match self.call(method, url, body, within, credentials).await {
            Ok(response) => {
                let answer = Answer::read(response.status, &response.headers, &response.body);
                self.note_version(request.endpoint.api(), &answer, &response.headers);
                answer
            }
            Err(answer) => answer,
        }
    }

    /// Asks once, as [`ask`](Self::ask) does, for those who need no more of the answer
    /// than what was found.
    pub async fn look_up<L: Lookup>(
        &self,
        lookup: &L,
        credentials: &Credentials,
    ) -> Result<L::Found, Answer> {
        let (answer, found) = self.ask(lookup, credentials).await;
        found.ok_or(answer)
    }

    /// Asks once. What is refused, lost or cannot be read is an answer as [`send`](Self::send)
    /// gives it, and may be asked again: nothing is changed by asking. Where something is
    /// found, the answer is one that accepts nothing.
    pub async fn ask<L: Lookup>(
        &self,
        lookup: &L,
        credentials: &Credentials,
    ) -> (Answer, Option<L::Found>) {
        let options = &self.options;
        let version = match L::API {
            Api::Conversions => &options.conversions_version,
            Api::CustomAudience => &options.audience_version,
        };
        let base = options.endpoint.trim_end_matches('/');
        let url = format!("{base}/{version}/{}", lookup.path());
        let within = options.conversions_timeout;
        let called = self.call(Method::Get, url, Bytes::new(), within, credentials);
        self.read(L::API, called.await)
    }

    /// An answer that holds something, or says why it does not.
    fn read<T: DeserializeOwned>(
        &self,
        api: Api,
        called: Result<HttpResponse, Answer>,
    ) -> (Answer, Option<T>) {
        let response = match called {
            Ok(response) => response,
            Err(answer) => return (answer, None),
        };
        let mut answer = Answer::read(response.status, &response.headers, &response.body);
        self.note_version(api, &answer, &response.headers);
        let found = ((200..300).contains(&response.status) && !is_error(&response.body))
            .then(|| found(&response.body))
            .flatten();
        if found.is_some() {
            answer.outcome = Outcome::Accepted { received: 0 };
        }
        (answer, found)
    }

    /// Asks for a new customer list in an ad account, whose id begins with `act_`; gives its
    /// id. What comes twice makes two: after any answer that does not say that nothing
    /// happened, look for it before asking again.
    pub async fn create_audience(
        &self,
        ad_account: &str,
        audience: &NewAudience,
        credentials: &Credentials,
    ) -> (Answer, Option<String>) {
        let options = &self.options;
        let base = options.endpoint.trim_end_matches('/');
        let version = &options.audience_version;
        let url = format!("{base}/{version}/{ad_account}/customaudiences");
        let within = options.audience_timeout;
        let body = Bytes::from(audience.body());
        let called = self.call(Method::Post, url, body, within, credentials);
        let (answer, created) = self.read::<Created>(Api::CustomAudience, called.await);
        (answer, created.map(|created| created.id))
    }

    /// Says once for each API that its version nears its end, and what to do.
    fn note_version(&self, api: Api, answer: &Answer, headers: &HeaderMap) {
        let (warned, setting, version) = match api {
            Api::Conversions => (
                &self.warned.conversions,
                "meta.conversions_version",
                &self.options.conversions_version,
            ),
            Api::CustomAudience => (
                &self.warned.audience,
                "meta.audience_version",
                &self.options.audience_version,
            ),
        };
        if answer.version_warning && !warned.swap(true, Ordering::Relaxed) {
            let answered_by = answering_version(headers);
            warn!(
                meta.answered_by = answered_by,
                "Meta warns that version {version} of its API is at its end: raise {setting}"
            );
        }
    }

    /// One call, whose answer may say anything; without one, what that means.
    async fn call(
        &self,
        method: Method,
        mut url: String,
        body: Bytes,
        within: Duration,
        credentials: &Credentials,
    ) -> Result<HttpResponse, Answer> {
        let token = credentials.access_token.expose_secret();
        let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {token}")) else {
            // A token with control characters cannot be any token of Meta's.
            return Err(Answer::bad_token());
        };
        bearer.set_sensitive(true);
        if let Some(secret) = &credentials.app_secret {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&match self.proof {
                ProofForm::Plain => plain_proof(secret, token),
                ProofForm::Timed => {
                    timed_proof(secret, token, OffsetDateTime::now_utc().unix_timestamp())
                }
            });
        }
        let exchange = self.exchange.exchange(HttpRequest {
            method,
            url,
            authorization: bearer,
            body,
        });
        match timeout(within, exchange).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(ExchangeError::NotSent)) => Err(Answer::none(false)),
            Ok(Err(ExchangeError::NoAnswer)) | Err(_) => Err(Answer::none(true)),
        }
    }

    fn url(&self, endpoint: &Endpoint) -> String {
        let base = self.options.endpoint.trim_end_matches('/');
        let (version, path) = match endpoint {
            Endpoint::Events { dataset } => (
                &self.options.conversions_version,
                format!("{dataset}/events"),
            ),
            Endpoint::AudienceUsers { audience } => {
                (&self.options.audience_version, format!("{audience}/users"))
            }
            Endpoint::AudienceReplacement { audience } => (
                &self.options.audience_version,
                format!("{audience}/usersreplace"),
            ),
            Endpoint::AnyAudienceUsers { ad_account } => (
                &self.options.audience_version,
                format!("{ad_account}/usersofanyaudience"),
            ),
        };
        format!("{base}/{version}/{path}")
    }

    fn timeout(&self, endpoint: &Endpoint) -> Duration {
        match endpoint {
            Endpoint::Events { .. } => self.options.conversions_timeout,
            Endpoint::AudienceUsers { .. }
            | Endpoint::AudienceReplacement { .. }
            | Endpoint::AnyAudienceUsers { .. } => self.options.audience_timeout,
        }
    }
}

impl Endpoint {
    fn api(&self) -> Api {
        match self {
            Endpoint::Events { .. } => Api::Conversions,
            Endpoint::AudienceUsers { .. }
            | Endpoint::AudienceReplacement { .. }
            | Endpoint::AnyAudienceUsers { .. } => Api::CustomAudience,
        }
    }
}

/// The version by which Meta says it has answered, which is another than the one asked for
/// where that has ended. (That there is such a header is general knowledge.)
fn answering_version(headers: &HeaderMap) -> Option<&str> {
    let version = headers.get("facebook-api-version")?.to_str().ok()?;
    // A proxy could put anything there.
    is_graph_version(version).then_some(version)
}

/// Whether the text is a version of the Graph API, such as `v26.0`.
pub(crate) fn is_graph_version(text: &str) -> bool {
    let number =
        |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let parts = text.strip_prefix('v').and_then(|text| text.split_once('.'));
    parts.is_some_and(|(major, minor)| number(major) && number(minor))
}

/// What was asked for is always an object with something in it.
fn found<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    let members: Map<String, Value> = serde_json::from_slice(body).ok()?;
    if members.is_empty() {
        return None;
    }
    serde_json::from_value(Value::Object(members)).ok()
}

/// As parameters of the query. (Meta, "Secure Requests"; the SDK's `session.py`.)
fn plain_proof(app_secret: &SecretString, token: &str) -> String {
    format!("appsecret_proof={}", signed(app_secret, token))
}

/// The same, good for five minutes from `now`, in Unix seconds. (Meta, "Secure Requests".)
fn timed_proof(app_secret: &SecretString, token: &str, now: i64) -> String {
    let proof = signed(app_secret, &format!("{token}|{now}"));
    format!("appsecret_proof={proof}&appsecret_time={now}")
}

/// HMAC-SHA256 under the app's secret, in lower-case hex.
fn signed(app_secret: &SecretString, message: &str) -> String {
    // An HMAC takes a key of any length.
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(app_secret.expose_secret().as_bytes()) else {
        return String::new();
    };
    hmac.update(message.as_bytes());
    const_hex::encode(hmac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures_util::FutureExt;
    use futures_util::future::{self, BoxFuture};
    use tokio::time::Instant;

    use super::*;
    use crate::credentials::{RawSecret, recognise};

    /// Answers as told, or never.
    struct Told(Option<Result<(), ExchangeError>>);

    impl Exchange for Told {
        fn exchange(&self, _: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, ExchangeError>> {
            let Some(told) = self.0 else {
                return future::pending().boxed();
            };
            let answer = told.map(|()| HttpResponse {
                status: 200,
                headers: reqwest::header::HeaderMap::new(),
                body: Bytes::from_static(br#"{"events_received":1}"#),
            });
            future::ready(answer).boxed()
        }
    }

    async fn outcome(told: Option<Result<(), ExchangeError>>) -> Outcome {
        let options = ClientOptions {
            endpoint: "https://graph.facebook.com".to_owned(),
            conversions_version: "v26.0".to_owned(),
            audience_version: "v26.0".to_owned(),
            connect_timeout: Duration::from_secs(5),
            conversions_timeout: Duration::from_secs(30),
            audience_timeout: Duration::from_secs(120),
        };
        let request = Request {
            endpoint: Endpoint::Events {
                dataset: "1".to_owned(),
            },
            method: Method::Post,
            body: Bytes::from_static(b"{}"),
        };
        let secret = RawSecret::Text(SecretString::from("TOKEN"));
        let credentials = recognise(&secret).unwrap();
        let client = Client::over(Arc::new(Told(told)), options);
        client.send(&request, &credentials).await.outcome
    }

    #[tokio::test(start_paused = true)]
    async fn what_left_and_has_no_answer_is_unknown_and_what_never_left_is_not() {
        assert_eq!(
            outcome(Some(Ok(()))).await,
            Outcome::Accepted { received: 1 }
        );
        assert_eq!(
            outcome(Some(Err(ExchangeError::NotSent))).await,
            Outcome::Transient
        );
        assert_eq!(
            outcome(Some(Err(ExchangeError::NoAnswer))).await,
            Outcome::Unknown
        );
        let asked = Instant::now();
        assert_eq!(outcome(None).await, Outcome::Unknown);
        assert_eq!(asked.elapsed().as_secs(), 30);
    }

    #[test]
    fn the_proof_is_the_one_that_metas_sdk_makes() {
        assert_eq!(
            plain_proof(&SecretString::from("SECRET"), "TOKEN"),
            "appsecret_proof=9bcde7f1d5e226d86e4692a62e5ec88f99306fb302d74b2dc3bff8a03770b63d"
        );
    }

    /// `printf 'TOKEN|1764000000' | openssl dgst -sha256 -hmac SECRET`
    #[test]
    fn a_timed_proof_is_of_the_token_and_the_second() {
        assert_eq!(
            timed_proof(&SecretString::from("SECRET"), "TOKEN", 1_764_000_000),
            "appsecret_proof=8a07989660bcde351137d5e23c19b369d26831c57313d457fdd3ae22de35bf27&appsecret_time=1764000000"
        );
    }

    #[test]
    fn only_a_version_is_told_to_have_answered() {
        let told = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("facebook-api-version", text.parse().unwrap());
            answering_version(&headers).map(str::to_owned)
        };
        assert_eq!(told("v27.0").as_deref(), Some("v27.0"));
        for text in ["27.0", "v27", "v27.0 jane@example.com", "v27.0.1", "v.", ""] {
            assert_eq!(told(text), None, "{text}");
        }
    }
}
