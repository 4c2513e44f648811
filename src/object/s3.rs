//! Objects in S3: HEAD to learn the version, ranged GETs pinned to it.

use std::ops::Range;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};

use super::error::ObjectError;
use super::listing::{ListError, Listed};
use super::s3_error::{broken_body, classify};
use super::source::{Body, ObjectSource};
use super::version::{ObjectAddress, ObjectVersion};

/// An [`ObjectSource`] over one S3 client, with that client's region and credentials.
///
/// Needs `s3:GetObject`, in a versioned bucket `s3:GetObjectVersion`, and `kms:Decrypt`
/// where objects are encrypted with a key of one's own.
#[derive(Clone, Debug)]
pub struct S3Source {
    client: Client,
}

impl S3Source {
    pub fn new(client: Client) -> S3Source {
        S3Source { client }
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }
}

impl ObjectSource for S3Source {
    fn describe<'a>(
        &'a self,
        address: &'a ObjectAddress,
    ) -> BoxFuture<'a, Result<ObjectVersion, ObjectError>> {
        async move {
            let head = self
                .client
                .head_object()
                .bucket(&address.bucket)
                .key(&address.key)
                .set_version_id(address.version_id.clone())
                .send()
                .await
                .map_err(|error| classify(&error, address))?;
            let incomplete = |what| ObjectError::Refused {
                address: address.clone(),
                reason: format!("the answer to HEAD has no {what}"),
            };
            let etag = head.e_tag().ok_or_else(|| incomplete("etag"))?;
            let size = head
                .content_length()
                .and_then(|size| u64::try_from(size).ok());
            // "null" is what a bucket whose versioning is suspended calls every object,
            // one after the other: it pins nothing.
            let version_id = head.version_id().filter(|id| *id != "null");
            Ok(ObjectVersion {
                address: ObjectAddress {
                    version_id: version_id.map(str::to_owned),
                    ..address.clone()
                },
                etag: unquoted(etag).to_owned(),
                size: size.ok_or_else(|| incomplete("length"))?,
                last_modified: head
                    .last_modified()
                    .ok_or_else(|| incomplete("time"))?
                    .secs(),
            })
        }
        .boxed()
    }

    fn read<'a>(
        &'a self,
        version: &'a ObjectVersion,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Body, ObjectError>> {
        async move {
            let address = &version.address;
            let range = range.start..range.end.min(version.size);
            if range.is_empty() {
                return Ok(stream::empty().boxed());
            }
            let answer = self
                .client
                .get_object()
                .bucket(&address.bucket)
                .key(&address.key)
                .set_version_id(address.version_id.clone())
                .if_match(format!("\"{}\"", version.etag))
                .range(format!("bytes={}-{}", range.start, range.end - 1))
                .send()
                .await
                .map_err(|error| classify(&error, address))?;
            check(&answer, version, &range)?;
            Ok(body(answer, address.clone()))
        }
        .boxed()
    }

    fn list(&self, bucket: &str, prefix: &str) -> BoxStream<'static, Result<Listed, ListError>> {
        self.listed(bucket, prefix)
    }
}

/// Some stores that speak S3 ignore `If-Match` or `Range` and answer 200 all the same;
/// their bytes would be taken for others.
fn check(
    answer: &GetObjectOutput,
    version: &ObjectVersion,
    range: &Range<u64>,
) -> Result<(), ObjectError> {
    let address = version.address.clone();
    if answer.e_tag().map(unquoted) != Some(version.etag.as_str()) {
        return Err(ObjectError::Overwritten { address });
    }
    let expected = format!("bytes {}-{}/{}", range.start, range.end - 1, version.size);
    if answer.content_range() != Some(expected.as_str()) {
        return Err(ObjectError::Refused {
            address,
            reason: "the store answered with another range than was asked for".to_owned(),
        });
    }
    Ok(())
}

fn body(answer: GetObjectOutput, address: ObjectAddress) -> Body {
    stream::unfold((answer.body, address), |(mut bytes, address)| async move {
        let piece = bytes
            .next()
            .await?
            .map_err(|error| broken_body(&error, &address));
        Some((piece, (bytes, address)))
    })
    .boxed()
}

pub(super) fn unquoted(etag: &str) -> &str {
    etag.trim_matches('"')
}
