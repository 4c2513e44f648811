//! The ledger and the receipts that all workers share, as a bucket keeps them: documents,
//! written as a whole. Each write is held against the promises that a write can break.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use audience_activator::event::ObjectEvent;
use audience_activator::ledger::{Entry, Found, Progress, Put, State as EntryState, Tag};
use audience_activator::object::version::ObjectVersion;
use audience_activator::queue::ReceiptHandle;
use audience_activator::receipts::{ObjectDescription, Receipt, Status};
use bytes::Bytes;
use tokio::time::Instant;

use crate::world::{Life, World};

pub struct State {
    world: Arc<World>,
    kept: Mutex<Kept>,
    /// Faults of the stage's own, to see that they are found.
    pub pretends: Pretends,
}

/// Says that it has kept something, and has not.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pretends {
    pub entries: bool,
    pub receipts: bool,
}

/// Where the documents of one object version and route are.
pub type Place = (String, String);

#[derive(Default)]
struct Kept {
    entries: BTreeMap<Place, Stored>,
    writes: u64,
    receipts: BTreeMap<Place, Vec<u8>>,
    lists: BTreeMap<String, Bytes>,
    segments: BTreeMap<(Place, String), Bytes>,
    /// What the messages in hand say.
    held: BTreeMap<String, String>,
}

struct Stored {
    json: Vec<u8>,
    tag: u64,
    at: Instant,
}

impl Stored {
    fn entry(&self) -> Entry {
        serde_json::from_slice(&self.json).unwrap()
    }
}

pub fn place(object: &ObjectDescription, route: &str) -> Place {
    (route.to_owned(), serde_json::to_string(object).unwrap())
}

pub fn place_of(object: &ObjectVersion, route: &str) -> Place {
    place(&ObjectDescription::from(object), route)
}

impl State {
    pub fn new(world: Arc<World>, pretends: Pretends) -> State {
        State {
            world,
            kept: Mutex::default(),
            pretends,
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap()
    }

    pub fn entry(&self, object: &ObjectVersion, route: &str) -> Option<Found> {
        let kept = self.kept();
        let stored = kept.entries.get(&place_of(object, route))?;
        Some(Found {
            entry: stored.entry(),
            tag: Tag(stored.tag.to_string()),
            age: self.world.seems_old(stored.at.elapsed()),
        })
    }

    /// What is recorded of the object, if it is in this worker's hand, and never was for
    /// another message: what was begun for that one may still go on.
    pub fn recorded(&self, life: &Life, object: &ObjectVersion, route: &str) -> Option<Recorded> {
        let place = place_of(object, route);
        let entry = self.kept().entries.get(&place)?.entry();
        let is_his = life.is_only(&place, &entry.owner);
        is_his.then_some(Recorded {
            place,
            progress: entry.progress,
        })
    }

    pub fn put_entry(&self, entry: &Entry, expected: Option<&Tag>) -> Put {
        let mut kept = self.kept();
        let place = place(&entry.object, &entry.route);
        let there = kept.entries.get(&place);
        if there.map(|stored| Tag(stored.tag.to_string())).as_ref() != expected {
            return Put::Conflict;
        }
        for wrong in wrong_step(there.map(Stored::entry).as_ref(), entry) {
            self.world.broken(format!("{}: {wrong}", entry.object.key));
        }
        if entry.state == EntryState::Done && !kept.receipts.contains_key(&place) {
            let key = &entry.object.key;
            self.world
                .broken(format!("{key}: done before its receipt is stored"));
        }
        kept.writes += 1;
        let tag = kept.writes;
        if !self.pretends.entries || there_is_none(&kept, &place) {
            let stored = Stored {
                json: serde_json::to_vec(entry).unwrap(),
                tag,
                at: Instant::now(),
            };
            kept.entries.insert(place, stored);
        } else if let Some(stored) = kept.entries.get_mut(&place) {
            stored.tag = tag;
            stored.at = Instant::now();
        }
        Put::Stored(Tag(tag.to_string()))
    }

    pub fn put_segment(&self, entry: &Entry, name: &str, bytes: &Bytes) {
        let place = place(&entry.object, &entry.route);
        let mut kept = self.kept();
        let before = kept
            .segments
            .insert((place, name.to_owned()), bytes.clone());
        if before.is_some_and(|before| before != bytes) {
            self.world
                .broken(format!("segment {name} means two things"));
        }
    }

    pub fn segment(&self, entry: &Entry, name: &str) -> Option<Bytes> {
        let place = place(&entry.object, &entry.route);
        self.kept().segments.get(&(place, name.to_owned())).cloned()
    }

    pub fn remove_segments(&self, entry: &Entry, names: &[String]) {
        let place = place(&entry.object, &entry.route);
        let mut kept = self.kept();
        for name in names {
            kept.segments.remove(&(place.clone(), name.clone()));
        }
    }

    pub fn put_receipt(&self, receipt: &Receipt) {
        if let Err(unbalanced) = receipt.check() {
            self.world.broken(format!("a receipt: {unbalanced}"));
        }
        let mut kept = self.kept();
        if let Some(file) = &receipt.rejects_file
            && !kept.lists.contains_key(&file.path)
        {
            self.world
                .broken(format!("{} is named and not there", file.path));
        }
        let place = place(&receipt.object, &receipt.route);
        let is_delivered = receipt.status == Status::Delivered;
        // As every store of receipts: that of a delivery gives way to that of another only.
        let stays = !is_delivered
            && kept.receipts.get(&place).is_some_and(|there| {
                let there: Receipt = serde_json::from_slice(there).unwrap();
                there.status == Status::Delivered
            });
        let is_lost = self.pretends.receipts && is_delivered;
        if !stays && !is_lost {
            let json = serde_json::to_vec(receipt).unwrap();
            kept.receipts.insert(place, json);
        }
    }

    pub fn put_list(&self, receipt: &Receipt, list: Bytes) {
        if let Some(file) = &receipt.rejects_file {
            self.kept().lists.insert(file.path.clone(), list);
        }
    }

    pub fn receipt(&self, object: &ObjectVersion, route: &str) -> Option<Receipt> {
        let kept = self.kept();
        let json = kept.receipts.get(&place_of(object, route))?;
        Some(serde_json::from_slice(json).unwrap())
    }

    pub fn list(&self, path: &str) -> Option<Bytes> {
        self.kept().lists.get(path).cloned()
    }

    /// What a message says, for when it is deleted.
    pub fn hold(&self, handle: &ReceiptHandle, body: &str) {
        let mut kept = self.kept();
        kept.held.insert(handle.0.clone(), body.to_owned());
    }

    /// What a message in hand says.
    pub fn held(&self, handle: &ReceiptHandle) -> String {
        let kept = self.kept();
        kept.held.get(&handle.0).cloned().unwrap_or_default()
    }

    /// Whether receipt and ledger say that what the event asks for is through.
    pub fn is_settled(&self, event: &ObjectEvent, route: &str) -> bool {
        let kept = self.kept();
        let mut entries = kept.entries.iter();
        entries.any(|(place, stored)| {
            let entry = stored.entry();
            let (object, address) = (&entry.object, &event.address);
            let is_its = entry.route == route
                && object.key == address.key
                // Without versions what is there now is as good.
                && (address.version_id.is_none() || object.version_id == address.version_id);
            let is_replayed = |name| entry.replayed.contains(name);
            let is_through = match entry.state {
                EntryState::Superseded | EntryState::Quarantined { .. } => true,
                // A duplicate, of what is being replayed now, perhaps.
                _ => entry.deliveries > 0 && event.replay_name.iter().all(is_replayed),
            };
            is_its && is_through && kept.receipts.contains_key(place)
        })
    }
}

/// How far an object is acknowledged.
pub struct Recorded {
    pub place: Place,
    progress: Progress,
}

impl Recorded {
    pub fn holds(&self, row: u64) -> bool {
        let mut beyond = self.progress.beyond.iter();
        row <= self.progress.watermark.position.rows
            || beyond.any(|batch| (batch.first_row..=batch.last_row).contains(&row))
    }
}

fn there_is_none(kept: &Kept, place: &Place) -> bool {
    !kept.entries.contains_key(place)
}

/// What is wrong with an entry, seen from the one that it takes the place of.
fn wrong_step(before: Option<&Entry>, after: &Entry) -> Vec<&'static str> {
    let Some(before) = before else {
        return Vec::new();
    };
    let claimed = after.fence > before.fence;
    let begun_anew = claimed && after.progress.answered.batches == 0;
    let (was, is) = (&before.progress, &after.progress);
    let checks = [
        (
            after.revision > before.revision,
            "a revision was used twice",
        ),
        (after.fence >= before.fence, "a fence went back"),
        (
            claimed || after.owner == before.owner,
            "two owners under one fence",
        ),
        (
            begun_anew || is.watermark.batches >= was.watermark.batches,
            "the watermark went back",
        ),
        (
            begun_anew || is.answered.rows_accepted >= was.answered.rows_accepted,
            "rows were forgotten that are accepted",
        ),
        (
            after.deliveries >= before.deliveries,
            "a delivery was forgotten",
        ),
        (
            claimed || before.state == EntryState::InProgress,
            "written without a claim",
        ),
    ];
    let wrong = checks.into_iter().filter(|(is_fine, _)| !is_fine);
    wrong.map(|(_, what)| what).collect()
}
