//! `[route.static_values]`: what holds for every row that does not say otherwise.

use time::Date;

use crate::identity::columns::CountryCode;
use crate::identity::key::{Api, Key};
use crate::identity::{Context, Spelling, StaticValue};

use super::super::tree::Node;
use super::columns::known_key;

/// The values, normalised as the destination asks for, in the order of the text.
pub(super) fn read(node: &Node<'_>, api: Api, spelling: Spelling) -> Option<Vec<StaticValue>> {
    let mut given: Vec<(Key, &str, Node<'_>)> = Vec::new();
    let mut complete = true;
    for (name, entry) in node.table()?.entries() {
        match entry_of(name, &entry, &given, api) {
            Some((key, text)) => given.push((key, text, entry)),
            None => complete = false,
        }
    }
    // None of these keys is a date.
    let context = Context {
        spelling,
        ..Context::new(api, Date::MAX)
    };
    let value = |key, text, country, entry: &Node<'_>| {
        let read = StaticValue::new(key, text, country, &context);
        entry.check(read.map_err(|reason| {
            let advice = reason.advice();
            format!("is no value of {key} ({reason}): {advice}")
        }))
    };
    // State and postal code are read by the country that goes with them.
    let country: Option<CountryCode> = given
        .iter()
        .find(|(key, ..)| *key == Key::Country)
        .and_then(|(key, text, _)| StaticValue::new(*key, text, None, &context).ok())
        .and_then(|value| value.country());
    let values: Vec<StaticValue> = given
        .iter()
        .filter_map(|(key, text, entry)| value(*key, text, country, entry))
        .collect();
    (complete && values.len() == given.len()).then_some(values)
}

fn entry_of<'t>(
    name: &str,
    entry: &Node<'t>,
    given: &[(Key, &str, Node<'_>)],
    api: Api,
) -> Option<(Key, &'t str)> {
    let key = entry.check(known_key(name))?;
    if !key.serves(api) {
        entry.fault(format!("route.{api} does not know {key}"));
        return None;
    }
    if given.iter().any(|(other, ..)| *other == key) {
        entry.fault(format!("{key} is given twice"));
        return None;
    }
    if !key.may_be_shared() {
        entry.fault(format!(
            "{key} is one person's alone: the same for every row, it would make one person of all"
        ));
        return None;
    }
    let text = entry.text()?;
    if text.trim().is_empty() {
        entry.fault("must not be blank: leave it out instead");
        return None;
    }
    Some((key, text))
}
