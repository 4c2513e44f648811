//! Where objects come from.

use std::ops::Range;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use percent_encoding::percent_decode_str;

use super::error::ObjectError;
use super::listing::{ListError, Listed};
use super::version::{ObjectAddress, ObjectVersion};

/// The bytes of one ranged read, in order, in pieces of any size.
pub type Body = BoxStream<'static, Result<Bytes, ObjectError>>;

/// A store of objects that can be read in part, pinned to one version.
///
/// The implementations, [`S3Source`](super::S3Source) and
/// [`LocalSource`](super::LocalSource), pass one suite,
/// `tests/object_source_conformance`. Dropping a future or a body ends its request.
pub trait ObjectSource: Send + Sync {
    /// The version under this name now, or the one that `address` names.
    fn describe<'a>(
        &'a self,
        address: &'a ObjectAddress,
    ) -> BoxFuture<'a, Result<ObjectVersion, ObjectError>>;

    /// The bytes of `range` of exactly this version, clipped to its size; an empty
    /// range asks nobody. [`ObjectError::Overwritten`] once another version has taken
    /// its place, be it before the first piece or after it.
    ///
    /// A body may break off early, with an error or without one: the caller counts,
    /// and asks again for what is missing. It never holds more than was asked for.
    fn read<'a>(
        &'a self,
        version: &'a ObjectVersion,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Body, ObjectError>>;

    /// All objects of the bucket whose keys begin with `prefix`, in the order of their
    /// keys, as they are now. Ends with the first error.
    ///
    /// A source that knows objects by their names alone says that it cannot.
    fn list(&self, bucket: &str, prefix: &str) -> BoxStream<'static, Result<Listed, ListError>> {
        let cannot = ListError::Setup {
            place: ObjectAddress {
                bucket: bucket.to_owned(),
                key: prefix.to_owned(),
                version_id: None,
            },
            reason: "this source of objects has no list".to_owned(),
        };
        stream::iter([Err(cannot)]).boxed()
    }
}

/// Describes the object of an EventBridge event, whose key should be literal.
///
/// If there is no such object and the key holds `%XX`, the percent-decoded key is
/// tried once. Says whether that was the one: it is counted, because it means that
/// something on the way encodes keys. If neither is found, the error names the
/// literal key.
pub async fn describe_or_decoded(
    source: &dyn ObjectSource,
    address: &ObjectAddress,
) -> Result<(ObjectVersion, bool), ObjectError> {
    let missing = match source.describe(address).await {
        Ok(version) => return Ok((version, false)),
        Err(error) if error.may_be_missing() => error,
        Err(error) => return Err(error),
    };
    let Some(decoded) = decoded(address) else {
        return Err(missing);
    };
    match source.describe(&decoded).await {
        Ok(version) => Ok((version, true)),
        Err(error) if error.may_be_missing() => Err(missing),
        Err(error) => Err(error),
    }
}

/// The address with its key percent-decoded; `None` where that changes nothing, or gives no text.
pub fn decoded(address: &ObjectAddress) -> Option<ObjectAddress> {
    let key = percent_decode_str(&address.key).decode_utf8().ok()?;
    (key != address.key).then(|| ObjectAddress {
        key: key.into_owned(),
        ..address.clone()
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use futures_util::{FutureExt, StreamExt, stream};

    use super::*;

    /// Holds one key, and answers for every other as told.
    struct OneKey(&'static str, fn(&ObjectAddress) -> ObjectError);

    impl ObjectSource for OneKey {
        fn describe<'a>(
            &'a self,
            address: &'a ObjectAddress,
        ) -> BoxFuture<'a, Result<ObjectVersion, ObjectError>> {
            async move {
                if address.key != self.0 {
                    return Err(self.1(address));
                }
                Ok(ObjectVersion {
                    address: address.clone(),
                    etag: "e".to_owned(),
                    size: 1,
                    last_modified: 0,
                })
            }
            .boxed()
        }

        fn read<'a>(
            &'a self,
            _: &'a ObjectVersion,
            _: Range<u64>,
        ) -> BoxFuture<'a, Result<Body, ObjectError>> {
            async { Ok(stream::empty().boxed()) }.boxed()
        }
    }

    fn encoded() -> ObjectAddress {
        ObjectAddress {
            bucket: "audiences".to_owned(),
            key: "a%20b".to_owned(),
            version_id: None,
        }
    }

    fn forbidden(address: &ObjectAddress) -> ObjectError {
        ObjectError::Forbidden {
            address: address.clone(),
        }
    }

    fn unreachable(address: &ObjectAddress) -> ObjectError {
        ObjectError::transient(address, "no connection")
    }

    #[tokio::test]
    async fn without_the_right_to_list_a_forbidden_key_is_tried_decoded_too() {
        let source = OneKey("a b", forbidden);
        let (version, decoded) = describe_or_decoded(&source, &encoded()).await.unwrap();
        assert_eq!((version.address.key.as_str(), decoded), ("a b", true));

        let nothing = describe_or_decoded(&OneKey("", forbidden), &encoded()).await;
        let error = nothing.unwrap_err();
        assert!(matches!(error, ObjectError::Forbidden { address } if address == encoded()));
    }

    #[tokio::test]
    async fn a_source_out_of_reach_says_nothing_about_the_key() {
        let source = OneKey("a b", unreachable);
        let error = describe_or_decoded(&source, &encoded()).await.unwrap_err();
        assert!(error.is_transient());
    }
}
