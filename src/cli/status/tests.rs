//! Crafted entries, and what is told of them.

#![allow(clippy::unwrap_used)]

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};

use super::gather::{Seen, Unseen};
use super::line::Line;
use super::*;
use crate::config::{Environment, StateLocation};
use crate::ledger::{
    Answered, Attempts, Entry, Found, Ledger, Progress, Put, ReadCounts, RunPart, RunRecord,
    Schema, Stage, State, Tag,
};
use crate::object::version::ObjectVersion;
use crate::receipts::{Code, ObjectDescription, Rejects, Timestamp};

/// When the crafted objects were written.
pub(super) const WRITTEN: i64 = 1_790_000_000;

pub(super) fn config() -> Config {
    let text = r#"
[state]
location = "s3://states/"
[[route]]
name = "members"
bucket = "audiences"
prefix = "lists/"
credentials = "ssm:/meta"
columns = "auto"
[route.custom_audience]
audience = "1"
mode = "add"
"#;
    Config::parse("test", text, &Environment::default(), Purpose::OneShot).unwrap()
}

pub(super) fn places() -> StateLocation {
    config().state
}

pub(super) fn quarantined() -> State {
    State::Quarantined {
        reason: Code::new("damaged"),
    }
}

/// Written a moment ago: a hundred rows read of a quarter of the object.
pub(super) fn found(key: &str, state: State) -> Found {
    let mut rejects = Rejects::default();
    for row in 1..=4 {
        rejects.add(row, None, "row_field_count");
    }
    let mut progress = Progress {
        read: ReadCounts {
            rows_read: 100,
            rows_filtered: 5,
            rejects,
            ..ReadCounts::default()
        },
        answered: Answered {
            batches: 9,
            rows_accepted: 90,
            requests: 11,
            retries: 2,
            ..Answered::default()
        },
        ..Progress::default()
    };
    progress.watermark.position.offset = 250;
    let entry = Entry {
        schema: Schema,
        object: ObjectDescription {
            bucket: "audiences".to_owned(),
            key: key.to_owned(),
            version_id: Some("v1".to_owned()),
            etag: "b1946ac9".to_owned(),
            size: 1_000,
            last_modified: Timestamp::from_unix_seconds(WRITTEN),
        },
        route: "members".to_owned(),
        revision: 7,
        fence: 3,
        state,
        owner: "worker-1".to_owned(),
        lease_seconds: 300,
        fingerprint: "f".to_owned(),
        judged_at: WRITTEN,
        claimed_at: Timestamp::from_unix_seconds(WRITTEN + 10),
        updated_at: Timestamp::from_unix_seconds(WRITTEN + 60),
        deliveries: 0,
        replay: None,
        replayed: Vec::new(),
        attempts: Attempts {
            total: 3,
            without_progress: 1,
            in_vain: 2,
        },
        progress,
        run: None,
    };
    Found {
        entry,
        tag: Tag("t".to_owned()),
        age: Duration::from_secs(42),
    }
}

/// In the midst of its session, with two objects.
pub(super) fn found_run(folder: &str, state: State) -> Found {
    let part = |name: &str| RunPart {
        object: found(&format!("{folder}{name}"), State::Done).entry.object,
        rows: 100,
        batches: 3,
        nothing: None,
    };
    let mut found = found(folder, state);
    found.entry.object.version_id = Some("run".to_owned());
    found.entry.object.size = 0;
    found.entry.progress = Progress::default();
    found.entry.run = Some(Box::new(RunRecord {
        parts: vec![part("a"), part("b")],
        stage: Stage::Open { session: 4711 },
        in_session: 6,
        opened_at: Some(Timestamp::from_unix_seconds(WRITTEN + 20)),
        resumed: 1,
        ..RunRecord::default()
    }));
    found
}

pub(super) fn line(key: &str, state: State) -> Line {
    Line::of(&found(key, state), &places())
}

/// A ledger that can be listed once.
pub(super) fn listed_ledger(entries: Vec<Result<Found, LedgerError>>) -> impl Ledger {
    Listed(Mutex::new(entries))
}

struct Listed(Mutex<Vec<Result<Found, LedgerError>>>);

fn nobody_asks<T: Send + 'static>() -> BoxFuture<'static, Result<T, LedgerError>> {
    async { Err(LedgerError::Setup("status only lists".to_owned())) }.boxed()
}

impl Ledger for Listed {
    fn get<'a>(
        &'a self,
        _: &'a ObjectVersion,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Option<Found>, LedgerError>> {
        nobody_asks()
    }

    fn put<'a>(
        &'a self,
        _: &'a Entry,
        _: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, LedgerError>> {
        nobody_asks()
    }

    fn put_segment<'a>(
        &'a self,
        _: &'a Entry,
        _: &'a str,
        _: Bytes,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        nobody_asks()
    }

    fn get_segment<'a>(
        &'a self,
        _: &'a Entry,
        _: &'a str,
    ) -> BoxFuture<'a, Result<Bytes, LedgerError>> {
        nobody_asks()
    }

    fn remove_segments<'a>(
        &'a self,
        _: &'a Entry,
        _: &'a [String],
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        nobody_asks()
    }

    fn list<'a>(
        &'a self,
        _: Option<&'a str>,
        _: Option<&'a str>,
    ) -> BoxStream<'a, Result<Found, LedgerError>> {
        let entries = std::mem::take(&mut *self.0.lock().unwrap());
        stream::iter(entries).boxed()
    }
}

fn run_1() -> Subject {
    Subject::Run {
        bucket: "audiences".to_owned(),
        folder: "lists/run-1/".to_owned(),
    }
}

#[test]
fn a_run_is_told_with_totals_its_objects_and_what_to_do() {
    let mut aged = line("lists/run-1/b", quarantined());
    aged.age_seconds = Some(90_000);
    let lines = vec![aged, line("lists/run-1/a", State::Done)];
    let seen = Seen {
        markers: 1,
        unrouted: 2,
        ..Seen::default()
    };
    let told = Told::new(run_1(), lines, true, Some(Ok(seen)), &[], 50);
    assert_eq!(
        told.as_text(None),
        "\
s3://audiences/lists/run-1/: 2 objects: 1 quarantined, 1 done
rows: 200 read, 180 accepted, 0 refused by Meta, 8 rejected, 10 filtered
in the bucket: 1 without data (markers, empty)
in the bucket: 2 that no route takes
complete: no

STATE        OBJECT  REASON   ROUTE    READ  ACCEPTED  REJECTED  BATCHES  SHARE  ATTEMPTS  OWNER     UPDATED
done         a                members   100        90         4        9  100 %         3  worker-1     42 s
quarantined  b       damaged  members   100        90         4        9   25 %         3  worker-1     25 h

quarantined: the receipt says why; mend the file or the route, then replay it
"
    );
}

#[test]
fn of_a_run_that_replaces_an_audience_stage_and_live_list_are_told() {
    let reason = Code::new("throttled");
    let run = found_run("lists/run-1/", State::Waiting { reason });
    let mut sent = line("lists/run-1/a", State::Done);
    sent.age_seconds = Some(90_000);
    let lines = vec![Line::of(&run, &places()), sent];
    let seen = Seen {
        awaits: Some("its folder has no _SUCCESS".to_owned()),
        ..Seen::default()
    };
    let told = Told::new(run_1(), lines, true, Some(Ok(seen)), &[], 50);
    assert_eq!(
        told.as_text(None),
        "\
s3://audiences/lists/run-1/: 1 object, 1 run: 1 waiting, 1 done
rows: 100 read, 90 accepted, 0 refused by Meta, 4 rejected, 5 filtered
a run that no worker has begun: its folder has no _SUCCESS
complete: no

  state      waiting (throttled)
             its message comes back by itself; the reason says what it waits for, and /readyz whether somebody has to act
  route      members
  stage      open, session 4711, opened 2026-09-21T14:13:40Z
  live       the old list, until the session ends: after ninety minutes what has arrived takes its place
  run        2 objects, 200 rows that can be sent; 6 requests, 6 of them in the session
  sessions   begun anew 0 times, gone on with 1 times
  attempts   3, 1 of them since the last progress
  deliveries 0
  owner      worker-1, lease of 300 s
  claimed    2026-09-21T14:13:30Z
  updated    2026-09-21T14:14:20Z, 42 s ago

STATE    OBJECT     REASON     ROUTE    READ  ACCEPTED  REJECTED  BATCHES  SHARE  ATTEMPTS  OWNER     UPDATED
waiting  (the run)  throttled  members     0         0         0        0                3  worker-1     42 s
done     a                     members   100        90         4        9  100 %         3  worker-1     25 h

waiting: its message comes back by itself; the reason says what it waits for, and /readyz whether somebody has to act
"
    );
}

#[test]
fn the_receipt_of_a_run_is_that_of_its_number() {
    let receipt = |state, deliveries| {
        let mut found = found_run("lists/run-1/", state);
        found.entry.deliveries = deliveries;
        Line::of(&found, &places()).receipt.unwrap()
    };
    let place = "s3://states/receipts/members/audiences/lists/run-1/%/run";
    assert_eq!(receipt(State::Done, 1), format!("{place}-1.json"));
    assert_eq!(receipt(quarantined(), 1), format!("{place}-2.json"));
    let mut done = found_run("lists/run-1/", State::Done);
    assert_eq!(json_of(&done)["live"], "new");
    if let Some(run) = &mut done.entry.run {
        run.failed = true;
    }
    done.entry.state = quarantined();
    assert_eq!(json_of(&done)["live"], "unknown");
}

fn json_of(found: &Found) -> serde_json::Value {
    serde_json::to_value(Line::of(found, &places())).unwrap()["run"].clone()
}

#[test]
fn an_object_is_told_in_full() {
    let subject = Subject::Object {
        bucket: "audiences".to_owned(),
        key: "lists/a.csv".to_owned(),
    };
    let mut found = found("lists/a.csv", State::InProgress);
    found.age = Duration::from_secs(900);
    found.entry.replay = Some("again".to_owned());
    let lines = vec![Line::of(&found, &places())];
    let looked = Some(Err(Unseen(
        "s3://audiences/lists/a.csv does not exist".to_owned(),
    )));
    let told = Told::new(subject, lines, true, looked, &[], 50);
    assert_eq!(
        told.as_text(Some(80)),
        "\
s3://audiences/lists/a.csv: 1 object: 1 stalled
rows: 100 read, 90 accepted, 0 refused by Meta, 4 rejected, 5 filtered
in the bucket: not known: s3://audiences/lists/a.csv does not exist

  state      stalled
             its worker is gone: the message comes back to another by itself; if it is lost, replay announces the object again
  route      members
  version    v1
  written    2026-09-21T14:13:20Z, 1000 B
  rows       100 read, 90 accepted, 0 refused by Meta, 4 rejected, 5 filtered
  batches    9 acknowledged, 0 sent and not answered; 11 requests, 2 of them retries
  share      25 % of the object
  attempts   3, 1 of them since the last progress
  deliveries 0
  replay     again
  owner      worker-1, lease of 300 s
  claimed    2026-09-21T14:13:30Z
  updated    2026-09-21T14:14:20Z, 15 min ago
"
    );
}

#[test]
fn totals_are_of_all_objects_and_those_that_changed_last_are_shown() {
    let lines = (0..5).map(|number| {
        let state = if number < 2 {
            State::Done
        } else {
            quarantined()
        };
        let mut line = line(&format!("lists/run-1/{number}"), state);
        line.age_seconds = Some(100 - number);
        line
    });
    let mut lines: Vec<_> = lines.collect();
    lines.push(Line::unreadable("no entry".to_owned()));
    let states = [Standing::Quarantined, Standing::Unreadable];
    let told = Told::new(Subject::All, lines, true, None, &states, 3);
    let json = told.as_json();
    let summary = &json["summary"];
    assert_eq!(summary["objects"], 6);
    assert_eq!(summary["states"]["done"], 2);
    assert_eq!(
        (&summary["matching"], &summary["shown"]),
        (&4.into(), &3.into())
    );
    let keys: Vec<_> = json["objects"].as_array().unwrap().iter().collect();
    assert_eq!(keys[0]["state"], "unreadable");
    assert_eq!(keys[1]["object"]["key"], "lists/run-1/4");
    assert_eq!(keys[2]["object"]["key"], "lists/run-1/3");
    let text = told.as_text(None);
    assert!(text.contains("1 more; --limit 0 shows all"), "{text}");
}

#[test]
fn nothing_known_is_said_and_is_not_complete() {
    let told = Told::new(
        run_1(),
        Vec::new(),
        true,
        Some(Ok(Seen::default())),
        &[],
        50,
    );
    let text = told.as_text(Some(80));
    assert_eq!(
        text,
        "s3://audiences/lists/run-1/: nothing is known\ncomplete: not known\n"
    );
    let json = told.as_json();
    assert_eq!(json["summary"]["complete"], serde_json::Value::Null);
    assert_eq!(json["objects"], serde_json::json!([]));
}

#[test]
fn the_names_in_the_json_are_those_that_are_documented() {
    let run = found_run("lists/run-1/", State::InProgress);
    let lines = vec![
        Line::of(&run, &places()),
        line("lists/run-1/a", State::Done),
    ];
    let seen = Some(Ok(Seen::default()));
    let told = Told::new(run_1(), lines, true, seen, &[], 50);
    let json = told.as_json();
    let names = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names(&json), ["objects", "summary"]);
    let operations = include_str!("../../../OPERATIONS.md");
    let mut all = names(&json["objects"][0]);
    all.extend(names(&json["summary"]));
    for part in ["rows", "batches", "attempts", "run"] {
        all.extend(names(&json["objects"][0][part]));
    }
    all.extend(names(&json["summary"]["bucket"]));
    for name in all {
        assert!(
            operations.contains(&format!("`{name}`")),
            "{name} is not explained"
        );
    }
}
