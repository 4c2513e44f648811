//! Workers between these places, one life after the other, until every message is through.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use audience_activator::app::{Parts, Places, Worker, run_awaits};
use audience_activator::config::{Config, Environment, Purpose};
use audience_activator::credentials::CredentialStore;
use audience_activator::event;
use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use audience_activator::queue::InProcessQueue;
use audience_activator::receipts::{LocalReceiptStore, Receipt, ReceiptStore};
use sha2::{Digest, Sha256};
use simulator::{AudienceChange, Changes, Clock, Simulator};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::meta::{ENDPOINT, Meta, RemoteMeta};
use crate::places::{
    Bucket, Entries, Papers, RemoteBucket, RemoteLedger, RemotePapers, RemoteReceipts, Secret,
};
use crate::{ACCOUNT, AUDIENCE, BUCKET, ROUTE};

/// What a worker calls, and may die at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Describe,
    Read,
    ReadEntry,
    WriteEntry,
    BeforeReceipt,
    AfterReceipt,
    BeforeSend,
    AfterSend,
    /// Nobody dies here; who is dead goes no further.
    Alive,
}

/// One worker's life. It ends at the `nth` call of a kind, if that is asked for.
pub struct Life {
    dies: Mutex<Option<(Call, u32)>>,
    is_over: AtomicBool,
    over: Notify,
}

impl Life {
    fn new(dies: Option<(Call, u32)>) -> Life {
        Life {
            dies: Mutex::new(dies),
            is_over: AtomicBool::new(false),
            over: Notify::new(),
        }
    }

    pub async fn call<T>(&self, call: Call, effect: impl FnOnce() -> T) -> T {
        let dies = {
            let mut dies = self.dies.lock().unwrap();
            match &mut *dies {
                // Others may call before they hear of it.
                Some((at, left)) if *at == call && *left > 0 => {
                    *left -= 1;
                    *left == 0
                }
                _ => false,
            }
        };
        if dies {
            self.is_over.store(true, Ordering::Relaxed);
            self.over.notify_one();
        }
        if self.is_over.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        effect()
    }
}

pub struct Stage {
    pub meta: Arc<Meta>,
    pub bucket: Arc<Bucket>,
    pub entries: Arc<Entries>,
    pub receipts: Arc<LocalReceiptStore>,
    papers: Arc<Papers>,
    began: Instant,
    pub queue: Arc<InProcessQueue>,
    pub clock: Clock,
    pub directory: TempDir,
    config: Mutex<Arc<Config>>,
    objects: Mutex<Vec<ObjectVersion>>,
    now: i64,
}

/// The members before.
pub const OLD: std::ops::RangeInclusive<u64> = 1_000_001..=1_000_100;

pub fn email(person: u64) -> String {
    format!("person{person}@example.com")
}

pub fn hash(text: &str) -> String {
    const_hex::encode(Sha256::digest(text))
}

/// Rows of these people, with an external id that is only theirs.
pub fn file(people: impl Iterator<Item = u64>) -> String {
    let mut text = "id,email\n".to_owned();
    text.extend(people.map(|person| format!("id-{person},{}\n", email(person))));
    text
}

impl Stage {
    /// `run` is what `[route.run]` says.
    pub async fn new(run: &str) -> Stage {
        Stage::with(run, &[], true).await
    }

    pub async fn with(run: &str, settings: &[(&str, &str)], versioned: bool) -> Stage {
        let clock = Clock::tokio(SystemTime::now());
        let platform = Simulator::builder()
            .token("TOKEN")
            .audience(AUDIENCE, ACCOUNT)
            .clock(clock.clone())
            .platform()
            .unwrap();
        let text = format!(
            r#"
[state]
location = "/nowhere"
[meta]
endpoint = "{ENDPOINT}"
[[route]]
name = "{ROUTE}"
bucket = "{BUCKET}"
prefix = "lists/"
credentials = "env:META_TOKEN"
columns = {{ id = "external_id", email = "email" }}
[route.custom_audience]
ad_account = "act_{ACCOUNT}"
audience = "{AUDIENCE}"
mode = "replace"
[route.run]
{run}
"#
        );
        let all = [
            ("ACTIVATOR_QUEUE_WAIT_SECONDS", "1"),
            ("ACTIVATOR_DELIVERY_MAX_BODY_BYTES", "65536"),
            ("ACTIVATOR_LEDGER_LEASE_SECONDS", "60"),
            ("ACTIVATOR_WORKER_OBJECTS", "3"),
        ];
        let environment = Environment::of(all.iter().chain(settings).copied());
        let config = Config::parse("test", &text, &environment, Purpose::OneShot);
        let config = Arc::new(config.unwrap_or_else(|faults| panic!("{faults}")));
        let directory = tempfile::tempdir().unwrap();
        let stage = Stage {
            meta: Arc::new(Meta::new(platform)),
            bucket: Arc::new(Bucket::new(versioned)),
            entries: Arc::default(),
            receipts: Arc::new(LocalReceiptStore::new(directory.path())),
            papers: Arc::default(),
            began: Instant::now(),
            queue: Arc::new(InProcessQueue::new(config.queue.visibility)),
            clock,
            directory,
            config: Mutex::new(config),
            objects: Mutex::default(),
            now: OffsetDateTime::now_utc().unix_timestamp(),
        };
        stage.add(OLD).await;
        stage
    }

    /// Makes these people members, as somebody did before.
    async fn add(&self, people: impl Iterator<Item = u64>) {
        let rows = people.map(|person| format!("[\"id-{person}\",\"{}\"]", hash(&email(person))));
        let rows: Vec<String> = rows.collect();
        let body = format!(
            r#"{{"payload":{{"schema":["EXTERN_ID","EMAIL"],"is_raw":true,"data":[{}]}}}}"#,
            rows.join(",")
        );
        let path = format!("/v26.0/{AUDIENCE}/users");
        self.meta.answer("POST", &path, body.into()).await;
        self.meta.sent.lock().unwrap().clear();
        self.meta.members.lock().unwrap().clear();
    }

    /// Puts an object there, written so many seconds ago.
    pub fn put(&self, key: &str, content: impl Into<bytes::Bytes>, ago: i64) -> ObjectVersion {
        let version = self.bucket.put(key, content, self.now - ago);
        self.objects.lock().unwrap().push(version.clone());
        version
    }

    /// And tells of it.
    pub fn drop_in(&self, key: &str, content: impl Into<bytes::Bytes>) -> ObjectVersion {
        let version = self.put(key, content, 1_000);
        self.announce(&version, None);
        version
    }

    pub fn announce(&self, version: &ObjectVersion, replay: Option<&str>) {
        let now = OffsetDateTime::now_utc();
        self.queue.send(event::announce(version, replay, now));
    }

    /// Parts of these people each, and the marker.
    pub fn run_of(&self, folder: &str, parts: &[std::ops::Range<u64>]) -> Vec<ObjectVersion> {
        let written: Vec<_> = parts
            .iter()
            .enumerate()
            .map(|(index, people)| {
                let key = format!("lists/{folder}/part-{index:02}");
                self.drop_in(&key, file(people.clone()))
            })
            .collect();
        let marker = self.put(&format!("lists/{folder}/_SUCCESS"), "", 900);
        self.announce(&marker, None);
        written
    }

    pub fn change(&self, change: AudienceChange) {
        let mut changes = Changes::default();
        changes.audiences.insert(AUDIENCE.to_owned(), change);
        self.meta.platform.change(changes).unwrap();
    }

    /// From the next worker on, the route reads other columns.
    pub fn read_columns(&self, columns: &str) {
        let mut config = self.config.lock().unwrap();
        let page = config.explain();
        let (before, after) = page.split_once("[route.columns]\n").unwrap();
        let (_, after) = after.split_once("\n[").unwrap();
        let text = format!("{before}[route.columns]\n{columns}\n[{after}");
        let environment = Environment::default();
        let read = Config::parse("test", &text, &environment, Purpose::OneShot);
        *config = Arc::new(read.unwrap_or_else(|faults| panic!("{faults}")));
    }

    fn parts(&self, life: &Arc<Life>) -> Parts {
        let places = Places {
            queue: self.queue.clone(),
            source: Arc::new(RemoteBucket(self.bucket.clone(), life.clone())),
            ledger: Arc::new(RemoteLedger(self.entries.clone(), life.clone())),
            receipts: Arc::new(RemoteReceipts(self.receipts.clone(), life.clone())),
            documents: Arc::new(RemotePapers(self.papers.clone(), life.clone(), self.began)),
            credentials: Arc::new(CredentialStore::new(Arc::new(Secret))),
        };
        let meta = Arc::new(RemoteMeta(self.meta.clone(), life.clone()));
        Parts::over(meta, self.config.lock().unwrap().clone(), places)
    }

    /// A worker lives until it dies of that call, or nothing is left to do, or so much time
    /// is over. Says whether it died.
    pub async fn live(&self, dies: Option<(Call, u32)>, most: Duration) -> bool {
        let life = Arc::new(Life::new(dies));
        let parts = Arc::new(self.parts(&life));
        let stop = CancellationToken::new();
        let worker = Worker::new(parts, stop.clone()).run();
        let quiet = async {
            while !self.queue.is_empty() {
                sleep(Duration::from_secs(1)).await;
            }
        };
        tokio::select! {
            biased;
            () = life.over.notified() => return true,
            _ = timeout(most, quiet) => {}
            _ = worker => panic!("the worker ended by itself"),
        }
        stop.cancel();
        // What its jobs spawned ends with the runtime's next turn.
        life.is_over.store(true, Ordering::Relaxed);
        false
    }

    /// A worker that is told to stop after this time, and does in order.
    pub async fn stop_after(&self, time: Duration) {
        let parts = Arc::new(self.parts(&Arc::new(Life::new(None))));
        let stop = CancellationToken::new();
        let worker = Worker::new(parts, stop.clone()).run();
        let stopping = async {
            sleep(time).await;
            stop.cancel();
        };
        let (in_time, ()) = tokio::join!(worker, stopping);
        assert!(in_time);
    }

    /// The parts of a command that is run beside the workers.
    pub fn other_parts(&self) -> Parts {
        self.parts(&Arc::new(Life::new(None)))
    }

    /// What the run waits for.
    pub async fn awaits(&self, folder: &str) -> Option<String> {
        let parts = self.other_parts();
        let folder = format!("lists/{folder}/");
        run_awaits(&*parts.source, &parts.config, BUCKET, &folder).await
    }

    /// Works until all messages are through.
    pub async fn work(&self) {
        let died = self.live(None, Duration::from_secs(40 * 3_600)).await;
        assert!(!died);
        assert!(self.queue.is_empty(), "messages are left");
    }

    /// Two workers at once.
    pub async fn work_by_two(&self) {
        let most = Duration::from_secs(40 * 3_600);
        tokio::join!(self.live(None, most), self.live(None, most));
        assert!(self.queue.is_empty(), "messages are left");
    }

    /// Whether exactly these people are members.
    pub fn holds(&self, people: impl Iterator<Item = u64>) -> bool {
        let mut count = 0;
        for person in people {
            count += 1;
            let email = hash(&email(person));
            let id = format!("id-{person}");
            let cells = [("EXTERN_ID", id.as_str()), ("EMAIL", email.as_str())];
            if !self.meta.platform.is_member(AUDIENCE, &cells) {
                return false;
            }
        }
        self.meta.members() == count
    }

    /// What holds for every session, whatever happened: its first batch was sent once, a
    /// number stands for the same rows in all of it, and the last one is the highest.
    pub fn check_sessions(&self) {
        let sent = self.meta.sent();
        let mut numbers = BTreeMap::new();
        let mut opened = BTreeMap::new();
        for one in sent.iter().filter(|one| one.edge == "usersreplace") {
            *opened.entry(one.session).or_insert(0) += u64::from(one.number == 1);
            if one.accepted {
                let at = (one.session, one.number);
                let rows = numbers.entry(at).or_insert(&one.rows);
                assert_eq!(*rows, &one.rows, "{at:?} stands for two batches");
            }
        }
        assert!(opened.values().all(|times| *times == 1), "{opened:?}");
        for last in sent.iter().filter(|one| one.is_last && one.accepted) {
            let mut of_session = numbers
                .keys()
                .filter(|(session, _)| *session == last.session);
            assert!(of_session.all(|(_, number)| *number <= last.number));
        }
    }

    /// At no time had the audience another list than one of these two, by their lengths.
    pub fn check_members(&self, old: u64, new: u64) {
        let members = self.meta.members.lock().unwrap().clone();
        let is_whole = |count: &u64| *count == old || *count == new;
        assert!(members.iter().all(is_whole), "{members:?}");
    }

    pub async fn receipt(&self, version: &ObjectVersion) -> Option<Receipt> {
        ReceiptStore::get(&*self.receipts, version, ROUTE)
            .await
            .unwrap()
    }

    /// Of the folder's run of this number.
    pub async fn run_receipt(&self, folder: &str, number: u32) -> Option<Receipt> {
        self.receipt(&of_folder(folder, &format!("run-{number}")))
            .await
    }

    pub fn run_entry(&self, folder: &str) -> audience_activator::ledger::Entry {
        self.entries.of(&of_folder(folder, "run"), ROUTE).unwrap()
    }
}

fn of_folder(folder: &str, called: &str) -> ObjectVersion {
    ObjectVersion {
        address: ObjectAddress {
            bucket: BUCKET.to_owned(),
            key: format!("lists/{folder}/"),
            version_id: Some(called.to_owned()),
        },
        etag: "run".to_owned(),
        size: 0,
        last_modified: 0,
    }
}
