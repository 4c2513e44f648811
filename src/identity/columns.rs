//! What a route says of its source columns, before any header is seen.

use super::key::Key;

/// The `columns` of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Columns {
    /// `columns = "auto"`: headers are recognised by alias.
    Auto,
    /// `[route.columns]`, in the order of the file.
    Named(Vec<Column>),
}

/// One source column and what it is for. Several columns may feed one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The column's name as in the header; compared exactly after trimming.
    pub name: String,
    pub role: Role,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Its cells are values of `key`.
    Identifier {
        key: Key,
        /// For phones without a country code; an ISO 3166-1 alpha-2 code.
        default_country: Option<CountryCode>,
    },
    /// Only rows whose cell is one of these texts (exactly, after trimming) are sent.
    OnlyIf { values: Vec<String> },
}

/// Two upper-case ASCII letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CountryCode([u8; 2]);

impl CountryCode {
    /// `None` unless the text is two ASCII letters, of any case.
    pub fn parse(text: &str) -> Option<CountryCode> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => Some(CountryCode([
                a.to_ascii_uppercase(),
                b.to_ascii_uppercase(),
            ])),
            _ => None,
        }
    }

    pub fn as_str(&self) -> &str {
        // Both bytes are ASCII letters, so this is always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}
