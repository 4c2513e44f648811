//! The `custom_data` of an event: what was bought, beside by whom.
//!
//! Value and currency are what Meta counts by, so a row without them is rejected. The
//! other properties are optional: one that cannot be written is left out and counted,
//! because losing the event for it would cost more.

use std::sync::atomic::{AtomicU64, Ordering};

use super::super::destination::{LeftOut, RowReject};
use super::super::json;
use super::EventFields;
use super::amount::Amount;
use super::property::{LeftOutReason, PropertyKind, Written};
use crate::rows::Record;

/// A property beside value, currency and order id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    pub name: String,
    pub source: PropertySource,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PropertySource {
    /// JSON that is the same for all rows.
    Fixed(Vec<u8>),
    Column {
        /// The column's position in the header.
        position: usize,
        kind: PropertyKind,
    },
}

/// The properties of one object's events.
#[derive(Debug, Default)]
pub(super) struct CustomData {
    /// `"name":value,…` of all that is fixed.
    constant: Vec<u8>,
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    name: String,
    /// `"name":`
    label: Vec<u8>,
    position: usize,
    kind: PropertyKind,
    left_out: [AtomicU64; LeftOutReason::ALL.len()],
}

impl CustomData {
    pub(super) fn new(properties: Vec<Property>) -> CustomData {
        let mut data = CustomData::default();
        for Property { name, source } in properties {
            let mut label = Vec::new();
            json::text(&mut label, &name);
            label.push(b':');
            match source {
                PropertySource::Fixed(value) => {
                    if !data.constant.is_empty() {
                        data.constant.push(b',');
                    }
                    data.constant.extend_from_slice(&label);
                    data.constant.extend_from_slice(&value);
                }
                PropertySource::Column { position, kind } => data.columns.push(Column {
                    name,
                    label,
                    position,
                    kind,
                    left_out: Default::default(),
                }),
            }
        }
        data
    }

    /// Appends `,"custom_data":{…}`, or nothing if the row has none.
    pub(super) fn write(
        &self,
        fields: &EventFields,
        record: &Record,
        body: &mut Vec<u8>,
    ) -> Result<(), RowReject> {
        let mut object = Object::begin(body);
        write_value(fields, record, &mut object)?;
        let order_id = fields.order_id.as_ref();
        match order_id.map_or("", |source| source.of(record)) {
            "" => {}
            order_id => {
                object.member(b"\"order_id\":");
                json::text(object.body, order_id);
            }
        }
        if !self.constant.is_empty() {
            object.member(&self.constant);
        }
        for column in &self.columns {
            let end = object.body.len();
            object.member(&column.label);
            let cell = record.get(column.position);
            match column.kind.write(cell, object.body) {
                Written::Value => continue,
                Written::Blank => {}
                Written::LeftOut(reason) => column.count(reason),
            }
            object.body.truncate(end);
        }
        object.end();
        Ok(())
    }

    /// What was left out so far.
    pub(super) fn left_out(&self) -> Vec<LeftOut> {
        let mut all = Vec::new();
        for column in &self.columns {
            for (reason, count) in LeftOutReason::ALL.into_iter().zip(&column.left_out) {
                let cells = count.load(Ordering::Relaxed);
                if cells > 0 {
                    all.push(LeftOut {
                        property: column.name.clone(),
                        reason: reason.code(),
                        cells,
                    });
                }
            }
        }
        all
    }
}

impl Column {
    fn count(&self, reason: LeftOutReason) {
        if let Some(count) = self.left_out.get(reason as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn write_value(
    fields: &EventFields,
    record: &Record,
    object: &mut Object<'_>,
) -> Result<(), RowReject> {
    let value = fields.value.as_ref();
    let value = value.map_or("", |source| source.of(record));
    if value.is_empty() {
        return match fields.event_name.as_str() {
            "Purchase" => Err(RowReject::new("value", "value_missing")),
            _ => Ok(()),
        };
    }
    let amount = Amount::parse(value).map_err(|reason| RowReject::new("value", reason))?;
    let currency = fields.currency.as_ref();
    let [a, b, c] = currency_code(currency.map_or("", |source| source.of(record)))?;
    object.member(b"\"value\":");
    amount.write(object.body);
    object.member(b"\"currency\":\"");
    object.body.extend_from_slice(&[a, b, c, b'"']);
    Ok(())
}

/// Three letters, as ISO 4217 has them; Meta takes either case, its SDK sends lower.
fn currency_code(text: &str) -> Result<[u8; 3], RowReject> {
    match text.as_bytes() {
        [] => Err(RowReject::new("currency", "currency_missing")),
        [a, b, c] if text.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            Ok([a, b, c].map(u8::to_ascii_lowercase))
        }
        _ => Err(RowReject::new("currency", "currency_no_iso_code")),
    }
}

/// A JSON object that is taken back if nothing comes into it.
struct Object<'b> {
    body: &'b mut Vec<u8>,
    start: usize,
    empty: usize,
}

impl<'b> Object<'b> {
    fn begin(body: &'b mut Vec<u8>) -> Object<'b> {
        let start = body.len();
        body.extend_from_slice(b",\"custom_data\":{");
        let empty = body.len();
        Object { body, start, empty }
    }

    /// A comma where one belongs, and the beginning of a member.
    fn member(&mut self, text: &[u8]) {
        if self.body.len() > self.empty {
            self.body.push(b',');
        }
        self.body.extend_from_slice(text);
    }

    fn end(self) {
        if self.body.len() == self.empty {
            self.body.truncate(self.start);
        } else {
            self.body.push(b'}');
        }
    }
}
