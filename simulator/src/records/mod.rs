//! What arrived: every dataset with its events, every audience with its members.
//!
//! In memory, and a few dozen bytes for each event or member: digests, never values,
//! never whole rows. It knows nothing of HTTP or of Meta's rules; whatever reaches it
//! has been accepted.

pub(crate) mod audience;
pub(crate) mod dataset;
pub(crate) mod digest;
pub(crate) mod journal;
mod members;
pub(crate) mod replacement;
pub(crate) mod sessions;
pub(crate) mod tally;

use std::collections::BTreeMap;

pub(crate) use self::{
    audience::{Audience, Profile},
    dataset::Dataset,
    digest::{Digest, Digester},
    journal::Journal,
};
use crate::changes::Permission;

/// What exists in the simulated world and what has become of it.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) datasets: BTreeMap<String, Dataset>,
    pub(crate) audiences: BTreeMap<String, Audience>,
    /// Ad accounts, by number, without `act_`.
    pub(crate) accounts: BTreeMap<String, Account>,
}

/// What an ad account may do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    pub(crate) terms_accepted: bool,
    pub(crate) business_terms_accepted: bool,
    /// `None`: reads do not tell of them.
    pub(crate) value_terms_accepted: Option<bool>,
    pub(crate) permission: Permission,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            terms_accepted: true,
            business_terms_accepted: true,
            value_terms_accepted: None,
            permission: Permission::Granted,
        }
    }
}

impl Records {
    /// A free number for an audience that is being created: above 2^53, as Meta's own
    /// are, so that who takes it for a floating-point number damages it.
    pub(crate) fn free_audience_id(&self) -> String {
        let mut number: u64 = 23_850_000_000_000_001 + self.audiences.len() as u64;
        while self.audiences.contains_key(&number.to_string()) {
            number += 1;
        }
        number.to_string()
    }

    /// Whether there is a dataset, an audience or an ad account (`act_…`) of this id.
    pub(crate) fn exists(&self, id: &str) -> bool {
        self.datasets.contains_key(id)
            || self.audiences.contains_key(id)
            || id
                .strip_prefix("act_")
                .is_some_and(|account| self.accounts.contains_key(account))
    }

    /// The ad account that an audience belongs to, or that the id itself names.
    pub(crate) fn account_of(&self, id: &str) -> Option<String> {
        if let Some(audience) = self.audiences.get(id) {
            return Some(audience.profile.account.clone());
        }
        id.strip_prefix("act_")
            .filter(|account| self.accounts.contains_key(*account))
            .map(str::to_owned)
    }

    /// How many customer lists an ad account has that were not deleted.
    pub(crate) fn audiences_of(&self, account: &str, now: u64) -> u64 {
        let own = self.audiences.values().filter(|audience| {
            audience.profile.account == account
                && audience.profile.subtype == audience::CUSTOM
                && !audience.condition.is_deleted(now)
        });
        own.count() as u64
    }

    /// Whether another audience of its ad account has had a session of this id.
    pub(crate) fn is_session_of_another(&self, id: &str, session: u64) -> bool {
        let Some(account) = self.audiences.get(id).map(|own| &own.profile.account) else {
            return false;
        };
        self.audiences.iter().any(|(other, audience)| {
            other != id && audience.profile.account == *account && audience.has_session(session)
        })
    }

    /// Lets what has become due by now happen, in every audience.
    pub(crate) fn settle(&mut self, now: u64) {
        for audience in self.audiences.values_mut() {
            audience.settle(now);
        }
    }
}
