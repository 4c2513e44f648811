//! Reads an answer: an HTTP status, some headers and a body that may be anything.

use std::fmt;
use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::class;
use super::lenient;
use super::outcome::{ErrorCode, Named, Outcome};
use super::usage::Usage;

/// All that is kept of an answer: never a text of Meta's, never a sample of rows.
#[derive(Clone, Debug)]
pub struct Answer {
    pub outcome: Outcome,
    /// Absent where no answer came.
    pub status: Option<u16>,
    /// Meta's error, where the answer carried one.
    pub error: Option<ErrorCode>,
    /// What to quote to Meta's support.
    pub trace_id: Option<TraceId>,
    pub usage: Usage,
    /// Meta warns that the version in use is at its end.
    pub version_warning: bool,
    /// How long to wait, as `Retry-After` says, whatever the outcome.
    pub retry_after: Option<Duration>,
}

/// Longer than any trace id seen, and shorter than a digest in hex.
const LONGEST_TRACE_ID: usize = 40;

/// Meta's `fbtrace_id`, kept only if it looks like one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceId(String);

impl TraceId {
    /// `None` unless it is up to 40 letters, digits, `_` or `-`: an answer of some
    /// proxy could hold anything there.
    pub fn recognise(text: &str) -> Option<TraceId> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        ((1..=LONGEST_TRACE_ID).contains(&text.len()) && text.bytes().all(plain))
            .then(|| TraceId(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Answer {
    /// No answer came. `sent` says whether the request may have left: a refused
    /// connection cannot have had an effect, a lost one may.
    pub(super) fn none(sent: bool) -> Answer {
        Answer {
            outcome: if sent {
                Outcome::Unknown
            } else {
                Outcome::Transient
            },
            status: None,
            error: None,
            trace_id: None,
            usage: Usage::default(),
            version_warning: false,
            retry_after: None,
        }
    }

    /// What it is called in front of people.
    pub fn named(&self) -> Named {
        Named {
            status: self.status,
            error: self.error,
            trace_id: self.trace_id.clone(),
        }
    }

    /// The token cannot even be written into a header.
    pub(super) fn bad_token() -> Answer {
        Answer {
            outcome: Outcome::Auth,
            ..Answer::none(false)
        }
    }

    pub(super) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> Answer {
        let parsed = Body::parse(body);
        let error = parsed.as_ref().and_then(|body| body.error.as_ref());
        let code = error.and_then(|error| {
            error.code.map(|code| ErrorCode {
                code,
                subcode: error.error_subcode,
            })
        });
        let outcome = match (&parsed, error, code) {
            // A 200 may carry an error all the same.
            (_, Some(error), Some(code)) => class::of_error(code, error.is_transient, status),
            (_, Some(error), None) if error.is_transient => Outcome::Transient,
            (Some(body), None, _) if (200..300).contains(&status) => body.success(),
            // A page instead of an answer is not Meta's word on the token.
            (None, ..) if status == 401 => Outcome::Transient,
            _ => class::of_status(status),
        };
        let usage = Usage::read(headers);
        let retry_after = retry_after(headers);
        let trace_id = parsed
            .iter()
            .filter_map(Body::trace_id)
            .chain(text(headers, &TRACE_ID))
            .find_map(TraceId::recognise);
        Answer {
            outcome: match outcome {
                Outcome::Throttled { .. } => Outcome::Throttled { wait: retry_after },
                other => other,
            },
            status: Some(status),
            error: code,
            trace_id,
            usage,
            version_warning: headers.contains_key(&VERSION_WARNING),
            retry_after,
        }
    }
}

/// Whether a body carries an error, with a code or without: that of a 200 may, too.
pub(super) fn is_error(body: &[u8]) -> bool {
    Body::parse(body).is_some_and(|body| body.error.is_some())
}

static TRACE_ID: HeaderName = HeaderName::from_static("x-fb-trace-id");
static VERSION_WARNING: HeaderName = HeaderName::from_static("x-ad-api-version-warning");

fn text<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Meta does not document `Retry-After`; honoured if it comes, up to a day: seconds, or a
/// date, which is held against that of the answer and not our clock. Zero is no answer to
/// how long: taken at its word, a blocked account would be called on and on.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let after = text(headers, &RETRY_AFTER)?.trim();
    let seconds = after.parse::<i64>().ok().or_else(|| {
        let date = |text| OffsetDateTime::parse(text, &Rfc2822).ok();
        let now = text(headers, &DATE).and_then(date);
        let now = now.unwrap_or_else(OffsetDateTime::now_utc);
        Some((date(after)? - now).whole_seconds())
    })?;
    let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?;
    Some(Duration::from_secs(seconds.min(86_400)))
}

/// Any answer of either API. `invalid_entry_samples`, `messages` and the texts of
/// an error are left unread on purpose.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    #[serde(deserialize_with = "lenient::count")]
    events_received: Option<u64>,
    #[serde(deserialize_with = "lenient::count")]
    num_received: Option<u64>,
    #[serde(deserialize_with = "lenient::count")]
    num_invalid_entries: Option<u64>,
    #[serde(deserialize_with = "lenient::text")]
    fbtrace_id: Option<String>,
    #[serde(deserialize_with = "lenient::object")]
    error: Option<ErrorBody>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    #[serde(deserialize_with = "lenient::number")]
    code: Option<i64>,
    #[serde(deserialize_with = "lenient::number")]
    error_subcode: Option<i64>,
    #[serde(deserialize_with = "lenient::flag")]
    is_transient: bool,
    #[serde(deserialize_with = "lenient::text")]
    fbtrace_id: Option<String>,
}

impl Body {
    fn parse(body: &[u8]) -> Option<Body> {
        // A list of the same values is no answer of Meta's.
        let is_object = body.trim_ascii_start().first() == Some(&b'{');
        is_object
            .then(|| serde_json::from_slice(body).ok())
            .flatten()
    }

    fn success(&self) -> Outcome {
        match (self.events_received, self.num_received) {
            (Some(received), _) => Outcome::Accepted { received },
            (None, Some(received)) => match self.num_invalid_entries {
                None | Some(0) => Outcome::Accepted { received },
                Some(invalid) => Outcome::Partial { received, invalid },
            },
            // JSON, but not of these endpoints.
            (None, None) => Outcome::Unknown,
        }
    }

    fn trace_id(&self) -> Option<&str> {
        let error = self
            .error
            .as_ref()
            .and_then(|error| error.fbtrace_id.as_deref());
        error.or(self.fbtrace_id.as_deref())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    fn outcome(status: u16, body: &str) -> Outcome {
        Answer::read(status, &HeaderMap::new(), body.as_bytes()).outcome
    }

    #[test]
    fn a_success_says_how_many_were_received() {
        assert_eq!(
            outcome(
                200,
                r#"{"events_received":2,"messages":[],"fbtrace_id":"Abc"}"#
            ),
            Outcome::Accepted { received: 2 }
        );
        assert_eq!(
            outcome(
                200,
                r#"{"audience_id":"1","session_id":"4","num_received":5,"num_invalid_entries":2,"invalid_entry_samples":{"a":"b"}}"#
            ),
            Outcome::Partial {
                received: 5,
                invalid: 2
            }
        );
    }

    #[test]
    fn an_error_counts_whatever_the_status() {
        for status in [200, 400, 401, 500] {
            assert_eq!(outcome(status, r#"{"error":{"code":190}}"#), Outcome::Auth);
        }
    }

    #[test]
    fn a_null_is_as_good_as_nothing() {
        let body =
            r#"{"error":{"code":190,"error_subcode":null,"is_transient":null,"fbtrace_id":null}}"#;
        assert_eq!(outcome(500, body), Outcome::Auth);
    }

    #[test]
    fn a_success_that_cannot_be_read_is_unknown() {
        for body in [
            "Service Unavailable",
            "",
            r#"{"events_rec"#,
            "{}",
            "[]",
            "[5]",
            "null",
            "5",
            r#"{"events_received":-1}"#,
            r#"{"events_received":2.5}"#,
        ] {
            assert_eq!(outcome(200, body), Outcome::Unknown, "{body}");
        }
    }

    #[test]
    fn a_page_instead_of_an_answer_refuses_or_hides_one() {
        assert_eq!(
            outcome(400, "<html>Sorry, something went wrong</html>"),
            Outcome::Transient
        );
        assert_eq!(outcome(504, "<html></html>"), Outcome::Unknown);
    }

    #[test]
    fn an_odd_member_costs_no_other_its_meaning() {
        let odd = [
            r#""text""#,
            "7",
            "1.5",
            "true",
            "null",
            "[[1]]",
            r#"{"a":{}}"#,
        ];
        for odd in odd {
            for member in [
                "is_transient",
                "fbtrace_id",
                "message",
                "type",
                "error_data",
            ] {
                // Only of one that says so itself is it passing.
                let expected = match (member, odd) {
                    ("is_transient", "true") => Outcome::Transient,
                    _ => Outcome::Configuration,
                };
                let body =
                    format!(r#"{{"error":{{"code":100,"error_subcode":33,"{member}":{odd}}}}}"#);
                assert_eq!(outcome(400, &body), expected, "{body}");
            }
            // Neither an error of that form, nor a code or a count, is one.
            let body = format!(r#"{{"error":{{"code":190,"error_subcode":{odd}}}}}"#);
            assert_eq!(outcome(400, &body), Outcome::Auth, "{body}");
            let body = format!(r#"{{"num_received":5,"num_invalid_entries":0,"messages":{odd}}}"#);
            assert_eq!(outcome(200, &body), Outcome::Accepted { received: 5 });
        }
        for odd in [r#""text""#, "7", "false", "[190]"] {
            let body = format!(r#"{{"events_received":1,"error":{odd}}}"#);
            assert_eq!(outcome(200, &body), Outcome::Unknown, "{body}");
            assert!(is_error(body.as_bytes()), "{body}");
        }
    }

    #[test]
    fn a_number_may_stand_in_quotes() {
        let body = r#"{"error":{"code":"100","error_subcode":"2804003"}}"#;
        let answer = Answer::read(400, &HeaderMap::new(), body.as_bytes());
        assert_eq!(answer.outcome, Outcome::BadData);
        assert_eq!(answer.error.unwrap().to_string(), "100/2804003");
        let body = r#"{"num_received":"5","num_invalid_entries":"2"}"#;
        let partial = Outcome::Partial {
            received: 5,
            invalid: 2,
        };
        assert_eq!(outcome(200, body), partial);
    }

    #[test]
    fn error_data_of_any_kind_is_no_obstacle() {
        for data in [r#"{"blame_field_specs":[["x"]]}"#, r#""text""#, "7"] {
            let body = format!(
                r#"{{"error":{{"code":100,"error_subcode":2804003,"error_data":{data},"fbtrace_id":"AbC-_9"}}}}"#
            );
            let answer = Answer::read(400, &HeaderMap::new(), body.as_bytes());
            assert_eq!(answer.outcome, Outcome::BadData);
            assert_eq!(answer.error.unwrap().to_string(), "100/2804003");
            assert_eq!(answer.trace_id.unwrap().as_str(), "AbC-_9");
        }
    }

    #[test]
    fn only_a_plain_word_is_a_trace_id() {
        for text in ["", "jane@example.com", "a b", &"A".repeat(65)] {
            assert_eq!(TraceId::recognise(text), None, "{text}");
        }
        assert!(TraceId::recognise("AbCd-1_23").is_some());
    }

    #[test]
    fn texts_of_metas_are_not_kept() {
        let body = r#"{"error":{"message":"Invalid token MARKED","code":190,"error_user_msg":"MARKED","fbtrace_id":"MARKED x@example.com"}}"#;
        let answer = Answer::read(401, &HeaderMap::new(), body.as_bytes());
        assert!(!format!("{answer:?}").contains("MARKED"));
    }

    #[test]
    fn a_throttle_says_how_long_in_seconds_or_by_a_date() {
        let wait = |after: &str, date: Option<&str>| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, after.parse().unwrap());
            if let Some(date) = date {
                headers.insert(DATE, date.parse().unwrap());
            }
            let body = br#"{"error":{"code":80003}}"#;
            match Answer::read(400, &headers, body).outcome {
                Outcome::Throttled { wait } => wait.map(|wait| wait.as_secs()),
                other => panic!("{other:?}"),
            }
        };
        let now = Some("Tue, 24 Nov 2026 08:00:00 GMT");
        assert_eq!(wait(" 7 ", None), Some(7));
        assert_eq!(wait("Tue, 24 Nov 2026 08:01:30 GMT", now), Some(90));
        assert_eq!(wait("Tue, 24 Nov 2026 07:59:00 GMT", now), None, "past");
        assert_eq!(wait("Tue, 24 Nov 2048 08:00:00 GMT", None), Some(86_400));
        assert_eq!(wait("9999999999", None), Some(86_400));
        for nothing in ["0", "-1", "soon", "", "99999999999999999999"] {
            assert_eq!(wait(nothing, now), None, "{nothing:?}");
        }
    }
}
