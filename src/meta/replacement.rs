//! Another membership in the place of an audience's, in one session of batches. (Meta,
//! "Customer File Custom Audiences", on replacing; the reference of `usersreplace`.)

use bytes::Bytes;

use super::client::{Endpoint, Request};
use super::exchange::Method;
use super::json;
use super::outcome::ErrorCode;

/// The place of a request in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionBatch {
    /// Positive, below 2^53, and of this ad account's no other session's.
    pub session: u64,
    /// 1 opens the session and is sent once in it; the others may come in any order, and
    /// more than once.
    pub number: u64,
    /// The last request of the session, with which the members are swapped.
    pub is_last: bool,
}

/// The request of these rows, as the body of `/users` has them.
pub fn replacement(audience: &str, batch: SessionBatch, users: &Bytes) -> Request {
    let mut body = Vec::with_capacity(users.len() + 96);
    body.extend_from_slice(b"{\"session\":{\"session_id\":");
    json::integer(&mut body, batch.session);
    body.extend_from_slice(b",\"batch_seq\":");
    json::integer(&mut body, batch.number);
    body.extend_from_slice(b",\"last_batch_flag\":");
    body.extend_from_slice(if batch.is_last { b"true" } else { b"false" });
    body.extend_from_slice(b"},");
    body.extend_from_slice(users.get(1..).unwrap_or_default());
    Request {
        endpoint: Endpoint::AudienceReplacement {
            audience: audience.to_owned(),
        },
        method: Method::Post,
        body: body.into(),
    }
}

/// Why a session does not take a batch: code 2650, told apart by its subcode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionEnd {
    /// Another replacement of the audience is running.
    Busy,
    /// The batch that opens it has never arrived.
    NeverOpened,
    /// It failed in the middle; old and new members may be there.
    Failed,
    /// Ninety minutes are over: what has arrived by then are the members now.
    TimedOut,
    /// It was closed before.
    Finished,
}

impl SessionEnd {
    pub fn of(error: Option<ErrorCode>) -> Option<SessionEnd> {
        let error = error.filter(|error| error.code == 2650)?;
        match error.subcode? {
            1_870_145 => Some(SessionEnd::Busy),
            1_870_147 => Some(SessionEnd::NeverOpened),
            1_870_148 => Some(SessionEnd::Failed),
            1_870_158 => Some(SessionEnd::TimedOut),
            1_870_159 => Some(SessionEnd::Finished),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_session_goes_before_the_rows_which_stay_as_they_are() {
        let users = br#"{"payload":{"schema":["EMAIL"],"is_raw":true,"data":[["a"],["b"]]}}"#;
        let batch = SessionBatch {
            session: (1 << 53) - 1,
            number: 7,
            is_last: true,
        };
        let request = replacement("2002", batch, &Bytes::from_static(users));
        let expected = r#"{"session":{"session_id":9007199254740991,"batch_seq":7,"last_batch_flag":true},"payload":{"schema":["EMAIL"],"is_raw":true,"data":[["a"],["b"]]}}"#;
        assert_eq!(request.body, expected);
        assert_eq!(request.method, Method::Post);
        let audience = "2002".to_owned();
        assert_eq!(request.endpoint, Endpoint::AudienceReplacement { audience });
        let read: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(read["payload"]["data"][1][0], "b");
    }

    #[test]
    fn only_the_subcodes_of_sessions_are_theirs() {
        let of = |code, subcode| SessionEnd::of(Some(ErrorCode { code, subcode }));
        for (subcode, end) in [
            (1_870_145, Some(SessionEnd::Busy)),
            (1_870_147, Some(SessionEnd::NeverOpened)),
            (1_870_148, Some(SessionEnd::Failed)),
            (1_870_158, Some(SessionEnd::TimedOut)),
            (1_870_159, Some(SessionEnd::Finished)),
            // Too many members: somebody has to act.
            (1_870_144, None),
        ] {
            assert_eq!(of(2650, Some(subcode)), end);
            assert_eq!(of(100, Some(subcode)), None);
        }
        assert_eq!(of(2650, None), None);
        assert_eq!(SessionEnd::of(None), None);
    }
}
