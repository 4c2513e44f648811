//! Changes to the simulated world: what may befall a token, an account, an audience.
//!
//! The same in Rust, by command and in a scenario. What is absent stays as it is.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;

use crate::{
    faults::Fault,
    graph::{
        quota::Quotas,
        route::Versions,
        usage::{InvalidUsage, Usage},
    },
    secret::Secret,
    state::State,
};

/// Some changes, made at once. In JSON
/// `{"audiences": {"456": {"flagged": true}}, "token": {"state": "expired"}}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Changes {
    /// To the access token.
    pub token: Option<TokenChange>,
    /// By ad account, with or without `act_`.
    pub accounts: BTreeMap<String, AccountChange>,
    /// By audience.
    pub audiences: BTreeMap<String, AudienceChange>,
    /// By dataset.
    pub datasets: BTreeMap<String, DatasetChange>,
    /// Which versions of the API there still are.
    pub versions: Option<Versions>,
    /// The quotas, which begin anew.
    pub quotas: Option<Quotas>,
    /// Uploads to audiences with more bytes than this are 1/99; 0 takes it back.
    pub largest_upload: Option<u64>,
    /// What the usage headers say in place of what they would.
    pub usage: Option<Usage>,
    /// Takes back all faults, before those of `faults` are added.
    pub clear_faults: bool,
    /// Faults that begin to count now.
    pub faults: Vec<Fault>,
}

/// To the access token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenChange {
    /// The one good token from now on: neither expired nor revoked.
    value: Option<Secret>,
    /// What has become of it.
    state: Option<TokenState>,
    /// When it will expire, in seconds from now.
    expires_in_s: Option<u64>,
}

impl TokenChange {
    /// Another token takes its place.
    pub fn renewed(token: impl Into<String>) -> Self {
        Self {
            value: Some(Secret::from(token.into())),
            ..Self::default()
        }
    }

    /// It expires so much later.
    pub fn expiring_in(time: Duration) -> Self {
        Self {
            expires_in_s: Some(time.as_secs()),
            ..Self::default()
        }
    }

    /// This has become of it.
    pub fn to(state: TokenState) -> Self {
        Self {
            state: Some(state),
            ..Self::default()
        }
    }
}

/// What has become of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenState {
    /// It is good.
    Good,
    /// 190/463
    Expired,
    /// 190/467
    Revoked,
}

/// To an ad account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountChange {
    /// The terms of custom audiences; without them 200/1870034.
    pub terms_accepted: Option<bool>,
    /// The business's; without them 200/1870090.
    pub business_terms_accepted: Option<bool>,
    /// Those of value-based audiences, which reads tell of from then on. Nothing is refused
    /// for want of them.
    pub value_terms_accepted: Option<bool>,
    /// What the token may do there.
    pub permission: Option<Permission>,
}

/// What a token may do in an ad account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Everything.
    Granted,
    /// Nothing: code 200.
    Missing,
    /// The app lacks it: code 10.
    App,
    /// `ads_management` is missing: code 294.
    AdsManagement,
    /// The app is one in development and the account another's: code 270.
    Development,
}

/// To an audience.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AudienceChange {
    /// Held to break a rule: status 471, writes are 100/1713230.
    pub flagged: Option<bool>,
    /// Gone: code 1487366.
    pub deleted: Option<bool>,
    /// Status 100, and gone in ninety days.
    pub expiring: Option<bool>,
    /// `permission_for_actions.can_edit`; without it writes are 2654/1713092.
    pub can_edit: Option<bool>,
    /// Every row then needs a value.
    pub is_value_based: Option<bool>,
    /// What reads call its kind. Nothing else changes by it but that members of another
    /// than `CUSTOM` cannot come or go: code 100.
    pub subtype: Option<String>,
    /// `operation_status` in place of what it would be; 0 takes it back.
    pub operation_status: Option<u16>,
    /// As many members Meta believes it has.
    pub size: Option<u64>,
    /// A removal that leaves fewer members is 200/1870047.
    pub smallest: Option<u64>,
    /// Seconds from a replacement's last batch to the swap.
    pub swap_takes_s: Option<u64>,
    /// The replacement that is running fails: status 415, 2650/1870148.
    pub replace_fails: bool,
}

/// To a dataset: what reads tell of it. Events are taken all the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatasetChange {
    /// `is_unavailable`
    pub unavailable: Option<bool>,
    /// `is_consolidated_container`: whether it is for events of stores too.
    pub takes_store_events: Option<bool>,
}

/// Why changes were not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// There is none of this id; nothing was changed.
    #[error("there is no {kind} {id}")]
    Unknown {
        /// What it should be.
        kind: &'static str,
        /// As it was given.
        id: String,
    },
    /// See [`InvalidUsage`].
    #[error(transparent)]
    Usage(#[from] InvalidUsage),
}

impl Changes {
    /// To one audience.
    pub fn audience(id: impl Into<String>, change: AudienceChange) -> Self {
        Self {
            audiences: BTreeMap::from([(id.into(), change)]),
            ..Self::default()
        }
    }

    /// To one dataset.
    pub fn dataset(id: impl Into<String>, change: DatasetChange) -> Self {
        Self {
            datasets: BTreeMap::from([(id.into(), change)]),
            ..Self::default()
        }
    }

    /// To one ad account.
    pub fn account(id: impl Into<String>, change: AccountChange) -> Self {
        Self {
            accounts: BTreeMap::from([(id.into(), change)]),
            ..Self::default()
        }
    }

    /// To the token.
    pub fn token(change: TokenChange) -> Self {
        Self {
            token: Some(change),
            ..Self::default()
        }
    }

    /// Of the quotas.
    pub fn quotas(quotas: Quotas) -> Self {
        Self {
            quotas: Some(quotas),
            ..Self::default()
        }
    }

    /// Whether they can be made in this state.
    pub(crate) fn check(&self, state: &State) -> Result<(), ChangeError> {
        if let Some(usage) = &self.usage {
            usage.check()?;
        }
        let unknown = |kind, id: &String| ChangeError::Unknown {
            kind,
            id: id.clone(),
        };
        let records = state.records();
        for id in self.audiences.keys() {
            let known = records.audiences.contains_key(id);
            known.then_some(()).ok_or_else(|| unknown("audience", id))?;
        }
        for id in self.datasets.keys() {
            let known = records.datasets.contains_key(id);
            known.then_some(()).ok_or_else(|| unknown("dataset", id))?;
        }
        for id in self.accounts.keys() {
            let known = records.accounts.contains_key(account_number(id));
            known
                .then_some(())
                .ok_or_else(|| unknown("ad account", id))?;
        }
        Ok(())
    }

    /// Makes all of them, or none.
    pub(crate) fn make(self, state: &State) -> Result<(), ChangeError> {
        self.check(state)?;
        let now = state.now();
        if let Some(change) = self.token {
            let mut access = state.access();
            if let Some(token) = change.value {
                access.renew(token);
            }
            if let Some(token_state) = change.state {
                access.set(token_state);
            }
            if let Some(seconds) = change.expires_in_s {
                access.expires_at = Some(now.saturating_add(seconds));
            }
        }
        let mut records = state.records();
        for (id, change) in self.accounts {
            if let Some(account) = records.accounts.get_mut(account_number(&id)) {
                put(&mut account.terms_accepted, change.terms_accepted);
                put(
                    &mut account.business_terms_accepted,
                    change.business_terms_accepted,
                );
                put(&mut account.permission, change.permission);
                if change.value_terms_accepted.is_some() {
                    account.value_terms_accepted = change.value_terms_accepted;
                }
            }
        }
        for (id, change) in self.datasets {
            if let Some(dataset) = records.datasets.get_mut(&id) {
                put(&mut dataset.is_unavailable, change.unavailable);
                let refuses = change.takes_store_events.map(|takes| !takes);
                put(&mut dataset.is_without_stores, refuses);
            }
        }
        for (id, change) in self.audiences {
            let Some(audience) = records.audiences.get_mut(&id) else {
                continue;
            };
            put(&mut audience.profile.is_value_based, change.is_value_based);
            put(&mut audience.profile.subtype, change.subtype);
            let condition = &mut audience.condition;
            put(&mut condition.flagged, change.flagged);
            put(&mut condition.deleted, change.deleted);
            if let Some(expiring) = change.expiring {
                condition.set_expiring(expiring, now);
            }
            put(&mut condition.can_edit, change.can_edit);
            if let Some(code) = change.operation_status {
                condition.shown = (code != 0).then_some(code);
            }
            if change.size.is_some() {
                condition.size = change.size;
            }
            put(&mut condition.smallest, change.smallest);
            put(&mut condition.swap_takes, change.swap_takes_s);
            if change.replace_fails {
                audience.fail_replacement(now);
            }
        }
        drop(records);
        if let Some(versions) = self.versions {
            *state.versions() = versions;
        }
        if let Some(quotas) = self.quotas {
            state.quotas().set(quotas);
        }
        if let Some(bytes) = self.largest_upload {
            state.set_largest_upload(bytes);
        }
        if let Some(usage) = self.usage {
            *state.usage() = Some(usage);
        }
        let mut faults = state.faults();
        if self.clear_faults {
            faults.clear();
        }
        self.faults.into_iter().for_each(|fault| faults.add(fault));
        Ok(())
    }
}

fn put<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

pub(crate) fn account_number(id: &str) -> &str {
    id.strip_prefix("act_").unwrap_or(id)
}
