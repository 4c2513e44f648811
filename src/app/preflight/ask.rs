//! What Meta is asked about a route, with the route's own credentials and through its
//! account's limiter: a read costs a point of the quota.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;
use tracing::info;

use super::named::{Unnamed, id_of};
use crate::app::parts::Parts;
use crate::app::plan;
use crate::config::{self, Route};
use crate::credentials::{Credentials, SecretError};
use crate::delivery::{AccountLimiter, Cost};
use crate::meta::{
    AdAccount, AdAccountTerms, Answer, Audience, AudienceState, Dataset, DatasetState, ErrorCode,
    Lookup, NewAudience, Outcome,
};

/// A question that failed in passing is asked once more, after this.
const ONCE_MORE: Duration = Duration::from_millis(500);

/// All that is known of a route, as it was told; what follows from it depends on the file
/// as well.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub secret: Result<Arc<Credentials>, SecretError>,
    pub told: Told,
}

#[derive(Clone, Debug)]
pub(super) enum Told {
    /// Without credentials nobody can be asked.
    NotAsked,
    /// Neither the route nor its secret names a dataset.
    NoDataset,
    Dataset {
        id: String,
        state: Result<DatasetState, Denied>,
    },
    /// The name of the audience gives no id.
    NoName(Unnamed),
    Audience {
        id: String,
        state: Result<AudienceState, Denied>,
        /// Of the route's ad account, or of the audience's own.
        terms: Option<Terms>,
    },
}

/// What is known of the terms of one ad account.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub account: String,
    pub accepted: Result<AdAccountTerms, Denied>,
}

/// Why Meta did not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    /// It does not accept the token.
    Token(Option<ErrorCode>),
    /// It does not tell this token of it.
    Refused(Option<ErrorCode>),
    /// It blocks calls for a policy. Asking may lengthen that.
    Blocked(Option<ErrorCode>),
    /// It does not understand the question, which says nothing of what is asked about.
    Question(Option<ErrorCode>),
    /// It cannot be asked now.
    NotNow,
}

impl Denied {
    fn of(answer: &Answer) -> Denied {
        match answer.outcome {
            Outcome::Auth => Denied::Token(answer.error),
            Outcome::Configuration if answer.error.is_some_and(is_about_the_question) => {
                Denied::Question(answer.error)
            }
            Outcome::Configuration if answer.error.is_some_and(ErrorCode::is_a_block) => {
                Denied::Blocked(answer.error)
            }
            Outcome::Configuration => Denied::Refused(answer.error),
            Outcome::BadData => Denied::Question(answer.error),
            Outcome::Accepted { .. }
            | Outcome::Partial { .. }
            | Outcome::Throttled { .. }
            | Outcome::Transient
            | Outcome::Unknown
            | Outcome::Unexplained
            | Outcome::Busy
            | Outcome::TooLarge
            | Outcome::TooMany => Denied::NotNow,
        }
    }
}

/// Signature, address, version: whatever is asked for would be refused alike.
fn is_about_the_question(error: ErrorCode) -> bool {
    matches!(error.code, 104 | 2500 | 2635)
}

/// Asks all there is to ask about a route. Dropping the future costs nothing.
pub(super) async fn ask(parts: &Parts, route: &Route) -> Facts {
    let credentials = match parts.credentials.get(&route.credentials).await {
        Ok(credentials) => credentials,
        Err(error) => {
            return Facts {
                secret: Err(error),
                told: Told::NotAsked,
            };
        }
    };
    let told = tell(parts, route, &credentials).await;
    if !told.refuses_the_token() {
        let secret = Ok(credentials);
        return Facts { secret, told };
    }
    // The token may have been renewed since it was read: look once.
    let stale = &credentials;
    match parts.credentials.refresh(&route.credentials, stale).await {
        Ok(now) if now.same_secrets_as(stale) => Facts {
            secret: Ok(now),
            told,
        },
        Ok(now) => Facts {
            told: tell(parts, route, &now).await,
            secret: Ok(now),
        },
        Err(error) => Facts {
            secret: Err(error),
            told: Told::NotAsked,
        },
    }
}

impl Told {
    fn refuses_the_token(&self) -> bool {
        matches!(
            self,
            Told::Dataset {
                state: Err(Denied::Token(_)),
                ..
            } | Told::NoName(Unnamed::Denied(Denied::Token(_)))
                | Told::Audience {
                    state: Err(Denied::Token(_)),
                    ..
                }
        )
    }

    /// Whether any question was answered by a block.
    pub(super) fn is_blocked(&self) -> bool {
        let blocked = |denied: Option<&Denied>| matches!(denied, Some(Denied::Blocked(_)));
        match self {
            Told::NotAsked | Told::NoDataset => false,
            Told::Dataset { state, .. } => blocked(state.as_ref().err()),
            Told::NoName(Unnamed::Denied(denied)) => blocked(Some(denied)),
            Told::NoName(Unnamed::None | Unnamed::Several(_)) => false,
            Told::Audience { state, terms, .. } => {
                let terms = terms
                    .as_ref()
                    .and_then(|terms| terms.accepted.as_ref().err());
                blocked(state.as_ref().err()) || blocked(terms)
            }
        }
    }
}

async fn tell(parts: &Parts, route: &Route, credentials: &Credentials) -> Told {
    match &route.destination {
        config::Destination::Conversions(conversions) => {
            let own = conversions.dataset_id.as_ref().map(|id| id.as_str());
            let Some(id) = own.or(credentials.pixel_id.as_deref()) else {
                return Told::NoDataset;
            };
            let asker = Asker::new(parts, route, &plan::quota_of_dataset(id), credentials);
            Told::Dataset {
                id: id.to_owned(),
                state: asker.ask(&Dataset(id.to_owned())).await,
            }
        }
        config::Destination::CustomAudience(audience) => {
            let id = match &audience.named {
                None => audience.audience.as_str().to_owned(),
                Some(_) => match id_of(parts, route, audience, credentials).await {
                    Ok(id) => id,
                    Err(unnamed) => return Told::NoName(unnamed),
                },
            };
            let quota = plan::quota_of_audience(audience);
            let asker = Asker::new(parts, route, &quota, credentials);
            let state = asker.ask(&Audience(id.clone())).await;
            let account = match (&audience.ad_account, &state) {
                (Some(account), _) => Some(account.as_str().to_owned()),
                (None, Ok(state)) => state.account_id.as_ref().map(|id| format!("act_{id}")),
                (None, Err(_)) => None,
            };
            let terms = match (account, &state) {
                // Another question would not fare better.
                (_, Err(Denied::Token(_) | Denied::Blocked(_) | Denied::NotNow)) | (None, _) => {
                    None
                }
                (Some(account), _) => Some(Terms {
                    accepted: asker.ask(&AdAccount(account.clone())).await,
                    account,
                }),
            };
            Told::Audience { id, state, terms }
        }
    }
}

pub(super) struct Asker<'a> {
    parts: &'a Parts,
    limiter: Arc<AccountLimiter>,
    credentials: &'a Credentials,
}

impl<'a> Asker<'a> {
    /// `account` is whose quota the questions count against.
    pub(super) fn new(
        parts: &'a Parts,
        route: &Route,
        account: &str,
        credentials: &'a Credentials,
    ) -> Asker<'a> {
        let limiters = &parts.limiters;
        Asker {
            parts,
            limiter: limiters.of(&route.name, account, &route.credentials),
            credentials,
        }
    }

    /// Sent once, whatever comes of it. `None`: a quota is used up, and it was not sent.
    pub(super) async fn create(
        &self,
        account: &str,
        audience: &NewAudience,
    ) -> Option<(Answer, Option<String>)> {
        let turn = self.limiter.ready(Cost::Write).await.ok()?;
        let meta = &self.parts.meta;
        let (answer, id) = meta
            .create_audience(account, audience, self.credentials)
            .await;
        turn.asked(&answer);
        Some((answer, id))
    }

    pub(super) async fn ask<L: Lookup>(&self, lookup: &L) -> Result<L::Found, Denied> {
        match self.once(lookup).await {
            Err((_, Passing(true))) => {
                sleep(ONCE_MORE).await;
                self.once(lookup).await.map_err(|(denied, _)| denied)
            }
            asked => asked.map_err(|(denied, _)| denied),
        }
    }

    async fn once<L: Lookup>(&self, lookup: &L) -> Result<L::Found, (Denied, Passing)> {
        let Ok(turn) = self.limiter.ready(Cost::Read).await else {
            return Err((Denied::NotNow, Passing(false)));
        };
        let (answer, found) = self.parts.meta.ask(lookup, self.credentials).await;
        turn.asked(&answer);
        self.parts.metrics.looked_up(&answer);
        if found.is_none() {
            // The sentences of the checks are without it, so that they can be told apart.
            info!(
                outcome = answer.outcome.name(),
                http.status = answer.status,
                meta.error = answer.error.map(tracing::field::display),
                meta.trace_id = answer.trace_id.as_ref().map(tracing::field::display),
                "Meta does not answer what it is asked"
            );
        }
        found.ok_or_else(|| (Denied::of(&answer), Passing::of(&answer)))
    }
}

/// Whether an answer is likely to be another in a moment. One that never came is not: it
/// was waited for long enough.
struct Passing(bool);

impl Passing {
    fn of(answer: &Answer) -> Passing {
        Passing(match answer.outcome {
            Outcome::Transient => true,
            Outcome::Unknown => answer.status.is_some_and(|status| status >= 500),
            _ => false,
        })
    }
}
