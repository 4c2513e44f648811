//! What the rate control makes of Meta's quotas, hours of it, in simulated time: the real
//! limiters before a model of the quotas (`rate/`).

#![allow(clippy::unwrap_used, clippy::panic)]

mod rate;

use std::time::Duration;

use rate::fleet::{IN_FLIGHT, Run, Scenario};
use rate::quota::{Decay, Meta};

const HOUR: Duration = Duration::from_secs(3_600);

/// A gate that closes again and again before anything goes through opens after one minute,
/// two, four, eight, then every fifteen. So often a worker can ask in vain within an hour.
const MOST_IN_VAIN: u64 = 8;

/// Plays it, and looks at what every fleet is promised: the quota is used, and nobody
/// starves.
fn judged(scenario: &Scenario) -> Run {
    let run = scenario.run();
    let used = run.all_accepted() as f64 / scenario.meta.most(scenario.lasts);
    assert!(
        used >= 0.7,
        "{scenario:?}: only {used:.3} of the quota is used"
    );
    let fair = run.all_accepted() as f64 / scenario.workers as f64;
    let least = run.accepted.iter().min().unwrap();
    assert!(
        *least as f64 >= fair / 2.0,
        "{scenario:?}: one had {least}, where {fair} would be fair"
    );
    run
}

fn never_throttled(scenario: &Scenario) {
    let throttled = judged(scenario).all_throttled();
    assert_eq!(throttled, 0, "{scenario:?}");
}

#[test]
fn one_worker_uses_the_score_and_is_never_throttled() {
    never_throttled(&Scenario::new(1, Meta::full(Decay::Window), HOUR));
    never_throttled(&Scenario::new(1, Meta::full(Decay::Steady), HOUR / 2));
}

#[test]
fn four_workers_share_the_score_and_are_never_throttled() {
    never_throttled(&Scenario::new(4, Meta::full(Decay::Window), HOUR));
    never_throttled(&Scenario::new(4, Meta::full(Decay::Steady), HOUR / 2));
}

#[test]
fn twenty_workers_share_the_score_and_are_never_throttled() {
    never_throttled(&Scenario::new(20, Meta::full(Decay::Window), HOUR));
    never_throttled(&Scenario::new(20, Meta::full(Decay::Steady), HOUR / 2));
}

#[test]
fn a_quota_of_an_hour_is_shared_by_whole_numbers_of_percent() {
    for workers in [1, 4, 20] {
        never_throttled(&Scenario::new(workers, Meta::hourly(10_000.0), 2 * HOUR));
    }
}

#[test]
fn a_limited_account_is_never_throttled_by_one_worker() {
    for decay in [Decay::Window, Decay::Steady] {
        for tells_times in [true, false] {
            for seed in 0..5 {
                let mut meta = Meta::limited(decay);
                meta.tells_times = tells_times;
                never_throttled(&Scenario {
                    seed,
                    ..Scenario::new(1, meta, 2 * HOUR)
                });
            }
        }
    }
}

/// Twenty writes for a whole fleet: their first questions alone use that up.
#[test]
fn a_limited_account_is_asked_in_vain_by_a_fleet_as_seldom_as_a_closed_gate() {
    for decay in [Decay::Window, Decay::Steady] {
        for workers in [4, 20] {
            let scenario = Scenario::new(workers, Meta::limited(decay), HOUR);
            let throttled = scenario.run().throttled;
            let most = *throttled.iter().max().unwrap();
            assert!(most <= MOST_IN_VAIN, "{scenario:?}: {throttled:?}");
        }
    }
}

#[test]
fn after_others_have_used_up_everything_a_fleet_comes_back_one_by_one() {
    let at = Duration::from_secs(900);
    for workers in [4, 20] {
        let scenario = Scenario {
            others: Some((at, 9_000.0)),
            ..Scenario::new(workers, Meta::full(Decay::Window), HOUR)
        };
        let run = scenario.run();
        // Those that were out, and then a question now and then.
        let most = IN_FLIGHT as u64 + MOST_IN_VAIN;
        let throttled = &run.throttled;
        assert!(run.all_throttled() > 0, "the model never refused");
        assert!(throttled.iter().all(|one| *one <= most), "{throttled:?}");
        let accepted = |from: usize| -> u64 {
            let seconds = run.seconds[from..].iter();
            seconds.map(|second| second.accepted).sum()
        };
        let (half, rest) = (2_400, HOUR.as_secs_f64() - 2_400.0);
        let used = accepted(half) as f64 / scenario.meta.most(Duration::from_secs_f64(rest));
        assert!(used >= 0.7, "{workers} workers: {used:.3} afterwards");
    }
}

#[test]
fn a_seed_gives_the_same_run_again() {
    let run = |seed| {
        let scenario = Scenario {
            seed,
            ..Scenario::new(4, Meta::limited(Decay::Steady), HOUR)
        };
        format!("{:?}", scenario.run())
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
