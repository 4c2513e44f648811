//! Which outcome an error answer is, by Meta's code and subcode.
//!
//! The HTTP status is no help where there is a code: 190 alone turns up with 400,
//! 401 and 500. It decides only where the body is not Meta's (a proxy's page, say).

use super::outcome::{ErrorCode, Outcome};

/// The outcome of an answer that carries an error of Meta's.
///
/// `transient` is the answer's own `is_transient`; that it is absent says nothing. It does
/// not go before a limit (as Meta's reference has it), nor before what is tried again as it
/// is, with more care: a token, of which the secret is read again, a replacement under way,
/// and 1/99. (Judgement.) The status decides only about codes that are not known.
pub(super) fn of_error(error: ErrorCode, transient: bool, status: u16) -> Outcome {
    match (error.code, error.subcode) {
        // Limits of the app, the user, the page, the ad account, and of calls for abuse or
        // a second; of business use cases.
        (4 | 17 | 32 | 341 | 613, _) | (80000..=80014, _) => Outcome::Throttled { wait: None },

        // Session or token not valid, expired, revoked.
        (102 | 190, _) => Outcome::Auth,

        // A replacement of the audience is under way: it ends by itself.
        (2650, Some(1_870_145)) => Outcome::Busy,
        // "Unknown", and what an audience answers to a request that it cannot take whole.
        (1, Some(99)) => Outcome::TooLarge,

        // By its status a throttle, whatever the code.
        _ if transient && status == 429 => Outcome::Throttled { wait: None },
        _ if transient => Outcome::Transient,

        // Too many parameters or rows.
        (105, _) => Outcome::TooMany,

        // Advertising disabled, audience not available, terms of the business tools, each
        // under whatever code.
        (_, Some(1_404_163 | 1_870_065 | 1_870_092)) => Outcome::Configuration,

        // Unknown, temporarily down, internal, upload not ready.
        (..=-1 | 1 | 2 | 5000 | 21009 | 3910001, _) => Outcome::Transient,

        // Object missing or not permitted; audience flagged; rule or parameter of
        // the request itself at fault; limited-data-use choice missing.
        (100, Some(33 | 34 | 1_713_098 | 1_713_228 | 1_713_230 | 1_713_231 | 2_804_030)) => {
            Outcome::Configuration
        }
        // The family of event validation, and what carries no known subcode: some
        // row. Where every row fails alike, delivery takes it for the route's set-up.
        (100, _) => Outcome::BadData,

        // The audience is too large to be replaced.
        (2650, Some(1_870_144)) => Outcome::Configuration,
        // "Update failed", and of a replacement what its own session has to answer for.
        (2650, _) => Outcome::Unexplained,

        // Capability, address, permission, signature, parameter, terms, policy,
        // version, audience gone or not ours: a person has to act.
        (3 | 5 | 10 | 104 | 194 | 200..=299 | 368 | 2500 | 2635 | 2654..=2656, _)
        | (1_487_301 | 1_487_366, _) => Outcome::Configuration,

        _ if status == 429 => Outcome::Throttled { wait: None },
        _ if status >= 500 => Outcome::Transient,
        _ => Outcome::Unexplained,
    }
}

impl ErrorCode {
    /// Of a throttle: whether it is the app or its user that called too often, and with
    /// them every account, and not the account alone.
    pub fn limits_the_token(self) -> bool {
        match (self.code, self.subcode) {
            (17, Some(2_446_079)) => false,
            (code, _) => matches!(code, 4 | 17 | 341),
        }
    }

    /// An event is too old, or of the future.
    pub fn is_about_age(self) -> bool {
        (self.code, self.subcode) == (100, Some(2_804_003))
    }

    /// Whether the error is one of those by which Meta refuses the content of a row:
    /// the family of event validation. Any other that refuses a row may as well refuse
    /// something that all of the requests have in common.
    pub fn blames_a_row(self) -> bool {
        matches!(
            (self.code, self.subcode),
            (100, Some(1_815_356 | 2_804_000..=2_804_999))
        ) && of_error(self, false, 400) == Outcome::BadData
    }
}

/// The outcome of an answer without a body of Meta's, by its HTTP status.
pub(super) fn of_status(status: u16) -> Outcome {
    match status {
        429 => Outcome::Throttled { wait: None },
        401 => Outcome::Auth,
        413 => Outcome::TooLarge,
        // A page of a proxy or load balancer, 4xx as well as 5xx, has been seen
        // for outages; a request that Meta really refuses comes with a code.
        400..=499 => Outcome::Transient,
        // Or of one that has passed the request on and waited for its answer in vain; and
        // a success that does not say so. It may have happened.
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests;
