//! Columns that a key's folders spell out, as Hive, Spark, Glue and Athena write them:
//! `sales/dt=2026-11-20/country=US/part-0` holds rows of `dt` and `country`.
//!
//! Only whole folders count, wherever they stand in the key; the object's own name never
//! does. Special characters are percent-encoded by the writers, and a missing value is a
//! folder of its own name.

use percent_encoding::percent_decode_str;

/// What the writers put where the value is null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// Names and values, in the order of the key.
pub fn hive_columns(key: &str) -> Vec<(String, String)> {
    let mut folders = key.split('/');
    // The last part is the object.
    folders.next_back();
    folders
        .filter_map(|folder| folder.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .filter(|(name, _)| !name.trim().is_empty())
        .map(|(name, value)| match value.as_str() {
            NULL => (name, String::new()),
            _ => (name, value),
        })
        .collect()
}

/// As written, where it decodes to no text: then it was hardly encoded.
fn decoded(text: &str) -> String {
    match percent_decode_str(text).decode_utf8() {
        Ok(decoded) => decoded.into_owned(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_columns_and_the_object_s_name_is_not() {
        for (key, expected) in [
            ("people.csv", &[][..]),
            ("meta/people.csv", &[]),
            ("country=US", &[]),
            ("a/country=US", &[]),
            ("country=US/part-0", &[("country", "US")]),
            (
                "meta/dt=2026-11-20/c=DE/part=0.csv",
                &[("dt", "2026-11-20"), ("c", "DE")],
            ),
            (
                "at=2026-11-20 17%3A40%3A00/p",
                &[("at", "2026-11-20 17:40:00")],
            ),
            ("a%20b=c%2Fd/p", &[("a b", "c/d")]),
            ("x=%ff/p", &[("x", "%ff")]),
            ("x=100%/p", &[("x", "100%")]),
            ("c=__HIVE_DEFAULT_PARTITION__/p", &[("c", "")]),
            ("c=/p", &[("c", "")]),
            ("=v/p", &[]),
            ("x=a=b/p", &[("x", "a=b")]),
            ("x=1/x=2/p", &[("x", "1"), ("x", "2")]),
        ] {
            let found = hive_columns(key);
            let found: Vec<_> = found
                .iter()
                .map(|(n, v)| (n.as_str(), v.as_str()))
                .collect();
            assert_eq!(found, expected, "{key}");
        }
    }
}
