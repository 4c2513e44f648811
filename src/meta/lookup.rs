//! What Meta tells of an audience, an ad account or a dataset when it is asked.
//!
//! Every member may be missing: Meta leaves out what a token may not see. What has an
//! unexpected form is as good as missing, but for `operation_status`.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::lenient;
use crate::identity::key::Api;

/// A question, by `GET`. It changes nothing, so it may be asked again.
pub trait Lookup {
    /// In whose version it is asked.
    const API: Api;

    type Found: DeserializeOwned;

    /// What follows the version in the URL, with the fields that are asked for.
    fn path(&self) -> String;
}

/// One custom audience, by its id. (Meta, "Customer File Custom Audiences"; the fields
/// are those of the SDK's `adobjects/customaudience.py`.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audience(pub String);

impl Lookup for Audience {
    const API: Api = Api::CustomAudience;
    type Found = AudienceState;

    fn path(&self) -> String {
        format!(
            "{}?fields=id,account_id,subtype,operation_status,delivery_status,\
             permission_for_actions,is_value_based,approximate_count_lower_bound,delete_time",
            self.0
        )
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AudienceState {
    /// The number alone, without `act_`.
    #[serde(deserialize_with = "lenient::id")]
    pub account_id: Option<String>,
    /// Uploads go to `CUSTOM` ones only.
    #[serde(deserialize_with = "lenient::text")]
    pub subtype: Option<String>,
    /// By this a replacement is begun or gone on with, so it is not taken for missing where it
    /// cannot be read: then the whole answer cannot.
    pub operation_status: Option<Described>,
    #[serde(deserialize_with = "described")]
    pub delivery_status: Option<Described>,
    #[serde(deserialize_with = "lenient::object")]
    pub permission_for_actions: Option<Permissions>,
    #[serde(deserialize_with = "lenient::choice")]
    pub is_value_based: Option<bool>,
    /// Rounded; -1 of an inactive audience.
    #[serde(deserialize_with = "lenient::number")]
    pub approximate_count_lower_bound: Option<i64>,
    /// Unix seconds; 0 if it is not to be deleted.
    #[serde(deserialize_with = "lenient::number")]
    pub delete_time: Option<i64>,
}

/// A state of Meta's. Its description is translated, so only the code is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Described {
    pub code: u16,
}

fn described<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Described>, D::Error> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Body {
        #[serde(deserialize_with = "lenient::number")]
        code: Option<i64>,
    }
    let body: Option<Body> = lenient::object(from)?;
    let code = body.and_then(|body| u16::try_from(body.code?).ok());
    Ok(code.map(|code| Described { code }))
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Permissions {
    #[serde(deserialize_with = "lenient::choice")]
    pub can_edit: Option<bool>,
}

/// What an audience's `operation_status` means for whoever wants to write to it.
/// (Meta's codes; which of them to write at is judgement.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationStatus {
    /// 200, and those that do not keep from writing: expiring, warnings, no upload yet,
    /// low match rate, many invalid entries, populating, out of date.
    Usable,
    /// 414: a replacement is running.
    BeingReplaced,
    /// 415: the last replacement failed.
    ReplacementFailed,
    /// 470, 471, 500: the creator's account is inactive, the audience is flagged, an error.
    Blocked,
    /// One that no source knows.
    Unknown,
}

impl AudienceState {
    /// `None` where Meta does not tell.
    pub fn operation(&self) -> Option<OperationStatus> {
        self.operation_status.map(|status| match status.code {
            200 | 100 | 400 | 410..=412 | 441 | 450 => OperationStatus::Usable,
            414 => OperationStatus::BeingReplaced,
            415 => OperationStatus::ReplacementFailed,
            470 | 471 | 500 => OperationStatus::Blocked,
            _ => OperationStatus::Unknown,
        })
    }

    /// `false` only where Meta says so.
    pub fn can_be_edited(&self) -> bool {
        self.permission_for_actions
            .and_then(|permissions| permissions.can_edit)
            .unwrap_or(true)
    }
}

/// The terms of one ad account, whose id begins with `act_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdAccount(pub String);

impl Lookup for AdAccount {
    const API: Api = Api::CustomAudience;
    type Found = AdAccountTerms;

    fn path(&self) -> String {
        format!("{}?fields=tos_accepted", self.0)
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct AdAccountTerms {
    /// By the terms' name: 1 if they were accepted for the account.
    #[serde(deserialize_with = "by_name")]
    pub tos_accepted: BTreeMap<String, i64>,
}

/// Numbers by their names. Nothing, a list (an empty one may stand for no names, as Meta's
/// `invalid_entry_samples` is said to) and members of any other kind tell of no terms.
fn by_name<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, i64>, D::Error> {
    let Value::Object(members) = Value::deserialize(from)? else {
        return Ok(BTreeMap::new());
    };
    let numbers = members.into_iter();
    Ok(numbers
        .filter_map(|(name, value)| Some((name, value.as_i64()?)))
        .collect())
}

/// One dataset (or pixel), by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset(pub String);

impl Lookup for Dataset {
    const API: Api = Api::Conversions;
    type Found = DatasetState;

    fn path(&self) -> String {
        format!(
            "{}?fields=id,name,is_unavailable,is_consolidated_container",
            self.0
        )
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct DatasetState {
    #[serde(deserialize_with = "lenient::choice")]
    pub is_unavailable: Option<bool>,
    /// Whether it takes store events.
    #[serde(deserialize_with = "lenient::choice")]
    pub is_consolidated_container: Option<bool>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn what_meta_leaves_out_is_unknown_and_not_false() {
        let state: AudienceState = serde_json::from_str(r#"{"id":"1"}"#).unwrap();
        assert_eq!(state.operation(), None);
        assert!(state.can_be_edited());
        let state: AudienceState = serde_json::from_str(
            r#"{"operation_status":{"code":414,"description":"…"},
                "permission_for_actions":{"can_edit":false,"can_see_insight":"true"}}"#,
        )
        .unwrap();
        assert_eq!(state.operation(), Some(OperationStatus::BeingReplaced));
        assert!(!state.can_be_edited());
    }

    #[test]
    fn an_odd_member_costs_no_other_its_meaning() {
        let whole = json!({
            "account_id": "3003", "subtype": "CUSTOM", "operation_status": {"code": 200},
            "delivery_status": {"code": 300}, "permission_for_actions": {"can_edit": true},
            "is_value_based": false, "approximate_count_lower_bound": 1000, "delete_time": 0,
        });
        let read = |value: &Value| serde_json::from_value::<AudienceState>(value.clone()).unwrap();
        let shown = |value: &Value| format!("{:?}", read(value));
        let odd = [
            json!("a/b?c"),
            json!(-1),
            json!(1.5),
            json!(true),
            json!(null),
            json!([[1]]),
            json!({"code": [], "can_edit": 7}),
            json!({}),
        ];
        let members = whole.as_object().unwrap();
        for (name, _) in members {
            if name == "operation_status" {
                continue;
            }
            for odd in &odd {
                let mut with = whole.clone();
                with[name] = odd.clone();
                let mut without = whole.clone();
                without.as_object_mut().unwrap().remove(name);
                let (with, without) = (shown(&with), shown(&without));
                // Some of them have a meaning for some.
                let has_meaning = matches!(
                    (name.as_str(), odd),
                    ("subtype", Value::String(_))
                        | ("is_value_based", Value::Bool(_))
                        | ("permission_for_actions", _)
                ) || (odd == &json!(-1)
                    && matches!(
                        name.as_str(),
                        "approximate_count_lower_bound" | "delete_time"
                    ));
                assert!(with == without || has_meaning, "{name}: {odd}: {with}");
            }
        }
        let read = read(&json!({
            "account_id": 3003, "permission_for_actions": {"can_edit": "false"},
            "delivery_status": {"code": "300"}, "delete_time": "1780000000", "is_value_based": "no",
        }));
        assert_eq!(read.account_id.as_deref(), Some("3003"));
        assert!(!read.can_be_edited());
        assert_eq!(read.delivery_status, Some(Described { code: 300 }));
        assert_eq!(read.delete_time, Some(1_780_000_000));
        assert_eq!(read.is_value_based, None);
        let dataset: DatasetState =
            serde_json::from_str(r#"{"is_unavailable":[],"is_consolidated_container":true}"#)
                .unwrap();
        assert_eq!(dataset.is_unavailable, None);
        assert_eq!(dataset.is_consolidated_container, Some(true));
    }

    #[test]
    fn an_audience_whose_state_cannot_be_read_is_not_taken_for_one_without_a_state() {
        for odd in [json!("fine"), json!(200), json!({}), json!({"code": "new"})] {
            let state = json!({"id": "1", "operation_status": odd});
            let read = serde_json::from_value::<AudienceState>(state);
            assert!(read.is_err(), "{odd}");
        }
        let state = json!({"id": "1", "operation_status": null});
        let read: AudienceState = serde_json::from_value(state).unwrap();
        assert_eq!(read.operation(), None);
    }

    #[test]
    fn an_account_that_is_no_number_is_not_told() {
        for account in ["1/../2", "act_1", "", "1 2", "123456789012345678901", "١٢"] {
            let state: AudienceState =
                serde_json::from_value(json!({"account_id": account})).unwrap();
            assert_eq!(state.account_id, None, "{account}");
        }
    }

    #[test]
    fn terms_that_cannot_be_read_are_terms_that_are_not_told() {
        let terms = |text: &str| -> BTreeMap<String, i64> {
            let account: AdAccountTerms = serde_json::from_str(text).unwrap();
            account.tos_accepted
        };
        let told = terms(r#"{"id":"act_1","tos_accepted":{"custom_audience_tos":1,"x":null}}"#);
        assert_eq!(
            told.into_iter().collect::<Vec<_>>(),
            [("custom_audience_tos".to_owned(), 1)]
        );
        for nothing in ["{}", r#"{"tos_accepted":[]}"#, r#"{"tos_accepted":null}"#] {
            assert!(terms(nothing).is_empty(), "{nothing}");
        }
    }
}
