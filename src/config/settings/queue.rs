//! `[queue]`: where events come from.

use std::time::Duration;

use super::super::Purpose;
use super::super::http_url::HttpUrl;
use super::super::scalar::{Scalar, parsed, seconds};
use super::{About, Reader, Setting};

#[derive(Clone, Debug, PartialEq)]
pub struct QueueSettings {
    /// Always there for [`Purpose::Worker`].
    pub url: Option<HttpUrl>,
    /// Where messages are put aside; else where the queue's redrive policy says.
    pub dead_letter_url: Option<HttpUrl>,
    /// How long one receive waits.
    pub wait: Duration,
    /// How long a message stays hidden without a heartbeat.
    pub visibility: Duration,
}

pub(super) const URL: Setting<HttpUrl> = Setting {
    about: About {
        section: "queue",
        key: "url",
        default: None,
        help: "the URL of the SQS queue with the object events",
    },
    read: parsed,
};

pub(super) const DEAD_LETTER_URL: Setting<HttpUrl> = Setting {
    about: About {
        section: "queue",
        key: "dead_letter_url",
        default: None,
        help: "the URL of the queue for messages that cannot be finished; left out, the one of the queue's redrive policy",
    },
    read: parsed,
};

/// SQS polls for 20 seconds at most.
pub(super) const WAIT: Setting<Duration> = Setting {
    about: About {
        section: "queue",
        key: "wait_seconds",
        default: Some(Scalar::Integer(20)),
        help: "how long one long poll waits for a message",
    },
    read: seconds::<1, 20>,
};

/// SQS allows twelve hours; a message of a dead worker should come back much sooner.
pub(super) const VISIBILITY: Setting<Duration> = Setting {
    about: About {
        section: "queue",
        key: "visibility_seconds",
        default: Some(Scalar::Integer(300)),
        help: "after how long a message comes back whose worker died; extended at a third of it",
    },
    read: seconds::<3, 36_000>,
};

impl QueueSettings {
    pub(super) fn read(reader: &mut Reader<'_>, purpose: Purpose) -> Option<QueueSettings> {
        let url = match purpose {
            Purpose::Worker => reader.get(&URL),
            Purpose::OneShot => reader.get_if_any(&URL),
        };
        let dead_letter_url = reader.get_if_any(&DEAD_LETTER_URL);
        let wait = reader.get(&WAIT);
        let visibility = reader.get(&VISIBILITY);
        Some(QueueSettings {
            url,
            dead_letter_url,
            wait: wait?,
            visibility: visibility?,
        })
    }
}
