//! Bucket, ledger and receipts, in memory; each worker reaches them for as long as it lives.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use audience_activator::credentials::{RawSecret, SecretError, SecretReader, SecretRef};
use audience_activator::documents::{
    Document, DocumentError, Documents, Looked, Put as PutDocument, Tag as DocumentTag,
};
use audience_activator::ledger::{Entry, Found, Ledger, LedgerError, Put, Tag};
use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use audience_activator::object::{Body, ListError, Listed, ObjectError, ObjectSource};
use audience_activator::receipts::{
    LocalReceiptStore, Receipt, ReceiptLocation, ReceiptStore, StoreError,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use secrecy::SecretString;
use tokio::time::Instant;

use crate::BUCKET;
use crate::stage::{Call, Life};

type Version = (ObjectVersion, Bytes);

/// Objects and all their versions.
pub struct Bucket {
    pub versioned: bool,
    /// How often something was read.
    pub reads: AtomicU64,
    objects: Mutex<BTreeMap<String, Vec<Version>>>,
    written: Mutex<u64>,
}

impl Bucket {
    pub fn new(versioned: bool) -> Bucket {
        Bucket {
            versioned,
            reads: AtomicU64::default(),
            objects: Mutex::default(),
            written: Mutex::default(),
        }
    }

    pub fn put(&self, key: &str, content: impl Into<Bytes>, last_modified: i64) -> ObjectVersion {
        let bytes = content.into();
        let mut written = self.written.lock().unwrap();
        *written += 1;
        let written = *written;
        let version = ObjectVersion {
            address: ObjectAddress {
                bucket: BUCKET.to_owned(),
                key: key.to_owned(),
                version_id: self.versioned.then(|| format!("v{written}")),
            },
            etag: format!("{written:032x}"),
            size: bytes.len() as u64,
            last_modified,
        };
        let mut objects = self.objects.lock().unwrap();
        let versions = objects.entry(key.to_owned()).or_default();
        versions.push((version.clone(), bytes));
        version
    }

    /// With all its versions, as a lifecycle rule does in the end.
    pub fn remove(&self, key: &str) {
        self.objects.lock().unwrap().remove(key);
    }

    fn describe(&self, address: &ObjectAddress) -> Result<ObjectVersion, ObjectError> {
        let objects = self.objects.lock().unwrap();
        let versions = objects.get(&address.key).into_iter().flatten().rev();
        let wanted = &address.version_id;
        let mut versions = versions.map(|(version, _)| version);
        let found = versions.find(|one| wanted.is_none() || one.address.version_id == *wanted);
        found.cloned().ok_or_else(|| ObjectError::NotFound {
            address: address.clone(),
        })
    }

    fn bytes(&self, version: &ObjectVersion) -> Result<Bytes, ObjectError> {
        let objects = self.objects.lock().unwrap();
        let versions = objects.get(&version.address.key).map_or(&[][..], |all| all);
        let live = match self.versioned {
            true => versions,
            false => &versions[versions.len().saturating_sub(1)..],
        };
        let found = live.iter().find(|(there, _)| there == version);
        found.map(|(_, bytes)| bytes.clone()).ok_or_else(|| {
            let address = version.address.clone();
            ObjectError::Overwritten { address }
        })
    }

    fn listed(&self, prefix: &str) -> Vec<Listed> {
        let objects = self.objects.lock().unwrap();
        let with_prefix = objects.iter().filter(|(key, _)| key.starts_with(prefix));
        let listed = with_prefix.filter_map(|(key, versions)| {
            let (version, _) = versions.last()?;
            Some(Listed {
                key: key.clone(),
                size: version.size,
                etag: version.etag.clone(),
                last_modified: version.last_modified,
            })
        });
        listed.collect()
    }
}

pub struct RemoteBucket(pub Arc<Bucket>, pub Arc<Life>);

impl ObjectSource for RemoteBucket {
    fn describe<'a>(
        &'a self,
        address: &'a ObjectAddress,
    ) -> BoxFuture<'a, Result<ObjectVersion, ObjectError>> {
        async move {
            self.1.call(Call::Describe, || ()).await;
            self.0.describe(address)
        }
        .boxed()
    }

    fn read<'a>(
        &'a self,
        version: &'a ObjectVersion,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Body, ObjectError>> {
        async move {
            self.1.call(Call::Read, || ()).await;
            self.0.reads.fetch_add(1, Ordering::Relaxed);
            let bytes = self.0.bytes(version)?;
            let end = range.end.min(bytes.len() as u64) as usize;
            let bytes = bytes.slice((range.start as usize).min(end)..end);
            // In pieces, so that an object may be overwritten between two of them.
            let (bucket, version) = (self.0.clone(), version.clone());
            let pieces = stream::unfold(bytes, move |mut left| {
                let (bucket, version) = (bucket.clone(), version.clone());
                async move {
                    if left.is_empty() {
                        return None;
                    }
                    if let Err(error) = bucket.bytes(&version) {
                        return Some((Err(error), Bytes::new()));
                    }
                    let piece = left.split_to(left.len().min(16 * 1024));
                    Some((Ok(piece), left))
                }
            });
            Ok(pieces.boxed())
        }
        .boxed()
    }

    fn list(&self, _: &str, prefix: &str) -> BoxStream<'static, Result<Listed, ListError>> {
        let listed = self.0.listed(prefix);
        stream::iter(listed).map(Ok).boxed()
    }
}

/// Entries by compare-and-swap, whose age is told by the test's clock.
#[derive(Default)]
pub struct Entries(Mutex<BTreeMap<EntryPlace, Stored>>);

/// Its route, and which version it is of.
type EntryPlace = (String, String);

/// As JSON, with its tag, and when it was written.
type Stored = (Vec<u8>, u64, Instant);

fn place(object: &ObjectVersion, route: &str) -> EntryPlace {
    let ObjectAddress {
        key, version_id, ..
    } = &object.address;
    (
        route.to_owned(),
        format!("{key} {version_id:?} {}", object.etag),
    )
}

impl Entries {
    fn get(&self, at: &EntryPlace) -> Option<Found> {
        let entries = self.0.lock().unwrap();
        let (json, tag, written) = entries.get(at)?;
        Some(Found {
            entry: serde_json::from_slice(json).unwrap(),
            tag: Tag(tag.to_string()),
            age: written.elapsed(),
        })
    }

    pub fn of(&self, object: &ObjectVersion, route: &str) -> Option<Entry> {
        Some(self.get(&place(object, route))?.entry)
    }

    /// How many writes there were.
    pub fn writes(&self) -> u64 {
        let entries = self.0.lock().unwrap();
        entries.values().map(|(_, tag, _)| *tag).max().unwrap_or(0)
    }

    /// All of it, as it would lie in a bucket.
    pub fn text(&self) -> String {
        let entries = self.0.lock().unwrap();
        let texts = entries
            .values()
            .map(|(json, ..)| String::from_utf8_lossy(json));
        texts.collect::<Vec<_>>().join("\n")
    }

    fn put(&self, entry: &Entry, expected: Option<&Tag>) -> Put {
        let object = ObjectVersion {
            address: ObjectAddress {
                bucket: entry.object.bucket.clone(),
                key: entry.object.key.clone(),
                version_id: entry.object.version_id.clone(),
            },
            etag: entry.object.etag.clone(),
            size: entry.object.size,
            last_modified: 0,
        };
        let at = place(&object, &entry.route);
        let mut entries = self.0.lock().unwrap();
        let there = entries.get(&at).map(|(_, tag, _)| Tag(tag.to_string()));
        if there.as_ref() != expected {
            return Put::Conflict;
        }
        let tag = entries.values().map(|(_, tag, _)| *tag).max().unwrap_or(0) + 1;
        let json = serde_json::to_vec(entry).unwrap();
        entries.insert(at, (json, tag, Instant::now()));
        Put::Stored(Tag(tag.to_string()))
    }
}

pub struct RemoteLedger(pub Arc<Entries>, pub Arc<Life>);

impl Ledger for RemoteLedger {
    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Found>, LedgerError>> {
        async move {
            self.1.call(Call::ReadEntry, || ()).await;
            Ok(self.0.get(&place(object, route)))
        }
        .boxed()
    }

    fn put<'a>(
        &'a self,
        entry: &'a Entry,
        expected: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, LedgerError>> {
        async move {
            Ok(self
                .1
                .call(Call::WriteEntry, || self.0.put(entry, expected))
                .await)
        }
        .boxed()
    }

    fn put_segment<'a>(
        &'a self,
        _: &'a Entry,
        _: &'a str,
        _: Bytes,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        panic!("no test here rejects so many rows")
    }

    fn get_segment<'a>(
        &'a self,
        _: &'a Entry,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Bytes, LedgerError>> {
        panic!("no test here rejects so many rows")
    }

    fn remove_segments<'a>(
        &'a self,
        _: &'a Entry,
        _: &'a [String],
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        panic!("no test here rejects so many rows")
    }

    fn list<'a>(
        &'a self,
        _: Option<&'a str>,
        _: Option<&'a str>,
    ) -> BoxStream<'a, Result<Found, LedgerError>> {
        stream::empty().boxed()
    }
}

/// Whose turn the audience is, by the test's clock.
#[derive(Default)]
pub struct Papers(Mutex<BTreeMap<String, (Bytes, u64)>>);

pub struct RemotePapers(pub Arc<Papers>, pub Arc<Life>, pub Instant);

impl Documents for RemotePapers {
    fn get<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Looked, DocumentError>> {
        async move {
            self.1.call(Call::Alive, || ()).await;
            let papers = self.0.0.lock().unwrap();
            let document = papers.get(path).map(|(json, tag)| Document {
                json: json.to_vec(),
                tag: DocumentTag(tag.to_string()),
            });
            let now = 1_000_000 + self.2.elapsed().as_secs() as i64;
            Ok(Looked { document, now })
        }
        .boxed()
    }

    fn put<'a>(
        &'a self,
        path: &'a str,
        json: Bytes,
        expected: Option<&'a DocumentTag>,
    ) -> BoxFuture<'a, Result<PutDocument, DocumentError>> {
        async move {
            self.1.call(Call::Alive, || ()).await;
            let mut papers = self.0.0.lock().unwrap();
            let there = papers.get(path).map(|(_, tag)| *tag);
            let tag = there.map(|tag| DocumentTag(tag.to_string()));
            if tag.as_ref() != expected {
                return Ok(PutDocument::Conflict);
            }
            let tag = there.unwrap_or(0) + 1;
            papers.insert(path.to_owned(), (json, tag));
            Ok(PutDocument::Stored(DocumentTag(tag.to_string())))
        }
        .boxed()
    }

    fn place_of(&self, path: &str) -> String {
        path.to_owned()
    }
}

/// Receipts in a directory: they have to be fit for one.
pub struct RemoteReceipts(pub Arc<LocalReceiptStore>, pub Arc<Life>);

impl ReceiptStore for RemoteReceipts {
    fn put<'a>(
        &'a self,
        receipt: &'a Receipt,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        async move {
            self.1.call(Call::BeforeReceipt, || ()).await;
            let location = ReceiptStore::put(&*self.0, receipt).await?;
            self.1.call(Call::AfterReceipt, || ()).await;
            Ok(location)
        }
        .boxed()
    }

    fn put_rejects<'a>(
        &'a self,
        receipt: &'a Receipt,
        list: Bytes,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        ReceiptStore::put_rejects(&*self.0, receipt, list)
    }

    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        ReceiptStore::get(&*self.0, object, route)
    }
}

pub struct Secret;

impl SecretReader for Secret {
    fn read<'a>(&'a self, _: &'a SecretRef) -> BoxFuture<'a, Result<RawSecret, SecretError>> {
        let secret = RawSecret::Text(SecretString::from("TOKEN"));
        std::future::ready(Ok(secret)).boxed()
    }
}
