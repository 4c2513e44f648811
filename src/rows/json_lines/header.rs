//! The columns of a file whose rows name their values: the keys of the first lines.

use std::collections::HashSet;

use super::super::error::RowsError;
use super::super::options::RowOptions;
use super::object::{ListKind, Sink, Value, append_list, walk};
use crate::similar::is_similar;

/// The names of the columns, in the order in which `text`, the beginning of the file or
/// the `whole`, first has them.
///
/// Writers leave out what is null, so a column may not occur for long. Wanted columns that
/// do not are added, if another wanted column does occur: then this is the file that was
/// meant. One is not added if something occurs that is nearly so called, since it is
/// more likely mistyped. A mistyped name that is like no other passes, as a column of
/// nothing; the fill rate of its key tells.
///
/// A key that holds lists of objects, or objects too deep, is no column unless wanted; nor
/// is one of more than a kilobyte.
pub(in crate::rows) fn columns(
    text: &[u8],
    whole: bool,
    options: &RowOptions,
) -> Result<Vec<String>, RowsError> {
    let mut keys = Keys {
        wanted: &options.wanted,
        max_columns: options.max_columns,
        bytes_left: options.max_header_bytes,
        ..Keys::default()
    };
    let mut path = String::new();
    let mut lines = text.split(|&byte| byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let is_cut = !whole && lines.peek().is_none();
        let Ok(line) = std::str::from_utf8(line) else {
            continue;
        };
        let is_object = || serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok();
        if !is_cut && is_object() {
            // What is no object is rejected when its turn comes.
            let _ = walk(line, &mut path, &mut keys);
        }
    }
    let (max_columns, max_bytes) = (options.max_columns, options.max_header_bytes);
    if keys.too_many {
        return Err(RowsError::TooManyColumns { max_columns });
    }
    if keys.too_long {
        return Err(RowsError::HeaderTooLong { max_bytes });
    }
    let mut names = keys.names;
    names.retain(|name| !keys.nested.contains(name));
    // Names are compared without the spaces around them, as the mapping does.
    let is_there = |name: &String| names.iter().any(|there| there.trim() == name);
    if options.wanted.iter().any(is_there) {
        let absent = options.wanted.iter().filter(|wanted| !is_there(wanted));
        let absent = absent.filter(|wanted| !names.iter().any(|name| is_similar(wanted, name)));
        let absent: Vec<String> = absent.cloned().collect();
        names.extend(absent);
    }
    Ok(names)
}

#[derive(Default)]
struct Keys<'o> {
    wanted: &'o [String],
    names: Vec<String>,
    known: HashSet<String>,
    /// Names that are no columns.
    nested: HashSet<String>,
    max_columns: usize,
    bytes_left: usize,
    too_many: bool,
    too_long: bool,
    scratch: String,
}

impl Sink for Keys<'_> {
    fn value(&mut self, path: &str, value: Value<'_>) {
        let is_nested = match value {
            Value::TooDeep => true,
            Value::List(raw) => {
                self.scratch.clear();
                matches!(
                    append_list(raw, ' ', &mut self.scratch),
                    Ok(ListKind::Nested)
                )
            }
            Value::Plain(_) | Value::Text(_) | Value::Null => false,
        };
        if !self.known.contains(path) {
            self.too_many |= self.names.len() >= self.max_columns;
            match self.bytes_left.checked_sub(path.len()) {
                Some(left) => self.bytes_left = left,
                None => self.too_long = true,
            }
            // The file is refused, and takes no more memory.
            if self.too_many || self.too_long {
                return;
            }
            self.known.insert(path.to_owned());
            self.names.push(path.to_owned());
        }
        let is_wanted = || self.wanted.iter().any(|name| name == path.trim());
        if is_nested && !self.nested.contains(path) && !is_wanted() {
            self.nested.insert(path.to_owned());
        }
    }
}
