//! Which outcome an error answer is, by Meta's code and subcode.
//!
//! The HTTP status is no help where there is a code: 190 alone turns up with 400,
//! 401 and 500. It decides only where the body is not Meta's (a proxy's page, say).

use super::outcome::{ErrorCode, Outcome};

/// The outcome of an answer that carries an error of Meta's.
///
/// `transient` is the answer's own `is_transient`; that it is absent says nothing.
pub(super) fn of_error(error: ErrorCode, transient: bool) -> Outcome {
    let throttled = Outcome::Throttled { wait: None };
    match (error.code, error.subcode) {
        // Limits of the app, the user, the page, the ad account; of a business use case.
        (4 | 17 | 32 | 341, _) | (80000..=80006 | 80008 | 80009 | 80014, _) => throttled,
        // 5044001 counts mutations of ads per second; the others calls.
        (613, _) => throttled,

        // Session or token not valid, expired, revoked.
        (102 | 190, _) => Outcome::Auth,

        // "Unknown", and what an audience answers to a request that it cannot take
        // whole; too many parameters or rows.
        (1, Some(99)) | (105, _) => Outcome::TooLarge,

        _ if transient => Outcome::Transient,
        // A replacement of the audience is under way: it ends by itself.
        (2650, Some(1_870_145)) => Outcome::Transient,
        // Unknown, temporarily down, internal, upload not ready.
        (1 | 2 | 5000 | 21009 | 3910001, _) => Outcome::Transient,
        (..=-1, _) => Outcome::Transient,

        // Object missing or not permitted; audience flagged; rule or parameter of
        // the request itself at fault; limited-data-use choice missing.
        (100, Some(33 | 34 | 1_713_098 | 1_713_228 | 1_713_230 | 1_713_231 | 2_804_030)) => {
            Outcome::Configuration
        }
        // The family of event validation, and what carries no known subcode: some
        // row. Where every row fails alike, delivery takes it for the route's set-up.
        (100, _) => Outcome::BadData,

        // Capability, address, permission, signature, parameter, terms, policy,
        // version, audience gone or not ours: a person has to act.
        _ => Outcome::Configuration,
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

    /// Whether the error is one of those by which Meta refuses the content of a row:
    /// the family of event validation. Any other that refuses a row may as well refuse
    /// something that all of the requests have in common.
    pub fn blames_a_row(self) -> bool {
        matches!(
            (self.code, self.subcode),
            (100, Some(1_815_356 | 2_804_000..=2_804_999))
        ) && of_error(self, false) == Outcome::BadData
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
        400..=599 => Outcome::Transient,
        // A success that does not say so: it may have happened.
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_the_outcome_of_metas_reference() {
        let throttled = Outcome::Throttled { wait: None };
        let table: &[(i64, Option<i64>, bool, Outcome)] = &[
            (1, None, false, Outcome::Transient),
            (1, Some(99), false, Outcome::TooLarge),
            (1, Some(99), true, Outcome::TooLarge),
            (2, Some(1_504_043), false, Outcome::Transient),
            (3, None, false, Outcome::Configuration),
            (4, Some(1_504_022), false, throttled),
            (4, None, true, throttled),
            (5, None, false, Outcome::Configuration),
            (10, None, false, Outcome::Configuration),
            (17, Some(2_446_079), false, throttled),
            (32, None, false, throttled),
            (100, None, false, Outcome::BadData),
            (100, None, true, Outcome::Transient),
            (100, Some(33), false, Outcome::Configuration),
            (100, Some(34), false, Outcome::Configuration),
            (100, Some(2_804_003), false, Outcome::BadData),
            (100, Some(2_804_009), false, Outcome::BadData),
            (100, Some(2_804_016), false, Outcome::BadData),
            (100, Some(2_804_050), false, Outcome::BadData),
            (100, Some(2_804_030), false, Outcome::Configuration),
            (100, Some(1_713_230), false, Outcome::Configuration),
            (102, Some(452), false, Outcome::Auth),
            (104, None, false, Outcome::Configuration),
            (105, None, false, Outcome::TooLarge),
            (190, None, false, Outcome::Auth),
            (190, Some(463), true, Outcome::Auth),
            (200, Some(1_870_034), false, Outcome::Configuration),
            (294, None, false, Outcome::Configuration),
            (341, None, false, throttled),
            (368, None, false, Outcome::Configuration),
            (613, Some(1_487_742), false, throttled),
            (2635, None, false, Outcome::Configuration),
            (2650, None, false, Outcome::Configuration),
            (2650, Some(1_870_145), false, Outcome::Transient),
            (2654, Some(1_713_092), false, Outcome::Configuration),
            (5000, None, false, Outcome::Transient),
            (21009, None, false, Outcome::Transient),
            (80003, None, false, throttled),
            (80014, Some(2_446_079), false, throttled),
            (3_910_001, None, false, Outcome::Transient),
            (-3, None, false, Outcome::Transient),
            (123_456, None, false, Outcome::Configuration),
        ];
        for &(code, subcode, transient, expected) in table {
            let error = ErrorCode { code, subcode };
            assert_eq!(of_error(error, transient), expected, "code {error}");
        }
    }

    #[test]
    fn limits_of_apps_and_users_are_not_the_accounts() {
        let of_token = |code, subcode| ErrorCode { code, subcode }.limits_the_token();
        assert!(of_token(4, None) && of_token(4, Some(1_504_022)) && of_token(17, None));
        assert!(!of_token(17, Some(2_446_079)) && !of_token(613, Some(1_487_742)));
        assert!(!of_token(80_003, None));
    }

    #[test]
    fn only_event_validation_blames_a_row() {
        let blames = |code, subcode| ErrorCode { code, subcode }.blames_a_row();
        assert!(blames(100, Some(2_804_003)) && blames(100, Some(2_804_050)));
        assert!(!blames(100, None) && !blames(100, Some(33)));
        assert!(
            !blames(100, Some(2_804_030)),
            "a choice of the whole request"
        );
        assert!(!blames(190, Some(2_804_003)));
    }

    #[test]
    fn a_status_alone_never_refuses_a_row() {
        for status in 100..600 {
            assert_ne!(of_status(status), Outcome::BadData, "status {status}");
        }
        assert_eq!(of_status(200), Outcome::Unknown);
        assert_eq!(of_status(502), Outcome::Transient);
        assert_eq!(of_status(413), Outcome::TooLarge);
        assert_eq!(of_status(429), Outcome::Throttled { wait: None });
    }
}
