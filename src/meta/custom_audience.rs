//! Customer-list audiences: people are added or removed, up to 10 000 rows in a
//! request. Both are operations on a set, so repeating one is harmless. (Meta,
//! "Customer File Custom Audiences".)

use bytes::Bytes;

use super::client::{Endpoint, Request};
use super::destination::{Destination, RowReject};
use super::exchange::Method;
use super::json;
use crate::batches::{Batch, BatchLimits, Envelope};
use crate::identity::IdentifiedRow;
use crate::identity::key::{Api, Key};
use crate::rows::Record;

/// Meta: "maximum of 10,000 users" a request.
const LARGEST_REQUEST: usize = 10_000;

/// What is done with the people of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AudienceMode {
    Add,
    Remove,
    /// Those of a run take the place of all members there are.
    Replace,
}

impl AudienceMode {
    pub const fn as_str(self) -> &'static str {
        match self {
            AudienceMode::Add => "add",
            AudienceMode::Remove => "remove",
            AudienceMode::Replace => "replace",
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

/// Whose ids the scoped ids of an object are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdScopes {
    /// Required with app-scoped ids.
    pub apps: Vec<String>,
    /// Required with page-scoped ids.
    pub page: Option<String>,
}

impl IdScopes {
    /// The first key of the schema whose ids Meta could not place: it wants the apps of
    /// app-scoped ids, and exactly one page of page-scoped ones.
    pub fn missing_for(&self, schema: &[Key]) -> Option<Key> {
        schema.iter().copied().find(|key| match key {
            Key::AppScopedUserId => self.apps.is_empty(),
            Key::PageScopedUserId => self.page.is_none(),
            _ => false,
        })
    }
}

/// The members of one object, added to or removed from one audience.
#[derive(Debug)]
pub struct CustomAudience {
    audience: String,
    mode: AudienceMode,
    delete_with: DeleteWith,
    /// The columns of the upload: the keys that the object can give.
    schema: Vec<Key>,
    scopes: IdScopes,
    largest_body: usize,
    /// The ad account (`act_…`) whose customer lists are all meant, in the place of one.
    of_account: Option<String>,
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
            scopes: IdScopes::default(),
            largest_body,
            of_account: None,
        }
    }

    /// For people who leave every customer list of an ad account, whose id begins with
    /// `act_`.
    pub fn removing_everywhere(
        ad_account: String,
        delete_with: DeleteWith,
        schema: Vec<Key>,
        largest_body: usize,
    ) -> CustomAudience {
        let mode = AudienceMode::Remove;
        CustomAudience {
            of_account: Some(ad_account),
            ..CustomAudience::new(String::new(), mode, delete_with, schema, largest_body)
        }
    }

    /// Needed where the schema has scoped ids; [`IdScopes::missing_for`] tells.
    #[must_use]
    pub fn with_scopes(self, scopes: IdScopes) -> CustomAudience {
        CustomAudience { scopes, ..self }
    }

    fn overrides_method(&self) -> bool {
        self.mode == AudienceMode::Remove && self.delete_with == DeleteWith::MethodOverride
    }

    /// The apps and the page of the scoped ids, as members of the payload. Where the
    /// schema has no such ids they are left out.
    fn write_scopes(&self, head: &mut Vec<u8>) {
        let IdScopes { apps, page } = &self.scopes;
        for (key, member, ids) in [
            (Key::AppScopedUserId, "app_ids", apps.as_slice()),
            (Key::PageScopedUserId, "page_ids", page.as_slice()),
        ] {
            if self.schema.contains(&key) {
                json::text(head, member);
                head.extend_from_slice(b":[");
                for (place, id) in ids.iter().enumerate() {
                    if place > 0 {
                        head.push(b',');
                    }
                    json::text(head, id);
                }
                head.extend_from_slice(b"],");
            }
        }
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
                Some(identifier) => json::identifier(body, identifier),
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
        head.extend_from_slice(b"],\"is_raw\":true,");
        self.write_scopes(&mut head);
        head.extend_from_slice(b"\"data\":[");
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
        // What identifies nobody makes no entry of its own.
        let identifying = self.schema.iter().filter(|key| key.identifies());
        let entries = identifying
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

    fn is_a_set(&self) -> bool {
        true
    }

    fn request(&self, batch: &Batch) -> Request {
        let delete = self.mode == AudienceMode::Remove && !self.overrides_method();
        Request {
            endpoint: match &self.of_account {
                None => Endpoint::AudienceUsers {
                    audience: self.audience.clone(),
                },
                Some(ad_account) => Endpoint::AnyAudienceUsers {
                    ad_account: ad_account.clone(),
                },
            },
            method: if delete { Method::Delete } else { Method::Post },
            body: batch.body(),
        }
    }
}
