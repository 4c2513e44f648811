//! `columns` of a route: what the source's columns hold.

use crate::identity::columns::{Column, Columns, Role};
use crate::identity::key::{Api, Key};

use super::super::suggest::{did_you_mean, shown};
use super::super::tree::Node;
use super::column_options::Options;

/// `api` is that of the route's destination, where that is known.
pub(super) fn read(node: &Node<'_>, api: Option<Api>) -> Option<Columns> {
    if node.is_text() {
        return match node.text()? {
            "auto" => Some(Columns::Auto),
            _ => {
                node.fault("must be \"auto\", or a table of source column to key");
                None
            }
        };
    }
    let table = node.table()?;
    let mut columns: Vec<Column> = Vec::new();
    let mut complete = true;
    for (name, entry) in table.entries() {
        let name = name.trim();
        if name.is_empty() {
            entry.fault("the column's name is empty");
            complete = false;
        } else if columns.iter().any(|column| column.name == name) {
            entry.fault("this column is given twice but for blanks around it");
            complete = false;
        } else if let Some(role) = role(&entry, api) {
            let name = name.to_owned();
            columns.push(Column { name, role });
        } else {
            complete = false;
        }
    }
    let identifies = |column: &Column| match column.role {
        Role::Identifier { key, .. } => key.identifies(),
        Role::OnlyIf { .. } => false,
    };
    if complete && !columns.iter().any(identifies) {
        node.fault("no column holds an identifier, so nobody could be recognised");
        return None;
    }
    complete.then_some(Columns::Named(columns))
}

fn role(node: &Node<'_>, api: Option<Api>) -> Option<Role> {
    if node.is_text() {
        let key = key(node)?;
        return Some(Role::identifier(key));
    }
    if !node.is_table() {
        let kind = node.scalar().kind();
        node.fault(format!(
            "must be a key such as \"email\", or a table with key or only_if, not {kind}"
        ));
        return None;
    }
    let mut table = node.table()?;
    let key_node = table.ask("key");
    let options = Options::ask(&mut table);
    let only_if = table.ask("only_if");
    let role = match (key_node, only_if) {
        (Some(node), None) => key(&node).and_then(|key| options.role(key, api)),
        (None, Some(node)) => {
            options.refuse("has no meaning for a row filter");
            values(&node).map(|values| Role::OnlyIf { values })
        }
        (None, None) => {
            table.fault("needs key or only_if");
            None
        }
        (Some(_), Some(node)) => {
            node.fault("a column is an identifier or a row filter, not both");
            None
        }
    };
    table.close();
    role
}

fn key(node: &Node<'_>) -> Option<Key> {
    node.check(known_key(node.text()?))
}

/// The key of this name, ours or Meta's.
pub(super) fn known_key(name: &str) -> Result<Key, String> {
    Key::from_name(name.trim()).ok_or_else(|| {
        let hint = did_you_mean(name, Key::ALL.map(Key::name));
        format!("unknown key {}{hint}", shown(name))
    })
}

fn values(node: &Node<'_>) -> Option<Vec<String>> {
    let elements = node.elements("a list of texts, as [\"Y\", \"true\"]")?;
    if elements.is_empty() {
        node.fault("an empty list would let no row through");
        return None;
    }
    let values: Vec<Option<&str>> = elements.iter().map(Node::text).collect();
    let values: Option<Vec<&str>> = values.into_iter().collect();
    Some(values?.iter().map(|text| text.trim().to_owned()).collect())
}
