//! What is going to happen, drawn from a seed before anything does.
//!
//! As from a deck of cards: how often each thing happens is fixed by the number of kills,
//! so that even the shortest play has all of them; their order, moments and victims are
//! chance.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;
use simulator::{FaultAction, GraphError, Target};

pub(crate) struct Drawing {
    pub(crate) steps: Vec<(Duration, Step)>,
}

/// Workers and objects are named by their numbers.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// With -9, and started again.
    Kill { worker: usize },
    /// With SIGTERM, and started again.
    Stop { worker: usize },
    /// AWS does not answer for so long; in the middle of it a worker is killed.
    Silence { lasting: Duration, victim: usize },
    /// Meta breaks off, or answers with something else.
    Cut { on: Target, action: FaultAction },
    /// Meta throttles the ad account once; a worker that hears it waits a minute.
    Throttle,
    /// The event of an object that was put before comes once more.
    Repeat { object: usize },
    /// The next object is put.
    Put,
    /// Messages that nobody can work on: no event, and the event of no object.
    Poison,
}

impl Drawing {
    /// `later` objects are put while things happen; `first` are there before.
    pub(crate) fn of(seed: u64, kills: usize, workers: usize, first: usize, later: usize) -> Self {
        let mut chance = Rng::with_seed(seed);
        let in_silence = share(kills, 10);
        let mut deck = Vec::new();
        for kill in 0..kills {
            let victim = chance.usize(..workers);
            deck.push(if kill < in_silence {
                let lasting = moment(&mut chance, 1_000..5_000);
                Step::Silence { lasting, victim }
            } else {
                Step::Kill { worker: victim }
            });
        }
        for _ in 0..share(kills, 6) {
            let worker = chance.usize(..workers);
            deck.push(Step::Stop { worker });
        }
        let cuts = cuts();
        for cut in 0..cuts.len().max(kills / 2) {
            let on = chance.choice([Target::Events, Target::Events, Target::Users]);
            let action = cuts[cut % cuts.len()].clone();
            deck.push(Step::Cut {
                on: on.unwrap_or(Target::Events),
                action,
            });
        }
        for _ in 0..share(kills, 10) {
            deck.push(Step::Throttle);
        }
        for _ in 0..share(kills, 4) {
            let object = chance.usize(..first);
            deck.push(Step::Repeat { object });
        }
        deck.extend((0..later).map(|_| Step::Put));
        chance.shuffle(&mut deck);
        // Late enough that nobody has to wait long for it to rest and be given up.
        deck.insert(deck.len() * 3 / 4, Step::Poison);
        let mut timed = |step| (before(&step, &mut chance), step);
        Drawing {
            steps: deck.into_iter().map(&mut timed).collect(),
        }
    }
}

/// One in so many, and at least one.
fn share(kills: usize, one_in: usize) -> usize {
    kills.div_ceil(one_in).max(1)
}

/// How long the step is waited for. A process is to be hit at any moment of its life: in
/// its first instants, and in the middle of everything.
fn before(step: &Step, chance: &mut Rng) -> Duration {
    match step {
        Step::Kill { .. } | Step::Stop { .. } | Step::Silence { .. } => moment(chance, 50..4_000),
        Step::Cut { .. } | Step::Throttle | Step::Repeat { .. } | Step::Put | Step::Poison => {
            moment(chance, 0..500)
        }
    }
}

fn moment(chance: &mut Rng, milliseconds: Range<u64>) -> Duration {
    Duration::from_millis(chance.u64(milliseconds))
}

fn cuts() -> Vec<FaultAction> {
    vec![
        FaultAction::ResetAfter,
        FaultAction::Truncate,
        FaultAction::ResetBefore,
        FaultAction::ErrorAfter(GraphError::new(500, 2).transient()),
        FaultAction::Html { status: 502 },
    ]
}
