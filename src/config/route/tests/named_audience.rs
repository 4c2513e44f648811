//! Audiences by their names.

use super::*;
use crate::config::Destination;
use crate::meta::CustomerFileSource;

/// A text with one audience route, whose `[route.custom_audience]` has these lines.
fn with_audience(lines: &str) -> String {
    format!(
        "{QUEUE_AND_STATE}[[route]]\nname = \"r\"\nprefix = \"p/\"\ncredentials = \"env:T\"\n\
         columns = \"auto\"\n[route.custom_audience]\nmode = \"add\"\n{lines}"
    )
}

const NAMED: &str = "ad_account = \"act_1\"\naudience_name = \"Loyal\"\n";

#[test]
fn a_name_stands_in_place_of_an_id_which_is_found_later() {
    let config = valid(&with_audience(NAMED));
    let route = &config.routes[0];
    let Destination::CustomAudience(audience) = &route.destination else {
        panic!("{:?}", route.destination);
    };
    assert!(!audience.audience.is_known());
    assert_eq!(audience.shown(), "Loyal");
    assert_eq!(audience.named.as_ref().unwrap().create, None);

    let found = route.with_audience("77").unwrap();
    let Destination::CustomAudience(audience) = &found.destination else {
        panic!("{:?}", found.destination);
    };
    assert_eq!((audience.audience.as_str(), audience.shown()), ("77", "77"));
    for no_id in ["", "abc", "1/users"] {
        assert!(route.with_audience(no_id).is_err(), "{no_id}");
    }
}

#[test]
fn what_is_said_of_a_new_audience_reads_back() {
    let new = "create = true\ncustomer_file_source = \"USER_PROVIDED_ONLY\"\ndescription = \"a \\\"b\\\"\"\n\
               retention_days = 180\nis_value_based = true\n";
    let config = valid(&with_audience(&format!("{NAMED}{new}")));
    let Destination::CustomAudience(audience) = &config.routes[0].destination else {
        panic!("no audience");
    };
    let made = audience.named.clone().unwrap().create.unwrap();
    assert_eq!(made.name, "Loyal");
    assert_eq!(
        made.customer_file_source,
        CustomerFileSource::UserProvidedOnly
    );
    assert_eq!(made.description.as_deref(), Some("a \"b\""));
    assert_eq!(made.retention_days, Some(180));
    assert!(made.is_value_based);
    let again = valid(&config.explain());
    assert_eq!(again.routes[0].destination, config.routes[0].destination);
}

#[test]
fn each_rule_of_names_has_its_fault() {
    let create = format!("{NAMED}create = true\n");
    let source = format!("{create}customer_file_source = \"USER_PROVIDED_ONLY\"\n");
    for (lines, expected) in [
        (String::new(), "custom_audience.audience: missing"),
        (
            format!("audience = \"1\"\n{NAMED}"),
            "audience_name: an audience has its id or its name here",
        ),
        (
            "audience_name = \"Loyal\"".to_owned(),
            "ad_account: missing: the ad account in which",
        ),
        (
            "ad_account = \"act_1\"\naudience_name = \" Loyal\"".to_owned(),
            "audience_name: must be the audience's name as Meta shows it",
        ),
        (
            "ad_account = \"act_1\"\naudience_name = \"a\\nb\"".to_owned(),
            "audience_name: must be the audience's name as Meta shows it, in one line",
        ),
        (
            "audience = \"1\"\ncreate = true".to_owned(),
            "create: needs audience_name in place of audience",
        ),
        (
            format!("{NAMED}retention_days = 3"),
            "retention_days: needs create = true",
        ),
        (
            create.clone(),
            "customer_file_source: missing: whose data the list is of",
        ),
        (
            format!("{create}customer_file_source = \"MINE\""),
            "customer_file_source: unknown value",
        ),
        (
            format!("{source}retention_days = 181"),
            "retention_days: must be 1 to 180",
        ),
        (
            format!("{source}is_value_based = 1"),
            "is_value_based: must be true or false",
        ),
    ] {
        let found = faults(&with_audience(&lines));
        assert_eq!(found.len(), 1, "{expected}: {found:?}");
        assert!(found[0].contains(expected), "{found:?}");
    }
}
