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

/// The bucket's name that receipts show for files of this machine.
const LOCAL: &str = "local";

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
    if address.bucket == LOCAL {
        let directory = Path::new(&arguments.object)
            .parent()
            .unwrap_or(Path::new(""));
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
    fn resolve<'c>(&self, config: &'c Config) -> anyhow::Result<(ObjectAddress, &'c Route)> {
        let address = match self.object.strip_prefix("s3://") {
            Some(rest) => match rest.split_once('/') {
                Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                    address(bucket, key)
                }
                _ => bail!("{} names no object: write s3://bucket/key", self.object),
            },
            None => self.local(config)?,
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

    fn local(&self, config: &Config) -> anyhow::Result<ObjectAddress> {
        if matches!(config.state, StateLocation::BesideObject { .. }) {
            bail!(
                "a file of this machine has no bucket to keep its receipt in: set [state] location"
            );
        }
        let name = Path::new(&self.object)
            .file_name()
            .and_then(|name| name.to_str());
        let name = name.with_context(|| format!("{:?} names no file", self.object))?;
        Ok(address(LOCAL, name))
    }

    #[expect(clippy::print_stdout, reason = "the command's result")]
    fn tell(&self, ended: Result<End, Halt>) -> Exit {
        match ended {
            Ok(End::Receipted(receipt)) if self.json => {
                println!(
                    "{}",
                    serde_json::to_string_pretty(&receipt).unwrap_or_default()
                );
                Exit::Done
            }
            Ok(End::Receipted(receipt)) => {
                print!("{}", receipt::summary(&receipt));
                Exit::Done
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

fn address(bucket: &str, key: &str) -> ObjectAddress {
    ObjectAddress {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version_id: None,
    }
}
