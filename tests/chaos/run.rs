//! Plays seeds, each in a runtime of its own, as many at once as there are cores.

use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio::runtime::Builder;
use tracing_subscriber::EnvFilter;

use crate::check::check;
use crate::play::{Sabotage, Seen, play};
use crate::schedule::Schedule;

/// So many failing seeds are enough to look at.
const MOST_FAILURES: usize = 3;

/// How often a long run says that it goes on.
const TOLD_EVERY: Duration = Duration::from_secs(30);

/// What came of one seed.
pub struct Outcome {
    pub seed: u64,
    pub found: Vec<String>,
    pub seen: Seen,
    schedule: String,
    pub log: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nseed {}: {}", self.seed, self.schedule)?;
        for line in &self.log {
            writeln!(f, "  {line}")?;
        }
        for what in &self.found {
            writeln!(f, "  seed {} is wrong: {what}", self.seed)?;
        }
        Ok(())
    }
}

thread_local! {
    static PANICS: Cell<u32> = const { Cell::new(0) };
}

/// A panic in a task ends that task alone; here it is a fault all the same.
pub fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            PANICS.set(PANICS.get() + 1);
            before(panic);
        }));
    });
}

pub fn show_the_log() {
    let Ok(level) = std::env::var("CHAOS_LOG") else {
        return;
    };
    let shown = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(level))
        .with_test_writer()
        .without_time();
    // It fails where another test has set it before, which is as well.
    let _ = shown.try_init();
}

pub fn play_seed(seed: u64, sabotage: Sabotage) -> Outcome {
    play_changed(seed, |_| {}, sabotage)
}

/// Plays what is drawn once it is changed.
pub fn play_changed(seed: u64, change: fn(&mut Schedule), sabotage: Sabotage) -> Outcome {
    let panics = PANICS.get();
    let drawn = || {
        let mut schedule = Schedule::draw(seed);
        change(&mut schedule);
        schedule
    };
    let schedule = drawn();
    let calm = drawn().calm();
    let drawn = format!("{schedule:#?}");
    let now = OffsetDateTime::now_utc();
    let played = catch_unwind(AssertUnwindSafe(|| {
        let calm = on_a_paused_clock(play(calm, now, Sabotage::None));
        let played = on_a_paused_clock(play(schedule, now, sabotage));
        (check(&played, &calm), played.seen, played.world.log())
    }));
    let (mut found, seen, log) = played.unwrap_or_default();
    if PANICS.get() > panics {
        found.push("something panicked".to_owned());
    }
    Outcome {
        seed,
        found,
        seen,
        schedule: drawn,
        log,
    }
}

fn on_a_paused_clock<T>(future: impl Future<Output = T>) -> T {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(future)
}

/// The seeds that fail, or the first few of them, and what happened in all together.
pub fn play_seeds(seeds: Range<u64>, change: fn(&mut Schedule)) -> (Vec<Outcome>, Seen) {
    let began = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let failed = Mutex::new(Vec::new());
    let seen = Mutex::new(Seen::default());
    let told = Mutex::new(began);
    let one_after_the_other = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || failed.lock().unwrap().len() >= MOST_FAILURES {
                return;
            }
            let outcome = play_changed(seed, change, Sabotage::None);
            seen.lock().unwrap().add(outcome.seen);
            if !outcome.found.is_empty() {
                // In case that somebody does not wait for the end.
                eprintln!("seed {seed} fails");
                failed.lock().unwrap().push(outcome);
            }
            let mut told = told.lock().unwrap();
            if told.elapsed() > TOLD_EVERY {
                *told = Instant::now();
                let played = seed + 1 - seeds.start;
                eprintln!("{played} of {} seeds played", seeds.end - seeds.start);
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(one_after_the_other);
        }
    });
    let played = next.into_inner().min(seeds.end) - seeds.start;
    let seconds = began.elapsed().as_secs();
    let mut seen = seen.into_inner().unwrap();
    eprintln!("{played} seeds from {} on, {seconds} s:", seeds.start);
    for (what, count) in seen.counts() {
        eprintln!("{count:7} {what}");
    }
    (failed.into_inner().unwrap(), seen)
}
