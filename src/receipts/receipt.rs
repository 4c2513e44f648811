//! The receipt itself, as it is kept in JSON.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::balance::{self, Unbalanced};
use super::code::Code;
use super::path;
use super::refusals::Refusals;
use super::reject_list::RejectsFile;
use super::rejects::Rejects;
use super::run::RunReport;
use super::share::Share;
use super::status::Status;
use super::timestamp::Timestamp;
use super::trace_ids::TraceIds;
use super::unmapped::UnmappedColumns;
use super::warning::Warning;
use crate::object::version::ObjectVersion;

/// What became of one object version on one route.
///
/// Names of buckets, keys and routes, and counts: never a cell, an identifier or an
/// answer's text. Fields that a later version adds are ignored when read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    pub schema: Schema,
    #[serde(flatten)]
    pub status: Status,
    /// A sentence for people, where the reason alone is not enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<String>,
    pub object: ObjectDescription,
    pub route: String,
    pub destination: Destination,
    pub started_at: Timestamp,
    pub finished_at: Timestamp,
    pub duration_ms: u64,
    pub rows: Rows,
    pub sent: Sent,
    pub entries: Entries,
    pub batches: Batches,
    #[serde(flatten)]
    pub rejects: Rejects,
    #[serde(flatten)]
    pub refusals: Refusals,
    /// Where all of them are listed, row by row, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejects_file: Option<RejectsFile>,
    /// What became of the cells of each key that columns were mapped to.
    pub fields: BTreeMap<Code, FieldCounts>,
    /// Cells of optional properties (`custom_data`) that their events went out without,
    /// by property and reason.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties_left_out: BTreeMap<Code, BTreeMap<Code, u64>>,
    #[serde(flatten)]
    pub unmapped_columns: UnmappedColumns,
    /// What a person should look at, though the rows are fine each by itself.
    #[serde(default)]
    pub warnings: Vec<Warning>,
    #[serde(flatten)]
    pub trace_ids: TraceIds,
    /// The replay that asked for it, if it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<String>,
    /// Where it took more than one attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Attempts>,
    /// Of a whole run, and of no single object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Box<RunReport>>,
    pub worker: Worker,
}

impl Receipt {
    /// With all counts at zero, which the caller then sets.
    pub fn new(
        object: &ObjectVersion,
        route: impl Into<String>,
        destination: Destination,
        status: Status,
        started_at: OffsetDateTime,
        finished_at: OffsetDateTime,
    ) -> Receipt {
        let duration = (finished_at - started_at).whole_milliseconds();
        Receipt {
            schema: Schema,
            status,
            explanation: None,
            object: ObjectDescription::from(object),
            route: route.into(),
            destination,
            started_at: started_at.into(),
            finished_at: finished_at.into(),
            // A clock set back in between makes no negative time.
            duration_ms: u64::try_from(duration).unwrap_or(0),
            rows: Rows::default(),
            sent: Sent::default(),
            entries: Entries::default(),
            batches: Batches::default(),
            rejects: Rejects::default(),
            refusals: Refusals::default(),
            rejects_file: None,
            fields: BTreeMap::new(),
            unmapped_columns: UnmappedColumns::default(),
            warnings: Vec::new(),
            properties_left_out: BTreeMap::new(),
            trace_ids: TraceIds::default(),
            replay: None,
            attempts: None,
            run: None,
            worker: Worker::this(),
        }
    }

    /// Names the list of its rejects, of which `listed` of `of` rows are in it.
    pub fn list_rejects(&mut self, listed: u64, of: u64) {
        let path = path::of_rejects(&self.object, &self.route);
        self.rejects_file = Some(RejectsFile { path, listed, of });
    }

    /// Whether every row is accounted for; a store refuses the receipt if not.
    pub fn check(&self) -> Result<(), Unbalanced> {
        balance::check(self)
    }

    /// Whether this is the receipt of exactly this version, on this route.
    pub fn is_of(&self, object: &ObjectVersion, route: &str) -> bool {
        self.route == route && self.object.is_of(object)
    }
}

/// The version of this format. Another one is not read as this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Schema;

impl From<Schema> for u32 {
    fn from(_: Schema) -> u32 {
        1
    }
}

impl TryFrom<u32> for Schema {
    type Error = &'static str;

    fn try_from(schema: u32) -> Result<Schema, &'static str> {
        (schema == 1)
            .then_some(Schema)
            .ok_or("another schema than 1")
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectDescription {
    pub bucket: String,
    pub key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    pub etag: String,
    /// In bytes, as stored.
    pub size: u64,
    pub last_modified: Timestamp,
}

impl ObjectDescription {
    /// Whether it describes exactly this version. When that was written does not tell one
    /// from another: without version ids the same bytes, written again, are the same.
    pub(crate) fn is_of(&self, object: &ObjectVersion) -> bool {
        self.is_same(&object.into())
    }

    /// Whether both describe one version.
    pub(super) fn is_same(&self, other: &ObjectDescription) -> bool {
        let ObjectDescription {
            bucket,
            key,
            version_id,
            etag,
            size,
            last_modified: _,
        } = other;
        (&self.bucket, &self.key, &self.version_id) == (bucket, key, version_id)
            && (&self.etag, &self.size) == (etag, size)
    }
}

impl From<&ObjectVersion> for ObjectDescription {
    fn from(object: &ObjectVersion) -> ObjectDescription {
        ObjectDescription {
            bucket: object.address.bucket.clone(),
            key: object.address.key.clone(),
            version_id: object.address.version_id.clone(),
            etag: object.etag.clone(),
            size: object.size,
            last_modified: Timestamp::from_unix_seconds(object.last_modified),
        }
    }
}

/// Where it went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// `conversions` or `custom_audience`.
    pub api: Code,
    /// The dataset's, or the audience's.
    pub id: String,
    /// What is done to an audience: `add`, `remove`, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Code>,
}

/// The rows of the object. `read = filtered + rejected + sent + withheld`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    pub read: u64,
    /// Left out by the route's own filter.
    pub filtered: u64,
    /// Could not be sent; see `rejects`.
    pub rejected: u64,
    pub sent: u64,
    /// Read, and held back because the file was refused or superseded: 0 when the
    /// object is delivered.
    #[serde(default)]
    pub withheld: u64,
}

/// What Meta said of the rows sent. Its sum is `rows.sent`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    pub accepted: u64,
    pub refused: u64,
    /// Sent, and never answered: 0 when the object is delivered.
    pub unknown: u64,
}

/// What a request lists: an event, or an entry of an audience, of which one row may
/// become several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entries {
    pub sent: u64,
    /// That Meta counted as invalid.
    pub invalid: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batches {
    pub acknowledged: u64,
    /// All requests, those tried again included.
    pub requests: u64,
    pub retries: u64,
}

/// The cells of one key. Those that were not filled are not counted.
/// `filled = kept + changed + dropped`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldCounts {
    /// Rows with a filled cell.
    #[serde(default)]
    pub rows: u64,
    /// The fill rate: the share of these among the rows that could be read and were not
    /// filtered.
    #[serde(default)]
    pub share: Share,
    pub filled: u64,
    /// Sent as they were.
    pub kept: u64,
    /// Normalised to something else.
    pub changed: u64,
    /// Of the kept and changed, those that were hashed before.
    #[serde(default)]
    pub already_hashed: u64,
    /// Not sent, by reason.
    pub dropped: BTreeMap<Code, u64>,
}

/// How a delivery came about that was interrupted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempts {
    /// How often the object was taken up, all its deliveries together.
    pub total: u64,
    /// Rows that the last attempt found settled and did not read again.
    pub rows_before: u64,
    /// Why all of it was begun anew, if it was: `route_changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restarted: Option<Code>,
}

/// Who wrote the receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    pub version: String,
}

impl Worker {
    pub(super) fn this() -> Worker {
        Worker {
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
