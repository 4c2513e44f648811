//! What every source promises, told as the trait tells it.

use std::ops::Range;

use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use audience_activator::object::{
    ListError, Listed, ObjectError, ObjectSource, describe_or_decoded,
};
use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;

/// A store to test, empty at first.
pub(crate) trait Store {
    fn source(&self) -> &dyn ObjectSource;
    fn bucket(&self) -> &str;
    /// Writes an object, over another if there is one.
    fn put<'a>(&'a self, key: &'a str, content: &'a [u8]) -> BoxFuture<'a, ()>;
    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, ()>;
}

pub(crate) async fn every_promise_is_kept(store: &dyn Store) {
    an_object_is_described(store).await;
    keys_are_taken_literally(store).await;
    a_range_is_read_to_the_byte(store).await;
    a_large_object_comes_whole(store).await;
    an_overwritten_object_is_not_read(store).await;
    what_is_missing_is_not_found(store).await;
    an_encoded_key_is_tried_decoded_once(store).await;
    objects_are_listed_by_the_beginning_of_their_keys(store).await;
}

fn address(store: &dyn Store, key: &str) -> ObjectAddress {
    ObjectAddress {
        bucket: store.bucket().to_owned(),
        key: key.to_owned(),
        version_id: None,
    }
}

async fn put_and_describe(store: &dyn Store, key: &str, content: &[u8]) -> ObjectVersion {
    store.put(key, content).await;
    store.source().describe(&address(store, key)).await.unwrap()
}

async fn read(
    store: &dyn Store,
    version: &ObjectVersion,
    range: Range<u64>,
) -> Result<Vec<u8>, ObjectError> {
    let body = store.source().read(version, range).await?;
    let pieces: Vec<_> = body.try_collect().await?;
    Ok(pieces.concat())
}

async fn an_object_is_described(store: &dyn Store) {
    let version = put_and_describe(store, "described", b"email\na@x.org\n").await;
    assert_eq!(version.address, address(store, "described"));
    assert_eq!(version.size, 14);
    assert!(!version.etag.is_empty() && !version.etag.contains('"'));
    assert!(version.last_modified > 1_600_000_000);
    let again = store.source().describe(&version.address).await.unwrap();
    assert_eq!(again, version);
    let empty = put_and_describe(store, "empty", b"").await;
    assert_eq!(empty.size, 0);
    assert_eq!(read(store, &empty, 0..10).await.unwrap(), b"");
}

async fn keys_are_taken_literally(store: &dyn Store) {
    for key in [
        "a key with spaces.csv",
        "plus+sign",
        "per%cent",
        "per%20cent",
        "year=2026/part-0",
        "Köln/größe.csv",
        "quote'\"&<x>",
    ] {
        let version = put_and_describe(store, key, key.as_bytes()).await;
        assert_eq!(version.address.key, key);
        let content = read(store, &version, 0..version.size).await.unwrap();
        assert_eq!(content, key.as_bytes(), "{key}");
    }
}

async fn a_range_is_read_to_the_byte(store: &dyn Store) {
    let version = put_and_describe(store, "ranges", b"0123456789").await;
    for (range, expected) in [
        (0..10, &b"0123456789"[..]),
        (0..1, b"0"),
        (9..10, b"9"),
        (3..7, b"3456"),
        (8..1_000, b"89"),
        (5..5, b""),
        (10..11, b""),
        (500..600, b""),
    ] {
        let content = read(store, &version, range.clone()).await.unwrap();
        assert_eq!(content, expected, "{range:?}");
    }
}

async fn a_large_object_comes_whole(store: &dyn Store) {
    let content: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
    let version = put_and_describe(store, "large", &content).await;
    let all = read(store, &version, 0..version.size).await.unwrap();
    assert!(all == content);
    let part = read(store, &version, 1_000_001..2_500_003).await.unwrap();
    assert!(Some(part.as_slice()) == content.get(1_000_001..2_500_003));
}

async fn an_overwritten_object_is_not_read(store: &dyn Store) {
    let old = put_and_describe(store, "overwritten", b"the first").await;
    store.put("overwritten", b"the other, longer").await;
    let error = read(store, &old, 0..9).await.unwrap_err();
    assert!(matches!(error, ObjectError::Overwritten { .. }), "{error}");
    let new = store.source().describe(&old.address).await.unwrap();
    assert_ne!(new.etag, old.etag);
    assert_eq!(read(store, &new, 4..9).await.unwrap(), b"other");
}

async fn what_is_missing_is_not_found(store: &dyn Store) {
    let gone = put_and_describe(store, "gone", b"was here").await;
    store.delete("gone").await;
    let error = read(store, &gone, 0..8).await.unwrap_err();
    assert!(matches!(error, ObjectError::NotFound { .. }), "{error}");
    for key in ["gone", "never/was", "empty/below-an-object"] {
        let error = store
            .source()
            .describe(&address(store, key))
            .await
            .unwrap_err();
        assert!(matches!(error, ObjectError::NotFound { .. }), "{error}");
    }
}

async fn an_encoded_key_is_tried_decoded_once(store: &dyn Store) {
    store.put("run 1/ä+b", b"decoded").await;
    let encoded = address(store, "run%201/%C3%A4+b");
    let (version, decoded) = describe_or_decoded(store.source(), &encoded).await.unwrap();
    assert!(decoded);
    assert_eq!(version.address.key, "run 1/ä+b");

    store.put("run%201/%C3%A4+b", b"literal").await;
    let (version, decoded) = describe_or_decoded(store.source(), &encoded).await.unwrap();
    assert!(!decoded);
    assert_eq!(version.address, encoded);

    for key in ["not%20there", "not there", "not%FFtext"] {
        let missing = address(store, key);
        let error = describe_or_decoded(store.source(), &missing)
            .await
            .unwrap_err();
        assert!(matches!(error, ObjectError::NotFound { address } if address == missing));
    }
}

async fn objects_are_listed_by_the_beginning_of_their_keys(store: &dyn Store) {
    for key in [
        "listed/b",
        "listed/a b",
        "listed/c/d",
        "listed-not",
        "listed/a+b",
    ] {
        store.put(key, key.as_bytes()).await;
    }
    let list = async |prefix: &str| -> Vec<Listed> {
        let listed = store.source().list(store.bucket(), prefix);
        listed.try_collect().await.unwrap()
    };
    let keys = |listed: &[Listed]| -> Vec<String> {
        listed.iter().map(|object| object.key.clone()).collect()
    };
    let listed = list("listed/").await;
    assert_eq!(
        keys(&listed),
        ["listed/a b", "listed/a+b", "listed/b", "listed/c/d"]
    );
    for object in &listed {
        let address = address(store, &object.key);
        let described = store.source().describe(&address).await.unwrap();
        assert_eq!(
            (&described.etag, described.size, described.last_modified),
            (&object.etag, object.size, object.last_modified)
        );
    }
    assert_eq!(keys(&list("listed/a").await), ["listed/a b", "listed/a+b"]);
    assert_eq!(keys(&list("listed-nothing/").await), [""; 0]);
    let elsewhere = store.source().list("no-such-bucket-of-ours", "");
    let error = elsewhere.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(
        matches!(error, ListError::Setup { .. } | ListError::Forbidden { .. }),
        "{error}"
    );
}
