//! `preflight --create`: makes the audiences that are configured by their names and are not
//! there.
//!
//! Meta makes two of a request that comes twice. So each is sent once: after an answer that
//! was lost the list is looked through again, and where it does not tell, a person has to.

use std::time::Duration;

use tokio::time::sleep;

use super::advice;
use super::ask::{Asker, Denied};
use super::finding::{Check, Finding};
use super::named::{Unnamed, find, id_of};
use crate::app::parts::Parts;
use crate::app::plan;
use crate::config::{self, Route};
use crate::error_chain::ErrorChain;
use crate::meta::Outcome;

/// A new audience may not be in the list at once: so often, and so far apart, it is looked for.
const LOOKS: usize = 5;
const BETWEEN: Duration = Duration::from_secs(2);

/// What became of the audience of one route: made, found, or neither. `None` where there is
/// nothing to make. Not to be called for two routes at once: they may mean the same.
pub async fn create(parts: &Parts, route: &Route) -> Option<Finding> {
    let config::Destination::CustomAudience(audience) = &route.destination else {
        return None;
    };
    let named = audience.named.as_ref()?;
    let new = named.create.as_ref()?;
    let account = audience.ad_account.as_ref()?.as_str();
    let check = Check::Name;
    let credentials = match parts.credentials.get(&route.credentials).await {
        Ok(credentials) => credentials,
        Err(error) => return Some(Finding::failed(check, ErrorChain(&error).to_string())),
    };
    // What was made for another route a moment ago is known, and need not be in the list yet.
    match id_of(parts, route, audience, &credentials).await {
        Err(Unnamed::None) => {}
        // The checks that follow tell of it.
        Ok(_) | Err(_) => return None,
    }
    let asker = Asker::new(
        parts,
        route,
        &plan::quota_of_audience(audience),
        &credentials,
    );
    let Some((answer, created)) = asker.create(account, new).await else {
        return Some(Finding::unknown(check, advice::NOT_NOW));
    };
    if let Some(id) = created {
        parts.names.learn(audience, &id).await;
        return Some(Finding::ok(check, advice::created(&named.name, &id)));
    }
    match answer.outcome {
        // It never left.
        Outcome::Transient if answer.status.is_none() => {
            return Some(Finding::unknown(check, advice::NOT_NOW));
        }
        Outcome::Throttled { .. } => return Some(Finding::unknown(check, advice::NOT_NOW)),
        // Said in passing, these may be wrong about that nothing happened.
        Outcome::Transient
        | Outcome::TooLarge
        | Outcome::TooMany
        | Outcome::Unknown
        | Outcome::Unexplained
        | Outcome::Busy
        | Outcome::Accepted { .. }
        | Outcome::Partial { .. } => {}
        Outcome::Auth => {
            let refused = advice::token_refused(&route.credentials, answer.error);
            return Some(Finding::failed(check, refused));
        }
        Outcome::Configuration | Outcome::BadData => {
            let refused = advice::not_created(&named.name, account, answer.error);
            return Some(Finding::failed(check, refused));
        }
    }
    for _ in 0..LOOKS {
        sleep(BETWEEN).await;
        match find(parts, route, audience, &credentials).await {
            Ok(id) => {
                parts.names.learn(audience, &id).await;
                return Some(Finding::ok(check, advice::created(&named.name, &id)));
            }
            Err(Unnamed::None | Unnamed::Denied(Denied::NotNow)) => {}
            Err(unnamed) => return Some(Finding::failed(check, advice::no_name(named, &unnamed))),
        }
    }
    Some(Finding::unknown(
        check,
        advice::perhaps_created(&named.name),
    ))
}
