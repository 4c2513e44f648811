//! `demo`: the whole service in one process, without Docker and without AWS.
//!
//! Nothing of it is staged: the worker, its pipeline and its HTTP calls are those of
//! the service. Only the places are others: the queue is in memory, objects and
//! receipts are in a directory, and Meta is the simulator.

mod people;
mod stage;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use tokio_util::sync::CancellationToken;

use super::{Exit, exit, progress_bar, receipt, signals};
use crate::admin::Server;
use crate::app::{Parts, Worker};
use crate::telemetry::init_logs;
use stage::Stage;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// How many people to generate; the same number gives the same people
    #[arg(long, value_name = "NUMBER", default_value_t = 100_000)]
    people: u64,
    /// Keep files and receipts in this directory, instead of one that is removed at the end
    #[arg(long)]
    directory: Option<PathBuf>,
    /// Go on serving health and metrics until ctrl-c
    #[arg(long)]
    keep: bool,
}

pub(super) async fn run(arguments: Arguments) -> Exit {
    match play(&arguments).await {
        Ok(exit) => exit,
        Err(error) => exit::failed(&error),
    }
}

#[expect(clippy::print_stdout, reason = "the command's result")]
async fn play(arguments: &Arguments) -> anyhow::Result<Exit> {
    let stage = Stage::set(arguments.directory.as_deref(), arguments.people)
        .await
        .context("cannot set up the demo")?;
    init_logs(stage.config.log.format, stage.config.log.level);
    let (places, queue) = stage.places()?;
    let parts = Arc::new(Parts::new(stage.config.clone(), places)?);
    let server = Server::bind(stage.config.admin.listen).await?;
    let admin = server.address();
    println!(
        "people      {} who do not exist, in {}",
        arguments.people,
        stage.directory().display()
    );
    println!("meta        simulated at {}", stage.simulator.endpoint());
    println!("metrics     http://{admin}/metrics (health: /livez, /readyz)\n");

    let stop = CancellationToken::new();
    signals::watch(stop.clone());
    tokio::spawn(server.run(
        parts.health.clone(),
        parts.metrics.clone(),
        CancellationToken::new(),
    ));
    let worker = tokio::spawn(Worker::new(parts.clone(), stop.clone()).run());

    for object in &stage.objects {
        let began = Instant::now();
        queue.send(stage.event(object).await?);
        let in_hand = || {
            parts
                .board
                .in_hand()
                .first()
                .map(|progress| progress.snapshot())
        };
        let drained = async {
            tokio::select! {
                () = queue.emptied() => {}
                () = stop.cancelled() => {}
            }
        };
        progress_bar::show(in_hand, drained).await;
        if stop.is_cancelled() {
            break;
        }
        let stored = stage
            .receipt(object)
            .await?
            .context("there is no receipt")?;
        println!("{object}\n  {}", receipt::summary(&stored));
        let rate = arguments.people as f64 / began.elapsed().as_secs_f64();
        println!(
            "  speed      {rate:>10.0} rows a second, with the simulator on the same machine\n"
        );
    }
    print!("{}", stage.arrived());

    let interrupted = stop.is_cancelled();
    if arguments.keep && !interrupted {
        println!("\nserving http://{admin} until you press ctrl-c");
        stop.cancelled().await;
    }
    stop.cancel();
    let ended = worker.await.unwrap_or(false);
    stage.strike().await?;
    Ok(if interrupted || !ended {
        Exit::Interrupted
    } else {
        Exit::Done
    })
}
