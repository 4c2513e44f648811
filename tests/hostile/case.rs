//! One hostile file, and what is expected of it.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write};
use std::time::{Duration, Instant};

use audience_activator::receipts::{Receipt, Status};

use crate::stage::Stage;

/// Where the files go: events, purchases with a value, members of an audience.
const ROUTES: &str = r#"
[[route]]
name = "events"
prefix = "events/"
credentials = "env:META_TOKEN"
columns = "auto"
[route.conversions]
dataset_id = "1001"
event_name = "Lead"
action_source = "system_generated"
event_time = "object"

[[route]]
name = "purchases"
prefix = "purchases/"
credentials = "env:META_TOKEN"
columns = "auto"
[route.conversions]
dataset_id = "1001"
event_name = "Purchase"
action_source = "physical_store"
event_time = "object"
value = { column = "paid" }
currency = "USD"

[[route]]
name = "members"
prefix = "members/"
credentials = "env:META_TOKEN"
columns = "auto"
[route.custom_audience]
ad_account = "act_3003"
audience = "2002"
mode = "add"
"#;

/// Routes of events whose files are said to be so, and their columns.
const CONFIGURED: [(&str, &str, &str); 11] = [
    ("utf-16", AUTO, "encoding = \"utf-16\""),
    ("latin-1", AUTO, "encoding = \"latin-1\""),
    ("windows-1252", AUTO, "encoding = \"windows-1252\""),
    ("single-quotes", AUTO, "quote = \"'\""),
    ("no-quotes", AUTO, "quote = \"none\""),
    ("escapes", AUTO, "escape = \"\\\\\""),
    ("semicolons", AUTO, "delimiter = \";\""),
    ("headerless", AUTO, "header = [\"email\", \"city\"]"),
    ("json-lines", AUTO, "format = \"json_lines\""),
    ("csv", AUTO, "format = \"csv\""),
    (
        "maps",
        "columns = { \"map.key_value.value\" = \"external_id\" }",
        "",
    ),
];

const AUTO: &str = "columns = \"auto\"";

/// All of them.
pub fn routes() -> String {
    let mut routes = ROUTES.to_owned();
    for (name, columns, input) in CONFIGURED {
        routes += &format!(
            r#"
[[route]]
name = "{name}"
prefix = "{name}/"
credentials = "env:META_TOKEN"
{columns}
[route.input]
{input}
[route.conversions]
dataset_id = "1001"
event_name = "Lead"
action_source = "system_generated"
event_time = "object"
"#
        );
    }
    routes
}

/// The slowest file takes a few seconds, alone; this is for two busy cores.
const LONGEST: Duration = Duration::from_secs(120);

pub struct Case {
    pub name: &'static str,
    route: &'static str,
    content: Content,
    expected: Expected,
}

/// What a file holds. The long ones are written piece by piece.
pub enum Content {
    Bytes(Vec<u8>),
    Repeated {
        before: Vec<u8>,
        piece: Vec<u8>,
        times: usize,
        after: Vec<u8>,
    },
}

pub enum Expected {
    /// Rows that are sent, and those that are rejected, by reason.
    Delivered(u64, &'static [(&'static str, u64)]),
    Refused(&'static str),
    Skipped(&'static str),
}

use Expected::{Delivered, Refused, Skipped};

/// An events file. Most cases are this.
pub fn events(name: &'static str, content: impl AsRef<[u8]>, expected: Expected) -> Case {
    Case {
        name,
        route: "events",
        content: Content::Bytes(content.as_ref().to_vec()),
        expected,
    }
}

impl Case {
    /// The same file for the people of an audience.
    pub fn of_members(self) -> Case {
        Case {
            route: "members",
            ..self
        }
    }

    /// The same file where the route says what files are, see [`routes`].
    pub fn of(self, route: &'static str) -> Case {
        Case { route, ..self }
    }

    pub fn of_purchases(self) -> Case {
        Case {
            route: "purchases",
            ..self
        }
    }

    pub fn repeated(
        name: &'static str,
        before: &str,
        (piece, times): (&str, usize),
        after: &str,
        expected: Expected,
    ) -> Case {
        // In pieces of some size, so that writing them is quick.
        let at_once = 64 * 1024 / piece.len().min(64 * 1024);
        assert_eq!(
            times % at_once,
            0,
            "{name}: {times} is no multiple of {at_once}"
        );
        Case {
            name,
            route: "events",
            content: Content::Repeated {
                before: before.into(),
                piece: piece.repeat(at_once).into(),
                times: times / at_once,
                after: after.into(),
            },
            expected,
        }
    }

    pub async fn check(&self, stage: &Stage) {
        let name = self.name;
        // The name says nothing about the format, which is told by the content.
        let object = stage.put(&format!("{}/{name}", self.route), b"");
        self.content.write(stage, &object.key);
        let before = Meta::of(stage);
        let started = Instant::now();
        // What it ended with is in its receipt.
        let ended = stage.deliver(&object).await;
        assert!(
            started.elapsed() < LONGEST,
            "{name}: {:?}",
            started.elapsed()
        );
        let receipt = stage.receipt(&object).await;
        let receipt = receipt.unwrap_or_else(|| panic!("{name}: no receipt: {ended:?}"));

        receipt
            .check()
            .unwrap_or_else(|fault| panic!("{name}: {fault}"));
        self.check_outcome(&receipt);
        let after = Meta::of(stage);
        let (events, entries) = (after.events - before.events, after.entries - before.entries);
        assert_eq!(
            events + entries,
            receipt.sent.accepted,
            "{name}: what Meta has"
        );
        assert_eq!(after.empty_hashes, 0, "{name}: hashes of nothing");
        assert_eq!(after.duplicates, 0, "{name}: events sent twice");
        let mut receipt = receipt;
        // The one text that may speak of an @.
        for warning in &mut receipt.warnings {
            warning.advice = "".into();
        }
        let text = serde_json::to_string(&receipt).unwrap();
        // Advice says that an address has one @.
        let text = text.replace(" @;", "");
        assert!(!text.contains('@'), "{name}: a cell in the receipt");
    }

    fn check_outcome(&self, receipt: &Receipt) {
        let name = self.name;
        let rejects: BTreeMap<&str, u64> = receipt
            .rejects
            .counts()
            .iter()
            .map(|(code, count)| (code.as_str(), *count))
            .collect();
        let reason = receipt.status.reason().map(|code| code.as_str());
        let found = (receipt.status.name(), reason, receipt.rows.sent);
        match self.expected {
            Delivered(sent, reasons) => {
                assert_eq!(found, ("delivered", None, sent), "{name}: {rejects:?}");
                assert_eq!(rejects, reasons.iter().copied().collect(), "{name}");
                assert_eq!(receipt.sent.refused, 0, "{name}: Meta refused rows");
                assert_eq!(receipt.status, Status::Delivered);
            }
            Refused(reason) => assert_eq!(found, ("refused", Some(reason), 0), "{name}"),
            Skipped(reason) => assert_eq!(found, ("skipped", Some(reason), 0), "{name}"),
        }
    }
}

impl Content {
    fn write(&self, stage: &Stage, key: &str) {
        let mut file = BufWriter::new(std::fs::File::create(stage.path(key)).unwrap());
        match self {
            Content::Bytes(bytes) => file.write_all(bytes).unwrap(),
            Content::Repeated {
                before,
                piece,
                times,
                after,
            } => {
                file.write_all(before).unwrap();
                for _ in 0..*times {
                    file.write_all(piece).unwrap();
                }
                file.write_all(after).unwrap();
            }
        }
        file.flush().unwrap();
    }
}

/// What Meta has by now.
struct Meta {
    events: u64,
    entries: u64,
    duplicates: u64,
    empty_hashes: u64,
}

impl Meta {
    fn of(stage: &Stage) -> Meta {
        let (dataset, audience) = (stage.dataset(), stage.audience());
        Meta {
            events: dataset.received,
            entries: audience.rows_added + audience.rows_repeated,
            duplicates: dataset.duplicates,
            empty_hashes: dataset.empty_hashes + audience.empty_hashes,
        }
    }
}
