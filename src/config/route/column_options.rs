//! What a column's table says beside its key: how its cells are to be understood.
//!
//! An option that could have no effect is a fault: whoever wrote it expects one.

use crate::identity::columns::{CountryCode, DateOrder, Form, Reading, Role};
use crate::identity::key::{Api, Key};

use super::super::suggest::one_of;
use super::super::tree::{Node, Table};

/// The options as they stand in the text.
pub(super) struct Options<'t> {
    default_country: Option<Node<'t>>,
    form: Option<Node<'t>>,
    separator: Option<Node<'t>>,
    date_order: Option<Node<'t>>,
}

pub(in crate::config) const FORMS: [(&str, Form); 2] =
    [("raw", Form::Raw), ("sha256", Form::Sha256)];

pub(in crate::config) const DATE_ORDERS: [(&str, DateOrder); 2] = [
    ("day_first", DateOrder::DayFirst),
    ("month_first", DateOrder::MonthFirst),
];

/// Beside letters, digits and blanks: what stands inside of addresses, numbers and names.
const INSIDE_VALUES: [char; 9] = ['@', '.', '+', '-', '_', '\'', '(', ')', '/'];

impl<'t> Options<'t> {
    pub(super) fn ask(table: &mut Table<'t>) -> Options<'t> {
        Options {
            default_country: table.ask("default_country"),
            form: table.ask("form"),
            separator: table.ask("separator"),
            date_order: table.ask("date_order"),
        }
    }

    /// A fault for each option that is there.
    pub(super) fn refuse(&self, problem: &str) {
        let all = [
            &self.default_country,
            &self.form,
            &self.separator,
            &self.date_order,
        ];
        for node in all.into_iter().flatten() {
            node.fault(problem);
        }
    }

    /// The role of a column that holds `key`, for a destination of this API.
    pub(super) fn role(&self, key: Key, api: Option<Api>) -> Option<Role> {
        let country = optional(&self.default_country, |node| default_country(node, key));
        let form = optional(&self.form, |node| form(node, key, api));
        let separator = optional(&self.separator, |node| separator(node, key));
        let date_order = optional(&self.date_order, |node| date_order(node, key));
        Some(Role::Identifier {
            key,
            reading: Reading {
                country: country?,
                form: form?.unwrap_or_default(),
                date_order: date_order?.unwrap_or_default(),
            },
            separator: separator?,
        })
    }
}

/// The outer `None` is a fault, the inner one an absent key.
pub(super) fn optional<T>(
    node: &Option<Node<'_>>,
    read: impl FnOnce(&Node<'_>) -> Option<T>,
) -> Option<Option<T>> {
    match node {
        None => Some(None),
        Some(node) => read(node).map(Some),
    }
}

fn default_country(node: &Node<'_>, key: Key) -> Option<CountryCode> {
    if !matches!(key, Key::Phone | Key::State | Key::Zip) {
        node.fault(format!(
            "has no meaning for {key}: only phone, state and zip are read by a country"
        ));
        return None;
    }
    let code = CountryCode::parse(node.text()?).filter(|code| code.is_assigned());
    node.check(code.ok_or("must be a country's two letters, as \"US\" or \"GB\" (ISO 3166-1)"))
}

fn form(node: &Node<'_>, key: Key, api: Option<Api>) -> Option<Form> {
    let form = node.check(one_of(node.text()?, &FORMS))?;
    let Some(api) = api else {
        return Some(form);
    };
    if !key.is_hashed(api) {
        node.fault(format!("has no meaning for {key}: it goes out unhashed"));
        return None;
    }
    if form == Form::Sha256 && key.wire_name(api).is_none() {
        node.fault(match api {
            Api::CustomAudience => {
                "cannot be used: audiences take year, month and day apart, which a hashed date cannot give"
            }
            Api::Conversions => {
                "cannot be used: Conversions take one whole date, which hashed parts cannot give"
            }
        });
        return None;
    }
    Some(form)
}

fn separator(node: &Node<'_>, key: Key) -> Option<char> {
    let mut characters = node.text()?.chars();
    let (Some(separator), None) = (characters.next(), characters.next()) else {
        node.fault("must be one character, as \";\"");
        return None;
    };
    if !key.may_have_several() {
        node.fault(format!(
            "has no meaning for {key}: a row has one value of it"
        ));
        return None;
    }
    if separator == ' ' || separator.is_alphanumeric() || INSIDE_VALUES.contains(&separator) {
        node.fault(
            "must be a character that is in no value, as \";\": no letter, digit or blank, and none of @ . + - _ ' ( ) /",
        );
        return None;
    }
    Some(separator)
}

fn date_order(node: &Node<'_>, key: Key) -> Option<DateOrder> {
    if key != Key::BirthDate {
        node.fault(format!(
            "has no meaning for {key}: only a birth_date has its day and month in one cell"
        ));
        return None;
    }
    node.check(one_of(node.text()?, &DATE_ORDERS))
}
