//! `input` of a route: how its files are read, where their content alone shall not
//! decide.

use super::super::shown::toml_text;
use super::super::suggest::one_of;
use super::super::tree::{Node, Table};
use crate::rows::{Encoding, Escape, InputFormat, Quote};

/// What is left out is told by the content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteInput {
    pub format: InputFormat,
    pub encoding: Encoding,
    /// ASCII.
    pub delimiter: Option<u8>,
    pub quote: Option<Quote>,
    pub escape: Option<Escape>,
    /// The columns' names where the file has no header. Trimmed, no two the same.
    pub header: Option<Vec<String>>,
}

const FORMATS: [(&str, InputFormat); 4] = [
    ("auto", InputFormat::Auto),
    ("csv", InputFormat::Csv),
    ("json_lines", InputFormat::JsonLines),
    ("parquet", InputFormat::Parquet),
];

const ENCODINGS: [(&str, Encoding); 4] = [
    ("utf-8", Encoding::Utf8),
    ("latin-1", Encoding::Latin1),
    ("windows-1252", Encoding::Windows1252),
    ("utf-16", Encoding::Utf16),
];

const QUOTES: [(&str, Quote); 3] = [
    ("\"", Quote::Double),
    ("'", Quote::Single),
    ("none", Quote::None),
];

const ESCAPES: [(&str, Escape); 2] = [("\\", Escape::Backslash), ("none", Escape::None)];

impl RouteInput {
    /// `None` is a fault.
    pub(super) fn read(route: &mut Table<'_>) -> Option<RouteInput> {
        let Some(node) = route.ask("input") else {
            return Some(RouteInput::default());
        };
        let mut table = node.table()?;
        let format = word(&mut table, "format", &FORMATS);
        let encoding = word(&mut table, "encoding", &ENCODINGS);
        let delimiter_node = table.ask("delimiter");
        let quote = word(&mut table, "quote", &QUOTES);
        let escape = word(&mut table, "escape", &ESCAPES);
        let header_node = table.ask("header");
        let delimiter = match &delimiter_node {
            None => Some(None),
            Some(node) => delimiter(node).map(Some),
        };
        let header = match &header_node {
            None => Some(None),
            Some(node) => header(node).map(Some),
        };
        let mut fits = true;
        if let Some(Some(format)) = format {
            let name = name_of(format, &FORMATS);
            for (key, given) in [
                (
                    "encoding",
                    format == InputFormat::Parquet && encoding != Some(None),
                ),
                ("delimiter", is_named(format) && delimiter_node.is_some()),
                ("quote", is_named(format) && quote != Some(None)),
                ("escape", is_named(format) && escape != Some(None)),
                ("header", is_named(format) && header_node.is_some()),
            ] {
                if given {
                    table.fault_of(key, format!("has no meaning for format = \"{name}\""));
                    fits = false;
                }
            }
        }
        if quote == Some(Some(Quote::None)) && escape == Some(Some(Escape::Backslash)) {
            table.fault_of("escape", "has no meaning without quotes");
            fits = false;
        }
        table.close();
        let input = RouteInput {
            format: format?.unwrap_or_default(),
            encoding: encoding?.unwrap_or_default(),
            delimiter: delimiter?,
            quote: quote?,
            escape: escape?,
            header: header?,
        };
        fits.then_some(input)
    }

    /// The lines that read back to this; none where all is told by the content.
    pub(in crate::config) fn toml(&self) -> Vec<String> {
        let auto = RouteInput::default();
        let text = |key: &str, value: &str| format!("{key} = {}", toml_text(value));
        let mut lines = Vec::new();
        if self.format != auto.format {
            lines.push(text("format", name_of(self.format, &FORMATS)));
        }
        if self.encoding != auto.encoding {
            lines.push(text("encoding", name_of(self.encoding, &ENCODINGS)));
        }
        if let Some(delimiter) = self.delimiter {
            lines.push(text("delimiter", &char::from(delimiter).to_string()));
        }
        if let Some(quote) = self.quote {
            lines.push(text("quote", name_of(quote, &QUOTES)));
        }
        if let Some(escape) = self.escape {
            lines.push(text("escape", name_of(escape, &ESCAPES)));
        }
        if let Some(names) = &self.header {
            let names: Vec<String> = names.iter().map(|name| toml_text(name)).collect();
            lines.push(format!("header = [{}]", names.join(", ")));
        }
        lines
    }
}

/// Whether the rows of this format name their values.
fn is_named(format: InputFormat) -> bool {
    matches!(format, InputFormat::JsonLines | InputFormat::Parquet)
}

/// The outer `None` is a fault, the inner one nothing given.
fn word<T: Copy>(
    table: &mut Table<'_>,
    key: &'static str,
    known: &[(&str, T)],
) -> Option<Option<T>> {
    let Some(node) = table.ask(key) else {
        return Some(None);
    };
    let word = node.text()?;
    node.check(one_of(word, known)).map(Some)
}

fn name_of<T: Copy + PartialEq>(value: T, known: &[(&'static str, T)]) -> &'static str {
    let found = known.iter().find(|(_, other)| *other == value);
    found.map_or("", |(name, _)| name)
}

fn delimiter(node: &Node<'_>) -> Option<u8> {
    let text = node.text()?;
    let allowed = |byte: u8| {
        byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"'\\\r\n\0".contains(&byte)
    };
    if let [byte] = text.as_bytes()
        && allowed(*byte)
    {
        return Some(*byte);
    }
    node.fault(
        "must be one ASCII character, as \";\" or \"\\t\", and no letter, digit, quote, backslash or line end",
    );
    None
}

fn header(node: &Node<'_>) -> Option<Vec<String>> {
    let elements = node.elements("a list of the columns' names, as [\"email\", \"phone\"]")?;
    if elements.is_empty() {
        node.fault("an empty list names no column");
        return None;
    }
    let mut names: Vec<String> = Vec::new();
    let mut complete = true;
    for element in &elements {
        match element.text().map(str::trim) {
            None => complete = false,
            Some("") => {
                element.fault("the column's name is empty");
                complete = false;
            }
            Some(name) if names.iter().any(|other| other == name) => {
                element.fault("this column is given twice");
                complete = false;
            }
            Some(name) => names.push(name.to_owned()),
        }
    }
    complete.then_some(names)
}
