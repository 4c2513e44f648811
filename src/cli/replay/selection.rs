//! Which of the listed objects are announced, and why the others are not.

use crate::config::{Config, Route};
use crate::object::{Marker, is_marker};

/// What a replay asks for.
#[derive(Debug)]
pub(super) struct Selection<'c> {
    pub(super) config: &'c Config,
    pub(super) bucket: String,
    pub(super) prefix: String,
    /// Unix seconds; the object was written then, or later.
    pub(super) since: Option<i64>,
    /// Unix seconds; it was written before.
    pub(super) until: Option<i64>,
}

/// Why an object is not announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Skip {
    /// No data, as a worker would find too.
    Marker(Marker),
    /// What workers write themselves.
    OwnState,
    /// No route takes it.
    Unrouted,
    /// Written before `since`, or not before `until`.
    OtherTime,
    /// Deleted since it was listed.
    Gone,
}

impl Skip {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Skip::Marker(marker) => marker.name(),
            Skip::OwnState => "own_state",
            Skip::Unrouted => "unrouted",
            Skip::OtherTime => "other_time",
            Skip::Gone => "gone",
        }
    }
}

impl<'c> Selection<'c> {
    /// The route that takes the object, or why it is not announced.
    pub(super) fn judge(
        &self,
        key: &str,
        size: u64,
        last_modified: i64,
    ) -> Result<&'c Route, Skip> {
        if self.config.is_state(&self.bucket, key) {
            return Err(Skip::OwnState);
        }
        if let Some(marker) = is_marker(key, size) {
            return Err(Skip::Marker(marker));
        }
        let too_old = self.since.is_some_and(|since| last_modified < since);
        let too_new = self.until.is_some_and(|until| last_modified >= until);
        if too_old || too_new {
            return Err(Skip::OtherTime);
        }
        let route = self.config.route_for(&self.bucket, key);
        route.ok_or(Skip::Unrouted)
    }
}

/// `s3://bucket/prefix`: the bucket and what keys begin with.
pub(super) fn parse_prefix(text: &str) -> Result<(String, String), &'static str> {
    match text
        .strip_prefix("s3://")
        .and_then(|rest| rest.split_once('/'))
    {
        Some((bucket, prefix)) if !bucket.is_empty() => Ok((bucket.to_owned(), prefix.to_owned())),
        _ => Err("must be s3://bucket/prefix; s3://bucket/ for the whole bucket"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::config::{Environment, Purpose};

    const CONFIG: &str = r#"
[state]
location = "s3://audiences/state/"
[[route]]
name = "members"
bucket = "audiences"
prefix = "lists/"
credentials = "ssm:/meta"
columns = "auto"
[route.custom_audience]
audience = "1"
mode = "add"
"#;

    #[test]
    fn every_object_is_announced_or_has_a_reason() {
        let environment = Environment::default();
        let config = Config::parse("test", CONFIG, &environment, Purpose::OneShot).unwrap();
        let selection = Selection {
            config: &config,
            bucket: "audiences".to_owned(),
            prefix: String::new(),
            since: Some(100),
            until: Some(200),
        };
        for (key, size, last_modified, expected) in [
            ("lists/a.csv", 9, 100, None),
            ("lists/a.csv", 9, 199, None),
            ("lists/a.csv", 9, 99, Some("other_time")),
            ("lists/a.csv", 9, 200, Some("other_time")),
            ("lists/_SUCCESS", 9, 150, Some("success_marker")),
            ("lists/run_$folder$", 0, 150, Some("hadoop_folder")),
            ("lists/", 0, 150, Some("folder")),
            ("lists/part-0", 0, 150, Some("empty_object")),
            ("others/a.csv", 9, 150, Some("unrouted")),
            ("state/ledger/x.json", 9, 150, Some("own_state")),
        ] {
            let judged = selection.judge(key, size, last_modified);
            let skipped = judged.as_ref().err().map(|skip| skip.name());
            assert_eq!(skipped, expected, "{key} of {last_modified}");
            if let Ok(route) = judged {
                assert_eq!(route.name, "members");
            }
        }
    }

    #[test]
    fn a_prefix_names_its_bucket() {
        for (text, bucket, prefix) in [
            ("s3://audiences/lists/", "audiences", "lists/"),
            ("s3://audiences/a b%20+", "audiences", "a b%20+"),
            ("s3://audiences/", "audiences", ""),
        ] {
            let expected = (bucket.to_owned(), prefix.to_owned());
            assert_eq!(parse_prefix(text), Ok(expected));
        }
        for text in [
            "",
            "audiences/lists",
            "s3://audiences",
            "s3:///lists",
            "https://a/b",
        ] {
            assert!(parse_prefix(text).is_err(), "{text}");
        }
    }
}
