//! `upload`: one file or object, now.

use std::sync::Arc;

use anyhow::bail;
use clap::Args;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::configuration::Configuration;
use super::object_argument::ObjectArgument;
use super::{Exit, exit, progress_bar, receipt, signals};
use crate::app::{Activation, End, Halt, Parts, Places, Progress, aws};
use crate::config::{Config, Purpose, Route, StateLocation};
use crate::object::version::ObjectAddress;
use crate::receipts::Status;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    object: ObjectArgument,
    #[command(flatten)]
    configuration: Configuration,
    /// Send again what was delivered before, with the same event ids
    #[arg(long)]
    force: bool,
    /// Print one JSON object, for scripts: the whole receipt, or why there is none
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
    if let Some(source) = arguments.object.local_source() {
        places.source = source;
    }
    let parts = match Parts::new(config.clone(), places) {
        Ok(parts) => parts,
        Err(error) => return exit::failed(&error.into()),
    };
    let halt = CancellationToken::new();
    signals::watch(halt.clone());
    let progress = Arc::new(Progress::default());
    let activation = Activation {
        parts: &parts,
        route,
        address: &address,
        key_may_be_encoded: false,
        replay: None,
        force: arguments.force,
        // Whoever is at the keyboard decides how often.
        may_quarantine: false,
        halt,
        progress: progress.clone(),
    };
    let ended = progress_bar::show(|| Some(progress.snapshot()), activation.run()).await;
    arguments.tell(&ended);
    match ended {
        // No event announces the version that took its place.
        Ok(End::Receipted(receipt)) if receipt.status == Status::Superseded => Exit::Failed,
        Ok(End::Quarantined { .. }) => Exit::Refused,
        Ok(_) => Exit::Done,
        Err(halt) => exit::halted(&halt),
    }
}

impl Arguments {
    fn resolve<'c>(&self, config: &'c Config) -> anyhow::Result<(ObjectAddress, &'c Route)> {
        let is_file = self.object.file().is_some();
        if is_file && matches!(config.state, StateLocation::BesideObject { .. }) {
            bail!(
                "a file of this machine has no bucket to keep its receipt in: set [state] location"
            );
        }
        let (address, route) = self.object.resolve(config)?;
        if route.run.is_some() {
            bail!(
                "route {} replaces an audience's members by all objects of a run together, and one object is not a run: \
                 announce the run's folder to a worker with replay, or give the file to a route with mode = \"add\"",
                route.name
            );
        }
        Ok((address, route))
    }

    #[expect(clippy::print_stdout, reason = "the command's result")]
    fn tell(&self, ended: &Result<End, Halt>) {
        if self.json {
            println!("{:#}", as_json(ended));
            return;
        }
        match ended {
            Ok(End::Receipted(receipt) | End::Quarantined { receipt, .. }) => {
                print!("{}", receipt::summary(receipt));
            }
            Ok(End::AlreadyDelivered) => println!(
                "delivered before, and not changed since; nothing was sent (--force sends it again)"
            ),
            Ok(End::Marker(marker)) => println!("no data ({}); nothing was sent", marker.name()),
            // Said on standard error.
            Err(_) => {}
        }
    }
}

/// The receipt; or, where there is none, its first fields.
fn as_json(ended: &Result<End, Halt>) -> Value {
    match ended {
        Ok(End::Receipted(receipt) | End::Quarantined { receipt, .. }) => {
            serde_json::to_value(receipt).unwrap_or_default()
        }
        Ok(end) => json!({ "status": end.status() }),
        Err(halt) => {
            let mut told = match halt {
                Halt::Refused(refusal) => {
                    serde_json::to_value(refusal.status()).unwrap_or_default()
                }
                other => json!({ "status": other.status() }),
            };
            told["explanation"] = halt.to_string().into();
            told
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Refusal;
    use crate::object::Marker;

    #[test]
    fn every_end_is_one_object_with_a_status() {
        for (ended, status) in [
            (Ok(End::AlreadyDelivered), "already_delivered"),
            (Ok(End::Marker(Marker::Success)), "success_marker"),
            (Err(Halt::Halted), "halted"),
            (Err(Halt::Refused(Refusal::NoDataset)), "refused"),
            (
                Err(Halt::Refused(Refusal::Blocked {
                    rejected: 7,
                    of: 10,
                })),
                "blocked",
            ),
        ] {
            let told = as_json(&ended);
            assert_eq!(told["status"], status);
            assert_eq!(told["explanation"].is_string(), ended.is_err(), "{told}");
        }
        let refused = as_json(&Err(Halt::Refused(Refusal::NoDataset)));
        assert_eq!(refused["reason"], "no_dataset");
    }
}
