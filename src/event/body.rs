//! The outermost JSON object of a message, and which shape it has.

use serde::Deserialize;
use serde_json::error::Category;

use super::eventbridge::{self, Detail};
use super::field::Field;
use super::noise::{Noise, Reason};
use super::notification::Records;
use super::{Decoded, ObjectEvent};

/// The fields of all shapes side by side: which of them are there tells the shape,
/// and the body is read once.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Body {
    #[serde(rename = "Type")]
    sns_type: Field<String>,
    #[serde(rename = "Message")]
    sns_message: Field<String>,

    #[serde(rename = "Records")]
    records: Field<Records>,
    #[serde(rename = "Event")]
    event: Field<String>,

    pub(super) source: Field<String>,
    #[serde(rename = "detail-type")]
    pub(super) detail_type: Field<String>,
    pub(super) detail: Field<Detail>,
    pub(super) time: Field<String>,
    #[serde(rename = "replay-name")]
    pub(super) replay_name: Field<String>,
}

impl Body {
    pub(super) fn parse(text: &str) -> Result<Body, Reason> {
        // A list is refused here: serde would take it for the fields in order.
        if text.trim_start().starts_with('[') {
            return Err(Reason::UnknownShape);
        }
        serde_json::from_str(text).map_err(|error| match error.classify() {
            // JSON, but no object, or one with a field given twice.
            Category::Data => Reason::UnknownShape,
            Category::Io | Category::Syntax | Category::Eof => Reason::NotJson,
        })
    }

    /// Only SNS writes `Type`; other shapes ignore fields they do not know.
    pub(super) fn is_from_sns(&self) -> bool {
        self.sns_type.is_given() && !self.records.is_given() && !self.detail_type.is_given()
    }

    /// What SNS wrapped, if the message came through it.
    pub(super) fn sns_message(&self) -> Option<Result<String, Reason>> {
        if !self.is_from_sns() {
            return None;
        }
        Some(match self.sns_type.text() {
            Some("Notification") => match &self.sns_message {
                Field::Is(message) => Ok(message.clone()),
                Field::Absent => Err(Reason::Missing("Message")),
                Field::WrongType => Err(Reason::WrongType("Message")),
            },
            Some("SubscriptionConfirmation" | "UnsubscribeConfirmation") => {
                Err(Reason::SubscriptionChange)
            }
            _ => Err(Reason::UnknownShape),
        })
    }

    pub(super) fn decode(self) -> Decoded {
        if self.records.is_given() {
            return decided(
                self.records
                    .required("Records")
                    .and_then(Records::into_objects),
            );
        }
        if self.event.text() == Some("s3:TestEvent") {
            return Decoded::Noise(Noise::TestEvent);
        }
        if self.detail_type.is_given() {
            return decided(eventbridge::objects(self));
        }
        Decoded::NotUnderstood(Reason::UnknownShape)
    }
}

/// What reading one shape comes to: objects, or noise, or neither.
pub(super) type Objects = Result<Result<Vec<ObjectEvent>, Noise>, Reason>;

fn decided(objects: Objects) -> Decoded {
    match objects {
        Ok(Ok(objects)) => Decoded::Objects(objects),
        Ok(Err(noise)) => Decoded::Noise(noise),
        Err(reason) => Decoded::NotUnderstood(reason),
    }
}
