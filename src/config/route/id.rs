//! Meta's ids: 64-bit numbers that are only ever text here, each kind a type.

use std::fmt;
use std::str::FromStr;

use super::super::scalar::Scalar;
use super::super::tree::Node;

/// A dataset, or the pixel of the same number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DatasetId(String);

/// A custom audience.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AudienceId(String);

/// An app of Meta's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppId(String);

/// A Facebook page.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PageId(String);

/// An ad account, with the `act_` in front.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AdAccountId(String);

impl DatasetId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AudienceId {
    /// Of an audience of which only the name is known.
    pub(super) fn not_found_yet() -> AudienceId {
        AudienceId(String::new())
    }

    pub fn is_known(&self) -> bool {
        !self.0.is_empty()
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AppId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PageId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AdAccountId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DatasetId {
    type Err = String;

    fn from_str(text: &str) -> Result<DatasetId, String> {
        digits(text).map(DatasetId)
    }
}

impl FromStr for AudienceId {
    type Err = String;

    fn from_str(text: &str) -> Result<AudienceId, String> {
        digits(text).map(AudienceId)
    }
}

impl FromStr for AppId {
    type Err = String;

    fn from_str(text: &str) -> Result<AppId, String> {
        digits(text).map(AppId)
    }
}

impl FromStr for PageId {
    type Err = String;

    fn from_str(text: &str) -> Result<PageId, String> {
        digits(text).map(PageId)
    }
}

impl FromStr for AdAccountId {
    type Err = String;

    fn from_str(text: &str) -> Result<AdAccountId, String> {
        match text.strip_prefix("act_").map(digits) {
            Some(Ok(_)) => Ok(AdAccountId(text.to_owned())),
            _ => Err("must be act_ and digits, as \"act_1234567890\"".to_owned()),
        }
    }
}

impl fmt::Display for DatasetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for AudienceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for AdAccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An id of the text, which must not be a number: other tools that read or write
/// the same file keep only 53 bits of it, and the id of somebody else remains.
pub(super) fn read<T: FromStr<Err = String>>(node: &Node<'_>) -> Option<T> {
    if let Scalar::Integer(_) | Scalar::Number(_) = node.scalar() {
        node.fault(
            "must be in quotes: an id is a 64-bit number, which tools damage when it is no text",
        );
        return None;
    }
    node.parse()
}

fn digits(text: &str) -> Result<String, String> {
    // The largest 64-bit number has twenty digits.
    if (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    Err("must be digits in quotes, as \"1234567890\"".to_owned())
}
