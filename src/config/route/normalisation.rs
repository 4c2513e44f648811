//! `[route.normalisation]`: how names and cities are spelt, where Meta leaves it open.

use crate::identity::Spelling;

use super::super::tree::{Node, Table};

pub(super) fn read(node: &Node<'_>) -> Option<Spelling> {
    let mut table = node.table()?;
    let name_spaces = switch(&mut table, "name_spaces");
    let ascii_city = switch(&mut table, "ascii_city");
    table.close();
    Some(Spelling {
        name_spaces: name_spaces?,
        ascii_city: ascii_city?,
    })
}

/// Off where it is not given.
fn switch(table: &mut Table<'_>, key: &'static str) -> Option<bool> {
    match table.ask(key) {
        None => Some(false),
        Some(node) => node.check(node.scalar().boolean()),
    }
}
