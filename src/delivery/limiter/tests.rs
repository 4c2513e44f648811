#![allow(clippy::unwrap_used)]

use super::*;
use crate::meta::Usage;

fn limiters(in_flight: usize) -> AccountLimiters {
    AccountLimiters::new(Limits {
        requests_per_second: 10_000.0,
        in_flight,
        longest_wait: Duration::from_secs(300),
    })
}

/// Of the account of one route, with a token of its own.
fn of(limiters: &AccountLimiters, account: &str) -> Arc<AccountLimiter> {
    let secret = format!("ssm:/{account}").parse().unwrap();
    limiters.of(account, account, &secret)
}

fn answer(outcome: Outcome, code: Option<i64>) -> Answer {
    Answer {
        outcome,
        status: Some(if code.is_some() { 400 } else { 200 }),
        error: code.map(|code| ErrorCode {
            code,
            subcode: None,
        }),
        trace_id: None,
        usage: Usage::default(),
        version_warning: false,
        retry_after: None,
    }
}

fn accepted() -> Answer {
    answer(Outcome::Accepted { received: 1 }, None)
}

fn throttled(code: i64, wait: u64) -> Answer {
    let wait = Some(Duration::from_secs(wait));
    answer(Outcome::Throttled { wait }, Some(code))
}

#[tokio::test(start_paused = true)]
async fn an_account_that_waits_keeps_no_other_from_sending() {
    let limiters = limiters(1);
    let (closed, other) = (of(&limiters, "act_1"), of(&limiters, "act_2"));
    let turn = closed.ready(Cost::Write).await.unwrap();
    turn.answered(&throttled(80_003, 200));
    let waiting = tokio::spawn(async move { closed.ready(Cost::Write).await.is_ok() });
    tokio::task::yield_now().await;
    let turn = other.ready(Cost::Write).await.unwrap();
    turn.answered(&accepted());
    let turn = other.ready(Cost::Write).await.unwrap();
    let next = tokio::time::timeout(Duration::from_secs(60), other.ready(Cost::Write));
    assert!(next.await.is_err(), "one at once");
    turn.answered(&accepted());
    let _turn = other.ready(Cost::Write).await.unwrap();
    assert!(!waiting.is_finished());
}

#[tokio::test(start_paused = true)]
async fn a_throttle_stops_every_request_and_then_one_goes_before_all_others() {
    let limiter = of(&limiters(8), "act_1");
    let start = Instant::now();
    let turn = limiter.ready(Cost::Write).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert!(turn.answered(&throttled(80_003, 90)).is_some());
    let waiting: Vec<_> = (0..8)
        .map(|_| {
            let limiter = limiter.clone();
            tokio::spawn(async move { limiter.ready(Cost::Write).await.unwrap() })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(89)).await;
    let turns =
        |all: &[tokio::task::JoinHandle<Turn>]| all.iter().filter(|one| one.is_finished()).count();
    assert_eq!(turns(&waiting), 0);
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert_eq!(turns(&waiting), 1, "a probe");
    let mut waiting = waiting.into_iter();
    let probe = waiting.next().unwrap().await.unwrap();
    assert_eq!(probe.answered(&accepted()), None);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let waiting: Vec<_> = waiting.collect();
    assert_eq!(turns(&waiting), 2, "twice as many");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_gate_that_stays_closed_for_too_long() {
    let limiter = of(&limiters(8), "act_1");
    let turn = limiter.ready(Cost::Write).await.unwrap();
    let start = Instant::now();
    turn.answered(&throttled(80_003, 301));
    let until = limiter.ready(Cost::Write).await.unwrap_err().until;
    assert_eq!(until.duration_since(start), Duration::from_secs(301));
    assert_eq!(start.elapsed(), Duration::ZERO);
    tokio::time::sleep(Duration::from_secs(2)).await;
    drop(limiter.ready(Cost::Write).await.unwrap());
    assert!(start.elapsed() >= Duration::from_secs(301));
}

#[tokio::test(start_paused = true)]
async fn a_throttle_of_the_app_stops_every_account_of_its_token_and_no_other() {
    let limiters = limiters(8);
    let secret = "ssm:/shared".parse().unwrap();
    let shared = ["act_1", "dataset 2"].map(|account| limiters.of(account, account, &secret));
    let other = of(&limiters, "act_3");
    let turn = shared[0].ready(Cost::Write).await.unwrap();
    turn.answered(&throttled(4, 100));
    assert!(
        shared
            .iter()
            .all(|limiter| limiter.closed_until().is_some())
    );
    assert_eq!(other.closed_until(), None);

    let turn = other.ready(Cost::Write).await.unwrap();
    turn.answered(&throttled(80_003, 200));
    let third = limiters.of("act_3", "act_3", &secret);
    let opens = third.closed_until().unwrap().duration_since(Instant::now());
    assert!(
        opens >= Duration::from_secs(200),
        "the account's, by any token"
    );
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_is_dropped_makes_room() {
    let limiter = of(&limiters(1), "act_1");
    drop(limiter.ready(Cost::Write).await.unwrap());
    let ready = tokio::time::timeout(Duration::from_secs(1), limiter.ready(Cost::Write));
    drop(ready.await.unwrap().unwrap());
}

#[tokio::test(start_paused = true)]
async fn the_ceiling_holds_in_simulated_time_too() {
    let limiters = AccountLimiters::new(Limits {
        requests_per_second: 10.0,
        in_flight: 8,
        longest_wait: Duration::ZERO,
    });
    let limiter = of(&limiters, "act_1");
    let start = Instant::now();
    for _ in 0..110 {
        limiter
            .ready(Cost::Write)
            .await
            .unwrap()
            .answered(&accepted());
    }
    let took = start.elapsed().as_secs_f64();
    assert!(
        (9.9..10.5).contains(&took),
        "{took}: ten at once, a hundred evenly"
    );
}

#[tokio::test(start_paused = true)]
async fn below_the_ceiling_a_question_counts_as_a_third_of_what_rows_do() {
    let limiters = AccountLimiters::new(Limits {
        requests_per_second: 10.0,
        in_flight: 8,
        longest_wait: Duration::ZERO,
    });
    let limiter = of(&limiters, "act_1");
    let start = Instant::now();
    for nth in 0..220 {
        // As many of either: four points a pair.
        let cost = [Cost::Read, Cost::Write][nth % 2];
        limiter.ready(cost).await.unwrap().answered(&accepted());
    }
    let took = start.elapsed().as_secs_f64();
    assert!(
        (13.5..14.2).contains(&took),
        "{took}: thirty points at once, 410 evenly"
    );
}

#[tokio::test(start_paused = true)]
async fn meta_took_a_request_since_then_or_it_did_not() {
    let limiter = of(&limiters(8), "act_1");
    let start = Instant::now();
    let turn = limiter.ready(Cost::Write).await.unwrap();
    turn.answered(&answer(Outcome::BadData, Some(100)));
    assert!(!limiter.went_through_since(start));
    limiter
        .ready(Cost::Write)
        .await
        .unwrap()
        .answered(&accepted());
    assert!(limiter.went_through_since(start));
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!limiter.went_through_since(Instant::now()));
}

#[tokio::test(start_paused = true)]
async fn how_things_stand_is_told_by_route() {
    let limiters = limiters(8);
    let limiter = of(&limiters, "act_1");
    of(&limiters, "act_2");
    let turn = limiter.ready(Cost::Write).await.unwrap();
    turn.answered(&throttled(80_003, 90));
    let states = limiters.states();
    let opens_in: Vec<_> = states
        .iter()
        .map(|state| (state.route.as_str(), state.opens_in.is_some()))
        .collect();
    assert_eq!(opens_in, [("act_1", true), ("act_2", false)]);
    assert_eq!(states[1].requests_per_second, 10_000.0);
}

#[tokio::test(start_paused = true)]
async fn the_use_of_a_quota_is_told_of_the_account_it_is_of() {
    let limiters = limiters(8);
    let told = |percent| Answer {
        usage: Usage {
            account_percent: Some(percent),
            ..Usage::default()
        },
        ..accepted()
    };
    for (account, percent) in [("act_1", 80.0), ("act_2", 10.0)] {
        let turn = of(&limiters, account).ready(Cost::Write).await.unwrap();
        turn.answered(&told(percent));
    }
    of(&limiters, "act_3");
    let used = |limiters: &AccountLimiters| -> Vec<Option<f64>> {
        limiters.states().iter().map(|state| state.used).collect()
    };
    assert_eq!(used(&limiters), [Some(0.8), Some(0.1), None]);
    // By then the score is gone.
    tokio::time::sleep(Duration::from_secs(301)).await;
    assert_eq!(used(&limiters), [None, None, None]);
}
