//! The model: what must be true at the end of any run, whatever happened in it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::sync::atomic::Ordering;

use audience_activator::ledger::State as EntryState;
use audience_activator::object::version::ObjectVersion;
use audience_activator::receipts::{Receipt, Status};
use flate2::read::MultiGzDecoder;
use serde_json::Value;

use crate::files::{Content, Kind, Row, external_id, hashed_email, sha256};
use crate::meta::Accepted;
use crate::play::{Played, contents, refuses};
use crate::queue::keys;
use crate::schedule::Planned;
use crate::{AUDIENCE, BUCKET, DATASET};

/// Everything that is not as it must be; `calm` is the same without any fault.
pub fn check(played: &Played, calm: &Played) -> Vec<String> {
    let mut found = played.world.violations();
    let mut arrived = Arrived::default();
    for object in &played.schedule.objects {
        let versions = played.bucket.versions(&object.key);
        let overwritten = versions.len() > 1 && !object.versioned;
        for (place, (version, content)) in versions.iter().zip(contents(object)).enumerate() {
            let must_arrive = !overwritten || place > 0;
            let look = Look {
                played,
                object,
                version,
                content,
            };
            found.extend(look.rows(must_arrive, &mut arrived));
            found.extend(look.entry(must_arrive));
            found.extend(look.receipt(must_arrive, calm));
        }
    }
    found.extend(arrived.check(played));
    found.extend(repeats(played));
    found.extend(dead_letters(played));
    found.extend(mixed(played));
    found
}

/// No request may hold rows of two versions.
fn mixed(played: &Played) -> Vec<String> {
    let tell = |versions: &BTreeSet<_>| format!("a batch mixes {versions:?}");
    let found = |accepted: &Accepted| accepted.mixed.iter().map(tell).collect();
    played.meta.accepted(found)
}

/// Rows that Meta has, each counted once.
#[derive(Default)]
struct Arrived {
    events: u64,
    members: u64,
}

impl Arrived {
    fn check(&self, played: &Played) -> Vec<String> {
        let told = played.meta.platform.inspect();
        let (events, members) = (&told.datasets[DATASET], &told.audiences[AUDIENCE]);
        let counts = [
            ("different events", events.distinct, self.events),
            ("changed events", events.changed_duplicates, 0),
            ("events without an id", events.without_event_id, 0),
            ("members", members.members, self.members),
            ("invalid members", members.rows_invalid, 0),
        ];
        unequal(&counts)
    }
}

fn unequal(counts: &[(&str, u64, u64)]) -> Vec<String> {
    let unequal = counts.iter().filter(|(_, is, ought)| is != ought);
    let tell = |(what, is, ought): &(&str, u64, u64)| format!("{is} {what}, not {ought}");
    unequal.map(tell).collect()
}

/// What is sent again: of a crash, or of an object that another took over, no more than
/// was in flight; and what Meta has and nobody heard of.
///
/// Where Meta refuses rows, requests are cut in parts, and the parts of a batch that is not
/// through are sent again however the attempt ends.
fn repeats(played: &Played) -> Vec<String> {
    let mut found = Vec::new();
    let (world, seen) = (&played.world, &played.seen);
    let objects = &played.schedule.objects;
    let in_parts = world.cut_in_parts.load(Ordering::Relaxed) || objects.iter().any(refuses);
    let ends = match in_parts {
        true => seen.attempts,
        false => seen.crashed + seen.lost,
    };
    let batches = seen.unheard + ends * played.schedule.settings.requests_in_flight;
    let replayed = objects.iter().filter(|object| object.replay.is_some());
    let replayed: u64 = replayed
        .map(|object| object.content.rows.len() as u64)
        .sum();
    let told = played.meta.platform.inspect();
    let rows = told.datasets[DATASET].duplicates + told.audiences[AUDIENCE].rows_repeated;
    let most_rows = played.meta.accepted(|accepted| accepted.most_rows);
    let allowed = batches * most_rows + replayed;
    if rows > allowed {
        found.push(format!("{rows} rows are sent again, more than {allowed}"));
    }
    if in_parts {
        return found;
    }
    if seen.repeated > batches && replayed == 0 {
        let repeated = seen.repeated;
        found.push(format!(
            "{repeated} requests are sent again, more than {batches}"
        ));
    }
    played.meta.accepted(|accepted| {
        let bodies = accepted.bodies.iter();
        let differing = bodies.filter(|(_, bodies)| bodies.len() > 1);
        let tell = differing.map(|((_, first), bodies)| {
            format!("{} different batches begin with row {first}", bodies.len())
        });
        found.extend(tell);
    });
    found
}

/// What is put aside is what nobody could deliver, and all of that.
fn dead_letters(played: &Played) -> Vec<String> {
    let letters = played.queue.dead_letters();
    let key = |body: &str| keys(body).pop().unwrap_or_default();
    let is: BTreeSet<_> = letters
        .iter()
        .map(|(body, letter)| (key(body), letter.reason.to_string()))
        .collect();
    let others = played.schedule.others.iter();
    let ought: BTreeSet<_> = others
        .filter_map(|other| Some((other.key().to_owned(), other.dead_letter()?.to_owned())))
        .collect();
    if is == ought {
        return Vec::new();
    }
    vec![format!("put aside is {is:?}, not {ought:?}")]
}

/// One version of one object.
struct Look<'a> {
    played: &'a Played,
    object: &'a Planned,
    version: &'a ObjectVersion,
    content: &'a Content,
}

impl Look<'_> {
    fn told(&self, what: impl std::fmt::Display) -> String {
        format!("{} ({}): {what}", self.object.key, self.version.etag)
    }

    fn route(&self) -> &str {
        let route = self.played.config.route_for(BUCKET, &self.object.key);
        &route.unwrap().name
    }

    fn is_of_members(&self) -> bool {
        self.route() == "members"
    }

    /// Whether Meta has the row.
    fn has(&self, row: Row) -> bool {
        let platform = &self.played.meta.platform;
        let id = external_id(self.content.format, row.person);
        let bearing = match self.is_of_members() {
            true => platform.members_bearing(AUDIENCE, "EXTERN_ID", &id),
            false if row.kind == Kind::BadAddress => {
                platform.events_bearing(DATASET, "external_id", &sha256(&id))
                    + platform.events_bearing(DATASET, "external_id", &id)
            }
            false => platform.events_bearing(DATASET, "em", &hashed_email(row.person)),
        };
        bearing > 0
    }

    fn rows(&self, must_arrive: bool, arrived: &mut Arrived) -> Vec<String> {
        let mut found = Vec::new();
        for (number, row) in self.content.numbered() {
            if row.kind == Kind::NoIdentifiers {
                continue;
            }
            let has = self.has(row);
            if has && !row.kind.arrives() {
                found.push(self.told(format!("row {number} {:?} has arrived", row.kind)));
            }
            if must_arrive && !has && row.kind.arrives() {
                found.push(self.told(format!("row {number} {:?} is missing", row.kind)));
            }
            match self.is_of_members() {
                true => arrived.members += u64::from(has),
                false => arrived.events += u64::from(has),
            }
        }
        // One is as telling as a thousand.
        found.truncate(3);
        found
    }

    fn entry(&self, must_be_done: bool) -> Vec<String> {
        let entry = self.played.state.entry(self.version, self.route());
        let entry = entry.map(|found| found.entry);
        let is_done = entry
            .as_ref()
            .is_some_and(|entry| entry.state == EntryState::Done);
        let mut found = Vec::new();
        if must_be_done && !is_done {
            let state = entry.as_ref().map(|entry| entry.state.name());
            found.push(self.told(format!("the ledger says {state:?}")));
        }
        if let (Some(entry), Some(_)) = (&entry, self.object.replay) {
            if !(1..=2).contains(&entry.deliveries) || entry.replayed != ["again"] {
                let deliveries = entry.deliveries;
                let replayed = &entry.replayed;
                found.push(self.told(format!("{deliveries} deliveries, replayed {replayed:?}")));
            }
        } else if is_done && entry.is_some_and(|entry| entry.deliveries != 1) {
            found.push(self.told("it is delivered more than once"));
        }
        found
    }

    fn receipt(&self, must_be_there: bool, calm: &Played) -> Vec<String> {
        let receipt = self.played.state.receipt(self.version, self.route());
        let Some(receipt) = receipt else {
            let missing = must_be_there.then(|| self.told("there is no receipt"));
            return missing.into_iter().collect();
        };
        match receipt.status {
            Status::Delivered => {}
            Status::Superseded if !must_be_there => return Vec::new(),
            status => return vec![self.told(format!("the receipt says {status:?}"))],
        }
        let count = |is: fn(Kind) -> bool| self.content.count(is);
        let content = self.content;
        let rejected = |row: &&Row| row.kind.reject(content.format).is_some();
        let counts = [
            ("rows read", receipt.rows.read, count(|_| true)),
            (
                "filtered",
                receipt.rows.filtered,
                count(|kind| kind == Kind::Filtered),
            ),
            (
                "rejected",
                receipt.rows.rejected,
                content.rows.iter().filter(rejected).count() as u64,
            ),
            ("accepted", receipt.sent.accepted, count(Kind::arrives)),
            (
                "refused",
                receipt.sent.refused,
                count(|kind| kind == Kind::Refused),
            ),
            ("withheld", receipt.rows.withheld, 0),
            ("unknown", receipt.sent.unknown, 0),
        ];
        let mut found = unequal(&counts);
        found.extend(self.list_of_rejects(&receipt));
        // What the model does not know is as it is where nothing went wrong.
        if let Some(calm) = calm.state.receipt(self.version, self.route()) {
            found.extend(differences(&comparable(&receipt), &comparable(&calm)));
        }
        found.into_iter().map(|what| self.told(what)).collect()
    }

    fn list_of_rejects(&self, receipt: &Receipt) -> Vec<String> {
        let format = self.content.format;
        let listed = |row: &Row| row.kind == Kind::Refused || row.kind.reject(format).is_some();
        let rows = self.content.numbered().filter(|(_, row)| listed(row));
        let ought: Vec<u64> = rows.map(|(number, _)| number).collect();
        let file = receipt.rejects_file.as_ref();
        let list = file.and_then(|file| self.played.state.list(&file.path));
        let mut text = String::new();
        if let Some(list) = list {
            let unpacked = MultiGzDecoder::new(&list[..]).read_to_string(&mut text);
            if let Err(error) = unpacked {
                return vec![format!("the list of rejects is damaged: {error}")];
            }
        }
        let lines = text.lines().skip(1);
        let mut is: Vec<u64> = lines
            .map(|line| line.split(',').next().unwrap().parse().unwrap())
            .collect();
        is.sort_unstable();
        match is == ought {
            true => Vec::new(),
            false => vec![format!(
                "the list of rejects has rows {is:?}, not {ought:?}"
            )],
        }
    }
}

/// A receipt but for what depends on when, by whom and in how many attempts.
fn comparable(receipt: &Receipt) -> BTreeMap<String, Value> {
    let Value::Object(all) = serde_json::to_value(receipt).unwrap() else {
        panic!("a receipt is an object");
    };
    let varies = [
        "started_at",
        "finished_at",
        "duration_ms",
        "attempts",
        "replay",
        "worker",
        "refusal_samples",
    ];
    let same = all
        .into_iter()
        .filter(|(name, _)| !varies.contains(&name.as_str()) && !name.starts_with("trace_ids"));
    let mut same: BTreeMap<String, Value> = same.collect();
    if let Some(batches) = same.get_mut("batches").and_then(Value::as_object_mut) {
        batches.remove("requests");
        batches.remove("retries");
    }
    same
}

fn differences(is: &BTreeMap<String, Value>, ought: &BTreeMap<String, Value>) -> Vec<String> {
    let names: BTreeSet<_> = is.keys().chain(ought.keys()).collect();
    let differing = names
        .into_iter()
        .filter(|name| is.get(*name) != ought.get(*name));
    let tell = |name: &String| {
        let (is, ought) = (&is.get(name), &ought.get(name));
        format!("the receipt's {name} is {is:?}, and {ought:?} in fine weather")
    };
    differing.map(tell).collect()
}
