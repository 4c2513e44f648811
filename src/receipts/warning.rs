//! What a person should look at, though the object was delivered.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::code::Code;

/// Never a value: a code, what it is about, and counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    pub code: Code,
    /// The key it is about, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Code>,
    /// Why cells were dropped, where it is about that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Code>,
    /// Rows or cells that it is about.
    pub count: u64,
    /// Rows or cells that were looked at.
    pub of: u64,
    /// What to do, in a sentence.
    pub advice: Cow<'static, str>,
}
