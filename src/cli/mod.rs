//! The command line: one file for each subcommand.

mod check_config;
mod configuration;
mod demo;
mod exit;
mod healthcheck;
mod progress_bar;
mod receipt;
mod signals;
mod upload;
mod worker;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

pub use exit::Exit;

/// Delivers audiences from S3 to Meta: complete, once, and with proof.
#[derive(Debug, Parser)]
#[command(name = "audience-activator", version, about, after_long_help = exit::HELP, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Drain the queue until told to stop: the service
    Worker(worker::Arguments),
    /// Deliver one file or S3 object now, with a progress bar
    Upload(upload::Arguments),
    /// Check the configuration and print the effective settings, secrets masked
    CheckConfig(check_config::Arguments),
    /// Ask the worker on this machine whether it is alive (for images without a shell)
    Healthcheck(healthcheck::Arguments),
    /// Run the whole service offline, against generated people and a simulated Meta
    Demo(demo::Arguments),
}

/// Runs one command; what it has to say is printed or logged before it returns.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let usage = error.use_stderr();
            // Help and version are results, and go to standard output.
            let _ = error.print();
            return if usage { Exit::Usage } else { Exit::Done };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return exit::failed(&anyhow::Error::new(error).context("cannot start the runtime"));
        }
    };
    let exit = runtime.block_on(async {
        match arguments.command {
            Command::Worker(arguments) => worker::run(arguments).await,
            Command::Upload(arguments) => upload::run(arguments).await,
            Command::CheckConfig(arguments) => check_config::run(arguments).await,
            Command::Healthcheck(arguments) => healthcheck::run(&arguments).await,
            Command::Demo(arguments) => demo::run(arguments).await,
        }
    });
    // A blocking call that hangs (a name server, say) must not hold up the end.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    exit
}
