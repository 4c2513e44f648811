//! One object on its way to Meta, with one thing in the way.

use std::time::Duration;

use audience_activator::receipts::Status;
use serde_json::Value;

use super::rows::{BAD, Class, Injected, Row};
use crate::stage::logged::Logged;
use crate::stage::paused::{Paused, Sent, on_a_paused_clock};
use crate::stage::people::{file, hashed_email};
use crate::stage::{AUDIENCE, DATASET, ROUTES};
use simulator::{Fault, GraphError, Target};

const ROWS: u64 = 40;

/// Fewer than a message is given back here: what does not count must not quarantine.
const SETTINGS: &[(&str, &str)] = &[("ACTIVATOR_LEDGER_ATTEMPTS_WITHOUT_PROGRESS", "2")];

/// How often a message is given back before what is in the way is taken away.
const TIMES_BACK: usize = 4;

/// What was seen of it.
pub(super) struct Played {
    pub(super) did: String,
    pub(super) seen: String,
    pub(super) ended: String,
}

pub(super) fn play(row: &Row) -> Played {
    on_a_paused_clock(one(row))
}

/// Whether the row's fault stays until somebody mends it.
fn stays(class: Class) -> bool {
    match class {
        Class::EveryRow
        | Class::Configuration
        | Class::Blocked
        | Class::File
        | Class::Token
        | Class::Busy
        | Class::Unexplained => true,
        Class::Passing | Class::Throttled | Class::BadRow | Class::TooLarge | Class::TooMany => {
            false
        }
    }
}

pub(super) fn put_aside() {
    on_a_paused_clock(async {
        let stage = Paused::new(ROUTES, SETTINGS, |builder| builder);
        let too_few = GraphError::new(400, 200).subcode(1_870_047);
        let fault = Fault::error(Target::Users, too_few).always();
        stage.wire.platform.fault(fault);
        let object = stage.put("audiences/people.csv", &file(ROWS)).await;
        let _worker = stage.work();
        stage.until_done().await;
        let receipt = stage.receipt(&object).await.unwrap();
        assert_eq!(receipt.status.name(), "quarantined");
        let told = receipt.explanation.unwrap();
        assert!(
            told.contains("200/1870047") && told.contains("fewer people"),
            "{told}"
        );
        assert_eq!(stage.queue.dead_letters().len(), 1);
        assert!(stage.parts.health.report().stopped_routes.is_empty());
    });
}

async fn one(row: &Row) -> Played {
    let logged = Logged::new();
    let stage = Paused::new(ROUTES, SETTINGS, |builder| builder);
    if let Some(fault) = row.fault() {
        stage.wire.platform.fault(fault);
    }
    if let Injected::Instead(answer) = &row.injected {
        let mut instead = stage.wire.instead.lock().unwrap();
        instead.extend([answer.clone(), answer.clone()]);
    }
    let (key, route) = match row.on {
        Target::Events => ("conversions/people.csv", "buyers"),
        _ => ("audiences/people.csv", "members"),
    };
    let object = stage.put(key, &file(ROWS)).await;
    let worker = stage.work();
    let what = &row.what;
    if stays(row.class) {
        let backs = || rests(&logged.lines()).len();
        let first = || backs() == 1;
        stage.until(what, first).await;
        let requests = stage.wire.sent();
        let reason = stage.parts.health.report().stopped_routes.remove(route);
        assert!(stage.receipt(&object).await.is_none(), "{what}");
        let times = match row.class {
            // This one counts.
            Class::File => 1,
            _ => TIMES_BACK,
        };
        stage.until(what, || backs() >= times).await;
        assert!(!stage.queue.is_empty(), "{what}: the message is kept");
        assert!(stage.queue.dead_letters().is_empty(), "{what}: no poison");
        assert_eq!(arrived(&stage, row.on), 0, "{what}: nothing arrived");
        stays_as_it_should(row, &requests, reason.as_deref(), &logged.lines());
        stage.wire.platform.clear_faults();
    }
    stage.until_done().await;
    let receipt = stage.receipt(&object).await.unwrap();
    let sent = stage.wire.sent();
    let page = stage.parts.metrics.page();
    worker.abort();

    let refused = u64::from(row.class == Class::BadRow);
    assert_eq!(receipt.status, Status::Delivered, "{what}");
    assert_eq!(receipt.sent.accepted, ROWS - refused, "{what}");
    assert_eq!(receipt.sent.refused, refused, "{what}");
    assert_eq!(arrived(&stage, row.on), ROWS - refused, "{what}");
    for number in 1..=ROWS {
        let hash = hashed_email(number);
        let platform = &stage.wire.platform;
        let is_there = match row.on {
            Target::Events => platform.events_bearing(DATASET, "em", &hash) > 0,
            _ => platform.members_bearing(AUDIENCE, "EMAIL", &hash) == 1,
        };
        let expected = row.class != Class::BadRow || number != BAD;
        assert_eq!(is_there, expected, "{what}: row {number}");
    }
    assert_eq!(stage.dataset().changed_duplicates, 0, "{what}");
    let goes_on = stage.parts.health.report().stopped_routes.is_empty();
    assert!(goes_on, "{what}: recovers by itself");
    let lines = logged.lines();
    if !stays(row.class) {
        passes_as_it_should(row, &sent, &lines);
    }
    Played {
        did: did(row.class, &sent, &lines),
        seen: seen(&page, &lines),
        ended: ended(row.class, &receipt.refusals),
    }
}

/// Rows of this row's destination that Meta has, each once.
fn arrived(stage: &Paused, on: Target) -> u64 {
    match on {
        Target::Events => stage.dataset().distinct,
        _ => stage.wire.platform.inspect().audiences[AUDIENCE].members,
    }
}

/// For how long the message was made to rest, each time, in seconds.
fn rests(lines: &[Value]) -> Vec<u64> {
    lines
        .iter()
        .filter_map(|line| line["rest_s"].as_u64())
        .collect()
}

fn gaps(sent: &[Sent]) -> Vec<Duration> {
    sent.windows(2).map(|two| two[1].at - two[0].at).collect()
}

/// What has to hold for a fault that stays.
fn stays_as_it_should(row: &Row, sent: &[Sent], reason: Option<&str>, lines: &[Value]) {
    let what = &row.what;
    let tried = match row.class {
        Class::Unexplained => 4..=4,
        // Halves down to twenty rows, all of them refused.
        Class::EveryRow => 21..=50,
        _ => 1..=1,
    };
    let requests = sent.len();
    assert!(
        tried.contains(&requests),
        "{what}: {requests} requests of the first attempt"
    );
    let first = rests(lines)[0];
    match row.class {
        Class::Busy => {
            assert_eq!(reason, None, "{what}: the route does not stop");
            assert!(first >= 120, "{what}: minutes, and not {first} s");
        }
        Class::File => assert_eq!(reason, None, "{what}: the route does not stop"),
        class => {
            let reason = reason.unwrap_or_else(|| panic!("{what}: the route stops"));
            let code = what.split(',').next().unwrap();
            assert!(
                reason.contains(&format!("error {code}, trace id ")),
                "{reason}"
            );
            let minimum = u64::from(class == Class::Blocked) * 3_600;
            assert!(first >= minimum, "{what}: rests {first} s");
        }
    }
}

/// What has to hold for a fault that passes, or is one row's.
fn passes_as_it_should(row: &Row, sent: &[Sent], lines: &[Value]) {
    let what = &row.what;
    assert!(rests(lines).is_empty(), "{what}: nothing is given back");
    let gaps = gaps(sent);
    let sizes: Vec<usize> = sent.iter().map(|one| one.rows).collect();
    match row.class {
        Class::Passing => {
            assert_eq!(sizes, [40, 40, 40], "{what}");
            assert!(gaps[1] > Duration::from_millis(250), "{what}: {gaps:?}");
        }
        Class::Throttled => {
            assert_eq!(sizes, [40, 40], "{what}");
            assert!(gaps[0] >= Duration::from_secs(60), "{what}: {gaps:?}");
        }
        Class::TooLarge => assert_eq!(sizes, [40, 40, 40, 20, 20], "{what}"),
        Class::TooMany => assert_eq!(sizes, [40, 20, 20], "{what}"),
        Class::BadRow => {
            assert!(sizes.contains(&1) && sizes.len() < 16, "{what}: {sizes:?}");
        }
        class => panic!("{what}: {class:?} does not pass"),
    }
}

fn did(class: Class, sent: &[Sent], lines: &[Value]) -> String {
    let gaps = gaps(sent);
    match class {
        Class::Passing => format!("tried {} times, within seconds", sent.len()),
        Class::Throttled => {
            let minutes = gaps[0].as_secs() / 60;
            format!("closed the gate; tried again after {minutes} min")
        }
        Class::TooLarge => format!("tried {} times, then sent in halves", sent.len() - 2),
        Class::TooMany => "sent in halves at once".to_owned(),
        Class::BadRow => format!("halved down to the row, {} requests", sent.len()),
        Class::Busy => format!("kept the message, which rests {}", listed(lines)),
        Class::Unexplained => {
            format!(
                "tried 4 times, then stopped the route and kept the message, which rests {}",
                listed(lines)
            )
        }
        Class::EveryRow => format!(
            "halved down to single rows, and when 20 had been refused alike and none accepted, stopped the route and kept the message, which rests {}",
            listed(lines)
        ),
        Class::Configuration | Class::Blocked => {
            format!(
                "stopped the route and kept the message, which rests {}",
                listed(lines)
            )
        }
        Class::File => format!(
            "kept the message, which rests {}; after five attempts it would be put aside",
            listed(lines)
        ),
        Class::Token => format!(
            "read the secret again, stopped the route and kept the message, which rests {}",
            listed(lines)
        ),
    }
}

/// The rests, as long as they are told apart.
fn listed(lines: &[Value]) -> String {
    let shown = rests(lines).into_iter().take(3).map(|rest| match rest {
        0..60 => format!("{rest} s"),
        60..3_600 => format!("{} min", rest / 60),
        _ => format!("{} h", rest / 3_600),
    });
    let mut shown: Vec<String> = shown.collect();
    shown.dedup();
    format!("{}, …", shown.join(", "))
}

/// Requests by outcome, as the metrics have them, and what the log said first.
fn seen(page: &str, lines: &[Value]) -> String {
    let counts = page.lines().filter_map(|line| {
        let rest = line.strip_prefix("worker_requests_total{outcome=\"")?;
        let (outcome, _) = rest.split_once("\"}")?;
        (!matches!(outcome, "accepted" | "partial")).then(|| format!("`{outcome}`"))
    });
    let mut counts: Vec<String> = counts.collect();
    counts.sort();
    let line = lines.first().map(|line| {
        let reason = line["reason"].as_str();
        let said = reason.or_else(|| line["message"].as_str());
        without_trace(said.unwrap_or_default())
    });
    match line {
        Some(line) => format!("{}; {line}", counts.join(", ")),
        None => counts.join(", "),
    }
}

/// Trace ids are other ones each time.
fn without_trace(text: &str) -> String {
    match text.split_once("trace id ") {
        Some((before, after)) if !before.ends_with("no ") => {
            let rest = after.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
            format!("{before}trace id …{rest}")
        }
        _ => text.to_owned(),
    }
}

fn ended(class: Class, refusals: &audience_activator::receipts::Refusals) -> String {
    match refusals.samples().first() {
        Some(one) => format!(
            "delivered but for row {}, refused as `{}`",
            one.row, one.error
        ),
        None if class == Class::Busy => "delivered, once that had ended".to_owned(),
        None if stays(class) => "delivered, once it was mended".to_owned(),
        None => "delivered".to_owned(),
    }
}
