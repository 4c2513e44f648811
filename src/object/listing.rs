//! The objects of a bucket whose keys begin alike, as S3 lists them; a directory's are
//! listed in the same way ([`ObjectSource::list`](super::ObjectSource::list)).
//!
//! A list names keys and no versions: whoever wants one asks for it by its name
//! ([`ObjectSource::describe`](super::ObjectSource::describe)). So listing needs no
//! other permission than the bucket's list, and costs nothing for old versions.

use std::collections::VecDeque;
use std::error::Error;

use aws_sdk_s3::types::{EncodingType, Object};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use percent_encoding::percent_decode_str;

use super::error::ObjectError;
use super::s3::{S3Source, unquoted};
use super::s3_error::classify;
use super::version::ObjectAddress;

/// An object as its bucket lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub key: String,
    /// In bytes, as stored.
    pub size: u64,
    /// Without the quotes around it.
    pub etag: String,
    /// Unix seconds.
    pub last_modified: i64,
}

/// Why objects could not be listed.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    #[error("listing {place} is not allowed: grant s3:ListBucket on the bucket")]
    Forbidden { place: ObjectAddress },
    /// No request for this bucket will succeed until somebody changes the set-up.
    #[error("{place} cannot be listed: {reason}")]
    Setup {
        place: ObjectAddress,
        reason: String,
    },
    /// Worth trying again: unreachable, throttled, timed out.
    #[error("listing {place} failed for now")]
    Transient {
        place: ObjectAddress,
        source: Box<dyn Error + Send + Sync>,
    },
}

impl From<ObjectError> for ListError {
    /// The classes are those of any request to S3; what to do about them is not.
    fn from(error: ObjectError) -> ListError {
        match error {
            ObjectError::Forbidden { address } => ListError::Forbidden { place: address },
            ObjectError::Transient { address, source } => ListError::Transient {
                place: address,
                source,
            },
            ObjectError::Setup { address, reason } | ObjectError::Refused { address, reason } => {
                ListError::Setup {
                    place: address,
                    reason,
                }
            }
            ObjectError::NotFound { address }
            | ObjectError::Overwritten { address }
            | ObjectError::Archived { address } => ListError::Setup {
                place: address,
                reason: "what answers is no bucket".to_owned(),
            },
        }
    }
}

impl S3Source {
    /// Needs `s3:ListBucket`.
    pub(super) fn listed(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> BoxStream<'static, Result<Listed, ListError>> {
        let place = ObjectAddress {
            bucket: bucket.to_owned(),
            key: prefix.to_owned(),
            version_id: None,
        };
        let pages = self
            .client()
            .list_objects_v2()
            .bucket(bucket)
            .prefix(prefix)
            // XML has no way to write some of the characters that keys may hold.
            .encoding_type(EncodingType::Url)
            .into_paginator()
            .send();
        let listing = (pages, VecDeque::new(), place);
        stream::try_unfold(listing, |(mut pages, mut found, place)| async move {
            loop {
                if let Some(object) = found.pop_front() {
                    return Ok(Some((listed(&object, &place)?, (pages, found, place))));
                }
                match pages.next().await {
                    None => return Ok(None),
                    Some(Ok(page)) => found = page.contents.unwrap_or_default().into(),
                    Some(Err(error)) => return Err(classify(&error, &place).into()),
                }
            }
        })
        .boxed()
    }
}

fn listed(object: &Object, place: &ObjectAddress) -> Result<Listed, ListError> {
    let whole = || {
        Some(Listed {
            key: decoded(object.key()?)?,
            size: u64::try_from(object.size()?).ok()?,
            etag: unquoted(object.e_tag()?).to_owned(),
            last_modified: object.last_modified()?.secs(),
        })
    };
    whole().ok_or_else(|| ListError::Setup {
        place: place.clone(),
        reason: "its list names an object without key, size, etag or time".to_owned(),
    })
}

/// As a form encodes: a space is `+`.
fn decoded(key: &str) -> Option<String> {
    let key = key.replace('+', " ");
    let key = percent_decode_str(&key).decode_utf8().ok()?;
    Some(key.into_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use aws_sdk_s3::primitives::DateTime;

    use super::*;

    fn place() -> ObjectAddress {
        ObjectAddress {
            bucket: "audiences".to_owned(),
            key: "run/".to_owned(),
            version_id: None,
        }
    }

    fn object(key: &str) -> Object {
        Object::builder()
            .key(key)
            .size(7)
            .e_tag("\"b1946ac9\"")
            .last_modified(DateTime::from_millis(1_790_000_000_999))
            .build()
    }

    #[test]
    fn keys_are_decoded_as_s3_encodes_them_in_lists() {
        for (written, key) in [
            ("run/part-0", "run/part-0"),
            ("run/a+b%2Bc%20d", "run/a b+c d"),
            ("run/100%25.csv", "run/100%.csv"),
            ("gr%C3%B6%C3%9Fe", "größe"),
            ("new%0Aline", "new\nline"),
        ] {
            let found = listed(&object(written), &place()).unwrap();
            let expected = Listed {
                key: key.to_owned(),
                size: 7,
                etag: "b1946ac9".to_owned(),
                last_modified: 1_790_000_000,
            };
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn an_object_that_is_listed_in_part_is_an_error_and_not_left_out() {
        let without_time = Object::builder().key("k").size(1).e_tag("e").build();
        for broken in [without_time, object("%FF")] {
            let error = listed(&broken, &place()).unwrap_err();
            assert!(matches!(error, ListError::Setup { .. }), "{error}");
            assert!(error.to_string().contains("s3://audiences/run/"), "{error}");
        }
    }
}
