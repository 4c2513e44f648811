//! `replay`: objects that are there already, announced to the queue once more.
//!
//! The worker does all the rest, as with any event. So a replay without `--force` can
//! do no harm: what is delivered is not sent again.

mod announcing;
mod confirm;
mod selection;
mod tell;

use std::sync::atomic::Ordering;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;
use time::OffsetDateTime;
use time::macros::format_description;
use tokio_util::sync::CancellationToken;

use super::configuration::Configuration;
use super::moment::Moment;
use super::{Exit, exit, output, progress_bar, signals};
use crate::app::aws;
use crate::config::{Config, Purpose};
use crate::object::S3Source;
use crate::queue::{SqsQueue, sqs};
use announcing::{Announcing, Counts, Outcome, To};
use selection::{Selection, parse_prefix};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Which objects: those whose keys begin so
    ///
    /// End it with / to mean one folder: without, run-1 is the beginning of run-10, too.
    #[arg(long, value_name = "s3://BUCKET/PREFIX", value_parser = parse_prefix)]
    prefix: (String, String),
    /// Only objects written then or later: a date or time (2026-11-01, 2026-11-01T08:30:00Z),
    /// or how long ago (90m, 36h, 7d)
    ///
    /// A date alone is its beginning, in UTC. What counts is the object's LastModified.
    #[arg(long, value_name = "WHEN")]
    since: Option<Moment>,
    /// Only objects written before then
    #[arg(long, value_name = "WHEN")]
    until: Option<Moment>,
    /// Print what would be announced, and announce nothing
    #[arg(long)]
    dry_run: bool,
    /// Send again what was delivered before, on purpose and with the same event ids
    ///
    /// The Conversions API drops events that it has received under the same id within 48
    /// hours; what it received earlier it counts again. To an audience, people are added
    /// again who were removed or erased since; and where a route replaces, each folder takes
    /// the place of all members once more: force only the one that is to be live. Asks before
    /// it begins; see --yes.
    #[arg(long)]
    force: bool,
    /// What a forced replay is called; a name of its time unless given
    ///
    /// It stands in the receipts of what it sends. One object is sent once for each of the
    /// last names: a forced replay that broke off goes on under the same name.
    #[arg(long, requires = "force", value_parser = name)]
    name: Option<String>,
    /// Do not ask before a forced replay
    #[arg(long, requires = "force")]
    yes: bool,
    /// Print one JSON object, for scripts: how many objects were announced or skipped, and why
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    configuration: Configuration,
}

/// As EventBridge names its replays.
fn name(text: &str) -> Result<String, &'static str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 64 letters, digits, dots, hyphens and underscores")
    }
}

pub(super) async fn run(arguments: Arguments) -> Exit {
    let loaded = arguments
        .configuration
        .load_with_log(Purpose::OneShot)
        .await;
    let config = match loaded.and_then(|config| arguments.check(&config).map(|()| config)) {
        Ok(config) => config,
        Err(error) => return exit::usage(&error),
    };
    let aws = aws::load().await;
    let source = S3Source::new(aws::s3(&aws));
    let queue = config.queue.url.as_ref().map(|url| {
        let client = sqs::client(&aws, url.as_str());
        SqsQueue::new(client, url.as_str(), config.queue.visibility)
    });
    let stop = CancellationToken::new();
    signals::watch(stop.clone());

    let now = OffsetDateTime::now_utc();
    let selection = arguments.selection(&config, now);
    if arguments.force && !arguments.dry_run && !arguments.yes {
        let surveyed = announcing::survey(&source, &selection);
        let asked = match progress_bar::tell(|| "looking".to_owned(), surveyed).await {
            Ok(found) => {
                crate::cli::confirm::ask(&confirm::question(&selection, found), &stop).await
            }
            Err(failure) => {
                let exit = failure.exit();
                return exit::ended(&failure.into(), exit);
            }
        };
        match asked {
            Ok(true) => {}
            Ok(false) => {
                let error = anyhow::anyhow!("not confirmed: nothing was announced");
                return exit::ended(&error, Exit::Interrupted);
            }
            Err(error) => return exit::failed(&error),
        }
    }

    let replay_name = arguments.force.then(|| arguments.replay_name(now));
    let mut told = tell::Told {
        dry_run: arguments.dry_run,
        replay_name: replay_name.as_deref(),
        outcome: Outcome::default(),
        shown: Vec::new(),
        failure: None,
    };
    let counts = Counts::default();
    let mut shown: Vec<Value> = Vec::new();
    let mut show = |object: &_, route: &_| {
        if arguments.json {
            shown.push(announcing::as_json(object, route));
            return true;
        }
        output::write(&tell::line(object, route)).unwrap_or(false)
    };
    let to = match &queue {
        Some(queue) if !arguments.dry_run => To::Queue(queue),
        _ => To::Show(&mut show),
    };
    let announcing = Announcing {
        source: &source,
        selection: &selection,
        to,
        replay_name: replay_name.as_deref(),
        stop: &stop,
        counts: &counts,
    };
    let ended = announcing.run(&mut told.outcome);
    let ended = if arguments.dry_run {
        ended.await
    } else {
        progress_bar::tell(|| counts.told(), ended).await
    };
    told.shown = shown;
    told.failure = ended.err();
    arguments.tell(&told)
}

impl Arguments {
    /// What can be known to be wrong before anything is asked of AWS.
    fn check(&self, config: &Config) -> anyhow::Result<()> {
        if self.dry_run {
            return Ok(());
        }
        config.queue.url.as_ref().context(
            "there is no queue to announce objects to: set queue.url, or look with --dry-run",
        )?;
        if self.force && !self.yes && !crate::cli::confirm::is_possible() {
            bail!(
                "--force sends what was delivered before once more, and there is nobody to ask: \
                 look with --dry-run, then say --yes"
            );
        }
        Ok(())
    }

    fn selection<'c>(&self, config: &'c Config, now: OffsetDateTime) -> Selection<'c> {
        let (bucket, prefix) = self.prefix.clone();
        Selection {
            config,
            bucket,
            prefix,
            since: self.since.map(|since| since.at(now)),
            until: self.until.map(|until| until.at(now)),
        }
    }

    fn replay_name(&self, now: OffsetDateTime) -> String {
        let form = format_description!("replay-[year][month][day]T[hour][minute][second]Z");
        self.name
            .clone()
            .or_else(|| now.format(form).ok())
            .unwrap_or_else(|| "replay".to_owned())
    }

    fn tell(&self, told: &tell::Told<'_>) -> Exit {
        let text = if self.json {
            format!("{:#}\n", told.as_json())
        } else {
            told.as_text()
        };
        let written = output::write(&text);
        match (&told.failure, written) {
            (Some(failure), _) => {
                let exit = failure.exit();
                exit::ended(&anyhow::anyhow!("{}", told.why(failure)), exit)
            }
            (None, Err(error)) => exit::failed(&error.into()),
            (None, Ok(_)) => Exit::Done,
        }
    }
}

impl Counts {
    fn told(&self) -> String {
        let objects = self.objects.load(Ordering::Relaxed);
        let skipped = self.skipped.load(Ordering::Relaxed);
        format!("{objects} objects announced, {skipped} skipped")
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_name_is_one_that_eventbridge_would_take() {
        for good in ["a", "retry-2026.11_01", &"x".repeat(64)] {
            assert_eq!(name(good).as_deref(), Ok(good));
        }
        for bad in ["", "two words", "größe", "a/b", &"x".repeat(65)] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_name_of_its_time_is_a_name() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            arguments: Arguments,
        }
        let line = ["replay", "--prefix", "s3://audiences/", "--force"];
        let line = <Line as clap::Parser>::parse_from(line);
        let made = line
            .arguments
            .replay_name(datetime!(2026-11-01 08:05:09 UTC));
        assert_eq!(made, "replay-20261101T080509Z");
        assert_eq!(name(&made), Ok(made));
    }
}
