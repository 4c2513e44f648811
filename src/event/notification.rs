//! S3's own notifications: `Records[]`, one or many, with form-encoded keys.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>

use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::{IgnoredAny, SeqAccess};

use super::ObjectEvent;
use super::body::Objects;
use super::eventbridge::moment;
use super::field::{Field, FromJson, from_json_object};
use super::noise::{Noise, Reason};
use super::subject::Subject;

/// The records, judged as they are read: a list of a hundred thousand empty ones
/// costs nothing.
pub(super) struct Records(Objects);

impl Records {
    pub(super) fn into_objects(self) -> Objects {
        self.0
    }
}

impl FromJson for Records {
    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut objects = Vec::new();
        let mut noise = None;
        while let Some(record) = list.next_element::<Field<Record>>()? {
            match record.required("Records[]").and_then(Record::decode) {
                Ok(Ok(object)) => objects.push(object),
                Ok(Err(kind)) => {
                    noise.get_or_insert(kind);
                }
                // The message is one: with a part of it not understood it must not
                // be deleted, however good the rest is.
                Err(reason) => {
                    while list.next_element::<IgnoredAny>()?.is_some() {}
                    return Ok(Some(Records(Err(reason))));
                }
            }
        }
        Ok(Some(Records(match noise {
            _ if !objects.is_empty() => Ok(Ok(objects)),
            Some(kind) => Ok(Err(kind)),
            None => Err(Reason::NoRecords),
        })))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Record {
    #[serde(rename = "eventSource")]
    source: Field<String>,
    #[serde(rename = "eventName")]
    name: Field<String>,
    #[serde(rename = "eventTime")]
    time: Field<String>,
    s3: Field<Subject>,
}
from_json_object!(Record);

impl Record {
    fn decode(self) -> Result<Result<ObjectEvent, Noise>, Reason> {
        if self.source.required("eventSource")? != "aws:s3" {
            return Ok(Err(Noise::OtherSource));
        }
        // The documents write `s3:ObjectCreated:Put`, the messages `ObjectCreated:Put`.
        let name = self.name.required("eventName")?;
        match name.trim_start_matches("s3:").split(':').next() {
            Some("ObjectCreated") => {}
            Some("ObjectRemoved" | "LifecycleExpiration") => {
                return Ok(Err(Noise::ObjectRemoved));
            }
            _ => return Ok(Err(Noise::OtherEventType)),
        }
        let mut event = self.s3.required("s3")?.into_event()?;
        event.address.key = form_decoded(&event.address.key)?;
        event.time = self.time.optional("eventTime")?.as_deref().and_then(moment);
        Ok(Ok(event))
    }
}

/// A `%` that begins no escape stays: S3 never writes one, people do.
fn form_decoded(key: &str) -> Result<String, Reason> {
    percent_decode_str(&key.replace('+', " "))
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| Reason::KeyNotUtf8)
}
