//! Event ids that are the same whenever the same row of the same object is sent.

use std::fmt;

use sha2::{Digest, Sha256};

use super::super::json;
use crate::object::version::ObjectVersion;

/// No limit is documented; 64 characters are taken for safe. (Judgement.)
pub(super) const LONGEST: usize = 64;

/// What all rows of an object version share (96 bits of a SHA-256 over it and the event's
/// name), and the row's number: Meta drops a repeat of `event_name` and `event_id` within
/// 48 hours, so a batch that has to be sent again counts once. An id that is seen in
/// Meta's Events Manager tells its row.
pub(super) struct EventIds {
    /// `"<24 hex digits>-`
    object: Vec<u8>,
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
        let digest = const_hex::encode(hash.finalize());
        let shared = digest.get(..24).unwrap_or_default();
        EventIds {
            object: format!("\"{shared}-").into_bytes(),
        }
    }

    /// Writes the id as a JSON string of 45 characters at most.
    pub(super) fn write(&self, row: u64, body: &mut Vec<u8>) {
        body.extend_from_slice(&self.object);
        json::integer(body, row);
        body.push(b'"');
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
            "\"f0009823acd7ef1b246d9613-1\""
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
