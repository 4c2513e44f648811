//! Event ids that are the same whenever the same row of the same object is sent.

use std::fmt;

use sha2::{Digest, Sha256};

use super::super::json;
use crate::object::version::ObjectVersion;

/// No limit is documented; 64 characters are taken for safe. (Judgement.)
pub(super) const LONGEST: usize = 64;

/// SHA-256 over object version, event name and row number, cut to 128 bits: Meta
/// drops a repeat of `event_name` and `event_id` within 48 hours, so a batch that
/// has to be sent again counts once.
pub(super) struct EventIds {
    /// The hash of all but the row's number.
    object: Sha256,
}

impl EventIds {
    pub(super) fn new(object: &ObjectVersion, event_name: &str) -> EventIds {
        let address = &object.address;
        // A version id names the content; without one the entity tag and size do.
        let version = match &address.version_id {
            Some(version_id) => version_id.clone(),
            None => format!("{}-{}", object.etag, object.size),
        };
        let mut hash = Sha256::new();
        for part in [&address.bucket, &address.key, &version, event_name] {
            // The length in front keeps two neighbours from being cut differently.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        EventIds { object: hash }
    }

    /// Writes the id as a JSON string of 32 hex digits.
    pub(super) fn write(&self, row: u64, body: &mut Vec<u8>) {
        let mut hash = self.object.clone();
        hash.update(row.to_be_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        json::hex(body, &id);
    }
}

impl fmt::Debug for EventIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventIds")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::object::version::ObjectAddress;

    fn id(
        bucket: &str,
        key: &str,
        version: Option<&str>,
        etag: &str,
        name: &str,
        row: u64,
    ) -> String {
        let object = ObjectVersion {
            address: ObjectAddress {
                bucket: bucket.into(),
                key: key.into(),
                version_id: version.map(Into::into),
            },
            etag: etag.into(),
            size: 9,
            last_modified: 0,
        };
        let mut body = Vec::new();
        EventIds::new(&object, name).write(row, &mut body);
        String::from_utf8(body).unwrap()
    }

    #[test]
    fn the_same_row_always_has_the_same_id() {
        // Spelt out, so that a change of the recipe, which would make every replay
        // count twice, cannot go unnoticed.
        assert_eq!(
            id("b", "k", Some("v"), "e", "Purchase", 1),
            "\"f6c3cc30f12d2666d901679cb9a2da38\""
        );
    }

    #[test]
    fn another_row_version_object_or_event_has_another_id() {
        let ids = [
            id("b", "k", Some("v"), "e", "Purchase", 1),
            id("b", "k", Some("v"), "e", "Purchase", 2),
            id("b", "k", Some("w"), "e", "Purchase", 1),
            id("b", "l", Some("v"), "e", "Purchase", 1),
            id("bk", "", Some("v"), "e", "Purchase", 1),
            id("b", "k", None, "e", "Purchase", 1),
            id("b", "k", None, "f", "Purchase", 1),
            id("b", "k", Some("v"), "e", "Lead", 1),
        ];
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        // With a version id the entity tag plays no part.
        assert_eq!(ids[0], id("b", "k", Some("v"), "f", "Purchase", 1));
    }
}
