//! The schema of an upload: which column is what, and in which order a row's cells
//! make its identity.

use std::borrow::Cow;

use serde::Deserialize;

use crate::{
    graph::{
        GraphError,
        text::{is_sha256, lower},
    },
    records::{Digest, Digester, audience::SchemaForm},
};

/// As it is written: one key as a text, or several as a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    One(String),
    Several(Vec<String>),
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// 64 hexadecimal digits.
    Hashed,
    Plain,
    /// A mobile device's id: a UUID in lower case, with its hyphens, not hashed.
    Device,
    /// What somebody is worth: a number in JSON, not negative, never blank.
    Number,
    /// Limited Data Use: a list, of `LDU` or of nothing.
    Options,
    /// Its country: the number 1, or 0 for one that is not told.
    Country,
    /// Its state: the number 1000 (California is the only one that the audience page
    /// names), or 0.
    State,
}

/// In which form of a schema a key may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Alone, as a text.
    Alone,
    /// In a list.
    Listed,
    Either,
}

/// Schema keys of Meta's audience pages, and the column that each is.
const KEYS: &[(&str, &str, Kind, Place)] = &[
    ("EMAIL", "EMAIL", Kind::Hashed, Place::Either),
    ("EMAIL_SHA256", "EMAIL", Kind::Hashed, Place::Alone),
    ("PHONE", "PHONE", Kind::Hashed, Place::Either),
    ("PHONE_SHA256", "PHONE", Kind::Hashed, Place::Alone),
    ("GEN", "GEN", Kind::Hashed, Place::Listed),
    ("DOBY", "DOBY", Kind::Hashed, Place::Listed),
    ("DOBM", "DOBM", Kind::Hashed, Place::Listed),
    ("DOBD", "DOBD", Kind::Hashed, Place::Listed),
    ("LN", "LN", Kind::Hashed, Place::Listed),
    ("FN", "FN", Kind::Hashed, Place::Listed),
    ("FI", "FI", Kind::Hashed, Place::Listed),
    ("CT", "CT", Kind::Hashed, Place::Listed),
    ("ST", "ST", Kind::Hashed, Place::Listed),
    ("ZIP", "ZIP", Kind::Hashed, Place::Listed),
    ("COUNTRY", "COUNTRY", Kind::Hashed, Place::Listed),
    ("EXTERN_ID", "EXTERN_ID", Kind::Plain, Place::Either),
    ("MADID", "MADID", Kind::Device, Place::Listed),
    ("MOBILE_ADVERTISER_ID", "MADID", Kind::Device, Place::Alone),
    ("PAGEUID", "PAGEUID", Kind::Plain, Place::Listed),
    ("APPUID", "APPUID", Kind::Plain, Place::Listed),
    ("UID", "UID", Kind::Plain, Place::Alone),
    (
        "LOOKALIKE_VALUE",
        "LOOKALIKE_VALUE",
        Kind::Number,
        Place::Listed,
    ),
    (
        "DATA_PROCESSING_OPTIONS",
        "DATA_PROCESSING_OPTIONS",
        Kind::Options,
        Place::Listed,
    ),
    (
        "DATA_PROCESSING_OPTIONS_COUNTRY",
        "DATA_PROCESSING_OPTIONS_COUNTRY",
        Kind::Country,
        Place::Listed,
    ),
    (
        "DATA_PROCESSING_OPTIONS_STATE",
        "DATA_PROCESSING_OPTIONS_STATE",
        Kind::State,
        Place::Listed,
    ),
];

/// One column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    /// Meta's key; `EMAIL_SHA256` is `EMAIL` here.
    pub(crate) key: &'static str,
    kind: Kind,
}

impl Column {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::with_place(name).map(|(column, _)| column)
    }

    fn with_place(name: &str) -> Option<(Self, Place)> {
        let (_, key, kind, place) = KEYS.iter().find(|(spelling, ..)| *spelling == name)?;
        Some((Self { key, kind: *kind }, *place))
    }

    /// Whether every row has to say something under it.
    pub(super) fn is_demanded(self) -> bool {
        self.kind == Kind::Number
    }

    pub(super) fn is_hashed(self) -> bool {
        self.kind == Kind::Hashed
    }

    /// Whether the cell says something of a person, and not who it is.
    fn is_attribute(self) -> bool {
        matches!(
            self.kind,
            Kind::Number | Kind::Options | Kind::Country | Kind::State
        )
    }

    /// Whether a cell that is not blank may be written so in JSON.
    pub(super) fn takes_json(self, json: &str) -> bool {
        match self.kind {
            Kind::Options => json.starts_with('['),
            Kind::Country | Kind::State | Kind::Number => {
                json.starts_with(|c: char| c.is_ascii_digit())
            }
            Kind::Hashed | Kind::Plain | Kind::Device => true,
        }
    }

    pub(super) fn takes(self, cell: &str) -> bool {
        match self.kind {
            Kind::Hashed => is_sha256(cell),
            Kind::Plain => true,
            Kind::Device => is_device(cell),
            Kind::Number => cell
                .parse()
                .is_ok_and(|value: f64| value.is_finite() && value >= 0.0),
            Kind::Options => serde_json::from_str::<Vec<String>>(cell)
                .is_ok_and(|options| options.iter().all(|option| option == "LDU")),
            Kind::Country => matches!(cell, "0" | "1"),
            Kind::State => matches!(cell, "0" | "1000"),
        }
    }

    /// The digest by which a cell is known; hashes are compared in lower case.
    pub(crate) fn digest(self, digester: &Digester, cell: Cow<'_, str>) -> Digest {
        let cell = if self.is_hashed() { lower(cell) } else { cell };
        digester.of(["cell", self.key, &cell])
    }
}

/// `ab1234cd-12ab-34cd-56ef-123456abcdef`
fn is_device(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

/// The digest by which a row is known: that of its cells, sorted by key, without what
/// only says something of the person.
pub(crate) fn row_digest(digester: &Digester, cells: &mut [(Column, Digest)]) -> Digest {
    cells.sort_unstable_by_key(|(column, _)| column.key);
    let identity = cells.iter().filter(|(column, _)| !column.is_attribute());
    digester.of(identity.map(|(_, cell)| cell))
}

/// Whether any of the cells says who somebody is.
pub(super) fn identify(cells: &[(Column, Digest)]) -> bool {
    cells.iter().any(|(column, _)| !column.is_attribute())
}

/// The columns of one request.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) form: SchemaForm,
    pub(super) columns: Vec<Column>,
}

impl Schema {
    /// Reads the `schema` member. Every key may stand once: Meta's pages do not say
    /// that one may be repeated.
    pub(super) fn parse(json: &str) -> Result<Self, GraphError> {
        let written = serde_json::from_str(json)
            .map_err(|_| GraphError::parameter("Param schema must be a key or a list of keys"))?;
        let (form, names) = match written {
            Written::One(name) => (SchemaForm::SingleKey, vec![name]),
            Written::Several(names) => (SchemaForm::MultiKey, names),
        };
        let unknown = || GraphError::parameter("Param schema has a key that is not known");
        let mut columns: Vec<Column> = Vec::with_capacity(names.len());
        for name in &names {
            let (column, place) = Column::with_place(name).ok_or_else(unknown)?;
            let elsewhere = match form {
                SchemaForm::SingleKey => Place::Listed,
                SchemaForm::MultiKey => Place::Alone,
            };
            if place == elsewhere {
                return Err(GraphError::parameter(
                    "Param schema has a key that belongs to the other form: one key as a text, \
                     or a list of keys",
                ));
            }
            if columns.iter().any(|other| other.key == column.key) {
                return Err(GraphError::parameter("Param schema has a key twice"));
            }
            columns.push(column);
        }
        if columns.is_empty() {
            return Err(GraphError::parameter("Param schema is empty"));
        }
        Ok(Self { form, columns })
    }

    /// Whether it has a column of values.
    pub(super) fn has_value(&self) -> bool {
        self.columns
            .iter()
            .any(|column| column.kind == Kind::Number)
    }

    /// Ids of an app's users are of certain apps, ids of a page's of exactly one page.
    pub(super) fn check_scopes(&self, apps: usize, pages: usize) -> Result<(), GraphError> {
        let has = |key: &str| self.columns.iter().any(|column| column.key == key);
        if apps == 0 && (has("APPUID") || has("UID")) {
            return Err(GraphError::parameter("The parameter app_ids is required"));
        }
        if pages != 1 && has("PAGEUID") {
            return Err(GraphError::parameter("Param page_ids must have one page"));
        }
        Ok(())
    }
}
