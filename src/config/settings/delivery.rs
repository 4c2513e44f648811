//! `[delivery]`: how hard Meta is called, and for how long.

use std::time::Duration;

use super::super::scalar::{Scalar, count, rate, seconds};
use super::{About, Reader, Setting};

#[derive(Clone, Debug, PartialEq)]
pub struct DeliverySettings {
    /// Of the whole worker, all its objects together.
    pub requests_in_flight: usize,
    /// A batch is cut where its request would be longer.
    pub max_body_bytes: usize,
    /// Of one request, the first included.
    pub attempts: usize,
    pub connect_timeout: Duration,
    /// Of a whole Conversions request.
    pub conversions_timeout: Duration,
    /// Of a whole audience request.
    pub audience_timeout: Duration,
    /// The ceiling of one account; a throttle of Meta's stops the account besides.
    pub requests_per_second: f64,
    /// For an account's gate to open; the message of an object comes back instead.
    pub longest_wait: Duration,
}

const MIB: usize = 1 << 20;

pub(super) const REQUESTS_IN_FLIGHT: Setting<usize> = Setting {
    about: About {
        section: "delivery",
        key: "requests_in_flight",
        default: Some(Scalar::Integer(8)),
        help: "how many requests to Meta are open at once, by this worker",
    },
    read: count::<1, 256>,
};

/// Meta documents no limit; a few megabytes are known to work.
pub(super) const MAX_BODY_BYTES: Setting<usize> = Setting {
    about: About {
        section: "delivery",
        key: "max_body_bytes",
        default: Some(Scalar::Integer(4_194_304)),
        help: "the longest request body",
    },
    read: count::<65_536, { 64 * MIB }>,
};

pub(super) const ATTEMPTS: Setting<usize> = Setting {
    about: About {
        section: "delivery",
        key: "attempts",
        default: Some(Scalar::Integer(8)),
        help: "how often one request is tried before its object is given back",
    },
    read: count::<1, 100>,
};

pub(super) const CONNECT_TIMEOUT: Setting<Duration> = Setting {
    about: About {
        section: "delivery",
        key: "connect_timeout_seconds",
        default: Some(Scalar::Integer(5)),
        help: "how long a connection to Meta may take",
    },
    read: seconds::<1, 120>,
};

pub(super) const CONVERSIONS_TIMEOUT: Setting<Duration> = Setting {
    about: About {
        section: "delivery",
        key: "conversions_timeout_seconds",
        default: Some(Scalar::Integer(30)),
        help: "how long a Conversions request may take",
    },
    read: seconds::<1, 600>,
};

/// Below what a stop waits for (`worker.stop_seconds`), so that it cuts none off.
pub(super) const AUDIENCE_TIMEOUT: Setting<Duration> = Setting {
    about: About {
        section: "delivery",
        key: "audience_timeout_seconds",
        default: Some(Scalar::Integer(90)),
        help: "how long a custom audience request may take",
    },
    read: seconds::<1, 600>,
};

pub(super) const REQUESTS_PER_SECOND: Setting<f64> = Setting {
    about: About {
        section: "delivery",
        key: "requests_per_second",
        default: Some(Scalar::Number(20.0)),
        help: "the most requests with rows to one account in a second, by this worker; a question counts as a third of one",
    },
    read: rate,
};

pub(super) const LONGEST_WAIT: Setting<Duration> = Setting {
    about: About {
        section: "delivery",
        key: "longest_wait_seconds",
        default: Some(Scalar::Integer(300)),
        help: "how long a request waits while Meta's quota is used up; its object is given back where that takes longer",
    },
    read: seconds::<0, 36_000>,
};

impl DeliverySettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<DeliverySettings> {
        let requests_in_flight = reader.get(&REQUESTS_IN_FLIGHT);
        let max_body_bytes = reader.get(&MAX_BODY_BYTES);
        let attempts = reader.get(&ATTEMPTS);
        let connect_timeout = reader.get(&CONNECT_TIMEOUT);
        let conversions_timeout = reader.get(&CONVERSIONS_TIMEOUT);
        let audience_timeout = reader.get(&AUDIENCE_TIMEOUT);
        let requests_per_second = reader.get(&REQUESTS_PER_SECOND);
        let longest_wait = reader.get(&LONGEST_WAIT);
        Some(DeliverySettings {
            requests_in_flight: requests_in_flight?,
            max_body_bytes: max_body_bytes?,
            attempts: attempts?,
            connect_timeout: connect_timeout?,
            conversions_timeout: conversions_timeout?,
            audience_timeout: audience_timeout?,
            requests_per_second: requests_per_second?,
            longest_wait: longest_wait?,
        })
    }
}
