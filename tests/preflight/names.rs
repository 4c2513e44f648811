//! Audiences by their names: found by the worker, made by the command, and never made twice.

use audience_activator::app::preflight::{Check, Finding, Mark, create, of_route};
use audience_activator::app::{Halt, Wait};
use audience_activator::config::Route;
use serde_json::json;
use simulator::{
    AudienceChange, Changes, Fault, FaultAction, GraphError, Target, TokenChange, TokenState,
};

use crate::stage::clock::later;
use crate::stage::meta::{Endpoint, Reply};
use crate::stage::people::file;
use crate::stage::{ACCOUNT, AUDIENCE, Stage, TOKEN};

/// What the simulator calls the audience that is there from the start.
const THERE: &str = "Simulated customer list";
const USERS: &str = "audiences/people.csv";

fn routes(name: &str, more: &str) -> String {
    format!(
        r#"
[[route]]
name = "members"
prefix = "audiences/"
credentials = "env:META_TOKEN"
[route.columns]
id = "external_id"
email = "email"
consent = {{ only_if = ["Y"] }}
[route.custom_audience]
ad_account = "act_3003"
audience_name = "{name}"
mode = "add"
{more}
"#
    )
}

const CREATE: &str = "create = true\ncustomer_file_source = \"PARTNER_PROVIDED_ONLY\"\nretention_days = 90\n\
                      description = \"of the loyalty card\"";

async fn stage(name: &str, more: &str) -> Stage {
    Stage::with(&routes(name, more), &[]).await
}

fn route(stage: &Stage) -> &Route {
    &stage.parts.config.routes[0]
}

async fn made(stage: &Stage) -> Finding {
    create(&stage.parts, route(stage)).await.unwrap()
}

/// As any other client of Meta's would.
async fn make(stage: &Stage, name: &str) -> String {
    let url = format!(
        "{}/v26.0/act_{ACCOUNT}/customaudiences",
        stage.simulator.endpoint()
    );
    let body = json!({
        "name": name, "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY",
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .post(url)
        .bearer_auth(TOKEN)
        .header("content-type", "application/json")
        .body(body.to_string());
    let answer = request.send().await.unwrap().bytes().await.unwrap();
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    answer["id"].as_str().unwrap().to_owned()
}

async fn of_name(stage: &Stage) -> Finding {
    let findings = of_route(&stage.parts, route(stage)).await;
    let mut found = findings.into_iter();
    found.find(|finding| finding.check == Check::Name).unwrap()
}

fn created(stage: &Stage) -> u64 {
    let recent = stage.simulator.inspect().requests.recent;
    let created = recent
        .iter()
        .filter(|one| one.target == Target::CreateAudience);
    created.count() as u64
}

#[tokio::test]
async fn an_audience_is_found_by_its_name_and_filled() {
    let stage = stage(THERE, "").await;
    let receipt = {
        let object = stage.put(USERS, file(10));
        stage.delivered(&object).await
    };
    assert_eq!(receipt.sent.accepted, 10);
    assert_eq!(receipt.destination.id, AUDIENCE, "the receipt names the id");
    assert_eq!(stage.audience().members, 10);
    let finding = of_name(&stage).await;
    assert_eq!(finding.result, Mark::Ok);
    assert!(finding.sentence.contains("is audience 2002"), "{finding:?}");
    // It is looked for once in ten minutes, and what was known holds while Meta is away.
    let before = stage.requests();
    let object = stage.put("audiences/more.csv", file(20));
    stage.delivered(&object).await;
    assert_eq!(stage.requests(), before + 1);
    let down = Fault::error(Target::Read, GraphError::new(503, 2));
    stage.simulator.fault(down.always());
    later(std::time::Duration::from_secs(601)).await;
    let object = stage.put("audiences/later.csv", file(30));
    stage.delivered(&object).await;
}

#[tokio::test]
async fn an_audience_on_a_later_page_is_found() {
    let stage = stage("The last one", "").await;
    // More than a page of them.
    for number in 0..220 {
        make(&stage, &format!("Another {number}")).await;
    }
    let id = make(&stage, "The last one").await;
    let object = stage.put(USERS, file(10));
    assert_eq!(stage.delivered(&object).await.destination.id, id);
    let recent = stage.simulator.inspect().requests.recent;
    let pages = recent.iter().filter(|one| one.target == Target::Read);
    assert_eq!(pages.count(), 2);
}

#[tokio::test]
async fn a_name_that_is_not_there_or_there_twice_sends_nothing_and_says_so() {
    let stage = stage("Loyal", "").await;
    let object = stage.put(USERS, file(10));
    let halt = stage.deliver(&object).await.unwrap_err();
    assert_eq!(halt.wait(), Wait::Route);
    let said = halt.to_string();
    assert!(said.contains("no customer list called \"Loyal\""), "{said}");
    assert_eq!(of_name(&stage).await.result, Mark::Failed);

    let ids = [make(&stage, "Loyal").await, make(&stage, "Loyal").await];
    let said = stage.deliver(&object).await.unwrap_err().to_string();
    assert!(ids.iter().all(|id| said.contains(id.as_str())), "{said}");
    assert_eq!(of_name(&stage).await.sentence, said);

    // One of them is gone, and one of the name is no customer list.
    for (id, change) in [
        (
            &ids[0],
            AudienceChange {
                deleted: Some(true),
                ..AudienceChange::default()
            },
        ),
        (
            &AUDIENCE.to_owned(),
            AudienceChange {
                subtype: Some("LOOKALIKE".to_owned()),
                ..AudienceChange::default()
            },
        ),
    ] {
        let change = Changes::audience(id.as_str(), change);
        stage.simulator.change(change).unwrap();
    }
    assert_eq!(stage.delivered(&object).await.destination.id, ids[1]);
    let members = stage.simulator.inspect().audiences[&ids[1]].members;
    assert_eq!(members, 10);
}

#[tokio::test]
async fn what_cannot_be_looked_for_now_is_tried_again_and_a_refused_token_stops_the_route() {
    let stage = stage(THERE, "").await;
    let down = Fault::error(Target::Read, GraphError::new(503, 2));
    stage.simulator.fault(down.times(2));
    let object = stage.put(USERS, file(10));
    let halt = stage.deliver(&object).await.unwrap_err();
    assert_eq!(halt.wait(), Wait::Passing, "{halt}");
    assert_eq!(stage.delivered(&object).await.sent.accepted, 10);

    let stage = crate::names::stage(THERE, "").await;
    let revoked = TokenChange::to(TokenState::Revoked);
    stage.simulator.change(Changes::token(revoked)).unwrap();
    let object = stage.put(USERS, file(10));
    let halt = stage.deliver(&object).await.unwrap_err();
    assert!(matches!(halt, Halt::Delivery(_)), "{halt:?}");
    assert_eq!(halt.wait(), Wait::Route);
    let renewed = TokenChange::renewed("second-token");
    stage.simulator.change(Changes::token(renewed)).unwrap();
    stage.secret.renew("second-token");
    // Two reads of one secret are at least so far apart.
    later(std::time::Duration::from_secs(5)).await;
    assert_eq!(stage.delivered(&object).await.sent.accepted, 10);
}

#[tokio::test]
async fn a_block_for_a_policy_keeps_a_name_from_being_asked_for_an_hour() {
    let stage = stage(THERE, "").await;
    let blocked = Fault::error(Target::Read, GraphError::new(400, 368));
    stage.simulator.fault(blocked);
    let object = stage.put(USERS, file(10));
    let minutes = |number: u64| std::time::Duration::from_secs(60 * number);
    for _ in 0..4 {
        let halt = stage.deliver(&object).await.unwrap_err();
        assert_eq!(halt.wait(), Wait::Blocked, "{halt}");
        assert!(halt.to_string().contains("policy"), "{halt}");
        let finding = of_name(&stage).await;
        assert_eq!(finding.result, Mark::Failed);
        assert!(finding.sentence.contains("once an hour"), "{finding:?}");
        assert_eq!(stage.requests(), 1);
        later(minutes(14)).await;
    }
    later(minutes(5)).await;
    assert_eq!(stage.delivered(&object).await.sent.accepted, 10);
}

#[tokio::test]
async fn what_is_no_number_is_no_id_of_an_audience() {
    let list = json!({"data": [{"id": "1/../2?x=y", "name": "Loyal", "subtype": "CUSTOM"}]});
    let meta = Endpoint::answering(move |_| Reply::json(200, &list)).await;
    let stage = Stage::of(&routes("Loyal", CREATE), &meta.url(), &[]).await;
    let finding = of_name(&stage).await;
    assert_eq!(finding.result, Mark::Unknown, "{finding:?}");
    let object = stage.put(USERS, file(10));
    let halt = stage.deliver(&object).await.unwrap_err();
    assert_eq!(halt.wait(), Wait::Passing, "{halt}");
    assert!(create(&stage.parts, route(&stage)).await.is_none());
    let seen = meta.seen();
    let is_list = |path: &str| path.ends_with("/act_3003/customaudiences");
    assert!(seen.iter().all(|one| is_list(one.uri.path())));
    assert!(seen.iter().all(|one| one.method == "GET"));
}

#[tokio::test]
async fn the_worker_makes_no_audience_and_the_command_makes_one() {
    let stage = stage("Loyal", CREATE).await;
    let object = stage.put(USERS, file(10));
    let said = stage.deliver(&object).await.unwrap_err().to_string();
    assert!(said.contains("preflight --create"), "{said}");
    assert_eq!(created(&stage), 0);

    let finding = made(&stage).await;
    assert_eq!(finding.result, Mark::Ok, "{finding:?}");
    assert!(
        create(&stage.parts, route(&stage)).await.is_none(),
        "there is one now"
    );
    assert_eq!(created(&stage), 1);
    let receipt = stage.delivered(&object).await;
    assert!(finding.sentence.contains(&receipt.destination.id));
    let id = receipt.destination.id;
    let url = format!(
        "{}/v26.0/{id}?fields=name,subtype,customer_file_source,retention_days,description",
        stage.simulator.endpoint()
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let read = client.get(url).bearer_auth(TOKEN).send().await.unwrap();
    let read: serde_json::Value = serde_json::from_slice(&read.bytes().await.unwrap()).unwrap();
    let expected = json!({
        "id": id, "name": "Loyal", "subtype": "CUSTOM", "retention_days": 90,
        "customer_file_source": "PARTNER_PROVIDED_ONLY", "description": "of the loyalty card",
    });
    assert_eq!(read, expected);
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_audience() {
    for action in [
        FaultAction::ResetAfter,
        FaultAction::Truncate,
        FaultAction::ErrorAfter(GraphError::new(500, 2)),
        FaultAction::ErrorAfter(GraphError::new(500, 1).subcode(99)),
    ] {
        let stage = stage("Loyal", CREATE).await;
        let lost = Fault::new(Target::CreateAudience, action.clone());
        stage.simulator.fault(lost);
        let finding = made(&stage).await;
        assert_eq!(finding.result, Mark::Ok, "{action:?}: {finding:?}");
        assert_eq!(created(&stage), 1, "{action:?}");
        assert_eq!(stage.simulator.inspect().audiences.len(), 2);
    }
}

#[tokio::test]
async fn where_the_list_does_not_tell_a_person_has_to_look() {
    let stage = stage("Loyal", CREATE).await;
    let lost = Fault::new(Target::CreateAudience, FaultAction::ResetBefore);
    stage.simulator.fault(lost);
    let look = made(&stage);
    let clock = async {
        for _ in 0..5 {
            crate::stage::clock::a_moment().await;
            later(std::time::Duration::from_secs(3)).await;
        }
    };
    let (finding, ()) = tokio::join!(look, clock);
    assert_eq!(finding.result, Mark::Unknown);
    assert!(
        finding.sentence.contains("look in Audience Manager"),
        "{finding:?}"
    );
    assert_eq!(created(&stage), 1, "it is not sent again");
}

#[tokio::test]
async fn an_audience_that_meta_does_not_make_is_told_with_its_code() {
    let stage = stage("Loyal", CREATE).await;
    let refused = GraphError::new(403, 200).subcode(1_870_034);
    stage
        .simulator
        .fault(Fault::error(Target::CreateAudience, refused));
    let finding = made(&stage).await;
    assert_eq!(finding.result, Mark::Failed);
    assert!(
        finding.sentence.contains("error 200/1870034"),
        "{finding:?}"
    );
    assert!(
        finding.sentence.contains("terms are not accepted"),
        "{finding:?}"
    );
    assert_eq!(stage.simulator.inspect().audiences.len(), 1);
}

#[tokio::test]
async fn a_list_that_never_ends_is_not_followed_for_ever() {
    let page = json!({
        "data": [{"id": "1", "name": "x", "subtype": "CUSTOM"}],
        "paging": {"cursors": {"after": "again"}, "next": "https://elsewhere"},
    });
    let endpoint = Endpoint::answering(move |_| Reply::json(200, &page)).await;
    let stage = Stage::of(&routes("Loyal", ""), &endpoint.url(), &[]).await;
    let finding = of_name(&stage).await;
    assert_eq!(finding.result, Mark::Unknown);
    assert!(
        finding.sentence.contains("set audience to the id"),
        "{finding:?}"
    );
    assert_eq!(endpoint.seen().len(), 100);
}
