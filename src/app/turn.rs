//! The turn at an audience that an object has to wait for, where it has to.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::halt::Halt;
use super::parts::Parts;
use crate::config::{Config, Destination, Route};
use crate::meta::AudienceMode;
use crate::turns::{HeldTurn, Mode, Take, TurnError, TurnLost};

/// Why an object is not worked on now.
#[derive(Debug, thiserror::Error)]
pub enum NoTurn {
    #[error(
        "others are adding people to the same audience, or removing them, and both never happen at the same time; it is tried again \
         in {} s or so", rest.as_secs()
    )]
    Others { rest: Duration },
    #[error(transparent)]
    Lost(#[from] TurnLost),
    #[error(transparent)]
    Unknown(#[from] TurnError),
}

impl Parts {
    /// Takes the turn at the route's audience. `None` where nobody has to wait for one: no
    /// route does anything else with it. `halt` is cancelled when the turn is lost.
    pub(super) async fn turn(
        &self,
        route: &Route,
        halt: &CancellationToken,
    ) -> Result<Option<HeldTurn>, Halt> {
        match &route.destination {
            Destination::CustomAudience(audience) => {
                let mode = Mode::from(audience.mode);
                self.turn_at(audience.audience.as_str(), mode, halt).await
            }
            Destination::Conversions(_) => Ok(None),
        }
    }

    pub(super) async fn turn_at(
        &self,
        audience: &str,
        mode: Mode,
        halt: &CancellationToken,
    ) -> Result<Option<HeldTurn>, Halt> {
        if !has_several_modes(&self.config, audience) {
            return Ok(None);
        }
        let owner = self.next_owner();
        let taken = self.turns.take(audience, mode, &owner, halt.clone()).await;
        match taken.map_err(NoTurn::from)? {
            Take::Held(held) => Ok(Some(held)),
            Take::Busy { rest } => Err(NoTurn::Others { rest }.into()),
        }
    }
}

/// Known from the start, and the same for the whole fleet, which shares one configuration.
fn has_several_modes(config: &Config, audience: &str) -> bool {
    let mut modes = config
        .routes
        .iter()
        .filter_map(|route| match &route.destination {
            Destination::CustomAudience(found) if found.audience.as_str() == audience => {
                Some(Mode::from(found.mode))
            }
            Destination::CustomAudience(_) | Destination::Conversions(_) => None,
        });
    let first = modes.next();
    modes.any(|mode| Some(mode) != first)
}

impl From<AudienceMode> for Mode {
    fn from(mode: AudienceMode) -> Mode {
        match mode {
            AudienceMode::Add => Mode::Add,
            AudienceMode::Remove => Mode::Remove,
        }
    }
}
