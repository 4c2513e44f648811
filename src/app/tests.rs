//! Messages, objects and the worker in one process, against the simulated Meta.

#![allow(clippy::unwrap_used)]

mod panics;
mod stopping;
mod unfinished;

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{self, BoxFuture};
use futures_util::{FutureExt, StreamExt, stream};
use secrecy::SecretString;
use simulator::{Fault, GraphError, Simulator, Target};
use time::OffsetDateTime;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Activation, End, Halt, Parts, Places, Progress, Wait, Worker, message};
use crate::config::{Config, Environment, Purpose};
use crate::credentials::{CredentialStore, FixedSecrets};
use crate::delivery::Stop;
use crate::documents::LocalDocuments;
use crate::event;
use crate::ledger::{Entry, LocalLedger};
use crate::object::version::{ObjectAddress, ObjectVersion};
use crate::object::{Body, LocalSource, ObjectError, ObjectSource};
use crate::queue::{InProcessQueue, Queue};
use crate::receipts::{
    LocalReceiptStore, Receipt, ReceiptLocation, ReceiptStore, Status, StoreError,
};

const PEOPLE: &str = "email\na@example.com\nb@example.com\nc@example.com\n";

/// A worker's parts around a directory, and a Meta that knows one dataset.
struct Stage {
    directory: tempfile::TempDir,
    simulator: Simulator,
    queue: Arc<InProcessQueue>,
    receipts: Arc<LocalReceiptStore>,
    parts: Parts,
}

impl Stage {
    async fn new() -> Stage {
        Stage::with(|places| places).await
    }

    /// `other` puts something else in the place of a part.
    async fn with(other: impl FnOnce(Places) -> Places) -> Stage {
        Stage::that_samples(10, other).await
    }

    async fn that_samples(sample_rows: u64, other: impl FnOnce(Places) -> Places) -> Stage {
        let directory = tempfile::tempdir().unwrap();
        let simulator = Simulator::builder()
            .token("t")
            .dataset("1")
            .start()
            .await
            .unwrap();
        let queue = Arc::new(InProcessQueue::new(Duration::from_secs(300)));
        let receipts = Arc::new(LocalReceiptStore::new(directory.path().join("state")));
        let secret = "ssm:/meta".parse().unwrap();
        let secrets = FixedSecrets::new().with(secret, SecretString::from("t"));
        let places = other(Places {
            queue: queue.clone(),
            source: Arc::new(LocalSource::below(directory.path())),
            ledger: Arc::new(LocalLedger::new(directory.path().join("state"))),
            receipts: receipts.clone(),
            documents: Arc::new(LocalDocuments::new(directory.path().join("state"))),
            credentials: Arc::new(CredentialStore::new(Arc::new(secrets))),
        });
        let config = config(&simulator.endpoint(), sample_rows);
        let parts = Parts::new(Arc::new(config), places).unwrap();
        Stage {
            directory,
            simulator,
            queue,
            receipts,
            parts,
        }
    }

    fn put(&self, key: &str, content: &str) -> ObjectAddress {
        let path: PathBuf = self.directory.path().join("audiences").join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        ObjectAddress {
            bucket: "audiences".to_owned(),
            key: key.to_owned(),
            version_id: None,
        }
    }

    async fn version(&self, object: &ObjectAddress) -> ObjectVersion {
        let source = LocalSource::below(self.directory.path());
        source.describe(object).await.unwrap()
    }

    async fn receipt(&self, object: &ObjectAddress) -> Option<Receipt> {
        let route = self
            .parts
            .config
            .route_for(&object.bucket, &object.key)
            .unwrap();
        let version = self.version(object).await;
        self.receipts.get(&version, &route.name).await.unwrap()
    }

    async fn entry(&self, version: &ObjectVersion) -> Entry {
        let found = self.parts.ledger.get(version, "good").await.unwrap();
        found.unwrap().entry
    }

    /// What the event of an object says, replayed or not.
    async fn event(&self, object: &ObjectAddress, replay: Option<&str>) -> String {
        let version = self.version(object).await;
        event::announce(&version, replay, OffsetDateTime::now_utc())
    }

    /// Sends a message and works on it; true if it was deleted.
    async fn handle(&self, body: String, stop: &CancellationToken) -> bool {
        self.queue.send(body);
        let received = self.queue.receive(1, Duration::ZERO).await.unwrap();
        for one in received {
            message::handle(&self.parts, one, Instant::now(), stop).await;
        }
        self.queue.is_empty()
    }

    async fn activate(&self, object: &ObjectAddress, replay: Option<&str>) -> Result<End, Halt> {
        self.activate_until(object, replay, CancellationToken::new())
            .await
    }

    async fn activate_until(
        &self,
        object: &ObjectAddress,
        replay: Option<&str>,
        halt: CancellationToken,
    ) -> Result<End, Halt> {
        let activation = Activation {
            parts: &self.parts,
            route: self
                .parts
                .config
                .route_for(&object.bucket, &object.key)
                .unwrap(),
            address: object,
            key_may_be_encoded: false,
            replay: replay.map(str::to_owned),
            force: false,
            may_quarantine: true,
            halt,
            progress: Arc::new(Progress::default()),
        };
        activation.run().await
    }

    fn received(&self) -> u64 {
        self.simulator.inspect().datasets["1"].received
    }

    fn stopped(&self, route: &str) -> bool {
        self.parts
            .health
            .report()
            .stopped_routes
            .contains_key(route)
    }
}

/// `good` goes to the dataset that there is, `bad` to one that Meta does not know;
/// `consent` has a filter.
fn config(meta: &str, sample_rows: u64) -> Config {
    let route = |name: &str, dataset: u8, columns: &str| {
        format!(
            r#"
[[route]]
name = "{name}"
bucket = "audiences"
prefix = "{name}/"
credentials = "ssm:/meta"
{columns}
[route.conversions]
dataset_id = "{dataset}"
event_name = "Lead"
action_source = "physical_store"
event_time = "object"
"#
        )
    };
    let consent = "[route.columns]\nemail = \"email\"\nconsent = { only_if = [\"Y\"] }";
    let text = [
        format!("[state]\nlocation = \"./state\"\n[meta]\nendpoint = \"{meta}\"\n"),
        format!("[input]\nsample_rows = {sample_rows}\n[delivery]\nrequests_per_second = 1000\n"),
        "[worker]\nobjects = 2\nstop_seconds = 30\n".to_owned(),
        route("good", 1, "columns = \"auto\""),
        route("bad", 2, "columns = \"auto\""),
        route("consent", 1, consent),
    ];
    let environment = Environment::default();
    Config::parse("test", &text.concat(), &environment, Purpose::OneShot).unwrap()
}

#[tokio::test]
async fn an_object_that_has_to_stop_holds_up_no_other_of_its_message() {
    let stage = Stage::new().await;
    let bad = stage.put("bad/people.csv", PEOPLE);
    let good = stage.put("good/people.csv", PEOPLE);
    let records: Vec<_> = [&bad, &good]
        .map(|object| {
            serde_json::json!({
                "eventSource": "aws:s3",
                "eventName": "ObjectCreated:Put",
                "s3": {"bucket": {"name": object.bucket}, "object": {"key": object.key}},
            })
        })
        .into();
    let body = serde_json::json!({ "Records": records }).to_string();
    let deleted = stage.handle(body, &CancellationToken::new()).await;
    assert!(!deleted, "the first object is not through");
    assert!(stage.receipt(&bad).await.is_none());
    assert_eq!(
        stage.receipt(&good).await.unwrap().status,
        Status::Delivered
    );
}

/// Looks at each receipt before it is stored, or is not.
struct LooksFirst<L>(Arc<dyn ReceiptStore>, L);

impl<L: Fn(&Receipt) -> Result<(), StoreError> + Send + Sync> ReceiptStore for LooksFirst<L> {
    fn put<'a>(
        &'a self,
        receipt: &'a Receipt,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        match (self.1)(receipt) {
            Ok(()) => self.0.put(receipt),
            Err(error) => future::ready(Err(error)).boxed(),
        }
    }

    fn put_rejects<'a>(
        &'a self,
        receipt: &'a Receipt,
        list: Bytes,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        self.0.put_rejects(receipt, list)
    }

    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        self.0.get(object, route)
    }
}

#[tokio::test]
async fn a_message_that_is_done_is_deleted_though_the_service_stops() {
    let stop = CancellationToken::new();
    let asked = stop.clone();
    let stage = Stage::with(|places| Places {
        receipts: Arc::new(LooksFirst(places.receipts, move |_: &Receipt| {
            asked.cancel();
            Ok(())
        })),
        ..places
    })
    .await;
    let object = stage.put("good/people.csv", PEOPLE);
    let event = stage.event(&object, None).await;
    assert!(stage.handle(event, &stop).await);
}

#[tokio::test]
async fn a_replay_sends_once_however_often_its_message_comes() {
    let stage = Stage::new().await;
    let stop = CancellationToken::new();
    let object = stage.put("good/people.csv", PEOPLE);
    let events = [
        (stage.event(&object, None).await, 3),
        (stage.event(&object, Some("again")).await, 6),
        (stage.event(&object, Some("again")).await, 6),
        (stage.event(&object, None).await, 6),
        (stage.event(&object, Some("once more")).await, 9),
    ];
    for (event, received) in events {
        assert!(stage.handle(event, &stop).await);
        assert_eq!(stage.received(), received);
    }
    assert_eq!(stage.simulator.inspect().datasets["1"].distinct, 3);
}

fn many_people(number: u32) -> String {
    let rows: String = (0..number)
        .map(|number| format!("person{number}@example.com\n"))
        .collect();
    format!("email\n{rows}")
}

/// Serves what there is until it is told to break; then, as told, garbage in its
/// place or the first byte and then nothing for ever.
struct Breaks {
    source: Arc<dyn ObjectSource>,
    broken: Arc<AtomicBool>,
    with: fn(Range<u64>) -> Body,
}

impl ObjectSource for Breaks {
    fn describe<'a>(
        &'a self,
        address: &'a ObjectAddress,
    ) -> BoxFuture<'a, Result<ObjectVersion, ObjectError>> {
        self.source.describe(address)
    }

    fn read<'a>(
        &'a self,
        version: &'a ObjectVersion,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Body, ObjectError>> {
        if !self.broken.load(Ordering::Relaxed) {
            return self.source.read(version, range);
        }
        async move { Ok((self.with)(range)) }.boxed()
    }
}

#[tokio::test]
async fn a_replay_that_fails_leaves_the_proof_of_the_delivery() {
    let broken = Arc::new(AtomicBool::new(false));
    let stage = Stage::with(|places| Places {
        source: Arc::new(Breaks {
            source: places.source,
            broken: broken.clone(),
            with: |range| {
                let garbage = vec![0; (range.end - range.start) as usize];
                stream::iter([Ok(garbage.into())]).boxed()
            },
        }),
        ..places
    })
    .await;
    let object = stage.put("good/people.csv", PEOPLE);
    stage.activate(&object, None).await.unwrap();
    broken.store(true, Ordering::Relaxed);
    let replayed = stage.activate(&object, Some("spoilt")).await;
    assert!(matches!(replayed, Err(Halt::Refused(_))), "{replayed:?}");
    let receipt = stage.receipt(&object).await.unwrap();
    assert_eq!((receipt.status, receipt.replay), (Status::Delivered, None));
}

#[tokio::test]
async fn a_stop_does_not_wait_for_bytes_that_do_not_come() {
    // Before the header, and in the midst of the rows: more than a look at the
    // beginning takes.
    let never: fn(Range<u64>) -> Body = |_| stream::pending().boxed();
    let half: fn(Range<u64>) -> Body = |_| {
        let first = Bytes::from(many_people(3_500));
        stream::iter([Ok(first)]).chain(stream::pending()).boxed()
    };
    for with in [never, half] {
        let stage = Stage::with(|places| Places {
            source: Arc::new(Breaks {
                source: places.source,
                broken: Arc::new(AtomicBool::new(true)),
                with,
            }),
            ..places
        })
        .await;
        let object = stage.put("good/people.csv", &many_people(7_000));
        let halt = CancellationToken::new();
        let work = stage.activate_until(&object, None, halt.clone());
        let stop = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            halt.cancel();
        };
        let within = Duration::from_secs(5);
        let (ended, ()) = tokio::time::timeout(within, async { tokio::join!(work, stop) })
            .await
            .unwrap();
        let halted = ended.unwrap_err();
        assert_eq!(halted.wait(), Wait::None, "{halted}");
    }
}

#[tokio::test]
async fn a_fault_that_all_rows_share_keeps_the_message() {
    let stage = Stage::new().await;
    stage
        .simulator
        .fault(Fault::error(Target::Events, GraphError::new(400, 100)).always());
    let object = stage.put("good/people.csv", PEOPLE);
    let event = stage.event(&object, None).await;
    assert!(!stage.handle(event, &CancellationToken::new()).await);
    assert!(stage.stopped("good"));
    assert!(stage.receipt(&object).await.is_none());
    // However often it is tried: what was refused then is no row's fault.
    for _ in 0..2 {
        let ended = stage.activate(&object, None).await;
        assert!(
            matches!(ended, Err(Halt::Delivery(Stop::TooManyRefused { .. }))),
            "{ended:?}"
        );
    }
    stage.simulator.clear_faults();
    assert!(stage.activate(&object, None).await.is_ok());
    let receipt = stage.receipt(&object).await.unwrap();
    assert_eq!((receipt.sent.accepted, receipt.sent.refused), (3, 0));
}

#[tokio::test]
async fn a_stopped_route_goes_on_when_meta_accepts_rows_again_and_not_before() {
    let stage = Stage::new().await;
    let stop = CancellationToken::new();
    stage
        .parts
        .route_stops("good", "the token is not accepted".to_owned(), None);
    let empty = stage.put("good/empty.csv", "email\n");
    let event = stage.event(&empty, None).await;
    assert!(stage.handle(event, &stop).await);
    assert!(
        stage.stopped("good"),
        "an object without rows proves nothing"
    );

    let people = stage.put("good/people.csv", PEOPLE);
    let event = stage.event(&people, None).await;
    assert!(stage.handle(event, &stop).await);
    assert!(!stage.stopped("good"));
}

#[tokio::test]
async fn filtered_rows_do_not_hide_that_the_others_are_rejected() {
    let stage = Stage::new().await;
    let mut content = "email,consent\n".to_owned();
    for row in 0..50 {
        content.push_str(&format!("person{row}@example.com,N\n"));
    }
    for row in 0..10 {
        let email = if row < 5 { "nothing" } else { "a@example.com" };
        content.push_str(&format!("{email},Y\n"));
    }
    let object = stage.put("consent/people.csv", &content);
    let ended = stage.activate(&object, None).await;
    assert!(matches!(ended, Err(Halt::Refused(_))), "{ended:?}");
    let receipt = stage.receipt(&object).await.unwrap();
    assert_eq!(receipt.status.name(), "blocked");
    assert_eq!((stage.received(), receipt.sent.accepted), (0, 0));
}
