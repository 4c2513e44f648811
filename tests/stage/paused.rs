//! The same pipeline without a socket, on a clock that only moves when nobody has anything
//! to do: hours of waiting take no time. Meta is the simulator, in the same process and by
//! the same clock.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use audience_activator::app::{Parts, Places, Worker};
use audience_activator::config::{Config, Environment, Purpose};
use audience_activator::credentials::CredentialStore;
use audience_activator::documents::LocalDocuments;
use audience_activator::event;
use audience_activator::ledger::LocalLedger;
use audience_activator::meta::{Exchange, ExchangeError, HttpRequest, HttpResponse, Method};
use audience_activator::object::version::ObjectAddress;
use audience_activator::object::{LocalSource, ObjectSource};
use audience_activator::queue::InProcessQueue;
use audience_activator::receipts::{LocalReceiptStore, Receipt, ReceiptStore};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use simulator::{Builder, Clock, DatasetReport, Platform, Reply, Simulator};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::secrets::RenewableSecret;
use super::{ACCOUNT, AUDIENCE, BUCKET, DATASET, TOKEN};

const ENDPOINT: &str = "https://meta.invalid";

/// An answer in Meta's place, or none.
pub type Instead = Result<(u16, String), ExchangeError>;

/// One request that went out.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    pub at: Instant,
    /// Events, or rows of an audience.
    pub rows: usize,
    /// Absent where no answer came.
    pub status: Option<u16>,
}

/// The way to the simulator, watched.
pub struct Wire {
    pub platform: Platform,
    /// Answered before anything reaches Meta.
    pub instead: Mutex<VecDeque<Instead>>,
    sent: Mutex<Vec<Sent>>,
    bodies: Mutex<Vec<Brought>>,
    silent_from: AtomicUsize,
    panics_at: AtomicUsize,
}

/// A request's address and body.
pub type Brought = (String, Bytes);

impl Wire {
    pub fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// What was sent, in order.
    pub fn bodies(&self) -> Vec<Brought> {
        self.bodies.lock().unwrap().clone()
    }

    /// Requests after the first so many arrive, and nobody ever hears of it.
    pub fn silent_after(&self, answered: usize) {
        self.silent_from.store(answered, Ordering::Relaxed);
    }

    pub fn silent_no_more(&self) {
        self.silent_after(usize::MAX);
    }

    /// Of the request after so many the answer is heard by a part of the program that panics.
    pub fn panic_after(&self, answered: usize) {
        self.panics_at.store(answered, Ordering::Relaxed);
    }
}

impl Exchange for Wire {
    fn exchange(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, ExchangeError>> {
        Box::pin(async move {
            let nth = {
                let mut sent = self.sent.lock().unwrap();
                sent.push(Sent {
                    at: Instant::now(),
                    rows: rows(&request.body),
                    status: None,
                });
                let url = request.url.clone();
                self.bodies
                    .lock()
                    .unwrap()
                    .push((url, request.body.clone()));
                sent.len() - 1
            };
            let instead = self.instead.lock().unwrap().pop_front();
            let response = match instead {
                Some(instead) => instead.map(|(status, body)| HttpResponse {
                    status,
                    headers: HeaderMap::new(),
                    body: body.into(),
                })?,
                None => self.ask(request).await?,
            };
            if nth >= self.silent_from.load(Ordering::Relaxed) {
                std::future::pending::<()>().await;
            }
            assert!(
                nth != self.panics_at.load(Ordering::Relaxed),
                "a fault of the program"
            );
            self.sent.lock().unwrap()[nth].status = Some(response.status);
            Ok(response)
        })
    }
}

impl Wire {
    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, ExchangeError> {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, request.authorization);
        let json = HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, json);
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        };
        let path = request.url.strip_prefix(ENDPOINT).unwrap();
        // Meta thinks for a moment, in which others may call.
        sleep(Duration::from_millis(80)).await;
        match self
            .platform
            .answer(method, path, &headers, request.body)
            .await
        {
            Reply::Answer(answer) => Ok(HttpResponse {
                status: answer.status,
                headers: answer.headers.into_iter().collect(),
                body: Bytes::from(answer.body),
            }),
            Reply::Half(_) | Reply::Nothing => Err(ExchangeError::NoAnswer),
        }
    }
}

fn rows(body: &[u8]) -> usize {
    if body.is_empty() {
        return 0;
    }
    let body: serde_json::Value = serde_json::from_slice(body).unwrap();
    let of_events = body["data"].as_array();
    let rows = of_events.or_else(|| body["payload"]["data"].as_array());
    rows.map_or(0, Vec::len)
}

pub struct Paused {
    pub wire: Arc<Wire>,
    pub parts: Arc<Parts>,
    pub queue: Arc<InProcessQueue>,
    pub secret: Arc<RenewableSecret>,
    source: LocalSource,
    receipts: LocalReceiptStore,
    directory: TempDir,
}

impl Paused {
    /// To be made on a paused clock. `with` may add to what the simulator begins with.
    pub fn new(
        routes: &str,
        settings: &[(&str, &str)],
        with: impl FnOnce(Builder) -> Builder,
    ) -> Paused {
        fastrand::seed(7);
        let builder = Simulator::builder()
            .token(TOKEN)
            .dataset(DATASET)
            .audience(AUDIENCE, ACCOUNT)
            .clock(Clock::tokio(SystemTime::now()));
        let wire = Arc::new(Wire {
            platform: with(builder).platform().unwrap(),
            instead: Mutex::default(),
            sent: Mutex::default(),
            bodies: Mutex::default(),
            silent_from: AtomicUsize::new(usize::MAX),
            panics_at: AtomicUsize::new(usize::MAX),
        });
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state");
        let text = format!(
            "[state]\nlocation = {:?}\n[meta]\nendpoint = \"{ENDPOINT}\"\npreflight = false\n{routes}",
            state.to_str().unwrap()
        );
        let environment = Environment::of(settings.iter().copied());
        let config = Config::parse("test", &text, &environment, Purpose::OneShot);
        let config = Arc::new(config.unwrap_or_else(|faults| panic!("{faults}")));
        let queue = Arc::new(InProcessQueue::new(config.queue.visibility));
        let secret = Arc::new(RenewableSecret::new(TOKEN));
        let source = LocalSource::below(directory.path());
        let places = Places {
            queue: queue.clone(),
            source: Arc::new(source.clone()),
            ledger: Arc::new(LocalLedger::new(&state)),
            receipts: Arc::new(LocalReceiptStore::new(&state)),
            documents: Arc::new(LocalDocuments::new(&state)),
            credentials: Arc::new(CredentialStore::new(secret.clone())),
        };
        Paused {
            parts: Arc::new(Parts::over(wire.clone(), config, places)),
            receipts: LocalReceiptStore::new(&state),
            wire,
            queue,
            secret,
            source,
            directory,
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.directory.path().join(BUCKET).join(key)
    }

    /// Puts an object into the bucket and sends its event.
    pub async fn put(&self, key: &str, content: impl AsRef<[u8]>) -> ObjectAddress {
        self.write(key, content);
        self.announce(key).await
    }

    pub fn write(&self, key: &str, content: impl AsRef<[u8]>) {
        let path = self.path(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
    }

    pub async fn announce(&self, key: &str) -> ObjectAddress {
        self.announce_as(key, None).await
    }

    /// The same, for a replay of this name.
    pub async fn announce_as(&self, key: &str, replay: Option<&str>) -> ObjectAddress {
        let address = ObjectAddress {
            bucket: BUCKET.to_owned(),
            key: key.to_owned(),
            version_id: None,
        };
        let version = self.source.describe(&address).await.unwrap();
        let now = OffsetDateTime::now_utc();
        self.queue.send(event::announce(&version, replay, now));
        address
    }

    /// As if every entry of the ledger had been written a day ago: by the clock that leases
    /// are measured by, which is not the paused one.
    pub fn leases_are_over(&self) {
        let long_ago = SystemTime::now() - Duration::from_secs(86_400);
        let mut folders = vec![self.directory.path().join("state/ledger")];
        while let Some(folder) = folders.pop() {
            for inside in std::fs::read_dir(folder).unwrap() {
                let path = inside.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let file = std::fs::File::options().write(true).open(path);
                    file.unwrap().set_modified(long_ago).unwrap();
                }
            }
        }
    }

    /// As if the object had been written at that time (Unix seconds).
    pub fn written_at(&self, key: &str, at: i64) {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(at.unsigned_abs());
        let file = std::fs::File::options().write(true).open(self.path(key));
        file.unwrap().set_modified(at).unwrap();
    }

    pub async fn receipt(&self, address: &ObjectAddress) -> Option<Receipt> {
        let version = self.source.describe(address).await.unwrap();
        let route = self.parts.config.route_for(BUCKET, &address.key).unwrap();
        self.receipts.get(&version, &route.name).await.unwrap()
    }

    /// Starts the service's loop; it ends with the test.
    pub fn work(&self) -> JoinHandle<bool> {
        tokio::spawn(Worker::new(self.parts.clone(), CancellationToken::new()).run())
    }

    /// Waits by the stage's clock, which may take days of it.
    pub async fn until(&self, what: &str, is_so: impl Fn() -> bool) {
        let began = Instant::now();
        while !is_so() {
            let passed = began.elapsed();
            assert!(passed < Duration::from_secs(10 * 86_400), "{what}");
            // A second at first; where it takes long, nobody looks so closely.
            sleep((passed / 50).max(Duration::from_millis(100))).await;
        }
    }

    pub async fn until_done(&self) {
        self.until("the queue is empty", || self.queue.is_empty())
            .await;
    }

    pub fn dataset(&self) -> DatasetReport {
        self.wire.platform.inspect().datasets[DATASET].clone()
    }
}

/// Runs it on a clock that stands still while anything is done.
pub fn on_a_paused_clock<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(future)
}
