//! What all workers of a run share beside the places they work with: the count of steps,
//! the luck of each call, and what was seen to go against a promise.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::schedule::{Crash, Schedule, Weather, When};
use crate::state::{Place, Recorded};

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Receive,
    Delete,
    Hide,
    PutAside,
    Describe,
    Read,
    /// The next bytes of a body.
    Piece,
    ReadEntry,
    WriteEntry,
    Segment,
    ReadReceipt,
    WriteReceipt,
    ReadSecret,
    Send,
}

/// How a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Fine,
    /// It takes seconds each way.
    Slow,
    /// No effect, and an error.
    LostRequest,
    /// The effect, and an error.
    LostAnswer,
    /// No effect, and an error after as long as the client waits.
    Silence,
    /// What only this kind of call can meet.
    Odd(u32),
    Dies(When),
}

/// The call failed for the one who made it.
#[derive(Debug)]
pub struct Failed;

pub struct World {
    weather: Weather,
    /// Those that are still to come, with one less to count at each call.
    crashes: Mutex<Vec<Crash>>,
    random: Mutex<Rng>,
    steps: AtomicU64,
    is_calm: AtomicBool,
    /// Workers that ended without being asked, or before they had given all back.
    pub crashed: AtomicU64,
    /// Requests that Meta accepted and whose answer did not reach a living worker.
    pub unheard: AtomicU64,
    /// A request was cut in parts that may not be the same the next time.
    pub cut_in_parts: AtomicBool,
    began: Instant,
    log: Mutex<Vec<String>>,
    violations: Mutex<Vec<String>>,
}

impl World {
    pub fn new(schedule: &Schedule) -> World {
        World {
            weather: schedule.weather,
            crashes: Mutex::new(schedule.crashes.clone()),
            random: Mutex::new(Rng::with_seed(schedule.seed ^ 0x5eed)),
            steps: AtomicU64::new(0),
            is_calm: AtomicBool::new(false),
            crashed: AtomicU64::new(0),
            unheard: AtomicU64::new(0),
            cut_in_parts: AtomicBool::new(false),
            began: Instant::now(),
            log: Mutex::default(),
            violations: Mutex::default(),
        }
    }

    /// From now on every call goes well.
    pub fn calm(&self) {
        self.note("the storm is over");
        self.is_calm.store(true, Ordering::Relaxed);
    }

    pub fn note(&self, what: impl AsRef<str>) {
        let seconds = self.began.elapsed().as_secs_f64();
        let step = self.steps.load(Ordering::Relaxed);
        let line = format!("{seconds:9.3} s, step {step:4}: {}", what.as_ref());
        self.log.lock().unwrap().push(line);
    }

    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// A promise was seen broken.
    pub fn broken(&self, what: impl Into<String>) {
        let what = what.into();
        self.note(format!("BROKEN: {what}"));
        self.violations.lock().unwrap().push(what);
    }

    pub fn violations(&self) -> Vec<String> {
        self.violations.lock().unwrap().clone()
    }

    /// A number below `most`, drawn anew at each call.
    pub fn draw(&self, most: u32) -> u32 {
        self.random.lock().unwrap().u32(..most)
    }

    /// How old something seems by a clock that is not ours, and may be wrong by an hour in
    /// either direction.
    pub fn seems_old(&self, age: Duration) -> Duration {
        if self.is_calm.load(Ordering::Relaxed) || self.draw(1000) >= self.weather.wrong_clock {
            return age;
        }
        let hour = Duration::from_secs(3_600);
        if self.draw(2) == 0 {
            self.note("the ledger's clock is an hour ahead");
            age + hour
        } else {
            self.note("the ledger's clock is an hour behind");
            age.saturating_sub(hour)
        }
    }

    /// How long Meta takes for a request.
    pub fn thinks_for(&self) -> Duration {
        let most = self.weather.slow_meta.max(1);
        Duration::from_millis(u64::from(self.draw(most)))
    }

    /// Whether somebody dies at this call. Of several who should, the others do at the next.
    fn crash(&self, call: Call) -> Option<When> {
        let mut crashes = self.crashes.lock().unwrap();
        for crash in crashes.iter_mut() {
            if crash.call.is_none_or(|one| one == call) {
                crash.nth = crash.nth.saturating_sub(1);
            }
        }
        let due = |crash: &Crash| crash.nth == 0 && crash.call.is_none_or(|one| one == call);
        let place = crashes.iter().position(due)?;
        Some(crashes.swap_remove(place).when)
    }

    fn fate(&self, call: Call) -> Fate {
        self.steps.fetch_add(1, Ordering::Relaxed);
        if self.is_calm.load(Ordering::Relaxed) {
            return Fate::Fine;
        }
        if let Some(when) = self.crash(call) {
            return Fate::Dies(when);
        }
        let weather = match call {
            Call::Receive | Call::Delete | Call::Hide | Call::PutAside => self.weather.queue,
            Call::Describe | Call::Read | Call::Piece => self.weather.source,
            Call::ReadEntry | Call::WriteEntry | Call::Segment => self.weather.ledger,
            Call::ReadReceipt | Call::WriteReceipt => self.weather.receipts,
            Call::ReadSecret => self.weather.secrets,
            Call::Send => self.weather.meta,
        };
        if self.draw(1000) >= weather {
            return Fate::Fine;
        }
        match self.draw(6) {
            0 => Fate::Slow,
            1 => Fate::LostRequest,
            2 => Fate::LostAnswer,
            3 => Fate::Silence,
            _ => Fate::Odd(self.draw(1000)),
        }
    }
}

/// One worker's life, from its start to its end. What the dead do has no effect.
pub struct Life {
    pub world: Arc<World>,
    pub name: String,
    is_over: AtomicBool,
    over: Notify,
    /// As whom it has claimed an object, by the place of its entry.
    claims: Mutex<BTreeMap<Place, BTreeSet<String>>>,
    /// The batches that were sent and are not recorded, by their first rows.
    out: Mutex<BTreeMap<Place, BTreeSet<u64>>>,
}

impl Life {
    pub fn new(world: Arc<World>, name: String) -> Life {
        Life {
            world,
            name,
            is_over: AtomicBool::new(false),
            over: Notify::new(),
            claims: Mutex::default(),
            out: Mutex::default(),
        }
    }

    pub fn claims(&self, place: Place, owner: &str) {
        let mut claims = self.claims.lock().unwrap();
        claims.entry(place).or_default().insert(owner.to_owned());
    }

    /// Whether it works on the object as this owner, and never did as another: what that
    /// one began may still go on.
    pub fn is_only(&self, place: &Place, owner: &str) -> bool {
        let claims = self.claims.lock().unwrap();
        let owners = claims.get(place);
        owners.is_some_and(|owners| owners.len() == 1 && owners.contains(owner))
    }

    /// Sends the batch that begins with this row; says how many are out with it.
    pub fn sends(&self, first: u64, recorded: &Recorded) -> usize {
        let mut out = self.out.lock().unwrap();
        let out = out.entry(recorded.place.clone()).or_default();
        out.insert(first);
        out.retain(|row| !recorded.holds(*row));
        out.len()
    }

    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
        self.over.notify_one();
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// Waits for the end.
    pub async fn over(&self) {
        self.over.notified().await;
    }

    pub async fn die(&self, call: Call, when: When) -> ! {
        self.world
            .note(format!("{} dies {when:?} {call:?}", self.name));
        self.world.crashed.fetch_add(1, Ordering::Relaxed);
        self.end();
        std::future::pending().await
    }

    /// How this worker's call goes. It dies here if it is to die before the call.
    pub async fn fate(&self, call: Call) -> Fate {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
        let fate = self.world.fate(call);
        match fate {
            Fate::Fine => {}
            Fate::Dies(When::Before) => self.die(call, When::Before).await,
            fate => self.world.note(format!("{}: {call:?} {fate:?}", self.name)),
        }
        fate
    }

    /// A call whose effect happens elsewhere, so that it happens even if nobody waits for
    /// it any more. `patience` is how long the client in between waits for an answer.
    pub async fn call<T: Send + 'static>(
        &self,
        call: Call,
        patience: Duration,
        effect: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Failed> {
        let fate = self.fate(call).await;
        self.carried(call, fate, patience, effect).await
    }

    /// The same, with a fate that is known.
    pub async fn carried<T: Send + 'static>(
        &self,
        call: Call,
        fate: Fate,
        patience: Duration,
        effect: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Failed> {
        let slow = u64::from(fate == Fate::Slow) * 4_000;
        let way =
            |most: u64| Duration::from_millis(u64::from(self.world.draw(20)) + slow.min(most));
        let (there, back) = (way(4_000), way(4_000));
        match fate {
            Fate::LostRequest => {
                sleep(there).await;
                return Err(Failed);
            }
            Fate::Silence => {
                sleep(patience).await;
                return Err(Failed);
            }
            _ => {}
        }
        let effect = tokio::spawn(async move {
            sleep(there).await;
            effect.await
        });
        let answer = effect.await;
        match fate {
            Fate::Dies(when) => self.die(call, when).await,
            Fate::LostAnswer => return Err(Failed),
            _ => sleep(back).await,
        }
        if self.is_over() {
            std::future::pending::<()>().await;
        }
        answer.map_err(|_| Failed)
    }
}
