#![allow(clippy::unwrap_used, clippy::panic)]

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::meta::ActionSource;

pub(super) const QUEUE_AND_STATE: &str = r#"[queue]
url = "https://sqs.eu-central-1.amazonaws.com/1/q"
[state]
location = "s3://state-bucket/"
"#;

fn parse(text: &str) -> Result<Config, Faults> {
    Config::parse(
        "config.toml",
        text,
        &Environment::default(),
        Purpose::Worker,
    )
}

pub(super) fn valid(text: &str) -> Config {
    parse(text).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The lines of a text's faults.
pub(super) fn faults(text: &str) -> Vec<String> {
    match parse(text) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.iter().map(Fault::to_string).collect(),
    }
}

/// A text with one audience route whose bucket and prefix are given.
pub(super) fn with_routes(routes: &[(&str, Option<&str>, &str)]) -> String {
    let mut text = QUEUE_AND_STATE.to_owned();
    for (name, bucket, prefix) in routes {
        let bucket = bucket
            .map(|name| format!("bucket = \"{name}\"\n"))
            .unwrap_or_default();
        text.push_str(&format!(
            "[[route]]\nname = \"{name}\"\n{bucket}prefix = \"{prefix}\"\n\
             credentials = \"env:T\"\ncolumns = \"auto\"\n\
             [route.custom_audience]\naudience = \"1\"\nmode = \"add\"\n"
        ));
    }
    text
}

#[test]
fn all_faults_are_reported_at_once_with_line_and_path() {
    let text = r#"
[queue]
ulr = "https://sqs.eu-central-1.amazonaws.com/1/q"
wait_seconds = "20"
[stat]
[worker]
objects = 0
stop_seconds = 120
[meta]
delete_with = "bdy"

[[route]]
name = "store-buyers"
prefix = "meta/"
credentials = "EAABmarkedToken"
[route.columns]
c_email = "email"
c_phone = { key = "fone", country = "US" }
consent = { only_if = [true] }
[route.conversions]
dataset_id = 1234567890
event_name = "Purchase"
action_source = "app"

[[route]]
name = "Loyalty List"
prefix = "meta/"
[route.custom_audience]
ad_account = "1234567890"
audience = "x1"
mode = "replaces"
"#;
    let expected = r#"config.toml: state.location: missing: where receipts, lists of rejects and the ledger are kept: s3://bucket/prefix/, file:///directory or a directory (or set ACTIVATOR_STATE_LOCATION)
config.toml:2: queue.url: missing: the URL of the SQS queue with the object events (or set ACTIVATOR_QUEUE_URL)
config.toml:3: queue.ulr: unknown key (did you mean "url"?)
config.toml:4: queue.wait_seconds: must be a whole number, not text
config.toml:5: stat: unknown key (did you mean "state"?)
config.toml:7: worker.objects: must be 1 to 64
config.toml:8: worker.stop_seconds: must be 1 to 110 seconds
config.toml:10: meta.delete_with: unknown value "bdy" (did you mean "body"?); known are body, method_override
config.toml:15: route "store-buyers": credentials: must name where the secret is kept: ssm:/name, secretsmanager:name or env:NAME (what is written is not shown, as it may be the secret itself)
config.toml:18: route "store-buyers": columns.c_phone.key: unknown key "fone" (did you mean "phone"?)
config.toml:18: route "store-buyers": columns.c_phone.country: unknown key (did you mean "default_country"?)
config.toml:19: route "store-buyers": columns.consent.only_if[0]: must be text in quotes, not true or false
config.toml:20: route "store-buyers": conversions.event_time: missing: "object" or { column = "…" }
config.toml:20: route "store-buyers": conversions.value: missing: Meta refuses a Purchase without it
config.toml:20: route "store-buyers": conversions.currency: missing: Meta refuses a Purchase without it
config.toml:20: route "store-buyers": conversions.app_data: missing: Meta refuses events of an app without it
config.toml:21: route "store-buyers": conversions.dataset_id: must be in quotes: an id is a 64-bit number, which tools damage when it is no text
config.toml:25: route "Loyalty List": credentials: missing: where the token is kept, as ssm:/name
config.toml:25: route "Loyalty List": columns: missing: "auto", or a table of source column to key
config.toml:26: route "Loyalty List": name: must be 1 to 64 lower-case letters, digits and -
config.toml:29: route "Loyalty List": custom_audience.ad_account: must be act_ and digits, as "act_1234567890"
config.toml:30: route "Loyalty List": custom_audience.audience: must be digits in quotes, as "1234567890"
config.toml:31: route "Loyalty List": custom_audience.mode: unknown value "replaces" (did you mean "replace"?); known are add, remove, replace"#;
    let found = faults(text).join("\n");
    assert_eq!(found, expected);
}

#[test]
fn a_text_that_is_no_toml_is_refused_by_line_without_repeating_it() {
    let found = faults("[queue]\nurl = \"marked\nx = = marked\n");
    assert!(
        found
            .iter()
            .any(|line| line.starts_with("config.toml:2: not TOML: "))
    );
    assert!(!found.join("\n").contains("marked"), "{found:?}");
}

#[test]
fn variables_go_before_the_text_and_are_checked_like_it() {
    let environment = |pairs: &[(&str, &str)]| Environment::of(pairs.iter().copied());
    let text = with_routes(&[("a", None, "a/")]);
    let read = |environment: &Environment| {
        Config::parse("config.toml", &text, environment, Purpose::Worker)
    };

    let config = read(&environment(&[
        ("ACTIVATOR_QUEUE_WAIT_SECONDS", "7"),
        ("ACTIVATOR_DELIVERY_REQUESTS_PER_SECOND", "2.5"),
        ("ACTIVATOR_STATE_LOCATION", "./state"),
        ("ACTIVATOR_CONFIG", "config.toml"),
        ("ACTIVATOR_CACHE", "/cache"),
        ("ACTIVATOR_TEST_LOCALSTACK", "http://127.0.0.1:4566"),
        ("PATH", "/bin"),
    ]))
    .unwrap();
    assert_eq!(config.queue.wait, Duration::from_secs(7));
    assert_eq!(config.delivery.requests_per_second, 2.5);
    assert_eq!(config.state, StateLocation::Directory("./state".into()));

    let refused = read(&environment(&[
        ("ACTIVATOR_QUEUE_ULR", "marked"),
        ("ACTIVATOR_LOG_FORMAT", "jsn"),
        ("ACTIVATOR_WORKER_OBJECTS", "many"),
    ]));
    assert_eq!(
        refused.unwrap_err().to_string(),
        "ACTIVATOR_LOG_FORMAT: unknown value \"jsn\" (did you mean \"json\"?); known are auto, human, json\n\
         ACTIVATOR_QUEUE_ULR: is not a variable of audience-activator (did you mean \"ACTIVATOR_QUEUE_URL\"?)\n\
         ACTIVATOR_WORKER_OBJECTS: must be a whole number, not text"
    );
}

#[test]
fn a_stop_that_the_platform_would_cut_off_is_a_fault_where_the_stop_is_set() {
    let with = |worker: &str| format!("[worker]\n{worker}{}", with_routes(&[("a", None, "a/")]));
    assert_eq!(
        faults(&with("platform_stop_seconds = 30\nstop_seconds = 26\n")),
        [
            "config.toml:3: worker.stop_seconds: a stop may take 26 seconds, and the platform kills after 30: lower it to 25 at most, or raise the platform's limit and worker.platform_stop_seconds"
        ]
    );
    // The default, too.
    let found = faults(&with("platform_stop_seconds = 104\n"));
    assert!(
        found[0].starts_with("config.toml:1: worker.stop_seconds: a stop may take 100 seconds")
    );
    let enough = with("stop_seconds = 25\nplatform_stop_seconds = 30\n");
    assert_eq!(
        valid(&enough).worker.platform_stop,
        Some(Duration::from_secs(30))
    );

    let environment = Environment::of([
        ("ACTIVATOR_WORKER_STOP_SECONDS", "110"),
        ("ACTIVATOR_WORKER_PLATFORM_STOP_SECONDS", "110"),
    ]);
    let read = Config::parse("config.toml", &with(""), &environment, Purpose::Worker);
    let told = read.unwrap_err().to_string();
    assert!(
        told.starts_with("ACTIVATOR_WORKER_STOP_SECONDS: a stop may take 110"),
        "{told}"
    );
}

#[test]
fn a_request_or_a_poll_that_a_stop_would_cut_off_is_noticed() {
    let audience = |stop: u32| {
        let route = with_routes(&[("a", None, "a/")]);
        format!("[worker]\nstop_seconds = {stop}\n{route}")
    };
    let conversions = |stop: u32| {
        let text = audience(stop);
        let (before, _) = text.split_once("[route.custom_audience]").unwrap();
        format!(
            "{before}[route.conversions]\nevent_name = \"Lead\"\nevent_time = \"object\"\n\
             action_source = \"email\"\n"
        )
    };
    for (text, told) in [
        (
            audience(94),
            Some("delivery.audience_timeout_seconds is 90 and worker.stop_seconds is 94: "),
        ),
        (audience(95), None),
        (
            conversions(34),
            Some("delivery.conversions_timeout_seconds is 30 and worker.stop_seconds is 34: "),
        ),
        (conversions(35), None),
        (
            format!(
                "[delivery]\nconversions_timeout_seconds = 10\n{}",
                conversions(24)
            ),
            Some(
                "queue.wait_seconds is 20 and worker.stop_seconds is 24: a stop may cut off a poll",
            ),
        ),
        (
            format!(
                "[delivery]\nconversions_timeout_seconds = 10\n{}",
                conversions(25)
            ),
            None,
        ),
    ] {
        let notices = valid(&text).notices;
        assert_eq!(notices.len(), usize::from(told.is_some()), "{notices:?}");
        assert!(
            told.is_none_or(|told| notices[0].starts_with(told)),
            "{notices:?}"
        );
        let nothing = Environment::default();
        let one_shot = Config::parse("config.toml", &text, &nothing, Purpose::OneShot);
        assert_eq!(one_shot.unwrap().notices, [""; 0]);
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_a_fault_and_no_panic() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let value = OsString::from_vec(vec![0xff]);
    let environment = Environment::of([("ACTIVATOR_QUEUE_URL", value)]);
    let faults = Config::built_in(&environment, Purpose::Worker).unwrap_err();
    assert_eq!(faults.to_string(), "ACTIVATOR_QUEUE_URL: is not UTF-8 text");
}

#[test]
fn a_queue_url_alone_makes_the_guidance_s_own_worker() {
    let environment = Environment::of([("ACTIVATOR_QUEUE_URL", "http://127.0.0.1:4566/queue/q")]);
    let config = Config::built_in(&environment, Purpose::Worker).unwrap();
    let route = config.route_for("any-bucket", "any/key.csv").unwrap();
    assert_eq!(route.name, "guidance");
    assert_eq!(
        route.credentials.to_string(),
        "ssm:/dev/cleanroom-activations/meta/conversions"
    );
    let Destination::Conversions(conversions) = &route.destination else {
        panic!("the guidance sends conversions");
    };
    assert_eq!(conversions.event_name, "Purchase");
    assert_eq!(conversions.action_source, ActionSource::PhysicalStore);
    assert_eq!(conversions.event_time, EventTime::Object);
    assert_eq!(conversions.value, Some(EventValue::Alias));
    assert!(config.is_state("any-bucket", "audience-activator-state/receipts/x"));
    assert!(
        config
            .route_for("any-bucket", "audience-activator-state/x")
            .is_none()
    );
    assert!(config.notices[0].starts_with("no configuration was given"));
    assert!(
        config
            .explain()
            .contains("# location: audience-activator-state/ in the bucket")
    );
}

#[test]
fn without_anything_the_missing_queue_is_named() {
    let nothing = Environment::default();
    let faults = Config::built_in(&nothing, Purpose::Worker).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "built-in configuration: queue.url: missing: the URL of the SQS queue with the object \
         events (or set ACTIVATOR_QUEUE_URL)"
    );
    let config = Config::built_in(&nothing, Purpose::OneShot).unwrap();
    assert_eq!(config.queue.url, None);
    assert!(config.explain().contains("# url: not set"));
}

#[test]
fn the_longest_prefix_wins_and_a_named_bucket_breaks_a_tie() {
    let config = valid(&with_routes(&[
        ("all", None, ""),
        ("meta", None, "meta/"),
        ("mine", Some("mine"), "meta/"),
        ("loyalty", Some("mine"), "meta/loyalty/"),
    ]));
    let taken = |bucket: &str, key: &str| config.route_for(bucket, key).map(|r| r.name.as_str());
    assert_eq!(taken("other", "x"), Some("all"));
    assert_eq!(taken("other", "meta/x"), Some("meta"));
    assert_eq!(taken("mine", "meta/x"), Some("mine"));
    assert_eq!(taken("mine", "meta/loyalty/x"), Some("loyalty"));
    assert_eq!(taken("other", "meta/loyalty/x"), Some("meta"));
    assert_eq!(
        taken("state-bucket", "meta/x"),
        None,
        "the state is never routed"
    );

    let one = valid(&with_routes(&[("one", Some("mine"), "a/")]));
    assert!(one.route_for("mine", "b/x").is_none());
    assert!(one.route_for("other", "a/x").is_none());
}

#[test]
fn routes_that_cannot_be_told_apart_are_faults() {
    let found = faults(&with_routes(&[
        ("a", Some("bucket"), "x/"),
        ("b", Some("bucket"), "x/"),
        ("a", None, "x/"),
    ]));
    assert_eq!(
        found,
        [
            "config.toml:14: route \"b\": has the same bucket and prefix as route \"a\": one object takes one route",
            "config.toml:23: route \"a\": line 5 has a route of this name",
        ]
    );
}

#[test]
fn an_audience_is_replaced_by_one_route_alone() {
    let run = "[route.run]\ncomplete = \"success_marker\"\n";
    let replacing = |audiences: [&str; 2]| {
        let text = with_routes(&[("a", Some("lists"), "a/"), ("b", Some("lists"), "b/")]);
        let text = text.replace("mode = \"add\"\n", &format!("mode = \"replace\"\n{run}"));
        let (first, second) = text.split_at(text.find("name = \"b\"").unwrap());
        let [first, second] = [(first, audiences[0]), (second, audiences[1])]
            .map(|(text, audience)| text.replace("audience = \"1\"", audience));
        faults(&(first + &second))
    };
    let of_name = |account| format!("audience_name = \"Loyal\"\nad_account = \"act_{account}\"");
    let (one, same, other) = (of_name(3), of_name(3), of_name(4));
    let id = "audience = \"1\"";
    assert_eq!(
        replacing([id, id]),
        [
            "config.toml:16: route \"b\": replaces audience 1, and so does route \"a\": the runs of each would undo those of the other, so let one route alone replace an audience"
        ]
    );
    assert_eq!(replacing([&one, &same]).len(), 1);
    for apart in [[&*one, &*other], [&*one, id], [id, "audience = \"2\""]] {
        assert_eq!(replacing(apart), [""; 0]);
    }
    // What another route adds meanwhile waits for its turn.
    let text = with_routes(&[("a", Some("lists"), "a/"), ("b", Some("lists"), "b/")]);
    let text = text.replacen("mode = \"add\"\n", &format!("mode = \"replace\"\n{run}"), 1);
    assert_eq!(faults(&text), [""; 0]);
    let anywhere = text.replacen("bucket = \"lists\"\n", "", 1);
    assert_eq!(
        faults(&anywhere),
        [
            "config.toml:5: route \"a\": bucket: missing: a route that replaces an audience has one, in which its runs are compared with each other"
        ]
    );
}

#[test]
fn a_state_and_a_route_that_overlap_are_faults() {
    let overlapping = [
        ("s3://data/", Some("data"), "meta/"),
        ("s3://data/meta/state/", Some("data"), "meta/"),
        ("s3://data/state/", Some("data"), ""),
        ("s3://data/meta/state/", None, "meta/"),
    ];
    let apart = [
        ("s3://data/state/", Some("data"), "meta/"),
        ("s3://data/meta/", Some("other"), "meta/"),
        ("s3://data/state/", None, ""),
        ("file:///var/state", Some("data"), ""),
    ];
    let count = |(state, bucket, prefix): (&str, Option<&str>, &str)| {
        let text = with_routes(&[("a", bucket, prefix)]);
        faults(&text.replace("s3://state-bucket/", state)).len()
    };
    assert_eq!(overlapping.map(count), [1, 1, 1, 1]);
    assert_eq!(apart.map(count), [0, 0, 0, 0]);
}

#[test]
fn the_explained_configuration_reads_back_to_the_same() {
    let text = include_str!("../../examples/full.toml");
    let config = valid(text);
    let again = valid(&config.explain());
    assert_eq!(again.queue, config.queue);
    assert_eq!(again.state, config.state);
    assert_eq!(again.worker, config.worker);
    assert_eq!(again.input, config.input);
    assert_eq!(again.delivery, config.delivery);
    assert_eq!(again.meta, config.meta);
    assert_eq!(again.admin, config.admin);
    assert_eq!(again.log, config.log);
    let parts = |config: &Config| -> Vec<_> {
        let routes = config.routes.iter().cloned();
        let parts = routes.map(|r| {
            let place = (r.name, r.bucket, r.prefix);
            let columns = (r.columns, r.static_values, r.spelling);
            (place, r.credentials, columns, r.input, r.destination)
        });
        parts.collect()
    };
    assert_eq!(parts(&again), parts(&config));
    let summaries: Vec<String> = config.route_summaries().collect();
    assert_eq!(
        summaries,
        [
            "store-buyers: s3://cleanroom-activations/meta/conversions/store-buyers/* to dataset \
             1234567890123456 as Purchase (physical_store)",
            "loyalty-list: s3://cleanroom-activations/meta/custom_audiences/loyalty/* to custom \
             audience 23840000000000000 (add)",
        ]
    );
}

#[test]
fn the_explanation_tells_origins_and_masks_passwords() {
    let environment = Environment::of([
        ("ACTIVATOR_LOG_LEVEL", "debug"),
        ("ACTIVATOR_META_ENDPOINT", "https://proxy.example.com"),
    ]);
    let text = with_routes(&[("a", None, "a/")]).replace("https://sqs", "https://x:marked@sqs");
    let config = Config::parse("config.toml", &text, &environment, Purpose::Worker).unwrap();
    let shown = config.explain();
    for line in [
        "url = \"https://***@sqs.eu-central-1.amazonaws.com/1/q\" # config.toml:2",
        "wait_seconds = 20 # default",
        "level = \"debug\" # ACTIVATOR_LOG_LEVEL",
        "endpoint = \"https://proxy.example.com\" # ACTIVATOR_META_ENDPOINT",
        "[[route]] # config.toml:5",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line}\n{shown}");
    }
    assert!(!shown.contains("marked") && !format!("{config:?}").contains("marked"));
    assert_eq!(
        config.queue.url.unwrap().as_str(),
        "https://x:marked@sqs.eu-central-1.amazonaws.com/1/q"
    );
}

proptest! {
    #[test]
    fn no_text_whatever_ends_in_a_panic(text in "\\PC{0,80}") {
        let _ = parse(&text);
    }

    #[test]
    fn no_shape_of_value_ends_in_a_panic_or_without_a_fault(
        key in "(queue|state|route|worker)(\\.(url|location|name|columns))?",
        value in "(1|-1|1e9|\"x\"|true|\\[\\]|\\[1\\]|\\{\\}|\\{a = 1\\}|1979-05-27|\\[\\{\\}\\])",
    ) {
        let found = faults(&format!("{key} = {value}\n"));
        prop_assert!(!found.is_empty());
        prop_assert!(!found.join("").contains("not noted"), "{:?}", found);
    }
}
