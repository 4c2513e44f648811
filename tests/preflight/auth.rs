//! The token and the proof of the app's secret: where they stand, and where they never do.

use audience_activator::meta::{Audience, Dataset, Outcome, ProofForm};
use serde_json::json;
use simulator::{Changes, Simulator, Versions};

use super::lookups::{client, credentials};
use crate::stage::logged::Logged;
use crate::stage::meta::{Endpoint, Reply};
use crate::stage::people::file;
use crate::stage::{AUDIENCE, DATASET, ROUTES, Stage, TOKEN};

const APP_SECRET: &str = "the-secret-of-the-app";

fn secret() -> String {
    json!({"access_token": TOKEN, "app_secret": APP_SECRET}).to_string()
}

#[tokio::test]
async fn both_forms_of_the_proof_are_accepted_and_none_is_refused() {
    let builder = Simulator::builder().token(TOKEN).dataset(DATASET);
    let builder = builder.app_secret(Some(APP_SECRET.to_owned()));
    let simulator = builder.start().await.unwrap();
    let dataset = Dataset(DATASET.to_owned());
    let secret = credentials(&secret());
    for form in [ProofForm::Plain, ProofForm::Timed] {
        let client = client(&simulator.endpoint()).with_proof(form);
        let (answer, found) = client.ask(&dataset, &secret).await;
        assert!(found.is_some(), "{form:?}: {answer:?}");
    }
    let client = client(&simulator.endpoint());
    let (answer, _) = client.ask(&dataset, &credentials(TOKEN)).await;
    assert_eq!(answer.error.unwrap().code, 100);
}

#[tokio::test]
async fn a_timed_proof_is_made_anew_for_each_request() {
    let endpoint = Endpoint::answering(|_| Reply::json(200, &json!({"id": "1"}))).await;
    let client = client(&endpoint.url()).with_proof(ProofForm::Timed);
    let dataset = Dataset(DATASET.to_owned());
    let secret = credentials(&secret());
    let _ = client.ask(&dataset, &secret).await;
    // The proof is good for five minutes, and its time is in seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let _ = client.ask(&dataset, &secret).await;
    let times: Vec<i64> = endpoint
        .seen()
        .iter()
        .map(|seen| {
            let query = seen.uri.query().unwrap();
            let time = query
                .split('&')
                .find_map(|one| one.strip_prefix("appsecret_time="));
            time.unwrap().parse().unwrap()
        })
        .collect();
    assert!(times[1] > times[0], "{times:?}");
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    assert!(
        times.iter().all(|time| (now - time).abs() < 60),
        "{times:?}"
    );
}

#[tokio::test]
async fn the_setting_decides_the_form() {
    for (form, timed) in [("plain", false), ("timed", true)] {
        let reply = |_: &_| Reply::json(200, &json!({"events_received": 10, "num_received": 10}));
        let endpoint = Endpoint::answering(reply).await;
        let settings = [("ACTIVATOR_META_APPSECRET_PROOF", form)];
        let stage = Stage::facing(&endpoint.url(), &settings).await;
        stage.secret.store(secret());
        let object = stage.put("conversions/people.csv", file(10));
        stage.delivered(&object).await;
        let seen = endpoint.seen();
        let query = seen[0].uri.query().unwrap().to_owned();
        assert!(query.starts_with("appsecret_proof="), "{query}");
        assert_eq!(query.contains("&appsecret_time="), timed, "{query}");
    }
}

#[tokio::test]
async fn neither_token_nor_secret_stands_in_an_address_an_error_or_a_log() {
    let log = Logged::all();
    let refused = json!({"error": {"code": 190, "message": format!("Malformed token {TOKEN}")}});
    let endpoint = Endpoint::answering(move |_| Reply::json(401, &refused)).await;
    for form in ["plain", "timed"] {
        let settings = [
            ("ACTIVATOR_META_APPSECRET_PROOF", form),
            ("ACTIVATOR_META_PREFLIGHT", "true"),
        ];
        let stage = Stage::of(ROUTES, &endpoint.url(), &settings).await;
        stage.secret.store(secret());
        for key in ["conversions/people.csv", "audiences/people.csv"] {
            let object = stage.put(key, file(10));
            let halt = stage.deliver(&object).await.unwrap_err();
            for text in [halt.to_string(), format!("{halt:?}")] {
                assert!(
                    !text.contains(TOKEN) && !text.contains(APP_SECRET),
                    "{text}"
                );
            }
        }
        let told = serde_json::to_string(&stage.parts.health.report()).unwrap();
        let page = stage.parts.metrics.page();
        for text in [told, page, log.text()] {
            assert!(
                !text.contains(TOKEN) && !text.contains(APP_SECRET),
                "{text}"
            );
        }
    }
    assert!(log.text().contains("preflight"), "{}", log.text());
    let seen = endpoint.seen();
    assert!(seen.len() >= 4);
    for one in seen {
        assert_eq!(one.token(), TOKEN);
        let address = one.uri.to_string();
        assert!(!address.contains(TOKEN) && !address.contains(APP_SECRET));
    }
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let elsewhere = Endpoint::answering(|_| Reply::json(200, &json!({"id": "1"}))).await;
    let to = format!("{}/v26.0/1", elsewhere.url());
    for status in [301, 302, 307, 308] {
        let to = to.clone();
        let reply = move |_: &_| Reply::json(status, &json!({})).header("location", to.clone());
        let endpoint = Endpoint::answering(reply).await;
        let client = client(&endpoint.url());
        let (answer, found) = client
            .ask(&Audience(AUDIENCE.to_owned()), &credentials(TOKEN))
            .await;
        assert!(found.is_none());
        assert_eq!(answer.outcome, Outcome::Unknown, "{status}");
        assert_eq!(endpoint.seen().len(), 1);
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn the_end_of_a_version_is_told_once_with_the_setting_to_raise() {
    let log = Logged::all();
    let stage = Stage::new().await;
    let ended = Changes {
        versions: Some(Versions::ended_before(27, true)),
        ..Changes::default()
    };
    stage.simulator.change(ended).unwrap();
    for number in 0..3 {
        let object = stage.put(&format!("audiences/{number}.csv"), file(10));
        stage.delivered(&object).await;
    }
    assert_eq!(stage.parts.metrics.version_warnings.get(), 3);
    let line = [
        "Meta warns that version v26.0",
        "raise meta.audience_version",
        "\"meta.answered_by\":\"v27.0\"",
    ];
    assert_eq!(log.lines_with(&line), 1, "{}", log.text());
    assert_eq!(log.lines_with(&["meta.conversions_version"]), 0);
}
