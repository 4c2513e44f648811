//! A value that a route gives to every row that has none of its own.

use super::columns::{CountryCode, Reading};
use super::digest::Digest;
use super::field::country;
use super::key::{Api, Key};
use super::normalize::{Context, Outcome, Scratch, normalize};
use super::reason::Reason;
use super::row::IdentifiedRow;

/// One text for a key, normalised once: what cannot be is found when the configuration
/// is read, and costs no row anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticValue {
    key: Key,
    text: String,
    value: Value,
    country: Option<CountryCode>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Value {
    Sha256(Digest),
    Unhashed(String),
}

impl StaticValue {
    /// Normalises `text` as a cell of `key`; `country` is what is known of the country.
    ///
    /// # Errors
    ///
    /// Why the text is no value of the key.
    pub fn new(
        key: Key,
        text: &str,
        country: Option<CountryCode>,
        context: &Context,
    ) -> Result<StaticValue, Reason> {
        let mut scratch = Scratch::default();
        let reading = Reading::in_country(country);
        let normalized = normalize(key, text, reading, context, &mut scratch);
        let value = match normalized.outcome {
            Outcome::Hashed(digest) | Outcome::AlreadyHashed(digest) => Value::Sha256(digest),
            Outcome::Plain => Value::Unhashed(normalized.text.to_owned()),
            Outcome::Empty => return Err(Reason::NothingLeft),
            Outcome::Rejected(reason) => return Err(reason),
        };
        let country = match key {
            Key::Country => country::resolve(text.trim(), &mut String::new()).ok(),
            _ => None,
        };
        Ok(StaticValue {
            key,
            text: text.to_owned(),
            value,
            country,
        })
    }

    pub const fn key(&self) -> Key {
        self.key
    }

    /// As it was given.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The country, if it is one.
    pub const fn country(&self) -> Option<CountryCode> {
        self.country
    }

    /// Whether it goes out unhashed and as this.
    pub(super) fn is(&self, unhashed: &str) -> bool {
        matches!(&self.value, Value::Unhashed(text) if text == unhashed)
    }

    pub(super) fn add_to(&self, row: &mut IdentifiedRow, api: Api) {
        match &self.value {
            Value::Sha256(digest) => row.add_digest(self.key, *digest),
            Value::Unhashed(text) => row.add_given(self.key, text, api),
        }
    }
}
