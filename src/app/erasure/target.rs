//! From where people are removed: each audience that a route names, once, and on request
//! each ad account.

use crate::config::{self, Config, Destination, Route};
use crate::meta::IdScopes;

/// A place that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Audience(String),
    /// One of which the configuration has the name alone. Its id is found before it is asked.
    AudienceNamed(String),
    /// All customer lists of an ad account, which begins with `act_`.
    AdAccount(String),
}

/// A place, and the routes that lead there.
#[derive(Clone, Debug)]
pub struct Target<'a> {
    pub place: Place,
    /// At least one; the first has the token.
    pub routes: Vec<&'a Route>,
}

/// Which of the configured audiences are meant.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// By their ids, or names where the configuration has those. Empty: all.
    pub audiences: Vec<String>,
    /// Empty: all.
    pub routes: Vec<String>,
    /// All customer lists of the audiences' ad accounts too.
    pub everywhere: bool,
}

/// Why there is nobody to ask.
#[derive(Debug, thiserror::Error)]
pub enum NoTarget {
    #[error("the configuration has no route {0:?} to a custom audience")]
    Route(String),
    #[error("no route of the configuration leads to the custom audience {0:?}")]
    Audience(String),
    #[error(
        "no route of the configuration leads to a custom audience; and there is no way to erase events by Meta's API"
    )]
    None,
    #[error("--audience and --route together leave no audience to remove people from")]
    Nothing,
    #[error(
        "--everywhere removes people from the ad account of each audience, and route {0} does not name one: set its \
         custom_audience.ad_account"
    )]
    NoAccount(String),
}

impl Place {
    pub const fn kind(&self) -> &'static str {
        match self {
            Place::Audience(_) => "audience",
            Place::AudienceNamed(_) => "audience_named",
            Place::AdAccount(_) => "ad_account",
        }
    }

    pub fn id(&self) -> &str {
        match self {
            Place::Audience(id) | Place::AudienceNamed(id) | Place::AdAccount(id) => id,
        }
    }
}

impl Selection {
    /// The places in the order of the configuration, audiences first.
    pub fn targets<'c>(&self, config: &'c Config) -> Result<Vec<Target<'c>>, NoTarget> {
        let all: Vec<_> = config.routes.iter().filter_map(with_audience).collect();
        if all.is_empty() {
            return Err(NoTarget::None);
        }
        for name in &self.routes {
            if !all.iter().any(|(route, _)| route.name == *name) {
                return Err(NoTarget::Route(name.clone()));
            }
        }
        for id in &self.audiences {
            if !all.iter().any(|(_, audience)| place(audience).id() == id) {
                return Err(NoTarget::Audience(id.clone()));
            }
        }
        let mut targets = Vec::new();
        let mut accounts = Vec::new();
        for (route, audience) in all {
            let place = place(audience);
            let id = place.id();
            let is_meant =
                |of: &[String], one: &str| of.is_empty() || of.iter().any(|of| of == one);
            if !is_meant(&self.routes, &route.name) || !is_meant(&self.audiences, id) {
                continue;
            }
            add(&mut targets, place, route);
            if self.everywhere {
                let account = audience.ad_account.as_ref();
                let account = account.ok_or_else(|| NoTarget::NoAccount(route.name.clone()))?;
                add(
                    &mut accounts,
                    Place::AdAccount(account.as_str().to_owned()),
                    route,
                );
            }
        }
        targets.append(&mut accounts);
        if targets.is_empty() {
            return Err(NoTarget::Nothing);
        }
        Ok(targets)
    }
}

fn with_audience(route: &Route) -> Option<(&Route, &config::CustomAudience)> {
    match &route.destination {
        Destination::CustomAudience(audience) => Some((route, audience)),
        Destination::Conversions(_) => None,
    }
}

fn place(audience: &config::CustomAudience) -> Place {
    match &audience.named {
        Some(named) => Place::AudienceNamed(named.name.clone()),
        None => Place::Audience(audience.audience.as_str().to_owned()),
    }
}

fn add<'c>(targets: &mut Vec<Target<'c>>, place: Place, route: &'c Route) {
    match targets.iter_mut().find(|target| target.place == place) {
        Some(target) => target.routes.push(route),
        None => targets.push(Target {
            place,
            routes: vec![route],
        }),
    }
}

impl<'c> Target<'c> {
    fn audiences(&self) -> impl Iterator<Item = &'c config::CustomAudience> {
        let routes = self.routes.iter().copied();
        routes
            .filter_map(with_audience)
            .map(|(_, audience)| audience)
    }

    /// Whose quota the requests count against.
    pub(super) fn account(&self) -> String {
        match &self.place {
            Place::AdAccount(account) => account.clone(),
            Place::Audience(id) | Place::AudienceNamed(id) => {
                let mut accounts = self.audiences().filter_map(|one| one.ad_account.as_ref());
                let account = accounts.next().map(|account| account.as_str().to_owned());
                account.unwrap_or_else(|| format!("audience {id}"))
            }
        }
    }

    /// Whose the scoped ids are: what the first route says that says anything.
    pub(super) fn scopes(&self) -> IdScopes {
        let apps = self.audiences().map(|one| &one.app_ids);
        let apps = apps.into_iter().find(|apps| !apps.is_empty());
        let page = self.audiences().find_map(|one| one.page_id.as_ref());
        IdScopes {
            apps: apps
                .into_iter()
                .flatten()
                .map(|id| id.as_str().to_owned())
                .collect(),
            page: page.map(|id| id.as_str().to_owned()),
        }
    }
}
