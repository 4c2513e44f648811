//! What a person has to do about an error of Meta's: one sentence for each, in the log, on
//! `/readyz` and in receipts. It is ours; Meta's own texts are translated, and may repeat
//! rows or the token.

use super::outcome::ErrorCode;

/// Where neither the code nor the subcode is known.
const LOOK_IT_UP: &str = "this error is not known here: look its number up in Meta's documentation, or ask Meta's support with the trace id";

impl ErrorCode {
    /// What to do, where waiting does not mend it.
    pub fn advice(self) -> &'static str {
        match (self.code, self.subcode) {
            (_, Some(1_404_163)) => {
                "advertising is disabled for the ad account: see Account Quality in Meta's Business settings"
            }
            (_, Some(1_870_065)) => {
                "the audience is not available: look at it in Ads Manager, or name another one in the route"
            }
            (_, Some(1_870_092)) => {
                "Meta's Business Tools terms are not accepted: a person of the business has to accept them in Business settings"
            }
            (102 | 190, _) => of_token(self.subcode),
            (100, _) => of_parameter(self.subcode),
            (200..=299, _) => of_permission(self),
            (2650 | 2654..=2656 | 1_487_301 | 1_487_366, _) => of_audience(self),

            (3, _) => {
                "the app behind the token may not make this call: give the app Marketing API access, or use the token of one that has it"
            }
            (5, _) => {
                "the app behind the token takes calls from some addresses only: add the worker's outgoing address in the app's settings"
            }
            (10, _) => {
                "the app behind the token lacks a permission: for an audience give it ads_management and access to the ad account; for events no \
                 permission is needed, but access to the dataset: give that to the token's system user"
            }
            (104, _) => {
                "the proof of the app secret is wrong: the secret's app_secret must be that of the app that issued the token, or be left out"
            }
            (105, _) => {
                "even a single row is more than Meta takes: map fewer columns, or report it"
            }
            (194, _) => {
                "Meta misses a parameter: look whether the API version that is configured is one that Meta still offers, and report it"
            }
            (368, _) => {
                "Meta has blocked the app or the account for breaking a policy: see Account Quality in Meta's Business settings; it is tried again once an hour"
            }
            (506, _) => "Meta takes the request for a repeated post, which it is not: report it",
            (2500, _) => {
                "Meta does not understand the address: check the ids of the route, meta.endpoint and the API versions"
            }
            (2635, _) => {
                "the API version has ended: set a newer one in meta.conversions_version or meta.audience_version, whichever the route uses"
            }
            _ => LOOK_IT_UP,
        }
    }

    /// Meta found what should be a hash not to be one, which is checked before anything is
    /// sent: a fault of this program, and none of the rows'.
    pub fn is_our_fault(self) -> bool {
        (self.code, self.subcode) == (100, Some(2_804_016))
    }

    /// A removal that would leave too small an audience: what is asked for is refused, and
    /// neither the token nor the route is.
    pub fn is_the_files(self) -> bool {
        (self.code, self.subcode) == (200, Some(1_870_047))
    }

    /// No more than that token, user or app may not, or see nothing there: what is missing
    /// depends on what was asked for. Refusals for terms, restrictions and the like have a
    /// sentence of their own.
    pub fn is_about_permission(self) -> bool {
        match (self.code, self.subcode) {
            (
                _,
                Some(
                    1_404_163 | 1_870_034 | 1_870_047 | 1_870_050 | 1_870_065 | 1_870_090
                    | 1_870_092,
                ),
            )
            | (270, _) => false,
            (100, subcode) => matches!(subcode, Some(33 | 34)),
            (code, _) => matches!(code, 10 | 200..=299),
        }
    }

    /// A block for a policy, which trying again may lengthen.
    pub fn is_a_block(self) -> bool {
        self.code == 368
    }
}

/// Follows the request to renew the token.
fn of_token(subcode: Option<i64>) -> &'static str {
    match subcode {
        Some(458) => {
            "the app is not installed or authorised for its user any more: authorise it first"
        }
        Some(459) => "Meta wants its user to log in and pass a check first",
        Some(460) => "its user has changed the password",
        Some(463) => "it has expired: best make one that does not",
        Some(464) => "its user is not confirmed: confirm the account with Meta first",
        Some(467) => "it was revoked or is not valid any more",
        Some(492) => "its user has no role for the page: give one first",
        _ => "it is wrong, or not valid any more",
    }
}

fn of_parameter(subcode: Option<i64>) -> &'static str {
    match subcode {
        Some(33 | 34) => {
            "there is no such dataset or audience, or the token's user may not use it: check the id in the route, and assign the dataset or \
             the ad account to the system user"
        }
        Some(1_713_098) => "the audience's rule is not valid: mend it in Ads Manager",
        Some(1_713_228 | 1_713_230 | 1_713_231) => {
            "Meta has flagged the audience for what its name, description or rule suggests, and takes no rows for it: see what Ads Manager says of \
             it, or use another audience"
        }
        Some(2_804_003) => {
            "the events are older than Meta takes any (7 days, 62 of physical_store), or of the future: look where conversions.event_time is from, \
             whether the worker's clock is right, and how long files wait before they are delivered"
        }
        Some(2_804_009) => {
            "Meta misses the value that a Purchase needs: look at conversions.value and conversions.currency, and at what their columns hold"
        }
        Some(2_804_016) => {
            "Meta finds a value that is not hashed and should be, which is a fault of this program and none of the rows': report it"
        }
        Some(2_804_050) => {
            "the events say too little of who somebody is: map columns that tell people apart, such as email, phone or external_id"
        }
        Some(2_804_030) => {
            "Meta wants a choice about Limited Data Use: map data_processing_options, or set it for the route"
        }
        _ => {
            "check the ids and fields of the route, whether the audience is based on value and no column holds one, and whether the secret's \
             app_secret is that of the token's app"
        }
    }
}

fn of_permission(error: ErrorCode) -> &'static str {
    match (error.code, error.subcode) {
        (_, Some(1_870_034 | 1_870_090)) => {
            "the custom audience terms are not accepted: a person of the business that owns the ad account has to accept them in Ads Manager"
        }
        (_, Some(1_870_050)) => {
            "the ad account has no owner or is not linked to the app: connect them in Meta's Business settings"
        }
        (_, Some(1_870_047)) => {
            "the removal would leave fewer people in the audience than Meta allows, so nothing of this request was removed: remove fewer, or replace or \
             delete the audience"
        }
        (270, _) => {
            "the app has limited access, and the ad account is another business's: apply for full access, or use an account of the app's own business"
        }
        (294, _) => {
            "the token lacks ads_management, or the app may not use the Marketing API: grant it, and make a new token"
        }
        _ => {
            "a permission is missing: for an audience give the token ads_management and its user at least the advertiser's role for the ad account; \
             for events give its user access to the dataset, or use a token made in Events Manager"
        }
    }
}

fn of_audience(error: ErrorCode) -> &'static str {
    match (error.code, error.subcode) {
        (1_487_301, _) => {
            "the audience is not shared with the ad account: share it, or name another one in the route"
        }
        (1_487_366, _) => "the audience is deleted: name another one in the route",
        (2650, Some(1_870_144)) => {
            "the audience has 100 million members or more and cannot be replaced: add and remove instead"
        }
        (2650, Some(1_870_147 | 1_870_148 | 1_870_158 | 1_870_159)) => {
            "the replacement of the audience cannot go on as it was begun: it has to begin anew, or the rest to be added"
        }
        (2650, _) => {
            "the audience cannot be updated: if its first upload was of another kind (a single key, not a list of keys), use a new audience"
        }
        (2654, _) => {
            "the token's user may not change the audience: give the user the right to in the ad account that owns it"
        }
        (2655, _) => {
            "the terms for marketing messages are not accepted: a person of the business has to accept them"
        }
        (2656, _) => "other audiences are made from this one, and keep it from being deleted",
        _ => LOOK_IT_UP,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(code: i64, subcode: Option<i64>) -> &'static str {
        ErrorCode { code, subcode }.advice()
    }

    #[test]
    fn what_only_a_person_can_mend_has_a_sentence_that_says_how() {
        for (code, subcode, says) in [
            (190, Some(463), "expired"),
            (190, None, "not valid"),
            (100, Some(33), "assign the dataset"),
            (100, Some(1_713_230), "flagged"),
            (100, Some(2_804_003), "conversions.event_time"),
            (100, Some(2_804_009), "conversions.value"),
            (100, Some(2_804_016), "report it"),
            (100, Some(2_804_050), "external_id"),
            (10, None, "access to the dataset"),
            (10, None, "ads_management"),
            (200, None, "access to the dataset"),
            (200, Some(1_870_034), "terms"),
            (200, Some(1_870_047), "fewer people"),
            (200, None, "ads_management"),
            (210, Some(1_870_092), "Business Tools"),
            (7, Some(1_404_163), "advertising is disabled"),
            (270, None, "limited access"),
            (368, Some(1_404_078), "policy"),
            (1_487_366, None, "deleted"),
            (1_487_301, None, "shared"),
            (2635, None, "meta.audience_version"),
            (2654, Some(1_713_092), "may not change"),
        ] {
            let told = advice(code, subcode);
            assert!(told.contains(says), "{code}/{subcode:?}: {told}");
        }
        assert_eq!(advice(123_456, None), LOOK_IT_UP);
    }

    #[test]
    fn what_lacks_a_permission_is_told_from_what_meta_refuses_for_another_cause() {
        for (code, subcode) in [
            (10, None),
            (200, None),
            (200, Some(7)),
            (294, None),
            (299, None),
            (100, Some(33)),
            (100, Some(34)),
        ] {
            assert!(
                ErrorCode { code, subcode }.is_about_permission(),
                "{code}/{subcode:?}"
            );
        }
        for (code, subcode) in [
            (3, None),
            (5, None),
            (10, Some(1_404_163)),
            (100, None),
            (100, Some(1_713_230)),
            (200, Some(1_404_163)),
            (200, Some(1_870_034)),
            (200, Some(1_870_090)),
            (200, Some(1_870_050)),
            (270, None),
            (368, None),
            (2654, Some(1_713_092)),
        ] {
            assert!(
                !ErrorCode { code, subcode }.is_about_permission(),
                "{code}/{subcode:?}"
            );
        }
    }

    #[test]
    fn a_sentence_can_stand_in_the_middle_of_a_line() {
        for code in [3, 5, 10, 100, 104, 190, 200, 368, 2500, 2635, 2650, 2654] {
            let told = advice(code, None);
            assert!(!told.ends_with('.') && !told.contains('\n') && !told.contains("  "));
        }
    }
}
