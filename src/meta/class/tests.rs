//! Meta's errors as its reference lists them, row by row, each as a whole answer.

#![allow(clippy::unwrap_used)]

use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use super::super::answer::Answer;
use super::*;

const THROTTLED: Outcome = Outcome::Throttled { wait: None };

/// A code, its subcode, the HTTP statuses it was seen with, and its outcome.
type Row = (i64, Option<i64>, &'static [u16], Outcome);

/// Every code and subcode of the reference.
const TABLE: &[Row] = &[
    (1, None, &[500, 400], Outcome::Transient),
    (1, Some(99), &[400, 500], Outcome::TooLarge),
    (2, None, &[500, 503], Outcome::Transient),
    (2, Some(1_504_043), &[500, 400], Outcome::Transient),
    (3, None, &[400], Outcome::Configuration),
    (4, None, &[400, 403], THROTTLED),
    (4, Some(1_504_022), &[400, 403], THROTTLED),
    (4, Some(1_504_039), &[400, 403], THROTTLED),
    (5, None, &[400], Outcome::Configuration),
    (10, None, &[400, 403], Outcome::Configuration),
    (17, None, &[400, 500], THROTTLED),
    (17, Some(2_446_079), &[400, 500], THROTTLED),
    (32, None, &[400], THROTTLED),
    (100, None, &[400], Outcome::BadData),
    (100, Some(33), &[400], Outcome::Configuration),
    (100, Some(34), &[404], Outcome::Configuration),
    (100, Some(2_804_003), &[400], Outcome::BadData),
    (100, Some(2_804_009), &[400], Outcome::BadData),
    (100, Some(2_804_016), &[400], Outcome::BadData),
    (100, Some(2_804_050), &[400], Outcome::BadData),
    (100, Some(2_804_001), &[400], Outcome::BadData),
    (100, Some(2_804_007), &[400], Outcome::BadData),
    (100, Some(2_804_017), &[400], Outcome::BadData),
    (100, Some(2_804_019), &[400], Outcome::BadData),
    (100, Some(2_804_048), &[400], Outcome::BadData),
    (100, Some(2_804_030), &[400], Outcome::Configuration),
    (100, Some(2_804_999), &[400], Outcome::BadData),
    (100, Some(1_815_356), &[400], Outcome::BadData),
    (100, Some(1_713_098), &[400], Outcome::Configuration),
    (100, Some(1_713_230), &[400], Outcome::Configuration),
    (100, Some(1_713_228), &[400], Outcome::Configuration),
    (100, Some(1_713_231), &[400], Outcome::Configuration),
    (102, None, &[400, 401], Outcome::Auth),
    (102, Some(452), &[400, 401], Outcome::Auth),
    (104, None, &[400], Outcome::Configuration),
    (105, None, &[400], Outcome::TooMany),
    (190, None, &[400, 401, 500], Outcome::Auth),
    (190, Some(458), &[400, 401], Outcome::Auth),
    (190, Some(459), &[400, 401], Outcome::Auth),
    (190, Some(460), &[400, 401], Outcome::Auth),
    (190, Some(463), &[400, 401], Outcome::Auth),
    (190, Some(464), &[400, 401], Outcome::Auth),
    (190, Some(467), &[400, 401], Outcome::Auth),
    (190, Some(492), &[400, 401], Outcome::Auth),
    (194, None, &[400], Outcome::Configuration),
    (200, None, &[400, 403], Outcome::Configuration),
    (298, None, &[400, 403], Outcome::Configuration),
    (200, Some(1_870_034), &[400, 403], Outcome::Configuration),
    (200, Some(1_870_090), &[400, 403], Outcome::Configuration),
    (200, Some(1_870_050), &[400], Outcome::Configuration),
    (200, Some(1_870_047), &[400], Outcome::Configuration),
    // The reference knows no code for these three.
    (77, Some(1_870_065), &[400, 500], Outcome::Configuration),
    (77, Some(1_870_092), &[400, 500], Outcome::Configuration),
    (77, Some(1_404_163), &[400, 500], Outcome::Configuration),
    (270, None, &[400], Outcome::Configuration),
    (294, None, &[400], Outcome::Configuration),
    (341, None, &[400], THROTTLED),
    (368, None, &[400], Outcome::Configuration),
    (368, Some(1_404_078), &[400], Outcome::Configuration),
    (368, Some(2_859_015), &[400], Outcome::Configuration),
    // Of posts, which are not made here: as any code that is not known.
    (506, None, &[400], Outcome::Unexplained),
    (613, None, &[400], THROTTLED),
    (613, Some(1_487_742), &[400], THROTTLED),
    (613, Some(5_044_001), &[400], THROTTLED),
    (1_487_301, None, &[400], Outcome::Configuration),
    (1_487_366, None, &[400], Outcome::Configuration),
    (2500, None, &[400], Outcome::Configuration),
    (2635, None, &[400], Outcome::Configuration),
    (2650, Some(1_870_145), &[400], Outcome::Busy),
    (2650, Some(1_870_144), &[400], Outcome::Configuration),
    (2650, Some(1_870_147), &[400], Outcome::Unexplained),
    (2650, Some(1_870_148), &[400], Outcome::Unexplained),
    (2650, Some(1_870_158), &[400], Outcome::Unexplained),
    (2650, Some(1_870_159), &[400], Outcome::Unexplained),
    (2650, None, &[400], Outcome::Unexplained),
    (2654, Some(1_713_092), &[400, 403], Outcome::Configuration),
    (2655, None, &[400], Outcome::Configuration),
    (2656, None, &[400], Outcome::Configuration),
    (5000, None, &[500], Outcome::Transient),
    (21009, None, &[400], Outcome::Transient),
    (3_910_001, None, &[500], Outcome::Transient),
    (80000, None, &[400, 429], THROTTLED),
    (80001, None, &[400, 429], THROTTLED),
    (80002, None, &[400, 429], THROTTLED),
    (80003, None, &[400, 429], THROTTLED),
    (80003, Some(2_446_079), &[400, 429], THROTTLED),
    (80004, Some(2_446_079), &[400, 429], THROTTLED),
    (80005, None, &[400, 429], THROTTLED),
    (80006, None, &[400, 429], THROTTLED),
    (80007, None, &[400, 429], THROTTLED),
    (80008, None, &[400, 429], THROTTLED),
    (80009, None, &[400, 429], THROTTLED),
    // Of these four it has only the range.
    (80010, None, &[400, 429], THROTTLED),
    (80013, None, &[400, 429], THROTTLED),
    (80014, Some(2_446_079), &[400, 429], THROTTLED),
    (-1, None, &[400, 500], Outcome::Transient),
    (-3, Some(99), &[400, 500], Outcome::Transient),
    (123_456, None, &[400, 403, 404, 200], Outcome::Unexplained),
    (123_456, Some(5), &[429], THROTTLED),
    (123_456, Some(7), &[500, 502, 503], Outcome::Transient),
];

/// Errors that are not let off for calling themselves passing.
const WHATEVER_THEY_SAY: [Outcome; 4] = [
    THROTTLED,
    Outcome::Auth,
    Outcome::Busy,
    // Which tries again first.
    Outcome::TooLarge,
];

fn read(status: u16, body: &str) -> Outcome {
    Answer::read(status, &HeaderMap::new(), body.as_bytes()).outcome
}

fn error(code: i64, subcode: Option<i64>) -> Value {
    let mut error = json!({"code": code, "type": "OAuthException", "fbtrace_id": "AbC"});
    if let Some(subcode) = subcode {
        error["error_subcode"] = subcode.into();
    }
    error
}

fn answer(status: u16, error: &Value) -> Outcome {
    read(status, &json!({ "error": error }).to_string())
}

#[test]
fn every_code_of_the_reference_has_its_outcome() {
    for &(code, subcode, statuses, expected) in TABLE {
        for &status in statuses {
            let found = answer(status, &error(code, subcode));
            assert_eq!(found, expected, "{code}/{subcode:?} with {status}");
        }
    }
}

#[test]
fn the_status_changes_nothing_where_the_code_is_known() {
    let known = TABLE
        .iter()
        .filter(|row| row.0 < 100_000 || row.0 > 200_000);
    for &(code, subcode, _, expected) in known {
        for status in [200, 400, 401, 403, 404] {
            let found = answer(status, &error(code, subcode));
            assert_eq!(found, expected, "{code}/{subcode:?} with {status}");
        }
    }
}

#[test]
fn what_calls_itself_passing_is_tried_again() {
    for &(code, subcode, statuses, expected) in TABLE {
        let mut error = error(code, subcode);
        error["is_transient"] = true.into();
        let expected = match WHATEVER_THEY_SAY.contains(&expected) {
            true => expected,
            false => Outcome::Transient,
        };
        for &status in statuses {
            assert_eq!(answer(status, &error), expected, "{code}/{subcode:?}");
        }
        error["is_transient"] = false.into();
        let found = answer(statuses[0], &error);
        let silent = TABLE.iter().find(|row| (row.0, row.1) == (code, subcode));
        assert_eq!(
            found,
            silent.unwrap().3,
            "that it says it is not says nothing"
        );
    }
}

#[test]
fn what_stands_beside_the_code_changes_nothing() {
    let data = [
        json!({"blame_field_specs": [["data", "0"]]}),
        json!("{\"blame_field_specs\":[[\"data\"]]}"),
        json!(7),
        json!(null),
    ];
    let texts = [
        "Invalid parameter",
        "Ungültiger Parameter",
        "พารามิเตอร์ไม่ถูกต้อง",
        "Invalid appsecret_proof provided in the API argument",
        "LOOKALIKE_VALUE is missing",
        "data source FILE_IMPORTED.MULTI_HASHES",
        "",
    ];
    for &(code, subcode, statuses, expected) in TABLE {
        let mut error = error(code, subcode);
        for (text, data) in texts
            .iter()
            .flat_map(|text| data.iter().map(move |d| (text, d)))
        {
            error["message"] = (*text).into();
            error["error_user_title"] = (*text).into();
            error["error_user_msg"] = (*text).into();
            error["error_data"] = data.clone();
            let found = answer(statuses[0], &error);
            assert_eq!(found, expected, "{code}/{subcode:?} with {text:?}");
        }
    }
}

#[test]
fn what_has_no_code_of_metas_goes_by_its_status() {
    let html = "<html><body>Sorry, something went wrong.</body></html>";
    for (status, body, expected) in [
        // A page of what stands between may hide that it happened.
        (500, "", Outcome::Unknown),
        (502, html, Outcome::Unknown),
        (503, "Service Unavailable", Outcome::Unknown),
        (504, "{}", Outcome::Unknown),
        (500, r#"{"error":{"message":"?"}}"#, Outcome::Unknown),
        (
            500,
            r#"{"error":{"is_transient":true}}"#,
            Outcome::Transient,
        ),
        (400, html, Outcome::Transient),
        (401, html, Outcome::Transient),
        (404, html, Outcome::Transient),
        (413, html, Outcome::TooLarge),
        (429, html, THROTTLED),
        (429, "{}", THROTTLED),
        (429, r#"{"error":{"message":"slow down"}}"#, THROTTLED),
        (401, r#"{"error":{"message":"who are you"}}"#, Outcome::Auth),
        (400, r#"{"error":"text"}"#, Outcome::Transient),
        (
            400,
            r#"{"error":{"is_transient":true}}"#,
            Outcome::Transient,
        ),
        // It may have happened.
        (200, "Service Unavailable", Outcome::Unknown),
        (200, html, Outcome::Unknown),
        (200, r#"{"events_rec"#, Outcome::Unknown),
        (200, r#"{"error":{"message":"?"}}"#, Outcome::Unknown),
        (302, "", Outcome::Unknown),
    ] {
        assert_eq!(read(status, body), expected, "{status} {body}");
    }
}

#[test]
fn without_an_answer_it_depends_on_whether_the_request_left() {
    // DNS, TLS, a refused connection; a timeout, a reset.
    assert_eq!(Answer::none(false).outcome, Outcome::Transient);
    assert_eq!(Answer::none(true).outcome, Outcome::Unknown);
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
}

#[test]
fn every_configuration_error_tells_what_to_do() {
    for &(code, subcode, _, expected) in TABLE {
        let advice = ErrorCode { code, subcode }.advice();
        if expected == Outcome::Configuration || expected == Outcome::Auth {
            assert!(
                !advice.contains("not known here"),
                "{code}/{subcode:?}: {advice}"
            );
        }
    }
}
