//! `[route.conversions.custom_data]`: what an event tells beside person, value and order.
//!
//! Nothing of it may be personal: Meta takes identifiers hashed, in `user_data`, and
//! filters and flags what it finds of them here.

use crate::identity::columns::{Columns, Role};
use crate::identity::key::Key;
use crate::identity::{Alias, alias};
use crate::meta::PropertyKind;

use super::super::scalar::Scalar;
use super::super::shown::{Shown, toml_text};
use super::super::suggest::one_of;
use super::super::tree::Node;

#[derive(Clone, Debug, PartialEq)]
pub struct Property {
    pub name: String,
    pub source: PropertySource,
}

impl Property {
    /// The column it comes from, if it comes from one.
    pub fn column(&self) -> Option<&str> {
        match &self.source {
            PropertySource::Column { name, .. } => Some(name),
            PropertySource::Fixed { .. } => None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum PropertySource {
    /// The same for each event.
    Fixed {
        /// As `check-config` shows it.
        toml: String,
        json: Vec<u8>,
    },
    Column {
        name: String,
        kind: PropertyKind,
    },
}

/// Settings that are so important that they stand a level higher.
const ELSEWHERE: [&str; 3] = ["value", "currency", "order_id"];

const TYPES: [(&str, PropertyKind); 5] = [
    ("text", PropertyKind::Text),
    ("number", PropertyKind::Number),
    ("integer", PropertyKind::Integer),
    ("list", PropertyKind::LIST),
    ("json", PropertyKind::Json),
];

pub(super) fn read(node: &Node<'_>, columns: Option<&Columns>) -> Option<Vec<Property>> {
    let entries = node.table()?.entries();
    let properties: Vec<Option<Property>> = entries
        .iter()
        .map(|(name, entry)| property(name, entry, columns))
        .collect();
    properties.into_iter().collect()
}

fn property(name: &str, node: &Node<'_>, columns: Option<&Columns>) -> Option<Property> {
    if ELSEWHERE.contains(&name) {
        node.fault(format!(
            "belongs one level higher: write {name} directly under [route.conversions]"
        ));
        return None;
    }
    check_name(name, node)?;
    let documented = PropertyKind::documented(name);
    if documented.is_none()
        && let Some(Alias::Identifier(key)) = alias(name)
    {
        node.fault(format!(
            "is a name of {key}: Meta takes no personal data here; map its column in [route.columns] instead"
        ));
        return None;
    }
    let source = if node.is_table() {
        from_column(node, documented, columns)
    } else {
        fixed(node, documented)
    };
    Some(Property {
        name: name.to_owned(),
        source: source?,
    })
}

/// The names are keys of receipts too.
fn check_name(name: &str, node: &Node<'_>) -> Option<()> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        return Some(());
    }
    node.fault("a property's name must be 1 to 64 letters, digits, _ and -");
    None
}

fn fixed(node: &Node<'_>, documented: Option<PropertyKind>) -> Option<PropertySource> {
    use PropertyKind::{Integer, List, Number};
    let (toml, json) = match (node.scalar(), documented) {
        (Scalar::Text(text), None) => text_of(PropertyKind::Text, text, node)?,
        (Scalar::Text(text), Some(kind)) if !matches!(kind, Number | Integer | List { .. }) => {
            text_of(kind, text, node)?
        }
        (Scalar::Integer(number), None | Some(Number | Integer)) if number >= 0 => {
            (number.to_string(), number.to_string())
        }
        (Scalar::Number(number), None | Some(Number)) if number.is_finite() && number >= 0.0 => {
            (number.toml(), number.to_string())
        }
        (Scalar::Integer(_) | Scalar::Number(_), None | Some(Number | Integer)) => {
            let whole = documented == Some(Integer);
            node.fault(if whole {
                "must be a whole number that is not negative"
            } else {
                "must be a number that is not negative"
            });
            return None;
        }
        (Scalar::Boolean(boolean), None) => (boolean.to_string(), boolean.to_string()),
        (_, None) => {
            node.fault("must be a text, a number, true, false or { column = \"…\" }");
            return None;
        }
        (_, Some(List { .. })) => return list(node),
        (_, Some(kind)) => {
            let what = describe(kind);
            node.fault(format!("must be {what} or {{ column = \"…\" }}"));
            return None;
        }
    };
    Some(PropertySource::Fixed {
        toml,
        json: json.into_bytes(),
    })
}

/// As TOML and as JSON.
fn text_of(kind: PropertyKind, text: &str, node: &Node<'_>) -> Option<(String, String)> {
    let json = kind
        .json_of(text)
        .and_then(|json| String::from_utf8(json).ok());
    if json.is_none() {
        node.fault(format!("must be {}", describe(kind)));
    }
    Some((toml_text(text), json?))
}

fn list(node: &Node<'_>) -> Option<PropertySource> {
    let elements = node.elements("a list of texts or { column = \"…\" }")?;
    let texts: Vec<Option<&str>> = elements.iter().map(Node::text).collect();
    let texts: Vec<&str> = texts.into_iter().collect::<Option<_>>()?;
    let toml: Vec<String> = texts.iter().map(|text| toml_text(text)).collect();
    Some(PropertySource::Fixed {
        toml: format!("[{}]", toml.join(", ")),
        json: serde_json::to_vec(&texts).ok()?,
    })
}

fn describe(kind: PropertyKind) -> String {
    match kind {
        PropertyKind::Text => "a text".to_owned(),
        PropertyKind::Number => "a number".to_owned(),
        PropertyKind::Integer => "a whole number".to_owned(),
        PropertyKind::List { .. } => "a list of texts".to_owned(),
        PropertyKind::Json => "a text of JSON".to_owned(),
        PropertyKind::JsonObjects => "a text of JSON, a list of objects".to_owned(),
        PropertyKind::Word(words) => format!("one of {}", words.join(", ")),
    }
}

fn from_column(
    node: &Node<'_>,
    documented: Option<PropertyKind>,
    columns: Option<&Columns>,
) -> Option<PropertySource> {
    let mut table = node.table()?;
    let column = table.require("column", "the source column's name");
    let type_node = table.ask("type");
    let separator_node = table.ask("separator");
    table.close();
    let kind = kind(type_node.as_ref(), documented);
    let kind = match (kind, &separator_node) {
        (Some(PropertyKind::List { .. }), Some(node)) => {
            separator(node).map(|separator| PropertyKind::List { separator })
        }
        (Some(_), Some(node)) => {
            node.fault("has no meaning: only a list has several values");
            None
        }
        (kind, _) => kind,
    };
    let column = column?;
    let name = column.text()?.trim();
    if name.is_empty() {
        column.fault("the column's name is empty");
        return None;
    }
    if let Some(key) = columns.and_then(|columns| key_of(name, columns)) {
        column.fault(format!(
            "this column holds {key}: Meta takes no personal data in custom_data"
        ));
        return None;
    }
    Some(PropertySource::Column {
        name: name.to_owned(),
        kind: kind?,
    })
}

fn kind(node: Option<&Node<'_>>, documented: Option<PropertyKind>) -> Option<PropertyKind> {
    let Some(node) = node else {
        return Some(documented.unwrap_or(PropertyKind::Text));
    };
    let given = node.check(one_of(node.text()?, &TYPES))?;
    let Some(documented) = documented else {
        return Some(given);
    };
    let agrees = given == documented
        || matches!(
            (given, documented),
            (PropertyKind::Json, PropertyKind::JsonObjects)
        );
    if !agrees {
        let what = describe(documented);
        node.fault(format!("Meta takes {what} here: leave the type out"));
        return None;
    }
    Some(documented)
}

fn separator(node: &Node<'_>) -> Option<char> {
    let mut characters = node.text()?.chars();
    match (characters.next(), characters.next()) {
        (Some(separator), None) if !separator.is_alphanumeric() => Some(separator),
        _ => {
            node.fault("must be one character that is no letter or digit, as \";\"");
            None
        }
    }
}

/// The key that a column is mapped to, or what its name says of a person.
fn key_of(name: &str, columns: &Columns) -> Option<Key> {
    let by_name = match alias(name) {
        Some(Alias::Identifier(key)) => Some(key),
        Some(Alias::Event(_)) | None => None,
    };
    match columns {
        Columns::Auto => by_name,
        Columns::Named(columns) => columns
            .iter()
            .find_map(|column| match column.role {
                Role::Identifier { key, .. } if column.name == name => Some(key),
                _ => None,
            })
            // Whoever left out an address meant it not to be sent.
            .or(by_name.filter(|key| key.is_personal())),
    }
}

/// A fault if the column of an event's or order's id is known to hold what Meta may only
/// have hashed.
pub(super) fn refuse_personal(
    node: &Node<'_>,
    name: &str,
    columns: Option<&Columns>,
) -> Option<()> {
    let key = columns.and_then(|columns| key_of(name, columns));
    let Some(key) = key.filter(|key| key.is_personal()) else {
        return Some(());
    };
    node.fault(format!(
        "this column holds {key}: Meta takes that hashed alone, as an identifier"
    ));
    None
}

impl PropertySource {
    pub(in crate::config) fn toml(&self, property: &str) -> String {
        let (name, kind) = match self {
            PropertySource::Fixed { toml, .. } => return toml.clone(),
            PropertySource::Column { name, kind } => (name, kind),
        };
        let mut toml = format!("{{ column = {}", toml_text(name));
        if PropertyKind::documented(property).is_none()
            && let Some((word, _)) = TYPES.iter().find(|(_, known)| same_type(*known, *kind))
        {
            toml.push_str(&format!(", type = {}", toml_text(word)));
        }
        if let PropertyKind::List { separator } = kind {
            toml.push_str(&format!(
                ", separator = {}",
                toml_text(&separator.to_string())
            ));
        }
        toml.push_str(" }");
        toml
    }
}

fn same_type(a: PropertyKind, b: PropertyKind) -> bool {
    std::mem::discriminant(&a) == std::mem::discriminant(&b)
}
