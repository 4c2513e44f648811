//! What follows from what Meta told, for a route and perhaps for one file of it. Pure.

use super::advice;
use super::ask::{Denied, Facts, Terms, Told};
use super::finding::{Check, Finding};
use super::named::Unnamed;
use crate::config::{self, Conversions, CustomAudience, Route};
use crate::identity::columns::{Columns, Role};
use crate::identity::key::Key;
use crate::meta::{ActionSource, AudienceMode, AudienceState, DatasetState, OperationStatus};

/// The one name of terms that Meta's pages show.
const LIST_TERMS: &str = "custom_audience_tos";

/// Names of other terms are not published; those of values hold this.
const VALUE_TERMS: &str = "value_based";

/// Meta's code for an audience that is going to be deleted because nobody uses it.
const EXPIRING: u16 = 100;

/// From this `delivery_status` on ads cannot be shown to it; that it is too small yet is less.
const NOT_FOR_ADS: u16 = 400;

/// Judges a route. `has_values` says whether the file at hand has a column of what members
/// are worth; without a file, whether one is named.
pub(super) fn judge(route: &Route, facts: &Facts, has_values: Option<bool>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &facts.secret {
        Ok(credentials) => {
            let read = advice::secret_read(&route.credentials, credentials);
            findings.push(Finding::ok(Check::Secret, read));
        }
        Err(error) => {
            let sentence = crate::error_chain::ErrorChain(error).to_string();
            findings.push(if error.is_transient() {
                Finding::unknown(Check::Secret, sentence)
            } else {
                Finding::failed(Check::Secret, sentence)
            });
        }
    }
    match (&facts.told, &route.destination) {
        (Told::NoDataset, _) => {
            findings.push(Finding::failed(Check::Dataset, advice::NO_DATASET));
        }
        (Told::NoName(unnamed), config::Destination::CustomAudience(audience)) => {
            let denied = match unnamed {
                Unnamed::Denied(denied) => Some(denied),
                Unnamed::None | Unnamed::Several(_) => None,
            };
            findings.push(token(route, denied));
            findings.extend(unnamed_audience(audience, unnamed));
        }
        (Told::Dataset { id, state }, config::Destination::Conversions(conversions)) => {
            findings.push(token(route, state.as_ref().err()));
            dataset(id, state.as_ref(), conversions, &mut findings);
        }
        (Told::Audience { id, state, terms }, config::Destination::CustomAudience(audience)) => {
            findings.push(token(route, state.as_ref().err()));
            if let Some(named) = &audience.named {
                let found = format!("{:?} is audience {id}", named.name);
                findings.push(Finding::ok(Check::Name, found));
            }
            match state {
                Ok(state) => {
                    let values = has_values.or_else(|| names_values(&route.columns));
                    audience_found(id, state, audience, values, &mut findings);
                }
                Err(Denied::Token(_)) => {}
                Err(denied) => findings.push(denied_audience(id, denied)),
            }
            if let Some(terms) = terms {
                let value_based = matches!(state, Ok(state) if state.is_value_based == Some(true));
                findings.extend(terms_of(terms, value_based));
            }
        }
        // Nobody was asked, or about another kind of route.
        (Told::NotAsked | Told::Dataset { .. } | Told::NoName(_) | Told::Audience { .. }, _) => {}
    }
    findings
}

/// Any answer but a refusal of the token says that it is accepted.
fn token(route: &Route, denied: Option<&Denied>) -> Finding {
    match denied {
        Some(Denied::Token(error)) => Finding::blocking(
            Check::Token,
            advice::token_refused(&route.credentials, *error),
        ),
        Some(Denied::NotNow) => Finding::unknown(Check::Token, advice::NOT_NOW),
        Some(Denied::Refused(_) | Denied::Blocked(_) | Denied::Question(_)) | None => {
            Finding::ok(Check::Token, advice::TOKEN_ACCEPTED)
        }
    }
}

fn dataset(
    id: &str,
    state: Result<&DatasetState, &Denied>,
    route: &Conversions,
    findings: &mut Vec<Finding>,
) {
    let check = Check::Dataset;
    let state = match state {
        Ok(state) => state,
        Err(Denied::Token(_)) => return,
        Err(Denied::Refused(error)) if advice::is_missing(*error) => {
            findings.push(Finding::failed(check, advice::no_dataset(id, *error)));
            return;
        }
        Err(Denied::Refused(error)) => {
            findings.push(Finding::warning(check, advice::unseen_dataset(id, *error)));
            return;
        }
        Err(Denied::Blocked(error)) => {
            findings.push(Finding::failed(check, advice::calls_blocked(*error)));
            return;
        }
        Err(Denied::Question(error)) => {
            findings.push(Finding::unknown(check, advice::odd_question(*error)));
            return;
        }
        Err(Denied::NotNow) => {
            findings.push(Finding::unknown(check, advice::NOT_NOW));
            return;
        }
    };
    findings.push(if state.is_unavailable == Some(true) {
        Finding::failed(check, advice::unavailable_dataset(id))
    } else {
        Finding::ok(check, format!("dataset {id} can be reached"))
    });
    if route.action_source == ActionSource::PhysicalStore {
        match state.is_consolidated_container {
            Some(true) => findings.push(Finding::ok(
                Check::StoreEvents,
                "the dataset takes events of stores",
            )),
            Some(false) => findings.push(Finding::warning(
                Check::StoreEvents,
                advice::no_store_events(id),
            )),
            None => findings.push(Finding::warning(
                Check::StoreEvents,
                advice::store_events_not_told(id),
            )),
        }
    }
}

fn unnamed_audience(audience: &CustomAudience, unnamed: &Unnamed) -> Option<Finding> {
    let check = Check::Name;
    let named = audience.named.as_ref()?;
    Some(match unnamed {
        Unnamed::Denied(Denied::Token(_)) => return None,
        Unnamed::Denied(Denied::NotNow) => Finding::unknown(check, advice::NOT_NOW),
        Unnamed::Denied(Denied::Blocked(_)) => {
            Finding::failed(check, advice::no_name(named, unnamed))
        }
        Unnamed::Denied(Denied::Question(_)) => {
            Finding::unknown(check, advice::no_name(named, unnamed))
        }
        Unnamed::None | Unnamed::Several(_) | Unnamed::Denied(Denied::Refused(_)) => {
            Finding::blocking(check, advice::no_name(named, unnamed))
        }
    })
}

fn denied_audience(id: &str, denied: &Denied) -> Finding {
    let check = Check::Audience;
    match denied {
        Denied::Token(error) | Denied::Refused(error) if advice::is_missing(*error) => {
            Finding::failed(check, advice::no_audience(id, *error))
        }
        Denied::Token(error) | Denied::Refused(error) => {
            Finding::failed(check, advice::refused_audience(id, *error))
        }
        Denied::Blocked(error) => Finding::failed(check, advice::calls_blocked(*error)),
        Denied::Question(error) => Finding::unknown(check, advice::odd_question(*error)),
        Denied::NotNow => Finding::unknown(check, advice::NOT_NOW),
    }
}

fn audience_found(
    id: &str,
    state: &AudienceState,
    route: &CustomAudience,
    has_values: Option<bool>,
    findings: &mut Vec<Finding>,
) {
    findings.push(Finding::ok(
        Check::Audience,
        format!("audience {id} is there"),
    ));
    match state.subtype.as_deref() {
        Some("CUSTOM") => findings.push(Finding::ok(Check::Subtype, "it is a customer list")),
        Some(_) => findings.push(Finding::blocking(
            Check::Subtype,
            advice::no_customer_list(id),
        )),
        None => findings.push(Finding::warning(
            Check::Subtype,
            advice::subtype_not_told(id),
        )),
    }
    if let (Some(configured), Some(own)) = (&route.ad_account, &state.account_id) {
        let configured = configured.as_str();
        findings.push(if configured.strip_prefix("act_") == Some(own) {
            Finding::ok(Check::AdAccount, format!("it belongs to {configured}"))
        } else {
            Finding::failed(Check::AdAccount, advice::other_account(id, configured))
        });
    }
    let can_edit = state.permission_for_actions.and_then(|may| may.can_edit);
    match can_edit {
        Some(true) => findings.push(Finding::ok(
            Check::Permission,
            "the token may change its members",
        )),
        Some(false) => findings.push(Finding::blocking(
            Check::Permission,
            advice::cannot_edit(id),
        )),
        None => findings.push(Finding::warning(
            Check::Permission,
            advice::permission_not_told(id),
        )),
    }
    findings.push(status(id, state));
    findings.extend(values(id, state, route.mode, has_values));
}

fn status(id: &str, state: &AudienceState) -> Finding {
    let check = Check::Status;
    let (Some(status), Some(operation)) = (state.operation_status, state.operation()) else {
        return Finding::warning(check, advice::status_not_told(id));
    };
    let code = status.code;
    match operation {
        OperationStatus::Usable if code == EXPIRING => {
            let sentence = advice::expiring(id, state.delete_time);
            Finding::warning(check, sentence)
        }
        OperationStatus::Usable
            if state
                .delivery_status
                .is_some_and(|status| status.code >= NOT_FOR_ADS) =>
        {
            Finding::warning(check, advice::not_for_ads(id))
        }
        OperationStatus::Usable => Finding::ok(check, format!("it can be written to ({code})")),
        OperationStatus::BeingReplaced => Finding::warning(check, advice::being_replaced(id)),
        OperationStatus::ReplacementFailed => {
            Finding::warning(check, advice::replacement_failed(id))
        }
        OperationStatus::Blocked => Finding::blocking(check, advice::blocked(id, code)),
        OperationStatus::Unknown => Finding::warning(check, advice::unknown_status(id, code)),
    }
}

/// Of removals values are not sent at all.
fn values(
    id: &str,
    state: &AudienceState,
    mode: AudienceMode,
    has_values: Option<bool>,
) -> Option<Finding> {
    let check = Check::Values;
    if mode == AudienceMode::Remove {
        return None;
    }
    match (state.is_value_based?, has_values) {
        (true, Some(true)) => Some(Finding::ok(check, "it asks for values, and has them")),
        (true, Some(false)) => Some(Finding::blocking(check, advice::values_missing(id))),
        (true, None) => Some(Finding::ok(check, advice::VALUES_OF_EACH_FILE)),
        (false, Some(true)) => Some(Finding::warning(check, advice::values_unused(id))),
        (false, Some(false) | None) => None,
    }
}

/// Whether the configuration names a column of values; under auto only a header tells.
fn names_values(columns: &Columns) -> Option<bool> {
    match columns {
        Columns::Auto => None,
        Columns::Named(columns) => Some(columns.iter().any(|column| match column.role {
            Role::Identifier { key, .. } => key == Key::LookalikeValue,
            Role::OnlyIf { .. } => false,
        })),
    }
}

fn terms_of(terms: &Terms, value_based: bool) -> Vec<Finding> {
    let check = Check::Terms;
    let account = &terms.account;
    let accepted = match &terms.accepted {
        Ok(accepted) => &accepted.tos_accepted,
        Err(Denied::NotNow) => return vec![Finding::unknown(check, advice::NOT_NOW)],
        Err(Denied::Blocked(error)) => {
            return vec![Finding::failed(check, advice::calls_blocked(*error))];
        }
        Err(Denied::Question(error)) => {
            return vec![Finding::unknown(check, advice::odd_question(*error))];
        }
        Err(Denied::Token(error) | Denied::Refused(error)) => {
            return vec![Finding::warning(
                check,
                advice::unseen_terms(account, *error),
            )];
        }
    };
    let mut findings = vec![match accepted.get(LIST_TERMS) {
        Some(1..) => Finding::ok(
            check,
            format!("the customer list terms of {account} are accepted"),
        ),
        Some(_) => Finding::blocking(check, advice::terms_not_accepted(account)),
        None => Finding::warning(check, advice::terms_not_told(account)),
    }];
    let of_values = |name: &String| name.contains(VALUE_TERMS);
    let mut others = accepted.iter().filter(|(name, _)| of_values(name));
    if value_based && others.any(|(_, accepted)| *accepted < 1) {
        findings.push(Finding::warning(check, advice::value_terms(account)));
    }
    findings
}
