//! The ledger in S3, by its conditional writes.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>

mod listing;

use std::time::Duration;

use aws_sdk_s3::Client;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, TryStreamExt};

use super::document::{
    MOST_BYTES, MOST_SEGMENT_BYTES, check_segment, from_json, no_segment, segment_path, to_json,
};
use super::{Entry, Found, Ledger, LedgerError, Put, Tag};
use crate::object::version::ObjectVersion;
use crate::receipts::path;
use crate::state::s3::swap::tag;
use crate::state::s3::{At, S3Place};
use crate::state::s3_failure::{self, Step};

/// Needs `s3:PutObject`, `s3:GetObject` and `s3:DeleteObject` below its prefix, and
/// `s3:ListBucket`, without which S3 says "denied" of an entry that is merely not there.
#[derive(Clone, Debug)]
pub struct S3Ledger {
    place: S3Place,
    /// S3's own, a thousand, if none.
    keys_in_a_page: Option<i32>,
}

/// For a call and all its repetitions: far below any lease.
const LIMIT: Duration = Duration::from_secs(20);
const AT_ONCE: usize = 16;

impl S3Ledger {
    /// All entries in one bucket, below `prefix` (at most 300 bytes; may be empty).
    pub fn new(client: Client, bucket: impl Into<String>, prefix: &str) -> Self {
        S3Ledger {
            place: S3Place::new(client, Some(bucket.into()), prefix, LIMIT),
            keys_in_a_page: None,
        }
    }

    /// Each entry in its object's own bucket, for a worker that was told no other.
    /// Objects below `prefix` must not be taken for audiences.
    pub fn beside_the_object(client: Client, prefix: &str) -> Self {
        S3Ledger {
            place: S3Place::new(client, None, prefix, LIMIT),
            keys_in_a_page: None,
        }
    }

    /// Lists in smaller steps than S3 would by itself.
    pub fn with_keys_in_a_page(self, keys: i32) -> Self {
        S3Ledger {
            keys_in_a_page: Some(keys),
            ..self
        }
    }

    async fn get(&self, object: &ObjectVersion, route: &str) -> Result<Option<Found>, LedgerError> {
        let path = path::of_entry(&object.into(), route);
        let found = self
            .read(self.place.at(&object.address.bucket, &path))
            .await?;
        Ok(found.filter(|found| found.entry.is_of(object, route)))
    }

    async fn read(&self, at: At) -> Result<Option<Found>, LedgerError> {
        let Some(content) = in_time(Step::Read, &at, async {
            Ok(self.place.get(&at, MOST_BYTES).await?)
        })
        .await?
        else {
            return Ok(None);
        };
        Ok(Some(Found {
            entry: from_json(&content.bytes, &at)?,
            tag: tag(Step::Read, &at, content.etag)?,
            age: content.age,
        }))
    }

    async fn put(&self, entry: &Entry, expected: Option<&Tag>) -> Result<Put, LedgerError> {
        let json = Bytes::from(to_json(entry)?);
        let path = path::of_entry(&entry.object, &entry.route);
        let at = self.place.at(&entry.object.bucket, &path);
        in_time(Step::Write, &at, async {
            Ok(self.place.swap(&at, json, expected).await?)
        })
        .await
    }

    fn segment_at(&self, entry: &Entry, name: &str) -> Result<At, LedgerError> {
        let path = segment_path(entry, name)?;
        Ok(self.place.at(&entry.object.bucket, &path))
    }

    async fn put_segment(
        &self,
        entry: &Entry,
        name: &str,
        bytes: Bytes,
    ) -> Result<(), LedgerError> {
        let at = self.segment_at(entry, name)?;
        check_segment(&bytes, &at)?;
        in_time(Step::Write, &at, async {
            self.place
                .put(&at, "application/gzip", bytes)
                .customize()
                .config_override(self.place.in_time())
                .send()
                .await
                .map_err(|error| s3_failure::judge(Step::Write, &at, &error))?;
            Ok(())
        })
        .await
    }

    async fn get_segment(&self, entry: &Entry, name: &str) -> Result<Bytes, LedgerError> {
        let at = self.segment_at(entry, name)?;
        let content = in_time(Step::Read, &at, async {
            Ok(self.place.get(&at, MOST_SEGMENT_BYTES).await?)
        });
        let content = content.await?.ok_or_else(|| no_segment(&at))?;
        check_segment(&content.bytes, &at)?;
        Ok(content.bytes.into())
    }

    async fn remove_segments(&self, entry: &Entry, names: &[String]) -> Result<(), LedgerError> {
        let folder = path::of_segments(&entry.object, &entry.route);
        let folder = self.place.at(&entry.object.bucket, &folder);
        let names = stream::iter(names.iter().map(Ok));
        let removed = names.try_for_each_concurrent(AT_ONCE, async |name| {
            let at = self.segment_at(entry, name)?;
            self.place
                .client
                .delete_object()
                .bucket(&at.bucket)
                .key(&at.key)
                .customize()
                .config_override(self.place.in_time())
                .send()
                .await
                .map_err(|error| s3_failure::judge(Step::Remove, &at, &error))?;
            Ok(())
        });
        in_time(Step::Remove, &folder, removed).await
    }
}

/// The SDK limits each request; this limits what is made of several.
async fn in_time<T>(
    step: Step,
    at: &At,
    work: impl Future<Output = Result<T, LedgerError>>,
) -> Result<T, LedgerError> {
    tokio::time::timeout(LIMIT, work)
        .await
        .unwrap_or_else(|_| Err(s3_failure::too_late(step, at).into()))
}

impl Ledger for S3Ledger {
    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Found>, LedgerError>> {
        self.get(object, route).boxed()
    }

    fn put<'a>(
        &'a self,
        entry: &'a Entry,
        expected: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, LedgerError>> {
        self.put(entry, expected).boxed()
    }

    fn put_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.put_segment(entry, name, bytes).boxed()
    }

    fn get_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Bytes, LedgerError>> {
        self.get_segment(entry, name).boxed()
    }

    fn remove_segments<'a>(
        &'a self,
        entry: &'a Entry,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.remove_segments(entry, names).boxed()
    }

    fn list<'a>(
        &'a self,
        bucket: Option<&'a str>,
        route: Option<&'a str>,
    ) -> BoxStream<'a, Result<Found, LedgerError>> {
        self.list(bucket, route)
    }
}

#[cfg(test)]
mod tests;
