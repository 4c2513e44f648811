//! What every ledger does, in S3 and in a directory alike.

#![allow(clippy::unwrap_used, clippy::panic)]

mod local;
#[path = "../localstack/mod.rs"]
mod localstack;
mod suite;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use audience_activator::ledger::{
    Attempts, Entry, Found, Ledger, LedgerError, LocalLedger, Progress, Put, S3Ledger, Schema,
    State, Tag,
};
use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use audience_activator::receipts::{Code, ObjectDescription, Timestamp};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::{BoxFuture, join_all};

/// Writes something at a path below the state location.
type Spoiler = Box<dyn Fn(String, Vec<u8>) -> BoxFuture<'static, ()>>;

/// A ledger, empty at first.
struct Stand {
    ledger: Arc<dyn Ledger>,
    /// Of another process, as it were.
    other: Arc<dyn Ledger>,
    /// The bucket that the objects are in.
    bucket: String,
    spoil: Spoiler,
    _directory: Option<tempfile::TempDir>,
}

fn local_directory() -> Stand {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("not/yet/there");
    Stand {
        ledger: Arc::new(LocalLedger::new(&root)),
        other: Arc::new(LocalLedger::new(&root)),
        bucket: "cleanroom-activations".to_owned(),
        spoil: Box::new(move |path, bytes| {
            let path = root.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
            Box::pin(std::future::ready(()))
        }),
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

async fn bucket_on_localstack(of: &str) -> String {
    let bucket = localstack::fresh_name(of);
    s3().create_bucket().bucket(&bucket).send().await.unwrap();
    bucket
}

fn spoiler(client: Client, bucket: String, prefix: &'static str) -> Spoiler {
    Box::new(move |path, bytes| {
        let request = client
            .put_object()
            .bucket(&bucket)
            .key(format!("{prefix}/{path}"))
            .body(ByteStream::from(bytes));
        Box::pin(async move {
            request.send().await.unwrap();
        })
    })
}

async fn s3_bucket(of: &str) -> Stand {
    let bucket = bucket_on_localstack(of).await;
    Stand {
        ledger: Arc::new(S3Ledger::new(s3(), &bucket, "/some/prefix/").with_keys_in_a_page(7)),
        other: Arc::new(S3Ledger::new(s3(), &bucket, "some/prefix")),
        bucket: "cleanroom-activations".to_owned(),
        spoil: spoiler(s3(), bucket, "some/prefix"),
        _directory: None,
    }
}

async fn s3_beside_the_object(of: &str) -> Stand {
    let bucket = bucket_on_localstack(of).await;
    Stand {
        ledger: Arc::new(S3Ledger::beside_the_object(s3(), "state").with_keys_in_a_page(7)),
        other: Arc::new(S3Ledger::beside_the_object(s3(), "state")),
        spoil: spoiler(s3(), bucket.clone(), "state"),
        bucket,
        _directory: None,
    }
}

impl Stand {
    fn object(&self, key: &str) -> ObjectVersion {
        ObjectVersion {
            address: ObjectAddress {
                bucket: self.bucket.clone(),
                key: key.to_owned(),
                version_id: None,
            },
            etag: ETAG.to_owned(),
            size: 5,
            last_modified: 1_770_091_506,
        }
    }

    async fn get(&self, object: &ObjectVersion) -> Option<Found> {
        self.ledger.get(object, ROUTE).await.unwrap()
    }

    async fn create(&self, entry: &Entry) -> Tag {
        stored(self.ledger.put(entry, None).await.unwrap())
    }

    /// What is listed: keys of entries, and errors.
    async fn list(&self, route: Option<&str>) -> (BTreeSet<String>, Vec<LedgerError>) {
        let (mut keys, mut errors) = (BTreeSet::new(), Vec::new());
        let mut listed = self.ledger.list(Some(&self.bucket), route);
        while let Some(found) = listed.next().await {
            match found {
                Ok(found) => assert!(
                    keys.insert(found.entry.object.key.clone()),
                    "listed twice: {}",
                    found.entry.object.key
                ),
                Err(error) => errors.push(error),
            }
        }
        (keys, errors)
    }
}

const ROUTE: &str = "store-buyers";
const ETAG: &str = "5d41402abc4b2a76b9719d911017c592";

/// Where the entry of a plain key lies, below the state location.
fn path_of(object: &ObjectVersion) -> String {
    let (bucket, key) = (&object.address.bucket, &object.address.key);
    format!("ledger/{ROUTE}/{bucket}/{key}/{ETAG}-5.json")
}

fn entry(object: &ObjectVersion, revision: u64) -> Entry {
    Entry {
        schema: Schema,
        object: ObjectDescription::from(object),
        route: ROUTE.to_owned(),
        revision,
        fence: 1,
        state: State::Waiting {
            reason: Code::new("stopped"),
        },
        owner: "worker-1".to_owned(),
        lease_seconds: 60,
        fingerprint: "0f343b09".to_owned(),
        judged_at: 1_770_091_506,
        claimed_at: Timestamp::from_unix_seconds(1_770_091_506),
        updated_at: Timestamp::from_unix_seconds(1_770_091_507),
        deliveries: 0,
        replay: None,
        replayed: vec!["again".to_owned()],
        attempts: Attempts {
            total: 3,
            without_progress: 1,
            in_vain: 0,
        },
        progress: Progress::default(),
        run: None,
    }
}

fn stored(put: Put) -> Tag {
    match put {
        Put::Stored(tag) => tag,
        Put::Conflict => panic!("a conflict"),
    }
}

macro_rules! every_ledger {
    ($($test:ident,)*) => {
        mod in_a_directory {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::suite::$test(super::local_directory()).await;
                }
            )*
        }

        mod in_s3_on_localstack {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs LocalStack: make test"]
                async fn $test() {
                    super::suite::$test(super::s3_bucket(stringify!($test)).await).await;
                }
            )*
        }

        mod in_s3_beside_the_object_on_localstack {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs LocalStack: make test"]
                async fn $test() {
                    super::suite::$test(super::s3_beside_the_object(stringify!($test)).await).await;
                }
            )*
        }
    };
}

every_ledger! {
    what_was_put_is_got_again_whatever_the_key,
    what_was_never_put_is_not_there,
    an_entry_is_created_once,
    a_swap_asks_for_the_tag_of_what_is_there,
    of_writes_at_once_exactly_one_wins,
    what_is_no_entry_is_told_and_not_taken_for_none,
    another_version_and_another_route_have_entries_of_their_own,
    parts_of_a_list_of_rejects_are_kept_until_they_are_removed,
    a_name_of_a_part_leads_nowhere_else,
    all_entries_are_listed_and_those_of_a_route,
    an_entry_grows_old_until_it_is_written_again,
    a_write_dropped_in_flight_is_whole_or_not_there,
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn a_bucket_that_does_not_exist_is_for_a_person() {
    let ledger = S3Ledger::new(s3(), localstack::fresh_name("no-such-bucket"), "");
    let object = local_directory().object("meta/part-0.csv");
    let entry = entry(&object, 1);
    let tag = Tag(format!("\"{ETAG}\""));
    for error in [
        ledger.put(&entry, None).await.unwrap_err(),
        ledger.put(&entry, Some(&tag)).await.unwrap_err(),
        ledger.get(&object, ROUTE).await.unwrap_err(),
        ledger.list(None, None).next().await.unwrap().unwrap_err(),
        ledger
            .put_segment(&entry, "1-0", Bytes::new())
            .await
            .unwrap_err(),
        ledger.get_segment(&entry, "1-0").await.unwrap_err(),
        ledger
            .remove_segments(&entry, &["1-0".to_owned()])
            .await
            .unwrap_err(),
    ] {
        let LedgerError::Setup(text) = &error else {
            panic!("{error} is no setup failure")
        };
        assert!(
            text.contains("no such bucket") && text.contains("s3://no-such-bucket"),
            "{text}"
        );
    }
}
