//! The sentences of the checks: what was found, where, and what to do. All in one place, so
//! that they speak alike.

use time::OffsetDateTime;

use super::ask::Denied;
use super::named::Unnamed;
use crate::config::NamedAudience;
use crate::credentials::{Credentials, SecretRef};
use crate::meta::ErrorCode;

pub(super) const NO_DATASET: &str = "neither the route's conversions.dataset_id nor a pixel_id in its secret says where to send to: set one of them";

pub(super) const NOT_NOW: &str = "Meta could not be asked now: it did not answer, or a quota is used up; ask again later (sending is not held up)";

/// Meta's pages that this was built on show no way to ask when, but with the token in an
/// address, where it does not belong.
pub(super) const TOKEN_ACCEPTED: &str =
    "Meta accepts the token (when it expires is not known: see where it was made)";

pub(super) const VALUES_OF_EACH_FILE: &str =
    "it asks for values: each file needs a lookalike_value column in its header";

pub(super) fn secret_read(secret: &SecretRef, credentials: &Credentials) -> String {
    format!("{secret} holds {}", credentials.shape)
}

pub(super) fn token_refused(secret: &SecretRef, error: Option<ErrorCode>) -> String {
    format!(
        "Meta does not accept the access token ({}): renew it in {secret}",
        shown(error)
    )
}

/// Meta's answer for what is not there, and for what the token has no access to.
pub(super) fn is_missing(error: Option<ErrorCode>) -> bool {
    matches!(
        error,
        Some(ErrorCode {
            code: 100,
            subcode: Some(33 | 34)
        })
    )
}

pub(super) fn no_dataset(id: &str, error: Option<ErrorCode>) -> String {
    format!(
        "Meta shows this token no dataset {id} ({}): check the id, and give the token's system user access to the dataset",
        shown(error)
    )
}

/// What to do about a refusal that is for want of neither a permission nor a token.
fn other_cause(error: Option<ErrorCode>) -> Option<&'static str> {
    let is_other =
        |error: &ErrorCode| !error.is_about_permission() && !matches!(error.code, 102 | 190);
    error.filter(is_other).map(ErrorCode::advice)
}

/// Whatever was asked for: Meta answers nothing.
pub(super) fn calls_blocked(error: Option<ErrorCode>) -> String {
    let what = error.map_or("see Meta's Business settings", ErrorCode::advice);
    format!("Meta answers no question ({}): {what}", shown(error))
}

/// A token that may send events need not be allowed more: no source says that it is.
pub(super) fn unseen_dataset(id: &str, error: Option<ErrorCode>) -> String {
    if let Some(what) = other_cause(error) {
        return format!(
            "Meta does not show dataset {id} ({}): {what} (events may be taken all the same, and the first ones will tell)",
            shown(error)
        );
    }
    format!(
        "the token may not look at dataset {id} ({}): events may be taken all the same, and the first ones will tell",
        shown(error)
    )
}

pub(super) fn unavailable_dataset(id: &str) -> String {
    format!("Meta says that dataset {id} is unavailable: look at it in Events Manager")
}

pub(super) fn no_store_events(id: &str) -> String {
    format!(
        "dataset {id} does not take events of stores: connect it to offline events in Events Manager, or set another action_source"
    )
}

pub(super) fn store_events_not_told(id: &str) -> String {
    format!(
        "Meta does not say whether dataset {id} takes events of stores: look in Events Manager, or the first ones will tell"
    )
}

pub(super) fn no_audience(id: &str, error: Option<ErrorCode>) -> String {
    format!(
        "Meta shows this token no audience {id} ({}): check the id, and give the token's system user access to its ad account",
        shown(error)
    )
}

pub(super) fn refused_audience(id: &str, error: Option<ErrorCode>) -> String {
    if let Some(what) = other_cause(error) {
        return format!(
            "Meta does not show audience {id} ({}): {what}",
            shown(error)
        );
    }
    format!(
        "the token may not look at audience {id} ({}): give it ads_management, and its system user the ad account",
        shown(error)
    )
}

/// Why the name of an audience is no help.
pub(super) fn no_name(named: &NamedAudience, unnamed: &Unnamed) -> String {
    let name = &named.name;
    match unnamed {
        Unnamed::None if named.create.is_some() => format!(
            "the ad account has no customer list called {name:?}: make it by audience-activator preflight --create"
        ),
        Unnamed::None => format!(
            "the ad account has no customer list called {name:?}: correct audience_name or ad_account, or make it"
        ),
        Unnamed::Several(ids) => format!(
            "several customer lists are called {name:?} ({}): set audience to the id of the right one, or rename the others",
            ids.join(", ")
        ),
        Unnamed::Denied(Denied::Blocked(error)) => calls_blocked(*error),
        Unnamed::Denied(Denied::Token(error) | Denied::Refused(error)) => {
            let error_shown = shown(*error);
            match other_cause(*error) {
                Some(what) => {
                    format!(
                        "Meta does not list the audiences of the ad account ({error_shown}): {what}"
                    )
                }
                None => format!(
                    "the token may not list the audiences of the ad account ({error_shown}): check ad_account, and give its system user access to it"
                ),
            }
        }
        Unnamed::Denied(Denied::Question(error)) => format!(
            "Meta does not list the ad account's audiences to its end ({}): set audience to the id in place of audience_name",
            shown(*error)
        ),
        Unnamed::Denied(Denied::NotNow) => NOT_NOW.to_owned(),
    }
}

pub(super) fn created(name: &str, id: &str) -> String {
    format!(
        "{name:?} was made and is audience {id}: set audience to it in place of audience_name to save looking for it"
    )
}

pub(super) fn not_created(name: &str, account: &str, error: Option<ErrorCode>) -> String {
    // What 100 has to say is of uploads.
    let what = other_cause(error.filter(|error| error.code != 100)).unwrap_or(
        "check the token's permissions, the accepted terms, and that the account has fewer than 500 customer lists",
    );
    format!(
        "Meta does not make audience {name:?} in {account} ({}): {what}",
        shown(error)
    )
}

pub(super) fn perhaps_created(name: &str) -> String {
    format!(
        "it is not known whether audience {name:?} was made, since Meta's answer was lost and its list does not show it: look in Audience Manager before this is run again"
    )
}

/// A refusal that is about the question and not about what was asked for.
pub(super) fn odd_question(error: Option<ErrorCode>) -> String {
    format!(
        "Meta does not take the question ({}): where the app requires a proof, put its app_secret into the secret; else check meta.conversions_version and meta.audience_version",
        shown(error)
    )
}

pub(super) fn no_customer_list(id: &str) -> String {
    format!(
        "audience {id} is no customer list (its subtype is not CUSTOM): set the id of a customer list"
    )
}

pub(super) fn other_account(id: &str, configured: &str) -> String {
    format!("audience {id} belongs to another ad account than {configured}: correct one of the two")
}

pub(super) fn cannot_edit(id: &str) -> String {
    format!(
        "the token may not change audience {id}: let its system user manage the ad account's audiences"
    )
}

pub(super) fn permission_not_told(id: &str) -> String {
    format!(
        "Meta does not say whether the token may change audience {id}: look in Business settings, or the first upload will tell"
    )
}

pub(super) fn status_not_told(id: &str) -> String {
    format!("Meta does not say what state audience {id} is in: see Audience Manager")
}

pub(super) fn subtype_not_told(id: &str) -> String {
    format!("Meta does not say whether audience {id} is a customer list: see Audience Manager")
}

pub(super) fn expiring(id: &str, delete_time: Option<i64>) -> String {
    let date = delete_time
        .filter(|at| *at > 0)
        .and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok())
        .map(OffsetDateTime::date);
    let when = date.map_or_else(String::new, |date| format!(" on {date}"));
    format!(
        "audience {id} has long not been used, and Meta deletes it{when}: use it in an active ad set, or take it out of the route"
    )
}

pub(super) fn not_for_ads(id: &str) -> String {
    format!(
        "audience {id} can be written to, but Meta says that no ad can use it: see Audience Manager"
    )
}

pub(super) fn being_replaced(id: &str) -> String {
    format!(
        "audience {id} is being replaced: people cannot be added or removed until that is over, 90 minutes at most for its upload"
    )
}

pub(super) fn replacement_failed(id: &str) -> String {
    format!(
        "the last replacement of audience {id} failed, and its members may be the old ones in part: replace it again"
    )
}

pub(super) fn blocked(id: &str, code: u16) -> String {
    match code {
        470 => format!(
            "the ad account that made audience {id} is inactive (status 470): reactivate it, or use another audience"
        ),
        471 => format!(
            "Meta has flagged audience {id} for what its name or description suggests (status 471): see Audience Manager, or use another audience"
        ),
        _ => format!(
            "Meta reports an error of audience {id} (status {code}): see Audience Manager, or use another audience"
        ),
    }
}

/// What Meta lists without saying what becomes of uploads, and what it does not list.
pub(super) fn unknown_status(id: &str, code: u16) -> String {
    let what = match code {
        0 => "is not available yet",
        421..=423 => "has a fault of its pixel",
        431..=434 => "has a fault of a lookalike audience",
        442 => "could not be filled at first",
        _ => "is in a state that is not known here",
    };
    format!("audience {id} {what} (status {code}): see Audience Manager (sending is not held up)")
}

pub(super) fn values_missing(id: &str) -> String {
    format!(
        "audience {id} is based on values and no column holds them, so that Meta refuses every request: map a column to lookalike_value"
    )
}

pub(super) fn values_unused(id: &str) -> String {
    format!(
        "a column holds lookalike_value, and audience {id} is not based on values: take the column out, or make an audience that is"
    )
}

pub(super) fn terms_not_accepted(account: &str) -> String {
    format!(
        "the customer list terms of {account} are not accepted: a person of the business that owns it has to accept them in Business Manager"
    )
}

pub(super) fn terms_not_told(account: &str) -> String {
    format!(
        "Meta does not say whether the customer list terms of {account} are accepted: look in Business Manager"
    )
}

pub(super) fn value_terms(account: &str) -> String {
    format!(
        "terms of {account} that seem to be those of value-based audiences are not accepted: look in Business Manager"
    )
}

pub(super) fn unseen_terms(account: &str, error: Option<ErrorCode>) -> String {
    if let Some(what) = other_cause(error) {
        return format!(
            "Meta does not say whether the terms of {account} are accepted ({}): {what}",
            shown(error)
        );
    }
    format!(
        "the token may not see whether the terms of {account} are accepted ({}): check ad_account, and the system user's access to it",
        shown(error)
    )
}

fn shown(error: Option<ErrorCode>) -> String {
    error.map_or_else(
        || "without a code".to_owned(),
        |error| format!("error {error}"),
    )
}
