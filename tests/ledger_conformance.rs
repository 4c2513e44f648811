//! What every ledger does, in S3 and in a directory alike.

#![allow(clippy::unwrap_used, clippy::panic)]

mod localstack;

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

fn odd_keys() -> Vec<String> {
    let long = [
        "x".repeat(1_024),
        "ö".repeat(512),
        "d/".repeat(512),
        "%".repeat(1_024),
    ];
    [
        "meta/run=1/part-0.csv",
        "größe 100% a+b.csv",
        "../../etc/passwd",
        "/a//b/",
        "a",
        "a/b.json",
        "a/b",
        // As if inside another's folder of parts of a list.
        "a/5d41402abc4b2a76b9719d911017c592-5.rejects",
        "a/5d41402abc4b2a76b9719d911017c592-5.rejects/1-0.csv.gz",
        "line\nbreak\u{1}",
        "~",
        "%7E",
        "🙂",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain(long)
    .collect()
}

async fn what_was_put_is_got_again_whatever_the_key(stand: Stand) {
    let objects: Vec<_> = odd_keys().iter().map(|key| stand.object(key)).collect();
    let mut tags = Vec::new();
    let part = |number: u64| Bytes::from(format!("part of {number}"));
    // All are put before the first is read: one must not hide another.
    for (number, object) in (0..).zip(&objects) {
        let entry = entry(object, number);
        tags.push(stand.create(&entry).await);
        let put = stand.ledger.put_segment(&entry, "1-0", part(number));
        put.await.unwrap();
    }
    for ((number, object), tag) in (0..).zip(&objects).zip(tags) {
        let found = stand.get(object).await.unwrap();
        assert_eq!(found.entry, entry(object, number), "{object}");
        assert_eq!(found.tag, tag, "{object}");
        let segment = stand.ledger.get_segment(&found.entry, "1-0").await;
        assert_eq!(segment.unwrap(), part(number), "{object}");
    }
    let (listed, errors) = stand.list(None).await;
    assert_eq!(listed, BTreeSet::from_iter(odd_keys()));
    assert!(errors.is_empty(), "{errors:?}");
}

async fn what_was_never_put_is_not_there(stand: Stand) {
    let object = stand.object("meta/part-0.csv");
    assert!(stand.get(&object).await.is_none());
    let (listed, errors) = stand.list(None).await;
    assert!(listed.is_empty() && errors.is_empty(), "{errors:?}");
}

async fn an_entry_is_created_once(stand: Stand) {
    let object = stand.object("meta/part-0.csv");
    let first = stand.create(&entry(&object, 1)).await;
    let second = stand.other.put(&entry(&object, 2), None).await.unwrap();
    assert_eq!(second, Put::Conflict);
    let found = stand.get(&object).await.unwrap();
    assert_eq!((found.entry.revision, found.tag), (1, first));
}

async fn a_swap_asks_for_the_tag_of_what_is_there(stand: Stand) {
    let object = stand.object("meta/part-0.csv");
    let first = stand.create(&entry(&object, 1)).await;
    let swapped = stand.ledger.put(&entry(&object, 2), Some(&first)).await;
    let second = stored(swapped.unwrap());
    assert_ne!(first, second);
    for ledger in [&stand.ledger, &stand.other] {
        let late = ledger.put(&entry(&object, 3), Some(&first)).await.unwrap();
        assert_eq!(late, Put::Conflict);
        let found = ledger.get(&object, ROUTE).await.unwrap().unwrap();
        assert_eq!((found.entry.revision, &found.tag), (2, &second));
    }
    let third = stand.other.put(&entry(&object, 3), Some(&second)).await;
    stored(third.unwrap());
    // What is not there has no tag that could be meant.
    let gone = stand.object("meta/part-1.csv");
    let swapped = stand.ledger.put(&entry(&gone, 1), Some(&second)).await;
    assert_eq!(swapped.unwrap(), Put::Conflict);
    assert!(stand.get(&gone).await.is_none());
}

async fn of_writes_at_once_exactly_one_wins(stand: Stand) {
    const ROUNDS: u64 = 20;
    const WRITERS: u64 = 6;
    let object = stand.object("meta/part-0.csv");
    let mut tag: Option<Tag> = None;
    for round in 0..ROUNDS {
        let writers = (0..WRITERS).map(|writer| {
            let ledger = match writer % 2 {
                0 => stand.ledger.clone(),
                _ => stand.other.clone(),
            };
            let (entry, tag) = (entry(&object, round * WRITERS + writer), tag.clone());
            tokio::spawn(async move {
                let put = ledger.put(&entry, tag.as_ref()).await.unwrap();
                (entry, put)
            })
        });
        let mut winners = Vec::new();
        for ended in join_all(writers).await {
            let (entry, put) = ended.unwrap();
            if put != Put::Conflict {
                winners.push((entry, stored(put)));
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        let (entry, won) = winners.remove(0);
        let found = stand.get(&object).await.unwrap();
        assert_eq!((found.entry, &found.tag), (entry, &won), "round {round}");
        tag = Some(won);
    }
}

async fn what_is_no_entry_is_told_and_not_taken_for_none(stand: Stand) {
    let object = stand.object("meta/part-0.csv");
    let of_another_schema = {
        let mut json = serde_json::to_value(entry(&object, 1)).unwrap();
        *json.get_mut("schema").unwrap() = 2.into();
        json.to_string().into_bytes()
    };
    let too_long = {
        let mut json = serde_json::to_vec(&entry(&object, 1)).unwrap();
        json.resize(5 * 1024 * 1024, b' ');
        json
    };
    for spoilt in [
        b"".to_vec(),
        b"{".to_vec(),
        b"{}".to_vec(),
        b"\xff".to_vec(),
        of_another_schema,
        too_long,
    ] {
        (stand.spoil)(path_of(&object), spoilt).await;
        let error = stand.ledger.get(&object, ROUTE).await.unwrap_err();
        assert!(matches!(error, LedgerError::Unreadable { .. }), "{error}");
        assert!(error.to_string().contains(&path_of(&object)), "{error}");
        // It is a person's to move away: nothing is written in its place.
        let put = stand.ledger.put(&entry(&object, 2), None).await.unwrap();
        assert_eq!(put, Put::Conflict);
    }
}

async fn another_version_and_another_route_have_entries_of_their_own(stand: Stand) {
    let unversioned = stand.object("meta/part-0.csv");
    let mut overwritten = unversioned.clone();
    overwritten.etag = "7d793037a0760186574b0282f2f435e7".to_owned();
    let mut longer = unversioned.clone();
    longer.size = 6;
    let mut versioned = unversioned.clone();
    versioned.address.version_id = Some("3Lg.kqtJlcpXro".to_owned());
    let mut later = versioned.clone();
    later.address.version_id = Some("4Lg.kqtJlcpXro".to_owned());

    stand.create(&entry(&unversioned, 1)).await;
    stand.create(&entry(&versioned, 2)).await;
    assert_eq!(stand.get(&unversioned).await.unwrap().entry.revision, 1);
    assert_eq!(stand.get(&versioned).await.unwrap().entry.revision, 2);
    for other in [&overwritten, &longer, &later] {
        assert!(stand.get(other).await.is_none());
    }
    let on_another = stand.ledger.get(&unversioned, "other-route").await.unwrap();
    assert!(on_another.is_none());
    // Whatever brought the one to the other's place.
    let moved = serde_json::to_vec(&entry(&versioned, 3)).unwrap();
    (stand.spoil)(path_of(&unversioned), moved).await;
    assert!(stand.get(&unversioned).await.is_none());
}

async fn parts_of_a_list_of_rejects_are_kept_until_they_are_removed(stand: Stand) {
    let one = entry(&stand.object("meta/part-0.csv"), 1);
    let two = entry(&stand.object("meta/part-1.csv"), 1);
    let part = |text: &'static str| Bytes::from_static(text.as_bytes());
    let ledger = &stand.ledger;
    ledger.put_segment(&one, "1-0", part("a")).await.unwrap();
    ledger.put_segment(&one, "1-1", part("")).await.unwrap();
    ledger.put_segment(&two, "1-0", part("b")).await.unwrap();
    let a = stand.other.get_segment(&one, "1-0").await.unwrap();
    let nothing = stand.other.get_segment(&one, "1-1").await.unwrap();
    assert_eq!((a, nothing), (part("a"), part("")));

    let names = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    let removed = names(&["1-0", "9-9"]);
    for _ in 0..2 {
        ledger.remove_segments(&one, &removed).await.unwrap();
    }
    let error = ledger.get_segment(&one, "1-0").await.unwrap_err();
    assert!(matches!(error, LedgerError::Setup(_)), "{error}");
    assert!(error.to_string().contains("is not there"), "{error}");
    assert_eq!(ledger.get_segment(&one, "1-1").await.unwrap(), part(""));
    assert_eq!(ledger.get_segment(&two, "1-0").await.unwrap(), part("b"));
    ledger
        .remove_segments(&one, &names(&["1-1"]))
        .await
        .unwrap();
    ledger.put_segment(&one, "2-0", part("c")).await.unwrap();
    assert_eq!(ledger.get_segment(&one, "2-0").await.unwrap(), part("c"));
}

async fn a_name_of_a_part_leads_nowhere_else(stand: Stand) {
    let one = entry(&stand.object("meta/part-0.csv"), 1);
    stand.create(&one).await;
    let beside = format!("../{ETAG}-5.json");
    for name in ["", "..", "a/b", &beside] {
        let names = [name.to_owned()];
        for error in [
            stand.ledger.get_segment(&one, name).await.unwrap_err(),
            stand
                .ledger
                .put_segment(&one, name, Bytes::new())
                .await
                .unwrap_err(),
            stand
                .ledger
                .remove_segments(&one, &names)
                .await
                .unwrap_err(),
        ] {
            assert!(matches!(error, LedgerError::Setup(_)), "{error}");
        }
    }
    assert!(stand.get(&stand.object("meta/part-0.csv")).await.is_some());
}

async fn all_entries_are_listed_and_those_of_a_route(stand: Stand) {
    let mut on_route = BTreeSet::new();
    for number in 0..25 {
        let key = format!("meta/run-{}/part-{number}.csv", number % 3);
        let entry = entry(&stand.object(&key), 1);
        stand.create(&entry).await;
        let part = Bytes::from_static(b"part");
        let put = stand.ledger.put_segment(&entry, "1-0", part);
        put.await.unwrap();
        on_route.insert(key);
    }
    let mut all = on_route.clone();
    // A name that is the beginning of the other's.
    for (number, route) in ["store", "größe/a"].into_iter().enumerate() {
        let key = format!("other/{number}.csv");
        let mut entry = entry(&stand.object(&key), 1);
        route.clone_into(&mut entry.route);
        stand.create(&entry).await;
        let (listed, errors) = stand.list(Some(route)).await;
        assert_eq!(listed, BTreeSet::from([key.clone()]));
        assert!(errors.is_empty(), "{errors:?}");
        all.insert(key);
    }
    let (listed, errors) = stand.list(None).await;
    assert_eq!(listed, all);
    assert!(errors.is_empty(), "{errors:?}");

    let spoilt = stand.object("meta/run-1/part-1.csv");
    (stand.spoil)(path_of(&spoilt), b"{}".to_vec()).await;
    on_route.remove(&spoilt.address.key);
    let (listed, errors) = stand.list(Some(ROUTE)).await;
    assert_eq!(listed, on_route);
    let [LedgerError::Unreadable { location }] = &errors[..] else {
        panic!("{errors:?}")
    };
    assert!(
        location.to_string().ends_with(&path_of(&spoilt)),
        "{location}"
    );
    let (listed, errors) = stand.list(Some("store-buyer")).await;
    assert!(listed.is_empty() && errors.is_empty(), "{errors:?}");
}

/// S3 tells times in whole seconds, of which two may be off by nearly one each.
const ROUGHLY: Duration = Duration::from_secs(2);

async fn an_entry_grows_old_until_it_is_written_again(stand: Stand) {
    let object = stand.object("meta/part-0.csv");
    let mut written = Instant::now();
    let mut tag = stand.create(&entry(&object, 1)).await;
    for revision in 2..4 {
        loop {
            let found = stand.get(&object).await.unwrap();
            assert!(found.age <= written.elapsed() + ROUGHLY, "{:?}", found.age);
            if found.age >= Duration::from_secs(1) {
                break;
            }
            let waited = written.elapsed();
            assert!(waited < Duration::from_secs(60), "it grows no older");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        written = Instant::now();
        let next = entry(&object, revision);
        let swapped = stand.ledger.put(&next, Some(&tag)).await;
        tag = stored(swapped.unwrap());
    }
    let found = stand.get(&object).await.unwrap();
    assert!(found.age <= written.elapsed() + ROUGHLY, "{:?}", found.age);
}

async fn a_write_dropped_in_flight_is_whole_or_not_there(stand: Stand) {
    let mut dropped = 0;
    let mut tag = None;
    let object = stand.object("meta/part-0.csv");
    for revision in 0..40 {
        let mut long = entry(&object, revision);
        long.progress.rejects.tail = "A".repeat(300_000);
        let micros = 150 * revision;
        let put = stand.ledger.put(&long, tag.as_ref());
        let ended = tokio::time::timeout(Duration::from_micros(micros), put).await;
        dropped += u32::from(ended.is_err());
        if let Ok(put) = ended {
            put.unwrap();
        }
        // Half an entry would stay unreadable.
        if let Some(found) = settled(&stand, &object).await {
            assert_eq!(found.entry.progress.rejects.tail.len(), 300_000);
            tag = Some(found.tag);
        }
    }
    assert!(dropped > 0);
}

/// What is there in the end. While LocalStack overwrites an object, who reads it gets
/// neither the old nor the new one, but an answer that breaks off.
async fn settled(stand: &Stand, object: &ObjectVersion) -> Option<Found> {
    let began = Instant::now();
    loop {
        match stand.ledger.get(object, ROUTE).await {
            Err(LedgerError::Transient(_)) if began.elapsed() < Duration::from_secs(60) => {}
            settled => return settled.unwrap(),
        }
    }
}

macro_rules! every_ledger {
    ($($test:ident,)*) => {
        mod in_a_directory {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    super::$test(super::local_directory()).await;
                }
            )*
        }

        mod in_s3_on_localstack {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs LocalStack: make test"]
                async fn $test() {
                    super::$test(super::s3_bucket(stringify!($test)).await).await;
                }
            )*
        }

        mod in_s3_beside_the_object_on_localstack {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                #[ignore = "needs LocalStack: make test"]
                async fn $test() {
                    super::$test(super::s3_beside_the_object(stringify!($test)).await).await;
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

#[tokio::test]
async fn a_root_that_is_no_directory_is_for_a_person() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let ledger = LocalLedger::new(file.path());
    let object = local_directory().object("meta/part-0.csv");
    for error in [
        ledger.put(&entry(&object, 1), None).await.unwrap_err(),
        ledger.get(&object, ROUTE).await.unwrap_err(),
        ledger.list(None, None).next().await.unwrap().unwrap_err(),
    ] {
        assert!(matches!(error, LedgerError::Setup(_)), "{error}");
    }
}

/// A ledger in a directory with one entry, which lies in the folder.
async fn with_one_entry(root: &Path) -> (LocalLedger, ObjectVersion, Tag, PathBuf) {
    let ledger = LocalLedger::new(root);
    let object = local_directory().object("meta/part-0.csv");
    let tag = stored(ledger.put(&entry(&object, 1), None).await.unwrap());
    let folder = root.join(path_of(&object)).parent().unwrap().to_owned();
    (ledger, object, tag, folder)
}

#[tokio::test]
async fn a_temporary_file_that_a_crash_left_is_no_obstacle() {
    let directory = tempfile::tempdir().unwrap();
    let (ledger, object, tag, folder) = with_one_entry(directory.path()).await;
    let left = folder.join(format!(".{}-0.tmp", std::process::id()));
    std::fs::write(left, "half").unwrap();
    let swapped = ledger.put(&entry(&object, 2), Some(&tag)).await.unwrap();
    stored(swapped);
    let listed: Vec<_> = ledger.list(None, None).collect().await;
    assert_eq!(listed.len(), 1);
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().collect();
    assert_eq!(files.len(), 2, "{files:?}");
}

#[tokio::test]
async fn a_folder_of_parts_goes_with_the_last_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let (ledger, object, _, folder) = with_one_entry(directory.path()).await;
    let entry = entry(&object, 1);
    let names = ["1-0", "1-1"].map(str::to_owned);
    for name in &names {
        let put = ledger.put_segment(&entry, name, Bytes::new());
        put.await.unwrap();
    }
    let inside = || std::fs::read_dir(&folder).unwrap().count();
    ledger.remove_segments(&entry, &names[..1]).await.unwrap();
    assert_eq!(inside(), 2);
    ledger.remove_segments(&entry, &names).await.unwrap();
    assert_eq!(inside(), 1);
}

#[tokio::test]
async fn whoever_writes_waits_for_the_lock_of_another_process() {
    let directory = tempfile::tempdir().unwrap();
    let (ledger, object, tag, _) = with_one_entry(directory.path()).await;
    let lock = std::fs::File::open(directory.path().join("ledger.lock")).unwrap();
    lock.lock().unwrap();
    let second = entry(&object, 2);
    let mut put = Box::pin(ledger.put(&second, Some(&tag)));
    let early = tokio::time::timeout(Duration::from_millis(200), &mut put).await;
    assert!(early.is_err(), "{early:?}");
    // Readers need none.
    let found = ledger.get(&object, ROUTE).await.unwrap().unwrap();
    assert_eq!(found.entry.revision, 1);
    lock.unlock().unwrap();
    stored(put.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_is_never_let_go_holds_nobody_for_long() {
    let directory = tempfile::tempdir().unwrap();
    let (ledger, object, tag, _) = with_one_entry(directory.path()).await;
    let lock = std::fs::File::open(directory.path().join("ledger.lock")).unwrap();
    lock.lock().unwrap();
    let began = tokio::time::Instant::now();
    let put = ledger.put(&entry(&object, 2), Some(&tag)).await;
    let error = put.unwrap_err();
    assert!(matches!(error, LedgerError::Transient(_)), "{error}");
    assert!(began.elapsed() < Duration::from_secs(20));
    let found = ledger.get(&object, ROUTE).await.unwrap().unwrap();
    assert_eq!(found.entry.revision, 1);
}
