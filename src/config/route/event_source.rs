//! Where the parts of an event come from: a column of the row, or the configuration.

use crate::meta;

use super::super::suggest::shown;
use super::super::tree::Node;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventTime {
    /// When the object was last modified: one time for all its rows.
    Object,
    Column(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventId {
    /// Made of object version and row, so that a resend has the same one.
    Row,
    Column(String),
}

#[derive(Clone, Debug, PartialEq)]
pub enum EventValue {
    Column(String),
    /// The same for each event; not negative, and of no more digits than a row may have.
    Fixed(f64),
    /// `value = "auto"`: the column whose header is a known name of a value.
    Alias,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Currency {
    Column(String),
    Fixed(CurrencyCode),
}

/// Three upper-case ASCII letters, as of ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CurrencyCode([u8; 3]);

impl CurrencyCode {
    /// `None` unless the text is three ASCII letters, of any case.
    pub fn parse(text: &str) -> Option<CurrencyCode> {
        let letters: [u8; 3] = text.as_bytes().try_into().ok()?;
        let all_letters = letters.iter().all(u8::is_ascii_alphabetic);
        all_letters.then(|| CurrencyCode(letters.map(|b| b.to_ascii_uppercase())))
    }

    pub fn as_str(&self) -> &str {
        // All bytes are ASCII letters, so this is always text.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// What an app's events tell of app and device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppData {
    /// JSON in each row.
    Column(String),
    /// JSON that is the same for each event.
    Fixed(String),
}

pub(super) fn time(node: &Node<'_>) -> Option<EventTime> {
    word_or_column(node, "object", EventTime::Object, EventTime::Column)
}

pub(super) fn id(node: &Node<'_>) -> Option<EventId> {
    word_or_column(node, "row", EventId::Row, EventId::Column)
}

pub(super) fn value(node: &Node<'_>) -> Option<EventValue> {
    if node.is_table() || node.is_text() {
        return word_or_column(node, "auto", EventValue::Alias, EventValue::Column);
    }
    let value = node.check(node.scalar().number())?;
    // As each row would carry it.
    let sendable = meta::check_amount(&value.to_string()).map_err(|reason| match reason {
        "value_negative" => "must not be negative",
        _ => "must have no more than 15 digits, as 12.5: no event is sent with more",
    });
    node.check(sendable)?;
    Some(EventValue::Fixed(value))
}

pub(super) fn currency(node: &Node<'_>) -> Option<Currency> {
    if node.is_table() {
        return column(node).map(Currency::Column);
    }
    let text = node.text()?;
    let code = CurrencyCode::parse(text).ok_or_else(|| {
        format!(
            "must be a currency's three letters, as \"USD\", or {{ column = \"…\" }}, not {}",
            shown(text)
        )
    });
    node.check(code).map(Currency::Fixed)
}

pub(super) fn app_data(node: &Node<'_>) -> Option<AppData> {
    if node.is_table() {
        return column(node).map(AppData::Column);
    }
    let json = meta::app_data(node.text()?.trim()).map_err(|reason| match reason {
        "app_data_extinfo" => {
            "must hold extinfo, a list of 16 values of which the first is \"a2\" or \"i2\""
        }
        _ => "must be a text with a JSON object, or { column = \"…\" }",
    });
    // It was a text, and only blanks were taken out.
    let json = String::from_utf8(node.check(json)?).ok()?;
    Some(AppData::Fixed(json))
}

/// `{ column = "…" }`
pub(super) fn column(node: &Node<'_>) -> Option<String> {
    if node.is_text() {
        node.fault("must be { column = \"…\" }");
        return None;
    }
    let mut table = node.table()?;
    let name = table.require("column", "the source column's name");
    table.close();
    let name = name?;
    let text = name.text()?.trim();
    if text.is_empty() {
        name.fault("the column's name is empty");
        return None;
    }
    Some(text.to_owned())
}

fn word_or_column<T>(
    node: &Node<'_>,
    word: &str,
    if_word: T,
    if_column: fn(String) -> T,
) -> Option<T> {
    if !node.is_text() {
        return column(node).map(if_column);
    }
    if node.text()? == word {
        return Some(if_word);
    }
    node.fault(format!("must be \"{word}\" or {{ column = \"…\" }}"));
    None
}
