//! The built program, its log at its most talkative.

use std::path::Path;
use std::process::{Output, Stdio};

use audience_activator::credentials::{RawSecret, recognise};
use flate2::read::MultiGzDecoder;
use futures_util::stream::{self, StreamExt};

use secrecy::SecretString;

use super::echo::{self, Answer};
use super::marks::{APP_SECRET, HEADER, MARK, TOKEN, assert_clean, found, found_plain, person};
use crate::stage::program::program;

const COLUMNS: &str = r#"
[route.columns]
id = "external_id"
email = "email"
phone = "phone"
first = "first_name"
last = "last_name"
born = "birth_date"
city = "city"
zip = "zip"
country = "country"
consent = { only_if = ["Y"] }
"#;

/// The same file to events, to an audience, and to events by the names of its columns.
fn configuration(state: &Path) -> String {
    let route = |name: &str, columns: &str| {
        format!(
            "[[route]]\nname = \"{name}\"\nprefix = \"{name}/\"\ncredentials = \"env:META_TOKEN\"\n{columns}\n"
        )
    };
    let events = r#"
[route.conversions]
dataset_id = "1001"
event_name = "Purchase"
action_source = "physical_store"
event_time = "object"
value = { column = "paid" }
currency = "USD"
order_id = { column = "ticket" }
"#;
    let members = "[route.custom_audience]\naudience = \"2002\"\nmode = \"add\"\n";
    let lead = events
        .replace("Purchase", "Lead")
        .replace("value = { column = \"paid\" }\ncurrency = \"USD\"\n", "")
        .replace("order_id = { column = \"ticket\" }\n", "");
    [
        format!("[state]\nlocation = {state:?}\n"),
        route("events", COLUMNS) + events,
        route("members", COLUMNS) + members,
        route("auto", "columns = \"auto\"") + &lead,
    ]
    .concat()
}

/// One upload.
#[derive(Clone)]
struct Case {
    what: String,
    route: &'static str,
    content: Vec<u8>,
    secret: String,
    answer: Answer,
    settings: Vec<(&'static str, &'static str)>,
    /// Whether receipts can be stored.
    stores: bool,
    /// Whether it only proves something if the people did arrive at Meta.
    must_arrive: bool,
    exit: i32,
}

impl Case {
    fn answered(route: &'static str, answer: Answer, exit: i32) -> Case {
        let mut lines = vec![HEADER.to_owned()];
        lines.extend((1..=7).map(person));
        Case {
            what: format!("{route} answered {answer:?}"),
            route,
            content: lines.join("\n").into_bytes(),
            secret: format!(r#"{{"access_token":"{TOKEN}","app_secret":"{APP_SECRET}"}}"#),
            answer,
            settings: vec![("ACTIVATOR_META_PREFLIGHT", "false")],
            stores: true,
            must_arrive: true,
            exit,
        }
    }

    fn file(what: &str, route: &'static str, content: impl Into<Vec<u8>>, exit: i32) -> Case {
        Case {
            what: format!("{route} of {what}"),
            content: content.into(),
            must_arrive: false,
            ..Case::answered(route, Answer::Accepted, exit)
        }
    }

    fn secret(secret: &str) -> Case {
        Case {
            what: format!("a secret of {} bytes", secret.len()),
            secret: secret.to_owned(),
            must_arrive: false,
            ..Case::answered("events", Answer::Accepted, 4)
        }
    }
}

fn answers() -> Vec<Case> {
    let kinds = [
        (Answer::Accepted, 0),
        (Answer::Partial, 0),
        (Answer::Error(100, 2_804_003), 0),
        (Answer::Error(190, 463), 4),
        (Answer::Error(200, 1_870_034), 4),
        (Answer::Error(2, 0), 1),
        (Answer::Error(77_777, 7), 4),
        (Answer::Throttled(4), 0),
        (Answer::Html(502), 1),
        (Answer::Text(200), 1),
        (Answer::Text(401), 1),
        (Answer::Redirect, 1),
        (Answer::Strange, 1),
        (Answer::Endless, 1),
    ];
    let events = kinds.map(|(answer, exit)| Case::answered("events", answer, exit));
    let members = [kinds[1], kinds[2], kinds[3], kinds[8]];
    let members = members.map(|(answer, exit)| Case::answered("members", answer, exit));
    let sent: Vec<Case> = events.into_iter().chain(members).collect();
    // And as answers to the questions that go before, after which some send nothing.
    let asked = sent.iter().cloned().map(|case| Case {
        what: format!("{}, asked before", case.what),
        settings: Vec::new(),
        must_arrive: false,
        ..case
    });
    asked.chain(sent.clone()).collect()
}

/// Marked cells that cannot be understood, one a row, between people who can be sent.
fn bad_rows() -> Vec<u8> {
    let columns = HEADER.split(',').count();
    let mut content = format!("{HEADER}\n{}\n", person(1)).into_bytes();
    for column in 0..columns {
        let mut cells: Vec<String> = person(2).split(',').map(str::to_owned).collect();
        cells[column] = format!("{MARK} \u{1} <{}>", cells[column]);
        content.extend_from_slice(cells.join(",").as_bytes());
        content.push(b'\n');
        // And alone.
        let mut cells = vec![String::new(); columns];
        cells[9] = "Y".to_owned();
        cells[column].push_str(&format!("{MARK} {column}"));
        content.extend_from_slice(cells.join(",").as_bytes());
        content.push(b'\n');
    }
    content.extend_from_slice(format!("{MARK},{MARK}\n").as_bytes());
    content.extend_from_slice(
        format!("{}\n", person(3).replace("Jane", &"J".repeat(2_000))).as_bytes(),
    );
    content.extend_from_slice(b"\xff");
    content.extend_from_slice(format!("{}\n{}\n", person(4), person(5)).as_bytes());
    content.extend_from_slice(format!("\"{}", person(6)).as_bytes());
    content
}

fn files() -> Vec<Case> {
    let headless = format!("{}\n{}\n", person(1), person(2));
    let many_bad = format!("{HEADER}\n{}", format!("{MARK},{MARK}\n").repeat(20));
    let latin = format!("{HEADER}\n{}\n", person(1)).replace("Jane", "J\u{e4}ne");
    let latin: Vec<u8> = latin.chars().map(|letter| letter as u8).collect();
    let similar = HEADER
        .replace("email", "e-mail_zqx7mark")
        .replace("first", "frist");
    let repeated = HEADER.replace("first", "email");
    let broken_header = format!("\"{HEADER}\n{}", person(1));
    let mut binary = b"PK\x03\x04\0\0".to_vec();
    binary.extend_from_slice(person(1).as_bytes());
    let mut gzip = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    gzip.extend_from_slice(person(1).as_bytes());
    let mut cases = vec![
        Case::file("people without a header", "events", headless.clone(), 3),
        Case::file("people without a header", "auto", headless, 3),
        Case::file("bad rows", "events", many_bad.clone(), 3),
        Case::file("bad rows", "members", many_bad, 3),
        Case::file("Latin-1", "events", latin, 3),
        Case::file(
            "names nearly right",
            "events",
            format!("{similar}\n{}", person(1)),
            3,
        ),
        Case::file(
            "a name twice",
            "events",
            format!("{repeated}\n{}", person(1)),
            3,
        ),
        Case::file("a broken header", "events", broken_header, 3),
        Case::file("a ZIP archive", "events", binary, 3),
        Case::file("broken gzip", "events", gzip, 3),
    ];
    for route in ["events", "members", "auto"] {
        let mut case = Case::file("every kind of row", route, bad_rows(), 0);
        case.settings = vec![
            ("ACTIVATOR_INPUT_MAX_REJECT_SHARE", "1.0"),
            ("ACTIVATOR_INPUT_MAX_RECORD_BYTES", "1024"),
        ];
        cases.push(case);
    }
    let mut case = Case::answered("events", Answer::Accepted, 4);
    case.what = "no place for ledger and receipt".to_owned();
    case.stores = false;
    // Without a claim nothing is sent.
    case.must_arrive = false;
    cases.push(case);
    cases
}

fn secrets() -> Vec<Case> {
    [
        r#"{"access_token":"zqx7mark\u0001\n token"}"#,
        r#"{"zqx7mark": "zqx7mark", "other": 7}"#,
        r#"{"access_token": 7, "zqx7mark": "zqx7mark"}"#,
        "zqx7mark two words",
        r#"{"access_token": "zqx7mark"#,
    ]
    .map(Case::secret)
    .into()
}

/// What the process said, and how it ended.
struct Said {
    output: Output,
    receipts: String,
    /// What the ledger says of it afterwards.
    status: String,
    /// Whether it asked Meta anything.
    sent: bool,
}

async fn upload(case: &Case, json: bool) -> Said {
    let meta = echo::answering(case.answer).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("people.csv");
    std::fs::write(&file, &case.content).unwrap();
    let state = directory.path().join("state");
    if !case.stores {
        // There is nothing to be read, and no directory can be made there.
        std::os::unix::fs::symlink("nowhere", &state).unwrap();
    }
    let config = directory.path().join("config.toml");
    std::fs::write(&config, configuration(&state)).unwrap();
    let mut command = program();
    command
        .args(["upload", "--route", case.route, "--config"])
        .arg(&config)
        .arg(&file)
        .args(json.then_some("--json"))
        .env("META_TOKEN", &case.secret)
        .env("ACTIVATOR_META_ENDPOINT", meta.url())
        .env("ACTIVATOR_LOG_LEVEL", "trace")
        .env("ACTIVATOR_LOG_FORMAT", if json { "json" } else { "human" })
        .env("ACTIVATOR_DELIVERY_ATTEMPTS", "2")
        .env("ACTIVATOR_DELIVERY_REQUESTS_PER_SECOND", "1000")
        .env("RUST_BACKTRACE", "1")
        .envs(case.settings.iter().copied())
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let sent = meta.seen().iter().any(|one| found(&one.body).is_some());
    let receipts = contents(&state);
    let mut command = program();
    command
        .arg("status")
        .arg("--config")
        .arg(&config)
        .args(json.then_some("--json"))
        .env("ACTIVATOR_LOG_LEVEL", "trace");
    let status = tokio::task::spawn_blocking(move || command.output().unwrap());
    let status = status.await.unwrap();
    let status = [status.stdout, status.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    Said {
        output,
        receipts,
        status: status.concat(),
        sent,
    }
}

/// Names and content of all files below a directory.
pub(crate) fn contents(directory: &Path) -> String {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return String::new();
    };
    let mut text = String::new();
    for entry in entries {
        let path = entry.unwrap().path();
        text.push_str(&format!("{}\n", path.display()));
        if path.is_dir() {
            text.push_str(&contents(&path));
        } else if path.extension().is_some_and(|end| end == "gz") {
            let gzip = MultiGzDecoder::new(std::fs::File::open(&path).unwrap());
            text.push_str(&std::io::read_to_string(gzip).unwrap());
        } else {
            text.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
    text
}

async fn check(case: Case, json: bool) {
    let what = &case.what;
    let said = upload(&case, json).await;
    let stdout = String::from_utf8(said.output.stdout).unwrap();
    let stderr = String::from_utf8(said.output.stderr).unwrap();
    assert_eq!(
        said.output.status.code(),
        Some(case.exit),
        "{what}: {stdout}{stderr}"
    );
    assert_clean(&format!("{what}: standard output"), &stdout);
    assert_clean(&format!("{what}: standard error"), &stderr);
    assert_clean(&format!("{what}: the receipt"), &said.receipts);
    assert_clean(&format!("{what}: the status"), &said.status);
    let is_known = said.status.contains("people.csv");
    assert_eq!(
        is_known,
        said.receipts.contains("/ledger/"),
        "{what}: {}",
        said.status
    );
    assert!(!stderr.contains("panicked"), "{what}: {stderr}");
    // And the log speaks of what was answered.
    if case.must_arrive {
        assert!(said.sent, "{what}");
        assert!(stderr.contains("answer from Meta"), "{what}: {stderr}");
    }
    let refused = case.exit == 3;
    if case.exit == 0 || refused {
        assert!(said.receipts.contains("\"schema\": 1"), "{what}");
    }
    assert!(!(refused && said.sent), "{what}");
    let has_rejects = said.receipts.contains("\"rejects_file\"");
    let listed = said.receipts.contains("row,outcome,key,reason\n");
    assert_eq!(has_rejects, listed, "{what}");
    assert!(!what.contains("row") || listed, "{what}: {}", said.receipts);
}

async fn check_all(cases: Vec<Case>) {
    let cases = cases.into_iter().zip([true, false].into_iter().cycle());
    stream::iter(cases)
        .for_each_concurrent(4, |(case, json)| check(case, json))
        .await;
}

/// What `validate` says of a file, on both channels.
fn validated(case: &Case, rows: &str, json: bool) -> String {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("people.csv");
    std::fs::write(&file, &case.content).unwrap();
    let config = directory.path().join("config.toml");
    std::fs::write(&config, configuration(directory.path())).unwrap();
    let output = program()
        .args([
            "validate", "--rows", rows, "--route", case.route, "--config",
        ])
        .arg(&config)
        .arg(&file)
        .args(json.then_some("--json"))
        .env("ACTIVATOR_LOG_LEVEL", "trace")
        .envs(case.settings.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let what = &case.what;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(output.status.code(), Some(case.exit), "{what}: {said:?}");
    said.concat()
}

/// What `preflight` says before a Meta that answers so.
async fn preflight(secret: &str, answer: Answer, json: bool) -> String {
    let meta = echo::answering(answer).await;
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config.toml");
    std::fs::write(&config, configuration(&directory.path().join("state"))).unwrap();
    let mut command = program();
    command
        .arg("preflight")
        .args(json.then_some("--json"))
        .arg("--config")
        .arg(&config)
        .env("META_TOKEN", secret)
        .env("ACTIVATOR_META_ENDPOINT", meta.url())
        .env("ACTIVATOR_LOG_LEVEL", "trace")
        .stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(matches!(output.status.code(), Some(0 | 1 | 4)), "{said:?}");
    assert_eq!(
        meta.seen().is_empty(),
        recognised(secret).is_none(),
        "{said:?}"
    );
    assert!(
        said[0].contains("events") && said[0].contains("members"),
        "{said:?}"
    );
    said.concat()
}

fn recognised(secret: &str) -> Option<()> {
    let raw = RawSecret::Text(SecretString::from(secret));
    recognise(&raw).ok().map(drop)
}

#[tokio::test]
async fn preflight_tells_nothing_of_a_secret_whatever_meta_answers() {
    let mut cases = answers();
    cases.retain(|case| !case.settings.is_empty() && case.route == "events");
    cases.extend(secrets());
    for (case, json) in cases.iter().zip([true, false].into_iter().cycle()) {
        let said = preflight(&case.secret, case.answer, json).await;
        assert_clean(&format!("preflight: {}", case.what), &said);
    }
}

#[tokio::test]
async fn validate_tells_nothing_of_a_person_but_the_hashes_it_is_asked_for() {
    let cases = files().into_iter().filter(|case| case.stores);
    for (case, json) in cases.zip([true, false].into_iter().cycle()) {
        let what = format!("validate: {}", case.what);
        assert_clean(&what, &validated(&case, "0", json));
        // An audience's external ids and a purchase's value and order go out as they are,
        // and so they are shown.
        if case.route == "auto" {
            let shown = validated(&case, "3", json);
            assert_eq!(found_plain(&shown), None, "{what}: {shown}");
            assert_eq!(case.exit == 0, shown.contains("\"em\":"), "{what}");
        }
    }
}

#[tokio::test]
async fn nothing_a_person_could_be_recognised_by_leaves_the_process() {
    check_all(answers()).await;
}

#[tokio::test]
async fn nothing_of_a_file_that_is_refused_leaves_the_process() {
    check_all(files()).await;
}

#[tokio::test]
async fn nothing_of_a_secret_that_is_none_leaves_the_process() {
    check_all(secrets()).await;
}
