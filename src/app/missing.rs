//! An object that cannot even be claimed: it is not there, mostly.
//!
//! Of such a one all that is known is what its event says, what the ledger does and what
//! its receipt does. So where these say that it was delivered before it was removed, there
//! is nothing to do; and where nothing ever was delivered, it is waited for, and then given
//! up in the order in which everything ends: receipt, ledger, message.

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::activation::End;
use super::conclude::{listed, store};
use super::halt::{Halt, Wait};
use super::parts::Parts;
use super::progress::Progress;
use super::replace;
use super::report::Report;
use crate::config::Route;
use crate::event::ObjectEvent;
use crate::ledger::{ChangedRoute, Claim, Claimant, Ending, Found, Keeper, Look, State, Wanted};
use crate::object::decoded;
use crate::object::version::ObjectVersion;
use crate::queue::Message;
use crate::receipts::{Code, Receipt, Status};

/// What a message asks for, of an object that could not be claimed because of `halt`.
pub(super) struct Missing<'a> {
    pub parts: &'a Parts,
    pub route: &'a Route,
    pub event: &'a ObjectEvent,
    pub message: &'a Message,
}

impl Missing<'_> {
    /// How the work on the object ends after all, or the halt as it was.
    pub(super) async fn settle(&self, halt: Halt, progress: &Progress) -> Result<End, Halt> {
        let unseen = matches!(halt, Halt::Object(_) | Halt::Ledger(_) | Halt::Receipts(_));
        if !unseen || halt.wait() != Wait::File || progress.in_vain().is_some() {
            return Err(halt);
        }
        let version = self.version();
        if matches!(halt, Halt::Object(_)) {
            match self.was_done_under_either_key(&version).await {
                Ok(true) => {
                    info!("delivered while it was there; nothing is sent");
                    return Ok(End::AlreadyDelivered);
                }
                Ok(false) => {}
                // It comes back, and is asked about again.
                Err(error) if self.is_past_hope() => return Err(error),
                Err(_) => {}
            }
        }
        if self.is_past_hope() {
            self.give_up(version, halt).await
        } else {
            Err(halt)
        }
    }

    fn version(&self) -> ObjectVersion {
        let event = self.event;
        ObjectVersion {
            address: event.address.clone(),
            etag: event.etag.clone().unwrap_or_else(|| "unknown".to_owned()),
            size: event.size.unwrap_or(0),
            last_modified: event.time.map_or(0, OffsetDateTime::unix_timestamp),
        }
    }

    fn wanted(&self) -> Wanted<'_> {
        match &self.event.replay_name {
            Some(name) => Wanted::Replay(name),
            None => Wanted::Delivery,
        }
    }

    /// The object may have been found under its percent-decoded key.
    async fn was_done_under_either_key(&self, version: &ObjectVersion) -> Result<bool, Halt> {
        if self.was_done(version).await? {
            return Ok(true);
        }
        let address = decoded(&version.address).filter(|_| self.event.key_may_be_encoded);
        match address {
            Some(address) => {
                let version = ObjectVersion {
                    address,
                    ..version.clone()
                };
                self.was_done(&version).await
            }
            None => Ok(false),
        }
    }

    /// Whether what the message asks for was done while the object was there.
    async fn was_done(&self, version: &ObjectVersion) -> Result<bool, Halt> {
        let Missing { parts, route, .. } = self;
        let wanted = self.wanted();
        if route.run.is_some()
            && wanted == Wanted::Delivery
            && replace::was_delivered(&*parts.ledger, &route.name, version).await?
        {
            return Ok(true);
        }
        if let Some(Found { entry, .. }) = parts.ledger.get(version, &route.name).await? {
            // What was overwritten then has ended, too.
            let is_over = entry.state == State::Superseded && wanted == Wanted::Delivery;
            return Ok(is_over || entry.satisfies(wanted));
        }
        // The ledger may have been lost. A receipt is proof enough.
        let receipt = self.receipt(version).await?;
        let replay = &self.event.replay_name;
        Ok(receipt.is_some_and(|receipt| {
            receipt.status == Status::Delivered && (replay.is_none() || *replay == receipt.replay)
        }))
    }

    async fn receipt(&self, version: &ObjectVersion) -> Result<Option<Receipt>, Halt> {
        let name = &self.route.name;
        Ok(self.parts.receipts.get(version, name).await?)
    }

    /// Whether it has been like this for so long that it always will be.
    fn is_past_hope(&self) -> bool {
        let grace = self.parts.config.ledger.missing_grace;
        let sent_at = self.message.sent_at;
        sent_at.is_some_and(|sent_at| OffsetDateTime::now_utc() - sent_at > grace)
    }

    async fn give_up(&self, version: ObjectVersion, halt: Halt) -> Result<End, Halt> {
        let Missing { parts, route, .. } = self;
        let reason = halt.code();
        let status = Status::Quarantined {
            reason: reason.clone(),
        };
        let detail = halt.to_string();
        let mut report = Report::new(route, &version, self.event.replay_name.clone());
        // What lies where ledger or receipt belong is for a person to look at.
        let kept = matches!(halt, Halt::Object(_));
        let mut found = None;
        if kept {
            found = self.look(&version).await?;
            if let Some(found) = &found {
                let listed = listed(&*parts.ledger, &found.entry).await?;
                report.recorded(&found.entry, listed);
            }
        }
        let finished = report.finish(status, Some(detail.clone()));
        let receipt = match kept {
            // One that was delivered before it was removed stays delivered.
            true => store(&*parts.receipts, &version, finished).await?,
            false => finished.receipt,
        };
        // An object of a run ends with its run.
        if kept && route.run.is_none() {
            self.quarantine(&version, found, reason.clone()).await?;
        }
        Ok(End::Quarantined {
            receipt: Box::new(receipt),
            kept,
            reason,
            detail,
        })
    }

    /// The entry, unless somebody works on the object, who will meet the same.
    async fn look(&self, version: &ObjectVersion) -> Result<Option<Box<Found>>, Halt> {
        let claimant = self.claimant(version, "", "");
        match claimant.look(&*self.parts.ledger).await? {
            Look::Free(found) => Ok(found),
            Look::Busy { lease } => Err(Halt::Busy { lease }),
            // Delivered since it was asked about.
            Look::Done => Err(Halt::Again),
        }
    }

    /// The ledger says that it was given up, too: nobody waits for a message any more.
    async fn quarantine(
        &self,
        version: &ObjectVersion,
        found: Option<Box<Found>>,
        reason: Code,
    ) -> Result<(), Halt> {
        let ledger = &self.parts.ledger;
        let owner = self.parts.next_owner();
        // As it is: nothing is sent of it here.
        let fingerprint = found.as_ref().map(|found| found.entry.fingerprint.clone());
        let fingerprint = fingerprint.unwrap_or_default();
        let claimant = self.claimant(version, &owner, &fingerprint);
        match claimant.claim(&**ledger, found).await? {
            Claim::Held(claimed) => {
                let keeper = Keeper::start(*claimed, ledger.clone(), CancellationToken::new());
                keeper.end(Ending::Quarantined { reason }).await?;
                Ok(())
            }
            Claim::Busy { lease } => Err(Halt::Busy { lease }),
            Claim::Done => Err(Halt::Again),
        }
    }

    fn claimant<'c>(
        &'c self,
        object: &'c ObjectVersion,
        owner: &'c str,
        fingerprint: &'c str,
    ) -> Claimant<'c> {
        Claimant {
            object,
            route: &self.route.name,
            owner,
            wanted: self.wanted(),
            lease: self.parts.config.ledger.lease,
            fingerprint,
            changed_route: ChangedRoute::Refuse,
        }
    }
}
