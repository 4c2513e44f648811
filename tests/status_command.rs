//! `status`, by the built program, over a ledger of crafted entries in a directory.

#![allow(clippy::unwrap_used, clippy::panic)]

#[allow(unreachable_pub)]
#[path = "stage/program.rs"]
mod program;

use std::path::Path;

use audience_activator::ledger::{Entry, Ledger, LocalLedger, Put, Schema, State};
use audience_activator::receipts::{Code, ObjectDescription, Rejects, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;

const WRITTEN: i64 = 1_790_000_000;

struct Stage {
    directory: TempDir,
    ledger: LocalLedger,
}

impl Stage {
    fn new() -> Stage {
        let directory = tempfile::tempdir().unwrap();
        let ledger = LocalLedger::new(directory.path());
        Stage { directory, ledger }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    async fn put(&self, route: &str, key: &str, state: State) {
        let entry = entry(route, key, state);
        let put = self.ledger.put(&entry, None).await.unwrap();
        assert!(matches!(put, Put::Stored(_)));
    }

    /// The exit code, standard output and standard error.
    fn status(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let config = format!(
            "[state]\nlocation = {:?}\n{}{}",
            self.path().to_str().unwrap(),
            route("members", "lists/"),
            route("others", "others/")
        );
        self.status_by(&config, arguments)
    }

    fn status_by(&self, config: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
        let mut command = program::program();
        command
            .arg("status")
            .args(arguments)
            .env("ACTIVATOR_CONFIG", config)
            // Nothing of AWS is there to be asked.
            .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (
            output.status.code(),
            text(output.stdout),
            text(output.stderr),
        )
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let (code, said, complaint) = self.status(&[arguments, &["--json"]].concat());
        assert_eq!(code, Some(0), "{complaint}");
        serde_json::from_str(&said).unwrap()
    }
}

fn route(name: &str, prefix: &str) -> String {
    format!(
        "[[route]]\nname = \"{name}\"\nprefix = \"{prefix}\"\ncredentials = \"ssm:/meta\"\ncolumns = \"auto\"\n\
         [route.custom_audience]\naudience = \"1\"\nmode = \"add\"\n"
    )
}

/// Of an object of which everything but its name and state is alike.
fn entry(route: &str, key: &str, state: State) -> Entry {
    let mut entry = Entry {
        schema: Schema,
        object: ObjectDescription {
            bucket: "audiences".to_owned(),
            key: key.to_owned(),
            version_id: None,
            etag: "b1946ac9".to_owned(),
            size: 1_000,
            last_modified: Timestamp::from_unix_seconds(WRITTEN),
        },
        route: route.to_owned(),
        revision: 1,
        fence: 1,
        state,
        owner: "worker-1".to_owned(),
        lease_seconds: 300,
        fingerprint: "f".to_owned(),
        judged_at: WRITTEN,
        claimed_at: Timestamp::from_unix_seconds(WRITTEN),
        updated_at: Timestamp::from_unix_seconds(WRITTEN),
        deliveries: 1,
        replay: None,
        replayed: Vec::new(),
        attempts: Default::default(),
        progress: Default::default(),
        run: None,
    };
    entry.attempts.total = 2;
    entry.progress.read.rows_read = 100;
    entry.progress.read.rejects = rejects();
    entry.progress.answered.rows_accepted = 98;
    entry.progress.answered.batches = 1;
    entry
}

fn rejects() -> Rejects {
    let mut rejects = Rejects::default();
    rejects.add(3, None, "row_field_count");
    rejects.add(7, None, "row_field_count");
    rejects
}

fn quarantined() -> State {
    State::Quarantined {
        reason: Code::new("damaged"),
    }
}

/// The lines of a table as words, without the ages.
fn rows(said: &str) -> Vec<Vec<&str>> {
    let table = said.lines().skip_while(|line| !line.starts_with("STATE"));
    let table = table.take_while(|line| !line.is_empty());
    table
        .map(|line| line.split_whitespace().collect())
        .collect()
}

#[tokio::test]
async fn the_ledger_is_shown_as_a_table_with_totals() {
    let stage = Stage::new();
    stage.put("members", "lists/1/a.csv", State::Done).await;
    stage
        .put("members", "lists/1/b.gz", State::InProgress)
        .await;
    stage.put("others", "others/c.csv", quarantined()).await;
    let (code, said, complaint) = stage.status(&[]);
    assert_eq!(code, Some(0), "{complaint}");
    assert!(
        said.starts_with("3 objects: 1 in_progress, 1 quarantined, 1 done\n"),
        "{said}"
    );
    assert!(
        said.contains("\nrows: 300 read, 294 accepted, 0 refused by Meta, 6 rejected"),
        "{said}"
    );
    let mut rows = rows(&said);
    let head: Vec<_> = rows.remove(0);
    let expected =
        "STATE OBJECT REASON ROUTE READ ACCEPTED REJECTED BATCHES SHARE ATTEMPTS OWNER UPDATED";
    assert_eq!(head.join(" "), expected);
    for (state, rest) in [
        (
            "done",
            "s3://audiences/lists/1/a.csv members 100 98 2 1 100 % 2 worker-1",
        ),
        (
            "in_progress",
            "s3://audiences/lists/1/b.gz members 100 98 2 1 2 worker-1",
        ),
        (
            "quarantined",
            "s3://audiences/others/c.csv damaged others 100 98 2 1 0 % 2 worker-1",
        ),
    ] {
        let row = rows.iter().find(|row| row[0] == state);
        let row = row.unwrap_or_else(|| panic!("no {state} in {said}"));
        // Behind it stands how long ago: a number and a unit.
        assert_eq!(row[1..row.len() - 2].join(" "), rest, "{said}");
    }
    assert!(said.contains("quarantined: the receipt says why"), "{said}");
    assert!(!said.contains('\u{1b}'), "no colours where nobody looks");
}

#[tokio::test]
async fn a_route_and_states_are_chosen_while_totals_are_of_all() {
    let stage = Stage::new();
    stage.put("members", "lists/a.csv", State::Done).await;
    stage.put("members", "lists/b.csv", quarantined()).await;
    stage.put("others", "others/c.csv", quarantined()).await;

    let told = stage.json(&["members"]);
    assert_eq!(
        told["summary"]["subject"],
        json!({"kind": "route", "name": "members"})
    );
    assert_eq!(told["summary"]["objects"], 2);

    let told = stage.json(&["--state", "quarantined", "--limit", "1"]);
    let summary = &told["summary"];
    assert_eq!(summary["states"]["done"], 1);
    assert_eq!(summary["states"]["quarantined"], 2);
    assert_eq!(
        (&summary["matching"], &summary["shown"]),
        (&json!(2), &json!(1))
    );
    let objects = told["objects"].as_array().unwrap();
    assert_eq!(objects.len(), 1);
    assert_eq!(objects[0]["reason"], "damaged");
    let receipt = objects[0]["receipt"].as_str().unwrap();
    assert!(
        receipt.starts_with(stage.path().to_str().unwrap()),
        "{receipt}"
    );
    assert!(receipt.ends_with("/b1946ac9-1000.json"), "{receipt}");

    let told = stage.json(&["--bucket", "nobodys"]);
    assert_eq!(told["summary"]["objects"], 0);
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_listed_and_hides_no_other() {
    let stage = Stage::new();
    stage.put("members", "lists/a.csv", State::Done).await;
    stage.put("members", "lists/b.csv", State::Done).await;
    let file = files(stage.path()).into_iter().find(|file| {
        file.to_str().unwrap().contains("a.csv")
            && file.extension().is_some_and(|end| end == "json")
    });
    std::fs::write(file.unwrap(), "{}").unwrap();

    let told = stage.json(&[]);
    assert_eq!(told["summary"]["states"]["unreadable"], 1);
    assert_eq!(told["summary"]["states"]["done"], 1);
    assert_eq!(told["summary"]["all_read"], true);
    let unreadable = &told["objects"][0];
    assert_eq!(
        (&unreadable["state"], &unreadable["object"]),
        (&json!("unreadable"), &Value::Null)
    );
    let problem = unreadable["problem"].as_str().unwrap();
    assert!(
        problem.contains("a.csv") && problem.contains("no ledger entry"),
        "{problem}"
    );
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[tokio::test]
async fn of_an_object_everything_is_told_even_where_its_bucket_is_out_of_reach() {
    let stage = Stage::new();
    stage.put("members", "lists/a.csv", State::Done).await;
    stage.put("members", "lists/ab.csv", State::Done).await;
    let (code, said, complaint) = stage.status(&["s3://audiences/lists/a.csv"]);
    assert_eq!(code, Some(0), "{complaint}");
    assert!(
        said.starts_with("s3://audiences/lists/a.csv: 1 object: 1 done\n"),
        "{said}"
    );
    assert!(
        said.contains("in the bucket: not known: reading s3://audiences/lists/a.csv"),
        "{said}"
    );
    assert!(said.contains("\n  attempts   2, 0 of them"), "{said}");
    assert!(said.contains("\n  receipt    "), "{said}");
}

#[test]
fn an_empty_ledger_is_no_error() {
    let stage = Stage::new();
    let (code, said, complaint) = stage.status(&[]);
    assert_eq!(
        (code, &*said),
        (Some(0), "nothing is known\n"),
        "{complaint}"
    );
    assert_eq!(stage.json(&[])["objects"], json!([]));
}

#[test]
fn what_cannot_be_asked_is_told_in_one_sentence() {
    let stage = Stage::new();
    for (arguments, says) in [
        (&["memebers"][..], "name one (members, others)"),
        (&["--state", "finished"], "not_begun"),
        (&["s3://audiences/a/", "--bucket", "others"], "two buckets"),
    ] {
        let (code, said, complaint) = stage.status(arguments);
        assert_eq!(code, Some(2), "{said}{complaint}");
        assert!(complaint.contains(says), "{complaint}");
    }
    let nowhere = format!(
        "[state]\nlocation = \"s3://states\"\n{}",
        route("members", "")
    );
    let (code, said, complaint) = stage.status_by(&nowhere, &[]);
    assert_eq!(
        (code, &*said),
        (Some(1), "nothing is known\n"),
        "{complaint}"
    );
    assert!(complaint.contains("s3://states/"), "{complaint}");
}

#[test]
fn without_a_state_location_a_bucket_has_to_be_named() {
    let output = program::program().arg("status").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let complaint = String::from_utf8(output.stderr).unwrap();
    assert!(complaint.contains("say which with --bucket"), "{complaint}");
}
