//! `[ledger]`: who owns an object for how long, and when it is given up.

use std::time::Duration;

use super::super::scalar::{Scalar, count, seconds};
use super::super::shown::{Shown, toml_text};
use super::super::suggest::one_of;
use super::{About, Reader, Setting};
use crate::ledger::ChangedRoute;

#[derive(Clone, Debug, PartialEq)]
pub struct LedgerSettings {
    /// How long the owner of an object may be silent before another worker takes it over.
    pub lease: Duration,
    /// After so many attempts in a row without progress an object is quarantined.
    pub attempts_without_progress: usize,
    /// How long an object may be missing before its event is quarantined.
    pub missing_grace: Duration,
    pub on_changed_route: ChangedRoute,
}

/// Renewed at a third of it.
pub(super) const LEASE: Setting<Duration> = Setting {
    about: About {
        section: "ledger",
        key: "lease_seconds",
        default: Some(Scalar::Integer(60)),
        help: "how long a worker may be silent before another takes over the object it had in hand",
    },
    read: seconds::<3, 3_600>,
};

pub(super) const ATTEMPTS_WITHOUT_PROGRESS: Setting<usize> = Setting {
    about: About {
        section: "ledger",
        key: "attempts_without_progress",
        default: Some(Scalar::Integer(5)),
        help: "after how many attempts in a row that bring nothing an object is quarantined",
    },
    read: count::<1, 1_000>,
};

pub(super) const MISSING_GRACE: Setting<Duration> = Setting {
    about: About {
        section: "ledger",
        key: "missing_grace_seconds",
        default: Some(Scalar::Integer(300)),
        help: "how long an object may be missing from its bucket before its event is quarantined",
    },
    read: seconds::<0, 86_400>,
};

pub(super) const ON_CHANGED_ROUTE: Setting<ChangedRoute> = Setting {
    about: About {
        section: "ledger",
        key: "on_changed_route",
        default: Some(Scalar::Text("refuse")),
        help: "what becomes of an object that is half delivered when its route is changed: refuse, or restart from its beginning",
    },
    read: |value| one_of(value.text()?, &CHANGED_ROUTE),
};

const CHANGED_ROUTE: [(&str, ChangedRoute); 2] = [
    ("refuse", ChangedRoute::Refuse),
    ("restart", ChangedRoute::Restart),
];

impl Shown for ChangedRoute {
    fn toml(&self) -> String {
        toml_text(match self {
            ChangedRoute::Refuse => "refuse",
            ChangedRoute::Restart => "restart",
        })
    }
}

impl LedgerSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<LedgerSettings> {
        let lease = reader.get(&LEASE);
        let attempts_without_progress = reader.get(&ATTEMPTS_WITHOUT_PROGRESS);
        let missing_grace = reader.get(&MISSING_GRACE);
        let on_changed_route = reader.get(&ON_CHANGED_ROUTE);
        Some(LedgerSettings {
            lease: lease?,
            attempts_without_progress: attempts_without_progress?,
            missing_grace: missing_grace?,
            on_changed_route: on_changed_route?,
        })
    }
}
