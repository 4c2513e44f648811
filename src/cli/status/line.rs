//! One object as `status` knows it: its ledger entry in counts, judged by its age.

use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;
use time::OffsetDateTime;

use crate::config::StateLocation;
use crate::ledger::{Attempts, Entry, Found, Stage, State};
use crate::receipts::{Code, Live, ObjectDescription, Timestamp, path};

/// The states of the ledger, and what only somebody who looks at it from outside can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub(super) enum Standing {
    /// A worker has it in hand
    InProgress,
    /// Claimed by a worker that has been silent for longer than its lease
    Stalled,
    /// Given back before its end, to be taken up again
    Waiting,
    /// In its bucket, and never begun by a worker
    NotBegun,
    /// Given up, with a receipt that says why
    Quarantined,
    /// Its ledger entry cannot be read
    Unreadable,
    /// Overwritten while it was read
    Superseded,
    /// Delivered, or found to hold nothing
    Done,
}

impl Standing {
    pub(super) const ALL: [Standing; 8] = [
        Standing::InProgress,
        Standing::Stalled,
        Standing::Waiting,
        Standing::NotBegun,
        Standing::Quarantined,
        Standing::Unreadable,
        Standing::Superseded,
        Standing::Done,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Standing::InProgress => "in_progress",
            Standing::Stalled => "stalled",
            Standing::Waiting => "waiting",
            Standing::NotBegun => "not_begun",
            Standing::Quarantined => "quarantined",
            Standing::Unreadable => "unreadable",
            Standing::Superseded => "superseded",
            Standing::Done => "done",
        }
    }

    /// What there is to do, if there is anything.
    pub(super) const fn advice(self) -> Option<&'static str> {
        match self {
            Standing::InProgress | Standing::Superseded | Standing::Done => None,
            Standing::Stalled => Some(
                "its worker is gone: the message comes back to another by itself; if it is lost, replay announces the object again",
            ),
            Standing::Waiting => Some(
                "its message comes back by itself; the reason says what it waits for, and /readyz whether somebody has to act",
            ),
            Standing::NotBegun => {
                Some("its event waits in the queue, or never came; replay announces the object")
            }
            Standing::Quarantined => {
                Some("the receipt says why; mend the file or the route, then replay it")
            }
            Standing::Unreadable => {
                Some("look at it, and move it away; how far its object was delivered is not known")
            }
        }
    }

    const fn of(state: &State, age: Duration, lease: Duration) -> Standing {
        match state {
            State::InProgress if age.as_millis() > lease.as_millis() => Standing::Stalled,
            State::InProgress => Standing::InProgress,
            State::Waiting { .. } => Standing::Waiting,
            State::Done => Standing::Done,
            State::Superseded => Standing::Superseded,
            State::Quarantined { .. } => Standing::Quarantined,
        }
    }

    /// Whether its last attempt ended with a receipt.
    const fn has_receipt(self) -> bool {
        matches!(
            self,
            Standing::Quarantined | Standing::Superseded | Standing::Done
        )
    }
}

/// The names are those of the JSON that scripts read; `OPERATIONS.md` explains them.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Line {
    pub(super) state: Standing,
    pub(super) reason: Option<Code>,
    pub(super) route: Option<String>,
    pub(super) object: Option<ObjectDescription>,
    pub(super) rows: RowCounts,
    pub(super) batches: BatchCounts,
    pub(super) share: Option<f64>,
    pub(super) attempts: Attempts,
    pub(super) deliveries: u32,
    pub(super) replay: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) lease_seconds: Option<u64>,
    pub(super) claimed_at: Option<Timestamp>,
    pub(super) updated_at: Option<Timestamp>,
    pub(super) age_seconds: Option<u64>,
    pub(super) receipt: Option<String>,
    /// Of a folder whose objects replace an audience as one.
    pub(super) run: Option<RunLine>,
    /// Of an entry that cannot be read: where it is, and that it cannot.
    pub(super) problem: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct RunLine {
    #[serde(flatten)]
    pub(super) stage: Stage,
    pub(super) live: Live,
    pub(super) opened_at: Option<Timestamp>,
    pub(super) objects: usize,
    /// Those that can be sent, and the requests that they make.
    pub(super) rows: u64,
    pub(super) requests: u64,
    pub(super) in_session: u64,
    pub(super) resumed: u32,
    pub(super) restarts: u32,
}

impl RunLine {
    fn of(entry: &Entry) -> Option<RunLine> {
        let run = entry.run.as_deref()?;
        Some(RunLine {
            stage: run.stage,
            live: run.live(entry.state == State::Done),
            opened_at: run.opened_at.clone(),
            objects: run.parts.len(),
            rows: run.rows(),
            requests: run.batches(),
            in_session: run.in_session,
            resumed: run.resumed,
            restarts: run.restarts,
        })
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct RowCounts {
    pub(super) read: u64,
    pub(super) filtered: u64,
    pub(super) rejected: u64,
    pub(super) accepted: u64,
    pub(super) refused: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct BatchCounts {
    pub(super) acknowledged: u64,
    pub(super) unknown: u64,
    pub(super) requests: u64,
    pub(super) retries: u64,
}

impl Line {
    pub(super) fn of(found: &Found, places: &StateLocation) -> Line {
        let entry = &found.entry;
        let lease = Duration::from_secs(entry.lease_seconds);
        let state = Standing::of(&entry.state, found.age, lease);
        let progress = &entry.progress;
        let answered = &progress.answered;
        let place = || {
            let path = path::of_receipt(&receipted(entry), &entry.route);
            places.place_of(&path, &entry.object.bucket)
        };
        Line {
            state,
            reason: entry.state.reason().cloned(),
            route: Some(entry.route.clone()),
            rows: RowCounts {
                read: progress.read.rows_read,
                filtered: progress.read.rows_filtered,
                rejected: progress.read.rejects.total(),
                accepted: answered.rows_accepted,
                refused: answered.refusals.total(),
            },
            batches: BatchCounts {
                acknowledged: answered.batches,
                unknown: progress.unknown.len() as u64,
                requests: answered.requests,
                retries: answered.retries,
            },
            share: share(entry),
            attempts: entry.attempts.clone(),
            deliveries: entry.deliveries,
            replay: entry.replay.clone(),
            owner: Some(entry.owner.clone()),
            lease_seconds: Some(entry.lease_seconds),
            claimed_at: Some(entry.claimed_at.clone()),
            updated_at: Some(entry.updated_at.clone()),
            age_seconds: Some(found.age.as_secs()),
            receipt: state.has_receipt().then(place),
            object: Some(entry.object.clone()),
            run: RunLine::of(entry),
            problem: None,
        }
    }

    /// An object that no entry is of. Its age is that of the object.
    pub(super) fn not_begun(object: ObjectDescription, written: i64, route: &str) -> Line {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        Line {
            state: Standing::NotBegun,
            route: Some(route.to_owned()),
            updated_at: Some(object.last_modified.clone()),
            age_seconds: Some(u64::try_from(now.saturating_sub(written)).unwrap_or(0)),
            object: Some(object),
            ..Line::empty(Standing::NotBegun)
        }
    }

    pub(super) fn unreadable(problem: String) -> Line {
        Line {
            problem: Some(problem),
            ..Line::empty(Standing::Unreadable)
        }
    }

    fn empty(state: Standing) -> Line {
        Line {
            state,
            reason: None,
            route: None,
            object: None,
            rows: RowCounts::default(),
            batches: BatchCounts::default(),
            share: None,
            attempts: Attempts::default(),
            deliveries: 0,
            replay: None,
            owner: None,
            lease_seconds: None,
            claimed_at: None,
            updated_at: None,
            age_seconds: None,
            receipt: None,
            run: None,
            problem: None,
        }
    }
}

/// What the receipt of the last end is of. A folder's runs have one each, by their number.
fn receipted(entry: &Entry) -> ObjectDescription {
    let mut object = entry.object.clone();
    if entry.run.is_some() {
        object.version_id = Some(entry.run_called());
    }
    object
}

/// How much of the object lies before the watermark. An entry does not say whether its
/// object is compressed or Parquet, where offsets do not count its bytes: then it is not
/// known, as far as the name tells.
fn share(entry: &Entry) -> Option<f64> {
    const PACKED: [&str; 9] = [
        ".gz", ".gzip", ".bz2", ".zst", ".zstd", ".sz", ".snappy", ".parquet", ".parq",
    ];
    if entry.state == State::Done {
        return Some(1.0);
    }
    let key = entry.object.key.to_ascii_lowercase();
    let (offset, size) = (entry.progress.watermark.position.offset, entry.object.size);
    let is_known = size > 0 && offset <= size && !PACKED.iter().any(|end| key.ends_with(end));
    is_known.then(|| (offset as f64 / size as f64 * 1000.0).round() / 1000.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::tests::{found, places};
    use super::*;

    #[test]
    fn an_owner_that_is_silent_for_longer_than_its_lease_is_stalled() {
        for (age, standing) in [
            (0, Standing::InProgress),
            (300, Standing::InProgress),
            (301, Standing::Stalled),
        ] {
            let mut found = found("a.csv", State::InProgress);
            found.age = Duration::from_secs(age);
            assert_eq!(Line::of(&found, &places()).state, standing, "{age}");
        }
        let mut done = found("a.csv", State::Done);
        done.age = Duration::from_secs(100_000);
        assert_eq!(Line::of(&done, &places()).state, Standing::Done);
    }

    #[test]
    fn names_are_those_of_the_json() {
        for standing in Standing::ALL {
            assert_eq!(serde_json::to_value(standing).unwrap(), standing.name());
            assert_eq!(
                standing.to_possible_value().unwrap().get_name(),
                standing.name()
            );
        }
    }

    #[test]
    fn the_share_is_told_where_offsets_are_bytes_of_the_object() {
        for (key, offset, share) in [
            ("a.csv", 250, Some(0.25)),
            ("part-00000", 0, Some(0.0)),
            ("a.csv", 1_001, None),
            ("a.csv.GZ", 250, None),
            ("part-0.snappy.parquet", 250, None),
        ] {
            let mut found = found(key, State::InProgress);
            found.entry.object.size = 1_000;
            found.entry.progress.watermark.position.offset = offset;
            assert_eq!(Line::of(&found, &places()).share, share, "{key} {offset}");
        }
        let packed = found("a.gz", State::Done);
        assert_eq!(Line::of(&packed, &places()).share, Some(1.0));
    }

    #[test]
    fn a_run_has_a_receipt_of_its_own_for_each_time() {
        let reason = Code::new("shrunk");
        for (state, deliveries, number) in [
            (State::Done, 1, 1),
            (State::Done, 2, 2),
            (State::Quarantined { reason }, 2, 3),
        ] {
            let mut found = found("lists/q1/", state);
            found.entry.object.version_id = Some("run".to_owned());
            found.entry.run = Some(Box::default());
            found.entry.deliveries = deliveries;
            let place =
                format!("s3://states/receipts/members/audiences/lists/q1/%/run-{number}.json");
            assert_eq!(Line::of(&found, &places()).receipt, Some(place));
        }
    }

    #[test]
    fn a_receipt_is_named_where_there_is_one() {
        let place = "s3://states/receipts/members/audiences/lists/a.csv/v1.json";
        let reason = Code::new("damaged");
        for (state, receipt) in [
            (State::Done, Some(place)),
            (State::Superseded, Some(place)),
            (
                State::Quarantined {
                    reason: reason.clone(),
                },
                Some(place),
            ),
            (State::Waiting { reason }, None),
            (State::InProgress, None),
        ] {
            let line = Line::of(&found("lists/a.csv", state), &places());
            assert_eq!(line.receipt.as_deref(), receipt, "{:?}", line.state);
        }
    }
}
