#![allow(clippy::unwrap_used, clippy::panic)]

use super::super::tests::{QUEUE_AND_STATE, faults, valid, with_routes};
use super::RouteInput;
use crate::identity::columns::{Columns, Role};
use crate::rows::{Encoding, Escape, InputFormat, Quote};

/// A text with one conversions route, whose table has these lines.
fn with_conversions(lines: &str) -> String {
    format!(
        "{QUEUE_AND_STATE}[[route]]\nname = \"r\"\nprefix = \"p/\"\ncredentials = \"env:T\"\n\
         columns = \"auto\"\n[route.conversions]\n{lines}"
    )
}

/// A text with one audience route, whose `[route.columns]` has these lines.
fn with_columns(lines: &str) -> String {
    format!(
        "{QUEUE_AND_STATE}[[route]]\nname = \"r\"\nprefix = \"p/\"\ncredentials = \"env:T\"\n\
         [route.custom_audience]\naudience = \"1\"\nmode = \"add\"\n[route.columns]\n{lines}"
    )
}

#[test]
fn each_rule_of_conversions_has_its_fault() {
    let lead = "event_name = \"Lead\"\naction_source = \"email\"\nevent_time = \"object\"\n";
    valid(&with_conversions(lead));
    let cases = [
        (
            "value = 5",
            "conversions.currency: missing: Meta refuses a value without it",
        ),
        (
            "value = -1\ncurrency = \"EUR\"",
            "conversions.value: must not be negative",
        ),
        (
            "value = -0.0\ncurrency = \"EUR\"",
            "conversions.value: must not be negative",
        ),
        (
            "value = 0.30000000000000004\ncurrency = \"EUR\"",
            "conversions.value: must have no more than 15 digits",
        ),
        (
            "value = 1e15\ncurrency = \"EUR\"",
            "conversions.value: must have no more than 15 digits",
        ),
        (
            "value = 1e-16\ncurrency = \"EUR\"",
            "conversions.value: must have no more than 15 digits",
        ),
        (
            "value = inf\ncurrency = \"EUR\"",
            "conversions.value: must be a number",
        ),
        (
            "value = \"paid\"\ncurrency = \"EUR\"",
            "conversions.value: must be \"auto\" or { column",
        ),
        (
            "currency = \"euro\"",
            "conversions.currency: must be a currency's three letters",
        ),
        (
            "order_id = \"order\"",
            "conversions.order_id: must be { column = \"…\" }",
        ),
        (
            "order_id = { column = \" \" }",
            "conversions.order_id.column: the column's name is empty",
        ),
        (
            "order_id = {}",
            "conversions.order_id.column: missing: the source column's name",
        ),
        (
            "event_id = \"uuid\"",
            "conversions.event_id: must be \"row\" or { column",
        ),
        (
            "event_source_url = \"shop\"",
            "conversions.event_source_url: must be an address",
        ),
        (
            "app_data = \"device\"",
            "conversions.app_data: must be a text with a JSON object, or { column",
        ),
        (
            "app_data = '{\"extinfo\":[\"i2\"]}'",
            "conversions.app_data: must hold extinfo, a list of 16 values",
        ),
        (
            "app_data = { column = \"device\" }",
            "conversions.app_data: has a meaning only with action_source = \"app\"",
        ),
        (
            "test_event_code = \"\"",
            "conversions.test_event_code: must not be empty",
        ),
        (
            "dataset = \"1\"",
            "conversions.dataset: unknown key (did you mean \"dataset_id\"?)",
        ),
    ];
    for (line, expected) in cases {
        let found = faults(&with_conversions(&format!("{lead}{line}\n")));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert!(found[0].contains(expected), "{found:?}");
    }
    for value in ["999999999999999", "1e14", "0.3", "1e-15", "12.50"] {
        valid(&with_conversions(&format!(
            "{lead}value = {value}\ncurrency = \"EUR\"\n"
        )));
    }
    let website = with_conversions(&lead.replace("\"email\"", "\"website\""));
    assert!(faults(&website)[0].contains("event_source_url: missing: Meta refuses website"));
    valid(&format!(
        "{website}event_source_url = \"https://shop.example.com\"\n"
    ));
    let app = with_conversions(&lead.replace("\"email\"", "\"app\""));
    assert!(faults(&app)[0].contains("app_data: missing: Meta refuses events of an app"));
    let others = ", 0".repeat(15);
    for data in [
        format!("'{{\"extinfo\": [\"i2\"{others}]}}'"),
        "{ column = \"device\" }".to_owned(),
    ] {
        let config = valid(&format!("{app}app_data = {data}\n"));
        // What `check-config` shows is the same configuration.
        let shown = valid(&config.explain());
        assert_eq!(config.routes[0].destination, shown.routes[0].destination);
    }
}

#[test]
fn each_rule_of_columns_has_its_fault() {
    let cases = [
        ("", "columns: no column holds an identifier"),
        (
            "a = { only_if = [\"Y\"] }",
            "columns: no column holds an identifier",
        ),
        ("a = 1", "columns.a: must be a key such as \"email\""),
        ("a = {}", "columns.a: needs key or only_if"),
        (
            "a = { key = \"em\", only_if = [\"Y\"] }",
            "columns.a.only_if: a column is an identifier or",
        ),
        ("a = { only_if = [] }", "columns.a.only_if: an empty list"),
        (
            "a = { only_if = \"Y\" }",
            "columns.a.only_if: must be a list of texts",
        ),
        (
            "a = { key = \"em\", default_country = \"US\" }",
            "columns.a.default_country: has no meaning for email: only",
        ),
        (
            "a = { key = \"ph\", default_country = \"USA\" }",
            "columns.a.default_country: must be a country's two letters",
        ),
        (
            "a = \"em\"\n\" a \" = \"ph\"",
            "columns.\" a \": this column is given twice",
        ),
        ("\"\" = \"em\"", "columns.\"\": the column's name is empty"),
    ];
    for (lines, expected) in cases {
        let found = faults(&with_columns(lines));
        assert_eq!(found.len(), 1, "{lines}: {found:?}");
        assert!(found[0].contains(expected), "{found:?}");
    }
}

#[test]
fn columns_keep_the_order_of_the_text_and_take_meta_s_names() {
    let config = valid(&with_columns(
        "z = \"em\"\na = \"FN\"\nm = { key = \"zip\" }\n",
    ));
    let Columns::Named(columns) = &config.routes[0].columns else {
        panic!("the columns are named");
    };
    let found = columns.iter().map(|column| match &column.role {
        Role::Identifier { key, .. } => format!("{} {key}", column.name),
        Role::OnlyIf { .. } => column.name.clone(),
    });
    assert_eq!(
        found.collect::<Vec<_>>(),
        ["z email", "a first_name", "m zip"]
    );
}

#[test]
fn what_is_odd_but_allowed_is_noticed() {
    let odd = with_conversions(
        "event_name = \"purchase\"\naction_source = \"email\"\nevent_time = \"object\"\n",
    );
    let odd = odd.replace("\"p/\"", "\"/p/\"") + "[meta]\nendpoint = \"http://simulator:8080\"\n";
    let notices = valid(&odd).notices.join("\n");
    assert!(notices.contains("begins with a slash"), "{notices}");
    assert!(
        notices.contains("standard one is \"Purchase\""),
        "{notices}"
    );
    assert!(notices.contains("travel unencrypted"), "{notices}");
    let website = |columns: &str| {
        let text = with_conversions(
            "event_name = \"Lead\"\naction_source = \"website\"\nevent_time = \"object\"\n\
             event_source_url = \"https://shop.example.com\"\n",
        );
        let text = text.replace("columns = \"auto\"", &format!("columns = {columns}"));
        valid(&text).notices.join("\n")
    };
    let agent = "ask for client_user_agent";
    assert!(website("{ mail = \"email\" }").contains(agent));
    for told in [
        "\"auto\"",
        "{ mail = \"email\", agent = \"client_user_agent\" }",
    ] {
        assert_eq!(website(told), "", "{told}");
    }
    assert_eq!(valid(&with_routes(&[("a", None, "a/")])).notices, [""; 0]);
}

#[test]
fn a_column_of_the_other_destination_is_a_fault() {
    let text = with_columns("mail = \"email\"\nagent = \"client_user_agent\"");
    let found = faults(&text).join("\n");
    let expected =
        "columns: column \"agent\": route.custom_audience does not know client_user_agent";
    assert!(found.contains(expected), "{found}");
    // What identifies nobody is no column to recognise people by.
    let found = faults(&with_columns("worth = \"lookalike_value\"")).join("\n");
    assert!(found.contains("no column holds an identifier"), "{found}");
}

#[test]
fn scoped_ids_need_their_app_or_page() {
    let columns = "[route.columns]\na = \"APPUID\"\np = \"page_scoped_user_id\"\n";
    let with = |settings: &str| {
        format!(
            "{QUEUE_AND_STATE}[[route]]\nname = \"r\"\nprefix = \"p/\"\ncredentials = \"env:T\"\n\
             [route.custom_audience]\naudience = \"1\"\nmode = \"add\"\n{settings}{columns}"
        )
    };
    valid(&with("app_ids = [\"1\", \"2\"]\npage_id = \"3\"\n"));
    let cases = [
        (
            "",
            "custom_audience.app_ids: missing: Meta refuses app_scoped_user_id columns without it",
        ),
        (
            "",
            "custom_audience.page_id: missing: Meta refuses page_scoped_user_id columns without it",
        ),
        (
            "app_ids = []\npage_id = \"3\"\n",
            "custom_audience.app_ids: must not be empty",
        ),
        (
            "app_ids = [1]\npage_id = \"3\"\n",
            "custom_audience.app_ids[0]: must be in quotes",
        ),
        (
            "app_ids = \"1\"\npage_id = \"3\"\n",
            "custom_audience.app_ids: must be a list of ids",
        ),
        (
            "app_ids = [\"1\"]\npage_id = \"x\"\n",
            "custom_audience.page_id: must be digits in quotes",
        ),
    ];
    for (settings, expected) in cases {
        let found = faults(&with(settings)).join("\n");
        assert!(found.contains(expected), "{found}");
    }
}

/// The same route with `[route.input]` of these lines.
fn with_input(lines: &str) -> String {
    format!("{}[route.input]\n{lines}", with_columns("c = \"email\"\n"))
}

#[test]
fn input_is_left_to_the_content_unless_it_is_given() {
    let input = |text: &str| valid(text).routes.first().unwrap().input.clone();
    let plain = input(&with_columns("c = \"email\"\n"));
    assert_eq!(plain, RouteInput::default());
    assert_eq!(input(&with_input("")), plain);
    let lines = "format = \"csv\"\nencoding = \"utf-16\"\ndelimiter = \"\\t\"\n\
                 quote = \"'\"\nescape = \"\\\\\"\nheader = [\" c \", \"d\"]\n";
    let given = RouteInput {
        format: InputFormat::Csv,
        encoding: Encoding::Utf16,
        delimiter: Some(b'\t'),
        quote: Some(Quote::Single),
        escape: Some(Escape::Backslash),
        header: Some(vec!["c".to_owned(), "d".to_owned()]),
    };
    assert_eq!(input(&with_input(lines)), given);
    let explained = valid(&with_input(lines)).explain();
    assert_eq!(input(&explained), given);
}

#[test]
fn each_rule_of_input_has_its_fault() {
    for (line, expected) in [
        (
            "format = \"json\"",
            "input.format: unknown value \"json\" (did you mean \"json_lines\"?); known are auto, csv, json_lines, parquet",
        ),
        (
            "encoding = \"utf8\"",
            "input.encoding: unknown value \"utf8\" (did you mean \"utf-8\"?)",
        ),
        (
            "delimiter = \"||\"",
            "input.delimiter: must be one ASCII character",
        ),
        (
            "delimiter = \"a\"",
            "input.delimiter: must be one ASCII character",
        ),
        (
            "delimiter = \"§\"",
            "input.delimiter: must be one ASCII character",
        ),
        (
            "delimiter = \"\"",
            "input.delimiter: must be one ASCII character",
        ),
        ("quote = \"`\"", "input.quote: unknown value"),
        ("escape = \"/\"", "input.escape: unknown value"),
        (
            "header = \"email\"",
            "input.header: must be a list of the columns' names",
        ),
        ("header = []", "input.header: an empty list"),
        (
            "header = [\"c\", \" \"]",
            "input.header[1]: the column's name is empty",
        ),
        (
            "header = [\"c\", \"c \"]",
            "input.header[1]: this column is given twice",
        ),
        (
            "format = \"json_lines\"\ndelimiter = \",\"",
            "input.delimiter: has no meaning for format = \"json_lines\"",
        ),
        (
            "format = \"parquet\"\nencoding = \"latin-1\"",
            "input.encoding: has no meaning",
        ),
        (
            "format = \"parquet\"\nheader = [\"c\"]",
            "input.header: has no meaning",
        ),
        (
            "quote = \"none\"\nescape = \"\\\\\"",
            "input.escape: has no meaning without quotes",
        ),
        (
            "delimeter = \";\"",
            "input.delimeter: unknown key (did you mean \"delimiter\"?)",
        ),
    ] {
        let found = faults(&with_input(line)).join("\n");
        assert!(found.contains(expected), "{line}: {found}");
    }
    let all = faults(&with_input(
        "format = \"x\"\ndelimiter = \"||\"\nheader = []\n",
    ));
    assert_eq!(all.join("\n").matches(": input.").count(), 3);
}

mod columns;
mod custom_data;
mod named_audience;

/// A text with one audience route of this mode, and `[route.run]` with these lines.
fn with_run(mode: &str, lines: &str) -> String {
    format!(
        "{QUEUE_AND_STATE}[[route]]\nname = \"r\"\nbucket = \"lists\"\nprefix = \"p/\"\ncredentials = \"env:T\"\n\
         columns = \"auto\"\n[route.custom_audience]\naudience = \"1\"\nmode = \"{mode}\"\n{lines}"
    )
}

#[test]
fn each_rule_of_runs_has_its_fault() {
    let cases = [
        (
            "",
            "run: missing: a replacement needs to know when a run is complete",
        ),
        (
            "[route.run]\n",
            "run.complete: missing: what says that all objects",
        ),
        (
            "[route.run]\ncomplete = \"succes_marker\"",
            "run.complete: unknown value \"succes_marker\" (did you mean \"success_marker\"?)",
        ),
        (
            "[route.run]\ncomplete = \"count\"",
            "run.expected_objects: missing: how many objects",
        ),
        (
            "[route.run]\ncomplete = \"count\"\nexpected_objects = 2001",
            "run.expected_objects: must be 1 to 2000",
        ),
        (
            "[route.run]\ncomplete = \"quiet\"\nquiet_seconds = 5",
            "run.quiet_seconds: must be 10 to 86400 seconds",
        ),
        (
            "[route.run]\ncomplete = \"success_marker\"\nquiet_seconds = 60",
            "run.quiet_seconds: has a meaning only with complete = \"quiet\"",
        ),
        (
            "[route.run]\ncomplete = \"manifest\"",
            "run.manifest: missing: the name of the object",
        ),
        (
            "[route.run]\ncomplete = \"manifest\"\nmanifest = \"a/b\"",
            "run.manifest: must be the name alone",
        ),
        (
            "[route.run]\ncomplete = \"quiet\"\nallow_shrink_percent = 101",
            "run.allow_shrink_percent: must be 0 to 100",
        ),
        (
            "[route.run]\ncomplete = \"quiet\"\nover_window = \"add\"",
            "run.over_window: unknown value \"add\"",
        ),
        (
            "[route.run]\ncomplete = \"quiet\"\nallow_empty = true",
            "run.allow_empty: unknown key",
        ),
    ];
    for (lines, expected) in cases {
        let found = faults(&with_run("replace", lines));
        assert_eq!(found.len(), 1, "{lines}: {found:?}");
        assert!(found[0].contains(expected), "{found:?}");
    }
    let found = faults(&with_run("add", "[route.run]\ncomplete = \"quiet\""));
    let expected = "run: has a meaning only with custom_audience.mode = \"replace\"";
    assert!(found.len() == 1 && found[0].contains(expected), "{found:?}");
}

#[test]
fn a_run_is_shown_as_it_is_read() {
    for lines in [
        "complete = \"success_marker\"\nallow_shrink_percent = 50\nover_window = \"refuse\"",
        "complete = \"count\"\nexpected_objects = 20\nallow_shrink_percent = 0\nover_window = \"replace_then_add\"",
        "complete = \"quiet\"\nquiet_seconds = 300\nallow_shrink_percent = 100\nover_window = \"refuse\"",
        "complete = \"manifest\"\nmanifest = \"list.json\"\nallow_shrink_percent = 50\nover_window = \"refuse\"",
    ] {
        let text = with_run("replace", &format!("[route.run]\n{lines}\n"));
        let page = valid(&text).explain();
        let (_, shown) = page.split_once("[route.run]\n").unwrap();
        assert!(shown.starts_with(lines), "{page}");
    }
}
