//! Meta's error envelope.
//!
//! What a client may go by is the HTTP status, `code` and `error_subcode`. The texts
//! are Meta's where a source shows them and of their kind where none does; on the real
//! thing they are localised.

use serde::{Deserialize, Serialize};
use serde_json::Value;

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

    /// Code 100, the parameter error without a subcode.
    pub(crate) fn parameter(message: impl Into<String>) -> Self {
        Self::new(400, 100).message(message)
    }

    /// A Conversions API data error: code 100 with a subcode, never transient.
    pub(crate) fn data(subcode: i64, message: &str) -> Self {
        Self {
            is_transient: Some(false),
            ..Self::parameter(message).subcode(subcode)
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

    /// The answer's body.
    pub(crate) fn to_json(&self, trace: &str) -> Vec<u8> {
        let envelope = Envelope {
            error: Body {
                message: &self.message,
                kind: self.kind(),
                code: self.code,
                error_subcode: self.subcode,
                is_transient: self.is_transient,
                // Present on the 2804xxx family, absent on most others.
                error_user_title: self.is_data().then_some("Invalid event"),
                error_user_msg: self.is_data().then_some(&self.message),
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

    fn is_data(&self) -> bool {
        self.subcode
            .is_some_and(|subcode| (2_804_000..2_805_000).contains(&subcode))
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
    error_user_msg: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_data: Option<&'a Value>,
    fbtrace_id: &'a str,
}
