//! One HTTP call to Meta: a request goes out, an answer comes back, whatever it is.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use tokio::time::timeout;

use super::answer::{Answer, is_error};
use super::exchange::{
    BuildError, Exchange, ExchangeError, HttpRequest, HttpResponse, Method, Network,
};
use super::lookup::Lookup;
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

/// Says what to send, and what came of it; an [`Exchange`] carries it. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    exchange: Arc<dyn Exchange>,
    options: ClientOptions,
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
        Client { exchange, options }
    }

    /// Sends the request once. Never fails: that no answer came is an answer too.
    ///
    /// Dropping the future after it was polled leaves the outcome unknown.
    pub async fn send(&self, request: &Request, credentials: &Credentials) -> Answer {
        let (method, body) = (request.method, request.body.clone());
        let url = self.url(&request.endpoint);
        let within = self.timeout(&request.endpoint);
        match self.call(method, url, body, within, credentials).await {
            Ok(response) => Answer::read(response.status, &response.headers, &response.body),
            Err(answer) => answer,
        }
    }

    /// Asks once. What is refused, lost or cannot be read is an answer as [`send`](Self::send)
    /// gives it, and may be asked again: nothing is changed by asking.
    pub async fn look_up<L: Lookup>(
        &self,
        lookup: &L,
        credentials: &Credentials,
    ) -> Result<L::Found, Answer> {
        let (found, answer) = self.ask(lookup, credentials).await;
        found.ok_or(answer)
    }

    /// Asks once, and gives what was found with the answer that said so, for its headers.
    pub async fn ask<L: Lookup>(
        &self,
        lookup: &L,
        credentials: &Credentials,
    ) -> (Option<L::Found>, Answer) {
        let options = &self.options;
        let version = match L::API {
            Api::Conversions => &options.conversions_version,
            Api::CustomAudience => &options.audience_version,
        };
        let base = options.endpoint.trim_end_matches('/');
        let url = format!("{base}/{version}/{}", lookup.path());
        let within = options.conversions_timeout;
        let called = self.call(Method::Get, url, Bytes::new(), within, credentials);
        let response = match called.await {
            Ok(response) => response,
            Err(answer) => return (None, answer),
        };
        let answer = Answer::read(response.status, &response.headers, &response.body);
        let is_answered = (200..300).contains(&response.status) && !is_error(&response.body);
        let found = is_answered.then(|| serde_json::from_slice(&response.body).ok());
        (found.flatten(), answer)
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
            url.push_str("appsecret_proof=");
            url.push_str(&proof(secret, token));
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

/// Meta's `appsecret_proof`: HMAC-SHA256 of the token under the app's secret, in
/// lower-case hex. (Meta, "Secure Requests"; the SDK's `session.py`.)
fn proof(app_secret: &SecretString, token: &str) -> String {
    // An HMAC takes a key of any length.
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(app_secret.expose_secret().as_bytes()) else {
        return String::new();
    };
    hmac.update(token.as_bytes());
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
    use crate::meta::Outcome;

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
            proof(&SecretString::from("SECRET"), "TOKEN"),
            "9bcde7f1d5e226d86e4692a62e5ec88f99306fb302d74b2dc3bff8a03770b63d"
        );
    }
}
