//! `check-config`: what holds, and from where.

use clap::Args;

use super::configuration::Configuration;
use super::{Exit, exit};
use crate::config::Purpose;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    configuration: Configuration,
}

#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the command's result"
)]
pub(super) async fn run(arguments: Arguments) -> Exit {
    match arguments.configuration.load(Purpose::Worker).await {
        Ok(config) => {
            for notice in &config.notices {
                eprintln!("note: {notice}");
            }
            for summary in config.route_summaries() {
                eprintln!("{summary}");
            }
            print!("{}", config.explain());
            Exit::Done
        }
        Err(error) => exit::usage(&error),
    }
}
