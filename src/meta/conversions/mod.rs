//! The Conversions API: one event for each row, up to 1 000 in a request, all or
//! nothing: one invalid event refuses the request. So every rule Meta documents is
//! checked here first, row by row. (Meta, "Using the API", "Server Event Parameters".)

mod amount;
mod app_data;
mod custom_data;
mod event_id;
mod event_time;
mod property;

use bytes::Bytes;

pub(crate) use amount::check_amount;
pub use app_data::app_data;
pub use custom_data::{Property, PropertySource};
pub use event_time::{EventTime, TooOld};
pub use property::PropertyKind;

use super::client::{Endpoint, Request};
use super::destination::{Destination, LeftOut, RowReject};
use super::exchange::Method;
use super::json;
use crate::batches::{Batch, BatchLimits, Envelope};
use crate::identity::key::{Api, Key};
use crate::identity::{IdentifiedRow, is_blank};
use crate::object::version::ObjectVersion;
use crate::rows::Record;
use custom_data::CustomData;
use event_id::EventIds;
use event_time::EventTimes;

/// Meta: "You can send up to 1,000 events in data."
const LARGEST_REQUEST: usize = 1_000;

/// Between what is the same for all events of an object and the time of each.
const TIME: &[u8] = b",\"event_time\":";

const APP_DATA: &[u8] = b",\"app_data\":";

/// Where the conversion happened: the values of Meta's `action_source` ("Server Event
/// Parameters").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionSource {
    Email,
    Website,
    /// Needs [`EventFields::app_data`].
    App,
    PhoneCall,
    Chat,
    PhysicalStore,
    SystemGenerated,
    BusinessMessaging,
    Other,
}

impl ActionSource {
    pub const ALL: [ActionSource; 9] = [
        ActionSource::Email,
        ActionSource::Website,
        ActionSource::App,
        ActionSource::PhoneCall,
        ActionSource::Chat,
        ActionSource::PhysicalStore,
        ActionSource::SystemGenerated,
        ActionSource::BusinessMessaging,
        ActionSource::Other,
    ];

    /// Meta's word, which is also the configuration's.
    pub const fn as_str(self) -> &'static str {
        match self {
            ActionSource::Email => "email",
            ActionSource::Website => "website",
            ActionSource::App => "app",
            ActionSource::PhoneCall => "phone_call",
            ActionSource::Chat => "chat",
            ActionSource::PhysicalStore => "physical_store",
            ActionSource::SystemGenerated => "system_generated",
            ActionSource::BusinessMessaging => "business_messaging",
            ActionSource::Other => "other",
        }
    }
}

/// A field that is the same for all rows, or comes from a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldSource {
    Fixed(String),
    /// The column's position in the header.
    Column(usize),
}

impl FieldSource {
    /// Empty where the cell is blank, by the same words as any other cell: hundreds of
    /// events with the id `\N` would be one event to Meta.
    fn of<'r>(&'r self, record: &'r Record) -> &'r str {
        match self {
            FieldSource::Fixed(text) => text,
            FieldSource::Column(position) => filled(record.get(*position)),
        }
    }
}

/// The trimmed cell, empty where it is blank.
fn filled(cell: &str) -> &str {
    let cell = cell.trim();
    if is_blank(cell) { "" } else { cell }
}

/// The fields of an event beside the person.
#[derive(Clone, Debug)]
pub struct EventFields {
    pub event_name: String,
    pub action_source: ActionSource,
    pub event_time: EventTime,
    /// `None` makes the id from the object's version and the row's number.
    pub event_id: Option<FieldSource>,
    pub value: Option<FieldSource>,
    pub currency: Option<FieldSource>,
    pub order_id: Option<FieldSource>,
    pub event_source_url: Option<String>,
    /// JSON, which [`app_data`] has seen where it is fixed.
    pub app_data: Option<FieldSource>,
    /// Shows the events in Meta's test tab. They count all the same.
    pub test_event_code: Option<String>,
}

/// The events of one object.
#[derive(Debug)]
pub struct Conversions {
    dataset: String,
    fields: EventFields,
    times: EventTimes,
    ids: EventIds,
    largest_body: usize,
    /// The part of each event that is the same for all, ready to be copied.
    constant: Vec<u8>,
    custom_data: CustomData,
}

impl Conversions {
    /// `now` is Unix seconds: what the age of events is measured against.
    ///
    /// Fails if the events take their time from the object and that is too old, since
    /// then Meta would refuse every one of them.
    pub fn new(
        dataset: String,
        fields: EventFields,
        object: &ObjectVersion,
        largest_body: usize,
        now: i64,
    ) -> Result<Conversions, TooOld> {
        let times = EventTimes::new(&fields, object, now)?;
        let ids = EventIds::new(object, &fields.event_name);
        let mut constant = Vec::new();
        constant.extend_from_slice(b"{\"event_name\":");
        json::text(&mut constant, &fields.event_name);
        constant.extend_from_slice(b",\"action_source\":");
        json::text(&mut constant, fields.action_source.as_str());
        if let Some(url) = &fields.event_source_url {
            constant.extend_from_slice(b",\"event_source_url\":");
            json::text(&mut constant, url);
        }
        if let Some(FieldSource::Fixed(json)) = &fields.app_data {
            constant.extend_from_slice(APP_DATA);
            constant.extend_from_slice(json.as_bytes());
        }
        Ok(Conversions {
            dataset,
            fields,
            times,
            ids,
            largest_body,
            constant,
            custom_data: CustomData::default(),
        })
    }

    /// Of a column; what is fixed is among the constant parts.
    fn write_app_data(&self, record: &Record, body: &mut Vec<u8>) -> Result<(), RowReject> {
        match &self.fields.app_data {
            Some(column @ FieldSource::Column(_)) => {
                body.extend_from_slice(APP_DATA);
                app_data::write(column.of(record), body)
            }
            Some(FieldSource::Fixed(_)) => Ok(()),
            None if self.fields.action_source == ActionSource::App => Err(app_data::missing()),
            None => Ok(()),
        }
    }

    /// With these properties in each event's `custom_data`.
    #[must_use]
    pub fn with_custom_data(mut self, properties: Vec<Property>) -> Conversions {
        self.custom_data = CustomData::new(properties);
        self
    }
}

/// `"em":["<hex>","<hex>"],"fbp":"<text>",…`: a list where the key may be one.
fn write_user_data(row: &IdentifiedRow, body: &mut Vec<u8>) {
    let mut previous = None;
    let mut in_list = false;
    for (key, identifier) in row.iter().filter(|(key, _)| !key.is_processing()) {
        if previous != Some(key) {
            if in_list {
                body.push(b']');
            }
            if previous.is_some() {
                body.push(b',');
            }
            previous = Some(key);
            // All keys of this API have a name in it, of letters and underscores.
            let name = key.wire_name(Api::Conversions).unwrap_or_default();
            body.push(b'"');
            body.extend_from_slice(name.as_bytes());
            body.extend_from_slice(b"\":");
            in_list = key.takes_several(Api::Conversions);
            if in_list {
                body.push(b'[');
            }
        } else if in_list {
            body.push(b',');
        } else {
            continue;
        }
        json::identifier(body, identifier);
    }
    if in_list {
        body.push(b']');
    }
}

/// Limited Data Use, which is of the event and not of the person. Country and state stand
/// only beside options.
fn write_processing(row: &IdentifiedRow, body: &mut Vec<u8>) {
    for key in [
        Key::ProcessingOptions,
        Key::ProcessingCountry,
        Key::ProcessingState,
    ] {
        match row.values(key).next() {
            Some(value) => {
                body.push(b',');
                json::text(body, key.wire_name(Api::Conversions).unwrap_or_default());
                body.push(b':');
                json::identifier(body, value);
            }
            None if key == Key::ProcessingOptions => return,
            None => {}
        }
    }
}

impl Destination for Conversions {
    fn envelope(&self) -> Envelope {
        let mut tail = b"]".to_vec();
        if let Some(code) = &self.fields.test_event_code {
            tail.extend_from_slice(b",\"test_event_code\":");
            json::text(&mut tail, code);
        }
        tail.push(b'}');
        Envelope {
            head: Bytes::from_static(b"{\"data\":["),
            tail: tail.into(),
        }
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits {
            entries: LARGEST_REQUEST,
            bytes: self.largest_body,
        }
    }

    fn write(
        &self,
        record: &Record,
        row: &IdentifiedRow,
        body: &mut Vec<u8>,
    ) -> Result<u32, RowReject> {
        let time = self.times.of(record)?;
        body.extend_from_slice(&self.constant);
        body.extend_from_slice(TIME);
        json::integer(body, time);
        body.extend_from_slice(b",\"event_id\":");
        match &self.fields.event_id {
            None => self.ids.write(record.number(), body),
            Some(source) => match source.of(record) {
                "" => return Err(RowReject::new("event_id", "event_id_missing")),
                id if id.len() > event_id::LONGEST => {
                    return Err(RowReject::new("event_id", "event_id_too_long"));
                }
                id => json::text(body, id),
            },
        }
        body.extend_from_slice(b",\"user_data\":{");
        write_user_data(row, body);
        body.push(b'}');
        write_processing(row, body);
        self.write_app_data(record, body)?;
        self.custom_data.write(&self.fields, record, body)?;
        body.push(b'}');
        Ok(1)
    }

    fn request(&self, batch: &Batch) -> Request {
        Request {
            endpoint: Endpoint::Events {
                dataset: self.dataset.clone(),
            },
            method: Method::Post,
            body: batch.body(),
        }
    }

    /// The times of a column stand in the body, each at the same place of its event, so that
    /// nothing has to be kept for the rare batch that waited for days.
    fn too_old(&self, batch: &Batch, now: i64) -> Vec<usize> {
        let at = self.constant.len() + TIME.len();
        let time = |event: &[u8]| {
            let digits = event.get(at..)?.iter();
            let digits = digits.take_while(|byte| byte.is_ascii_digit());
            Some(digits.fold(0_i64, |sum, digit| {
                sum.saturating_mul(10)
                    .saturating_add(i64::from(digit - b'0'))
            }))
        };
        let is_too_old = |time| self.times.is_too_old(time, now);
        match self.times.fixed() {
            Some(time) if is_too_old(time) => (0..batch.row_texts().count()).collect(),
            Some(_) => Vec::new(),
            None => {
                let rows = batch.row_texts().enumerate();
                let old = rows.filter(|(_, event)| time(event).is_some_and(is_too_old));
                old.map(|(place, _)| place).collect()
            }
        }
    }

    fn left_out(&self) -> Vec<LeftOut> {
        self.custom_data.left_out()
    }
}
