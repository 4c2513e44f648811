//! Values by which their way can be followed, and the search for them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::stage::people::sha256;

/// Part of every cell that is free text.
pub(crate) const MARK: &str = "zqx7mark";
pub(crate) const TOKEN: &str = "EAABzqx7markToken";
pub(crate) const APP_SECRET: &str = "zqx7markAppSecret";

pub(crate) const HEADER: &str =
    "id,email,phone,first,last,born,city,zip,country,consent,paid,ticket,zqx7markColumn";

/// A row with a marked value in each column, in the order of [`HEADER`].
pub(crate) fn person(number: u64) -> String {
    format!(
        "zqx7mark-id-{number},Jane.zqx7mark.{number}@Example.com,+1 650 555 0917,Zqx7markFirst,\
         Zqx7markLast,1987-03-14,Zqx7markCity,94027-1934,us,Y,73319.77,zqx7mark-ticket-{number},\
         zqx7markUnmapped"
    )
}

/// What of [`person`] carries no mark: as it is written, normalised, or on the way there.
const UNMARKED: [&str; 9] = [
    "650 555 0917",
    "6505550917",
    "1987-03-14",
    "19870314",
    "94027-1934",
    "940271934",
    "73319.77",
    "73319",
    "example.com",
];

/// Normal forms whose hash goes to Meta, and nowhere else.
const NORMAL_FORMS: [&str; 8] = [
    "zqx7mark-id-1",
    "jane.zqx7mark.1@example.com",
    "16505550917",
    "zqx7markfirst",
    "zqx7marklast",
    "19870314",
    "zqx7markcity",
    "94027",
];

fn needles() -> Vec<String> {
    let mut needles = plain_needles();
    needles.extend(NORMAL_FORMS.map(sha256));
    needles
}

fn plain_needles() -> Vec<String> {
    let bytes = format!("{:?}", MARK.as_bytes());
    let mut needles = vec![
        MARK.to_owned(),
        const_hex::encode(MARK),
        bytes.trim_matches(['[', ']']).to_owned(),
    ];
    // The three ways in which base64 can fall on it.
    for before in ["", "x", "xx"] {
        let text = STANDARD.encode(format!("{before}{MARK}"));
        let whole = 4..text.trim_end_matches('=').len() - 2;
        needles.push(text[whole].to_lowercase());
    }
    needles.extend(UNMARKED.map(str::to_owned));
    needles
}

/// The first mark in a text, if there is any.
pub(crate) fn found(text: &str) -> Option<String> {
    let text = text.to_lowercase();
    needles().into_iter().find(|needle| text.contains(needle))
}

/// The first mark that is no hash.
pub(crate) fn found_plain(text: &str) -> Option<String> {
    let text = text.to_lowercase();
    let mut needles = plain_needles().into_iter();
    needles.find(|needle| text.contains(needle))
}

pub(crate) fn assert_clean(what: &str, text: &str) {
    if let Some(mark) = found(text) {
        let at = text.to_lowercase().find(&mark).unwrap();
        let lower = text.to_lowercase();
        let around = lower.get(at.saturating_sub(200)..).unwrap_or(&lower);
        let around: String = around.chars().take(400).collect();
        panic!("{what} holds {mark:?}: …{around}…");
    }
}

#[test]
fn a_planted_mark_is_found_in_every_form() {
    for planted in [
        person(1),
        TOKEN.to_owned(),
        APP_SECRET.to_owned(),
        "SOME ZQX7MARK".to_owned(),
        "+1 650 555 0917".to_owned(),
        r#"{"em":["#.to_owned() + &sha256("jane.zqx7mark.1@example.com"),
        format!("{:?}", person(1).as_bytes()),
        const_hex::encode(person(1)),
        STANDARD.encode(TOKEN),
        STANDARD.encode(format!("a{TOKEN}")),
        STANDARD.encode(format!("ab{TOKEN}")),
    ] {
        let log = format!("{{\"level\":\"INFO\",\"message\":\"sent {planted}\"}}");
        assert!(found(&log).is_some(), "{planted}");
        assert!(std::panic::catch_unwind(|| assert_clean("it", &log)).is_err());
    }
    assert_eq!(found("object done rows.read=12 email_without_at"), None);
}
