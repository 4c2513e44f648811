//! Meta's Graph API, as far as audience-activator uses it. See `simulator --help`.

use std::{error::Error as _, io::IsTerminal as _, process::ExitCode};

use clap::Parser as _;
use simulator::cli::Cli;
use tracing_subscriber::EnvFilter;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match cli.run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut cause = error.source();
            let mut text = error.to_string();
            while let Some(error) = cause {
                text.push_str(": ");
                text.push_str(&error.to_string());
                cause = error.source();
            }
            tracing::error!("{text}");
            ExitCode::FAILURE
        }
    }
}
