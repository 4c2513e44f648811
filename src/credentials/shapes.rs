//! The many shapes in which people store a token, recognised by what is in them.
//!
//! Known: a JSON object with the token under a name of ours; a JSON object whose
//! only member (or whose `credentials`) holds base64 of a token or of such an object,
//! or the object as text; base64 of an object; a token alone. Each may have quotes or
//! newlines around it, as a shell or an editor leaves them, and may be binary.
//! A random word is also valid base64, so what begins like one of Meta's tokens is
//! taken as it is, and anything else counts as base64 only if it decodes to text.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_PAD_INDIFFERENT, URL_SAFE_PAD_INDIFFERENT};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::Credentials;
use super::reader::RawSecret;

/// Which shape was recognised; never what was in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub content: Content,
    pub base64: bool,
    /// Inside a JSON object, under `credentials` or its only key.
    pub under_key: bool,
    /// From `SecretBinary`.
    pub binary: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// An object with the token and perhaps pixel id and app secret.
    Json,
    /// The token alone.
    Token,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.content {
            Content::Json => "a JSON object",
            Content::Token => "a token alone",
        })?;
        if self.base64 {
            f.write_str(" in base64")?;
        }
        if self.under_key {
            f.write_str(" under one key")?;
        }
        if self.binary {
            f.write_str(", binary")?;
        }
        Ok(())
    }
}

/// What is wrong with a secret's value, told without any part of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    #[error("the secret is empty")]
    Empty,
    #[error("the secret is not UTF-8 text")]
    NotText,
    #[error("the secret begins like JSON but is not valid JSON")]
    BrokenJson,
    #[error(
        "the JSON object of {members} members has no access_token; \
         store {{\"access_token\": \"…\", \"pixel_id\": \"…\"}}"
    )]
    NoToken { members: usize },
    #[error("{member} must be text")]
    MemberNotText { member: &'static str },
    #[error(
        "the value under the object's key is neither base64 of a token or of JSON, nor a token"
    )]
    NotBase64,
    #[error("the token is empty, or has blanks or characters that no token has")]
    BadToken,
    #[error("pixel_id must be digits only")]
    BadPixelId,
}

const TOKEN_NAMES: [&str; 2] = ["accesstoken", "token"];
const PIXEL_NAMES: [&str; 2] = ["pixelid", "datasetid"];
const APP_SECRET_NAMES: [&str; 1] = ["appsecret"];
const WRAPPER_NAMES: [&str; 1] = ["credentials"];

/// How every user and system-user token of Meta begins.
const TOKEN_START: &str = "EAA";

/// Reads credentials from a secret in whichever known shape it is.
pub fn recognise(secret: &RawSecret) -> Result<Credentials, ShapeError> {
    let (bytes, binary) = match secret {
        RawSecret::Text(text) => (text.expose_secret().as_bytes(), false),
        RawSecret::Binary(bytes) => (bytes.expose_secret(), true),
    };
    let text = std::str::from_utf8(bytes).map_err(|_| ShapeError::NotText)?;
    let text = unquoted(text)?;
    if text.is_empty() {
        return Err(ShapeError::Empty);
    }
    let plain = Shape {
        content: Content::Token,
        base64: false,
        under_key: false,
        binary,
    };
    if !is_object(&text) {
        return alone(&text, plain);
    }
    let object = parsed(&text)?;
    if member(&object, &TOKEN_NAMES).is_some() {
        return of_object(&object, plain);
    }
    let inner = member(&object, &WRAPPER_NAMES)
        .or_else(|| object.values().next().filter(|_| object.len() == 1))
        .ok_or(ShapeError::NoToken {
            members: object.len(),
        })?;
    let inner = inner.as_str().ok_or(ShapeError::NotBase64)?;
    let under_key = Shape {
        under_key: true,
        ..plain
    };
    let inner = unquoted(inner)?;
    if is_object(&inner) {
        return of_object(&parsed(&inner)?, under_key);
    }
    alone(&inner, under_key)
}

/// A value that is no object itself: a token, or base64 of a token or of an object.
fn alone(text: &str, shape: Shape) -> Result<Credentials, ShapeError> {
    if !text.starts_with(TOKEN_START)
        && let Some(decoded) = decoded(text)
    {
        let in_base64 = Shape {
            base64: true,
            ..shape
        };
        if is_object(&decoded) {
            return of_object(&parsed(&decoded)?, in_base64);
        }
        // At the top a short token could be base64 by chance, hence the stricter test.
        if is_token(&decoded) && (shape.under_key || decoded.starts_with(TOKEN_START)) {
            return Ok(of_token(&decoded, in_base64));
        }
    }
    if shape.under_key && !text.starts_with(TOKEN_START) {
        return Err(ShapeError::NotBase64);
    }
    if !is_token(text) {
        return Err(ShapeError::BadToken);
    }
    Ok(of_token(text, shape))
}

fn of_token(token: &str, shape: Shape) -> Credentials {
    Credentials {
        access_token: SecretString::from(token),
        pixel_id: None,
        app_secret: None,
        shape,
    }
}

fn of_object(object: &Map<String, Value>, shape: Shape) -> Result<Credentials, ShapeError> {
    let token = member(object, &TOKEN_NAMES).ok_or(ShapeError::NoToken {
        members: object.len(),
    })?;
    let token = text_of(token, "access_token")?;
    if !is_token(token) {
        return Err(ShapeError::BadToken);
    }
    let app_secret = match member(object, &APP_SECRET_NAMES) {
        None | Some(Value::Null) => None,
        Some(secret) => Some(text_of(secret, "app_secret")?).filter(|secret| !secret.is_empty()),
    };
    Ok(Credentials {
        access_token: SecretString::from(token),
        pixel_id: pixel_id(object)?,
        app_secret: app_secret.map(SecretString::from),
        shape: Shape {
            content: Content::Json,
            ..shape
        },
    })
}

/// Written as text, or carelessly as a number, which JSON keeps exactly up to 64 bits.
fn pixel_id(object: &Map<String, Value>) -> Result<Option<String>, ShapeError> {
    let id = match member(object, &PIXEL_NAMES) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim().to_owned(),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(ShapeError::BadPixelId),
    };
    if id.is_empty() {
        return Ok(None);
    }
    if !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(ShapeError::BadPixelId);
    }
    Ok(Some(id))
}

fn text_of<'a>(value: &'a Value, member: &'static str) -> Result<&'a str, ShapeError> {
    match value.as_str() {
        Some(text) => Ok(text.trim()),
        None => Err(ShapeError::MemberNotText { member }),
    }
}

/// The member by any of its names, the first name first; `accessToken` is `access_token`.
fn member<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    let plain = |name: &str| {
        let letters = name.chars().filter(|c| !matches!(c, '_' | '-' | ' '));
        letters.collect::<String>().to_ascii_lowercase()
    };
    names.iter().find_map(|wanted| {
        let mut members = object.iter();
        members
            .find(|(name, _)| plain(name) == *wanted)
            .map(|(_, value)| value)
    })
}

fn is_object(text: &str) -> bool {
    text.starts_with('{')
}

fn parsed(text: &str) -> Result<Map<String, Value>, ShapeError> {
    // The parser's own error is dropped: it says where, which helps nobody here.
    serde_json::from_str(text).map_err(|_| ShapeError::BrokenJson)
}

/// What goes into an HTTP header as it is.
fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

fn decoded(text: &str) -> Option<String> {
    let mut packed = text.to_owned();
    packed.retain(|c| !c.is_ascii_whitespace()); // the base64 tool breaks lines
    // Either alphabet occurs, and padding is often lost on the way.
    let bytes = STANDARD_PAD_INDIFFERENT
        .decode(&packed)
        .or_else(|_| URL_SAFE_PAD_INDIFFERENT.decode(&packed))
        .ok()?;
    let text = String::from_utf8(bytes).ok()?;
    unquoted(&text).ok()
}

/// Without byte order mark, blanks and one pair of quotes around it.
fn unquoted(text: &str) -> Result<String, ShapeError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.len() >= 2 && text.starts_with('"') && text.ends_with('"') {
        let inner: String = serde_json::from_str(text).map_err(|_| ShapeError::BrokenJson)?;
        return Ok(inner.trim().to_owned());
    }
    let inner = text
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''));
    Ok(inner.unwrap_or(text).trim().to_owned())
}

#[cfg(test)]
mod tests;
