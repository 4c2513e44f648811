#![allow(clippy::panic)]

use super::*;

const CEILING: f64 = 20.0;

/// A controller and the time it is told.
struct Stage {
    controller: Controller,
    now: Instant,
}

impl Stage {
    fn new() -> Stage {
        let rng = fastrand::Rng::with_seed(7);
        Stage {
            controller: Controller::of_account(CEILING, rng),
            now: Instant::now(),
        }
    }

    /// After its first answer.
    fn known(percent: f64) -> Stage {
        let mut stage = Stage::new();
        stage.request();
        stage.hears(percent);
        stage
    }

    /// With so many requests that the window is no matter, and so long that the pace is
    /// that of what follows.
    fn open(percent: f64) -> Stage {
        let mut stage = Stage::known(percent);
        for _ in 0..100 {
            stage.later(0.05);
            stage.controller.begin(stage.now, Cost::Write);
            stage.hears(percent);
        }
        stage
    }

    fn later(&mut self, seconds: f64) {
        self.now += Duration::from_secs_f64(seconds);
    }

    fn hold(&mut self) -> Option<Hold> {
        self.controller.check(self.now, Cost::Write).err()
    }

    fn request(&mut self) {
        assert_eq!(self.hold(), None);
        self.controller.begin(self.now, Cost::Write);
    }

    fn hears(&mut self, percent: f64) {
        let heard = heard(percent, None, None);
        self.controller.answered(self.now, Cost::Write, heard);
    }

    fn is_throttled(&mut self, retry_after: Option<Duration>) {
        let heard = Heard {
            throttled: true,
            retry_after,
            ..Heard::default()
        };
        self.controller.answered(self.now, Cost::Write, heard);
    }

    fn closed_for(&mut self) -> f64 {
        match self.hold() {
            Some(Hold::Closed { until, .. }) => until.duration_since(self.now).as_secs_f64(),
            other => panic!("{other:?}"),
        }
    }

    /// Requests that can begin at once.
    fn begin_all(&mut self) -> usize {
        let mut begun = 0;
        while self.hold().is_none() && begun < 1_000 {
            self.controller.begin(self.now, Cost::Write);
            begun += 1;
        }
        begun
    }
}

fn heard(percent: f64, regain_access: Option<Duration>, reset: Option<Duration>) -> Heard {
    Heard {
        reading: Some(Reading {
            percent,
            regain_access,
            reset,
        }),
        ..Heard::default()
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn the_first_request_goes_alone_and_each_round_is_twice_the_one_before() {
    let mut stage = Stage::new();
    for round in [1, 2, 4, 8] {
        assert_eq!(stage.begin_all(), round);
        assert_eq!(stage.hold(), Some(Hold::Answer));
        (0..round).for_each(|_| stage.hears(1.0));
    }
}

#[test]
fn answers_that_tell_no_usage_hold_nothing_up() {
    let mut stage = Stage::new();
    for round in [1, 2, 4, 8, 16] {
        assert_eq!(stage.begin_all(), round);
        (0..round).for_each(|_| {
            stage
                .controller
                .answered(stage.now, Cost::Write, Heard::default());
        });
    }
    assert_eq!(stage.controller.rate(stage.now), CEILING);
}

#[test]
fn below_three_quarters_only_the_ceiling_holds() {
    let mut stage = Stage::open(60.0);
    assert_eq!(stage.controller.rate(stage.now), CEILING);
    assert!(stage.begin_all() > 50);
}

#[test]
fn requests_that_are_out_count_at_what_a_request_was_seen_to_cost() {
    // As a limited tier: twenty writes.
    let mut stage = Stage::known(5.0);
    for nth in 2..10 {
        stage.request();
        stage.hears(5.0 * f64::from(nth));
    }
    assert_eq!(stage.begin_all(), 5, "at 45 %, up to 70 %");
}

#[test]
fn what_questions_cost_does_not_make_rows_look_cheap() {
    // As a limited tier: sixty points, of which a question takes one and rows three.
    let point = 100.0 / 60.0;
    let mut stage = Stage::new();
    for nth in 1..=6 {
        stage.request();
        stage.hears(3.0 * point * f64::from(nth));
    }
    for nth in 19..=28 {
        assert_eq!(stage.controller.check(stage.now, Cost::Read), Ok(()));
        stage.controller.begin(stage.now, Cost::Read);
        let heard = heard(point * f64::from(nth), None, None);
        stage.controller.answered(stage.now, Cost::Read, heard);
    }
    assert_eq!(stage.begin_all(), 5, "from 46.7 %, up to 71.7 %");
}

#[test]
fn a_question_that_is_out_counts_as_one() {
    let point = 100.0 / 60.0;
    let mut stage = Stage::new();
    for nth in 1..=13 {
        stage.request();
        stage.hears(3.0 * point * f64::from(nth));
    }
    // At 65 %: five questions come to 73.3 %, and rows would come to 78.3 %.
    for _ in 0..5 {
        assert_eq!(stage.controller.check(stage.now, Cost::Read), Ok(()));
        stage.controller.begin(stage.now, Cost::Read);
    }
    assert!(stage.hold().is_some());
}

#[test]
fn above_three_quarters_the_rate_climbs_evenly_and_falls_by_a_share() {
    let mut stage = Stage::open(70.0);
    let mut rates = Vec::new();
    let mut hear = |stage: &mut Stage, percent: f64| {
        stage.controller.begin(stage.now, Cost::Write);
        stage.hears(percent);
        rates.push(stage.controller.rate(stage.now));
        stage.later(5.0);
    };
    // 1 % a second: it would be full before the half minute is over.
    for percent in [76.0, 81.0, 86.0] {
        hear(&mut stage, percent);
    }
    // Then it stands.
    for _ in 0..4 {
        hear(&mut stage, 86.0);
    }
    let falls = &rates[..3];
    assert!(
        falls.windows(2).all(|two| two[1] <= two[0] * 0.75),
        "{rates:?}"
    );
    let climbs: Vec<_> = rates[3..].windows(2).map(|two| two[1] - two[0]).collect();
    let a_second = CEILING / 100.0;
    let evenly = climbs
        .iter()
        .all(|climb| (climb - 5.0 * a_second).abs() < 1e-6);
    assert!(evenly, "{rates:?}");
}

#[test]
fn what_has_recovered_is_not_all_taken_by_who_hears_it_first() {
    let mut stage = Stage::open(70.0);
    for percent in [76.0, 84.0, 89.0] {
        stage.controller.begin(stage.now, Cost::Write);
        stage.hears(percent);
        stage.later(5.0);
    }
    stage.controller.begin(stage.now, Cost::Write);
    stage.hears(10.0);
    let slow = stage.controller.rate(stage.now);
    assert!(slow < CEILING / 2.0, "{slow}");
    stage.later(15.0);
    let faster = stage.controller.rate(stage.now);
    assert!((faster - slow - CEILING / 2.0).abs() < 1e-6, "{faster}");
    stage.later(30.0);
    stage.hears(10.0);
    assert!(stage.begin_all() > 5, "free again");
}

#[test]
fn a_slow_rate_spaces_requests() {
    let mut stage = Stage::open(80.0);
    let rate = stage.controller.rate(stage.now);
    assert!(rate <= CEILING);
    stage.later(1.0);
    stage.request();
    let Some(Hold::Due(at)) = stage.hold() else {
        panic!("it may go at once");
    };
    assert!(at > stage.now && at <= stage.now + seconds(1));
}

#[test]
fn the_gate_closes_before_meta_has_to_refuse() {
    let mut stage = Stage::known(50.0);
    stage.request();
    stage.hears(96.0);
    let closed = stage.closed_for();
    assert!((60.0..=66.0).contains(&closed), "{closed}");
}

#[test]
fn a_block_that_the_header_tells_closes_the_gate_for_as_long() {
    let mut stage = Stage::known(50.0);
    stage.request();
    let heard = heard(60.0, Some(seconds(360)), None);
    stage.controller.answered(stage.now, Cost::Write, heard);
    let closed = stage.closed_for();
    assert!((360.0..=396.0).contains(&closed), "{closed}");
}

#[test]
fn where_asking_alone_could_be_too_much_nobody_asks_before_the_score_is_gone() {
    let mut stage = Stage::new();
    for nth in 1..=18 {
        while let Some(Hold::Due(at)) = stage.hold() {
            stage.now = at;
        }
        stage.request();
        let heard = heard(5.0 * f64::from(nth), None, Some(seconds(280)));
        stage.controller.answered(stage.now, Cost::Write, heard);
    }
    let closed = stage.closed_for();
    assert!((280.0..=308.0).contains(&closed), "{closed}");
    // Where it is one of thousands, asking is cheap.
    let mut stage = Stage::open(94.0);
    stage.controller.begin(stage.now, Cost::Write);
    let heard = heard(95.0, None, Some(seconds(280)));
    stage.controller.answered(stage.now, Cost::Write, heard);
    assert!(stage.closed_for() <= 66.0);
}

#[test]
fn throttles_in_a_row_wait_longer_each_time_until_one_goes_through() {
    let mut stage = Stage::new();
    for most in [60.0, 120.0, 240.0, 480.0, 900.0, 900.0] {
        stage.request();
        stage.is_throttled(None);
        let closed = stage.closed_for();
        assert!(closed >= most && closed <= most + 60.0, "{closed}");
        stage.later(closed);
    }
    stage.request();
    stage.hears(10.0);
    stage.request();
    stage.is_throttled(None);
    assert!(stage.closed_for() <= 66.0);
}

#[test]
fn what_retry_after_says_holds_once() {
    let mut stage = Stage::new();
    stage.request();
    stage.is_throttled(Some(seconds(7)));
    let closed = stage.closed_for();
    assert!((7.0..=7.7).contains(&closed), "{closed}");
    stage.later(closed);
    stage.request();
    stage.is_throttled(Some(seconds(7)));
    assert!(stage.closed_for() >= 120.0);
}

#[test]
fn the_gate_closes_before_the_quota_is_used_up_whether_or_not_the_last_one_went() {
    for went in [false, true] {
        let mut stage = Stage::known(87.0);
        (0..3).for_each(|_| stage.controller.begin(stage.now, Cost::Write));
        stage.hears(90.0);
        stage.hears(93.0);
        assert_eq!(stage.controller.opens(stage.now), None);
        // Another one would come to 96 %.
        match went {
            true => stage.controller.lost(stage.now, Cost::Write),
            false => stage.controller.unused(stage.now, Cost::Write),
        }
        assert!(stage.closed_for() > 0.0, "{went}");
    }
}

#[test]
fn what_the_account_says_of_itself_counts_if_it_is_longer() {
    let mut stage = Stage::new();
    stage.request();
    let answer = Heard {
        throttled: true,
        retry_after: Some(seconds(5)),
        ..heard(100.0, Some(seconds(600)), None)
    };
    stage.controller.answered(stage.now, Cost::Write, answer);
    assert!(stage.closed_for() >= 600.0);
}

#[test]
fn requests_throttled_together_are_one_throttle() {
    let mut stage = Stage::open(10.0);
    (0..8).for_each(|_| stage.request());
    (0..8).for_each(|_| stage.is_throttled(None));
    assert!(stage.closed_for() <= 66.0);
}

#[test]
fn an_answer_that_was_on_its_way_does_not_open_the_gate() {
    let mut stage = Stage::open(10.0);
    (0..8).for_each(|_| stage.request());
    stage.is_throttled(None);
    (0..7).for_each(|_| stage.hears(10.0));
    stage.later(stage.closed_for_now());
    assert_eq!(stage.begin_all(), 1, "to see how things stand");
    stage.is_throttled(None);
    assert!(stage.closed_for() >= 120.0, "the second in a row");
}

#[test]
fn a_question_that_is_answered_does_not_say_that_rows_are_taken() {
    let mut stage = Stage::open(10.0);
    stage.request();
    stage.is_throttled(None);
    stage.later(stage.closed_for_now());
    stage.controller.begin(stage.now, Cost::Read);
    let answered = heard(10.0, None, None);
    stage.controller.answered(stage.now, Cost::Read, answered);
    assert_eq!(stage.begin_all(), 1);
    stage.is_throttled(None);
    assert!(stage.closed_for() >= 120.0, "the second in a row");
}

#[test]
fn what_did_not_go_after_all_is_no_sign_of_anything() {
    let mut stage = Stage::new();
    for _ in 0..3 {
        assert_eq!(stage.begin_all(), 1);
        stage.controller.unused(stage.now, Cost::Write);
    }
    assert_eq!(stage.begin_all(), 1);
    stage.hears(10.0);
    assert_eq!(stage.begin_all(), 2);
}

#[test]
fn after_the_gate_one_request_goes_alone_however_many_are_lost() {
    let mut stage = Stage::open(10.0);
    (0..3).for_each(|_| stage.request());
    (0..3).for_each(|_| stage.is_throttled(None));
    stage.later(66.0);
    for _ in 0..3 {
        assert_eq!(stage.begin_all(), 1);
        stage.controller.lost(stage.now, Cost::Write);
    }
    assert_eq!(stage.begin_all(), 1);
    stage.hears(10.0);
    assert_eq!(stage.begin_all(), 2);
}

#[test]
fn whoever_was_quiet_for_long_asks_before_it_sends_many() {
    let mut stage = Stage::open(70.0);
    stage.later(301.0);
    assert_eq!(stage.begin_all(), 1);
}

#[test]
fn a_token_is_shared_by_accounts_so_nothing_goes_alone_before_it_was_throttled() {
    let rng = fastrand::Rng::with_seed(7);
    let mut stage = Stage {
        controller: Controller::of_token(CEILING, rng),
        now: Instant::now(),
    };
    assert_eq!(stage.begin_all(), 1_000);
    stage.is_throttled(None);
    (1..1_000).for_each(|_| stage.controller.lost(stage.now, Cost::Write));
    stage.later(66.0);
    assert_eq!(stage.begin_all(), 1);
}

#[test]
fn waits_differ_between_workers_but_not_between_runs() {
    let closed = |seed| {
        let rng = fastrand::Rng::with_seed(seed);
        let mut controller = Controller::of_account(CEILING, rng);
        let now = Instant::now();
        let heard = Heard {
            throttled: true,
            ..Heard::default()
        };
        controller.answered(now, Cost::Write, heard);
        controller.opens(now).map(|opens| opens.duration_since(now))
    };
    assert_eq!(closed(1), closed(1));
    assert_ne!(closed(1), closed(2));
}

impl Stage {
    fn closed_for_now(&self) -> f64 {
        let opens = self.controller.opens(self.now);
        opens.map_or(0.0, |opens| opens.duration_since(self.now).as_secs_f64())
    }
}
