//! `POST /act_{account}/customaudiences`: a new, empty customer list.
//!
//! As on the real thing a repeat makes a second audience.

use serde_json::json;

use super::{Effect, GraphError, outcome, parameters::Parameters, standing};
use crate::{
    records::{Audience, Profile, audience::CUSTOM},
    state::State,
};

/// Meta allows this many customer-list audiences in one ad account.
const MOST_AUDIENCES: u64 = 500;

const SOURCES: [&str; 3] = [
    "USER_PROVIDED_ONLY",
    "PARTNER_PROVIDED_ONLY",
    "BOTH_USER_AND_PARTNER_PROVIDED",
];

/// `now` in Unix seconds.
pub(super) fn post(
    state: &State,
    object: &str,
    parameters: &Parameters<'_>,
    now: u64,
) -> Result<Effect, GraphError> {
    let mut records = state.records();
    let account = object
        .strip_prefix("act_")
        .filter(|account| records.accounts.contains_key(*account))
        .ok_or_else(|| GraphError::no_such_object("post"))?;
    standing::check_account(records.accounts.get(account))?;
    let profile = profile(account, parameters)?;
    if profile.is_value_based {
        standing::check_value_terms(records.accounts.get(account))?;
    }
    if records.audiences_of(account, now) >= MOST_AUDIENCES {
        return Err(GraphError::parameter(format!(
            "This ad account has reached its limit of {MOST_AUDIENCES} customer list audiences"
        )));
    }
    let id = records.free_audience_id();
    records
        .audiences
        .insert(id.clone(), Audience::new(profile, now));
    Ok(Effect {
        body: json!({ "id": id }).to_string().into_bytes(),
        items: 1,
        outcome: outcome::ACCEPTED,
    })
}

fn profile(account: &str, parameters: &Parameters<'_>) -> Result<Profile, GraphError> {
    let text = |name| parameters.text(name).filter(|text| !text.is_empty());
    let missing = |name| GraphError::parameter(format!("missing parameter(s): {name}"));
    let name = text("name").ok_or_else(|| missing("name"))?;
    let source = text("customer_file_source").ok_or_else(|| missing("customer_file_source"))?;
    if !SOURCES.contains(&source.as_ref()) {
        return Err(GraphError::parameter(
            "Param customer_file_source is not a known source",
        ));
    }
    if text("subtype").is_none_or(|subtype| subtype != CUSTOM) {
        return Err(GraphError::parameter(
            "Param subtype must be CUSTOM for a customer list",
        ));
    }
    let retention_days = match text("retention_days").map(|days| days.parse()) {
        None => 0,
        Some(Ok(days @ 1..=180)) => days,
        Some(_) => {
            return Err(GraphError::parameter(
                "Param retention_days must be 1 to 180",
            ));
        }
    };
    let is_value_based = match text("is_value_based").as_deref() {
        None | Some("false" | "0") => false,
        Some("true" | "1") => true,
        Some(_) => {
            return Err(GraphError::parameter(
                "Param is_value_based must be a boolean",
            ));
        }
    };
    let shortened = |text: &str| text.chars().take(1_000).collect();
    Ok(Profile {
        name: shortened(&name),
        description: shortened(&text("description").unwrap_or_default()),
        account: account.to_owned(),
        customer_file_source: source.into_owned(),
        subtype: CUSTOM.to_owned(),
        is_value_based,
        retention_days,
    })
}
