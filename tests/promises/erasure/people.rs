//! Who leaves which audience.

use super::*;

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
