//! Documents in S3, by its conditional writes.

use std::time::Duration;

use aws_sdk_s3::Client;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Document, DocumentError, Documents, Looked, MOST_BYTES, Put, Tag, check};
use crate::state::s3::swap::tag;
use crate::state::s3::{self, At, S3Place};
use crate::state::s3_failure::{self, Step};

/// Needs `s3:PutObject` and `s3:GetObject` below its prefix, and `s3:ListBucket`, without
/// which S3 says "denied" of a document that is merely not there.
#[derive(Clone, Debug)]
pub struct S3Documents {
    place: S3Place,
}

/// For a call and all its repetitions: far below any lease.
const LIMIT: Duration = Duration::from_secs(20);

impl S3Documents {
    /// All documents in one bucket, below `prefix` (at most 300 bytes; may be empty).
    pub fn new(client: Client, bucket: impl Into<String>, prefix: &str) -> Self {
        S3Documents {
            place: S3Place::new(client, Some(bucket.into()), prefix, LIMIT),
        }
    }

    /// For a worker that was told no bucket of its own: no document can be kept.
    pub fn nowhere(client: Client, prefix: &str) -> Self {
        S3Documents {
            place: S3Place::new(client, None, prefix, LIMIT),
        }
    }

    fn at(&self, path: &str) -> Result<At, DocumentError> {
        match self.place.bucket() {
            Some(bucket) => Ok(self.place.at(bucket, path)),
            None => Err(DocumentError::Setup(
                "there is no bucket for what belongs to no object: set [state] location".to_owned(),
            )),
        }
    }

    async fn get(&self, path: &str) -> Result<Looked, DocumentError> {
        let at = self.at(path)?;
        let looked = in_time(Step::Read, &at, async {
            Ok(self.place.look(&at, MOST_BYTES).await?)
        });
        let s3::Looked { content, now } = looked.await?;
        let document = match content {
            None => None,
            Some(content) => {
                check(content.bytes.len(), &at.to_string())?;
                Some(Document {
                    tag: tag(Step::Read, &at, content.etag)?,
                    json: content.bytes,
                })
            }
        };
        Ok(Looked { document, now })
    }

    async fn put(
        &self,
        path: &str,
        json: Bytes,
        expected: Option<&Tag>,
    ) -> Result<Put, DocumentError> {
        let at = self.at(path)?;
        check(json.len(), &at.to_string())?;
        in_time(Step::Write, &at, async {
            Ok(self.place.swap(&at, json, expected).await?)
        })
        .await
    }
}

/// The SDK limits each request; this limits what is made of several.
async fn in_time<T>(
    step: Step,
    at: &At,
    work: impl Future<Output = Result<T, DocumentError>>,
) -> Result<T, DocumentError> {
    tokio::time::timeout(LIMIT, work)
        .await
        .unwrap_or_else(|_| Err(s3_failure::too_late(step, at).into()))
}

impl Documents for S3Documents {
    fn get<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Looked, DocumentError>> {
        self.get(path).boxed()
    }

    fn put<'a>(
        &'a self,
        path: &'a str,
        json: Bytes,
        expected: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, DocumentError>> {
        self.put(path, json, expected).boxed()
    }

    fn place_of(&self, path: &str) -> String {
        self.at(path)
            .map_or_else(|_| path.to_owned(), |at| at.to_string())
    }
}
