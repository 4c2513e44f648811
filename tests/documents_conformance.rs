//! What every store of documents does, in S3 and in a directory alike.

#![allow(clippy::unwrap_used, clippy::panic)]

mod localstack;

use std::sync::Arc;
use std::time::Duration;

use audience_activator::documents::{
    DocumentError, Documents, LocalDocuments, Put, S3Documents, Tag,
};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use bytes::Bytes;
use futures_util::future::join_all;

/// A store, empty at first, as two workers have it.
struct Stand {
    one: Arc<dyn Documents>,
    other: Arc<dyn Documents>,
    _directory: Option<tempfile::TempDir>,
}

fn directory() -> Stand {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("not/yet/there");
    Stand {
        one: Arc::new(LocalDocuments::new(&root)),
        other: Arc::new(LocalDocuments::new(&root)),
        _directory: Some(directory),
    }
}

fn s3() -> Client {
    Client::from_conf(
        Builder::from(&localstack::aws())
            .force_path_style(true)
            .build(),
    )
}

async fn on_localstack() -> Stand {
    let client = s3();
    let bucket = localstack::fresh_name("documents");
    client.create_bucket().bucket(&bucket).send().await.unwrap();
    Stand {
        one: Arc::new(S3Documents::new(client.clone(), &bucket, "state/")),
        other: Arc::new(S3Documents::new(client, &bucket, "state/")),
        _directory: None,
    }
}

const PATH: &str = "turns/2002.json";

fn text(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn stored(put: Put) -> Tag {
    match put {
        Put::Stored(tag) => tag,
        Put::Conflict => panic!("a conflict"),
    }
}

async fn suite(stand: Stand) {
    let Stand { one, other, .. } = &stand;
    // Nothing is there, and what is written is read by others.
    assert!(one.get(PATH).await.unwrap().is_none());
    let some_tag = Tag("\"0123\"".to_owned());
    let none = one.put(PATH, text("{}"), Some(&some_tag)).await.unwrap();
    assert_eq!(none, Put::Conflict);
    let first = stored(one.put(PATH, text("{\"a\":1}"), None).await.unwrap());
    let found = other.get(PATH).await.unwrap().unwrap();
    assert_eq!(
        (found.json.as_slice(), &found.tag),
        (&b"{\"a\":1}"[..], &first)
    );
    assert!(found.age < Duration::from_secs(60), "{:?}", found.age);
    assert!(one.place_of(PATH).ends_with(PATH));

    // Only whoever knows what is there writes over it.
    for expected in [None, Some(&some_tag)] {
        let put = other.put(PATH, text("{\"b\":1}"), expected).await.unwrap();
        assert_eq!(put, Put::Conflict);
    }
    let second = stored(
        other
            .put(PATH, text("{\"b\":2}"), Some(&first))
            .await
            .unwrap(),
    );
    assert_ne!(second, first);
    let late = one
        .put(PATH, text("{\"a\":3}"), Some(&first))
        .await
        .unwrap();
    assert_eq!(late, Put::Conflict);
    assert_eq!(one.get(PATH).await.unwrap().unwrap().json, b"{\"b\":2}");

    // Paths are apart, and of many who try at once one succeeds.
    assert!(one.get("turns/200.json").await.unwrap().is_none());
    let race = (0..8).map(|racer| {
        let store = if racer % 2 == 0 { one } else { other };
        let json = Bytes::from(format!("{{\"racer\":{racer}}}"));
        async move { store.put("erasures/race.json", json, None).await.unwrap() }
    });
    let puts = join_all(race).await;
    assert_eq!(puts.iter().filter(|put| **put != Put::Conflict).count(), 1);

    // What no document of this program can be is not taken for one.
    let long = Bytes::from(vec![b' '; 4 * 1024 * 1024 + 1]);
    let put = one.put(PATH, long, Some(&second)).await;
    assert!(matches!(put, Err(DocumentError::Setup(_))), "{put:?}");
}

#[tokio::test]
async fn a_directory_keeps_documents() {
    suite(directory()).await;
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn s3_keeps_documents() {
    suite(on_localstack().await).await;
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn without_a_bucket_no_document_is_kept_and_it_is_said_what_to_set() {
    let nowhere = S3Documents::nowhere(s3(), "state/");
    let got = nowhere.get(PATH).await;
    assert!(matches!(&got, Err(DocumentError::Setup(text)) if text.contains("[state] location")));
}
