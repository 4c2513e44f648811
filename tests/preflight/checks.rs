//! What each state of the world is judged to be.

use audience_activator::app::preflight::{Check, Finding, Mark, of_route, worst};
use serde_json::json;
use simulator::{
    AccountChange, AudienceChange, Changes, DatasetChange, Fault, GraphError, Permission, Target,
};

use crate::stage::meta::{Endpoint, Reply};
use crate::stage::{ACCOUNT, AUDIENCE, DATASET, ROUTES, Stage};

pub(super) async fn findings(stage: &Stage, name: &str) -> Vec<Finding> {
    let mut routes = stage.parts.config.routes.iter();
    let route = routes.find(|route| route.name == name).unwrap();
    of_route(&stage.parts, route).await
}

fn marks(findings: &[Finding]) -> Vec<(Check, Mark)> {
    findings.iter().map(|one| (one.check, one.result)).collect()
}

pub(super) fn not_ok(findings: &[Finding]) -> Vec<(Check, Mark)> {
    let marks = marks(findings).into_iter();
    marks.filter(|(_, mark)| *mark != Mark::Ok).collect()
}

#[tokio::test]
async fn a_route_in_order_is_ok_in_every_check() {
    let stage = Stage::new().await;
    let checks = |findings: &[Finding]| findings.iter().map(|one| one.check).collect::<Vec<_>>();
    let buyers = findings(&stage, "buyers").await;
    assert_eq!(worst(&buyers), Mark::Ok, "{buyers:#?}");
    assert_eq!(
        checks(&buyers),
        [
            Check::Secret,
            Check::Token,
            Check::Dataset,
            Check::StoreEvents
        ]
    );
    let members = findings(&stage, "members").await;
    assert_eq!(worst(&members), Mark::Ok, "{members:#?}");
    assert_eq!(
        checks(&members),
        [
            Check::Secret,
            Check::Token,
            Check::Audience,
            Check::Subtype,
            Check::AdAccount,
            Check::Permission,
            Check::Status,
            Check::Terms,
        ]
    );
    let requests = stage.simulator.inspect().requests;
    assert_eq!(
        requests.total, 3,
        "one question for a dataset, two for an audience"
    );
    assert_eq!(stage.dataset().received, 0);
    assert_eq!(stage.audience().members, 0);
}

#[tokio::test]
async fn every_state_of_an_audience_is_told_with_what_to_do() {
    let audience = |change: AudienceChange| Changes::audience(AUDIENCE, change);
    let account = |change: AccountChange| Changes::account(ACCOUNT, change);
    let status = |code| {
        audience(AudienceChange {
            operation_status: Some(code),
            ..AudienceChange::default()
        })
    };
    let cases = [
        (status(200), None, ""),
        (status(450), None, ""),
        (status(412), None, ""),
        (
            status(414),
            Some((Check::Status, Mark::Warning)),
            "being replaced",
        ),
        (
            status(415),
            Some((Check::Status, Mark::Warning)),
            "replace it again",
        ),
        (
            status(423),
            Some((Check::Status, Mark::Warning)),
            "status 423",
        ),
        (
            status(442),
            Some((Check::Status, Mark::Warning)),
            "could not be filled at first (status 442)",
        ),
        (status(0), None, ""),
        (status(470), Some((Check::Status, Mark::Failed)), "inactive"),
        (
            status(500),
            Some((Check::Status, Mark::Failed)),
            "status 500",
        ),
        (
            audience(AudienceChange {
                flagged: Some(true),
                ..AudienceChange::default()
            }),
            Some((Check::Status, Mark::Failed)),
            "flagged",
        ),
        (
            audience(AudienceChange {
                expiring: Some(true),
                ..AudienceChange::default()
            }),
            Some((Check::Status, Mark::Warning)),
            "deletes it on 20",
        ),
        (
            audience(AudienceChange {
                can_edit: Some(false),
                ..AudienceChange::default()
            }),
            Some((Check::Permission, Mark::Failed)),
            "may not change audience",
        ),
        (
            audience(AudienceChange {
                subtype: Some("LOOKALIKE".to_owned()),
                ..AudienceChange::default()
            }),
            Some((Check::Subtype, Mark::Failed)),
            "no customer list",
        ),
        (
            audience(AudienceChange {
                is_value_based: Some(true),
                ..AudienceChange::default()
            }),
            Some((Check::Values, Mark::Failed)),
            "map a column to lookalike_value",
        ),
        (
            audience(AudienceChange {
                deleted: Some(true),
                ..AudienceChange::default()
            }),
            Some((Check::Audience, Mark::Failed)),
            "100/33",
        ),
        (
            account(AccountChange {
                terms_accepted: Some(false),
                ..AccountChange::default()
            }),
            Some((Check::Terms, Mark::Failed)),
            "accept them in Business Manager",
        ),
        (
            account(AccountChange {
                permission: Some(Permission::AdsManagement),
                ..AccountChange::default()
            }),
            Some((Check::Audience, Mark::Failed)),
            "give it ads_management",
        ),
    ];
    for (change, expected, words) in cases {
        let stage = Stage::new().await;
        let told = format!("{change:?}");
        stage.simulator.change(change).unwrap();
        let findings = findings(&stage, "members").await;
        let first = not_ok(&findings).first().copied();
        assert_eq!(first, expected, "{told}: {findings:#?}");
        let said = findings.iter().find(|one| one.result != Mark::Ok);
        assert!(
            said.is_none_or(|one| one.sentence.contains(words)),
            "{said:?}"
        );
    }
}

#[tokio::test]
async fn values_are_held_against_the_columns() {
    let named = ROUTES.replace(
        "id = \"external_id\"\nemail = \"email\"",
        "id = \"external_id\"\nworth = \"lookalike_value\"",
    );
    // The first route is of events, which know no such key.
    let (events, members) = ROUTES
        .split_once("\n[[route]]\nname = \"members\"")
        .unwrap();
    assert!(members.contains("custom_audience"));
    let (_, with_values) = named.split_once("\n[[route]]\nname = \"members\"").unwrap();
    let with_values = format!("{events}\n[[route]]\nname = \"members\"{with_values}");
    let table = "[route.columns]\nid = \"external_id\"\nemail = \"email\"\nconsent = { only_if = [\"Y\"] }\n";
    let auto = members.replace(table, "columns = \"auto\"\n");
    let auto = format!("{events}\n[[route]]\nname = \"members\"{auto}");
    for (routes, value_based, mark) in [
        (&with_values, true, Some(Mark::Ok)),
        (&with_values, false, Some(Mark::Warning)),
        (&auto, true, Some(Mark::Ok)),
        (&auto, false, None),
    ] {
        let stage = Stage::with(routes, &[]).await;
        let change = AudienceChange {
            is_value_based: Some(value_based),
            ..AudienceChange::default()
        };
        let change = Changes::audience(AUDIENCE, change);
        stage.simulator.change(change).unwrap();
        let findings = findings(&stage, "members").await;
        let found = findings.iter().find(|one| one.check == Check::Values);
        assert_eq!(found.map(|one| one.result), mark, "{findings:#?}");
    }
}

#[tokio::test]
async fn terms_of_values_whose_name_is_not_known_are_a_warning_only() {
    let stage = Stage::new().await;
    let terms = AccountChange {
        value_terms_accepted: Some(false),
        ..AccountChange::default()
    };
    let change = Changes::account(ACCOUNT, terms);
    stage.simulator.change(change).unwrap();
    let members = findings(&stage, "members").await;
    assert_eq!(not_ok(&members), [], "the audience is not based on values");
    let values = AudienceChange {
        is_value_based: Some(true),
        ..AudienceChange::default()
    };
    let change = Changes::audience(AUDIENCE, values);
    stage.simulator.change(change).unwrap();
    let members = findings(&stage, "members").await;
    assert!(
        not_ok(&members).contains(&(Check::Terms, Mark::Warning)),
        "{members:#?}"
    );
}

#[tokio::test]
async fn another_ad_account_than_the_audiences_is_found() {
    let routes = ROUTES.replace("act_3003", "act_3004");
    let stage = Stage::with(&routes, &[]).await;
    let members = findings(&stage, "members").await;
    assert_eq!(
        not_ok(&members),
        [
            (Check::AdAccount, Mark::Failed),
            (Check::Terms, Mark::Warning)
        ],
        "{members:#?}"
    );
}

#[tokio::test]
async fn every_state_of_a_dataset_is_told() {
    let dataset = |change: DatasetChange| Changes::dataset(DATASET, change);
    let stage = Stage::new().await;
    let change = dataset(DatasetChange {
        unavailable: Some(true),
        takes_store_events: Some(false),
    });
    stage.simulator.change(change).unwrap();
    let buyers = findings(&stage, "buyers").await;
    assert_eq!(
        not_ok(&buyers),
        [
            (Check::Dataset, Mark::Failed),
            (Check::StoreEvents, Mark::Warning)
        ]
    );
    let online = ROUTES.replace("physical_store", "email");
    let stage = Stage::with(&online, &[]).await;
    let change = dataset(DatasetChange {
        unavailable: None,
        takes_store_events: Some(false),
    });
    stage.simulator.change(change).unwrap();
    let buyers = findings(&stage, "buyers").await;
    assert_eq!(not_ok(&buyers), [], "no events of stores are sent");

    let elsewhere = ROUTES.replace("\"1001\"", "\"1009\"");
    let stage = Stage::with(&elsewhere, &[]).await;
    let buyers = findings(&stage, "buyers").await;
    assert_eq!(not_ok(&buyers), [(Check::Dataset, Mark::Failed)]);

    let stage = Stage::new().await;
    // A token that may send events need not be allowed to look.
    let forbidden = Fault::error(Target::Read, GraphError::new(403, 200));
    stage.simulator.fault(forbidden);
    let buyers = findings(&stage, "buyers").await;
    assert_eq!(not_ok(&buyers), [(Check::Dataset, Mark::Warning)]);

    let nowhere = ROUTES.replace("dataset_id = \"1001\"\n", "");
    let stage = Stage::with(&nowhere, &[]).await;
    let buyers = findings(&stage, "buyers").await;
    assert_eq!(not_ok(&buyers), [(Check::Dataset, Mark::Failed)]);
    assert_eq!(stage.requests(), 0);
}

/// The sentences of what is not in order.
#[tokio::test]
async fn what_meta_does_not_tell_is_a_warning_and_never_ok() {
    let little =
        Endpoint::answering(|_| Reply::json(200, &json!({"id": "1", "tos_accepted": []}))).await;
    let stage = Stage::of(ROUTES, &little.url(), &[]).await;
    let members = findings(&stage, "members").await;
    assert_eq!(
        not_ok(&members),
        [
            Check::Subtype,
            Check::Permission,
            Check::Status,
            Check::Terms
        ]
        .map(|check| (check, Mark::Warning)),
        "{members:#?}"
    );
    let buyers = findings(&stage, "buyers").await;
    assert_eq!(not_ok(&buyers), [(Check::StoreEvents, Mark::Warning)]);
    for told in members.iter().chain(&buyers) {
        let untold = told.sentence.starts_with("Meta does not say");
        assert_eq!(told.result == Mark::Warning, untold, "{told:?}");
    }
}

#[tokio::test]
async fn an_audience_that_no_ad_can_use_is_a_warning() {
    for (code, expected) in [
        (200, None),
        (300, None),
        (400, Some((Check::Status, Mark::Warning))),
    ] {
        let state = json!({
            "id": AUDIENCE, "account_id": ACCOUNT, "subtype": "CUSTOM", "is_value_based": false,
            "operation_status": {"code": 200}, "delivery_status": {"code": code},
            "permission_for_actions": {"can_edit": true}, "tos_accepted": {"custom_audience_tos": 1},
        });
        let meta = Endpoint::answering(move |_| Reply::json(200, &state)).await;
        let stage = Stage::of(ROUTES, &meta.url(), &[]).await;
        let findings = findings(&stage, "members").await;
        assert_eq!(
            not_ok(&findings).first().copied(),
            expected,
            "{findings:#?}"
        );
    }
}

#[tokio::test]
async fn a_secret_that_holds_nothing_is_told_and_meta_is_not_asked() {
    let stage = Stage::new().await;
    stage.secret.store("{}".to_owned());
    let findings = findings(&stage, "members").await;
    assert_eq!(marks(&findings), [(Check::Secret, Mark::Failed)]);
    assert!(
        findings[0].sentence.contains("env:META_TOKEN"),
        "{findings:?}"
    );
    assert_eq!(stage.requests(), 0);
}
