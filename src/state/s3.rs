//! A place in S3: one bucket, or that of each object, below a prefix. No call to it can
//! hang, and no answer is read without a limit.

mod clock;
pub(crate) mod swap;

use std::fmt;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;

use super::failure::Failure;
use super::s3_failure::{self, Step};
use clock::ServerClock;

#[derive(Clone, Debug)]
pub(crate) struct S3Place {
    pub(crate) client: Client,
    bucket: Option<String>,
    /// Empty, or ending in a slash.
    prefix: String,
    /// For a call and all its repetitions.
    limit: Duration,
}

/// One object of ours.
#[derive(Clone, Debug)]
pub(crate) struct At {
    pub(crate) bucket: String,
    pub(crate) key: String,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// What was found when somebody looked.
pub(crate) struct Looked {
    pub(crate) content: Option<Content>,
    /// Unix seconds, by S3's own clock.
    pub(crate) now: i64,
}

/// What was read.
pub(crate) struct Content {
    /// Cut off somewhere beyond the limit that was given.
    pub(crate) bytes: Vec<u8>,
    pub(crate) etag: Option<String>,
    /// How long ago it was written, by S3's own clock.
    pub(crate) age: Duration,
}

/// Of the headers of an answer, and of each further piece of it.
const ATTEMPT: Duration = Duration::from_secs(10);

impl S3Place {
    /// Without a bucket, everything lies in the bucket of the object that it is of.
    pub(crate) fn new(
        client: Client,
        bucket: Option<String>,
        prefix: &str,
        limit: Duration,
    ) -> S3Place {
        let prefix = match prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        S3Place {
            client,
            bucket,
            prefix,
            limit,
        }
    }

    /// The bucket that everything lies in, if it is one.
    pub(crate) fn bucket(&self) -> Option<&str> {
        self.bucket.as_deref()
    }

    pub(crate) fn at(&self, bucket_of_object: &str, path: &str) -> At {
        At {
            bucket: self.bucket().unwrap_or(bucket_of_object).to_owned(),
            key: format!("{}{path}", self.prefix),
        }
    }

    /// To be sent [`in_time`](Self::in_time).
    pub(crate) fn put(&self, at: &At, content_type: &str, bytes: Bytes) -> PutObjectFluentBuilder {
        self.client
            .put_object()
            .bucket(&at.bucket)
            .key(&at.key)
            .content_type(content_type)
            .body(ByteStream::from(bytes))
    }

    /// What lies there, if anything does. Whatever has more than `most` bytes comes back
    /// with more than these, but not with all.
    pub(crate) async fn get(&self, at: &At, most: usize) -> Result<Option<Content>, Failure> {
        Ok(self.look(at, most).await?.content)
    }

    /// The same, and what time it is there.
    pub(crate) async fn look(&self, at: &At, most: usize) -> Result<Looked, Failure> {
        let clock = ServerClock::default();
        let answer = self
            .client
            .get_object()
            .bucket(&at.bucket)
            .key(&at.key)
            .customize()
            .config_override(self.in_time())
            .interceptor(clock.clone())
            .send()
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if s3_failure::is_not_there(&error) => {
                return Ok(Looked {
                    content: None,
                    now: clock.now(),
                });
            }
            Err(error) => return Err(s3_failure::judge(Step::Read, at, &error)),
        };
        let age = clock.since(answer.last_modified.as_ref());
        let now = clock.now();
        let etag = answer.e_tag;
        let mut body = answer.body;
        let mut bytes = Vec::new();
        // The SDK's own time limits end with the headers.
        while let Some(piece) = tokio::time::timeout(ATTEMPT, body.next())
            .await
            .map_err(|_| s3_failure::broken(at))?
        {
            bytes.extend_from_slice(&piece.map_err(|_| s3_failure::broken(at))?);
            if bytes.len() > most {
                break;
            }
        }
        Ok(Looked {
            content: Some(Content { bytes, etag, age }),
            now,
        })
    }

    /// The limits of one call.
    pub(crate) fn in_time(&self) -> aws_sdk_s3::config::Builder {
        Config::builder().timeout_config(
            TimeoutConfig::builder()
                .operation_attempt_timeout(ATTEMPT)
                .operation_timeout(self.limit)
                .build(),
        )
    }
}
