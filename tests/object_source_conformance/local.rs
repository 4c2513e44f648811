//! The suite against a directory, and what only a directory has.

use std::path::PathBuf;

use audience_activator::object::version::ObjectAddress;
use audience_activator::object::{LocalSource, ObjectError, ObjectSource};
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt};
use tempfile::TempDir;

use super::suite::{Store, every_promise_is_kept};

struct Directory {
    source: LocalSource,
    /// Of the bucket.
    path: PathBuf,
    _root: TempDir,
}

impl Directory {
    fn below_root() -> Directory {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("audiences");
        std::fs::create_dir(&path).unwrap();
        Directory {
            source: LocalSource::below(root.path()),
            path,
            _root: root,
        }
    }

    fn of_directory() -> Directory {
        let root = tempfile::tempdir().unwrap();
        Directory {
            source: LocalSource::of_directory("audiences", root.path()),
            path: root.path().to_owned(),
            _root: root,
        }
    }
}

impl Store for Directory {
    fn source(&self) -> &dyn ObjectSource {
        &self.source
    }

    fn bucket(&self) -> &str {
        "audiences"
    }

    fn put<'a>(&'a self, key: &'a str, content: &'a [u8]) -> BoxFuture<'a, ()> {
        async move {
            let path = self.path.join(key);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        .boxed()
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, ()> {
        async move { std::fs::remove_file(self.path.join(key)).unwrap() }.boxed()
    }
}

fn address(bucket: &str, key: &str) -> ObjectAddress {
    ObjectAddress {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version_id: None,
    }
}

#[tokio::test]
async fn a_directory_of_buckets_keeps_every_promise() {
    every_promise_is_kept(&Directory::below_root()).await;
}

#[tokio::test]
async fn a_directory_as_a_bucket_keeps_every_promise() {
    every_promise_is_kept(&Directory::of_directory()).await;
}

#[tokio::test]
async fn no_key_leads_out_of_the_bucket() {
    let store = Directory::below_root();
    store.put("inside", b"x").await;
    std::fs::write(store.path.parent().unwrap().join("outside"), b"x").unwrap();
    let absolute = store.path.join("inside");
    for (bucket, key) in [
        ("audiences", "../outside"),
        ("audiences", "a/../inside"),
        ("audiences", "./inside"),
        ("audiences", "/inside"),
        ("audiences", "inside/"),
        ("audiences", "a//inside"),
        ("audiences", absolute.to_str().unwrap()),
        ("audiences", "nul\0byte"),
        ("audiences", ""),
        ("..", "outside"),
        ("", "outside"),
        ("other", "inside"),
    ] {
        let error = store.source.describe(&address(bucket, key)).await;
        let Err(ObjectError::NotFound { .. }) = error else {
            panic!("{bucket:?} {key:?}: {error:?}");
        };
    }
}

#[tokio::test]
async fn a_file_changed_while_it_is_read_gives_no_more_bytes() {
    let store = Directory::below_root();
    store.put("part", &vec![b'a'; 4_000_000]).await;
    let version = store
        .source
        .describe(&address("audiences", "part"))
        .await
        .unwrap();
    let mut body = store.source.read(&version, 0..version.size).await.unwrap();
    let first = body.next().await.unwrap().unwrap();
    assert!(!first.is_empty());
    // In place: the open file is the one that changes.
    store.put("part", &vec![b'b'; 4_000_001]).await;
    let second = body.next().await.unwrap();
    assert!(matches!(second, Err(ObjectError::Overwritten { .. })));
}
