//! Who asks to be forgotten: the built program before the simulated Meta.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use audience_activator::receipts::{ErasedStatus, ErasureReceipt};
use serde_json::Value;
use simulator::{AudienceChange, Changes, Fault, FaultAction, GraphError, Simulator, Target};
use tempfile::TempDir;

use crate::stage::people::{email, hashed_email, sha256};
use crate::stage::program::program;

const TOKEN: &str = "EAABerasureToken";
const ACCOUNT: &str = "3003";
const MEMBERS: &str = "2002";
const LEAVERS: &str = "2012";
/// No route leads there, and it is of the same account.
const OTHER: &str = "2022";

/// Three audiences with the people 1 to 30 in each, and a configuration that knows two.
struct Stage {
    meta: Simulator,
    directory: TempDir,
}

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn route(name: &str, audience: &str, mode: &str) -> String {
    format!(
        "[[route]]\nname = \"{name}\"\nprefix = \"{name}/\"\ncredentials = \"env:META_TOKEN\"\n\
         [route.columns]\nc_mail = \"email\"\nconsent = {{ only_if = [\"Y\"] }}\n\
         [route.custom_audience]\nad_account = \"act_{ACCOUNT}\"\naudience = \"{audience}\"\nmode = \"{mode}\"\n"
    )
}

impl Stage {
    async fn set() -> Stage {
        let meta = Simulator::builder()
            .token(TOKEN)
            .audience(MEMBERS, ACCOUNT)
            .audience(LEAVERS, ACCOUNT)
            .audience(OTHER, ACCOUNT)
            .start()
            .await
            .unwrap();
        let directory = tempfile::tempdir().unwrap();
        let stage = Stage { meta, directory };
        let mut everybody = "c_mail,consent\n".to_owned();
        everybody.extend((1..=30).map(|number| format!("{},Y\n", email(number))));
        let file = stage.file("everybody.csv", &everybody);
        let routes = [
            route("a", MEMBERS, "add"),
            route("b", LEAVERS, "add"),
            route("c", OTHER, "add"),
        ];
        for name in ["a", "b", "c"] {
            let mut arguments = vec!["upload", file.to_str().unwrap(), "--route"];
            arguments.push(name);
            let said = stage.run(&routes.concat(), &arguments, "", &[]);
            assert_eq!(said.code, Some(0), "{}", said.err);
        }
        std::fs::remove_dir_all(stage.state()).unwrap();
        assert_eq!(stage.in_all(1), [1, 1, 1]);
        stage
    }

    fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn run(
        &self,
        routes: &str,
        arguments: &[&str],
        stdin: &str,
        settings: &[(&str, &str)],
    ) -> Said {
        let config = format!("[state]\nlocation = {:?}\n{routes}", self.state());
        let mut command = program();
        command
            .args(arguments)
            .env("ACTIVATOR_CONFIG", config)
            .env("META_TOKEN", TOKEN)
            .env("ACTIVATOR_META_ENDPOINT", self.meta.endpoint())
            .env("ACTIVATOR_DELIVERY_REQUESTS_PER_SECOND", "10000")
            .env("ACTIVATOR_LOG_LEVEL", "trace")
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(stdin.as_bytes())
            .unwrap();
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said {
            code: status.code(),
            out: text(stdout),
            err: text(stderr),
        }
    }

    fn erase(&self, arguments: &[&str]) -> Said {
        self.erase_with(arguments, "", &[])
    }

    fn erase_with(&self, arguments: &[&str], stdin: &str, settings: &[(&str, &str)]) -> Said {
        let routes = [
            route("members", MEMBERS, "add"),
            route("leavers", LEAVERS, "remove"),
            // The same audience once more.
            route("members-too", MEMBERS, "remove"),
        ];
        let all: Vec<&str> = std::iter::once("erase")
            .chain(arguments.iter().copied())
            .collect();
        self.run(&routes.concat(), &all, stdin, settings)
    }

    /// How many entries of the person are in each audience.
    fn in_all(&self, person: u64) -> [u32; 3] {
        let hash = hashed_email(person);
        [MEMBERS, LEAVERS, OTHER]
            .map(|audience| self.meta.members_bearing(audience, "EMAIL", &hash))
    }

    fn members(&self) -> [u64; 3] {
        let audiences = self.meta.inspect().audiences;
        [MEMBERS, LEAVERS, OTHER].map(|id| audiences[id].members)
    }

    fn removals(&self) -> usize {
        let requests = self.meta.inspect().requests.recent;
        requests.iter().filter(|one| one.method == "DELETE").count()
    }

    fn receipts(&self) -> Vec<ErasureReceipt> {
        let Ok(files) = std::fs::read_dir(self.state().join("erasures")) else {
            return Vec::new();
        };
        let read = |path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        files.map(|file| read(file.unwrap().path())).collect()
    }

    fn receipt(&self) -> ErasureReceipt {
        let mut receipts = self.receipts();
        assert_eq!(receipts.len(), 1);
        receipts.remove(0)
    }
}

fn statuses(receipt: &ErasureReceipt) -> Vec<(&str, ErasedStatus)> {
    let targets = receipt.targets.iter();
    targets
        .map(|target| (target.id.as_str(), target.status))
        .collect()
}

const DONE: ErasedStatus = ErasedStatus::Done;
const MISSING: ErasedStatus = ErasedStatus::Missing;

#[tokio::test]
async fn who_is_erased_leaves_every_configured_audience_and_nobody_else_does() {
    let stage = Stage::set().await;
    let said = stage.erase(&[
        "--yes",
        "--email",
        &email(1),
        "--email",
        "  PERSON2@example.com ",
    ]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!(
        [stage.in_all(1), stage.in_all(2), stage.in_all(3)],
        [[0, 0, 1], [0, 0, 1], [1, 1, 1]]
    );
    assert_eq!(stage.members(), [28, 28, 30]);
    // One request for each audience, though two routes lead to one.
    assert_eq!(stage.removals(), 2);

    let receipt = stage.receipt();
    assert!(receipt.complete && receipt.finished_at.is_some());
    assert_eq!(statuses(&receipt), [(MEMBERS, DONE), (LEAVERS, DONE)]);
    assert_eq!(receipt.targets[0].routes, ["members", "members-too"]);
    let counts = &receipt.targets[0].counts;
    assert_eq!((counts.people, counts.sent, counts.entries), (2, 2, 2));
    assert_eq!(counts.keys.values().copied().collect::<Vec<_>>(), [2]);
    assert!(
        said.out
            .contains("audience 2002 (members, members-too): done"),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("keep them out at the source"),
        "{}",
        said.out
    );
    assert!(said.out.contains(&receipt.path()), "{}", said.out);

    // Once more does no harm.
    let said = stage.erase(&["--yes", "--email", &email(1)]);
    assert_eq!((said.code, stage.members()), (Some(0), [28, 28, 30]));
}

#[tokio::test]
async fn everywhere_is_all_customer_lists_of_the_ad_account() {
    let stage = Stage::set().await;
    let said = stage.erase(&["--yes", "--json", "--everywhere", "--email", &email(1)]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert_eq!([stage.in_all(1), stage.in_all(2)], [[0, 0, 0], [1, 1, 1]]);
    let told: Value = serde_json::from_str(&said.out).unwrap();
    let receipt = stage.receipt();
    assert_eq!(
        statuses(&receipt),
        [(MEMBERS, DONE), (LEAVERS, DONE), ("act_3003", DONE)]
    );
    assert!(receipt.asked.everywhere);
    assert_eq!(told["targets"][2]["kind"], "ad_account");
    let place = stage.state().join(receipt.path());
    assert_eq!(told["receipt"], place.to_str().unwrap());

    // Without an ad account nobody knows where everywhere is.
    let nowhere = route("members", MEMBERS, "add").replace("ad_account = \"act_3003\"\n", "");
    let said = stage.run(
        &nowhere,
        &["erase", "--yes", "--everywhere", "--email", "a@b.cd"],
        "",
        &[],
    );
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.contains("custom_audience.ad_account"),
        "{}",
        said.err
    );
}

#[tokio::test]
async fn audiences_can_be_chosen_and_have_to_be_configured() {
    let stage = Stage::set().await;
    let one = email(1);
    let ask = |more: &[&str]| {
        let arguments: Vec<&str> = ["--yes", "--email", &one]
            .iter()
            .chain(more)
            .copied()
            .collect();
        stage.erase(&arguments)
    };
    for (choice, says) in [
        (
            &["--audience", OTHER][..],
            "no route of the configuration leads to",
        ),
        (&["--route", "nobody"], "no route \"nobody\""),
        (
            &["--route", "leavers", "--audience", MEMBERS],
            "together leave no audience",
        ),
    ] {
        let said = ask(choice);
        assert_eq!(said.code, Some(2), "{}", said.out);
        assert!(said.err.contains(says), "{}", said.err);
    }
    assert_eq!((stage.in_all(1), stage.receipts().len()), ([1, 1, 1], 0));
    assert_eq!(ask(&["--audience", LEAVERS]).code, Some(0));
    assert_eq!(stage.in_all(1), [1, 0, 1]);
    assert_eq!(ask(&["--route", "members-too"]).code, Some(0));
    assert_eq!(stage.in_all(1), [0, 0, 1]);

    let events = "[[route]]\nname = \"e\"\nprefix = \"\"\ncredentials = \"env:META_TOKEN\"\ncolumns = \"auto\"\n\
        [route.conversions]\ndataset_id = \"1\"\nevent_name = \"Lead\"\naction_source = \"email\"\nevent_time = \"object\"\n";
    let said = stage.run(events, &["erase", "--yes", "--email", &one], "", &[]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("no way to erase events"), "{}", said.err);
}

#[tokio::test]
async fn a_file_is_read_by_the_columns_of_the_route_or_by_its_header_and_filters_keep_nobody() {
    let stage = Stage::set().await;
    for (number, content) in [
        (1, format!("c_mail,consent\n{},N\n", email(1))),
        (
            2,
            format!("note;E-Mail\nplease;{}\n", email(2).to_uppercase()),
        ),
        (3, format!("{{\"email\": \"{}\"}}\n", hashed_email(3))),
    ] {
        let file = stage.file("people", &content);
        let said = stage.erase(&["--yes", "--from", file.to_str().unwrap()]);
        assert_eq!(said.code, Some(0), "{}{}", said.out, said.err);
        assert_eq!(stage.in_all(number), [0, 0, 1], "{content}");
    }
    // And standard input, as a file and as values.
    let content = format!("mail\n{}\n", email(4));
    let said = stage.erase_with(&["--yes", "--from", "-"], &content, &[]);
    assert_eq!(
        (said.code, stage.in_all(4)),
        (Some(0), [0, 0, 1]),
        "{}",
        said.err
    );
    let content = format!("{}\n\n{}\n", email(5), email(6));
    let said = stage.erase_with(&["--yes", "--email", "-"], &content, &[]);
    assert_eq!(
        (said.code, stage.in_all(5), stage.in_all(6)),
        (Some(0), [0, 0, 1], [0, 0, 1])
    );
    assert_eq!(stage.members(), [24, 24, 30]);

    for (content, says) in [
        ("note\nplease\n", "column"),
        ("", "nobody in the file (empty)"),
        ("email\n", "nobody in the file (header_only)"),
    ] {
        let file = stage.file("people", content);
        let said = stage.erase(&["--yes", "--from", file.to_str().unwrap()]);
        assert_eq!(said.code, Some(3), "{}", said.out);
        assert!(said.out.contains(says), "{}", said.out);
    }
    let said = stage.erase(&["--yes", "--from", "nowhere.csv"]);
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.contains("there is no file nowhere.csv"),
        "{}",
        said.err
    );
}

#[tokio::test]
async fn whoever_cannot_be_named_is_told_by_number_and_by_the_exit_code() {
    let stage = Stage::set().await;
    let content = format!("email,phone\n{},12\nnobody,\n{},\n", email(1), email(2));
    let file = stage.file("people.csv", &content);
    let file = file.to_str().unwrap();
    let said = stage.erase(&["--yes", "--from", file]);
    assert_eq!(said.code, Some(3));
    // What can be done is done: Meta was asked for the rest.
    assert_eq!([stage.in_all(1), stage.in_all(2)], [[0, 0, 1], [0, 0, 1]]);
    for says in [
        "person 1: phone cannot be used",
        "person 2 is left: email: email_without_at",
    ] {
        assert!(said.out.contains(says), "{}", said.out);
    }
    let receipt = stage.receipt();
    let counts = &receipt.targets[0].counts;
    assert_eq!(
        (
            counts.people,
            counts.sent,
            counts.not_named,
            counts.named_in_part
        ),
        (3, 2, 1, 1)
    );
    assert!(!receipt.complete);
    assert_eq!(receipt.targets[0].status, DONE);

    // Values count in their order, and a country makes a number of one that has none.
    let said = stage.erase(&["--yes", "--email", "nobody", "--phone", "650 555 0917"]);
    assert_eq!(said.code, Some(3));
    assert!(said.out.contains("person 1 is left: email"), "{}", said.out);
    assert!(said.out.contains("person 2 is left: phone"), "{}", said.out);
    let said = stage.erase(&["--yes", "--country", "US", "--phone", "650 555 0917"]);
    assert_eq!(said.code, Some(0), "{}", said.out);
}

#[tokio::test]
async fn a_dry_run_tells_who_would_go_and_sends_and_writes_nothing() {
    let stage = Stage::set().await;
    let before = stage.meta.inspect().requests.total;
    let file = stage.file(
        "people.csv",
        &format!(
            "email,phone\n{},+16505550917\n{},\nx,\n",
            email(1),
            email(2)
        ),
    );
    let file = file.to_str().unwrap();
    // Not even a token is there.
    let said = stage.erase_with(
        &["--dry-run", "--everywhere", "--from", file],
        "",
        &[("META_TOKEN", "")],
    );
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(
        said.out
            .contains("2 of 3 people would be sent: 2 by email, 1 by phone"),
        "{}",
        said.out
    );
    assert!(
        said.out
            .contains("ad account act_3003 (members, leavers, members-too): would be asked")
    );
    let said = stage.erase_with(&["--dry-run", "--json", "--email", &email(1)], "", &[]);
    assert_eq!(said.code, Some(0));
    let told: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(
        (&told["targets"][1]["status"], &told["targets"][1]["people"]),
        (&"planned".into(), &1.into())
    );

    // Nor does it begin where nobody can be asked.
    let said = stage.erase(&["--email", &email(1)]);
    assert_eq!(said.code, Some(2));
    assert!(said.err.contains("--yes"), "{}", said.err);
    assert_eq!(stage.meta.inspect().requests.total, before);
    assert!(!stage.state().exists());
}

#[tokio::test]
async fn a_place_that_fails_keeps_no_other_from_being_asked_and_the_receipt_says_which() {
    let quick: &[(&str, &str)] = &[("ACTIVATOR_DELIVERY_ATTEMPTS", "1")];
    for (fault, code, says) in [
        (
            GraphError::new(400, 200).subcode(1_870_047),
            3,
            "would leave fewer people in the audience than Meta allows",
        ),
        (
            GraphError::new(400, 190).subcode(463),
            4,
            "does not accept the access token",
        ),
        (
            GraphError::new(500, 2),
            1,
            "was not able to take the request",
        ),
    ] {
        let stage = Stage::set().await;
        stage.meta.fault(
            Fault::error(Target::Users, fault.clone())
                .object(MEMBERS)
                .always(),
        );
        let said = stage.erase_with(&["--yes", "--email", &email(1)], "", quick);
        assert_eq!(said.code, Some(code), "{fault:?}: {}", said.err);
        assert!(said.out.contains(says), "{}", said.out);
        assert_eq!(stage.in_all(1), [1, 0, 1], "{fault:?}");
        let receipt = stage.receipt();
        assert_eq!(statuses(&receipt), [(MEMBERS, MISSING), (LEAVERS, DONE)]);
        assert!(!receipt.complete);

        stage.meta.clear_faults();
        let said = stage.erase_with(&["--yes", "--email", &email(1)], "", quick);
        assert_eq!(
            (said.code, stage.in_all(1)),
            (Some(0), [0, 0, 1]),
            "{}",
            said.err
        );
    }
}

#[tokio::test]
async fn while_an_audience_is_replaced_an_erasure_says_that_it_is_to_be_repeated() {
    let stage = Stage::set().await;
    // Somebody has begun to, with the person on the new list.
    let url = format!("{}/v26.0/{MEMBERS}/usersreplace", stage.meta.endpoint());
    let part = |number: u32| {
        serde_json::json!({
            "payload": {"schema": ["EMAIL"], "is_raw": true, "data": [[hashed_email(1)]]},
            "session": {"session_id": 9, "batch_seq": number, "last_batch_flag": number > 1},
        })
    };
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let replace = async |number| {
        let request = client.post(&url).bearer_auth(TOKEN);
        let request = request.header("content-type", "application/json");
        let answer = request.body(part(number).to_string()).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 200);
    };
    replace(1).await;
    let said = stage.erase(&["--yes", "--email", &email(1)]);
    assert_eq!(said.code, Some(1), "{}{}", said.out, said.err);
    for says in [
        "a replacement of the audience is under way",
        "repeat the command",
    ] {
        assert!(
            (said.out.clone() + &said.err).contains(says),
            "{}{}",
            said.out,
            said.err
        );
    }
    assert_eq!(
        statuses(&stage.receipt()),
        [(MEMBERS, MISSING), (LEAVERS, DONE)]
    );

    replace(2).await;
    stage.meta.clock().advance(Duration::from_secs(3_600));
    assert_eq!(
        stage.in_all(1),
        [1, 0, 1],
        "the new list has taken the old one's place"
    );
    let said = stage.erase(&["--yes", "--email", &email(1)]);
    assert_eq!(
        (said.code, stage.in_all(1)),
        (Some(0), [0, 0, 1]),
        "{}",
        said.out
    );
}

#[tokio::test]
async fn lost_answers_throttles_and_stripped_bodies_do_not_keep_anybody_on_a_list() {
    let stage = Stage::set().await;
    stage
        .meta
        .fault(Fault::lost_answer(Target::Users).object(MEMBERS));
    stage
        .meta
        .fault(Fault::new(Target::Users, FaultAction::Html { status: 502 }).object(LEAVERS));
    let said = stage.erase(&["--yes", "--email", &email(1)]);
    assert_eq!(
        (said.code, stage.in_all(1)),
        (Some(0), [0, 0, 1]),
        "{}",
        said.err
    );
    let retries: Vec<u64> = stage
        .receipt()
        .targets
        .iter()
        .map(|one| one.counts.retries)
        .collect();
    assert_eq!(retries, [1, 1]);

    // A quota that stays used up ends the attempt, and is told.
    let throttled = GraphError::new(400, 80_003).subcode(2_446_079);
    stage.meta.fault(
        Fault::error(Target::Users, throttled)
            .object(MEMBERS)
            .always(),
    );
    let impatient = &[("ACTIVATOR_DELIVERY_LONGEST_WAIT_SECONDS", "1")];
    let said = stage.erase_with(&["--yes", "--email", &email(2)], "", impatient);
    assert_eq!(said.code, Some(1), "{}", said.err);
    assert!(said.out.contains("quota"), "{}", said.out);
    stage.meta.clear_faults();

    let posted = &[("ACTIVATOR_META_DELETE_WITH", "method_override")];
    let before = stage.removals();
    let said = stage.erase_with(&["--yes", "--everywhere", "--email", &email(3)], "", posted);
    assert_eq!(
        (said.code, stage.in_all(3)),
        (Some(0), [0, 0, 0]),
        "{}",
        said.err
    );
    assert_eq!(stage.removals(), before);
}

#[tokio::test]
async fn an_erasure_of_many_goes_in_requests_that_meta_takes() {
    let stage = Stage::set().await;
    let mut content = "email\n".to_owned();
    content.extend((1..=20_500).map(|number| format!("{}\n", email(number))));
    let said = stage.erase_with(&["--yes", "--json", "--from", "-"], &content, &[]);
    assert_eq!(said.code, Some(0), "{}", said.out);
    assert_eq!(stage.members(), [0, 0, 30]);
    let receipt = stage.receipt();
    let counts = &receipt.targets[0].counts;
    assert_eq!(
        (counts.people, counts.sent, counts.requests),
        (20_500, 20_500, 3)
    );
}

#[tokio::test]
async fn an_erasure_that_is_interrupted_has_left_a_receipt_and_may_be_repeated() {
    let stage = Stage::set().await;
    stage
        .meta
        .fault(Fault::delay(Target::Users, Duration::from_secs(20)).object(LEAVERS));
    // Killed while the second audience has not answered.
    let mut command = program();
    let routes = [
        route("members", MEMBERS, "add"),
        route("leavers", LEAVERS, "remove"),
    ]
    .concat();
    let config = format!("[state]\nlocation = {:?}\n{routes}", stage.state());
    command
        .args(["erase", "--yes", "--email", &email(1)])
        .env("ACTIVATOR_CONFIG", config)
        .env("META_TOKEN", TOKEN)
        .env("ACTIVATOR_META_ENDPOINT", stage.meta.endpoint())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while stage.in_all(1)[0] > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let receipt = stage.receipt();
    assert!(receipt.finished_at.is_none() && !receipt.complete);

    stage.meta.clear_faults();
    let said = stage.erase(&["--yes", "--email", &email(1)]);
    assert_eq!((said.code, stage.in_all(1)), (Some(0), [0, 0, 1]));
}

#[tokio::test]
async fn an_erasure_without_a_place_for_its_receipt_does_not_begin() {
    let stage = Stage::set().await;
    std::fs::write(stage.state(), "no directory").unwrap();
    let said = stage.erase(&["--yes", "--email", &email(1)]);
    assert_eq!((said.code, stage.in_all(1)), (Some(1), [1, 1, 1]));
    assert!(said.err.contains("nobody was removed"), "{}", said.err);
}

#[tokio::test]
async fn an_erasure_says_and_keeps_nothing_of_those_it_removes() {
    let stage = Stage::set().await;
    let small = AudienceChange {
        smallest: Some(1),
        ..AudienceChange::default()
    };
    stage
        .meta
        .change(Changes::audience(LEAVERS, small))
        .unwrap();
    let marks = ["zqx7mark", "6505550917", "650 555 0917", TOKEN];
    let hashes = ["jane.zqx7mark@example.com", "16505550917"].map(sha256);
    let values = "JANE.zqx7mark@Example.com,+1 650 555 0917,zqx7mark-id";
    let file = stage.file(
        "people.csv",
        &format!("email,phone,external_id\n{values}\nzqx7mark,zqx7mark,\n"),
    );
    let given = [
        "--email",
        "Jane.zqx7mark@example.com",
        "--external-id",
        "zqx7mark-id",
        "--phone",
        "zqx7mark",
    ];
    for arguments in [&["--from", file.to_str().unwrap()][..], &given] {
        for more in [
            &["--dry-run"][..],
            &["--yes"],
            &["--yes", "--json", "--everywhere"],
            &["--nothing"],
            &[],
        ] {
            let arguments: Vec<&str> = arguments.iter().chain(more).copied().collect();
            let said = stage.erase(&arguments);
            let mut all = said.out + &said.err;
            for receipt in std::fs::read_dir(stage.state().join("erasures"))
                .into_iter()
                .flatten()
            {
                let path = receipt.unwrap().path();
                all += path.to_str().unwrap();
                all += &std::fs::read_to_string(path).unwrap();
            }
            let all = all.to_lowercase();
            for mark in marks
                .iter()
                .map(|mark| mark.to_lowercase())
                .chain(hashes.iter().cloned())
            {
                assert!(!all.contains(&mark), "{mark} in {all}");
            }
        }
    }
    assert_eq!(stage.receipts().len(), 4);
}
