//! `worker`: the service.

use std::sync::Arc;

use clap::Args;
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::configuration::Configuration;
use super::signals;
use super::{Exit, exit};
use crate::admin::Server;
use crate::app::{Parts, Places, TaskProtection, Worker, aws};
use crate::config::Purpose;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    configuration: Configuration,
}

pub(super) async fn run(arguments: Arguments) -> Exit {
    // First of all: as the first process of a container it would not even end by a signal
    // that it does not watch for.
    let stop = CancellationToken::new();
    signals::watch(stop.clone());
    let config = match arguments.configuration.load_with_log(Purpose::Worker).await {
        Ok(config) => config,
        Err(error) => return exit::usage(&error),
    };
    let places = Places::on_aws(&config, &aws::load().await);
    let parts = match Parts::new(config.clone(), places) {
        Ok(parts) => Arc::new(parts),
        Err(error) => return exit::failed(&error.into()),
    };
    let server = match Server::bind(config.admin.listen).await {
        Ok(server) => server,
        Err(error) => return exit::usage(&error.into()),
    };
    info!(
        version = env!("CARGO_PKG_VERSION"),
        admin = %server.address(),
        routes = config.routes.len(),
        "audience-activator starts"
    );
    let listening = CancellationToken::new();
    let admin = tokio::spawn(server.run(
        parts.health.clone(),
        parts.metrics.clone(),
        listening.clone(),
    ));

    let worker = Worker::new(parts, stop).with_task_protection(TaskProtection::of_environment());
    let ended = worker.run().await;
    // Health and metrics are told to the last.
    listening.cancel();
    let _ = admin.await;
    info!("audience-activator has stopped");
    if ended { Exit::Done } else { Exit::Interrupted }
}
