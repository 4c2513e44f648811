//! Brings one object to Meta: finds out whether it is to be delivered, and by whom, and
//! makes an attempt at it.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use super::attempt::Attempt;
use super::fingerprint::fingerprint;
use super::halt::Halt;
use super::parts::Parts;
use super::preflight::with_audience_found;
use super::progress::Progress;
use super::quarters::Room;
use super::replace;
use super::turn::give_back;
use crate::config::Route;
use crate::credentials::Credentials;
use crate::delivery::Stop;
use crate::ledger::{Claim, Claimant, Found, Look, Wanted};
use crate::object::version::{ObjectAddress, ObjectVersion};
use crate::object::{self, describe_or_decoded, is_marker};
use crate::receipts::{Code, Receipt, Status};
use crate::turns::HeldTurn;

/// The work on one object.
#[derive(Debug)]
pub struct Activation<'a> {
    pub parts: &'a Parts,
    pub route: &'a Route,
    pub address: &'a ObjectAddress,
    /// The event came by EventBridge, and its key looks encoded all the same.
    pub key_may_be_encoded: bool,
    /// The event was replayed on purpose, under this name.
    pub replay: Option<String>,
    /// Send even what was delivered before, with the same event ids.
    pub force: bool,
    /// It is given up after several attempts without progress; else it may be tried as
    /// often as somebody likes.
    pub may_quarantine: bool,
    /// Once cancelled no further request goes out.
    pub halt: CancellationToken,
    pub progress: Arc<Progress>,
}

/// The object is through; its message may be deleted.
#[derive(Debug)]
pub enum End {
    /// Delivered, skipped or superseded, and a receipt is stored: this one, unless
    /// there is one of a delivery, which no other replaces.
    Receipted(Box<Receipt>),
    /// The ledger says that this version was delivered before; nothing was sent. With
    /// a replay, that it was delivered by this very replay.
    AlreadyDelivered,
    /// Given up, with a receipt that says so.
    Quarantined {
        receipt: Box<Receipt>,
        /// Whether the receipt or the ledger tells of it to whoever asks later.
        kept: bool,
        reason: Code,
        /// A sentence for people.
        detail: String,
    },
    /// No data at all, such as `_SUCCESS`; nothing is stored.
    Marker(object::Marker),
}

impl End {
    /// The name as a metric's label.
    pub const fn status(&self) -> &'static str {
        match self {
            End::Receipted(receipt) => receipt.status.name(),
            End::Quarantined { .. } => "quarantined",
            End::AlreadyDelivered => "already_delivered",
            End::Marker(marker) => marker.name(),
        }
    }
}

impl Activation<'_> {
    /// Works until the object is through or cannot go on now.
    ///
    /// Dropping the future stops in mid-request: what was out is unknown, and the next
    /// attempt sends the same bytes again.
    pub async fn run(self) -> Result<End, Halt> {
        if let Some(rules) = &self.route.run {
            return replace::run(&self, rules).await;
        }
        let version = self.or_halted(self.describe()).await?;
        if let Some(marker) = is_marker(&version.address.key, version.size)
            && !matches!(marker, object::Marker::Empty)
        {
            debug!(marker = marker.name(), "no data");
            return Ok(End::Marker(marker));
        }
        let free = match self.or_halted(self.look(&version)).await? {
            Looked::Done => return Ok(self.already_delivered()),
            Looked::Free(found) => found,
        };
        let _room = self.room(free.as_deref()).await?;
        let credentials = self.or_halted(self.credentials()).await?;
        let found = self.audience_found(&credentials).await?;
        // Before the claim, so that an object that waits for its turn is nobody's.
        let (this, turn) = self.in_turn(found.as_ref(), None).await?;
        let ended = this.claim_and_deliver(version, &credentials, free).await;
        give_back(turn, ended).await
    }

    /// The route with the id of its audience, where the configuration has only the name.
    pub(super) async fn audience_found(
        &self,
        credentials: &Credentials,
    ) -> Result<Option<Route>, Halt> {
        self.or_halted(with_audience_found(self.parts, self.route, credentials))
            .await
    }

    /// Where it is worked on: beside others, or alone. Waited for before the turn and the
    /// claim, so that an object that waits holds nobody up, and has no attempt that the death
    /// of another one ends. None for one that is only given up.
    pub(super) async fn room(&self, found: Option<&Found>) -> Result<Option<Room<'_>>, Halt> {
        let attempts = found.map_or(1, |found| found.entry.attempts_with_the_next());
        let most = self.parts.config.ledger.attempts_without_progress;
        if self.may_quarantine && attempts as usize > most {
            return Ok(None);
        }
        let room = async { Ok::<_, Halt>(self.parts.quarters.room(attempts).await) };
        self.or_halted(room).await.map(Some)
    }

    /// The same activation, on another route if one is given, once it is its turn at the
    /// audience, for the run of this name if it is for one; it halts when the turn is lost. To
    /// be [given back](give_back).
    pub(super) async fn in_turn<'r>(
        &'r self,
        route: Option<&'r Route>,
        run: Option<&str>,
    ) -> Result<(Activation<'r>, Option<HeldTurn>), Halt> {
        let halt = self.halt.child_token();
        let route = route.unwrap_or(self.route);
        let turn = self.parts.turn(route, run, &halt).await?;
        let this = Activation {
            route,
            halt,
            replay: self.replay.clone(),
            progress: self.progress.clone(),
            ..*self
        };
        Ok((this, turn))
    }

    async fn claim_and_deliver(
        self,
        version: ObjectVersion,
        credentials: &Credentials,
        free: Option<Box<Found>>,
    ) -> Result<End, Halt> {
        let claimed = match self.claim(&version, credentials, free).await? {
            Claim::Done => return Ok(self.already_delivered()),
            Claim::Busy { lease } => return Err(Halt::Busy { lease }),
            Claim::Held(claimed) => claimed,
        };
        let attempt = Attempt::begin(&self, version, *claimed);
        attempt.run(credentials).await
    }

    fn already_delivered(&self) -> End {
        info!("delivered before; nothing is sent");
        End::AlreadyDelivered
    }

    /// For steps before anything is sent, all of which may be dropped.
    pub(super) async fn or_halted<T, E: Into<Halt>>(
        &self,
        step: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Halt> {
        tokio::select! {
            biased;
            () = self.halt.cancelled() => Err(Halt::Halted),
            done = step => done.map_err(Into::into),
        }
    }

    pub(super) async fn describe(&self) -> Result<ObjectVersion, Halt> {
        if !self.key_may_be_encoded {
            return Ok(self.parts.source.describe(self.address).await?);
        }
        let (version, decoded) = describe_or_decoded(&*self.parts.source, self.address).await?;
        if decoded {
            self.parts.metrics.keys_decoded.inc();
        }
        Ok(version)
    }

    async fn look(&self, version: &ObjectVersion) -> Result<Looked, Halt> {
        match self
            .claimant(version, "", "")
            .look(&*self.parts.ledger)
            .await?
        {
            Look::Done => Ok(Looked::Done),
            Look::Busy { lease } => Err(Halt::Busy { lease }),
            Look::Free(Some(found)) => Ok(Looked::Free(Some(found))),
            // The ledger may have been lost. A receipt is proof enough.
            Look::Free(None) if self.has_receipt(version).await? => Ok(Looked::Done),
            Look::Free(None) => Ok(Looked::Free(None)),
        }
    }

    async fn has_receipt(&self, version: &ObjectVersion) -> Result<bool, Halt> {
        let receipt = self.parts.receipts.get(version, &self.route.name).await?;
        Ok(receipt.is_some_and(|receipt| {
            receipt.status == Status::Delivered
                && !self.force
                && (self.replay.is_none() || self.replay == receipt.replay)
        }))
    }

    pub(super) async fn credentials(&self) -> Result<Arc<Credentials>, Halt> {
        let credentials = self.parts.credentials.get(&self.route.credentials).await;
        Ok(credentials.map_err(Stop::from)?)
    }

    /// Not dropped half-way by a stop: the object would look claimed until the lease ends.
    async fn claim(
        &self,
        version: &ObjectVersion,
        credentials: &Credentials,
        found: Option<Box<Found>>,
    ) -> Result<Claim, Halt> {
        let pixel_id = credentials.pixel_id.as_deref();
        let fingerprint = fingerprint(self.route, &self.parts.config, pixel_id);
        let owner = self.parts.next_owner();
        let claimant = self.claimant(version, &owner, &fingerprint);
        Ok(claimant.claim(&*self.parts.ledger, found).await?)
    }

    fn claimant<'c>(
        &'c self,
        object: &'c ObjectVersion,
        owner: &'c str,
        fingerprint: &'c str,
    ) -> Claimant<'c> {
        let settings = &self.parts.config.ledger;
        Claimant {
            object,
            route: &self.route.name,
            owner,
            wanted: self.wanted(),
            lease: settings.lease,
            fingerprint,
            changed_route: settings.on_changed_route,
        }
    }

    pub(super) fn wanted(&self) -> Wanted<'_> {
        match &self.replay {
            _ if self.force => Wanted::Again,
            Some(name) => Wanted::Replay(name),
            None => Wanted::Delivery,
        }
    }
}

enum Looked {
    Done,
    Free(Option<Box<Found>>),
}
