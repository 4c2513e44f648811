//! What somebody asks the state of, recognised by how it is written.

use anyhow::bail;

use crate::config::Config;
use crate::receipts::ObjectDescription;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    All,
    Route(String),
    /// All objects of one folder; of a whole bucket where it is empty.
    Run {
        bucket: String,
        folder: String,
    },
    Object {
        bucket: String,
        key: String,
    },
}

impl Subject {
    pub(super) fn recognise(text: Option<&str>, config: &Config) -> anyhow::Result<Subject> {
        let Some(text) = text else {
            return Ok(Subject::All);
        };
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
            if bucket.is_empty() {
                bail!("{text} names no bucket: write s3://bucket/folder/ or s3://bucket/key");
            }
            let (bucket, key) = (bucket.to_owned(), key.to_owned());
            return Ok(if key.is_empty() || key.ends_with('/') {
                Subject::Run {
                    bucket,
                    folder: key,
                }
            } else {
                Subject::Object { bucket, key }
            });
        }
        if config.routes.iter().any(|route| route.name == text) {
            return Ok(Subject::Route(text.to_owned()));
        }
        let names: Vec<_> = config.routes.iter().map(|route| &*route.name).collect();
        bail!(
            "the configuration has no route {text:?}: name one ({}), or s3://bucket/folder/ for a run, \
             or s3://bucket/key for an object",
            names.join(", ")
        )
    }

    pub(super) fn route(&self) -> Option<&str> {
        match self {
            Subject::Route(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn bucket(&self) -> Option<&str> {
        match self {
            Subject::All | Subject::Route(_) => None,
            Subject::Run { bucket, .. } | Subject::Object { bucket, .. } => Some(bucket),
        }
    }

    pub(super) fn holds(&self, object: &ObjectDescription) -> bool {
        match self {
            Subject::All | Subject::Route(_) => true,
            Subject::Run { bucket, folder } => {
                object.bucket == *bucket && object.key.starts_with(folder.as_str())
            }
            Subject::Object { bucket, key } => object.bucket == *bucket && object.key == *key,
        }
    }

    /// For scripts.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Subject::All => "all",
            Subject::Route(_) => "route",
            Subject::Run { .. } => "run",
            Subject::Object { .. } => "object",
        }
    }

    /// As it was written; `None` for everything.
    pub(super) fn name(&self) -> Option<String> {
        match self {
            Subject::All => None,
            Subject::Route(name) => Some(name.clone()),
            Subject::Run { bucket, folder } => Some(format!("s3://{bucket}/{folder}")),
            Subject::Object { bucket, key } => Some(format!("s3://{bucket}/{key}")),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::tests::config;
    use super::*;

    #[test]
    fn each_form_of_the_argument_is_recognised() {
        let config = config();
        let owned = str::to_owned;
        for (text, expected) in [
            (None, Subject::All),
            (Some("members"), Subject::Route(owned("members"))),
            (
                Some("s3://audiences/lists/run-1/"),
                Subject::Run {
                    bucket: owned("audiences"),
                    folder: owned("lists/run-1/"),
                },
            ),
            (
                Some("s3://audiences"),
                Subject::Run {
                    bucket: owned("audiences"),
                    folder: String::new(),
                },
            ),
            (
                Some("s3://audiences/lists/a b%20.csv"),
                Subject::Object {
                    bucket: owned("audiences"),
                    key: owned("lists/a b%20.csv"),
                },
            ),
        ] {
            let found = Subject::recognise(text, &config).unwrap();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_is_none_of_them_is_told_with_the_routes_there_are() {
        let error = Subject::recognise(Some("memebers"), &config()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("\"memebers\": name one (members)"),
            "{error}"
        );
        assert!(Subject::recognise(Some("s3:///key"), &config()).is_err());
    }
}
