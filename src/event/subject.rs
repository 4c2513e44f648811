//! The bucket and object that an event speaks of, alike in both of S3's shapes but
//! for the spelling of two fields and the encoding of the key.

use serde::Deserialize;

use super::ObjectEvent;
use super::field::{Field, from_json_object};
use super::noise::Reason;
use crate::object::version::ObjectAddress;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Subject {
    bucket: Field<Bucket>,
    object: Field<Object>,
}
from_json_object!(Subject);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Bucket {
    name: Field<String>,
}
from_json_object!(Bucket);

#[derive(Default, Deserialize)]
#[serde(default)]
struct Object {
    key: Field<String>,
    size: Field<u64>,
    #[serde(alias = "eTag")]
    etag: Field<String>,
    #[serde(rename = "version-id", alias = "versionId")]
    version_id: Field<String>,
    sequencer: Field<String>,
}
from_json_object!(Object);

impl Subject {
    /// The key is left as it came: its encoding is the shape's matter.
    pub(super) fn into_event(self) -> Result<ObjectEvent, Reason> {
        let bucket = self.bucket.required("bucket")?;
        let bucket = bucket.name.required("bucket.name")?;
        if !is_bucket_name(&bucket) {
            return Err(Reason::BucketName);
        }
        let object = self.object.required("object")?;
        let key = object.key.required("object.key")?;
        if key.is_empty() {
            return Err(Reason::Missing("object.key"));
        }
        Ok(ObjectEvent {
            address: ObjectAddress {
                bucket,
                key,
                // Where versioning is suspended every write is the version "null":
                // it identifies nothing.
                version_id: non_empty(object.version_id.optional("object.version-id")?)
                    .filter(|id| id != "null"),
            },
            size: object.size.optional("object.size")?,
            etag: non_empty(object.etag.optional("object.etag")?)
                .map(|etag| etag.trim_matches('"').to_owned()),
            sequencer: non_empty(object.sequencer.optional("object.sequencer")?),
            time: None,
            replay_name: None,
            key_may_be_encoded: false,
        })
    }
}

fn non_empty(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// Old buckets of us-east-1 have capitals, underscores and up to 255 characters.
/// Nothing else may pass: the name becomes part of addresses and of paths.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn is_bucket_name(name: &str) -> bool {
    (3..=255).contains(&name.len())
        && !name.starts_with('.')
        && !name.contains("..")
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}
