//! `mode = "replace"`: all objects of a run take the place of an audience's members, in one
//! session of Meta's `usersreplace`, or nothing of them does.
//!
//! Every message that names an object of the run leads here. The first one that finds the
//! run [complete] claims it, in an entry of the ledger for its folder; the others rest until
//! that says done for exactly their versions. Whoever has claimed it looks at all objects
//! ([`survey`]), asks whether such a list may take the place of the old one ([`guard`]), and
//! then brings the [`session`] to its end, each step of it recorded before the request that
//! follows from it. [`conclude`] draws the consequences.

mod attempt;
mod batches;
mod complete;
mod conclude;
mod guard;
mod halt;
mod hold;
mod opening;
mod part;
mod session;
mod survey;
mod wire;

use std::time::Duration;

use time::OffsetDateTime;
use tracing::info;

use super::activation::{Activation, End};
use super::conclude::listed;
use super::halt::{Halt, Wait};
use super::report::{Finished, Report};
use super::turn::give_back_in_run;
use crate::config::{Complete, Config, RunRules};
use crate::ledger::{
    ChangedRoute, Claim, Claimant, Found, LONGEST_SESSION, Ledger, LedgerError, Put, Stage, State,
    Wanted,
};
use crate::object::version::ObjectVersion;
use crate::object::{Marker, ObjectSource, is_marker};
use crate::receipts::Status;
use attempt::Attempt;
use complete::{Folder, Whole};

pub(super) use batches::{Place, Way};
pub use halt::{Awaits, RunHalt, RunRefusal, Unfit};

/// The object in the ledger and among the receipts that stands for a folder.
fn of_folder(folder: &Folder, called: String) -> ObjectVersion {
    let mut address = folder.address(&folder.key);
    address.version_id = Some(called);
    ObjectVersion {
        address,
        etag: "run".to_owned(),
        size: 0,
        last_modified: 0,
    }
}

/// What the run in this folder waits for, or that it is complete, in a sentence; `None` where
/// it is none that replaces an audience, or nothing of it is there.
pub async fn run_awaits(
    source: &dyn ObjectSource,
    config: &Config,
    bucket: &str,
    folder: &str,
) -> Option<String> {
    let folder = Folder {
        bucket: bucket.to_owned(),
        key: folder.to_owned(),
    };
    // Any name in it has the same route.
    let route = config.route_for(bucket, &format!("{}_SUCCESS", folder.key))?;
    let complete = &route.run.as_ref()?.complete;
    match complete::look(source, config, route, complete, &folder).await {
        Ok(Whole {
            unfit: Some(unfit), ..
        }) => Some(unfit.to_string()),
        Ok(whole) => Some(format!("all {} objects are there", whole.objects.len())),
        Err(Halt::Run(RunHalt::Incomplete { objects: 0, .. })) => None,
        Err(halt) => Some(halt.to_string()),
    }
}

/// Whether the object, which is not there any more, was delivered with its run, or was what
/// said that the run is complete.
pub(super) async fn was_delivered(
    ledger: &dyn Ledger,
    route: &str,
    version: &ObjectVersion,
) -> Result<bool, LedgerError> {
    let entry = of_folder(&Folder::of(&version.address), "run".to_owned());
    let found = ledger.get(&entry, route).await?;
    Ok(found.is_some_and(|Found { entry, .. }| {
        let holds = entry.run.as_ref().is_some_and(|run| run.holds(version));
        holds && entry.state == State::Done
    }))
}

/// Works on the run that the object belongs to, until that is through or cannot go on now.
pub(super) async fn run(activation: &Activation<'_>, rules: &RunRules) -> Result<End, Halt> {
    let version = activation.or_halted(activation.describe()).await?;
    let manifest = match &rules.complete {
        Complete::Manifest(name) => Some(name.as_str()),
        Complete::SuccessMarker | Complete::Count(_) | Complete::Quiet(_) => None,
    };
    match is_marker(&version.address.key, version.size) {
        Some(marker @ (Marker::HadoopFolder | Marker::Folder)) => return Ok(End::Marker(marker)),
        Some(marker @ Marker::Success) if rules.complete != Complete::SuccessMarker => {
            return Ok(End::Marker(marker));
        }
        Some(Marker::Success | Marker::Empty) | None => {}
    }
    let run = Run {
        folder: Folder::of(&version.address),
        version,
        activation,
        rules,
    };
    run.take_up(manifest.is_some()).await
}

/// A run, as a message for one of its objects finds it.
pub(super) struct Run<'a> {
    activation: &'a Activation<'a>,
    rules: &'a RunRules,
    folder: Folder,
    /// The object that the message names.
    version: ObjectVersion,
}

/// What the ledger says of the run to that message.
enum Looked {
    Done,
    Free,
}

impl Run<'_> {
    async fn take_up(&self, by_manifest: bool) -> Result<End, Halt> {
        let Activation { parts, route, .. } = self.activation;
        let entry = of_folder(&self.folder, "run".to_owned());
        let found = parts.ledger.get(&entry, &route.name);
        let found = self.activation.or_halted(found).await?;
        if let Some(found) = &found {
            match self.judge(found)? {
                Looked::Done => {
                    info!("delivered with its run; nothing is sent");
                    return Ok(End::AlreadyDelivered);
                }
                Looked::Free => {}
            }
            if let Some(end) = self.given_up(found).await? {
                return Ok(end);
            }
        }
        let going_on = found.as_ref().is_some_and(|found| {
            let record = found.entry.run.as_ref();
            let has_begun = record.is_some_and(|run| run.stage != Stage::Surveyed);
            has_begun && !matches!(found.entry.state, State::Done | State::Superseded)
        });
        let whole = if going_on {
            None
        } else {
            if let Some(end) = self.superseded().await? {
                return Ok(end);
            }
            let mixed = found.as_ref().and_then(|found| found.entry.run.as_deref());
            let mixed = mixed.filter(|record| record.mixed_is_live);
            let whole = match (self.activation.or_halted(self.look()).await, mixed) {
                (Err(Halt::Run(RunHalt::Incomplete { .. })), Some(record)) => Whole::of(record),
                (looked, _) => looked?,
            };
            let is_named = |key: &str| whole.objects.iter().any(|object| object.key == key);
            if by_manifest && whole.signal.is_some() && !self.is_signal(&whole) {
                let key = &self.version.address.key;
                if !is_named(key) {
                    let reason = "not_in_manifest".into();
                    return self.left_out(Status::Skipped { reason }).await;
                }
            }
            Some(whole)
        };
        let _room = self.activation.room(found.as_ref()).await?;
        let credentials = self.activation.credentials();
        let credentials = self.activation.or_halted(credentials).await?;
        let named = self.activation.audience_found(&credentials).await?;
        let name = format!("{}: {}", route.name, self.folder.address(&self.folder.key));
        // In the pauses of a session, too, nobody else may write to the audience.
        let (activation, turn) = self.activation.in_turn(named.as_ref(), Some(&name)).await?;
        let known = found.as_ref().and_then(|found| found.entry.run.as_ref());
        let mut open_for = known.and_then(|record| record.lasts_for(OffsetDateTime::now_utc()));
        let run = Run {
            activation: &activation,
            rules: self.rules,
            folder: self.folder.clone(),
            version: self.version.clone(),
        };
        let ended = run.claim(entry, found, whole, &mut open_for).await;
        give_back_in_run(turn, open_for, ended).await
    }

    /// Says for how long its session may be open afterwards.
    async fn claim(
        &self,
        entry: ObjectVersion,
        found: Option<Found>,
        whole: Option<Whole>,
        open_for: &mut Option<Duration>,
    ) -> Result<End, Halt> {
        let Activation { parts, route, .. } = self.activation;
        let owner = parts.next_owner();
        let claimant = Claimant {
            object: &entry,
            route: &route.name,
            owner: &owner,
            wanted: self.activation.wanted(),
            lease: parts.config.ledger.lease,
            // What it is of, the run's own record says.
            fingerprint: "run",
            changed_route: ChangedRoute::Restart,
        };
        let claimed = match claimant.claim(&*parts.ledger, found.map(Box::new)).await? {
            Claim::Held(claimed) => *claimed,
            Claim::Busy { lease } => {
                // Whoever has it may have opened a session since it was looked at.
                *open_for = Some(LONGEST_SESSION);
                return Err(Halt::Busy { lease });
            }
            // Somebody was faster, with all of it.
            Claim::Done => {
                return Err(Halt::Busy {
                    lease: Duration::from_secs(1),
                });
            }
        };
        let (ended, open) = Attempt::begin(self, claimed, whole).run().await;
        *open_for = open;
        ended
    }

    async fn look(&self) -> Result<Whole, Halt> {
        let Activation { parts, route, .. } = self.activation;
        let (source, config) = (&*parts.source, &*parts.config);
        complete::look(source, config, route, &self.rules.complete, &self.folder).await
    }

    fn is_signal(&self, whole: &Whole) -> bool {
        let signal = whole.signal.as_ref();
        signal.is_some_and(|signal| signal.address.key == self.version.address.key)
    }

    fn judge(&self, found: &Found) -> Result<Looked, Halt> {
        let entry = &found.entry;
        let record = entry.run.as_deref();
        let is_member = record.is_some_and(|record| record.holds(&self.version));
        match &entry.state {
            State::Done | State::Superseded => Ok(match self.activation.wanted() {
                Wanted::Delivery if is_member => Looked::Done,
                Wanted::Replay(name) if entry.replayed.iter().any(|one| one == name) => {
                    Looked::Done
                }
                Wanted::Delivery | Wanted::Replay(_) | Wanted::Again => Looked::Free,
            }),
            State::InProgress => {
                let lease = Duration::from_secs(entry.lease_seconds);
                if found.age < lease {
                    let lease = lease - found.age;
                    return Err(Halt::Busy { lease });
                }
                Ok(Looked::Free)
            }
            State::Waiting { .. } => {
                let rest = record.map_or(0, |record| record.rest_seconds);
                let rest = Duration::from_secs(rest);
                // Whoever is at the keyboard decides how often.
                if found.age < rest && self.activation.may_quarantine {
                    return Err(Halt::Run(RunHalt::Resting(rest - found.age)));
                }
                Ok(Looked::Free)
            }
            State::Quarantined { .. } => Ok(Looked::Free),
        }
    }

    /// A run that was given up has as many messages as objects. Each is put aside once; one
    /// that comes again begins a new series of attempts.
    async fn given_up(&self, found: &Found) -> Result<Option<End>, Halt> {
        let State::Quarantined { reason } = &found.entry.state else {
            return Ok(None);
        };
        let key = &self.version.address.key;
        let mut entry = found.entry.clone();
        let Some(record) = entry.run.as_mut() else {
            return Ok(None);
        };
        if !record.holds(&self.version)
            || record.given_up.contains(key)
            || self.activation.wanted() != Wanted::Delivery
        {
            return Ok(None);
        }
        record.given_up.push(key.clone());
        entry.revision += 1;
        let version = of_folder(&self.folder, "run".to_owned());
        let Activation { parts, route, .. } = self.activation;
        if parts.ledger.put(&entry, Some(&found.tag)).await? == Put::Conflict {
            // Another message of the run, or one's own write of which the answer was lost.
            let there = parts.ledger.get(&version, &route.name).await?;
            if there.is_none_or(|there| there.entry.run != entry.run) {
                return Err(Halt::Busy {
                    lease: Duration::from_secs(1),
                });
            }
        }
        let detail = "its run was given up: the receipt of the run says why".to_owned();
        let mut report = Report::new(route, &self.version, None);
        report.recorded(&entry, listed(&*parts.ledger, &entry).await?);
        let status = Status::Quarantined {
            reason: reason.clone(),
        };
        let Finished { receipt, .. } = report.finish(status, Some(detail.clone()));
        Ok(Some(End::Quarantined {
            receipt: Box::new(receipt),
            kept: true,
            reason: reason.clone(),
            detail,
        }))
    }

    /// The object was overwritten before the run was looked at: its new version is of the
    /// run, and has its own event.
    async fn superseded(&self) -> Result<Option<End>, Halt> {
        if self.version.address.version_id.is_none() {
            return Ok(None);
        }
        let address = self.folder.address(&self.version.address.key);
        let current = self.activation.parts.source.describe(&address);
        let current = self.activation.or_halted(current).await?;
        if current.address.version_id == self.version.address.version_id {
            return Ok(None);
        }
        self.left_out(Status::Superseded).await.map(Some)
    }

    /// The object does not belong to the run.
    async fn left_out(&self, status: Status) -> Result<End, Halt> {
        let Activation { parts, route, .. } = self.activation;
        let report = Report::new(route, &self.version, self.activation.replay.clone());
        let Finished { receipt, .. } = report.finish(status, None);
        // One that was delivered before it was left out stays delivered.
        parts.receipts.put(&receipt).await?;
        Ok(End::Receipted(Box::new(receipt)))
    }
}

/// How long all messages of the run rest, after so many attempts in vain.
fn rest_of(halt: &Halt, in_vain: u32) -> Duration {
    match halt.wait() {
        Wait::None | Wait::Lease(_) => Duration::ZERO,
        wait => wait.rest(in_vain.max(1)),
    }
}
