//! `validate`, by the built program: what it says is what a delivery comes to, it sends
//! nothing, and it asks nobody.
#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../stage/mod.rs"]
mod stage;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

use stage::Stage;
use stage::people::{HEADER, file, hashed_email, row};
use stage::program::program;

/// A file of this machine, and the command that looks at it.
struct Look {
    directory: tempfile::TempDir,
    command: Command,
}

impl Look {
    fn at(content: impl AsRef<[u8]>) -> Look {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("people.csv"), content).unwrap();
        let mut command = program();
        command
            .arg("validate")
            .arg(directory.path().join("people.csv"));
        Look { directory, command }
    }

    fn with(mut self, arguments: &[&str]) -> Look {
        self.command.args(arguments);
        self
    }

    fn by(mut self, config: &str) -> Look {
        self.command.env("ACTIVATOR_CONFIG", config);
        self
    }

    fn said(mut self) -> (Option<i32>, String, String) {
        let Output {
            status,
            stdout,
            stderr,
        } = self.command.output().unwrap();
        let left: Vec<PathBuf> = std::fs::read_dir(self.directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(left.len(), 1, "nothing is written: {left:?}");
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code(), text(stdout), text(stderr))
    }

    fn json(self) -> (Option<i32>, Value) {
        let (code, stdout, stderr) = self.with(&["--json"]).said();
        let json = serde_json::from_str(&stdout);
        (code, json.unwrap_or_else(|_| panic!("{stdout}{stderr}")))
    }
}

/// Routes as in other suites, with a state that is nowhere.
fn config() -> String {
    format!(
        "[state]\nlocation = \"./nowhere\"\n{}",
        stage::ROUTES.replace("env:META_TOKEN", "ssm:/nowhere")
    )
}

/// Good rows, filtered ones, bad cells and rejects.
fn mixed() -> String {
    let mut content = HEADER.to_owned();
    for number in 1..=700 {
        content.push_str(&match number % 35 {
            0 => format!("id-{number},nobody,Y,1\n"),
            1 => ",nobody,Y,1\n".to_owned(),
            2 => format!("id-{number},a@example.com,N,1\n"),
            3 => "id,too,few\n".to_owned(),
            _ => row(number),
        });
    }
    content
}

#[tokio::test]
async fn what_is_found_is_what_a_delivery_comes_to() {
    for (prefix, route) in [("conversions", "buyers"), ("audiences", "members")] {
        let stage = Stage::new().await;
        let object = stage.put(&format!("{prefix}/people.csv"), mixed());
        let receipt = serde_json::to_value(stage.delivered(&object).await).unwrap();

        // The body of a request is cut where it is there.
        let look = Look::at(mixed()).with(&["--route", route]).by(&config());
        let mut look = look;
        look.command
            .env("ACTIVATOR_DELIVERY_MAX_BODY_BYTES", "65536");
        let (code, found) = look.json();
        assert_eq!((code, &found["verdict"]), (Some(0), &"deliverable".into()));
        for same in [
            "destination",
            "rejects",
            "reject_samples",
            "fields",
            "warnings",
            "unmapped_columns",
            "entries/sent",
            "batches/requests",
            "rows/read",
            "rows/filtered",
            "rows/rejected",
            "rows/sent",
        ] {
            let there = receipt.pointer(&format!("/{same}")).unwrap();
            let here = match same {
                "entries/sent" => &found["entries"],
                "batches/requests" => &found["requests"],
                "rows/sent" => &found["rows"]["to_send"],
                _ => found.pointer(&format!("/{same}")).unwrap(),
            };
            assert_eq!(here, there, "{route}: {same}");
        }
    }
}

#[test]
fn properties_that_events_would_go_out_without_are_told() {
    let config = "[state]\nlocation = \"./nowhere\"\n[[route]]\nname = \"r\"\nprefix = \"\"\n\
         credentials = \"env:NONE\"\ncolumns = { mail = \"email\" }\n[route.conversions]\n\
         dataset_id = \"1\"\nevent_name = \"Lead\"\naction_source = \"email\"\nevent_time = \"object\"\n\
         custom_data = { num_items = { column = \"count\" } }\n";
    let look = || Look::at("mail,count\na@example.com,many\nb@example.com,2\n").by(config);
    let (code, found) = look().json();
    assert_eq!(code, Some(0), "{found}");
    let expected = serde_json::json!({"num_items": {"property_no_integer": 1}});
    assert_eq!(found["properties_left_out"], expected);
    let (_, text, _) = look().said();
    assert!(
        text.contains("1 × num_items: property_no_integer"),
        "{text}"
    );
}

#[test]
fn the_table_s_columns_stand_below_each_other_however_long_a_key_is() {
    let content = "email,data_processing_options_country,data_processing_options\na@b.co,1,LDU\n";
    let (_, text, _) = Look::at(content).said();
    let ends = |begins: &str| {
        let line = text.lines().find(|line| line.trim().starts_with(begins));
        line.unwrap_or_else(|| panic!("{text}")).chars().count()
    };
    for key in [
        "email ",
        "data_processing_options ",
        "data_processing_options_country ",
    ] {
        assert_eq!(ends(key), ends("key "), "{text}");
    }
}

#[test]
fn neither_meta_nor_a_secret_store_nor_anybody_is_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    for (config, arguments) in [
        (Some(config()), &["--route", "buyers"][..]),
        (None, &["--to", "conversions"]),
        (None, &[]),
    ] {
        let mut look = Look::at(file(50)).with(arguments);
        if let Some(config) = config {
            look = look.by(&config);
        }
        for name in [
            "AWS_ENDPOINT_URL",
            "ACTIVATOR_META_ENDPOINT",
            "HTTPS_PROXY",
            "HTTP_PROXY",
        ] {
            look.command.env(name, &address);
        }
        let (code, said, complaint) = look.said();
        assert_eq!(code, Some(0), "{said}{complaint}");
        assert!(listener.accept().is_err(), "somebody was asked something");
    }
}

#[test]
fn the_first_rows_are_shown_as_they_would_go_out() {
    let look = || Look::at(file(50)).with(&["--route", "members", "--rows", "2"]);
    let (_, found) = look().by(&config()).json();
    let entries = found["payload"]["payload"]["data"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(entries[1], serde_json::json!(["id-2", hashed_email(2)]));
    let (_, text, _) = look().by(&config()).said();
    assert!(text.contains(&hashed_email(2)), "{text}");
    assert!(!text.contains(&hashed_email(3)), "{text}");
    let (_, none) = Look::at(file(50)).with(&["--rows", "0"]).json();
    assert_eq!(none["payload"], Value::Null);
}

#[test]
fn the_exit_code_tells_what_would_be_delivered_from_what_would_not() {
    let blocked = format!("{HEADER}{}", ",nobody,Y,1\n".repeat(7));
    let blocked_and_good = blocked.clone() + &file(40)[HEADER.len()..];
    for (content, code, verdict, reason) in [
        (file(9), 0, "deliverable", None),
        (mixed(), 0, "deliverable", None),
        (String::new(), 0, "skipped", Some("empty")),
        (HEADER.to_owned(), 0, "skipped", Some("header_only")),
        (blocked, 3, "blocked", Some("too_many_rejects")),
        (blocked_and_good, 3, "blocked", Some("too_many_rejects")),
        (
            "sku,shelf\n1,2\n".to_owned(),
            3,
            "refused",
            Some("header_does_not_fit"),
        ),
        ("\0\u{1}\0".repeat(90), 3, "refused", Some("not_text")),
    ] {
        let look = || {
            Look::at(&content)
                .with(&["--route", "members"])
                .by(&config())
        };
        let (status, found) = look().json();
        assert_eq!(found["verdict"], verdict, "{found}");
        assert_eq!(found["reason"].as_str(), reason, "{found}");
        assert_eq!(found["explanation"].is_string(), code == 3, "{found}");
        assert_eq!(status, Some(code), "{verdict}");
        let (status, text, complaint) = look().said();
        assert_eq!(status, Some(code), "{text}{complaint}");
        assert!(
            text.starts_with(match verdict {
                "deliverable" => "This would be delivered by route members.",
                "skipped" => "This would be skipped",
                "blocked" => "This would be blocked",
                _ => "This would be refused",
            }),
            "{text}"
        );
    }
}

#[test]
fn the_whole_of_a_file_that_would_be_blocked_is_looked_at() {
    let content = format!(
        "{HEADER}{}{}",
        ",nobody,Y,1\n".repeat(300),
        &file(2_000)[HEADER.len()..]
    );
    let (_, found) = Look::at(&content)
        .with(&["--route", "members"])
        .by(&config())
        .json();
    assert_eq!(found["verdict"], "blocked");
    assert_eq!(found["rows"]["read"], 2_300);
    let look = Look::at(&content).with(&["--sample", "10", "--route", "members"]);
    let (_, found) = look.by(&config()).json();
    assert_eq!(
        (&found["rows"]["read"], &found["sample"]),
        (&10.into(), &10.into())
    );
}

#[test]
fn people_read_what_is_wrong_and_what_to_do() {
    let mut content = "email,phone,shelf\n".to_owned();
    for number in 0..200 {
        let email = if number < 20 {
            "no-reply@example.com".to_owned()
        } else {
            format!("p{number}@gmail.com")
        };
        let phone = if number % 2 == 0 {
            "6505551212"
        } else {
            "+16505551212"
        };
        content.push_str(&format!("{email},{phone},x\n"));
    }
    content.push_str("nobody,,x\n");
    let (code, text, _) = Look::at(content).said();
    assert_eq!(code, Some(0), "{text}");
    for says in [
        "201 read = 200 to send + 1 rejected + 0 filtered",
        "email: repeated_value: 20 of 200",
        "phone: phones_without_country",
        "100 × phone_without_country: The number has no country code; write it with +",
        "columns that nothing refers to: 3",
        "rejected           1 × email_without_at: An e-mail address needs an @",
        "first in rows 201",
        "for the audience that a configuration would name (add)",
    ] {
        assert!(text.contains(says), "{says}: {text}");
    }
}

#[test]
fn arguments_that_contradict_each_other_are_refused_before_anything_is_read() {
    for (arguments, config, says) in [
        (
            &["--to", "conversions"][..],
            Some(config()),
            "--to stands in",
        ),
        (&["--route", "nobody"], None, "without --config"),
        (
            &["--route", "nobody"],
            Some(config()),
            "no route \"nobody\"",
        ),
        (&[], Some(config()), "say with --route"),
        (&["--sample", "0"], None, "--sample"),
    ] {
        let mut look = Look::at(file(3)).with(arguments);
        if let Some(config) = config {
            look = look.by(&config);
        }
        let (code, text, complaint) = look.said();
        assert_eq!((code, text.as_str()), (Some(2), ""), "{complaint}");
        assert!(complaint.contains(says), "{complaint}");
    }
    let missing = program()
        .args(["validate", "/nowhere/people.csv"])
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(2));
    assert!(!Path::new("/nowhere").exists());
}

#[tokio::test]
async fn an_interruption_ends_a_look_at_a_long_file() {
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    let mut content = file(1);
    let rows: String = (2..20_000).map(row).collect();
    for _ in 0..50 {
        content.push_str(&rows);
    }
    let mut look = Look::at(content);
    let mut running = look
        .command
        .env("ACTIVATOR_LOG_LEVEL", "trace")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    tokio::time::sleep(Duration::from_millis(700)).await;
    let pid = running.id().to_string();
    Command::new("kill").args(["-INT", &pid]).status().unwrap();
    let asked = Instant::now();
    assert_eq!(running.wait().unwrap().code(), Some(5));
    assert!(asked.elapsed() < Duration::from_secs(5));
}
