//! What `upload` and `validate` share: the object they are about, and its route.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::Args;

use crate::config::{Config, Route};
use crate::object::version::ObjectAddress;
use crate::object::{LocalSource, ObjectSource};

/// The bucket's name that receipts show for files of this machine.
const LOCAL: &str = "local";

const S3: &str = "s3://";

#[derive(Debug, Args)]
pub(super) struct ObjectArgument {
    /// A file of this machine, or s3://bucket/key
    #[arg(value_name = "FILE|s3://BUCKET/KEY")]
    object: String,
    /// The route that says how columns map and where rows go; needed unless the
    /// configuration has only one, or the object's prefix says which
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
}

/// What somebody means by a path or an `s3://` address, and where a file of this machine is
/// read; `None` for an object in S3.
pub(super) fn find(object: &str) -> anyhow::Result<(ObjectAddress, Option<Arc<dyn ObjectSource>>)> {
    let argument = ObjectArgument {
        object: object.to_owned(),
        route: None,
    };
    let address = match argument.file() {
        Some(file) => local(file)?,
        None => in_s3(object)?,
    };
    Ok((address, argument.local_source()))
}

impl ObjectArgument {
    /// The file of this machine; `None` for an object in S3.
    pub(super) fn file(&self) -> Option<&Path> {
        (!self.object.starts_with(S3)).then(|| Path::new(&self.object))
    }

    /// Where the file of this machine is read; `None` for an object in S3.
    pub(super) fn local_source(&self) -> Option<Arc<dyn ObjectSource>> {
        let directory = self.file()?.parent().unwrap_or(Path::new(""));
        Some(Arc::new(LocalSource::of_directory(LOCAL, directory)))
    }

    pub(super) fn names_route(&self) -> bool {
        self.route.is_some()
    }

    pub(super) fn resolve<'c>(
        &self,
        config: &'c Config,
    ) -> anyhow::Result<(ObjectAddress, &'c Route)> {
        let address = match self.file() {
            Some(file) => local(file)?,
            None => in_s3(&self.object)?,
        };
        let route = self.route(config, &address)?;
        Ok((address, route))
    }

    fn route<'c>(&self, config: &'c Config, address: &ObjectAddress) -> anyhow::Result<&'c Route> {
        let by_name = |name: &String| config.routes.iter().find(|route| route.name == *name);
        match (&self.route, config.routes.as_slice()) {
            (Some(name), _) => {
                by_name(name).with_context(|| format!("the configuration has no route {name:?}"))
            }
            (None, [only]) => Ok(only),
            (None, _) => config
                .route_for(&address.bucket, &address.key)
                .ok_or_else(|| {
                    let names: Vec<_> = config
                        .routes
                        .iter()
                        .map(|route| route.name.as_str())
                        .collect();
                    anyhow!("say with --route which route to take: {}", names.join(", "))
                }),
        }
    }
}

fn in_s3(object: &str) -> anyhow::Result<ObjectAddress> {
    match object
        .strip_prefix(S3)
        .and_then(|rest| rest.split_once('/'))
    {
        Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => Ok(address(bucket, key)),
        _ => bail!("{object} names no object: write s3://bucket/key"),
    }
}

fn local(file: &Path) -> anyhow::Result<ObjectAddress> {
    let name = file.file_name().and_then(|name| name.to_str());
    match name {
        // Said of the file as it was written: its address names another place.
        Some(name) if file.is_file() => Ok(address(LOCAL, name)),
        _ => bail!("there is no file {}", file.display()),
    }
}

fn address(bucket: &str, key: &str) -> ObjectAddress {
    ObjectAddress {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version_id: None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::config::{Environment, Purpose};

    fn config() -> Config {
        let text = r#"
[state]
location = "./state"
[[route]]
name = "a"
bucket = "audiences"
prefix = "a/"
credentials = "ssm:/meta"
columns = "auto"
[route.custom_audience]
audience = "1"
mode = "add"
"#;
        Config::parse("test", text, &Environment::default(), Purpose::OneShot).unwrap()
    }

    fn argument(object: &str) -> ObjectArgument {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            object: ObjectArgument,
        }
        let line = <Line as clap::Parser>::parse_from(["upload", object]);
        line.object
    }

    #[test]
    fn a_bucket_may_have_any_name() {
        let argument = argument("s3://local/a/b.csv");
        let config = config();
        let (address, _) = argument.resolve(&config).unwrap();
        assert_eq!(
            (address.bucket.as_str(), address.key.as_str()),
            ("local", "a/b.csv")
        );
        assert!(argument.file().is_none(), "an object of S3 is no file");
    }

    #[test]
    fn a_file_is_known_by_its_name_wherever_it_lies() {
        let directory = tempfile::tempdir().unwrap();
        let config = config();
        for name in ["a b.csv", "50%.csv", "ümläut", "..csv", "new\nline"] {
            let path = directory.path().join(name);
            std::fs::write(&path, "email\n").unwrap();
            let argument = argument(path.to_str().unwrap());
            let (address, _) = argument.resolve(&config).unwrap();
            assert_eq!(
                (address.bucket.as_str(), address.key.as_str()),
                (LOCAL, name)
            );
        }
    }

    #[test]
    fn what_is_no_file_is_told_by_the_name_that_was_given() {
        let directory = tempfile::tempdir().unwrap();
        let config = config();
        for object in ["missing.csv", "/", "..", directory.path().to_str().unwrap()] {
            let error = argument(object).resolve(&config).unwrap_err();
            assert!(error.to_string().contains(object), "{error}");
        }
        for object in ["s3://bucket", "s3:///key", "s3://bucket/"] {
            assert!(argument(object).resolve(&config).is_err(), "{object}");
        }
    }
}
