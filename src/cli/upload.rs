//! `upload`: one file or object, now.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::configuration::Configuration;
use super::{Exit, exit, progress_bar, receipt, signals};
use crate::app::{Activation, End, Halt, Parts, Places, Progress, aws};
use crate::config::{Config, Purpose, Route, StateLocation};
use crate::object::LocalSource;
use crate::object::version::ObjectAddress;
use crate::receipts::Status;

/// The bucket's name that receipts show for files of this machine.
const LOCAL: &str = "local";

const S3: &str = "s3://";

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A file of this machine, or s3://bucket/key
    #[arg(value_name = "FILE|s3://BUCKET/KEY")]
    object: String,
    #[command(flatten)]
    configuration: Configuration,
    /// The route that says how columns map and where rows go; needed unless the
    /// configuration has only one, or the object's prefix says which
    #[arg(long, value_name = "NAME")]
    route: Option<String>,
    /// Send again what was delivered before, with the same event ids
    #[arg(long)]
    force: bool,
    /// Print the whole receipt as JSON, for scripts
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Exit {
    let config = match arguments
        .configuration
        .load_with_log(Purpose::OneShot)
        .await
    {
        Ok(config) => config,
        Err(error) => return exit::usage(&error),
    };
    let (address, route) = match arguments.resolve(&config) {
        Ok(resolved) => resolved,
        Err(error) => return exit::usage(&error),
    };
    let mut places = Places::on_aws(&config, &aws::load().await);
    if let Some(file) = arguments.file() {
        let directory = file.parent().unwrap_or(Path::new(""));
        places.source = Arc::new(LocalSource::of_directory(LOCAL, directory));
    }
    let parts = match Parts::new(config.clone(), places) {
        Ok(parts) => parts,
        Err(error) => return exit::failed(&error.into()),
    };
    let halt = CancellationToken::new();
    tokio::spawn(signals::watch(halt.clone()));
    let progress = Arc::new(Progress::default());
    let activation = Activation {
        parts: &parts,
        route,
        address: &address,
        key_may_be_encoded: false,
        replay: None,
        force: arguments.force,
        halt,
        progress: progress.clone(),
    };
    let ended = progress_bar::show(|| Some(progress.snapshot()), activation.run()).await;
    arguments.tell(ended)
}

impl Arguments {
    /// The file of this machine; `None` for an object in S3.
    fn file(&self) -> Option<&Path> {
        (!self.object.starts_with(S3)).then(|| Path::new(&self.object))
    }

    fn resolve<'c>(&self, config: &'c Config) -> anyhow::Result<(ObjectAddress, &'c Route)> {
        let address = match self.file() {
            Some(file) => local(file, config)?,
            None => in_s3(&self.object)?,
        };
        let by_name = |name: &String| config.routes.iter().find(|route| route.name == *name);
        let route = match (&self.route, config.routes.as_slice()) {
            (Some(name), _) => {
                by_name(name).with_context(|| format!("the configuration has no route {name:?}"))?
            }
            (None, [only]) => only,
            (None, _) => config
                .route_for(&address.bucket, &address.key)
                .ok_or_else(|| {
                    let names: Vec<_> = config
                        .routes
                        .iter()
                        .map(|route| route.name.as_str())
                        .collect();
                    anyhow!("say with --route which route to take: {}", names.join(", "))
                })?,
        };
        Ok((address, route))
    }

    #[expect(clippy::print_stdout, reason = "the command's result")]
    fn tell(&self, ended: Result<End, Halt>) -> Exit {
        match ended {
            Ok(End::Receipted(receipt)) => {
                if self.json {
                    println!(
                        "{}",
                        serde_json::to_string_pretty(&receipt).unwrap_or_default()
                    );
                } else {
                    print!("{}", receipt::summary(&receipt));
                }
                match receipt.status {
                    // No event announces the version that took its place.
                    Status::Superseded => Exit::Failed,
                    _ => Exit::Done,
                }
            }
            Ok(End::AlreadyDelivered) => {
                println!(
                    "delivered before, and not changed since; nothing was sent (--force sends it again)"
                );
                Exit::Done
            }
            Ok(End::Marker(marker)) => {
                println!("no data ({}); nothing was sent", marker.name());
                Exit::Done
            }
            Err(halt) => exit::halted(&halt),
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

fn local(file: &Path, config: &Config) -> anyhow::Result<ObjectAddress> {
    if matches!(config.state, StateLocation::BesideObject { .. }) {
        bail!("a file of this machine has no bucket to keep its receipt in: set [state] location");
    }
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
    use crate::config::Environment;

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

    fn arguments(object: &str) -> Arguments {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            arguments: Arguments,
        }
        let line = <Line as clap::Parser>::parse_from(["upload", object]);
        line.arguments
    }

    #[test]
    fn a_bucket_may_have_any_name() {
        let arguments = arguments("s3://local/a/b.csv");
        let config = config();
        let (address, _) = arguments.resolve(&config).unwrap();
        assert_eq!(
            (address.bucket.as_str(), address.key.as_str()),
            ("local", "a/b.csv")
        );
        assert!(arguments.file().is_none(), "an object of S3 is no file");
    }

    #[test]
    fn a_file_is_known_by_its_name_wherever_it_lies() {
        let directory = tempfile::tempdir().unwrap();
        let config = config();
        for name in ["a b.csv", "50%.csv", "ümläut", "..csv", "new\nline"] {
            let path = directory.path().join(name);
            std::fs::write(&path, "email\n").unwrap();
            let arguments = arguments(path.to_str().unwrap());
            let (address, _) = arguments.resolve(&config).unwrap();
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
            let error = arguments(object).resolve(&config).unwrap_err();
            assert!(error.to_string().contains(object), "{error}");
        }
        for object in ["s3://bucket", "s3:///key", "s3://bucket/"] {
            assert!(arguments(object).resolve(&config).is_err(), "{object}");
        }
    }
}
