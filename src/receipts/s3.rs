//! Receipts in S3.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::s3_failure::{self, Step};
use super::{
    MOST_BYTES, Receipt, ReceiptLocation, ReceiptStore, StoreError, from_json, path, to_json,
};
use crate::object::version::ObjectVersion;

/// Needs `s3:PutObject` and `s3:GetObject` below its prefix, and `s3:ListBucket`,
/// without which S3 says "denied" of a receipt that is merely not there.
#[derive(Clone, Debug)]
pub struct S3ReceiptStore {
    client: Client,
    place: Place,
    /// Empty, or ending in a slash.
    prefix: String,
}

#[derive(Clone, Debug)]
enum Place {
    Bucket(String),
    BesideTheObject,
}

impl S3ReceiptStore {
    /// All receipts and lists of rejects in one bucket, below `prefix` (at most 300 bytes; may be empty).
    pub fn new(client: Client, bucket: impl Into<String>, prefix: &str) -> Self {
        S3ReceiptStore {
            client,
            place: Place::Bucket(bucket.into()),
            prefix: folder(prefix),
        }
    }

    /// Each receipt in its object's own bucket, for a worker that was told no other.
    /// Objects below `prefix` must not be taken for audiences.
    pub fn beside_the_object(client: Client, prefix: &str) -> Self {
        S3ReceiptStore {
            client,
            place: Place::BesideTheObject,
            prefix: folder(prefix),
        }
    }

    fn bucket<'a>(&'a self, of_object: &'a str) -> &'a str {
        match &self.place {
            Place::Bucket(bucket) => bucket,
            Place::BesideTheObject => of_object,
        }
    }

    async fn put(&self, receipt: &Receipt) -> Result<ReceiptLocation, StoreError> {
        let json = to_json(receipt)?;
        let path = path::of(&receipt.object, &receipt.route);
        self.keep(receipt, &path, "application/json", json.into())
            .await
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
        let bucket = self.bucket(&receipt.object.bucket);
        let key = format!("{}{path}", self.prefix);
        let location = ReceiptLocation(format!("s3://{bucket}/{key}"));
        self.client
            .put_object()
            .bucket(bucket)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(bytes))
            .customize()
            .config_override(in_time())
            .send()
            .await
            .map_err(|error| s3_failure::judge(Step::Write, &location, &error))?;
        Ok(location)
    }

    async fn get(
        &self,
        object: &ObjectVersion,
        route: &str,
    ) -> Result<Option<Receipt>, StoreError> {
        let bucket = self.bucket(&object.address.bucket);
        let key = format!("{}{}", self.prefix, path::of(&object.into(), route));
        let location = ReceiptLocation(format!("s3://{bucket}/{key}"));
        let answer = self
            .client
            .get_object()
            .bucket(bucket)
            .key(key)
            .customize()
            .config_override(in_time())
            .send()
            .await;
        let mut body = match answer {
            Ok(answer) => answer.body,
            Err(error) if s3_failure::is_not_there(&error) => return Ok(None),
            Err(error) => return Err(s3_failure::judge(Step::Read, &location, &error)),
        };
        let mut json = Vec::new();
        // The SDK's own time limits end with the headers.
        while let Some(piece) = tokio::time::timeout(ATTEMPT, body.next())
            .await
            .map_err(|_| s3_failure::broken(&location))?
        {
            json.extend_from_slice(&piece.map_err(|_| s3_failure::broken(&location))?);
            if json.len() > MOST_BYTES {
                return Err(StoreError::Unreadable { location });
            }
        }
        from_json(&json, location, object, route)
    }
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

const ATTEMPT: Duration = Duration::from_secs(10);

fn in_time() -> aws_sdk_s3::config::Builder {
    Config::builder().timeout_config(
        TimeoutConfig::builder()
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(3 * ATTEMPT)
            .build(),
    )
}

fn folder(prefix: &str) -> String {
    match prefix.trim_matches('/') {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    }
}
