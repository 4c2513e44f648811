//! Meta's error envelope.
//!
//! What a client may go by is the HTTP status, `code` and `error_subcode`. The texts
//! are Meta's where a source shows them and of their kind where none does; on the real
//! thing they are localised.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// So many bytes of a request's body are repeated at most.
const REPEATED: usize = 300;

/// An error answer of the Graph API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphError {
    /// HTTP status; 400 unless said otherwise.
    #[serde(default = "bad_request")]
    pub status: u16,
    /// `error.code`.
    pub code: i64,
    /// `error.error_subcode`, left out when there is none.
    #[serde(default)]
    pub subcode: Option<i64>,
    /// `error.is_transient`, left out when not said, as Meta often does.
    #[serde(default)]
    pub is_transient: Option<bool>,
    /// `error.message`.
    #[serde(default = "unnamed")]
    pub message: String,
    /// `error.error_data`, left out when there is none: an object, or a text that holds one.
    #[serde(default)]
    pub error_data: Option<Value>,
    /// Whether it is about the caller, who is told no more than the message.
    #[serde(skip)]
    about_caller: bool,
}

fn bad_request() -> u16 {
    400
}

fn unnamed() -> String {
    "An error was asked for".to_owned()
}

impl GraphError {
    /// An error of this HTTP status and code, and nothing else.
    pub fn new(status: u16, code: i64) -> Self {
        Self {
            status,
            code,
            subcode: None,
            is_transient: None,
            message: unnamed(),
            error_data: None,
            about_caller: false,
        }
    }

    /// With `error_subcode`.
    #[must_use]
    pub fn subcode(mut self, subcode: i64) -> Self {
        self.subcode = Some(subcode);
        self
    }

    /// With `is_transient: true`.
    #[must_use]
    pub fn transient(mut self) -> Self {
        self.is_transient = Some(true);
        self
    }

    /// With this message.
    #[must_use]
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    /// With this `error_data`.
    #[must_use]
    pub fn error_data(mut self, data: Value) -> Self {
        self.error_data = Some(data);
        self
    }

    /// Code 100, the parameter error without a subcode: never transient.
    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        Self {
            is_transient: Some(false),
            ..Self::new(400, 100).message(message)
        }
    }

    /// A parameter error with a subcode, such as those of the Conversions API's data.
    pub(crate) fn data(subcode: i64, message: &str) -> Self {
        Self::parameter(message).subcode(subcode)
    }

    /// Code 100 for a proof of the app's secret, which is of the caller and not of the data.
    pub(crate) fn proof(message: &str) -> Self {
        Self {
            about_caller: true,
            ..Self::new(400, 100).message(message)
        }
    }

    /// An upload of more rows or bytes than are taken, of which Meta says no more.
    pub(crate) fn too_large() -> Self {
        Self::new(400, 1)
            .subcode(99)
            .message("An unknown error occurred")
    }

    /// The object is not there, not ours, or cannot do this: Meta does not say which.
    pub(crate) fn no_such_object(verb: &str) -> Self {
        Self::new(400, 100).subcode(33).message(format!(
            "Unsupported {verb} request. Object with this ID does not exist, cannot be loaded \
             due to missing permissions, or does not support this operation"
        ))
    }

    /// How it is counted: `100/2804003`, or `190` alone.
    pub(crate) fn label(&self) -> String {
        match self.subcode {
            Some(subcode) => format!("{}/{subcode}", self.code),
            None => self.code.to_string(),
        }
    }

    /// The answer's body, to a request with this one.
    pub(crate) fn to_json(&self, trace: &str, request: &[u8]) -> Vec<u8> {
        let title = self.title();
        let envelope = Envelope {
            error: Body {
                message: &self.message,
                kind: self.kind(),
                code: self.code,
                error_subcode: self.subcode,
                is_transient: self.is_transient,
                error_user_title: title,
                error_user_msg: title.map(|_| self.told(request)),
                error_data: self.error_data.as_ref(),
                fbtrace_id: trace,
            },
        };
        // Strings and numbers: this serialisation has no way to fail.
        serde_json::to_vec(&envelope).unwrap_or_default()
    }

    fn kind(&self) -> &'static str {
        if self.code == 100 && self.subcode == Some(33) {
            "GraphMethodException"
        } else {
            "OAuthException"
        }
    }

    /// What is told to a person stands over this. Errors of data, of flagged audiences and of
    /// parameters have such a text, most others have none.
    fn title(&self) -> Option<&'static str> {
        match (self.code, self.subcode) {
            (_, Some(2_804_000..2_805_000)) => Some("Invalid event"),
            (_, Some(1_713_228 | 1_713_230 | 1_713_231)) => Some("Restricted audience"),
            (100, None) if !self.about_caller => Some("Invalid parameter"),
            _ => None,
        }
    }

    /// The message and, that whoever logs the text is found out, a piece from the middle of
    /// the request, where the people are. Of a form it may be the token, as Meta's may.
    fn told(&self, request: &[u8]) -> String {
        let start = request.len().saturating_sub(REPEATED) / 2;
        let rest = request.get(start..).unwrap_or_default();
        let piece = rest.get(..REPEATED).unwrap_or(rest);
        match String::from_utf8_lossy(piece) {
            Cow::Borrowed("") => self.message.clone(),
            piece => format!("{}, near: {piece}", self.message),
        }
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    code: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_subcode: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_transient: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_user_title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_user_msg: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_data: Option<&'a Value>,
    fbtrace_id: &'a str,
}
