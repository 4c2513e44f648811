//! Receipts in S3.

use std::time::Duration;

use aws_sdk_s3::Client;
use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::{
    MOST_BYTES, Receipt, ReceiptLocation, ReceiptStore, Status, StoreError, from_json,
    is_of_a_delivery, path, to_json,
};
use crate::object::version::ObjectVersion;
use crate::state::s3::swap::tag;
use crate::state::s3::{At, S3Place};
use crate::state::s3_failure::{self, Step};
use crate::state::swap::Put;

/// Needs `s3:PutObject` and `s3:GetObject` below its prefix, and `s3:ListBucket`,
/// without which S3 says "denied" of a receipt that is merely not there.
#[derive(Clone, Debug)]
pub struct S3ReceiptStore {
    place: S3Place,
}

/// How often a write begins anew because another one came between.
const MOST_WRITERS: usize = 5;

/// For a call and all its repetitions.
const LIMIT: Duration = Duration::from_secs(30);

impl S3ReceiptStore {
    /// All receipts and lists of rejects in one bucket, below `prefix` (at most 300 bytes; may be empty).
    pub fn new(client: Client, bucket: impl Into<String>, prefix: &str) -> Self {
        S3ReceiptStore {
            place: S3Place::new(client, Some(bucket.into()), prefix, LIMIT),
        }
    }

    /// Each receipt in its object's own bucket, for a worker that was told no other.
    /// Objects below `prefix` must not be taken for audiences.
    pub fn beside_the_object(client: Client, prefix: &str) -> Self {
        S3ReceiptStore {
            place: S3Place::new(client, None, prefix, LIMIT),
        }
    }

    async fn put(&self, receipt: &Receipt) -> Result<ReceiptLocation, StoreError> {
        let json = Bytes::from(to_json(receipt)?);
        let path = path::of_receipt(&receipt.object, &receipt.route);
        match receipt.status {
            Status::Delivered => self.keep(receipt, &path, "application/json", json).await,
            _ => self.keep_unless_delivered(receipt, &path, json).await,
        }
    }

    async fn keep_unless_delivered(
        &self,
        receipt: &Receipt,
        path: &str,
        json: Bytes,
    ) -> Result<ReceiptLocation, StoreError> {
        let at = self.place.at(&receipt.object.bucket, path);
        let location = located(&at);
        for _ in 0..MOST_WRITERS {
            let there = match self.place.get(&at, MOST_BYTES).await? {
                Some(there) if is_of_a_delivery(&there.bytes, &location, receipt)? => {
                    return Ok(location);
                }
                Some(there) => Some(tag(Step::Read, &at, there.etag)?),
                None => None,
            };
            match self.place.swap(&at, json.clone(), there.as_ref()).await? {
                Put::Stored(_) => return Ok(location),
                Put::Conflict => {}
            }
        }
        Err(StoreError::Transient(format!(
            "could not write {at}: others write it all the time"
        )))
    }

    async fn put_rejects(
        &self,
        receipt: &Receipt,
        list: Bytes,
    ) -> Result<ReceiptLocation, StoreError> {
        let path = path::of_rejects(&receipt.object, &receipt.route);
        self.keep(receipt, &path, "application/gzip", list).await
    }

    async fn keep(
        &self,
        receipt: &Receipt,
        path: &str,
        content_type: &str,
        bytes: Bytes,
    ) -> Result<ReceiptLocation, StoreError> {
        let at = self.place.at(&receipt.object.bucket, path);
        self.place
            .put(&at, content_type, bytes)
            .customize()
            .config_override(self.place.in_time())
            .send()
            .await
            .map_err(|error| s3_failure::judge(Step::Write, &at, &error))?;
        Ok(located(&at))
    }

    async fn get(
        &self,
        object: &ObjectVersion,
        route: &str,
    ) -> Result<Option<Receipt>, StoreError> {
        let path = path::of_receipt(&object.into(), route);
        let at = self.place.at(&object.address.bucket, &path);
        match self.place.get(&at, MOST_BYTES).await? {
            Some(content) => {
                let there = from_json(&content.bytes, &located(&at))?;
                Ok(Some(there).filter(|there| there.is_of(object, route)))
            }
            None => Ok(None),
        }
    }
}

fn located(at: &At) -> ReceiptLocation {
    ReceiptLocation(at.to_string())
}

impl ReceiptStore for S3ReceiptStore {
    fn put<'a>(
        &'a self,
        receipt: &'a Receipt,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        Box::pin(self.put(receipt))
    }

    fn put_rejects<'a>(
        &'a self,
        receipt: &'a Receipt,
        list: Bytes,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        Box::pin(self.put_rejects(receipt, list))
    }

    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        Box::pin(self.get(object, route))
    }
}
