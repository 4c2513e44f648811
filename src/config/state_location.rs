//! Where receipts, lists of rejects and the ledger are kept.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::shown::{Shown, toml_text};

/// Never under a routed prefix: what the worker writes must not become its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StateLocation {
    S3 {
        bucket: String,
        /// Empty, or with a slash at its end.
        prefix: String,
    },
    Directory(PathBuf),
    /// In the bucket of each object, under this prefix, which ends with a slash. Only
    /// where nothing was configured.
    BesideObject {
        prefix: String,
    },
}

impl StateLocation {
    /// Whether the object is a part of this state, and so never somebody's audience.
    pub fn contains(&self, bucket: &str, key: &str) -> bool {
        match self {
            StateLocation::S3 {
                bucket: own,
                prefix,
            } => own == bucket && key.starts_with(prefix.as_str()),
            StateLocation::Directory(_) => false,
            StateLocation::BesideObject { prefix } => key.starts_with(prefix.as_str()),
        }
    }

    /// Where what is kept at this path, for an object of this bucket, lies; to be read
    /// by people.
    pub fn place_of(&self, path: &str, object_bucket: &str) -> String {
        match self {
            StateLocation::S3 { bucket, prefix } => format!("s3://{bucket}/{prefix}{path}"),
            StateLocation::Directory(directory) => directory.join(path).display().to_string(),
            StateLocation::BesideObject { prefix } => {
                format!("s3://{object_bucket}/{prefix}{path}")
            }
        }
    }
}

impl FromStr for StateLocation {
    type Err = String;

    fn from_str(text: &str) -> Result<StateLocation, String> {
        let text = text.trim();
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            check_bucket(bucket)?;
            let prefix = match prefix.trim_matches('/') {
                "" => String::new(),
                inner => format!("{inner}/"),
            };
            return Ok(StateLocation::S3 {
                bucket: bucket.to_owned(),
                prefix,
            });
        }
        if let Some(path) = text.strip_prefix("file://") {
            if !path.starts_with('/') {
                return Err("must be file:///directory with three slashes".to_owned());
            }
            return Ok(StateLocation::Directory(PathBuf::from(path)));
        }
        if text.is_empty() || text.contains("://") {
            return Err("must be s3://bucket/prefix/, file:///directory or a directory".to_owned());
        }
        Ok(StateLocation::Directory(PathBuf::from(text)))
    }
}

/// A bucket's name and nothing around it.
pub(super) fn check_bucket(name: &str) -> Result<(), String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    if (3..=63).contains(&name.len()) && name.chars().all(allowed) {
        return Ok(());
    }
    Err("must be a bucket's name alone: 3 to 63 letters, digits, - and .".to_owned())
}

impl fmt::Display for StateLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StateLocation::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
            StateLocation::Directory(path) => write!(f, "{}", path.display()),
            StateLocation::BesideObject { prefix } => {
                write!(f, "{prefix} in the bucket of each object")
            }
        }
    }
}

impl Shown for StateLocation {
    fn toml(&self) -> String {
        toml_text(&self.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn s3(bucket: &str, prefix: &str) -> StateLocation {
        StateLocation::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    #[test]
    fn every_form_of_a_location_is_read() {
        let cases = [
            ("s3://state", s3("state", "")),
            ("s3://state/", s3("state", "")),
            ("s3://state/a/b", s3("state", "a/b/")),
            ("s3://state/a/b/", s3("state", "a/b/")),
            (
                "file:///var/state",
                StateLocation::Directory("/var/state".into()),
            ),
            ("./state", StateLocation::Directory("./state".into())),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<StateLocation>().unwrap(), expected, "{text}");
        }
        for text in ["", "s3://", "s3:///x", "file://x", "https://bucket/x"] {
            assert!(text.parse::<StateLocation>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_path_below_it_has_a_place() {
        let beside = StateLocation::BesideObject {
            prefix: "state/".to_owned(),
        };
        for (state, place) in [
            (s3("b", "state/"), "s3://b/state/receipts/r.json"),
            (s3("b", ""), "s3://b/receipts/r.json"),
            (beside, "s3://audiences/state/receipts/r.json"),
            (
                StateLocation::Directory("/var/state".into()),
                "/var/state/receipts/r.json",
            ),
        ] {
            assert_eq!(state.place_of("receipts/r.json", "audiences"), place);
        }
    }

    #[test]
    fn a_prefix_ends_at_a_slash_so_that_a_longer_name_is_not_inside() {
        let state = s3("b", "state/");
        assert!(state.contains("b", "state/receipts/x.json"));
        assert!(!state.contains("b", "state-of-affairs/x.csv"));
        assert!(!state.contains("c", "state/x"));
    }
}
