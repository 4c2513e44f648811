//! What events tell beside person, value and order.

use super::*;
use crate::config::{Destination, Property, PropertySource};
use crate::meta::PropertyKind;

/// A route of named columns with these lines of custom data.
fn with_custom_data(lines: &str) -> String {
    format!(
        "{QUEUE_AND_STATE}[[route]]\nname = \"r\"\nprefix = \"p/\"\ncredentials = \"env:T\"\n\
         [route.columns]\nmail = \"email\"\nconsent = {{ only_if = [\"Y\"] }}\n\
         [route.conversions]\nevent_name = \"Lead\"\naction_source = \"email\"\nevent_time = \"object\"\n\
         [route.conversions.custom_data]\n{lines}\n"
    )
}

fn properties(text: &str) -> Vec<Property> {
    match &valid(text).routes[0].destination {
        Destination::Conversions(conversions) => conversions.custom_data.clone(),
        Destination::CustomAudience(_) => panic!("events have custom data"),
    }
}

#[test]
fn each_rule_of_custom_data_has_its_fault() {
    for (line, expected) in [
        (
            "value = 1",
            "value: belongs one level higher: write value directly under [route.conversions]",
        ),
        ("currency = \"USD\"", "currency: belongs one level higher"),
        (
            "order_id = { column = \"o\" }",
            "order_id: belongs one level higher",
        ),
        (
            "num_items = \"3\"",
            "num_items: must be a whole number or { column",
        ),
        (
            "num_items = 2.5",
            "num_items: must be a whole number that is not negative",
        ),
        (
            "predicted_ltv = -1",
            "predicted_ltv: must be a number that is not negative",
        ),
        (
            "predicted_ltv = inf",
            "predicted_ltv: must be a number that is not negative",
        ),
        (
            "content_type = \"thing\"",
            "content_type: must be one of product, product_group",
        ),
        (
            "content_ids = \"a\"",
            "content_ids: must be a list of texts or { column",
        ),
        (
            "contents = \"[1]\"",
            "contents: must be a text of JSON, a list of objects",
        ),
        (
            "content_name = true",
            "content_name: must be a text or { column",
        ),
        (
            "tier = [\"a\"]",
            "tier: must be a text, a number, true, false or { column",
        ),
        (
            "\"a b\" = 1",
            "\"a b\": a property's name must be 1 to 64 letters",
        ),
        (
            "tier = {}",
            "tier.column: missing: the source column's name",
        ),
        (
            "tier = { column = \" \" }",
            "tier.column: the column's name is empty",
        ),
        (
            "tier = { column = \"t\", type = \"float\" }",
            "tier.type: unknown value \"float\"; known are text, number",
        ),
        (
            "num_items = { column = \"n\", type = \"text\" }",
            "num_items.type: Meta takes a whole number here",
        ),
        (
            "tier = { column = \"t\", separator = \";\" }",
            "tier.separator: has no meaning: only a list",
        ),
        (
            "content_ids = { column = \"t\", separator = \"ab\" }",
            "content_ids.separator: must be one character",
        ),
        (
            "tier = { column = \"t\", kind = \"text\" }",
            "tier.kind: unknown key",
        ),
        (
            "email = { column = \"t\" }",
            "email: is a name of email: Meta takes no personal data here",
        ),
        (
            "customer_phone = \"x\"",
            "customer_phone: is a name of phone",
        ),
        (
            "tier = { column = \"mail\" }",
            "tier.column: this column holds email: Meta takes no personal data",
        ),
        (
            "content_name = { column = \"mail\" }",
            "content_name.column: this column holds email",
        ),
        // Not mapped to a key, but so called.
        (
            "tier = { column = \"customer_phone\" }",
            "tier.column: this column holds phone",
        ),
    ] {
        let found = faults(&with_custom_data(line));
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        let expected = format!("conversions.custom_data.{expected}");
        assert!(found[0].contains(&expected), "{found:?}");
    }
    let auto = with_custom_data("tier = { column = \"E-Mail\" }").replace(
        "[route.columns]\nmail = \"email\"\nconsent = { only_if = [\"Y\"] }",
        "columns = \"auto\"",
    );
    assert!(faults(&auto)[0].contains("tier.column: this column holds email"));
}

/// Nothing of a person leaves but as a hash.
#[test]
fn an_id_of_an_event_or_order_is_no_plain_identifier() {
    let with = |line: &str| {
        with_custom_data("").replace(
            "[route.conversions]\n",
            &format!("[route.conversions]\n{line}\n"),
        )
    };
    for key in ["event_id", "order_id"] {
        for (column, holds) in [("mail", "email"), ("Last Name", "last_name")] {
            let found = faults(&with(&format!("{key} = {{ column = \"{column}\" }}")));
            assert_eq!(found.len(), 1, "{found:?}");
            let expected = format!("conversions.{key}: this column holds {holds}: Meta takes");
            assert!(found[0].contains(&expected), "{found:?}");
        }
        for column in ["customer_id", "ticket", "order"] {
            valid(&with(&format!("{key} = {{ column = \"{column}\" }}")));
        }
    }
}

#[test]
fn properties_are_read_with_their_kinds_and_shown_again() {
    let lines = r#"content_name = "A \"fine\" thing"
num_items = 2
predicted_ltv = 12.5
content_ids = ["a", "b"]
contents = '[{"id": "a"}]'
vip = true
tier = { column = "t" }
points = { column = "p", type = "number" }
tags = { column = "g", type = "list", separator = ";" }
customer_segmentation = { column = "s" }
delivery_category = { column = "consent" }
"#;
    let text = with_custom_data(lines);
    let found = properties(&text);
    let fixed = |index: usize| match &found[index].source {
        PropertySource::Fixed { json, .. } => String::from_utf8(json.clone()).unwrap(),
        PropertySource::Column { .. } => panic!("it is fixed"),
    };
    assert_eq!(fixed(0), r#""A \"fine\" thing""#);
    assert_eq!((fixed(1), fixed(2)), ("2".to_owned(), "12.5".to_owned()));
    assert_eq!(fixed(3), r#"["a","b"]"#);
    assert_eq!(fixed(4), r#"[{"id":"a"}]"#);
    assert_eq!(fixed(5), "true");
    let kind = |index: usize| match &found[index].source {
        PropertySource::Column { kind, .. } => *kind,
        PropertySource::Fixed { .. } => panic!("it is a column"),
    };
    assert_eq!(kind(6), PropertyKind::Text);
    assert_eq!(kind(7), PropertyKind::Number);
    assert_eq!(kind(8), PropertyKind::List { separator: ';' });
    assert!(matches!(kind(9), PropertyKind::Word(_)));
    assert_eq!(properties(&valid(&text).explain()), found);
}
