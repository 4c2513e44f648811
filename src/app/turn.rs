//! The turn at an audience that an object has to wait for, where it has to.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::halt::Halt;
use super::parts::Parts;
use crate::config::{Config, CustomAudience, Destination, Route, StateLocation};
use crate::meta::AudienceMode;
use crate::turns::{HeldTurn, Mode, Take, TurnError, TurnLost};

/// Why an object is not worked on now.
#[derive(Debug, thiserror::Error)]
pub enum NoTurn {
    #[error(
        "others are adding people to the same audience, removing them, or in the midst of replacing all of them, and these never \
         happen at the same time; it is tried again in {} s or so", rest.as_secs()
    )]
    Others { rest: Duration },
    #[error(transparent)]
    Lost(#[from] TurnLost),
    #[error(transparent)]
    Unknown(#[from] TurnError),
}

impl Parts {
    /// Takes the turn at the route's audience, for the run of this name if it is for one.
    /// `None` where nobody has to wait for one: no route does anything else with it. `halt` is
    /// cancelled when the turn is lost.
    pub(super) async fn turn(
        &self,
        route: &Route,
        run: Option<&str>,
        halt: &CancellationToken,
    ) -> Result<Option<HeldTurn>, Halt> {
        match &route.destination {
            Destination::CustomAudience(audience) => {
                let mode = Mode::from(audience.mode);
                let id = audience.audience.as_str();
                self.turn_at(route, id, (mode, run), halt).await
            }
            Destination::Conversions(_) => Ok(None),
        }
    }

    /// The same at the audience of this id, which is the route's.
    pub(super) async fn turn_at(
        &self,
        route: &Route,
        audience: &str,
        (mode, run): (Mode, Option<&str>),
        halt: &CancellationToken,
    ) -> Result<Option<HeldTurn>, Halt> {
        if !has_turns(&self.config, route, audience) {
            return Ok(None);
        }
        let owner = self.next_owner();
        let taken = self.turns.take(audience, mode, &owner, run, halt.clone());
        match taken.await.map_err(NoTurn::from)? {
            Take::Held(held) => Ok(Some(held)),
            Take::Busy { rest } => Err(NoTurn::Others { rest }.into()),
        }
    }
}

/// Whether routes do different things with the audience, or replace it: nobody else writes
/// to it then, and no erasure. Known from the start, and the same for the whole fleet, which
/// shares one configuration. Of an audience that a route has by its name, it is known of
/// which ad account it is: it may be any that is not known to be another's.
fn has_turns(config: &Config, route: &Route, audience: &str) -> bool {
    let Destination::CustomAudience(of_route) = &route.destination else {
        return false;
    };
    let may_be_it = |other: &CustomAudience| match &other.named {
        None => other.audience.as_str() == audience,
        Some(_) => {
            let accounts = (other.ad_account.as_ref(), of_route.ad_account.as_ref());
            !matches!(accounts, (Some(a), Some(b)) if a != b)
        }
    };
    let mut modes = config
        .routes
        .iter()
        .filter_map(|route| match &route.destination {
            Destination::CustomAudience(found) if may_be_it(found) => Some(Mode::from(found.mode)),
            Destination::CustomAudience(_) | Destination::Conversions(_) => None,
        });
    let Some(first) = modes.next() else {
        return false;
    };
    // Without a place for what belongs to no object there are no turns, and no erasures.
    let has_place = !matches!(config.state, StateLocation::BesideObject { .. });
    (first == Mode::Replace && has_place) || modes.any(|mode| mode != first)
}

/// Gives the turn back, if there was one, whatever became of the work.
pub(super) async fn give_back<T>(
    turn: Option<HeldTurn>,
    ended: Result<T, Halt>,
) -> Result<T, Halt> {
    give_back_in_run(turn, None, ended).await
}

/// The same in the midst of a run, whose session may last for so long.
pub(super) async fn give_back_in_run<T>(
    turn: Option<HeldTurn>,
    open_for: Option<Duration>,
    ended: Result<T, Halt>,
) -> Result<T, Halt> {
    let Some(turn) = turn else { return ended };
    let lost = turn.lost();
    match open_for {
        None => turn.release().await,
        Some(time) => turn.release_in_run(time).await,
    }
    match (ended, lost) {
        // Whatever stopped then, it stopped because of this.
        (Err(_), Some(lost)) => Err(NoTurn::from(lost).into()),
        (ended, _) => ended,
    }
}

impl From<AudienceMode> for Mode {
    fn from(mode: AudienceMode) -> Mode {
        match mode {
            AudienceMode::Add => Mode::Add,
            AudienceMode::Remove => Mode::Remove,
            AudienceMode::Replace => Mode::Replace,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::config::{Environment, Purpose};

    /// Whether the first of two routes has to wait for its turn, at the audience 1.
    fn waits(first: &str, second: &str) -> bool {
        let route = |name: &str, audience: &str| {
            format!(
                "[[route]]\nname = \"{name}\"\nbucket = \"lists\"\nprefix = \"{name}/\"\ncredentials = \"ssm:/meta\"\ncolumns = \"auto\"\n\
                 [route.custom_audience]\n{audience}\n"
            )
        };
        let state = "[state]\nlocation = \"./state\"\n";
        let text = [state, &route("a", first), &route("b", second)].concat();
        let environment = Environment::default();
        let config = Config::parse("test", &text, &environment, Purpose::OneShot).unwrap();
        has_turns(&config, &config.routes[0], "1")
    }

    #[test]
    fn whoever_replaces_waits_for_erasures_at_least() {
        let replace = "audience = \"1\"\nmode = \"replace\"\n[route.run]\ncomplete = \"quiet\"";
        let add = |audience: &str| format!("audience = \"{audience}\"\nmode = \"add\"");
        assert!(waits(replace, &add("2")));
        assert!(waits(replace, &replace.replace("\"1\"", "\"2\"")));
        assert!(!waits(&add("1"), &add("1")));
    }

    #[test]
    fn a_name_may_be_that_of_any_audience_of_its_account() {
        let add = "ad_account = \"act_7\"\nmode = \"add\"\naudience = \"1\"";
        let remove = |audience: &str| format!("mode = \"remove\"\n{audience}");
        assert!(waits(add, &remove("audience = \"1\"")));
        assert!(!waits(add, &remove("audience = \"2\"")));
        let named = "audience_name = \"people\"\nad_account = ";
        assert!(waits(add, &remove(&format!("{named}\"act_7\""))));
        assert!(!waits(add, &remove(&format!("{named}\"act_8\""))));
        assert!(!waits(
            add,
            &add.replace("audience = \"1\"", "audience_name = \"people\"")
        ));
    }
}
