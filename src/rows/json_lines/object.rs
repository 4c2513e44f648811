//! Walks one line's object and tells of each value and where it is.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer as _, MapAccess, SeqAccess, Visitor};
use serde_json::Deserializer;
use serde_json::value::RawValue;

/// Objects within objects beyond this are not looked into.
const MAX_DEPTH: usize = 8;

/// Of a key with those around it. A longer one is that of no column, and what it holds is
/// not looked into: it would be copied, and looked up, for each value within.
const MAX_PATH_BYTES: usize = 1024;

/// A value that is no object, or that is not looked into.
#[derive(Clone, Copy)]
pub(super) enum Value<'l> {
    /// A number, `true` or `false`, as it stands there.
    Plain(&'l str),
    /// A string with its quotes and escapes.
    Text(&'l str),
    Null,
    List(&'l str),
    /// An object too deep.
    TooDeep,
}

/// What is told of the values, in the order of the line.
pub(super) trait Sink {
    /// `path` is the key, after those of the objects around it.
    fn value(&mut self, path: &str, value: Value<'_>);
}

/// The line is not one object.
pub(super) struct NotOneObject;

impl From<serde_json::Error> for NotOneObject {
    /// Its text may repeat the file's.
    fn from(_: serde_json::Error) -> NotOneObject {
        NotOneObject
    }
}

/// Tells `sink` of each value. `path` is scratch. What the escapes of a string mean is not
/// checked: most values are never asked for.
pub(super) fn walk(
    line: &str,
    path: &mut String,
    sink: &mut impl Sink,
) -> Result<(), NotOneObject> {
    path.clear();
    let mut json = Deserializer::from_str(line);
    json.deserialize_map(Object {
        path,
        depth: 0,
        sink,
    })?;
    json.end()?;
    Ok(())
}

struct Object<'w, S> {
    path: &'w mut String,
    depth: usize,
    sink: &'w mut S,
}

impl<'l, S: Sink> Visitor<'l> for Object<'_, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'l>>(mut self, mut map: A) -> Result<(), A::Error> {
        let base = self.path.len();
        if self.depth > 0 {
            self.path.push('.');
        }
        let start = self.path.len();
        while map.next_key_seed(Append(self.path))?.is_some() {
            let raw: &'l RawValue = map.next_value()?;
            self.value(raw.get()).map_err(serde::de::Error::custom)?;
            self.path.truncate(start);
        }
        self.path.truncate(base);
        Ok(())
    }
}

impl<S: Sink> Object<'_, S> {
    fn value(&mut self, raw: &str) -> Result<(), serde_json::Error> {
        if self.path.len() > MAX_PATH_BYTES {
            return Ok(());
        }
        let value = match raw.as_bytes().first() {
            Some(b'{') if self.depth + 1 < MAX_DEPTH => {
                return Deserializer::from_str(raw).deserialize_map(Object {
                    path: self.path,
                    depth: self.depth + 1,
                    sink: self.sink,
                });
            }
            Some(b'{') => Value::TooDeep,
            Some(b'[') => Value::List(raw),
            Some(b'"') => Value::Text(raw),
            Some(b'n') => Value::Null,
            _ => Value::Plain(raw),
        };
        self.sink.value(self.path, value);
        Ok(())
    }
}

/// Puts a string behind what is there.
struct Append<'w>(&'w mut String);

impl<'l> DeserializeSeed<'l> for Append<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'l>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Append<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.push_str(text);
        Ok(())
    }
}

/// Puts a string's meaning behind what is there. An error is half of a surrogate pair.
pub(super) fn append_text(raw: &str, cells: &mut String) -> Result<(), NotOneObject> {
    let within = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"'));
    match within {
        Some(text) if memchr::memchr(b'\\', text.as_bytes()).is_none() => cells.push_str(text),
        _ => Deserializer::from_str(raw).deserialize_str(Append(cells))?,
    }
    Ok(())
}

/// What became of a list.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ListKind {
    Scalars,
    /// With lists or objects in it.
    Nested,
}

/// Puts the scalars of a list behind what is there, `separator` between them; `null`s are
/// left out. Where it is nested, what was put there means nothing.
pub(super) fn append_list(
    raw: &str,
    separator: char,
    cells: &mut String,
) -> Result<ListKind, NotOneObject> {
    let mut json = Deserializer::from_str(raw);
    Ok(json.deserialize_seq(List { separator, cells })?)
}

struct List<'w> {
    separator: char,
    cells: &'w mut String,
}

impl<'l> Visitor<'l> for List<'_> {
    type Value = ListKind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'l>>(self, mut list: A) -> Result<ListKind, A::Error> {
        let mut kind = ListKind::Scalars;
        let mut is_first = true;
        while let Some(raw) = list.next_element::<&'l RawValue>()? {
            let raw = raw.get();
            let start = raw.as_bytes().first();
            match start {
                Some(b'[' | b'{') => kind = ListKind::Nested,
                Some(b'n') => {}
                _ => {
                    if !std::mem::replace(&mut is_first, false) {
                        self.cells.push(self.separator);
                    }
                    if start == Some(&b'"') {
                        append_text(raw, self.cells)
                            .map_err(|NotOneObject| serde::de::Error::custom("surrogate"))?;
                    } else {
                        self.cells.push_str(raw);
                    }
                }
            }
        }
        Ok(kind)
    }
}
