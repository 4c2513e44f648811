//! What is put in the way, and of which kind it has to be.

use std::time::Duration;

use audience_activator::meta::ExchangeError;
use simulator::{Fault, FaultAction, GraphError, Target};

use crate::stage::paused::Instead;
use crate::stage::people::hashed_email;

/// As Meta's reference has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Passes: tried again.
    Passing,
    /// A limit: everything for the account, or with the token, waits.
    Throttled,
    /// One row is refused, and found.
    BadRow,
    /// Every row is refused alike, so that it is none of theirs.
    EveryRow,
    /// A person has to mend the set-up.
    Configuration,
    /// The same, and asking may make it worse.
    Blocked,
    /// What the file asks for is refused.
    File,
    Token,
    /// Something else is under way, for minutes.
    Busy,
    /// May be too large, or passing.
    TooLarge,
    TooMany,
    /// Tried a few times, and then taken for the set-up.
    Unexplained,
}

impl Class {
    pub(super) fn shown(self) -> &'static str {
        match self {
            Class::Passing => "retry",
            Class::Throttled => "throttle",
            Class::BadRow => "bad data",
            Class::EveryRow => "bad data, of all: set-up",
            Class::Configuration => "set-up",
            Class::Blocked => "set-up, long pause",
            Class::File => "the file's",
            Class::Token => "token",
            Class::Busy => "wait",
            Class::TooLarge => "retry, then halve",
            Class::TooMany => "halve",
            Class::Unexplained => "retry, then set-up",
        }
    }
}

pub(super) enum Injected {
    /// By the simulator, as often as the class asks for.
    Action(FaultAction, Duration),
    /// In its place, so often.
    Instead(Instead),
}

pub(super) struct Row {
    pub(super) what: String,
    pub(super) on: Target,
    pub(super) injected: Injected,
    pub(super) class: Class,
}

/// The row at fault, where it is one row's.
pub(super) const BAD: u64 = 7;

impl Row {
    pub(super) fn fault(&self) -> Option<Fault> {
        let Injected::Action(action, delay) = &self.injected else {
            return None;
        };
        let fault = Fault::new(self.on, action.clone()).after(*delay);
        Some(match self.class {
            Class::Passing => fault.times(2),
            Class::Throttled | Class::TooMany => fault,
            Class::TooLarge => fault.times(3),
            Class::BadRow => fault.holding(hashed_email(BAD)).always(),
            Class::EveryRow
            | Class::Configuration
            | Class::Blocked
            | Class::File
            | Class::Token
            | Class::Busy
            | Class::Unexplained => fault.always(),
        })
    }
}

fn row(what: impl Into<String>, on: Target, action: FaultAction, class: Class) -> Row {
    Row {
        what: what.into(),
        on,
        injected: Injected::Action(action, Duration::ZERO),
        class,
    }
}

fn instead(what: &str, answer: Instead, class: Class) -> Row {
    Row {
        what: what.to_owned(),
        on: Target::Events,
        injected: Injected::Instead(answer),
        class,
    }
}

fn error(on: Target, class: Class, error: GraphError) -> Row {
    let code = match error.subcode {
        Some(subcode) => format!("{}/{subcode}", error.code),
        None => error.code.to_string(),
    };
    let transient = match error.is_transient {
        Some(true) => ", `is_transient`",
        _ => "",
    };
    let what = format!("{code}{transient}, HTTP {}", error.status);
    row(what, on, FaultAction::Error(error), class)
}

/// Of this status and code, with each of these subcodes (0 for none).
fn codes(on: Target, class: Class, status: u16, code: i64, subcodes: &[i64]) -> Vec<Row> {
    let graph_error = |subcode: &i64| match subcode {
        0 => GraphError::new(status, code),
        subcode => GraphError::new(status, code).subcode(*subcode),
    };
    let errors = subcodes.iter().map(graph_error);
    errors.map(|one| error(on, class, one)).collect()
}

/// Every row of the reference, in its order.
pub(super) fn rows() -> Vec<Row> {
    let (events, users) = (Target::Events, Target::Users);
    let mut rows = transport();
    rows.push(error(
        events,
        Class::Passing,
        GraphError::new(400, 100).transient(),
    ));
    rows.push(error(
        users,
        Class::Passing,
        GraphError::new(400, 200).subcode(1_870_034).transient(),
    ));
    // What says of itself that it passes is a limit all the same, and so is a token.
    rows.push(error(
        users,
        Class::Throttled,
        GraphError::new(400, 80_003).transient(),
    ));
    rows.push(error(
        events,
        Class::Token,
        GraphError::new(401, 190).transient(),
    ));
    for (on, class, status, code, subcodes) in [
        (events, Class::Passing, 500, 1, &[0][..]),
        (users, Class::TooLarge, 400, 1, &[99]),
        (events, Class::Passing, 503, 2, &[0, 1_504_043]),
        (events, Class::Configuration, 400, 3, &[0]),
        (events, Class::Throttled, 403, 4, &[0, 1_504_022, 1_504_039]),
        (events, Class::Configuration, 400, 5, &[0]),
        (events, Class::Configuration, 403, 10, &[0]),
        (users, Class::Throttled, 400, 17, &[0, 2_446_079]),
        (users, Class::Throttled, 500, 17, &[2_446_079]),
        (users, Class::Throttled, 400, 32, &[0]),
        (events, Class::BadRow, 400, 100, &[0]),
        (users, Class::BadRow, 400, 100, &[0]),
        (events, Class::Configuration, 400, 100, &[33]),
        (events, Class::Configuration, 404, 100, &[34]),
        (
            events,
            Class::BadRow,
            400,
            100,
            &[
                2_804_003, 2_804_009, 2_804_016, 2_804_050, 2_804_001, 2_804_007, 2_804_017,
                2_804_019, 2_804_048,
            ],
        ),
        (events, Class::Configuration, 400, 100, &[2_804_030]),
        (events, Class::BadRow, 400, 100, &[2_804_999, 1_815_356]),
        (
            users,
            Class::Configuration,
            400,
            100,
            &[1_713_098, 1_713_230, 1_713_228, 1_713_231],
        ),
        (events, Class::Token, 401, 102, &[0, 452]),
        (events, Class::Configuration, 400, 104, &[0]),
        (users, Class::TooMany, 400, 105, &[0]),
        (
            events,
            Class::Token,
            401,
            190,
            &[0, 458, 459, 460, 463, 464, 467, 492],
        ),
        (users, Class::Token, 400, 190, &[0]),
        (events, Class::Token, 500, 190, &[0]),
        (events, Class::Configuration, 400, 194, &[0]),
        (
            users,
            Class::Configuration,
            403,
            200,
            &[0, 1_870_034, 1_870_090, 1_870_050],
        ),
        (users, Class::File, 400, 200, &[1_870_047]),
        (users, Class::Configuration, 403, 299, &[0]),
        (
            users,
            Class::Configuration,
            400,
            77,
            &[1_870_065, 1_870_092, 1_404_163],
        ),
        (users, Class::Configuration, 400, 270, &[0]),
        (users, Class::Configuration, 400, 294, &[0]),
        (events, Class::Throttled, 400, 341, &[0]),
        (events, Class::Blocked, 400, 368, &[0, 1_404_078, 2_859_015]),
        (events, Class::Unexplained, 400, 506, &[0]),
        (
            users,
            Class::Throttled,
            400,
            613,
            &[0, 1_487_742, 5_044_001],
        ),
        (users, Class::Configuration, 400, 1_487_301, &[0]),
        (users, Class::Configuration, 400, 1_487_366, &[0]),
        (events, Class::Configuration, 400, 2500, &[0]),
        (users, Class::Configuration, 400, 2635, &[0]),
        (users, Class::Busy, 400, 2650, &[1_870_145]),
        (users, Class::Configuration, 400, 2650, &[1_870_144]),
        (
            users,
            Class::Unexplained,
            400,
            2650,
            &[1_870_147, 1_870_148, 1_870_158, 1_870_159, 0],
        ),
        (users, Class::Configuration, 403, 2654, &[1_713_092]),
        (users, Class::Configuration, 400, 2655, &[0]),
        (users, Class::Configuration, 400, 2656, &[0]),
        (events, Class::Passing, 500, 5000, &[0]),
        (events, Class::Passing, 400, 21009, &[0]),
        (events, Class::Passing, 500, 3_910_001, &[0]),
    ] {
        rows.extend(codes(on, class, status, code, subcodes));
    }
    rows.extend(told_apart_by_text());
    rows.extend(of_every_row());
    for code in (80_000..=80_009).chain([80_014]) {
        rows.extend(codes(users, Class::Throttled, 400, code, &[0]));
    }
    for code in [80_000, 80_003, 80_004] {
        rows.extend(codes(users, Class::Throttled, 400, code, &[2_446_079]));
    }
    rows.extend(codes(users, Class::Throttled, 429, 80_003, &[0]));
    rows.extend(codes(events, Class::Throttled, 429, 123_456, &[0]));
    rows.extend(codes(events, Class::Passing, 400, -3, &[0]));
    rows.extend(codes(events, Class::Unexplained, 400, 123_456, &[0]));
    rows.extend(codes(events, Class::Passing, 500, 123_456, &[0]));
    rows
}

/// What Meta's reference tells apart by a text alone, which nobody looks at.
fn told_apart_by_text() -> Vec<Row> {
    let (events, users) = (Target::Events, Target::Users);
    [
        (events, Class::EveryRow, 100, "Invalid appsecret_proof provided in the API argument"),
        (users, Class::EveryRow, 100, "LOOKALIKE_VALUE is missing in the schema"),
        (
            users,
            Class::Unexplained,
            2650,
            "The data sources FILE_IMPORTED.MULTI_HASHES and FILE_IMPORTED.HASHES_OR_USER_IDS are incompatible",
        ),
    ]
    .into_iter()
    .map(|(on, class, code, message)| {
        let mut graph_error = GraphError::new(400, code);
        graph_error.message = message.into();
        let mut row = error(on, class, graph_error);
        row.what = format!("{code}, \"{message}\"");
        row
    })
    .collect()
}

/// What is one row's as a rule, where no row is without it.
fn of_every_row() -> Vec<Row> {
    let subcodes = [2_804_003, 2_804_009, 2_804_016, 2_804_050];
    let mut rows = codes(Target::Events, Class::EveryRow, 400, 100, &subcodes);
    for row in &mut rows {
        row.what.push_str(", of every row");
    }
    rows
}

/// Errors without a code, and answers of an odd form.
fn transport() -> Vec<Row> {
    let events = Target::Events;
    let answer = |status, body: &str| Ok((status, body.to_owned()));
    let odd = |member: &str| {
        let error = format!(r#"{{"error":{{"code":2,"fbtrace_id":"Ab",{member}}}}}"#);
        Ok((400, error))
    };
    let mut timeout = row(
        "no answer within the timeout",
        events,
        FaultAction::Pass,
        Class::Passing,
    );
    timeout.injected = Injected::Action(FaultAction::Pass, Duration::from_secs(45));
    vec![
        timeout,
        row(
            "connection reset before anything happened",
            events,
            FaultAction::ResetBefore,
            Class::Passing,
        ),
        row(
            "connection reset after it happened",
            events,
            FaultAction::ResetAfter,
            Class::Passing,
        ),
        row(
            "the answer breaks off after it happened",
            events,
            FaultAction::Truncate,
            Class::Passing,
        ),
        instead(
            "no connection: DNS, TLS, refused",
            Err(ExchangeError::NotSent),
            Class::Passing,
        ),
        row(
            "5xx with a page of HTML: perhaps of what gave up waiting for Meta",
            events,
            FaultAction::Html { status: 502 },
            Class::Passing,
        ),
        row(
            "4xx with a page of HTML",
            events,
            FaultAction::Html { status: 400 },
            Class::Passing,
        ),
        row(
            "413 with a page of HTML",
            Target::Users,
            FaultAction::Html { status: 413 },
            Class::TooLarge,
        ),
        row(
            "429 with a page of HTML",
            events,
            FaultAction::Html { status: 429 },
            Class::Throttled,
        ),
        instead("5xx without a body", answer(503, ""), Class::Passing),
        instead(
            "200 with the text \"Service Unavailable\"",
            answer(200, "Service Unavailable"),
            Class::Passing,
        ),
        instead(
            "200 with the error 2",
            answer(200, r#"{"error":{"code":2,"fbtrace_id":"Ab"}}"#),
            Class::Passing,
        ),
        instead(
            "2, `error_data` an object",
            odd(r#""error_data":{"blame_field_specs":[["data"]]}"#),
            Class::Passing,
        ),
        instead(
            "2, `error_data` a text",
            odd(r#""error_data":"{\"blame_field_specs\":[]}""#),
            Class::Passing,
        ),
        instead(
            "2, in German",
            odd(r#""message":"Dienst vorübergehend nicht verfügbar","error_user_title":"Fehler""#),
            Class::Passing,
        ),
    ]
}
