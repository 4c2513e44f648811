//! The headers in which Meta tells how much of the quota is used.
//!
//! They say what they are told to say, else what the quotas count, else that hardly
//! anything is used.

use hyper::header::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

/// What the three usage headers say from now on.
///
/// Beside the numbers it can hold any text, since a client must survive that too, or
/// nothing, as Meta sends none before there have been enough calls.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Usage {
    /// `X-App-Usage`, on every answer.
    pub app: Option<UsageHeader<AppUsage>>,
    /// `X-Ad-Account-Usage`, on answers about audiences and accounts.
    pub account: Option<UsageHeader<AccountUsage>>,
    /// `X-Business-Use-Case-Usage` of type `custom_audience`, on the same.
    pub business: Option<UsageHeader<BusinessUsage>>,
}

/// A header's content.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum UsageHeader<T> {
    /// Sent as it is.
    Verbatim(String),
    /// Sent as Meta's JSON.
    Report(T),
}

/// Percent of the app's allowance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AppUsage {
    /// Percent.
    #[serde(serialize_with = "percent")]
    pub call_count: f64,
    /// Percent.
    #[serde(serialize_with = "percent")]
    pub total_time: f64,
    /// Percent.
    #[serde(serialize_with = "percent")]
    pub total_cputime: f64,
}

/// The ad account's score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountUsage {
    /// Percent.
    #[serde(serialize_with = "percent")]
    pub acc_id_util_pct: f64,
    /// Seconds.
    pub reset_time_duration: u64,
    /// `development_access` or `standard_access`.
    pub ads_api_access_tier: String,
}

/// The business use case's quota.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BusinessUsage {
    /// Percent.
    #[serde(serialize_with = "percent")]
    pub call_count: f64,
    /// Percent.
    #[serde(serialize_with = "percent")]
    pub total_cputime: f64,
    /// Percent.
    #[serde(serialize_with = "percent")]
    pub total_time: f64,
    /// Minutes.
    pub estimated_time_to_regain_access: u64,
    /// `development_access` or `standard_access`.
    pub ads_api_access_tier: String,
}

/// A text that cannot stand in a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a usage text has characters that no HTTP header can carry")]
pub struct InvalidUsage;

const FULL_ACCESS: &str = "standard_access";

impl Default for Usage {
    fn default() -> Self {
        Self {
            app: Some(UsageHeader::Report(AppUsage::default())),
            account: Some(UsageHeader::Report(AccountUsage::default())),
            business: Some(UsageHeader::Report(BusinessUsage::default())),
        }
    }
}

impl Default for AppUsage {
    fn default() -> Self {
        Self {
            call_count: 1.0,
            total_time: 1.0,
            total_cputime: 1.0,
        }
    }
}

impl Default for AccountUsage {
    fn default() -> Self {
        Self {
            acc_id_util_pct: 1.5,
            reset_time_duration: 0,
            ads_api_access_tier: FULL_ACCESS.to_owned(),
        }
    }
}

impl Default for BusinessUsage {
    fn default() -> Self {
        Self {
            call_count: 1.0,
            total_cputime: 1.0,
            total_time: 1.0,
            estimated_time_to_regain_access: 0,
            ads_api_access_tier: FULL_ACCESS.to_owned(),
        }
    }
}

impl Usage {
    /// Whether every text can stand in a header.
    pub(crate) fn check(&self) -> Result<(), InvalidUsage> {
        let texts = [
            self.app.as_ref().and_then(UsageHeader::verbatim),
            self.account.as_ref().and_then(UsageHeader::verbatim),
            self.business.as_ref().and_then(UsageHeader::verbatim),
        ];
        for text in texts.into_iter().flatten() {
            HeaderValue::from_str(text).map_err(|_| InvalidUsage)?;
        }
        Ok(())
    }

    /// The headers of an answer; `account` is the ad account it concerns, if one.
    pub(crate) fn headers(&self, account: Option<&str>) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        let mut push = |name, text: Option<String>| {
            if let Some(value) = text.and_then(|text| HeaderValue::from_str(&text).ok()) {
                headers.push((HeaderName::from_static(name), value));
            }
        };
        push(
            "x-app-usage",
            self.app
                .as_ref()
                .map(|header| header.text(|report| json!(report))),
        );
        if let Some(account) = account {
            push(
                "x-ad-account-usage",
                self.account
                    .as_ref()
                    .map(|header| header.text(|report| json!(report))),
            );
            push(
                "x-business-use-case-usage",
                self.business.as_ref().map(|header| {
                    header.text(|report| {
                        let mut entry = json!(report);
                        if let Value::Object(members) = &mut entry {
                            members.insert("type".to_owned(), json!("custom_audience"));
                        }
                        json!({ account: [entry] })
                    })
                }),
            );
        }
        headers
    }
}

impl<T> UsageHeader<T> {
    fn verbatim(&self) -> Option<&str> {
        match self {
            Self::Verbatim(text) => Some(text),
            Self::Report(_) => None,
        }
    }

    fn text(&self, json: impl FnOnce(&T) -> Value) -> String {
        match self {
            Self::Verbatim(text) => text.clone(),
            Self::Report(report) => json(report).to_string(),
        }
    }
}

/// A whole number without a point, and any other one with it: Meta sends both.
fn percent<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match format!("{number}").parse() {
        Ok(whole) => serializer.serialize_u64(whole),
        Err(_) => serializer.serialize_f64(*number),
    }
}
