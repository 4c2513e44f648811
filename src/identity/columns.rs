//! What a route says of its source columns, before any header is seen.

use super::geography;
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
        reading: Reading,
        /// Stands between several values in one cell. Where the format has lists
        /// ([`LIST_SEPARATOR`](crate::rows::LIST_SEPARATOR)), their values are told apart without.
        separator: Option<char>,
    },
    /// Only rows whose cell is one of these texts (exactly, after trimming) are sent.
    OnlyIf { values: Vec<String> },
}

/// How the cells of a column are to be understood where their text alone leaves it open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What is known of the person's country; of a column, its default country.
    /// Phones without a country code need it, states and postal codes go by it.
    pub country: Option<CountryCode>,
    pub form: Form,
    pub date_order: DateOrder,
}

impl Reading {
    /// Of a person in this country, if one is known.
    pub fn in_country(country: Option<CountryCode>) -> Reading {
        Reading {
            country,
            ..Reading::default()
        }
    }
}

/// What a column's cells are said to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Each cell is seen for what it is.
    #[default]
    Any,
    /// Plain values: one that is hashed is refused.
    Raw,
    /// SHA-256: any other value is refused.
    Sha256,
}

/// Which comes first where a date could be read either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateOrder {
    /// Nobody said: a date that could be read either way is refused.
    #[default]
    Unknown,
    DayFirst,
    MonthFirst,
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

    /// A country's code, as somebody has written it.
    pub fn assigned(text: &str) -> Result<CountryCode, &'static str> {
        CountryCode::parse(text)
            .filter(|code| code.is_assigned())
            .ok_or("must be a country's two letters, as US or GB (ISO 3166-1)")
    }

    /// Whether it is a country's: of ISO 3166-1, or `XK`, Kosovo.
    pub fn is_assigned(self) -> bool {
        geography::numbering_plan(self).is_some()
    }

    /// Below 26 × 26, and another for each code.
    pub(super) fn index(self) -> usize {
        let [first, second] = self.0.map(|letter| usize::from(letter.wrapping_sub(b'A')));
        first * 26 + second
    }

    pub fn as_str(&self) -> &str {
        // Both bytes are ASCII letters, so this is always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Role {
    /// One plain or hashed value of `key` in each cell.
    pub fn identifier(key: Key) -> Role {
        Role::Identifier {
            key,
            reading: Reading::default(),
            separator: None,
        }
    }
}
