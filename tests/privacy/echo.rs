//! A Meta that repeats token and rows wherever an answer has room for them.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};

use crate::stage::meta::{Endpoint, Reply, Seen};

/// A kind of answer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Accepted,
    Partial,
    /// Code and subcode.
    Error(i64, i64),
    /// Once this error, then accepted.
    Throttled(i64),
    Html(u16),
    /// No answer of Meta's, with this status.
    Text(u16),
    Redirect,
    /// JSON, but of a shape that nobody documents.
    Strange,
    Endless,
}

pub(crate) async fn answering(answer: Answer) -> Endpoint {
    let throttled = AtomicBool::new(false);
    Endpoint::answering(move |seen| {
        let again = throttled.swap(true, Ordering::Relaxed);
        with_headers(seen, reply(answer, seen, again))
    })
    .await
}

/// All there is to repeat.
fn echo(seen: &Seen) -> String {
    format!("{} {} {}", seen.token(), seen.uri, seen.body)
}

fn reply(answer: Answer, seen: &Seen, again: bool) -> Reply {
    let echo = echo(seen);
    match answer {
        Answer::Accepted => accepted(seen),
        Answer::Throttled(_) if again => accepted(seen),
        Answer::Throttled(code) => {
            Reply::json(400, &error(code, 0, &echo)).header("retry-after", "1")
        }
        Answer::Partial => {
            let samples = json!({ "0": echo, seen.token(): echo });
            let body = json!({
                "audience_id": echo, "session_id": echo, "num_received": 7,
                "num_invalid_entries": 3, "invalid_entry_samples": samples,
            });
            Reply::json(200, &body)
        }
        Answer::Error(code, subcode) => Reply::json(400, &error(code, subcode, &echo)),
        Answer::Html(status) => text(status, format!("<html><body>{echo}</body></html>")),
        Answer::Text(status) => text(status, echo),
        Answer::Redirect => text(302, echo).header("location", format!("/{}", seen.token())),
        Answer::Strange => Reply::json(200, &json!({ "error": echo, "events_received": echo })),
        Answer::Endless => text(200, format!("{{\"x\":\"{}", echo.repeat(2_000))),
    }
}

fn accepted(seen: &Seen) -> Reply {
    let echo = echo(seen);
    let body = json!({
        "events_received": 7, "num_received": 7, "messages": [echo], "fbtrace_id": echo,
    });
    Reply::json(200, &body)
}

fn error(code: i64, subcode: i64, echo: &str) -> Value {
    json!({ "error": {
        "message": echo, "type": echo, "code": code, "error_subcode": subcode,
        "error_user_title": echo, "error_user_msg": echo, "error_data": { "x": [echo] },
        "fbtrace_id": echo,
    }})
}

fn text(status: u16, body: String) -> Reply {
    Reply {
        status,
        headers: Vec::new(),
        body,
    }
}

/// The headers that are looked at, and some that are not.
fn with_headers(seen: &Seen, reply: Reply) -> Reply {
    let echo: String = echo(seen).chars().take(300).collect();
    let usage = json!({ seen.token(): [{ "type": echo, "call_count": 3 }] });
    reply
        .header("x-fb-trace-id", echo.clone())
        .header("x-ad-api-version-warning", echo.clone())
        .header("facebook-api-version", echo.clone())
        .header("x-app-usage", json!({ "call_count": echo }).to_string())
        .header("x-business-use-case-usage", usage.to_string())
        .header("www-authenticate", echo.clone())
        .header("set-cookie", echo)
}
