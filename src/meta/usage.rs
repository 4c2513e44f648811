//! Meta's usage headers: how much of its quota the caller has used.
//!
//! They come on success and failure, may be missing, and hold JSON as text, of which
//! whatever cannot be understood is passed over: it must never fail a request.

use std::time::Duration;

use reqwest::header::HeaderMap;
use serde_json::Value;

/// How long Meta's score of an ad account takes to decay. (Meta, "Rate Limiting".)
const SCORE_DECAY: Duration = Duration::from_secs(300);

/// Meta lists up to 32 objects, some of them with several entries.
const MOST_BUSINESSES: usize = 128;

/// The use in percent, as far as the headers tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage {
    /// `X-App-Usage`, the highest of its numbers.
    pub app_percent: Option<f64>,
    /// `X-Ad-Account-Usage`.
    pub account_percent: Option<f64>,
    /// The access of the app to the account is limited (`development_access`), by the
    /// account's header; `false` where it is full.
    pub account_limited: Option<bool>,
    /// How long the account's score takes to come back to nothing, in seconds there.
    pub account_reset: Option<Duration>,
    /// `X-Business-Use-Case-Usage`.
    pub businesses: Vec<BusinessUsage>,
}

/// One use case of one object in the business header.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct BusinessUsage {
    /// The id of the account or business.
    pub object: Option<u64>,
    /// Of type `custom_audience`; other types have quotas of their own.
    pub of_audiences: bool,
    /// The highest of its numbers: any of them at 100 throttles.
    pub percent: Option<f64>,
    /// How long Meta says the block lasts, in minutes there.
    pub regain_access: Option<Duration>,
    /// As [`Usage::account_limited`], by this entry.
    pub limited: Option<bool>,
}

/// What the headers say about one quota.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub percent: f64,
    /// Access is blocked for so long.
    pub regain_access: Option<Duration>,
    /// Without calls nothing is left of the use after so long, where that is known.
    pub reset: Option<Duration>,
}

impl Usage {
    pub(super) fn read(headers: &HeaderMap) -> Usage {
        let mut usage = Usage::default();
        if let Some(app) = parse(headers, "x-app-usage") {
            usage.app_percent = highest(&app);
        }
        if let Some(account) = parse(headers, "x-ad-account-usage") {
            usage.account_percent = number(&account, "acc_id_util_pct");
            usage.account_reset = wait(&account, "reset_time_duration", 1.0);
            usage.account_limited = is_limited(&account);
        }
        if let Some(Value::Object(objects)) = parse(headers, "x-business-use-case-usage") {
            let entries = objects.iter().flat_map(|(id, entries)| {
                let entries = entries.as_array().into_iter().flatten();
                entries.map(|entry| BusinessUsage {
                    object: id.strip_prefix("act_").unwrap_or(id).parse().ok(),
                    of_audiences: entry.get("type").and_then(Value::as_str)
                        == Some("custom_audience"),
                    percent: highest(entry),
                    regain_access: wait(entry, "estimated_time_to_regain_access", 60.0),
                    limited: is_limited(entry),
                })
            });
            usage.businesses = entries.take(MOST_BUSINESSES).collect();
        }
        usage
    }

    /// The highest of the business header.
    pub fn business_percent(&self) -> Option<f64> {
        let percents = self.businesses.iter().map(|business| business.percent);
        percents.fold(None, larger)
    }

    /// What concerns the account that was called, by the number of its id if it is an ad
    /// account. The ad account's header is always about it. Of the business header those
    /// entries are that bear its id, or all, and of these those about audiences, or all.
    pub fn of_account(&self, id: Option<u64>) -> Option<Reading> {
        let business = self.businesses_of(id);
        let business_percent = business.iter().map(|one| one.percent).fold(None, larger);
        let business_regain = business.iter().filter_map(|one| one.regain_access).max();

        let blocked = self.account_percent >= Some(100.0);
        let account_regain = self.account_reset.filter(|_| blocked);
        let by_account = self.account_percent >= business_percent;
        let reset = by_account.then(|| self.account_reset.unwrap_or(SCORE_DECAY));
        let regain_access = business_regain.max(account_regain);
        let untold = regain_access.map(|_| 100.0);
        let percent = larger(self.account_percent, business_percent).or(untold)?;
        Some(Reading {
            percent,
            regain_access,
            reset,
        })
    }

    /// Whether the app's access to the account that was called is limited, by either header:
    /// the ad account's first, and of the business header those entries that concern it.
    pub fn limited_tier(&self, id: Option<u64>) -> Option<bool> {
        let business = self.businesses_of(id).into_iter();
        let limited = business.filter_map(|one| one.limited);
        self.account_limited.or(limited.max())
    }

    fn businesses_of(&self, id: Option<u64>) -> Vec<&BusinessUsage> {
        let mut business: Vec<_> = self.businesses.iter().collect();
        narrow(&mut business, |one| id.is_some() && one.object == id);
        narrow(&mut business, |one| one.of_audiences);
        business
    }

    /// What concerns the app, and with it every account that is called with its token.
    pub fn of_app(&self) -> Option<Reading> {
        Some(Reading {
            percent: self.app_percent?,
            regain_access: None,
            reset: None,
        })
    }
}

/// Keeps only those, if there are any.
fn narrow(all: &mut Vec<&BusinessUsage>, of_those: impl Fn(&BusinessUsage) -> bool) {
    if all.iter().any(|one| of_those(one)) {
        all.retain(|one| of_those(one));
    }
}

fn parse(headers: &HeaderMap, name: &str) -> Option<Value> {
    serde_json::from_slice(headers.get(name)?.as_bytes()).ok()
}

/// The names of the tiers in headers are the old ones.
fn is_limited(report: &Value) -> Option<bool> {
    match report.get("ads_api_access_tier")?.as_str()? {
        "development_access" => Some(true),
        "standard_access" => Some(false),
        _ => None,
    }
}

fn number(report: &Value, name: &str) -> Option<f64> {
    report.get(name)?.as_f64().filter(|number| *number >= 0.0)
}

fn highest(report: &Value) -> Option<f64> {
    let names = ["call_count", "total_time", "total_cputime"];
    names
        .map(|name| number(report, name))
        .into_iter()
        .fold(None, larger)
}

/// A number of units of so many seconds, a day at most; nothing and zero are no wait.
fn wait(report: &Value, name: &str, seconds: f64) -> Option<Duration> {
    let amount = number(report, name).filter(|amount| *amount > 0.0)?;
    Some(Duration::from_secs_f64((amount * seconds).min(86_400.0)))
}

fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn read(pairs: &[(&'static str, &str)]) -> Usage {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            // Written over several lines in a test, a header is one.
            let value: String = value.lines().map(str::trim).collect();
            headers.append(*name, value.parse().unwrap());
        }
        Usage::read(&headers)
    }

    const BUSINESS: &str = "x-business-use-case-usage";
    const ACCOUNT: &str = "x-ad-account-usage";

    #[test]
    fn the_highest_of_all_percentages_counts() {
        let usage = read(&[
            (
                "x-app-usage",
                r#"{"call_count":12,"total_time":7.5,"total_cputime":3}"#,
            ),
            (
                BUSINESS,
                r#"{"1":[{"type":"ads_insights","call_count":10,"total_cputime":8,"total_time":31,"estimated_time_to_regain_access":0},{"type":"new_one","call_count":44.5}],"2":[]}"#,
            ),
        ]);
        assert_eq!(usage.of_app().unwrap().percent, 12.0);
        assert_eq!(usage.business_percent(), Some(44.5));
        let reading = usage.of_account(None).unwrap();
        assert_eq!((reading.percent, reading.regain_access), (44.5, None));
        assert_eq!(
            reading.reset, None,
            "no source says how calls of an hour go"
        );
    }

    #[test]
    fn the_business_header_counts_minutes_and_the_accounts_seconds() {
        let usage = read(&[(BUSINESS, r#"{"1":[{"estimated_time_to_regain_access":6}]}"#)]);
        let reading = usage.of_account(None).unwrap();
        assert_eq!(reading.regain_access, Some(Duration::from_secs(360)));
        assert_eq!(reading.percent, 100.0, "a block without a number is one");
        let account = r#"{"acc_id_util_pct":100,"reset_time_duration":120}"#;
        let reading = read(&[(ACCOUNT, account)]).of_account(None).unwrap();
        assert_eq!(reading.regain_access, Some(Duration::from_secs(120)));
    }

    #[test]
    fn a_score_below_its_limit_blocks_nothing_and_tells_when_it_will_be_gone() {
        let account = r#"{"acc_id_util_pct":41.5,"reset_time_duration":120}"#;
        let reading = read(&[(ACCOUNT, account)]).of_account(Some(7)).unwrap();
        assert_eq!((reading.percent, reading.regain_access), (41.5, None));
        assert_eq!(reading.reset, Some(Duration::from_secs(120)));
        let untold = read(&[(ACCOUNT, r#"{"acc_id_util_pct":41}"#)]);
        assert_eq!(untold.of_account(None).unwrap().reset, Some(SCORE_DECAY));
    }

    #[test]
    fn an_account_is_not_held_up_by_the_quotas_of_others() {
        let usage = read(&[(
            BUSINESS,
            r#"{"1":[{"type":"custom_audience","call_count":20},{"type":"ads_insights","call_count":100,"estimated_time_to_regain_access":50}],
                "act_2":[{"type":"custom_audience","call_count":90}],"3":[{"type":"ads_management","call_count":95}]}"#,
        )]);
        let percent = |id| usage.of_account(id).unwrap().percent;
        assert_eq!(usage.of_account(Some(1)).unwrap().regain_access, None);
        assert_eq!(
            [Some(1), Some(2), Some(3), Some(4), None].map(percent),
            [20.0, 90.0, 95.0, 90.0, 90.0]
        );
    }

    #[test]
    fn of_as_many_objects_as_meta_lists_the_accounts_own_counts() {
        let entry = |id: u64| {
            let tier = if id == 32 { "development" } else { "standard" };
            format!(
                r#""{id}":[{{"type":"ads_management","call_count":99,"ads_api_access_tier":"standard_access"}},
                {{"type":"custom_audience","call_count":{id},"total_time":0.5,"ads_api_access_tier":"{tier}_access"}}]"#
            )
        };
        let all: Vec<String> = (1..=32).map(entry).collect();
        let usage = read(&[(BUSINESS, &format!("{{{}}}", all.join(",")))]);
        assert_eq!(usage.businesses.len(), 64);
        for id in 1..=32 {
            let reading = usage.of_account(Some(id)).unwrap();
            assert_eq!(reading.percent, id as f64);
            assert_eq!(usage.limited_tier(Some(id)), Some(id == 32));
        }
        // Whose it is nobody knows: the worst of all.
        assert_eq!(usage.of_account(Some(33)).unwrap().percent, 32.0);
        assert_eq!(usage.limited_tier(None), Some(true));
    }

    #[test]
    fn the_tier_is_the_one_that_the_accounts_own_header_tells() {
        let business =
            r#"{"7":[{"type":"custom_audience","ads_api_access_tier":"development_access"}]}"#;
        let account = r#"{"acc_id_util_pct":1,"ads_api_access_tier":"standard_access"}"#;
        let told = |pairs: &[(&'static str, &str)]| read(pairs).limited_tier(Some(7));
        assert_eq!(told(&[(BUSINESS, business)]), Some(true));
        assert_eq!(
            told(&[(BUSINESS, business), (ACCOUNT, account)]),
            Some(false)
        );
        let new = account.replace("standard", "some_other");
        assert_eq!(told(&[(ACCOUNT, &new)]), None, "a tier that is not known");
        assert_eq!(told(&[]), None);
    }

    #[test]
    fn a_bad_header_is_no_header() {
        for text in [
            "",
            "no json",
            "[]",
            r#"{"call_count":"many","acc_id_util_pct":-3}"#,
            r#"{"1":{},"2":[7,null,{"call_count":[]}]}"#,
            "null",
            "7",
        ] {
            let usage = read(&[("x-app-usage", text), (BUSINESS, text), (ACCOUNT, text)]);
            assert_eq!((usage.of_account(Some(1)), usage.of_app()), (None, None));
        }
        let account = r#"{"acc_id_util_pct":1e308,"reset_time_duration":1e308}"#;
        let reading = read(&[(ACCOUNT, account)]).of_account(None).unwrap();
        assert_eq!(reading.regain_access, Some(Duration::from_secs(86_400)));
    }

    #[test]
    fn what_can_be_understood_counts_beside_what_cannot() {
        let text = r#"{"a":7,"1":[{"call_count":"x","total_time":80},"?"]}"#;
        assert_eq!(read(&[(BUSINESS, text)]).business_percent(), Some(80.0));
    }
}
