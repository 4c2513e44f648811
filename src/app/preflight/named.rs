//! Audiences that are configured by their names: which ids they have.
//!
//! The worker only ever looks. Making one is not idempotent, so it is left to a command that
//! somebody runs once (see [`create`](super::create)).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::advice;
use super::ask::{Asker, Denied};
use super::known::BLOCKED_FOR;
use crate::app::halt::Halt;
use crate::app::parts::Parts;
use crate::app::plan;
use crate::config::{self, CustomAudience, Route};
use crate::credentials::Credentials;
use crate::delivery::Stop;
use crate::meta::{AudiencePage, ErrorCode, Named};

/// For so long a name is taken to mean the same audience.
const KEPT_FOR: Duration = Duration::from_secs(600);

/// A list that goes on for longer is not read to its end.
const MOST_PAGES: usize = 100;

/// Why a name gives no id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unnamed {
    None,
    Several(Vec<String>),
    Denied(Denied),
}

/// The ids that were found, by ad account and name.
#[derive(Default)]
pub(in crate::app) struct Names(Mutex<HashMap<(String, String), Arc<Slot>>>);

/// Locked while somebody asks.
type Slot = tokio::sync::Mutex<Known>;

/// What is known of a name.
#[derive(Default)]
struct Known {
    /// The id, and when it was found.
    id: Option<(String, Instant)>,
    /// The block that Meta answered with last, and when.
    block: Option<(Option<ErrorCode>, Instant)>,
}

impl Known {
    fn found(id: &str) -> Known {
        Known {
            id: Some((id.to_owned(), Instant::now())),
            block: None,
        }
    }

    /// While Meta cannot be asked, what was known last holds.
    fn or(&self, denied: Denied) -> Result<String, Unnamed> {
        let older = self.id.as_ref().map(|(id, _)| id.clone());
        older.ok_or(Unnamed::Denied(denied))
    }
}

impl Names {
    fn slot(&self, audience: &CustomAudience) -> Arc<Slot> {
        let account = audience.ad_account.as_ref();
        let account = account.map_or("", |account| account.as_str());
        let name = audience.named.as_ref().map_or("", |named| &named.name);
        // The map is only ever added to, so a panic elsewhere leaves it whole.
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (account.to_owned(), name.to_owned());
        slots.entry(key).or_default().clone()
    }

    /// It was made just now, and need not be in the list yet.
    pub(super) async fn learn(&self, audience: &CustomAudience, id: &str) {
        *self.slot(audience).lock().await = Known::found(id);
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

/// The route with the id of its audience, where the configuration has only the name.
pub(in crate::app) async fn with_audience_found(
    parts: &Parts,
    route: &Route,
    credentials: &Credentials,
) -> Result<Option<Route>, Halt> {
    let config::Destination::CustomAudience(audience) = &route.destination else {
        return Ok(None);
    };
    let Some(named) = &audience.named else {
        return Ok(None);
    };
    let mut found = id_of(parts, route, audience, credentials).await;
    if let Err(Unnamed::Denied(Denied::Token(_))) = &found {
        // The token may have been renewed since it was read: look once.
        let secret = &route.credentials;
        let now = parts.credentials.refresh(secret, credentials).await;
        let now = now.map_err(Stop::from)?;
        if !now.same_secrets_as(credentials) {
            found = id_of(parts, route, audience, &now).await;
        }
    }
    match found {
        Ok(id) => Ok(Some(route.with_audience(&id).map_err(Halt::Preflight)?)),
        Err(Unnamed::Denied(Denied::NotNow)) => {
            let answer = Named::default();
            Err(Halt::Delivery(Stop::Unavailable {
                attempts: 1,
                answer,
            }))
        }
        Err(Unnamed::Denied(Denied::Blocked(error))) => {
            let answer = Named {
                error,
                ..Named::default()
            };
            Err(Halt::Delivery(Stop::Configuration { answer }))
        }
        Err(Unnamed::Denied(Denied::Token(error))) => Err(Halt::Delivery(Stop::Auth {
            secret: route.credentials.clone(),
            answer: Named {
                error,
                ..Named::default()
            },
        })),
        Err(unnamed) => Err(Halt::Preflight(advice::no_name(named, &unnamed))),
    }
}

/// The one audience of this name, asked for unless it is known. While Meta cannot be asked,
/// what was known last holds.
pub(super) async fn id_of(
    parts: &Parts,
    route: &Route,
    audience: &CustomAudience,
    credentials: &Credentials,
) -> Result<String, Unnamed> {
    let slot = parts.names.slot(audience);
    let mut known = slot.lock().await;
    if let Some((id, at)) = &known.id
        && at.elapsed() < KEPT_FOR
    {
        return Ok(id.clone());
    }
    if let Some((error, at)) = known.block
        && at.elapsed() < BLOCKED_FOR
    {
        return known.or(Denied::Blocked(error));
    }
    match find(parts, route, audience, credentials).await {
        Ok(id) => {
            *known = Known::found(&id);
            Ok(id)
        }
        Err(Unnamed::Denied(Denied::NotNow)) => known.or(Denied::NotNow),
        Err(Unnamed::Denied(Denied::Blocked(error))) => {
            known.block = Some((error, Instant::now()));
            known.or(Denied::Blocked(error))
        }
        Err(unnamed) => {
            *known = Known::default();
            Err(unnamed)
        }
    }
}

/// Looks through the customer lists of the ad account.
pub(super) async fn find(
    parts: &Parts,
    route: &Route,
    audience: &CustomAudience,
    credentials: &Credentials,
) -> Result<String, Unnamed> {
    let (Some(named), Some(account)) = (&audience.named, &audience.ad_account) else {
        return Err(Unnamed::None);
    };
    let asker = Asker::new(
        parts,
        route,
        &plan::quota_of_audience(audience),
        credentials,
    );
    let mut page = AudiencePage {
        ad_account: account.as_str().to_owned(),
        after: None,
    };
    let mut ids = Vec::new();
    for _ in 0..MOST_PAGES {
        let found = asker.ask(&page).await.map_err(Unnamed::Denied)?;
        let is_list = |subtype: &Option<String>| subtype.as_deref().is_none_or(|it| it == "CUSTOM");
        let of_name = found.data.iter().filter(|one| {
            one.name.as_deref() == Some(named.name.as_str()) && is_list(&one.subtype)
        });
        for one in of_name {
            // An answer that cannot be read.
            ids.push(one.id.clone().ok_or(Unnamed::Denied(Denied::NotNow))?);
        }
        page.after = found.following();
        if page.after.is_none() {
            return match <[String; 1]>::try_from(ids) {
                Ok([id]) => Ok(id),
                Err(ids) if ids.is_empty() => Err(Unnamed::None),
                Err(ids) => Err(Unnamed::Several(ids)),
            };
        }
    }
    Err(Unnamed::Denied(Denied::Question(None)))
}
