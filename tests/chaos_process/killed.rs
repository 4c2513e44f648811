//! Workers die, and everything arrives.

use std::time::{Duration, Instant};

use simulator::{Fault, GraphError, Target, Usage};

use super::announcements::event;
use super::crowd::{Crowd, crowds};
use super::drawing::{Drawing, Step};
use super::figures::{self, Figures};
use super::fleet::Fleet;
use super::silence::Silence;
use super::stage::{AUDIENCE, DATASET, Stage};
use super::{dead_letters, eventually, given};

const WORKERS: usize = 3;
const REQUESTS_IN_FLIGHT: u64 = 2;
/// How long every request takes, so that most of a worker's life is spent in the middle.
const SLOW: Duration = Duration::from_millis(250);
/// For the short play, which is a part of `make test`.
const KILLS: usize = 5;
const SEED: u64 = 971_187;

struct Play<'a> {
    stage: &'a Stage,
    fleet: Fleet<'a>,
    /// With the ids of their versions, as soon as they are put.
    crowds: Vec<Crowd>,
    versions: Vec<String>,
    rows: u64,
    silences: u64,
    repeats: u64,
}

#[tokio::test]
#[ignore = "needs LocalStack: make test"]
async fn workers_that_are_killed_lose_nothing_and_resend_what_was_in_flight() {
    // `make chaos-process` draws another one each time.
    let seed = given("CHAOS_SEED").unwrap_or(SEED);
    let kills = given("CHAOS_KILLS").unwrap_or(KILLS);
    eprintln!("the drawing of CHAOS_SEED={seed} CHAOS_KILLS={kills}");
    let started = Instant::now();
    let objects = (kills * 2 / 5).max(6);
    let crowds = crowds(objects, if kills > 10 { 40_000 } else { 10_000 });
    let first = objects.div_ceil(2);
    let drawing = Drawing::of(seed, kills, WORKERS, first, objects - first);

    let stage = Stage::set_up().await;
    dead_letters::only_by_workers(&stage.plane).await;
    let mut play = Play {
        stage: &stage,
        fleet: Fleet::start(&stage, config(&stage), WORKERS),
        rows: crowds.iter().map(Crowd::rows).sum(),
        crowds,
        versions: Vec::new(),
        silences: 0,
        repeats: 0,
    };
    play.disturb(None, Usage::default());
    for _ in 0..first {
        play.put().await;
    }
    for (before, step) in drawing.steps {
        tokio::time::sleep(before).await;
        play.take(step).await;
    }
    play.disturb(None, Usage::default());
    let batches = play.end().await;

    let figures = Figures {
        seed,
        workers: WORKERS,
        requests_in_flight: REQUESTS_IN_FLIGHT,
        deaths: play.fleet.deaths,
        silences: play.silences,
        repeats: play.repeats,
        objects,
        rows: play.rows,
        batches,
        at_meta: stage.meta.inspect(),
        took: started.elapsed(),
    };
    eprintln!("{figures}");
    figures::check_arrivals(&stage, &play.crowds);
    assert_eq!(figures.deaths.kills, kills as u64);
    // How many depends on the machine; without any, this play has shown nothing.
    assert!(
        figures.deaths.at_work > 0,
        "all of the kills came when all was done: make the objects larger"
    );
    assert!(
        figures.resent() <= figures.bound(),
        "{} batches came again, of which crashes explain {}",
        figures.resent(),
        figures.bound()
    );
}

impl Play<'_> {
    async fn take(&mut self, step: Step) {
        match step {
            Step::Kill { worker } => self.fleet.kill(worker, self.is_under_way()).await,
            Step::Stop { worker } => self.fleet.stop(worker).await,
            Step::Silence { lasting, victim } => {
                let silence = Silence::begin();
                tokio::time::sleep(lasting / 2).await;
                self.fleet.kill(victim, self.is_under_way()).await;
                tokio::time::sleep(lasting / 2).await;
                drop(silence);
                self.silences += 1;
            }
            Step::Cut { on, action } => {
                let cut = Fault::new(on, action).after(SLOW);
                self.disturb(Some(cut), Usage::default());
            }
            Step::Throttle => {
                let throttled = GraphError::new(400, 80003);
                let fault = Fault::error(Target::Users, throttled);
                self.disturb(Some(fault), Usage::default());
            }
            Step::Repeat { object } => {
                let (key, version) = (&self.crowds[object].key, &self.versions[object]);
                let event = event(self.stage, key, version, None);
                self.stage.plane.send(&event).await;
                self.repeats += 1;
            }
            Step::Put => self.put().await,
            Step::Poison => {
                for message in dead_letters::poison(&self.stage.plane) {
                    self.stage.plane.send(&message).await;
                }
            }
        }
    }

    async fn put(&mut self) {
        let crowd = &self.crowds[self.versions.len()];
        let version = self.stage.plane.put(&crowd.key, crowd.content()).await;
        self.versions.push(version);
    }

    /// From now on Meta is slow, and does this once. The first rule that acts on a request
    /// decides it alone, so those that act on all of them come last.
    fn disturb(&self, fault: Option<Fault>, usage: Usage) {
        let meta = &self.stage.meta;
        meta.clear_faults();
        meta.set_usage(usage).unwrap();
        let slow = [Target::Events, Target::Users].map(|on| Fault::delay(on, SLOW).always());
        for fault in fault.into_iter().chain(slow) {
            meta.fault(fault);
        }
    }

    /// Some rows of what was put are not at Meta yet.
    fn is_under_way(&self) -> bool {
        let put = self.crowds.iter().take(self.versions.len());
        let at_meta = self.stage.meta.inspect();
        let arrived = at_meta.datasets[DATASET].distinct + at_meta.audiences[AUDIENCE].members;
        arrived < put.map(Crowd::rows).sum()
    }

    /// Waits until all is done, and looks at what is left behind. Gives the batches of
    /// all receipts.
    async fn end(&mut self) -> u64 {
        let plane = &self.stage.plane;
        eventually("a receipt of every object", || async {
            let receipts = plane.receipts().await;
            (receipts.len() > self.crowds.len()).then_some(())
        })
        .await;
        plane.until_empty().await;
        dead_letters::are(plane, &dead_letters::poison(plane)).await;
        self.fleet.stop_all().await;
        figures::check_receipts(&plane.receipts().await, &self.crowds)
    }
}

/// Messages and leases of the dead come back within seconds. Small requests, so that an
/// object takes many.
fn config(stage: &Stage) -> String {
    let purchases = stage.conversions("purchases", "default");
    let leads = stage.conversions("leads", "default");
    let leads = leads
        .replace("value = \"auto\"\ncurrency = \"EUR\"\n", "")
        .replace("\"Purchase\"", "\"Lead\"");
    let secret = format!("ssm:{}", stage.secret("default"));
    let members = stage.audience("members", "add", &secret);
    let config = stage.config(&[purchases, leads, members]);
    let queue =
        "[ledger]\nlease_seconds = 3\nmissing_grace_seconds = 5\n[queue]\nvisibility_seconds = 3\n";
    let config = config.replace("[queue]\n", queue);
    format!(
        "{config}[delivery]\nrequests_in_flight = {REQUESTS_IN_FLIGHT}\nmax_body_bytes = 65536\n\
         [log]\nlevel = \"debug\"\n"
    )
}
