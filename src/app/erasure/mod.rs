//! People are removed from audiences, on their request: with the same mapping,
//! normalising, batches and sender as an upload, and without a ledger, since removing
//! somebody again changes nothing.
//!
//! Each place is asked by itself. One that fails does not keep the others from being
//! asked, and the whole may be repeated until all have answered.

mod naming;
mod pass;
mod target;

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::halt::{Halt, Refusal};
use super::parts::Parts;
use super::preflight::with_audience_found;
use super::turn::{NoTurn, give_back};
use crate::config::{Destination, RouteInput};
use crate::delivery::Stop;
use crate::identity::columns::CountryCode;
use crate::identity::key::Key;
use crate::object::ObjectSource;
use crate::object::version::ObjectAddress;
use crate::receipts::{Code, ErasedFrom, ErasedStatus, ErasureCounts};
use crate::turns::{HeldTurn, Mode};
use pass::Pass;

pub use target::{NoTarget, Place, Selection, Target};

/// Whoever waits for a turn at an audience asks so often.
const BETWEEN_ASKING: Duration = Duration::from_secs(1);

/// Who is to be removed.
pub enum People {
    /// Single values, each of a person of its own.
    Values(Vec<(Key, String)>),
    /// The rows of a file. Filters of routes do not hold: whoever is in it is meant.
    File {
        source: Arc<dyn ObjectSource>,
        address: ObjectAddress,
        /// How it is to be read, where its content alone shall not decide.
        input: RouteInput,
    },
}

/// The people, and how to understand them.
pub struct Erasure<'a> {
    pub parts: &'a Parts,
    pub people: &'a People,
    /// Where neither a value nor its column says of which country it is.
    pub country: Option<CountryCode>,
    /// Once cancelled no further request goes out.
    pub halt: CancellationToken,
}

/// What became of one place.
#[derive(Debug)]
pub struct Erased<'a> {
    pub target: Target<'a>,
    pub counts: ErasureCounts,
    /// An error: it has not answered for all of them.
    pub ended: Result<(), Halt>,
}

impl Erasure<'_> {
    /// Asks one place after the other to remove the people. `told` hears of each.
    ///
    /// Dropping the future in mid-request leaves that one unknown; all may be repeated.
    pub async fn run<'t>(
        &self,
        targets: Vec<Target<'t>>,
        mut told: impl FnMut(&Erased<'t>),
    ) -> Vec<Erased<'t>> {
        let mut all = Vec::with_capacity(targets.len());
        for target in targets {
            let erased = self.of(target, true).await;
            let (kind, id) = (erased.target.place.kind(), erased.target.place.id());
            match &erased.ended {
                Ok(()) => info!(
                    target.kind = kind,
                    target.id = id,
                    people.sent = erased.counts.sent,
                    "removal answered"
                ),
                Err(halt) => warn!(
                    target.kind = kind,
                    target.id = id,
                    people.sent = erased.counts.sent,
                    reason = %halt,
                    "removal not finished; it may be repeated"
                ),
            }
            told(&erased);
            all.push(erased);
        }
        all
    }

    /// What would be sent where; no credentials are read and Meta is not asked.
    pub async fn survey<'t>(&self, targets: Vec<Target<'t>>) -> Vec<Erased<'t>> {
        let mut all = Vec::with_capacity(targets.len());
        for target in targets {
            all.push(self.of(target, false).await);
        }
        all
    }

    /// Not while others add people to the audience or replace them, where that can be known.
    async fn in_turn(&self, target: &Target<'_>, counts: &mut ErasureCounts) -> Result<(), Halt> {
        let halt = self.halt.child_token();
        let turn = self.turn(target, &halt).await?;
        let pass = Pass {
            erasure: self,
            target,
            sends: true,
            halt,
        };
        let ended = pass.run(counts).await;
        give_back(turn, ended).await
    }

    async fn turn(
        &self,
        target: &Target<'_>,
        halt: &CancellationToken,
    ) -> Result<Option<HeldTurn>, Halt> {
        let (Place::Audience(audience), Some(route)) = (&target.place, target.routes.first())
        else {
            return Ok(None);
        };
        let until = Instant::now() + self.parts.config.delivery.longest_wait;
        loop {
            if halt.is_cancelled() {
                return Err(Halt::Halted);
            }
            match self
                .parts
                .turn_at(route, audience, (Mode::Remove, None), halt)
                .await
            {
                Err(Halt::Turn(NoTurn::Others { .. })) if Instant::now() < until => {
                    tokio::select! {
                        () = halt.cancelled() => {}
                        () = sleep(BETWEEN_ASKING) => {}
                    }
                }
                turn => return turn,
            }
        }
    }

    /// An audience that has a name gets its id.
    async fn find(&self, target: &mut Target<'_>) -> Result<(), Halt> {
        let (Place::AudienceNamed(_), Some(route)) = (&target.place, target.routes.first()) else {
            return Ok(());
        };
        let credentials = self.parts.credentials.get(&route.credentials).await;
        let credentials = credentials.map_err(Stop::from)?;
        let found = with_audience_found(self.parts, route, &credentials).await?;
        if let Some(Destination::CustomAudience(found)) = found.map(|route| route.destination) {
            target.place = Place::Audience(found.audience.as_str().to_owned());
        }
        Ok(())
    }

    async fn of<'t>(&self, mut target: Target<'t>, sends: bool) -> Erased<'t> {
        let mut counts = ErasureCounts::default();
        let ended = match sends {
            true => match self.find(&mut target).await {
                Ok(()) => self.in_turn(&target, &mut counts).await,
                Err(halt) => Err(halt),
            },
            false => {
                let halt = self.halt.clone();
                let pass = Pass {
                    erasure: self,
                    target: &target,
                    sends,
                    halt,
                };
                pass.run(&mut counts).await
            }
        };
        Erased {
            target,
            counts,
            ended,
        }
    }
}

impl Erased<'_> {
    /// Why it is not done, in a sentence for people.
    pub fn explanation(&self) -> Option<String> {
        match self.ended.as_ref().err()? {
            Halt::Refused(Refusal::Nothing(what)) => {
                Some(format!("there is nobody in the file ({what})"))
            }
            halt => Some(halt.to_string()),
        }
    }

    pub fn for_receipt(&self) -> ErasedFrom {
        let Target { place, routes } = &self.target;
        ErasedFrom {
            kind: Code::new(place.kind()),
            id: place.id().to_owned(),
            routes: routes.iter().map(|route| route.name.clone()).collect(),
            status: match self.ended {
                Ok(()) => ErasedStatus::Done,
                Err(_) => ErasedStatus::Missing,
            },
            explanation: self.explanation(),
            counts: self.counts.clone(),
        }
    }
}

/// Values are people.
impl std::fmt::Debug for People {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            People::Values(values) => write!(f, "People({} values)", values.len()),
            People::File { .. } => f.write_str("People(a file)"),
        }
    }
}

impl std::fmt::Debug for Erasure<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Erasure").finish_non_exhaustive()
    }
}
