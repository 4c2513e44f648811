//! One HTTP call to Meta: a request goes out, an answer comes back, whatever it is.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::answer::Answer;
use crate::credentials::Credentials;

/// Answers are a few hundred bytes; refused samples and error pages can make them
/// larger. What is beyond is not read.
const LARGEST_ANSWER: usize = 1 << 20;

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
    Events { dataset: String },
    AudienceUsers { audience: String },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Post,
    Delete,
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

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the HTTP client for Meta")]
pub struct BuildError(#[source] reqwest::Error);

/// Keeps connections to Meta open. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    options: ClientOptions,
}

impl Client {
    pub fn new(options: ClientOptions) -> Result<Client, BuildError> {
        let http = reqwest::Client::builder()
            .connect_timeout(options.connect_timeout)
            // A redirect would carry the token and the rows elsewhere; Meta sends none.
            .redirect(reqwest::redirect::Policy::none())
            // Neither is documented by Meta, and keep-alive is what matters.
            .http1_only()
            .tcp_keepalive(Duration::from_secs(60))
            .pool_idle_timeout(Duration::from_secs(50))
            .user_agent(concat!("audience-activator/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(BuildError)?;
        Ok(Client { http, options })
    }

    /// Sends the request once. Never fails: that no answer came is an answer too.
    ///
    /// Dropping the future after it was polled leaves the outcome unknown.
    pub async fn send(&self, request: &Request, credentials: &Credentials) -> Answer {
        let token = credentials.access_token.expose_secret();
        let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {token}")) else {
            // A token with control characters cannot be any token of Meta's.
            return Answer::bad_token();
        };
        bearer.set_sensitive(true);
        let method = match request.method {
            Method::Post => reqwest::Method::POST,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut url = self.url(&request.endpoint);
        if let Some(secret) = &credentials.app_secret {
            url.push_str("?appsecret_proof=");
            url.push_str(&proof(secret, token));
        }
        let sent = self
            .http
            .request(method, url)
            .timeout(self.timeout(&request.endpoint))
            .header(AUTHORIZATION, bearer)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .body(request.body.clone())
            .send()
            .await;
        match sent {
            Ok(response) => read(response).await,
            // Only a connection that was never made cannot have carried the request.
            Err(error) => Answer::none(!error.is_connect() && !error.is_builder()),
        }
    }

    fn url(&self, endpoint: &Endpoint) -> String {
        let base = self.options.endpoint.trim_end_matches('/');
        match endpoint {
            Endpoint::Events { dataset } => {
                format!(
                    "{base}/{}/{dataset}/events",
                    self.options.conversions_version
                )
            }
            Endpoint::AudienceUsers { audience } => {
                format!("{base}/{}/{audience}/users", self.options.audience_version)
            }
        }
    }

    fn timeout(&self, endpoint: &Endpoint) -> Duration {
        match endpoint {
            Endpoint::Events { .. } => self.options.conversions_timeout,
            Endpoint::AudienceUsers { .. } => self.options.audience_timeout,
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

async fn read(mut response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let headers = std::mem::take(response.headers_mut());
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= LARGEST_ANSWER => {
                body.extend_from_slice(&chunk);
            }
            Ok(_) => return Answer::read(status, &headers, &body),
            // The answer broke off: it was on its way, so something happened.
            Err(_) => return Answer::none(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_the_one_that_metas_sdk_makes() {
        assert_eq!(
            proof(&SecretString::from("SECRET"), "TOKEN"),
            "9bcde7f1d5e226d86e4692a62e5ec88f99306fb302d74b2dc3bff8a03770b63d"
        );
    }
}
