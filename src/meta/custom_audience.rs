//! Customer-list audiences: people are added or removed, up to 10 000 rows in a
//! request. Both are operations on a set, so repeating one is harmless. (Meta,
//! "Customer File Custom Audiences".)

use bytes::Bytes;

use super::client::{Endpoint, Method, Request};
use super::destination::{Destination, RowReject};
use super::json;
use crate::batches::{Batch, BatchLimits, Envelope};
use crate::identity::key::{Api, Key};
use crate::identity::{IdentifiedRow, Identifier};
use crate::rows::Record;

/// Meta: "maximum of 10,000 users" a request.
const LARGEST_REQUEST: usize = 10_000;

/// What is done with the people of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudienceMode {
    Add,
    Remove,
}

impl AudienceMode {
    pub const fn as_str(self) -> &'static str {
        match self {
            AudienceMode::Add => "add",
            AudienceMode::Remove => "remove",
        }
    }
}

/// How a removal says that it is one. Never in the URL: Meta's own SDK puts the
/// hashes there, and from about 300 of them the connection is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeleteWith {
    /// `DELETE` with a body, as Meta's examples show.
    Body,
    /// `POST` with `"method":"DELETE"`, which the Graph API takes for the same:
    /// for networks that strip the body of a `DELETE`.
    MethodOverride,
}

/// The members of one object, added to or removed from one audience.
#[derive(Debug)]
pub struct CustomAudience {
    audience: String,
    mode: AudienceMode,
    delete_with: DeleteWith,
    /// The columns of the upload: the keys that the object can give.
    schema: Vec<Key>,
    largest_body: usize,
}

impl CustomAudience {
    pub fn new(
        audience: String,
        mode: AudienceMode,
        delete_with: DeleteWith,
        schema: Vec<Key>,
        largest_body: usize,
    ) -> CustomAudience {
        CustomAudience {
            audience,
            mode,
            delete_with,
            schema,
            largest_body,
        }
    }

    fn overrides_method(&self) -> bool {
        self.mode == AudienceMode::Remove && self.delete_with == DeleteWith::MethodOverride
    }

    /// Writes the `nth` entry of a row: each key's value of that place. A key with
    /// fewer values gives its last again, so that every entry of a person carries
    /// all that is known beside the value that differs.
    fn write_entry(&self, row: &IdentifiedRow, nth: usize, body: &mut Vec<u8>) {
        body.push(b'[');
        for (column, key) in self.schema.iter().enumerate() {
            if column > 0 {
                body.push(b',');
            }
            let last = row.values(*key).count().saturating_sub(1);
            let value = row.values(*key).nth(nth.min(last));
            match value {
                Some(Identifier::Sha256(digest)) => json::hex(body, digest.as_bytes()),
                Some(Identifier::Plain(text)) => json::text(body, text),
                // Meta: an unknown cell is the empty text, never the hash of it.
                None => body.extend_from_slice(b"\"\""),
            }
        }
        body.push(b']');
    }
}

impl Destination for CustomAudience {
    fn envelope(&self) -> Envelope {
        let mut head = b"{".to_vec();
        if self.overrides_method() {
            head.extend_from_slice(b"\"method\":\"DELETE\",");
        }
        // Always an array, even for one key: an audience once filled by several
        // keys refuses the single-key form. `is_raw` says that cells are
        // separate keys, which arrays need; it does not mean "unhashed".
        head.extend_from_slice(b"\"payload\":{\"schema\":[");
        for (column, key) in self.schema.iter().enumerate() {
            if column > 0 {
                head.push(b',');
            }
            json::text(
                &mut head,
                key.wire_name(Api::CustomAudience).unwrap_or_default(),
            );
        }
        head.extend_from_slice(b"],\"is_raw\":true,\"data\":[");
        Envelope {
            head: head.into(),
            tail: Bytes::from_static(b"]}}"),
        }
    }

    fn limits(&self) -> BatchLimits {
        BatchLimits {
            entries: LARGEST_REQUEST,
            bytes: self.largest_body,
        }
    }

    fn write(&self, _: &Record, row: &IdentifiedRow, body: &mut Vec<u8>) -> Result<u32, RowReject> {
        let entries = self
            .schema
            .iter()
            .map(|key| row.values(*key).count())
            .max()
            .unwrap_or(0);
        if entries == 0 {
            return Err(RowReject {
                field: None,
                reason: "no_identifiers",
            });
        }
        for nth in 0..entries {
            if nth > 0 {
                body.push(b',');
            }
            self.write_entry(row, nth, body);
        }
        Ok(u32::try_from(entries).unwrap_or(u32::MAX))
    }

    fn request(&self, batch: &Batch) -> Request {
        let delete = self.mode == AudienceMode::Remove && !self.overrides_method();
        Request {
            endpoint: Endpoint::AudienceUsers {
                audience: self.audience.clone(),
            },
            method: if delete { Method::Delete } else { Method::Post },
            body: batch.body(),
        }
    }
}
