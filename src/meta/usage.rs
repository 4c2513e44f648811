//! Meta's usage headers: how much of its quota the caller has used.
//!
//! They come on success and failure, may be missing, and hold JSON as text. A bad
//! one is ignored: it must never fail a request.

use std::collections::BTreeMap;
use std::time::Duration;

use reqwest::header::HeaderMap;
use serde::Deserialize;

/// The highest use in percent, as far as the headers tell.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// `X-App-Usage`.
    pub app_percent: Option<f64>,
    /// `X-Ad-Account-Usage`.
    pub account_percent: Option<f64>,
    /// `X-Business-Use-Case-Usage`, all its objects.
    pub business_percent: Option<f64>,
    /// How long Meta says the block lasts: minutes in the business header,
    /// seconds in the ad account's.
    pub regain_access: Option<Duration>,
}

impl Usage {
    pub(super) fn read(headers: &HeaderMap) -> Usage {
        let mut usage = Usage::default();
        if let Some(app) = parse::<Counts>(headers, "x-app-usage") {
            usage.app_percent = app.highest();
        }
        if let Some(account) = parse::<AccountUsage>(headers, "x-ad-account-usage") {
            usage.account_percent = account.acc_id_util_pct;
            if account.acc_id_util_pct >= Some(100.0) {
                usage.wait_at_least(account.reset_time_duration, 1.0);
            }
        }
        type Businesses = BTreeMap<String, Vec<BusinessUsage>>;
        if let Some(businesses) = parse::<Businesses>(headers, "x-business-use-case-usage") {
            for business in businesses.values().flatten() {
                usage.business_percent = larger(usage.business_percent, business.counts.highest());
                usage.wait_at_least(business.estimated_time_to_regain_access, 60.0);
            }
        }
        usage
    }

    /// `amount` of units of so many seconds; nothing and zero say "not throttled".
    fn wait_at_least(&mut self, amount: Option<f64>, seconds: f64) {
        let Some(amount) = amount.filter(|amount| *amount > 0.0) else {
            return;
        };
        let wait = Duration::from_secs_f64((amount * seconds).min(86_400.0));
        self.regain_access = self.regain_access.max(Some(wait));
    }
}

fn parse<T: for<'de> Deserialize<'de>>(headers: &HeaderMap, name: &str) -> Option<T> {
    serde_json::from_slice(headers.get(name)?.as_bytes()).ok()
}

fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}

#[derive(Deserialize)]
struct Counts {
    call_count: Option<f64>,
    total_time: Option<f64>,
    total_cputime: Option<f64>,
}

impl Counts {
    /// Any of the three at 100 throttles.
    fn highest(&self) -> Option<f64> {
        larger(self.call_count, larger(self.total_time, self.total_cputime))
    }
}

#[derive(Deserialize)]
struct AccountUsage {
    acc_id_util_pct: Option<f64>,
    reset_time_duration: Option<f64>,
}

#[derive(Deserialize)]
struct BusinessUsage {
    #[serde(flatten)]
    counts: Counts,
    estimated_time_to_regain_access: Option<f64>,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Usage {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        Usage::read(&headers)
    }

    #[test]
    fn the_highest_of_all_percentages_counts() {
        let usage = read(&[
            (
                "x-app-usage",
                r#"{"call_count":12,"total_time":7.5,"total_cputime":3}"#,
            ),
            (
                "x-business-use-case-usage",
                r#"{"1":[{"type":"custom_audience","call_count":10,"total_cputime":8,"total_time":31,"estimated_time_to_regain_access":0},{"type":"new_one","call_count":44.5}],"2":[]}"#,
            ),
        ]);
        assert_eq!(usage.app_percent, Some(12.0));
        assert_eq!(usage.business_percent, Some(44.5));
        assert_eq!(usage.regain_access, None);
    }

    #[test]
    fn the_business_header_counts_minutes_and_the_accounts_seconds() {
        let business = r#"{"1":[{"estimated_time_to_regain_access":6}]}"#;
        let usage = read(&[("x-business-use-case-usage", business)]);
        assert_eq!(usage.regain_access, Some(Duration::from_secs(360)));
        let account = r#"{"acc_id_util_pct":100,"reset_time_duration":120}"#;
        let usage = read(&[("x-ad-account-usage", account)]);
        assert_eq!(usage.regain_access, Some(Duration::from_secs(120)));
    }

    #[test]
    fn a_bad_header_is_no_header() {
        for text in [
            "",
            "no json",
            "[]",
            r#"{"call_count":"many"}"#,
            r#"{"1":{}}"#,
            "null",
        ] {
            assert_eq!(
                read(&[("x-app-usage", text), ("x-business-use-case-usage", text)]).regain_access,
                None
            );
        }
        let account = r#"{"acc_id_util_pct":1e308,"reset_time_duration":1e308}"#;
        let usage = read(&[("x-ad-account-usage", account)]);
        assert_eq!(usage.regain_access, Some(Duration::from_secs(86_400)));
    }
}
