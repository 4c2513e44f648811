//! What each of Meta's two APIs takes: the forms that its documents name, before the
//! simulated Meta that refuses all others.

use audience_activator::app::Halt;
use audience_activator::config::{Config, Environment, Purpose};
use audience_activator::delivery::Stop;
use audience_activator::meta::ActionSource;
use serde_json::json;
use simulator::{AudienceChange, Changes};

use crate::stage::logged::Logged;
use crate::stage::meta::{Endpoint, Reply};
use crate::stage::people::{HEADER, email, file, hashed_email};
use crate::stage::{AUDIENCE, DATASET, Stage};

/// Bad rows hold nothing else back, however many they are.
const LENIENT: &[(&str, &str)] = &[("ACTIVATOR_INPUT_MAX_REJECT_SHARE", "1.0")];

fn events(name: &str, more: &str) -> String {
    format!(
        "[[route]]\nname = \"{name}\"\nprefix = \"{name}/\"\ncredentials = \"env:META_TOKEN\"\n\
         [route.columns]\nemail = \"email\"\n\
         [route.conversions]\ndataset_id = \"{DATASET}\"\nevent_name = \"Lead\"\nevent_time = \"object\"\n{more}\n"
    )
}

#[tokio::test]
async fn every_action_source_is_taken() {
    let name = |source: ActionSource| source.as_str().replace('_', "-");
    let routes: Vec<String> = ActionSource::ALL
        .into_iter()
        .map(|source| {
            let needs = match source {
                ActionSource::Website => {
                    "event_source_url = \"https://shop.example.com/\"".to_owned()
                }
                ActionSource::App => format!("app_data = '{}'", app_data("a2", 16)),
                _ => String::new(),
            };
            let more = format!("action_source = \"{}\"\n{needs}", source.as_str());
            events(&name(source), &more)
        })
        .collect();
    let stage = Stage::with(&routes.concat(), &[]).await;
    for source in ActionSource::ALL {
        let key = format!("{}/people.csv", name(source));
        let object = stage.put(&key, format!("email\n{}\n", email(1)));
        let receipt = stage.delivered(&object).await;
        assert_eq!(
            (receipt.sent.accepted, receipt.sent.refused),
            (1, 0),
            "{source:?}"
        );
    }
    assert_eq!(stage.dataset().received, 9);
}

/// What an app tells of its device, in so many values.
fn app_data(system: &str, values: usize) -> String {
    let others = ",\"\"".repeat(values - 1);
    format!(r#"{{"application_tracking_enabled": 1, "extinfo": ["{system}"{others}]}}"#)
}

#[tokio::test]
async fn events_of_an_app_have_the_app_data_of_their_row_or_are_rejected() {
    let more = "action_source = \"app\"\napp_data = { column = \"device\" }";
    let stage = Stage::with(&events("app", more), LENIENT).await;
    let quoted = |text: String| text.replace('"', "\"\"");
    let content = format!(
        "email,device\n{},\"{}\"\n{},\n{},iPhone\n{},\"{}\"\n",
        email(1),
        quoted(app_data("i2", 16)),
        email(2),
        email(3),
        email(4),
        quoted(app_data("i2", 15)),
    );
    let receipt = stage.delivered(&stage.put("app/events.csv", content)).await;
    assert_eq!((receipt.sent.accepted, receipt.sent.refused), (1, 0));
    for reason in ["app_data_missing", "app_data_no_object", "app_data_extinfo"] {
        assert_eq!(receipt.rejects.counts()[&reason.into()], 1, "{reason}");
    }
    let bearing = |number| {
        stage
            .simulator
            .events_bearing(DATASET, "em", &hashed_email(number))
    };
    assert_eq!([1, 2, 3, 4].map(bearing), [1, 0, 0, 0]);
}

#[tokio::test]
async fn what_tells_sales_of_a_store_apart_is_asked_for() {
    let told = |more: &str| {
        let text = format!(
            "[state]\nlocation = \"./state\"\n{}",
            events(
                "store",
                &format!("action_source = \"physical_store\"\n{more}")
            )
        );
        let environment = Environment::default();
        let config = Config::parse("test", &text, &environment, Purpose::OneShot).unwrap();
        config
            .notices
            .iter()
            .any(|notice| notice.contains("order_id"))
    };
    assert!(told(""));
    assert!(!told("order_id = { column = \"order\" }"));
    assert!(!told(
        "[route.conversions.custom_data]\nitem_number = { column = \"line\" }"
    ));

    // Of one person and one time: without an order Meta counts one sale.
    let without = events("store", "action_source = \"physical_store\"");
    let stage = Stage::with(&without, &[]).await;
    let content = format!("email\n{0}\n{0}\n", email(1));
    let receipt = stage
        .delivered(&stage.put("store/sales.csv", content))
        .await;
    assert_eq!(receipt.sent.accepted, 2);
    assert_eq!((stage.dataset().received, stage.dataset().counted), (2, 1));
}

#[tokio::test]
async fn fewer_events_received_than_were_sent_are_told_with_the_trace_id() {
    let meta = Endpoint::answering(|_| {
        Reply::json(
            200,
            &json!({ "events_received": 2, "messages": [], "fbtrace_id": "AbC9" }),
        )
    })
    .await;
    let stage = Stage::facing(&meta.url(), &[]).await;
    let log = Logged::new();
    let object = stage.put("conversions/people.csv", file(3));
    let receipt = stage.delivered(&object).await;
    assert_eq!(receipt.sent.accepted, 3);
    let told = [
        "counts another number of entries",
        "\"entries.sent\":3",
        "\"entries.received\":2",
        "\"meta.trace_id\":\"AbC9\"",
    ];
    assert_eq!(log.lines_with(&told), 1, "{}", log.text());
}

#[tokio::test]
async fn store_events_have_their_order_and_the_id_that_a_column_gives() {
    let more = "action_source = \"physical_store\"\norder_id = { column = \"order\" }\nevent_id = { column = \"ticket\" }";
    let stage = Stage::with(&events("store", more), LENIENT).await;
    let content = format!(
        "email,order,ticket\n{0},o-1,t-1\n{0},o-2,t-2\n{0},o-3,\n",
        email(1)
    );
    let receipt = stage
        .delivered(&stage.put("store/sales.csv", content))
        .await;
    assert_eq!((receipt.sent.accepted, receipt.rows.rejected), (2, 1));
    for (id, times) in [("t-1", 1), ("t-2", 1), ("t-3", 0)] {
        assert_eq!(stage.simulator.event_arrivals(DATASET, "Lead", id), times);
    }
    // Of one person at one time, and two sales all the same: their orders differ.
    assert_eq!(stage.dataset().counted, 2);
}

#[tokio::test]
async fn test_events_are_told_loudly_and_count() {
    let more = "action_source = \"email\"\ntest_event_code = \"TEST77\"";
    let routes = events("trial", more) + &events("real", "action_source = \"email\"");
    let stage = Stage::with(&routes, &[]).await;
    let notices = stage.parts.config.notices.iter();
    let notices: Vec<_> = notices
        .filter(|notice| notice.contains("test_event_code"))
        .collect();
    assert_eq!(notices.len(), 1, "{notices:?}");
    assert!(
        notices[0].contains("TEST EVENTS") && notices[0].contains("AND COUNT"),
        "{notices:?}"
    );
    let page = stage.parts.metrics.page();
    assert!(
        page.contains("worker_route_test_events{route=\"trial\"} 1\n"),
        "{page}"
    );
    assert!(
        !page.contains("worker_route_test_events{route=\"real\"}"),
        "{page}"
    );

    let content = format!("email\n{}\n", email(1));
    stage
        .delivered(&stage.put("trial/people.csv", &content))
        .await;
    stage
        .delivered(&stage.put("real/people.csv", &content))
        .await;
    let dataset = stage.dataset();
    assert_eq!((dataset.received, dataset.test_events), (2, 1));
}

#[tokio::test]
async fn an_audience_by_value_has_each_members_value_and_limit() {
    let route = format!(
        "[[route]]\nname = \"members\"\nprefix = \"audiences/\"\ncredentials = \"env:META_TOKEN\"\ncolumns = \"auto\"\n\
         [route.custom_audience]\naudience = \"{AUDIENCE}\"\nmode = \"add\"\n"
    );
    let stage = Stage::with(&route, LENIENT).await;
    let by_value = AudienceChange {
        is_value_based: Some(true),
        ..AudienceChange::default()
    };
    stage
        .simulator
        .change(Changes::audience(AUDIENCE, by_value))
        .unwrap();
    let content = format!(
        "email,lookalike_value,data_processing_options,data_processing_options_country,data_processing_options_state\n\
         {},44.50,LDU,1,1000\n{},7,,,\n{},,,,\n{},8,what,,\n",
        email(1),
        email(2),
        email(3),
        email(4)
    );
    let settings = stage.put("audiences/people.csv", content);
    let receipt = stage.delivered(&settings).await;
    let reasons: Vec<_> = receipt
        .rejects
        .counts()
        .keys()
        .map(|reason| reason.as_str())
        .collect();
    assert_eq!(
        (receipt.sent.accepted, receipt.rows.rejected),
        (2, 2),
        "{reasons:?}"
    );
    assert_eq!(stage.audience().rows_invalid, 0);
    let bearing = |key, cell: &str| stage.simulator.members_bearing(AUDIENCE, key, cell);
    assert_eq!(
        bearing("LOOKALIKE_VALUE", "44.5") + bearing("LOOKALIKE_VALUE", "44.50"),
        1
    );
    assert_eq!(bearing("DATA_PROCESSING_OPTIONS", "[\"LDU\"]"), 1);
    assert_eq!(bearing("DATA_PROCESSING_OPTIONS_STATE", "1000"), 1);
    assert_eq!(
        bearing("EMAIL", &hashed_email(3)) + bearing("EMAIL", &hashed_email(4)),
        0
    );
}

#[tokio::test]
async fn entries_that_meta_calls_wrong_are_counted_and_explained_and_their_samples_forgotten() {
    let meta = Endpoint::answering(|seen| {
        let rows = seen.body.matches("\"],[").count() + 1;
        let echo = json!({ "0": "zqx7sample", "1": "zqx7sample" });
        Reply::json(
            200,
            &json!({ "audience_id": AUDIENCE, "session_id": "1", "num_received": rows,
                "num_invalid_entries": 2, "invalid_entry_samples": echo }),
        )
    })
    .await;
    let stage = Stage::facing(&meta.url(), &[]).await;
    let content = format!(
        "{HEADER}id-1,{},Y,1\nid-2,{},Y,1\nid-3,{},Y,1\n",
        email(1),
        email(2),
        email(3)
    );
    let object = stage.put("audiences/people.csv", content);
    let receipt = stage.delivered(&object).await;
    assert_eq!((receipt.entries.sent, receipt.entries.invalid), (3, 2));
    let warning = receipt
        .warnings
        .iter()
        .find(|one| one.code.as_str() == "entries_invalid")
        .unwrap();
    assert_eq!((warning.count, warning.of), (2, 3));
    assert!(warning.advice.contains("unhashed"), "{}", warning.advice);
    assert!(
        stage
            .parts
            .metrics
            .page()
            .contains("worker_entries_invalid_total 2\n")
    );
    for folder in ["receipts", "ledger"] {
        let kept = everything_below(&stage.state().join(folder));
        assert!(kept.contains("members"), "nothing is kept");
        assert!(!kept.contains("zqx7sample"), "{kept}");
    }
}

fn everything_below(folder: &std::path::Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => text += &everything_below(&path),
            false => text += &String::from_utf8_lossy(&std::fs::read(path).unwrap()),
        }
    }
    text
}

#[tokio::test]
async fn a_search_for_bad_rows_ends_when_there_are_too_many() {
    // Every second row is refused, so that neither all fail alike nor does a half ever pass.
    let meta = Endpoint::answering(|seen| match seen.body.contains("\"value\":666") {
        true => Reply::json(
            400,
            &json!({ "error": { "code": 100, "error_subcode": 2_804_003 } }),
        ),
        false => Reply::json(
            200,
            &json!({ "events_received": seen.body.matches("\"event_name\"").count() }),
        ),
    })
    .await;
    let stage = Stage::facing(&meta.url(), &[("ACTIVATOR_INPUT_MAX_REJECT_SHARE", "1.0")]).await;
    let mut content = HEADER.to_owned();
    content.extend((1..=6_000).map(|number| {
        let paid = if number % 2 == 0 { "666" } else { "5" };
        format!("id-{number},{},Y,{paid}\n", email(number))
    }));
    let object = stage.put("conversions/people.csv", content);
    let halt = stage.deliver(&object).await.unwrap_err();
    assert!(
        matches!(halt, Halt::Delivery(Stop::TooManyRefused { .. })),
        "{halt}"
    );
    // 2 000 requests in two parts each, the whole ones, and those that were out.
    let requests = meta.seen().len();
    assert!((3_900..4_100).contains(&requests), "{requests}");
}
