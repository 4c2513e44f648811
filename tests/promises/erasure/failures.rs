//! What keeps an erasure from its end, and what is told of it.

use super::*;

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
