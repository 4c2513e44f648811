//! What every store of documents does, in S3 and in a directory alike, and the turns that
//! are kept in them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod localstack;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use audience_activator::documents::{
    DocumentError, Documents, LocalDocuments, Looked, Put, S3Documents, Tag,
};
use audience_activator::turns::{HeldTurn, Mode, Take, TurnError, TurnLost, Turns};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

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
    assert!(one.get(PATH).await.unwrap().document.is_none());
    let some_tag = Tag("\"0123\"".to_owned());
    let none = one.put(PATH, text("{}"), Some(&some_tag)).await.unwrap();
    assert_eq!(none, Put::Conflict);
    let first = stored(one.put(PATH, text("{\"a\":1}"), None).await.unwrap());
    let looked = other.get(PATH).await.unwrap();
    let found = looked.document.unwrap();
    assert_eq!(
        (found.json.as_slice(), &found.tag),
        (&b"{\"a\":1}"[..], &first)
    );
    let now = OffsetDateTime::now_utc().unix_timestamp();
    assert!((now - looked.now).abs() < 60, "{} at {now}", looked.now);
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
    assert_eq!(
        one.get(PATH).await.unwrap().document.unwrap().json,
        b"{\"b\":2}"
    );

    // Paths are apart, and of many who try at once one succeeds.
    assert!(one.get("turns/200.json").await.unwrap().document.is_none());
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

/// Short enough to be waited for.
const LEASE: Duration = Duration::from_secs(2);

async fn take(turns: &Turns, mode: Mode, owner: &str) -> Option<HeldTurn> {
    take_with(turns, mode, owner, &CancellationToken::new()).await
}

async fn take_with(
    turns: &Turns,
    mode: Mode,
    owner: &str,
    halt: &CancellationToken,
) -> Option<HeldTurn> {
    let taken = turns.take("2002", mode, owner, None, halt.clone());
    match taken.await.unwrap() {
        Take::Held(held) => Some(held),
        Take::Busy { rest } => {
            assert!(rest > Duration::ZERO);
            None
        }
    }
}

async fn suite_of_turns(stand: Stand) {
    let turns = Turns::new(stand.one.clone(), LEASE);
    let others = Turns::new(stand.other.clone(), LEASE);
    // Those of one mode hold it together, for longer than a lease, and another mode waits.
    let first = take(&turns, Mode::Add, "a1").await.unwrap();
    let second = take(&others, Mode::Add, "a2").await.unwrap();
    assert!(take(&others, Mode::Remove, "r1").await.is_none());
    tokio::time::sleep(LEASE * 2).await;
    assert_eq!((first.lost(), second.lost()), (None, None));
    assert!(take(&others, Mode::Remove, "r1").await.is_none());

    // Once somebody waits, nobody joins; and who waits is next.
    assert!(take(&turns, Mode::Add, "a3").await.is_none());
    first.release().await;
    assert!(take(&others, Mode::Remove, "r1").await.is_none());
    second.release().await;
    assert!(take(&turns, Mode::Add, "a3").await.is_none());
    let removal = take(&others, Mode::Remove, "r1").await.unwrap();

    // One who dies is forgotten after his lease, and not before.
    drop(removal);
    assert!(take(&turns, Mode::Add, "a3").await.is_none());
    let began = Instant::now();
    let third = loop {
        if let Some(held) = take(&turns, Mode::Add, "a3").await {
            break held;
        }
        assert!(
            began.elapsed() < Duration::from_secs(30),
            "nobody forgets the dead"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(began.elapsed() > LEASE / 2, "{:?}", began.elapsed());
    third.release().await;

    // Of many who ask at once, only those of one mode get it.
    let ask = (0..10).map(|number| {
        let turns = if number % 2 == 0 { &turns } else { &others };
        let mode = if number % 2 == 0 {
            Mode::Add
        } else {
            Mode::Remove
        };
        async move { (mode, take(turns, mode, &format!("o{number}")).await) }
    });
    let held: Vec<_> = join_all(ask).await;
    let held: Vec<_> = held
        .into_iter()
        .filter(|(_, held)| held.is_some())
        .collect();
    let modes: Vec<Mode> = held.iter().map(|(mode, _)| *mode).collect();
    assert!(
        !modes.is_empty() && modes.iter().all(|mode| *mode == modes[0]),
        "{modes:?}"
    );
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
async fn turns_are_kept_in_a_directory() {
    suite_of_turns(directory()).await;
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn turns_are_kept_in_s3() {
    suite_of_turns(on_localstack().await).await;
}

/// Documents that cannot be reached any more from some point on.
struct OutOfReach {
    inner: Arc<dyn Documents>,
    is_away: AtomicBool,
}

impl OutOfReach {
    fn check(&self) -> Result<(), DocumentError> {
        match self.is_away.load(Ordering::Relaxed) {
            true => Err(DocumentError::Transient("no answer in time".to_owned())),
            false => Ok(()),
        }
    }
}

impl Documents for OutOfReach {
    fn get<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Looked, DocumentError>> {
        Box::pin(async move {
            self.check()?;
            self.inner.get(path).await
        })
    }

    fn put<'a>(
        &'a self,
        path: &'a str,
        json: Bytes,
        expected: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, DocumentError>> {
        Box::pin(async move {
            self.check()?;
            self.inner.put(path, json, expected).await
        })
    }

    fn place_of(&self, path: &str) -> String {
        self.inner.place_of(path)
    }
}

#[tokio::test]
async fn whoever_loses_his_turn_is_told_before_others_can_have_it() {
    let stand = directory();
    let documents = Arc::new(OutOfReach {
        inner: stand.one.clone(),
        is_away: AtomicBool::new(false),
    });
    let turns = Turns::new(documents.clone(), LEASE);
    let others = Turns::new(stand.other.clone(), LEASE);
    let halt = CancellationToken::new();
    let held = take_with(&turns, Mode::Add, "a1", &halt).await.unwrap();
    documents.is_away.store(true, Ordering::Relaxed);
    let told = async {
        halt.cancelled().await;
        assert!(
            take(&others, Mode::Remove, "r1").await.is_none(),
            "it was told too late"
        );
    };
    tokio::time::timeout(LEASE * 2, told).await.unwrap();
    assert_eq!(held.lost(), Some(TurnLost::NotRenewed));

    // And one whose turn has passed to others is told when he renews it.
    let stand = directory();
    let turns = Turns::new(stand.one.clone(), LEASE);
    let halt = CancellationToken::new();
    let held = take_with(&turns, Mode::Add, "a1", &halt).await.unwrap();
    let there = stand
        .other
        .get("turns/2002.json")
        .await
        .unwrap()
        .document
        .unwrap();
    let empty = Bytes::from_static(b"{\"holders\":[],\"wanted\":[]}");
    let put = stand
        .other
        .put("turns/2002.json", empty, Some(&there.tag))
        .await;
    stored(put.unwrap());
    tokio::time::timeout(LEASE * 2, halt.cancelled())
        .await
        .unwrap();
    assert_eq!(held.lost(), Some(TurnLost::Passed));
    held.release().await;
}

#[tokio::test]
async fn what_cannot_be_read_as_a_turn_is_left_for_a_person() {
    let stand = directory();
    stored(
        stand
            .one
            .put("turns/2002.json", text("[]"), None)
            .await
            .unwrap(),
    );
    let turns = Turns::new(stand.one.clone(), LEASE);
    let taken = turns
        .take("2002", Mode::Add, "a1", None, CancellationToken::new())
        .await;
    let error = taken.unwrap_err();
    assert!(matches!(error, TurnError::Unreadable { .. }));
    assert!(error.to_string().contains("turns/2002.json"), "{error}");
    let there = stand
        .one
        .get("turns/2002.json")
        .await
        .unwrap()
        .document
        .unwrap();
    assert_eq!(there.json, b"[]");
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn without_a_bucket_no_document_is_kept_and_it_is_said_what_to_set() {
    let nowhere = S3Documents::nowhere(s3(), "state/");
    let got = nowhere.get(PATH).await;
    assert!(matches!(&got, Err(DocumentError::Setup(text)) if text.contains("[state] location")));
}
