//! An `http` or `https` address that is safe to show.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

use super::shown::{Shown, toml_text};

/// Kept exactly as it was written; `Display` and `Debug` mask a user, a password and
/// a query in it.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpUrl {
    text: String,
    url: Url,
}

impl HttpUrl {
    /// With whatever secret is in it: for requests, never for people.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    pub fn is_encrypted(&self) -> bool {
        self.url.scheme() == "https"
    }

    fn has_user(&self) -> bool {
        !self.url.username().is_empty() || self.url.password().is_some()
    }

    fn is_metas_own(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let host = host.trim_end_matches('.');
        host == META_DOMAIN
            || host
                .strip_suffix(META_DOMAIN)
                .is_some_and(|before| before.ends_with('.'))
    }
}

const META_DOMAIN: &str = "facebook.com";

/// The text is not repeated, as it may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum HttpUrlError {
    #[error("must be an address such as https://host/path")]
    NotAnAddress,
    #[error("must begin with https:// or http://")]
    OtherScheme,
}

impl FromStr for HttpUrl {
    type Err = HttpUrlError;

    fn from_str(text: &str) -> Result<HttpUrl, HttpUrlError> {
        let text = text.trim();
        let url = Url::parse(text).map_err(|_| HttpUrlError::NotAnAddress)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(HttpUrlError::OtherScheme);
        }
        Ok(HttpUrl {
            text: text.to_owned(),
            url,
        })
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let has_user = self.has_user();
        if !has_user && self.url.query().is_none() {
            return f.write_str(&self.text);
        }
        let mut shown = self.url.clone();
        // Both only fail for addresses without a host, which http always has.
        if has_user && (shown.set_username("***").is_err() || shown.set_password(None).is_err()) {
            return f.write_str("***");
        }
        if shown.query().is_some() {
            shown.set_query(Some("***"));
        }
        shown.fmt(f)
    }
}

impl fmt::Debug for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpUrl({self})")
    }
}

impl Shown for HttpUrl {
    fn toml(&self) -> String {
        toml_text(&self.to_string())
    }
}

/// The origin of an API, to which paths are appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(HttpUrl);

impl Endpoint {
    /// Without a slash at the end. For requests, never for people: see [`HttpUrl::as_str`].
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub fn is_encrypted(&self) -> bool {
        self.0.is_encrypted()
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Endpoint, String> {
        let url: HttpUrl = text
            .trim()
            .trim_end_matches('/')
            .parse()
            .map_err(|error: HttpUrlError| error.to_string())?;
        if url.url.query().is_some() || url.url.fragment().is_some() {
            return Err("must not have a ? or # part".to_owned());
        }
        if url.has_user() {
            return Err(
                "must not have a user or a password before its host: the header that would carry them has the access token"
                    .to_owned(),
            );
        }
        if url.is_metas_own() && !url.is_encrypted() {
            return Err("must begin with https:// where it is Meta's own host: access tokens are sent there".to_owned());
        }
        Ok(Endpoint(url))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Shown for Endpoint {
    fn toml(&self) -> String {
        self.0.toml()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_password_in_an_address_is_kept_but_never_shown() {
        let text = "https://user:marked@proxy.example.com/queue?key=marked";
        let url: HttpUrl = text.parse().unwrap();
        assert_eq!(url.as_str(), text);
        assert_eq!(url.to_string(), "https://***@proxy.example.com/queue?***");
        assert!(!format!("{url:?}").contains("marked"));
        let error = "https://user:marked@:x".parse::<HttpUrl>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("marked"));
    }

    #[test]
    fn an_endpoint_has_no_slash_at_its_end_and_no_query() {
        let endpoint: Endpoint = "http://simulator:8080/".parse().unwrap();
        assert_eq!(endpoint.as_str(), "http://simulator:8080");
        assert!(
            "https://graph.facebook.com?x=1"
                .parse::<Endpoint>()
                .is_err()
        );
        assert!("graph.facebook.com".parse::<Endpoint>().is_err());
        assert!("ftp://graph.facebook.com".parse::<Endpoint>().is_err());
    }

    #[test]
    fn no_token_goes_to_meta_unencrypted_or_beside_a_password() {
        let refused = |text: &str| text.parse::<Endpoint>().unwrap_err();
        for own in [
            "http://graph.facebook.com",
            "http://GRAPH.facebook.com.:80/",
            "http://facebook.com",
        ] {
            assert!(refused(own).contains("https://"), "{own}");
            let encrypted = own.replace("http:", "https:").replace(":80", "");
            assert!(encrypted.parse::<Endpoint>().unwrap().is_encrypted());
        }
        // As named as it is, this is not Meta's.
        assert!("http://notfacebook.com".parse::<Endpoint>().is_ok());
        for text in [
            "https://user:marked@proxy",
            "https://graph.facebook.com@marked",
        ] {
            let error = refused(text);
            assert!(error.contains("user") && !error.contains("marked"));
        }
    }
}
