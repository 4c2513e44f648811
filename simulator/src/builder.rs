//! What a simulator starts with.

use std::{collections::BTreeMap, io};

use crate::{
    changes::account_number,
    clock::Clock,
    graph::{Access, quota::Quotas},
    platform::Platform,
    scenario::{Scenario, ScenarioError},
    secret::Secret,
    simulator::Simulator,
    state::Start,
};

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is in use, not this machine's, or no address.
    #[error("cannot listen on {address}; choose another address or stop what uses it")]
    Listen {
        /// As it was given.
        address: String,
        /// The system's answer.
        source: io::Error,
    },
    /// The system gave no threads.
    #[error("cannot start the simulator's threads")]
    Threads(#[source] io::Error),
    /// Meta's ids are numbers.
    #[error("the {kind} id {id:?} is not a number of up to 20 digits")]
    Id {
        /// What it should be the id of.
        kind: &'static str,
        /// As it was given.
        id: String,
    },
    /// One number for two things.
    #[error("the id {0} is given to two objects")]
    Twice(String),
    /// It is about something that is not there.
    #[error("the scenario cannot be played")]
    Scenario(#[from] ScenarioError),
}

/// What a simulator starts with. See [`Simulator::builder`].
#[derive(Clone, Debug)]
pub struct Builder {
    listen: String,
    start: Start,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            start: Start {
                access: Access::new(Secret::from("TOKEN".to_owned())),
                datasets: Vec::new(),
                audiences: BTreeMap::new(),
                accounts: Vec::new(),
                quotas: Quotas::default(),
                scenario: Scenario::default(),
                clock: Clock::real(),
            },
        }
    }
}

impl Builder {
    /// The address; port 0 takes a free one. Default `127.0.0.1:0`.
    #[must_use]
    pub fn listen(mut self, address: impl Into<String>) -> Self {
        self.listen = address.into();
        self
    }

    /// The one access token that is good. Default `TOKEN`.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.start.access.token = Secret::from(token.into());
        self
    }

    /// The app's secret, with which a given `appsecret_proof` is checked. With it every call
    /// needs one, unless [`Self::proof_required`] says otherwise; without it, the default,
    /// none is needed, and none that is given can be right.
    #[must_use]
    pub fn app_secret(mut self, secret: Option<String>) -> Self {
        self.start.access.app_secret = secret.map(Secret::from);
        self
    }

    /// Whether every call needs an `appsecret_proof`, whatever is known of the app's secret.
    #[must_use]
    pub fn proof_required(mut self, required: bool) -> Self {
        self.start.access.proof_required = Some(required);
        self
    }

    /// One more dataset.
    #[must_use]
    pub fn dataset(mut self, id: impl Into<String>) -> Self {
        self.start.datasets.push(id.into());
        self
    }

    /// One more customer-list audience, empty, in this ad account (with or without
    /// `act_`), which exists by that.
    #[must_use]
    pub fn audience(mut self, id: impl Into<String>, account: impl AsRef<str>) -> Self {
        self.start
            .audiences
            .insert(id.into(), account_number(account.as_ref()).to_owned());
        self
    }

    /// One more ad account (with or without `act_`), to create audiences in.
    #[must_use]
    pub fn account(mut self, id: impl AsRef<str>) -> Self {
        let number = account_number(id.as_ref()).to_owned();
        self.start.accounts.push(number);
        self
    }

    /// The quotas that are kept from the start. Default none.
    #[must_use]
    pub fn quotas(mut self, quotas: Quotas) -> Self {
        self.start.quotas = quotas;
        self
    }

    /// What befalls the world, step by step. Default nothing.
    #[must_use]
    pub fn scenario(mut self, scenario: Scenario) -> Self {
        self.start.scenario = scenario;
        self
    }

    /// The clock everything goes by. Default the system's.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.start.clock = clock;
        self
    }

    /// Listens, and answers from the moment this returns, on threads of its own.
    pub async fn start(self) -> Result<Simulator, StartError> {
        self.check()?;
        Simulator::start(self.listen, self.start).await
    }

    /// Without a network: nothing listens, and [`Platform::answer`] answers.
    pub fn platform(self) -> Result<Platform, StartError> {
        self.check()?;
        Platform::new(self.start)
    }

    fn check(&self) -> Result<(), StartError> {
        let id = |kind, id: &str| {
            let digits = (1..=20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
            digits.then_some(()).ok_or_else(|| StartError::Id {
                kind,
                id: id.to_owned(),
            })
        };
        for dataset in &self.start.datasets {
            id("dataset", dataset)?;
            if self.start.audiences.contains_key(dataset) {
                return Err(StartError::Twice(dataset.clone()));
            }
        }
        for (audience, account) in &self.start.audiences {
            id("audience", audience)?;
            id("ad account", account)?;
        }
        self.start
            .accounts
            .iter()
            .try_for_each(|account| id("ad account", account))
    }
}
