//! The `app_data` of an event that happened in an app: which app and device it was. Meta
//! wants it of every event of `action_source` `app`, with sixteen values in `extinfo`, of
//! which the first says of which system the others are. (Meta, "Server Event Parameters".)
//! What else stands in it is passed on as it is.

use serde_json::{Map, Value};

use super::super::destination::RowReject;
use super::property::compact;

const FIELD: &str = "app_data";
const EXTINFO: usize = 16;
/// Android and iOS.
const SYSTEMS: [&str; 2] = ["a2", "i2"];

/// The JSON of an `app_data` that Meta takes, without the blanks between its parts.
///
/// # Errors
///
/// The stable code of what is wrong with it.
pub fn app_data(text: &str) -> Result<Vec<u8>, &'static str> {
    check(text)?;
    let mut json = Vec::with_capacity(text.len());
    compact(text, &mut json);
    Ok(json)
}

/// Appends what a cell holds.
pub(super) fn write(cell: &str, body: &mut Vec<u8>) -> Result<(), RowReject> {
    check(cell).map_err(|reason| RowReject::new(FIELD, reason))?;
    compact(cell, body);
    Ok(())
}

pub(super) const fn missing() -> RowReject {
    RowReject::new(FIELD, "app_data_missing")
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("app_data_missing");
    }
    let members: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| "app_data_no_object")?;
    let extinfo = members.get("extinfo").and_then(Value::as_array);
    let is_scalar = |value: &Value| !(value.is_array() || value.is_object());
    let is_whole = extinfo.is_some_and(|values| {
        let system = values.first().and_then(Value::as_str);
        values.len() == EXTINFO
            && values.iter().all(is_scalar)
            && system.is_some_and(|system| SYSTEMS.contains(&system))
    });
    match is_whole {
        true => Ok(()),
        false => Err("app_data_extinfo"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn with(extinfo: &str) -> String {
        format!(r#"{{ "advertiser_tracking_enabled": 1, "extinfo": {extinfo} }}"#)
    }

    fn values(first: &str, count: usize) -> String {
        let mut values = vec![format!("\"{first}\"")];
        values.extend((1..count).map(|number| match number % 2 {
            0 => number.to_string(),
            _ => "\"\"".to_owned(),
        }));
        format!("[{}]", values.join(", "))
    }

    #[test]
    fn sixteen_values_of_a_known_system_are_taken_as_they_are() {
        for system in ["a2", "i2"] {
            let text = with(&values(system, 16));
            let json = app_data(&text).unwrap();
            let (read, expected): (Value, Value) = (
                serde_json::from_slice(&json).unwrap(),
                serde_json::from_str(&text).unwrap(),
            );
            assert_eq!(read, expected);
            assert!(!json.contains(&b' '));
        }
    }

    #[test]
    fn what_meta_refuses_is_refused_with_its_reason() {
        for (text, reason) in [
            (String::new(), "app_data_missing"),
            ("i2".to_owned(), "app_data_no_object"),
            ("[]".to_owned(), "app_data_no_object"),
            ("{}".to_owned(), "app_data_extinfo"),
            (with("\"i2\""), "app_data_extinfo"),
            (with(&values("i2", 15)), "app_data_extinfo"),
            (with(&values("i2", 17)), "app_data_extinfo"),
            (with(&values("w1", 16)), "app_data_extinfo"),
            (
                with(&values("i2", 16).replace("\"\"", "[]")),
                "app_data_extinfo",
            ),
        ] {
            assert_eq!(app_data(&text), Err(reason), "{text}");
        }
    }
}
