//! Plays one schedule to its end: workers live, die and come again until every message is
//! through, on a clock that only moves when nobody has anything to do.

mod seen;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use audience_activator::app::{Parts, Places, Worker};
use audience_activator::config::{Config, Environment, Purpose};
use audience_activator::credentials::CredentialStore;
use audience_activator::queue::InProcessQueue;
use bytes::Bytes;
use simulator::{Fault, GraphError, Simulator, Target};
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use crate::files::{Content, Kind, external_id, hashed_email};
use crate::meta::{ENDPOINT, Meta, RemoteMeta, Version};
use crate::queue::RemoteQueue;
use crate::schedule::{Other, Planned, Schedule, Settings, TokenChange};
use crate::source::{Bucket, RemoteBucket};
use crate::state::{Pretends, State};
use crate::stores::{RemoteSecret, RemoteState};
use crate::world::{Life, World};
use crate::{ACCOUNT, AUDIENCE, BUCKET, DATASET};

pub use seen::Seen;

const TOKEN: &str = "first-token";
const NEXT_TOKEN: &str = "second-token";

/// In which everything must be through, once nothing fails any more. Messages rest for an
/// hour at most, and poison takes a dozen attempts.
const LONGEST: Duration = Duration::from_secs(30 * 3_600);

/// One of the stage's own faults, to see that it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    None,
    ReceiptsAreNotKept,
    EntriesAreNotKept,
    AMessageVanishes,
    MetaHasNotHeardOfABatch,
    ARowIsMissing,
}

/// All that is left at the end, to be looked at.
pub struct Played {
    pub schedule: Schedule,
    pub world: Arc<World>,
    pub meta: Arc<Meta>,
    pub state: Arc<State>,
    pub bucket: Arc<Bucket>,
    pub queue: Arc<InProcessQueue>,
    pub config: Arc<Config>,
    pub seen: Seen,
}

struct Stage {
    world: Arc<World>,
    meta: Arc<Meta>,
    state: Arc<State>,
    bucket: Arc<Bucket>,
    queue: Arc<InProcessQueue>,
    token: Arc<Mutex<String>>,
    config: Arc<Config>,
    loses_messages: Arc<AtomicBool>,
    all: Mutex<Vec<Arc<Parts>>>,
    /// The service ends for good.
    end: CancellationToken,
}

/// Plays the schedule, with objects as of this moment.
pub async fn play(schedule: Schedule, now: OffsetDateTime, sabotage: Sabotage) -> Played {
    fastrand::seed(schedule.seed);
    let stage = Arc::new(Stage::new(&schedule, sabotage));
    let mut run = JoinSet::new();
    run.spawn(announce(stage.clone(), now, &schedule, sabotage));
    run.spawn(change_token(stage.clone(), schedule.token));
    let ends = Instant::now() + schedule.storm;
    let world = stage.world.clone();
    run.spawn(async move {
        sleep_until(ends).await;
        world.calm();
    });
    let mut workers = JoinSet::new();
    for number in 0..schedule.workers {
        let stops = schedule
            .stops
            .iter()
            .filter(|(_, worker)| *worker == number);
        let stops = stops.map(|(at, _)| *at).collect();
        workers.spawn(work(stage.clone(), number, stops));
    }
    let through = async {
        while run.join_next().await.is_some() {}
        stage.queue.emptied().await;
    };
    let world = &stage.world;
    if timeout(schedule.storm + LONGEST, through).await.is_err() {
        world.broken("it is not done in time");
    }
    again(&stage, &schedule).await;
    stage.end.cancel();
    while workers.join_next().await.is_some() {}
    Played {
        seen: Seen::of(&stage, &schedule),
        schedule,
        world: stage.world.clone(),
        meta: stage.meta.clone(),
        state: stage.state.clone(),
        bucket: stage.bucket.clone(),
        queue: stage.queue.clone(),
        config: stage.config.clone(),
    }
}

/// An event that comes once more when all is done changes nothing.
async fn again(stage: &Stage, schedule: &Schedule) {
    let requests = stage.meta.platform.inspect().requests.total;
    for object in &schedule.objects {
        stage.bucket.announce(&object.key, None);
    }
    if timeout(LONGEST, stage.queue.emptied()).await.is_err() {
        stage.world.broken("a late event is not done in time");
    }
    if stage.meta.platform.inspect().requests.total != requests {
        stage.world.broken("something is sent for a late event");
    }
}

impl Stage {
    fn new(schedule: &Schedule, sabotage: Sabotage) -> Stage {
        let world = Arc::new(World::new(schedule));
        let queue = Duration::from_secs(schedule.settings.visibility);
        let queue = Arc::new(InProcessQueue::new(queue));
        let platform = Simulator::builder()
            .token(TOKEN)
            .dataset(DATASET)
            .audience(AUDIENCE, ACCOUNT)
            .platform();
        let meta = Meta::new(platform.unwrap());
        for content in schedule.objects.iter().flat_map(contents) {
            refuse(&meta, content);
        }
        let refused = schedule.objects.iter().filter(|object| refuses(object));
        let meta = meta
            .that_knows(schedule.objects.iter().flat_map(versions))
            .that_refuses(refused.map(|object| object.key.clone()));
        let vanishes = sabotage == Sabotage::AMessageVanishes;
        let pretends = sabotage == Sabotage::MetaHasNotHeardOfABatch;
        meta.pretends.store(pretends, Ordering::Relaxed);
        let pretends = Pretends {
            entries: sabotage == Sabotage::EntriesAreNotKept,
            receipts: sabotage == Sabotage::ReceiptsAreNotKept,
        };
        Stage {
            meta: Arc::new(meta),
            state: Arc::new(State::new(world.clone(), pretends)),
            bucket: Arc::new(Bucket::new(world.clone(), queue.clone())),
            queue,
            token: Arc::new(Mutex::new(TOKEN.to_owned())),
            config: Arc::new(config(&schedule.settings)),
            loses_messages: Arc::new(AtomicBool::new(vanishes)),
            all: Mutex::default(),
            end: CancellationToken::new(),
            world,
        }
    }

    fn parts(&self, life: &Arc<Life>) -> Arc<Parts> {
        let state = Arc::new(RemoteState {
            inner: self.state.clone(),
            life: life.clone(),
        });
        let secret = RemoteSecret {
            token: self.token.clone(),
            life: life.clone(),
        };
        let places = Places {
            queue: Arc::new(RemoteQueue {
                inner: self.queue.clone(),
                state: self.state.clone(),
                config: self.config.clone(),
                life: life.clone(),
                loses_messages: self.loses_messages.clone(),
            }),
            source: Arc::new(RemoteBucket {
                inner: self.bucket.clone(),
                life: life.clone(),
            }),
            ledger: state.clone(),
            receipts: state.clone(),
            documents: state,
            credentials: Arc::new(CredentialStore::new(Arc::new(secret))),
        };
        let meta = RemoteMeta {
            inner: self.meta.clone(),
            life: life.clone(),
            bucket: self.bucket.clone(),
            state: self.state.clone(),
            config: self.config.clone(),
        };
        let parts = Parts::over(Arc::new(meta), self.config.clone(), places);
        let parts = Arc::new(parts);
        self.all.lock().unwrap().push(parts.clone());
        parts
    }
}

pub fn contents(object: &Planned) -> impl Iterator<Item = &Content> {
    let later = object.later.as_ref().map(|(_, content)| content);
    std::iter::once(&object.content).chain(later)
}

/// Whether Meta refuses rows of it, which it takes some halvings to find.
pub fn refuses(object: &Planned) -> bool {
    contents(object).any(|content| content.count(|kind| kind == Kind::Refused) > 0)
}

/// The people of each version of an object, by what Meta gets of them.
fn versions(object: &Planned) -> impl Iterator<Item = (String, (Version, u64))> {
    contents(object).enumerate().flat_map(|(number, content)| {
        let version: Version = (object.key.clone(), number);
        let rows = content.numbered();
        rows.map(move |(number, row)| (hashed_email(row.person), (version.clone(), number)))
    })
}

/// Meta takes none of the rows that are to be refused, in whatever company they come.
fn refuse(meta: &Meta, content: &Content) {
    for row in content.rows.iter().filter(|row| row.kind == Kind::Refused) {
        let error = GraphError::new(400, 100).subcode(2_804_016);
        for target in [Target::Events, Target::Users] {
            let refused = Fault::error(target, error.clone()).holding(hashed_email(row.person));
            meta.platform.fault(refused.always());
        }
    }
}

/// Puts the objects there, and sends their events and all the other messages.
fn announce(
    stage: Arc<Stage>,
    now: OffsetDateTime,
    schedule: &Schedule,
    sabotage: Sabotage,
) -> impl Future<Output = ()> + Send + 'static {
    let began = Instant::now();
    let last_modified = now.unix_timestamp();
    let mut events = Vec::new();
    for object in &schedule.objects {
        let bytes = match sabotage {
            Sabotage::ARowIsMissing => without_a_row(&object.content),
            _ => object.content.bytes.clone(),
        };
        let (key, later) = (&object.key, object.later.as_ref());
        let bucket = &stage.bucket;
        bucket.put(key, object.versioned, bytes, later, last_modified);
        let plain = object.announced.iter().map(|at| (*at, None));
        let replay = object.replay.iter().map(|at| (*at, Some("again")));
        events.extend(
            plain
                .chain(replay)
                .map(|(at, name)| (at, key.clone(), name)),
        );
    }
    events.sort();
    for other in &schedule.others {
        other_message(&stage, *other, last_modified);
    }
    async move {
        for (at, key, replay) in events {
            sleep_until(began + at).await;
            stage.bucket.announce(&key, replay);
        }
    }
}

fn other_message(stage: &Stage, other: Other, last_modified: i64) {
    let bytes = match other {
        Other::NotUnderstood => return stage.queue.send("{\"hello\":\"world\"}"),
        Other::Poison => Bytes::from_static(b"shoe_size\n42\n43\n"),
        Other::Marker => Bytes::new(),
        Other::Unrouted | Other::Missing => Bytes::from_static(b"id,email\n1,a@example.com\n"),
    };
    let key = other.key();
    stage.bucket.put(key, false, bytes, None, last_modified);
    stage.bucket.announce(key, None);
    if other == Other::Missing {
        stage.bucket.remove(key);
    }
}

/// The last good row of a text is gone.
fn without_a_row(content: &Content) -> Bytes {
    let good = content.rows.iter().rev().find(|row| row.kind == Kind::Good);
    let id = external_id(content.format, good.unwrap().person);
    let text = String::from_utf8_lossy(&content.bytes);
    let lines = text.split_inclusive('\n');
    let lines: String = lines.filter(|line| !line.contains(&id)).collect();
    lines.into()
}

async fn change_token(stage: Arc<Stage>, change: Option<TokenChange>) {
    let Some(change) = change else { return };
    sleep(change.at).await;
    stage.world.note("Meta takes only another token");
    stage.meta.platform.set_token(NEXT_TOKEN);
    sleep(change.renewed_after).await;
    stage.world.note("the secret holds it");
    *stage.token.lock().unwrap() = NEXT_TOKEN.to_owned();
}

/// One worker after the other in the same place, until the service ends.
async fn work(stage: Arc<Stage>, place: usize, stops: Vec<Duration>) {
    let began = Instant::now();
    let mut stops = stops;
    stops.sort_unstable_by_key(|at| std::cmp::Reverse(*at));
    for number in 0.. {
        let life = Life::new(stage.world.clone(), format!("worker {place}.{number}"));
        let life = Arc::new(life);
        let stop = stage.end.child_token();
        let told = match stops.pop() {
            Some(at) => began + at,
            None => began + 2 * LONGEST,
        };
        let stopping = stop.clone();
        let worker = Worker::new(stage.parts(&life), stop).run();
        tokio::pin!(worker);
        let clean = tokio::select! {
            biased;
            () = life.over() => None,
            clean = &mut worker => Some(clean),
            () = sleep_until(told) => {
                stage.world.note(format!("{} is told to stop", life.name));
                stopping.cancel();
                tokio::select! {
                    biased;
                    () = life.over() => None,
                    clean = &mut worker => Some(clean),
                }
            }
        };
        life.end();
        if clean == Some(false) {
            // What it could not end is as after a crash.
            stage.world.crashed.fetch_add(1, Ordering::Relaxed);
        }
        if stage.end.is_cancelled() {
            if clean != Some(true) {
                stage.world.broken("a stop in fine weather is not clean");
            }
            return;
        }
        let pause = u64::from(stage.world.draw(120));
        sleep(Duration::from_secs(pause)).await;
    }
}

fn config(settings: &Settings) -> Config {
    let events = |name: &str, prefix: &str, more: &str| {
        format!(
            r#"
[[route]]
name = "{name}"
prefix = "{prefix}/"
bucket = "{BUCKET}"
credentials = "env:META_TOKEN"
[route.columns]
id = "external_id"
email = "email"
consent = {{ only_if = ["Y"] }}
[route.conversions]
dataset_id = "{DATASET}"
event_name = "Purchase"
action_source = "physical_store"
event_time = "object"
value = {{ column = "paid" }}
currency = "USD"
{more}
"#
        )
    };
    let items = "[route.conversions.custom_data]\nnum_items = { column = \"items\" }";
    let text = [
        format!(
            "[state]\nlocation = \"/nowhere\"\n[meta]\nendpoint = \"{ENDPOINT}\"\npreflight = false\n"
        ),
        format!(
            r#"
[queue]
wait_seconds = 20
visibility_seconds = {}
[ledger]
lease_seconds = {}
attempts_without_progress = 12
missing_grace_seconds = 0
[worker]
objects = {}
stop_seconds = 60
[input]
sample_rows = 100
window_bytes = 65536
[delivery]
requests_in_flight = {}
requests_per_second = 10000
max_body_bytes = 65536
conversions_timeout_seconds = 30
audience_timeout_seconds = 30
"#,
            settings.visibility, settings.lease, settings.objects, settings.requests_in_flight
        ),
        events("buyers", "conversions", items),
        events("readers", "parquet", ""),
        format!(
            r#"
[[route]]
name = "members"
prefix = "audiences/"
bucket = "{BUCKET}"
credentials = "env:META_TOKEN"
[route.columns]
id = "external_id"
email = "email"
consent = {{ only_if = ["Y"] }}
[route.custom_audience]
ad_account = "act_{ACCOUNT}"
audience = "{AUDIENCE}"
mode = "add"
"#
        ),
    ];
    let config = Config::parse(
        "chaos",
        &text.concat(),
        &Environment::default(),
        Purpose::OneShot,
    );
    config.unwrap_or_else(|faults| panic!("{faults}"))
}
