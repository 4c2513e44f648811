//! The rows of an upload, read in one pass from the request's text into digests.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use serde::{
    Deserializer,
    de::{self, DeserializeSeed, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::schema::{Column, Schema, identify, row_digest};
use crate::{
    graph::{
        GraphError,
        text::{Scalar, Scalars, is_hash_of_nothing},
    },
    records::{
        Digest, Digester,
        audience::{Rows, SchemaForm},
    },
};

/// Meta takes at most this many rows at once.
const MOST_ROWS: u64 = 10_000;
/// Meta echoes up to this many of the entries it found invalid.
const MOST_SAMPLES: usize = 100;

/// The rows of one request, and Meta's echo of the bad ones.
pub(super) struct Upload {
    pub(super) rows: Rows,
    /// Entry number → the cell that was refused. Goes into the answer, as Meta does
    /// it, and nowhere else.
    pub(super) samples: BTreeMap<String, String>,
    /// Whether a cell is blank that every row has to fill.
    pub(super) lacks_a_value: bool,
}

pub(super) fn read(data: &str, schema: &Schema, digester: &Digester) -> Result<Upload, GraphError> {
    let mut reader = Reader {
        schema,
        digester,
        upload: Upload {
            rows: Rows::default(),
            samples: BTreeMap::new(),
            lacks_a_value: false,
        },
        cells: Vec::with_capacity(schema.columns.len()),
        refusal: None,
    };
    let mut json = serde_json::Deserializer::from_str(data);
    let read = json.deserialize_seq(&mut reader).and_then(|()| json.end());
    match (read, reader.refusal) {
        (Ok(()), _) => Ok(reader.upload),
        (Err(_), Some(refusal)) => Err(refusal),
        (Err(_), None) => Err(GraphError::parameter("Param data must be a list of rows")),
    }
}

struct Reader<'s> {
    schema: &'s Schema,
    digester: &'s Digester,
    upload: Upload,
    /// Of the row at hand, non-blank and valid.
    cells: Vec<(Column, Digest)>,
    /// Why reading was broken off, if it was not the JSON.
    refusal: Option<GraphError>,
}

impl Reader<'_> {
    fn refuse<E: de::Error>(&mut self, refusal: GraphError) -> E {
        self.refusal = Some(refusal);
        E::custom("refused")
    }

    fn wrong_width<E: de::Error>(&mut self) -> E {
        self.refuse(GraphError::parameter(
            "The number of cells in each row must match the number of keys in the schema",
        ))
    }

    /// Takes the next cell; the answer is whether it is valid.
    fn cell(&mut self, column: Column, cell: Cow<'_, str>) -> bool {
        if cell.is_empty() {
            self.upload.lacks_a_value |= column.is_demanded();
            return !column.is_demanded();
        }
        if !column.takes(&cell) {
            let samples = &mut self.upload.samples;
            if samples.len() < MOST_SAMPLES {
                samples.insert(self.upload.rows.received.to_string(), cell.into_owned());
            }
            return false;
        }
        self.upload.rows.empty_hashes += u64::from(column.is_hashed() && is_hash_of_nothing(&cell));
        self.cells
            .push((column, column.digest(self.digester, cell)));
        true
    }

    /// Ends the row at hand. One that does not say who it is, is invalid.
    fn end_row<E: de::Error>(&mut self, valid: bool) -> Result<(), E> {
        let rows = &mut self.upload.rows;
        rows.received += 1;
        if rows.received > MOST_ROWS {
            return Err(self.refuse(GraphError::too_large()));
        }
        if valid && identify(&self.cells) {
            let row = row_digest(self.digester, &mut self.cells);
            rows.push(row, self.cells.iter().map(|(_, cell)| *cell));
        } else {
            rows.invalid += 1;
        }
        self.cells.clear();
        Ok(())
    }
}

/// The list of rows.
impl<'de> Visitor<'de> for &mut Reader<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of rows")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut rows: S) -> Result<(), S::Error> {
        while rows.next_element_seed(Row(self))?.is_some() {}
        Ok(())
    }
}

/// A row: a list of cells or, with a single key, the cell itself.
struct Row<'r, 's>(&'r mut Reader<'s>);

impl<'de> DeserializeSeed<'de> for Row<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Row<'_, '_> {
    /// A list of keys has rows, even if it is a list of one.
    fn single<E: de::Error>(self, cell: Scalar<'_>) -> Result<(), E> {
        let schema = self.0.schema;
        let ([column], SchemaForm::SingleKey) = (schema.columns.as_slice(), schema.form) else {
            return Err(self.0.wrong_width());
        };
        let column = *column;
        let valid = self.0.cell(column, cell.0);
        self.0.end_row(valid)
    }
}

impl<'de> Visitor<'de> for Row<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut cells: S) -> Result<(), S::Error> {
        let schema = self.0.schema;
        let mut valid = true;
        for column in &schema.columns {
            let Some(cell) = cells.next_element::<&RawValue>()? else {
                return Err(self.0.wrong_width());
            };
            let text = plain(cell);
            valid &= text.is_empty() || column.takes_json(cell.get());
            valid &= self.0.cell(*column, text);
        }
        if cells.next_element::<de::IgnoredAny>()?.is_some() {
            return Err(self.0.wrong_width());
        }
        self.0.end_row(valid)
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<(), E> {
        self.single(Scalars.visit_borrowed_str(text)?)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        self.single(Scalars.visit_str(text)?)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<(), E> {
        self.single(Scalars.visit_u64(number)?)
    }
}

/// A cell's text: a string's content, nothing for null, else the JSON itself, since
/// the cells of Limited Data Use are lists.
fn plain(cell: &RawValue) -> Cow<'_, str> {
    match cell.get() {
        "null" => Cow::Borrowed(""),
        json => crate::graph::parameters::unwrap_text(json),
    }
}
