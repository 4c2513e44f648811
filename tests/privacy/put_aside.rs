//! What is told of objects and messages that are given up: attributes of the dead-letter
//! queue, receipts, ledger, turns, and the log.

use std::time::Duration;

use super::echo::{self, Answer};
use super::marks::{HEADER, MARK, TOKEN, assert_clean, found, person};
use super::program::contents;
use crate::stage::clock::{a_moment, later};
use crate::stage::journal::Step;
use crate::stage::logged::Logged;
use crate::stage::{ROUTES, Stage};

/// Longer than any rest of a message, and than the grace of one that is missing.
const OVER: Duration = Duration::from_secs(3_700);

/// Each with the reason for which it is given up.
fn files() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let mut gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    gzip.extend_from_slice(person(1).as_bytes());
    let mut binary = b"PK\x03\x04\0\0".to_vec();
    binary.extend_from_slice(person(1).as_bytes());
    let headless = format!("{}\n{}\n", person(1), person(2));
    let latin = format!("{HEADER}\n{}\n", person(1)).replace("Jane", "J\u{e4}ne");
    let json = format!("{{\"{MARK}\":\"{MARK}\"}}\n").repeat(3);
    let bad = format!(
        "id,email,consent,paid\n{}",
        format!("{MARK},{MARK}\n").repeat(20)
    );
    vec![
        ("headless", headless.into_bytes(), "header_does_not_fit"),
        ("blocked", bad.into_bytes(), "too_many_rejects"),
        ("damaged", gzip, "damaged"),
        ("binary", binary, "unsupported_format"),
        (
            "latin",
            latin.chars().map(|letter| letter as u8).collect(),
            "not_utf8",
        ),
        ("json", json.into_bytes(), "header_does_not_fit"),
        ("missing", Vec::new(), "missing"),
    ]
}

/// Two routes that take turns at an audience, and one for events.
fn routes() -> String {
    let members = ROUTES.split("[[route]]").last().unwrap();
    let leavers = members
        .replace("\"members\"", "\"leavers\"")
        .replace("audiences/", "leavers/")
        .replace("mode = \"add\"", "mode = \"remove\"");
    format!("{ROUTES}[[route]]{leavers}")
}

#[tokio::test]
async fn what_is_put_aside_tells_of_no_person() {
    let log = Logged::all();
    let meta = echo::answering(Answer::Error(2, 0)).await;
    let settings = [
        ("ACTIVATOR_DELIVERY_ATTEMPTS", "1"),
        ("ACTIVATOR_LEDGER_ATTEMPTS_WITHOUT_PROGRESS", "1"),
        ("ACTIVATOR_LEDGER_MISSING_GRACE_SECONDS", "0"),
    ];
    let stage = Stage::of(&routes(), &meta.url(), &settings).await;
    stage.secret.renew(TOKEN);
    let mut reasons = vec!["not_understood"];
    for (name, content, reason) in files() {
        let object = stage.put(
            &format!("conversions/{name}"),
            [&content[..], b"\n"].concat(),
        );
        stage.announce(&object, None).await;
        if reason == "missing" {
            std::fs::remove_file(stage.path(&format!("conversions/{name}"))).unwrap();
        }
        reasons.push(reason);
    }
    stage.queue.send(format!("{{\"{MARK}\": \"{MARK}\"}}"));
    // And people whose turn it is at the audience, while Meta is out of order.
    let people = "id,email,consent,paid\nzqx7mark-id-1,jane.zqx7mark.1@example.com,Y,1\n";
    for key in ["audiences/people.csv", "leavers/people.csv"] {
        let object = stage.put(key, people);
        stage.announce(&object, None).await;
    }
    let has_sent = || meta.seen().iter().any(|one| found(&one.body).is_some());
    let worker = stage.work();
    for _ in 0..100 {
        a_moment().await;
        if stage.queue.dead_letters().len() == reasons.len() && has_sent() {
            break;
        }
        if stage.parts.board.in_hand().is_empty() {
            later(OVER).await;
        }
    }
    worker.abort();

    let letters = stage.queue.dead_letters();
    let mut put_aside: Vec<String> = letters
        .iter()
        .map(|(_, one)| one.reason.to_string())
        .collect();
    put_aside.sort();
    reasons.sort_unstable();
    assert_eq!(put_aside, reasons);
    for (_, letter) in &letters {
        assert_clean("a dead letter", &format!("{letter:?}"));
    }
    assert!(has_sent());
    assert!(stage.journal.count(Step::ReceiptStored) > 0);
    let kept = contents(&stage.state());
    for part in ["/turns/", "/ledger/", "/receipts/", "/rejects/"] {
        assert!(kept.contains(part), "{part}: {kept}");
    }
    assert_clean("the state", &kept);
    assert_clean("the log", &log.text());
    assert_clean("the metrics", &stage.parts.metrics.page());
    let report = serde_json::to_string(&stage.parts.health.report()).unwrap();
    assert_clean("the readiness", &report);
}
