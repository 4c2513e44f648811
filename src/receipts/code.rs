//! A word of this program's own vocabulary: a reason, a key, an API.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Made from text that is in the program, or read back from a receipt: a cell of a
/// row cannot become one, so none can get into a receipt as a "reason":
///
/// ```compile_fail
/// let cell = String::from("jane@example.com");
/// audience_activator::receipts::Code::new(&cell);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Code(Cow<'static, str>);

impl Code {
    pub const fn new(code: &'static str) -> Code {
        Code(Cow::Borrowed(code))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&'static str> for Code {
    fn from(code: &'static str) -> Code {
        Code::new(code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A receipt has something else where a code belongs.
#[derive(Debug, thiserror::Error)]
#[error("not a code: codes have up to 64 letters, digits, underscores and hyphens")]
pub struct NoCode;

impl TryFrom<String> for Code {
    type Error = NoCode;

    fn try_from(text: String) -> Result<Code, NoCode> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
            Ok(Code(Cow::Owned(text)))
        } else {
            Err(NoCode)
        }
    }
}
