//! `validate`: what would become of a file, with nothing sent.

mod advice;
mod json;
mod text;

use std::sync::Arc;

use anyhow::bail;
use clap::{Args, ValueEnum};
use tokio_util::sync::CancellationToken;

use super::configuration::Configuration;
use super::object_argument::ObjectArgument;
use super::{Exit, exit, progress_bar, signals};
use crate::app::{Findings, Halt, Progress, Validation, Verdict, aws};
use crate::config::{Config, Environment, Purpose};
use crate::identity::key::Api;
use crate::object::{ObjectSource, S3Source};
use crate::telemetry::init_logs;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    object: ObjectArgument,
    #[command(flatten)]
    configuration: Configuration,
    /// Where rows would go, where there is no configuration yet: columns are then
    /// recognised by their headers
    #[arg(long, value_name = "API")]
    to: Option<To>,
    /// How many of the first rows to show as they would go out: hashed, but for what Meta
    /// takes as it is, such as an audience's external ids or the value of a purchase
    #[arg(long, value_name = "N", default_value_t = 3)]
    rows: usize,
    /// Look at the first N rows only
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    sample: Option<u64>,
    /// Print one JSON object, for scripts
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum To {
    Conversions,
    CustomAudience,
}

impl From<To> for Api {
    fn from(to: To) -> Api {
        match to {
            To::Conversions => Api::Conversions,
            To::CustomAudience => Api::CustomAudience,
        }
    }
}

pub(super) async fn run(arguments: Arguments) -> Exit {
    let config = match arguments.config().await {
        Ok(config) => config,
        Err(error) => return exit::usage(&error),
    };
    let (address, route) = match arguments.object.resolve(&config) {
        Ok(resolved) => resolved,
        Err(error) => return exit::usage(&error),
    };
    let source: Arc<dyn ObjectSource> = match arguments.object.local_source() {
        Some(source) => source,
        None => Arc::new(S3Source::new(aws::s3(&aws::load().await))),
    };
    let halt = CancellationToken::new();
    signals::watch(halt.clone());
    let progress = Arc::new(Progress::default());
    let validation = Validation {
        source,
        config: &config,
        route,
        address: &address,
        as_new: !arguments.configuration.is_given(),
        shown_rows: arguments.rows,
        most_rows: arguments.sample.unwrap_or(u64::MAX),
        halt,
        progress: progress.clone(),
    };
    let found = progress_bar::show(|| Some(progress.snapshot()), validation.run()).await;
    let told = Told {
        config: &config,
        stands_in: !arguments.configuration.is_given(),
        sample: arguments.sample,
    };
    match found {
        Ok(findings) => arguments.tell(&told, &findings),
        Err(halt) => arguments.failed(&halt),
    }
}

/// What the findings are told with.
struct Told<'a> {
    config: &'a Config,
    /// Whether there is no configuration, and so no id of where to send to.
    stands_in: bool,
    /// How many rows were looked at, at most.
    sample: Option<u64>,
}

impl Arguments {
    /// Without a configuration, one that stands in for it.
    async fn config(&self) -> anyhow::Result<Arc<Config>> {
        if self.configuration.is_given() {
            if self.to.is_some() {
                bail!(
                    "--to stands in for a configuration, and there is one: leave out --to, or --config and ACTIVATOR_CONFIG"
                );
            }
            return self.configuration.load_with_log(Purpose::OneShot).await;
        }
        if self.object.names_route() {
            bail!(
                "without --config or ACTIVATOR_CONFIG there is no route to choose: leave out --route"
            );
        }
        let api = self.to.map_or(Api::CustomAudience, Api::from);
        let config = Config::stand_in(api, &Environment::of_process())?;
        init_logs(config.log.format, config.log.level);
        Ok(Arc::new(config))
    }

    #[expect(clippy::print_stdout, reason = "the command's result")]
    fn tell(&self, told: &Told<'_>, findings: &Findings) -> Exit {
        if self.json {
            println!("{:#}", json::of(told, findings));
        } else {
            print!("{}", text::of(told, findings));
        }
        match findings.verdict {
            Verdict::Deliverable | Verdict::Skipped(_) => Exit::Done,
            Verdict::Refused(_) => Exit::Refused,
        }
    }

    #[expect(clippy::print_stdout, reason = "the command's result")]
    fn failed(&self, halt: &Halt) -> Exit {
        if self.json {
            println!("{:#}", json::of_failure(halt));
        }
        exit::halted(halt)
    }
}
