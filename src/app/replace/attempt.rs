//! One attempt at a run that this worker has claimed: from wherever earlier attempts came
//! to, to its end or to what stops it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::complete::Whole;
use super::guard::{self, Before};
use super::halt::{RunHalt, RunRefusal};
use super::hold::Hold;
use super::session::MOST_RESTARTS;
use super::survey::Surveyed;
use super::wire::Wire;
use super::{Run, of_folder};
use crate::app::activation::{Activation, End};
use crate::app::fingerprint::fingerprint;
use crate::app::halt::{Halt, Refusal};
use crate::app::plan::quota_of_audience;
use crate::app::preflight::before_sending;
use crate::config::Destination;
use crate::identity::key::Key;
use crate::ledger::{ChangedRoute, Claimed, Entry, Keeper, RunPart, Stage};
use crate::meta::{AudienceState, OperationStatus};
use crate::object::version::ObjectVersion;
use crate::receipts::{ObjectDescription, Receipt, Status};

/// For as long as that, at least, others wait for a run whose list is live and whose receipts
/// could not be stored yet.
const UNCONCLUDED: Duration = Duration::from_secs(15 * 60);

pub(super) struct Attempt<'a> {
    pub(super) run: &'a Run<'a>,
    /// As it was claimed.
    pub(super) entry: Entry,
    pub(super) hold: Arc<Hold>,
    pub(super) wire: Arc<Wire>,
    /// Cancelled with the activation's, and when the run is lost.
    pub(super) halt: CancellationToken,
    /// The objects, where nothing was begun yet.
    whole: Option<Whole>,
    pub(super) fingerprint: String,
    pub(super) started_at: OffsetDateTime,
}

impl<'a> Attempt<'a> {
    pub(super) fn begin(run: &'a Run<'a>, claimed: Claimed, whole: Option<Whole>) -> Attempt<'a> {
        let Activation { parts, route, .. } = run.activation;
        let halt = run.activation.halt.child_token();
        let entry = claimed.entry.clone();
        // Whatever comes of it, it was claimed; how it ends may not be recorded.
        run.activation
            .progress
            .tried_in_vain(entry.attempts.in_vain);
        let keeper = Keeper::start(claimed, parts.ledger.clone(), halt.clone());
        let (audience, account) = match &route.destination {
            Destination::CustomAudience(audience) => (
                audience.audience.as_str().to_owned(),
                quota_of_audience(audience),
            ),
            // The configuration has runs for audiences alone.
            Destination::Conversions(_) => (String::new(), String::new()),
        };
        let wire = Wire {
            client: parts.meta.clone(),
            credentials: parts.credentials.clone(),
            secret: route.credentials.clone(),
            limiter: parts.limiters.of(&route.name, &account, &route.credentials),
            metrics: parts.metrics.clone(),
            attempts: parts.config.delivery.attempts,
            halt: halt.clone(),
            audience,
            invalid: AtomicU64::new(0),
        };
        Attempt {
            run,
            hold: Arc::new(Hold::new(keeper, &entry)),
            entry,
            wire: Arc::new(wire),
            halt,
            whole,
            fingerprint: fingerprint(route, &parts.config, None),
            started_at: OffsetDateTime::now_utc(),
        }
    }

    /// Says besides for how long its session may still be open.
    pub(super) async fn run(self) -> (Result<End, Halt>, Option<Duration>) {
        let worked = if self.is_poison() {
            Err(Halt::NoProgress)
        } else {
            let worked = self.work().await;
            // Whatever stopped then, it stopped because of this.
            match self.hold.keeper.lost() {
                Some(lost) => Err(Halt::Lost(lost)),
                None => worked,
            }
        };
        match worked {
            Ok(()) => {
                let ended = self.through().await;
                // Its list is live, and nobody knows yet: another run in between would make it
                // one that was overtaken.
                let is_open = matches!(&ended, Err(halt) if !matches!(halt, Halt::Again));
                (ended, is_open.then_some(UNCONCLUDED))
            }
            Err(halt) => {
                let ended = self.halted(halt).await;
                let now = OffsetDateTime::now_utc();
                let open_for = self.hold.record().await.lasts_for(now);
                (ended, open_for)
            }
        }
    }

    /// The attempts before it have all ended without a word, and without progress.
    fn is_poison(&self) -> bool {
        let most = self
            .run
            .activation
            .parts
            .config
            .ledger
            .attempts_without_progress;
        self.run.activation.may_quarantine && self.entry.attempts.without_progress as usize > most
    }

    async fn work(&self) -> Result<(), Halt> {
        let begun = {
            let record = self.hold.record().await;
            let other_route = record.fingerprint != self.fingerprint;
            (record.stage != Stage::Surveyed).then_some(other_route)
        };
        match begun {
            None => self.survey().await?,
            Some(true) => self.route_changed().await?,
            Some(false) if self.is_overtaken().await? => return self.begin_anew().await,
            Some(false) => self.go_on().await?,
        }
        self.to_the_end().await
    }

    /// Not after too many failures of Meta's, until somebody announces the run again.
    async fn may_begin(&self) -> Result<(), Halt> {
        let (sessions, is_again) = {
            let record = self.hold.record().await;
            (record.restarts, !record.given_up.is_empty())
        };
        if is_again {
            // A new series: whatever comes of it, the message of each object is put aside once.
            return self
                .hold
                .change(|record| {
                    record.restarts = 0;
                    record.given_up.clear();
                })
                .await;
        }
        if sessions > MOST_RESTARTS {
            return Err(refused(RunRefusal::Failed { sessions }));
        }
        Ok(())
    }

    async fn route_changed(&self) -> Result<(), Halt> {
        let settings = &self.run.activation.parts.config.ledger;
        match settings.on_changed_route {
            ChangedRoute::Refuse => Err(Refusal::RouteChanged.into()),
            // Its objects are looked at again, as the route is now.
            ChangedRoute::Restart => {
                self.hold
                    .change(|record| {
                        // The session that is left open will be made the audience as it is.
                        record.session_failed();
                        record.stage = Stage::Surveyed;
                    })
                    .await?;
                Err(Halt::Again)
            }
        }
    }

    /// Whether another run has become the audience since the session was opened: whatever had
    /// arrived of this one is gone, and the rest must not be added to the other's members.
    async fn is_overtaken(&self) -> Result<bool, Halt> {
        let begun = self.hold.record().await.begun_at();
        let last = self.last_run().await?;
        let since = last.and_then(|last| last.run?.opened_at);
        Ok(match (begun, since) {
            (Some(begun), Some(since)) => since.moment() > begun,
            _ => false,
        })
    }

    /// As if nothing of it had been sent: which run is the newer one is looked at again.
    async fn begin_anew(&self) -> Result<(), Halt> {
        warn!("another run has become the audience meanwhile; what was begun of this one is over");
        self.hold
            .change(|record| {
                record.stage = Stage::Surveyed;
                record.opened_at = None;
                record.sent_at = None;
                record.left_since = None;
                record.unanswered = None;
                record.mixed = false;
                record.mixed_is_live = false;
                record.failed = false;
            })
            .await?;
        Err(Halt::Again)
    }

    async fn go_on(&self) -> Result<(), Halt> {
        let parts = self.run.activation.parts;
        info!("going on with a replacement that an earlier attempt began");
        parts.metrics.objects_resumed.inc();
        self.hold
            .change(|record| {
                record.resumed += 1;
                if !record.given_up.is_empty() {
                    record.restarts = 0;
                    record.given_up.clear();
                }
                // Halves were sent, perhaps, of which this attempt does not know.
                record.renumbered |= record.next_number != record.in_session.max(2);
            })
            .await
    }

    /// Looks at all objects, and asks whether they may take the old members' place.
    async fn survey(&self) -> Result<(), Halt> {
        // Nobody reads a list for an audience that cannot be written to.
        let (state, tier) = self.wire.state().await?;
        self.is_free(&state).await?;
        let Some(whole) = &self.whole else {
            return Err(Halt::Again);
        };
        let keys: Vec<_> = whole.objects.iter().map(|one| one.key.clone()).collect();
        let signal = whole.signal.as_ref().map(Into::into);
        let versions = self.pin(&keys, signal, true).await?;
        self.may_begin().await?;
        if let Some(unfit) = whole.unfit {
            return Err(refused(RunRefusal::Unfit(unfit)));
        }
        let last = self.last_run().await?;
        self.is_newer(&versions, whole.signal.as_ref(), last.as_ref())?;
        self.look_at(&versions, last.as_ref(), &state, tier).await?;
        // A session of another list is waited for, as anybody's.
        self.is_free(&state).await
    }

    /// Whether the list of exactly these versions may take the members' place.
    pub(super) async fn look_at(
        &self,
        versions: &[ObjectVersion],
        last: Option<&Receipt>,
        state: &AudienceState,
        tier: Option<bool>,
    ) -> Result<(), Halt> {
        let survey = self.survey_of();
        let (mut rejected, mut meant) = (0, 0);
        let mut keys = None;
        for (index, version) in versions.iter().enumerate() {
            let Surveyed {
                part,
                rejected: some,
                meant: of,
                keys: its,
            } = survey.look(version).await?;
            rejected += some;
            meant += of;
            match (&keys, its) {
                (None, its) => keys = its,
                (Some(keys), Some(its)) if *keys != its => {
                    let key = version.address.key.clone();
                    return Err(refused(RunRefusal::OtherColumns { key }));
                }
                (Some(_), _) => {}
            }
            // Written down with whatever comes of the whole.
            if let Some(known) = self.hold.record().await.parts.get_mut(index) {
                *known = part;
            }
        }
        let has_values = keys.is_some_and(|keys| keys.contains(&Key::LookalikeValue));
        let Activation { parts, route, .. } = self.run.activation;
        let asked = before_sending(parts, route, has_values);
        self.run.activation.or_halted(asked).await?;
        let input = &self.run.activation.parts.config.input;
        guard::rejects(rejected, meant, input.max_reject_share).map_err(refused)?;
        let (rows, requests) = {
            let record = self.hold.record().await;
            (record.rows(), record.batches())
        };
        let before = before(last, state);
        guard::size(rows, before, self.run.rules).map_err(refused)?;
        let ceiling = self
            .run
            .activation
            .parts
            .config
            .delivery
            .requests_per_second;
        let pace = guard::pace(ceiling, tier);
        let in_session =
            guard::in_session(requests, pace, self.run.rules.over_window).map_err(refused)?;
        info!(
            objects = versions.len(),
            rows, requests, in_session, "the run is complete, and is going to be the audience"
        );
        let fingerprint = self.fingerprint.clone();
        self.hold
            .change(|record| {
                // As for other objects: see `pin`.
                if (&record.fingerprint, record.in_session) != (&fingerprint, in_session) {
                    record.unanswered = None;
                }
                record.fingerprint = fingerprint;
                record.in_session = in_session;
                record.mixed = false;
            })
            .await
    }

    /// Whether a replacement may be begun.
    async fn is_free(&self, state: &AudienceState) -> Result<(), Halt> {
        match state.operation() {
            Some(OperationStatus::Blocked) => Err(Halt::Run(RunHalt::AudienceBlocked)),
            Some(OperationStatus::BeingReplaced) => {
                match self.hold.record().await.unanswered {
                    // It may be by a session of this run.
                    Some(_) => Ok(()),
                    None => Err(Halt::Run(RunHalt::BeingReplaced)),
                }
            }
            Some(OperationStatus::ReplacementFailed) => {
                warn!("the last replacement of the audience failed at Meta; another one is begun");
                Ok(())
            }
            Some(OperationStatus::Unknown) => {
                warn!("the audience is in a state that is not known; the replacement is begun");
                Ok(())
            }
            Some(OperationStatus::Usable) | None => Ok(()),
        }
    }

    /// The route's last run that became this audience.
    pub(super) async fn last_run(&self) -> Result<Option<Receipt>, Halt> {
        let Activation { parts, route, .. } = self.run.activation;
        let last = parts.receipts.get(&self.run.last(), &route.name).await?;
        Ok(last.filter(|last| {
            last.status == Status::Delivered && last.destination.id == self.wire.audience
        }))
    }

    /// Queues keep no order: a run that had to wait must not take the place of one that was
    /// written after it, unless somebody wants that.
    fn is_newer(
        &self,
        versions: &[ObjectVersion],
        signal: Option<&ObjectVersion>,
        last: Option<&Receipt>,
    ) -> Result<(), Halt> {
        if self.entry.replay.is_some() || self.run.activation.force {
            return Ok(());
        }
        // What says that it is complete may have been written anew for fewer objects.
        let written = versions.iter().chain(signal);
        let written = written.map(|version| version.last_modified).max();
        let live = last.and_then(|last| last.run.as_deref()).and_then(|run| {
            let objects = run.objects.iter().map(|one| &one.object);
            let objects = objects.chain(&run.signal);
            let moments = objects.map(|one| one.last_modified.moment().unix_timestamp());
            moments.max()
        });
        guard::order(written, live).map_err(refused)
    }

    /// The versions that there are now, which are the run from here on, whatever comes of it;
    /// another one, if it begins with other objects.
    pub(super) async fn pin(
        &self,
        keys: &[String],
        signal: Option<ObjectDescription>,
        is_begun: bool,
    ) -> Result<Vec<ObjectVersion>, Halt> {
        let source = &self.run.activation.parts.source;
        let mut versions = Vec::with_capacity(keys.len());
        for key in keys {
            let address = self.run.folder.address(key);
            let version = source.describe(&address);
            versions.push(self.run.activation.or_halted(version).await?);
        }
        let not_looked_at = |version: &ObjectVersion| RunPart {
            object: version.into(),
            rows: 0,
            batches: 0,
            nothing: None,
        };
        let parts: Vec<_> = versions.iter().map(not_looked_at).collect();
        self.hold
            .change(|record| {
                let objects = |parts: &[RunPart]| -> Vec<_> {
                    parts.iter().map(|part| part.object.clone()).collect()
                };
                // What is known of the same objects stays known, if they cannot be looked at now.
                if objects(&record.parts) != objects(&parts) {
                    record.parts = parts;
                    // A session whose first batch had no answer holds rows of another list.
                    record.unanswered = None;
                    if is_begun {
                        record.restarts = 0;
                    }
                }
                record.signal = signal;
            })
            .await?;
        Ok(versions)
    }
}

/// The list that is live now, as far as anybody knows.
fn before(last: Option<&Receipt>, state: &AudienceState) -> Option<Before> {
    if let Some(last) = last {
        return Some(Before::LastRun(last.rows.sent));
    }
    let estimate = state.approximate_count_lower_bound;
    let estimate = estimate.and_then(|count| u64::try_from(count).ok());
    estimate.filter(|count| *count > 0).map(Before::Estimate)
}

impl Run<'_> {
    /// Where the receipt of the route's last run that became an audience is kept again.
    pub(super) fn last(&self) -> ObjectVersion {
        let top = super::Folder {
            bucket: self.folder.bucket.clone(),
            key: String::new(),
        };
        of_folder(&top, "last-run".to_owned())
    }
}

pub(super) fn refused(refusal: RunRefusal) -> Halt {
    Halt::Refused(Refusal::Run(refusal))
}
