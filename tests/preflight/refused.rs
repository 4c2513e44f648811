//! What Meta refuses to answer, or answers with something odd, and how that is told.

use audience_activator::app::preflight::{Check, Finding, Mark, worst};
use serde_json::json;
use simulator::{Changes, Fault, FaultAction, GraphError, Target, TokenChange, TokenState};

use super::checks::{findings, not_ok};
use crate::stage::meta::{Endpoint, Reply};
use crate::stage::{AUDIENCE, ROUTES, Stage};

fn said(findings: &[Finding]) -> Vec<&str> {
    let told = findings.iter().filter(|one| one.result != Mark::Ok);
    told.map(|one| one.sentence.as_str()).collect()
}

#[tokio::test]
async fn only_what_lacks_a_permission_is_told_to_lack_one() {
    let stage = Stage::new().await;
    for (error, says) in [
        (GraphError::new(400, 3), "Marketing API access"),
        (GraphError::new(400, 5), "outgoing address"),
        (
            GraphError::new(403, 200).subcode(1_404_163),
            "advertising is disabled",
        ),
        (GraphError::new(403, 200).subcode(1_870_034), "terms"),
        (GraphError::new(403, 200).subcode(1_870_090), "terms"),
        (GraphError::new(400, 270), "limited access"),
    ] {
        stage.simulator.clear_faults();
        let refused = Fault::error(Target::Read, error);
        stage.simulator.fault(refused.always());
        for (route, marks) in [
            ("buyers", &[(Check::Dataset, Mark::Warning)][..]),
            (
                "members",
                &[
                    (Check::Audience, Mark::Failed),
                    (Check::Terms, Mark::Warning),
                ],
            ),
        ] {
            let findings = findings(&stage, route).await;
            assert_eq!(not_ok(&findings), marks, "{findings:#?}");
            for sentence in said(&findings) {
                assert!(sentence.starts_with("Meta does not"), "{sentence}");
                assert!(sentence.contains(says), "{sentence}");
            }
        }
    }
    for error in [
        GraphError::new(403, 10),
        GraphError::new(403, 200),
        GraphError::new(403, 294),
    ] {
        stage.simulator.clear_faults();
        let refused = Fault::error(Target::Read, error);
        stage.simulator.fault(refused.always());
        for route in ["buyers", "members"] {
            for sentence in said(&findings(&stage, route).await) {
                assert!(sentence.starts_with("the token may not"), "{sentence}");
            }
        }
    }
}

#[tokio::test]
async fn a_block_for_a_policy_is_told_and_no_second_question_asked() {
    let stage = Stage::new().await;
    let blocked = Fault::error(Target::Read, GraphError::new(400, 368));
    stage.simulator.fault(blocked.always());
    for (route, check, asked) in [
        ("buyers", Check::Dataset, 1),
        ("members", Check::Audience, 2),
    ] {
        let findings = findings(&stage, route).await;
        assert_eq!(not_ok(&findings), [(check, Mark::Failed)], "{findings:#?}");
        let sentence = said(&findings)[0];
        assert!(sentence.contains("once an hour"), "{sentence}");
        assert_eq!(stage.requests(), asked);
    }
}

#[tokio::test]
async fn an_id_that_is_no_number_goes_into_no_address() {
    let odd = "3003/../9?x=1";
    let state = json!({
        "id": AUDIENCE, "account_id": odd, "subtype": "CUSTOM", "is_value_based": false,
        "operation_status": {"code": 200}, "permission_for_actions": {"can_edit": true},
    });
    let meta = Endpoint::answering(move |_| Reply::json(200, &state)).await;
    let routes = ROUTES.replace("ad_account = \"act_3003\"\n", "");
    assert_ne!(routes, ROUTES);
    let stage = Stage::of(&routes, &meta.url(), &[]).await;
    let members = findings(&stage, "members").await;
    assert_eq!(not_ok(&members), [], "{members:#?}");
    assert_eq!(meta.seen().len(), 1, "of the audience alone");
}

#[tokio::test]
async fn a_token_that_is_refused_is_told_with_where_it_is_kept() {
    for change in [
        TokenChange::to(TokenState::Expired),
        TokenChange::to(TokenState::Revoked),
        TokenChange::renewed("another"),
    ] {
        let stage = Stage::new().await;
        stage.simulator.change(Changes::token(change)).unwrap();
        for route in ["buyers", "members"] {
            let findings = findings(&stage, route).await;
            assert_eq!(not_ok(&findings), [(Check::Token, Mark::Failed)]);
            let said = &findings.last().unwrap().sentence;
            assert!(said.contains("renew it in env:META_TOKEN"), "{said}");
        }
    }
}

#[tokio::test]
async fn what_passes_makes_a_check_unknown_and_not_failed() {
    let questions = [
        FaultAction::Error(GraphError::new(400, 80_003)),
        FaultAction::Error(GraphError::new(503, 2).transient()),
        FaultAction::Html { status: 502 },
        FaultAction::ResetBefore,
        FaultAction::Truncate,
        // Perhaps a field that Meta has renamed: nothing follows for the audience.
        FaultAction::Error(GraphError::new(400, 100)),
        FaultAction::Error(GraphError::new(400, 2635)),
    ];
    for action in questions {
        let stage = Stage::new().await;
        let fault = Fault::new(Target::Read, action.clone());
        stage.simulator.fault(fault.always());
        for route in ["buyers", "members"] {
            let findings = findings(&stage, route).await;
            assert_eq!(worst(&findings), Mark::Unknown, "{action:?}: {findings:#?}");
        }
    }
    // Once is no failure.
    let stage = Stage::new().await;
    let down = Fault::error(Target::Read, GraphError::new(503, 2));
    stage.simulator.fault(down);
    assert_eq!(worst(&findings(&stage, "buyers").await), Mark::Ok);
}
