//! What Meta allows an ad account and an app to call, counted from the calls.
//!
//! Two quotas of an ad account, each on its own: the score, in which every call's
//! points last five minutes and which blocks the account when it is full, and the
//! custom-audience calls of the last hour. Beside them the app's calls of the last
//! hour. A call that is refused counts as well: who goes on calling waits longer.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    GraphError, Target,
    usage::{AccountUsage, AppUsage, BusinessUsage, Usage, UsageHeader},
    window::Window,
};

/// Seconds for which a call's points count.
const SCORE_LASTS: u64 = 300;
const HOUR: u64 = 3_600;
/// For each active audience of the account, up to [`MOST_CALLS`] in all.
const CALLS_PER_AUDIENCE: u64 = 40;
const MOST_CALLS: u64 = 700_000;
/// Seconds for which a full app is refused at least.
const APP_BLOCK: u64 = 60;

/// How much access Meta has granted to the app.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// "Limited Access": 20 writes in five minutes. In headers `development_access`.
    Limited,
    /// "Full Access". In headers `standard_access`.
    Full,
}

impl Tier {
    fn name(self) -> &'static str {
        match self {
            Self::Limited => "development_access",
            Self::Full => "standard_access",
        }
    }

    fn score(self) -> u64 {
        match self {
            Self::Limited => 60,
            Self::Full => 9_000,
        }
    }

    /// Seconds.
    fn block(self) -> u64 {
        match self {
            Self::Limited => 300,
            Self::Full => 60,
        }
    }

    fn calls(self) -> u64 {
        match self {
            Self::Limited => 5_000,
            Self::Full => 190_000,
        }
    }
}

/// The quotas that are kept. Without a tier there are none, which is the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    /// Which of Meta's numbers hold.
    pub tier: Option<Tier>,
    /// In place of the tier's largest score.
    pub score: Option<u64>,
    /// In place of the tier's block, in seconds.
    pub block_s: Option<u64>,
    /// In place of the tier's custom-audience calls in an hour, audiences included.
    pub calls: Option<u64>,
    /// Rows in an hour, told as `total_time` and `total_cputime`, of which Meta
    /// publishes no numbers; without it they stay 0.
    pub rows: Option<u64>,
    /// The app's calls in an hour (code 4); without it there is no such limit.
    pub app_calls: Option<u64>,
    /// An account's calls before its answers bear usage headers.
    pub silent_calls: u64,
}

impl Quotas {
    /// With this tier's numbers.
    pub fn of(tier: Tier) -> Self {
        Self {
            tier: Some(tier),
            ..Self::default()
        }
    }
}

/// One account's calls.
#[derive(Debug, Default)]
struct Account {
    score: Window,
    calls: Window,
    rows: Window,
    /// The score was reached; Unix seconds.
    full_until: u64,
    /// A call was refused for it; Unix seconds.
    blocked_until: u64,
    total: u64,
}

/// The quotas as they are kept, and what has been called.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    quotas: Quotas,
    accounts: BTreeMap<String, Account>,
    app: Window,
    app_blocked_until: u64,
}

/// A call, as far as it counts.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub(crate) target: Target,
    /// The ad account it concerns, if one, and how many audiences that has.
    pub(crate) account: Option<(&'a str, u64)>,
    /// Unix seconds.
    pub(crate) now: u64,
}

impl Ledger {
    /// Begins anew with these.
    pub(crate) fn set(&mut self, quotas: Quotas) {
        *self = Self {
            quotas,
            ..Self::default()
        };
    }

    /// Counts a call, and refuses it when there is no quota left for it.
    pub(crate) fn admit(&mut self, call: Call<'_>) -> Result<(), GraphError> {
        let Some(tier) = self.quotas.tier else {
            return Ok(());
        };
        self.admit_app(call.now)?;
        let Some((id, audiences)) = call.account else {
            return Ok(());
        };
        let now = call.now;
        let score_limit = self.quotas.score.unwrap_or(tier.score());
        let block = self.quotas.block_s.unwrap_or(tier.block());
        let calls_limit = self.quotas.calls(tier, audiences);
        let account = self.accounts.entry(id.to_owned()).or_default();
        account.total += 1;

        let hour_is_full = account.calls.sum(now, HOUR) >= calls_limit
            || self
                .quotas
                .rows
                .is_some_and(|limit| account.rows.sum(now, HOUR) >= limit);
        account.calls.add(now, HOUR, 1);
        if now < account.blocked_until {
            account.blocked_until = now.saturating_add(block);
            return Err(GraphError::new(400, 613)
                .subcode(1_487_742)
                .message("There have been too many calls from this ad-account."));
        }
        if hour_is_full {
            return Err(GraphError::new(400, 80_003)
                .subcode(2_446_079)
                .message("There have been too many calls to this ad-account."));
        }
        let points = if call.target == Target::Read { 1 } else { 3 };
        let score = account.score.sum(now, SCORE_LASTS).saturating_add(points);
        if now < account.full_until || score > score_limit {
            account.blocked_until = now.saturating_add(block);
            return Err(GraphError::new(400, 17)
                .subcode(2_446_079)
                .message("User request limit reached"));
        }
        account.score.add(now, SCORE_LASTS, points);
        // Meta blocks on reaching the score: what decays meanwhile opens nothing.
        if score >= score_limit {
            account.full_until = now.saturating_add(block);
        }
        Ok(())
    }

    fn admit_app(&mut self, now: u64) -> Result<(), GraphError> {
        let Some(limit) = self.quotas.app_calls else {
            return Ok(());
        };
        let is_full = self.app.sum(now, HOUR) >= limit;
        self.app.add(now, HOUR, 1);
        if is_full || now < self.app_blocked_until {
            self.app_blocked_until = now + APP_BLOCK;
            return Err(GraphError::new(403, 4).message("Application request limit reached"));
        }
        Ok(())
    }

    /// Notes the rows of an accepted call.
    pub(crate) fn note_rows(&mut self, account: &str, rows: u64, now: u64) {
        if let Some(account) = self.accounts.get_mut(account) {
            account.rows.add(now, HOUR, rows);
        }
    }

    /// What the headers say now; `None` without quotas.
    pub(crate) fn usage(&mut self, account: Option<(&str, u64)>, now: u64) -> Option<Usage> {
        let tier = self.quotas.tier?;
        let app = self.quotas.app_calls.map(|limit| AppUsage {
            call_count: whole_percent(self.app.sum(now, HOUR), limit),
            total_time: 0.0,
            total_cputime: 0.0,
        });
        let silent = Usage {
            app: app.map(UsageHeader::Report),
            account: None,
            business: None,
        };
        let Some((id, audiences)) = account else {
            return Some(silent);
        };
        let calls_limit = self.quotas.calls(tier, audiences);
        let score_limit = self.quotas.score.unwrap_or(tier.score());
        let Some(account) = self.accounts.get_mut(id) else {
            return Some(silent);
        };
        if account.total <= self.quotas.silent_calls {
            return Some(silent);
        }
        let blocked = account.full_until.max(account.blocked_until);
        let blocked = blocked.saturating_sub(now);
        let score = account.score.sum(now, SCORE_LASTS);
        let utilised = if blocked > 0 {
            100.0
        } else {
            // Two decimals, as a float.
            (percent(score, score_limit) * 100.0).round() / 100.0
        };
        let mut wait = account.calls.until_below(now, HOUR, calls_limit);
        let mut rows = 0.0;
        if let Some(limit) = self.quotas.rows {
            rows = whole_percent(account.rows.sum(now, HOUR), limit);
            wait = wait.max(account.rows.until_below(now, HOUR, limit));
        }
        Some(Usage {
            account: Some(UsageHeader::Report(AccountUsage {
                acc_id_util_pct: utilised,
                reset_time_duration: blocked.max(account.score.lasts(now, SCORE_LASTS)),
                ads_api_access_tier: tier.name().to_owned(),
            })),
            business: Some(UsageHeader::Report(BusinessUsage {
                call_count: whole_percent(account.calls.sum(now, HOUR), calls_limit),
                total_cputime: rows,
                total_time: rows,
                estimated_time_to_regain_access: wait.div_ceil(60),
                ads_api_access_tier: tier.name().to_owned(),
            })),
            ..silent
        })
    }
}

impl Quotas {
    fn calls(&self, tier: Tier, audiences: u64) -> u64 {
        self.calls
            .unwrap_or_else(|| (tier.calls() + CALLS_PER_AUDIENCE * audiences).min(MOST_CALLS))
    }
}

fn percent(used: u64, limit: u64) -> f64 {
    100.0 * used as f64 / limit.max(1) as f64
}

/// Rounded down: 100 is reached only when nothing is left.
fn whole_percent(used: u64, limit: u64) -> f64 {
    percent(used, limit).min(100.0).floor()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ledger(quotas: Quotas) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.set(quotas);
        ledger
    }

    fn call(ledger: &mut Ledger, target: Target, account: &str, now: u64) -> Option<i64> {
        let call = Call {
            target,
            account: Some((account, 1)),
            now,
        };
        ledger.admit(call).err().map(|error| error.code)
    }

    #[test]
    fn twenty_writes_fill_a_limited_account_and_no_other_one() {
        let mut ledger = ledger(Quotas::of(Tier::Limited));
        for _ in 0..20 {
            assert_eq!(call(&mut ledger, Target::Users, "1", 1_000), None);
        }
        assert_eq!(call(&mut ledger, Target::Users, "1", 1_000), Some(17));
        assert_eq!(call(&mut ledger, Target::Users, "2", 1_000), None);
        assert_eq!(call(&mut ledger, Target::Users, "1", 1_301), None);
    }

    #[test]
    fn calling_while_blocked_lengthens_the_block() {
        let mut ledger = ledger(Quotas {
            score: Some(1),
            ..Quotas::of(Tier::Full)
        });
        assert_eq!(call(&mut ledger, Target::Read, "1", 0), None);
        assert_eq!(call(&mut ledger, Target::Read, "1", 250), Some(17));
        // The block would end at 310; this call puts it off to 369.
        assert_eq!(call(&mut ledger, Target::Read, "1", 309), Some(613));
        assert_eq!(call(&mut ledger, Target::Read, "1", 368), Some(613));
        assert_eq!(call(&mut ledger, Target::Read, "1", 428), None);
    }

    #[test]
    fn the_hour_rolls_and_its_header_tells_minutes() {
        let mut ledger = ledger(Quotas {
            calls: Some(2),
            ..Quotas::of(Tier::Full)
        });
        assert_eq!(call(&mut ledger, Target::Users, "1", 0), None);
        assert_eq!(call(&mut ledger, Target::Users, "1", 600), None);
        assert_eq!(call(&mut ledger, Target::Users, "1", 600), Some(80_003));
        let usage = ledger.usage(Some(("1", 1)), 600).unwrap();
        let Some(UsageHeader::Report(business)) = usage.business else {
            unreachable!()
        };
        assert_eq!(business.call_count, 100.0);
        // Two of three have to leave the hour: the second does at 4200.
        assert_eq!(business.estimated_time_to_regain_access, 60);
        assert_eq!(call(&mut ledger, Target::Users, "1", 4_201), None);
    }
}
