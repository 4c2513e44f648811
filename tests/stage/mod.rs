//! What the in-process suites play on: the real pipeline, between places that fail as
//! told and a simulated Meta over HTTP. Not every suite uses all of it.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

pub mod clock;
pub mod crash;
pub mod journal;
pub mod ledger;
#[path = "../logged/mod.rs"]
pub mod logged;
pub mod meta;
pub mod objects;
pub mod paused;
pub mod people;
pub mod program;
pub mod queue;
pub mod receipts;
pub mod secrets;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use audience_activator::app::{Activation, End, Halt, Parts, Places, Progress, Worker};
use audience_activator::config::{Config, Environment, Purpose};
use audience_activator::credentials::CredentialStore;
use audience_activator::delivery::AccountLimiter;
use audience_activator::documents::LocalDocuments;
use audience_activator::event;
use audience_activator::object::ObjectSource;
use audience_activator::object::version::ObjectAddress;
use audience_activator::receipts::{Receipt, ReceiptStore};
use simulator::{AudienceReport, DatasetReport, Simulator};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crash::Crash;
use journal::Journal;
use ledger::WatchedLedger;
use objects::BreakableObjects;
use queue::WatchedQueue;
use receipts::WatchedReceipts;
use secrets::RenewableSecret;

pub const BUCKET: &str = "audiences";
pub const DATASET: &str = "1001";
pub const AUDIENCE: &str = "2002";
pub const ACCOUNT: &str = "3003";
pub const TOKEN: &str = "first-token";

/// One route of each kind. Their columns are those of [`people`].
pub const ROUTES: &str = r#"
[[route]]
name = "buyers"
prefix = "conversions/"
credentials = "env:META_TOKEN"
[route.columns]
id = "external_id"
email = "email"
consent = { only_if = ["Y"] }
[route.conversions]
dataset_id = "1001"
event_name = "Purchase"
action_source = "physical_store"
event_time = "object"
value = { column = "paid" }
currency = "USD"

[[route]]
name = "members"
prefix = "audiences/"
credentials = "env:META_TOKEN"
[route.columns]
id = "external_id"
email = "email"
consent = { only_if = ["Y"] }
[route.custom_audience]
ad_account = "act_3003"
audience = "2002"
mode = "add"
"#;

/// Fast, and small enough that a file of a few hundred rows has several batches.
const SETTINGS: &[(&str, &str)] = &[
    ("ACTIVATOR_QUEUE_WAIT_SECONDS", "1"),
    ("ACTIVATOR_DELIVERY_REQUESTS_PER_SECOND", "10000"),
    ("ACTIVATOR_DELIVERY_MAX_BODY_BYTES", "65536"),
    // Longer than any test moves the clock while a request is out.
    ("ACTIVATOR_DELIVERY_CONVERSIONS_TIMEOUT_SECONDS", "600"),
    ("ACTIVATOR_DELIVERY_AUDIENCE_TIMEOUT_SECONDS", "600"),
    ("ACTIVATOR_LEDGER_LEASE_SECONDS", "3600"),
    // Requests are counted, and some endpoints know no GET.
    ("ACTIVATOR_META_PREFLIGHT", "false"),
];

/// A directory with objects, a queue, a secret, receipts, and Meta.
pub struct Stage {
    pub simulator: Simulator,
    pub parts: Arc<Parts>,
    pub queue: Arc<WatchedQueue>,
    pub objects: Arc<BreakableObjects>,
    pub receipts: Arc<WatchedReceipts>,
    pub ledger: Arc<WatchedLedger>,
    pub crash: Arc<Crash>,
    pub secret: Arc<RenewableSecret>,
    pub journal: Arc<Journal>,
    directory: TempDir,
}

impl Stage {
    pub async fn new() -> Stage {
        Stage::with(ROUTES, &[]).await
    }

    /// `settings` are variables, as in the environment of the service.
    pub async fn with(routes: &str, settings: &[(&str, &str)]) -> Stage {
        let simulator = Simulator::builder()
            .token(TOKEN)
            .dataset(DATASET)
            .audience(AUDIENCE, ACCOUNT)
            .start()
            .await
            .unwrap();
        let endpoint = simulator.endpoint();
        Stage::before(simulator, &endpoint, routes, settings)
    }

    /// Sends to another endpoint than the simulator's.
    pub async fn facing(endpoint: &str, settings: &[(&str, &str)]) -> Stage {
        let simulator = Simulator::builder().start().await.unwrap();
        Stage::before(simulator, endpoint, ROUTES, settings)
    }

    /// Sends the objects of these routes to another endpoint than the simulator's.
    pub async fn of(routes: &str, endpoint: &str, settings: &[(&str, &str)]) -> Stage {
        let simulator = Simulator::builder().start().await.unwrap();
        Stage::before(simulator, endpoint, routes, settings)
    }

    fn before(
        simulator: Simulator,
        endpoint: &str,
        routes: &str,
        settings: &[(&str, &str)],
    ) -> Stage {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state");
        let config = configured(&state, endpoint, routes, settings);
        let journal = Arc::new(Journal::default());
        let crash = Arc::new(Crash::default());
        let queue = Arc::new(WatchedQueue::new(
            config.queue.visibility,
            journal.clone(),
            crash.clone(),
        ));
        let objects = Arc::new(BreakableObjects::below(directory.path()));
        let receipts = Arc::new(WatchedReceipts::new(
            state.clone(),
            journal.clone(),
            crash.clone(),
        ));
        let documents = Arc::new(LocalDocuments::new(state.clone()));
        let ledger = Arc::new(WatchedLedger::new(state, journal.clone(), crash.clone()));
        let secret = Arc::new(RenewableSecret::new(TOKEN));
        let places = Places {
            queue: queue.clone(),
            source: objects.clone(),
            ledger: ledger.clone(),
            receipts: receipts.clone(),
            documents: documents.clone(),
            credentials: Arc::new(CredentialStore::new(secret.clone())),
        };
        Stage {
            simulator,
            parts: Arc::new(Parts::new(config, places).unwrap()),
            queue,
            objects,
            receipts,
            ledger,
            crash,
            secret,
            journal,
            directory,
        }
    }

    /// The parts of one more worker, between the same places.
    pub fn other_parts(&self) -> Parts {
        self.parts_of(self.parts.config.clone())
    }

    /// The same of a worker whose configuration has other routes.
    pub fn parts_with(&self, routes: &str) -> Parts {
        let endpoint = self.simulator.endpoint();
        self.parts_of(configured(&self.state(), &endpoint, routes, &[]))
    }

    fn parts_of(&self, config: Arc<Config>) -> Parts {
        let places = Places {
            queue: self.queue.clone(),
            source: self.objects.clone(),
            receipts: self.receipts.clone(),
            documents: self.parts.documents.clone(),
            ledger: self.ledger.clone(),
            credentials: Arc::new(CredentialStore::new(self.secret.clone())),
        };
        Parts::new(config, places).unwrap()
    }

    /// Puts an object into the bucket, in place of what was there.
    pub fn put(&self, key: &str, content: impl AsRef<[u8]>) -> ObjectAddress {
        let path = self.path(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        ObjectAddress {
            bucket: BUCKET.to_owned(),
            key: key.to_owned(),
            version_id: None,
        }
    }

    pub fn path(&self, key: &str) -> PathBuf {
        self.directory.path().join(BUCKET).join(key)
    }

    /// Where receipts are, and nothing else.
    pub fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    /// Sends the event of an object into the queue.
    pub async fn announce(&self, address: &ObjectAddress, replay_name: Option<&str>) {
        let version = self.objects.describe(address).await.unwrap();
        let now = OffsetDateTime::now_utc();
        self.queue.send(event::announce(&version, replay_name, now));
    }

    /// Brings one object to Meta, without a queue.
    pub async fn deliver(&self, address: &ObjectAddress) -> Result<End, Halt> {
        self.activation(address).run().await
    }

    pub fn activation<'a>(&'a self, address: &'a ObjectAddress) -> Activation<'a> {
        let route = self.parts.config.route_for(&address.bucket, &address.key);
        Activation {
            parts: &self.parts,
            route: route.unwrap(),
            address,
            key_may_be_encoded: false,
            replay: None,
            force: false,
            may_quarantine: true,
            halt: CancellationToken::new(),
            progress: Arc::new(Progress::default()),
        }
    }

    /// What holds the requests of a route's account up.
    pub fn limiter(&self, route: &str, account: &str) -> Arc<AccountLimiter> {
        let secret = "env:META_TOKEN".parse().unwrap();
        self.parts.limiters.of(route, account, &secret)
    }

    /// The receipt of what is delivered now.
    pub async fn delivered(&self, address: &ObjectAddress) -> Receipt {
        match self.deliver(address).await {
            Ok(End::Receipted(receipt)) => *receipt,
            other => panic!("{other:?}"),
        }
    }

    /// The receipt that is stored for the object as it is now.
    pub async fn receipt(&self, address: &ObjectAddress) -> Option<Receipt> {
        let version = self.objects.describe(address).await.unwrap();
        let route = self.activation(address).route;
        self.receipts.get(&version, &route.name).await.unwrap()
    }

    /// Starts the service's loop; it ends with the test.
    pub fn work(&self) -> JoinHandle<bool> {
        tokio::spawn(Worker::new(self.parts.clone(), CancellationToken::new()).run())
    }

    pub fn dataset(&self) -> DatasetReport {
        self.simulator.inspect().datasets[DATASET].clone()
    }

    pub fn audience(&self) -> AudienceReport {
        self.simulator.inspect().audiences[AUDIENCE].clone()
    }

    /// Requests that Meta got so far.
    pub fn requests(&self) -> u64 {
        self.simulator.inspect().requests.total
    }
}

fn configured(
    state: &Path,
    endpoint: &str,
    routes: &str,
    settings: &[(&str, &str)],
) -> Arc<Config> {
    let text =
        format!("[state]\nlocation = {state:?}\n[meta]\nendpoint = \"{endpoint}\"\n{routes}");
    let settings = SETTINGS.iter().chain(settings).copied();
    let environment = Environment::of(settings);
    let config = Config::parse("test", &text, &environment, Purpose::OneShot);
    Arc::new(config.unwrap_or_else(|faults| panic!("{faults}")))
}
