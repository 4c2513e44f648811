//! Options of columns, static values and spelling.

use super::*;
use crate::identity::columns::{CountryCode, DateOrder, Form, Reading};
use crate::identity::key::Key;

/// The same for a Conversions route.
fn with_event_columns(lines: &str) -> String {
    with_columns(lines).replace(
        "[route.custom_audience]\naudience = \"1\"\nmode = \"add\"\n",
        "[route.conversions]\nevent_name = \"Lead\"\naction_source = \"email\"\nevent_time = \"object\"\n",
    )
}

fn assert_one_fault(text: &str, expected: &str) {
    let found = faults(text);
    assert_eq!(found.len(), 1, "{expected}: {found:?}");
    assert!(found[0].contains(expected), "{found:?}");
    assert!(found[0].starts_with("config.toml:"), "{found:?}");
}

#[test]
fn an_option_without_a_meaning_is_a_fault() {
    for (option, expected) in [
        (
            "key = \"em\", default_country = \"US\"",
            "default_country: has no meaning for email: only phone, state and zip",
        ),
        (
            "key = \"country\", default_country = \"US\"",
            "default_country: has no meaning for country",
        ),
        (
            "key = \"ph\", default_country = \"USA\"",
            "default_country: must be a country's two letters",
        ),
        // Of the United Kingdom, which ISO 3166-1 calls GB.
        (
            "key = \"ph\", default_country = \"UK\"",
            "default_country: must be a country's two letters, as \"US\" or \"GB\"",
        ),
        (
            "key = \"fn\", date_order = \"day_first\"",
            "date_order: has no meaning for first_name",
        ),
        (
            "key = \"doby\", date_order = \"day_first\"",
            "date_order: has no meaning for birth_year",
        ),
        (
            "key = \"dob\", date_order = \"DMY\"",
            "date_order: unknown value \"DMY\"; known are day_first, month_first",
        ),
        (
            "key = \"em\", form = \"hashed\"",
            "form: unknown value \"hashed\"; known are raw, sha256",
        ),
        (
            "key = \"external_id\", form = \"sha256\"",
            "form: has no meaning for external_id: it goes out unhashed",
        ),
        (
            "key = \"dob\", form = \"sha256\"",
            "form: cannot be used: audiences take year, month and day apart",
        ),
        (
            "key = \"em\", separator = \"\"",
            "separator: must be one character",
        ),
        (
            "key = \"em\", separator = \"; \"",
            "separator: must be one character",
        ),
        (
            "key = \"em\", separator = \"x\"",
            "separator: must be a character that is in no value",
        ),
        (
            "key = \"em\", separator = \".\"",
            "separator: must be a character that is in no value",
        ),
        (
            "key = \"ph\", separator = \" \"",
            "separator: must be a character that is in no value",
        ),
        (
            "key = \"country\", separator = \";\"",
            "separator: has no meaning for country: a row has one value",
        ),
        (
            "key = \"dob\", separator = \";\"",
            "separator: has no meaning for birth_date",
        ),
    ] {
        let line = format!("a = {{ {option} }}\nb = \"em\"\n");
        assert_one_fault(&with_columns(&line), &format!("columns.a.{expected}"));
    }
    assert_one_fault(
        &with_columns("a = { only_if = [\"Y\"], separator = \";\" }\nb = \"em\"\n"),
        "columns.a.separator: has no meaning for a row filter",
    );
    assert_one_fault(
        &with_event_columns("a = { key = \"doby\", form = \"sha256\" }\n"),
        "columns.a.form: cannot be used: Conversions take one whole date",
    );
    // What audiences take unhashed, Conversions take hashed.
    valid(&with_event_columns(
        "a = { key = \"external_id\", form = \"sha256\" }\nb = { key = \"dob\", form = \"sha256\" }\n",
    ));
}

#[test]
fn what_no_header_could_mend_is_a_fault_of_the_configuration() {
    let value = "e = \"em\"\na = \"lookalike_value\"\nb = \"lookalike_value\"\n";
    assert_one_fault(
        &with_columns(value),
        "columns: several columns hold lookalike_value",
    );
    let place = "e = \"em\"\ns = \"data_processing_options_state\"\n";
    assert_one_fault(&with_columns(place), "and nothing says its options");
    for given in [
        "o = \"data_processing_options\"\n",
        "[route.static_values]\ndata_processing_options = \"LDU\"\n",
    ] {
        valid(&with_columns(&format!("{place}{given}")));
    }
}

#[test]
fn columns_by_which_meta_refuses_every_event_are_a_fault() {
    let weak = "columns: no row could be sent: Meta refuses an event by whose keys too many people";
    for lines in [
        "c = \"city\"\nz = \"zip\"\n",
        "b = \"birth_date\"\na = \"client_user_agent\"\n",
        "y = \"doby\"\nm = \"dobm\"\nd = \"dobd\"\n",
        "f = \"first_name\"\ng = \"gender\"\n",
        "l = \"last_name\"\np = \"page_id\"\n",
        // What can never make a whole date.
        "y = \"doby\"\n",
        "z = \"zip\"\n[route.static_values]\ncountry = \"US\"\n",
    ] {
        assert_one_fault(&with_event_columns(lines), weak);
        // Audiences take them.
        if !lines.contains("client_user_agent") && !lines.contains("page_id") {
            valid(&with_columns(lines));
        }
    }
    for lines in [
        "c = \"city\"\ne = \"email\"\n",
        "f = \"first_name\"\nl = \"last_name\"\n",
        "b = \"birth_date\"\ng = \"gender\"\n",
        "f = \"first_name\"\n[route.static_values]\ncountry = \"US\"\n",
    ] {
        valid(&with_event_columns(lines));
    }
    // Under auto only a header tells.
    let auto = "event_name = \"Lead\"\naction_source = \"email\"\nevent_time = \"object\"\n\
                [route.static_values]\ncountry = \"US\"\ndata_processing_options = \"LDU\"\n";
    valid(&with_conversions(auto));
}

#[test]
fn events_that_are_all_limited_need_a_place_or_an_address() {
    let ldu = "data_processing_options = \"LDU\"\n";
    let country = "data_processing_options_country = \"1\"\n";
    let state = "data_processing_options_state = \"1000\"\n";
    let with = |columns: &str, values: &str| {
        with_event_columns(&format!(
            "e = \"em\"\n{columns}[route.static_values]\n{values}"
        ))
    };
    let nowhere = "static_values: no row could be sent: with LDU for every event";
    let untold = "data_processing_options_state = \"0\"\n";
    for values in [
        ldu.to_owned(),
        format!("{ldu}{country}"),
        format!("{ldu}{state}"),
        format!("{ldu}{country}{untold}"),
    ] {
        assert_one_fault(&with("", &values), nowhere);
        valid(&with("ip = \"client_ip_address\"\n", &values));
        valid(&with("o = \"data_processing_options\"\n", &values));
    }
    valid(&with("", &format!("{ldu}{country}{state}")));
    valid(&with("", "data_processing_options = \"[]\"\n"));
    valid(&with(
        "s = \"data_processing_options_state\"\n",
        &format!("{ldu}{country}"),
    ));
    // Of members Meta finds it out.
    let members = format!("e = \"em\"\n[route.static_values]\n{ldu}");
    valid(&with_columns(&members));
}

#[test]
fn options_are_read_and_shown_again() {
    let lines = "p = { key = \"phone\", default_country = \"us\", form = \"raw\", separator = \";\" }\n\
                 b = { key = \"birth_date\", date_order = \"month_first\" }\n\
                 z = { key = \"zip\", default_country = \"US\" }\n\
                 t = { key = \"email\", separator = \"\\t\" }\n\
                 [route.static_values]\ncountry = \"USA\"\nst = \"California\"\n\
                 [route.normalisation]\nname_spaces = true\n";
    let config = valid(&with_columns(lines));
    let route = &config.routes[0];
    let Columns::Named(columns) = &route.columns else {
        panic!("the columns are named");
    };
    assert_eq!(
        columns[0].role,
        Role::Identifier {
            key: Key::Phone,
            reading: Reading {
                country: CountryCode::parse("US"),
                form: Form::Raw,
                date_order: DateOrder::Unknown,
            },
            separator: Some(';'),
        }
    );
    assert!(route.spelling.name_spaces && !route.spelling.ascii_city);
    let again = valid(&config.explain());
    let again = &again.routes[0];
    assert_eq!(again.columns, route.columns);
    assert_eq!(again.static_values, route.static_values);
    assert_eq!(again.spelling, route.spelling);
    assert_eq!(route.static_values.len(), 2);
    let page = config.explain();
    assert!(page.contains("[route.static_values]\ncountry = \"USA\"\nstate = \"California\"\n"));
}

#[test]
fn a_static_value_is_checked_when_it_is_configured() {
    for (line, expected) in [
        (
            "country = \"Atlantis\"",
            "static_values.country: is no value of country (country_unknown): Write the country",
        ),
        ("country = \"\"", "static_values.country: must not be blank"),
        (
            "country = \"US\"\nzip = \"1234\"",
            "static_values.zip: is no value of zip (zip_not_us)",
        ),
        (
            "country = 1",
            "static_values.country: must be text in quotes",
        ),
        (
            "email = \"info@example.com\"",
            "static_values.email: email is one person's alone",
        ),
        (
            "contry = \"US\"",
            "static_values.contry: unknown key \"contry\" (did you mean \"country\"?)",
        ),
        (
            "st = \"CA\"\nstate = \"NY\"",
            "static_values.state: state is given twice",
        ),
        (
            "page_id = \"42\"",
            "static_values.page_id: route.custom_audience does not know page_id",
        ),
        // Without options no limit would hold.
        (
            "data_processing_options_country = \"1\"\ndata_processing_options_state = \"1000\"",
            "columns: there is a country or state of Limited Data Use and nothing says its options",
        ),
    ] {
        let text = format!("e = \"em\"\n[route.static_values]\n{line}\n");
        assert_one_fault(&with_columns(&text), expected);
    }
    assert_one_fault(
        &with_columns("e = \"em\"\n[route.normalisation]\nascii_city = \"yes\"\n"),
        "normalisation.ascii_city: must be true or false",
    );
}
