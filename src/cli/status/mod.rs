//! `status`: what became of objects, as the ledger has it.
//!
//! Reads and never writes. What it cannot read it says, and shows the rest.

mod detail;
mod gather;
mod line;
mod subject;
mod table;
mod text;
mod totals;

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::bail;
use clap::Args;

use super::configuration::Configuration;
use super::{Exit, exit, output, progress_bar};
use crate::app::{Places, aws};
use crate::config::{Config, Purpose, StateLocation};
use crate::ledger::LedgerError;
use crate::object::S3Source;
use line::Standing;
use subject::Subject;
use text::Told;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A route's name, s3://bucket/folder/ for a run, or s3://bucket/key for one object;
    /// everything without it
    #[arg(value_name = "ROUTE|s3://BUCKET/FOLDER/|s3://BUCKET/KEY")]
    subject: Option<String>,
    /// Show only objects in this state; may be given several times
    ///
    /// Totals are of all objects all the same.
    #[arg(long, value_name = "STATE")]
    state: Vec<Standing>,
    /// Show so many objects at most, those that changed last; 0 for all
    ///
    /// Totals are of all objects all the same.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// Only objects of this bucket; needed where the configuration has no [state] location,
    /// and so each bucket keeps its own
    #[arg(long, value_name = "BUCKET")]
    bucket: Option<String>,
    /// Print one JSON object, for scripts
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    configuration: Configuration,
}

pub(super) async fn run(arguments: Arguments) -> Exit {
    let loaded = arguments
        .configuration
        .load_with_log(Purpose::OneShot)
        .await;
    let (config, subject) = match loaded.and_then(|config| arguments.subject(config)) {
        Ok(found) => found,
        Err(error) => return exit::usage(&error),
    };
    let aws = aws::load().await;
    let ledger = Places::on_aws(&config, &aws).ledger;
    let bucket = arguments.bucket.as_deref().or(subject.bucket());
    let read = AtomicU64::default();
    let gathering = gather::entries(&*ledger, &config, &subject, bucket, &read);
    let counted = || format!("{} ledger entries read", read.load(Ordering::Relaxed));
    let mut gathered = progress_bar::tell(counted, gathering).await;
    let source = S3Source::new(aws::s3(&aws));
    let looking = gather::bucket(&source, &config, &subject, &gathered.lines);
    let mut looked = progress_bar::tell(|| "looking at the bucket".to_owned(), looking).await;
    if let Some(Ok(seen)) = &mut looked {
        gathered.lines.append(&mut seen.not_begun);
    }
    let told = Told::new(
        subject,
        gathered.lines,
        gathered.failure.is_none(),
        looked,
        &arguments.state,
        arguments.limit,
    );
    arguments.tell(&told, gathered.failure)
}

impl Arguments {
    fn subject(&self, config: Arc<Config>) -> anyhow::Result<(Arc<Config>, Subject)> {
        let subject = Subject::recognise(self.subject.as_deref(), &config)?;
        if let (Some(given), Some(named)) = (self.bucket.as_deref(), subject.bucket())
            && given != named
        {
            bail!("--bucket {given} and s3://{named} are two buckets: leave out --bucket");
        }
        let is_beside = matches!(config.state, StateLocation::BesideObject { .. });
        if is_beside && self.bucket.is_none() && subject.bucket().is_none() {
            bail!(
                "without a [state] location each bucket keeps the state of its own objects: say which with --bucket"
            );
        }
        Ok((config, subject))
    }

    fn tell(&self, told: &Told, failure: Option<LedgerError>) -> Exit {
        let text = if self.json {
            format!("{:#}\n", told.as_json())
        } else {
            told.as_text(width())
        };
        if let Err(error) = output::write(&text) {
            return exit::failed(&error.into());
        }
        match failure {
            None => Exit::Done,
            Some(error @ LedgerError::Setup(_)) => exit::ended(&error.into(), Exit::RouteStopped),
            Some(error) => exit::failed(&error.into()),
        }
    }
}

/// Of the terminal that standard output is; `None` where it is none.
fn width() -> Option<usize> {
    let out = std::io::stdout();
    let size = out
        .is_terminal()
        .then(|| terminal_size::terminal_size_of(out));
    size.flatten().map(|(width, _)| usize::from(width.0))
}

#[cfg(test)]
mod tests;
