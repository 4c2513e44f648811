//! `erase`: people who ask to be forgotten leave the audiences.

mod input;
mod tell;

use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, bail};
use clap::Args;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use super::configuration::Configuration;
use super::{Exit, confirm, exit, output, progress_bar, signals};
use crate::app::{Erased, Erasure, Parts, Places, Selection, aws};
use crate::config::Purpose;
use crate::documents::{Documents, Put, Tag};
use crate::identity::columns::CountryCode;
use crate::receipts::{AskedErasure, Code, ErasedStatus, ErasureReceipt};
use input::{Found, Input};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    input: Input,
    /// Two letters of the country that telephone numbers without a country code are of, as US
    #[arg(long, value_name = "CC", value_parser = CountryCode::assigned)]
    country: Option<CountryCode>,
    /// Only from this audience of the configuration, by its id or name as it has it; may be repeated
    #[arg(long, value_name = "ID")]
    audience: Vec<String>,
    /// Only from the audience of this route; may be repeated
    #[arg(long, value_name = "NAME")]
    route: Vec<String>,
    /// From all customer lists of the audiences' ad accounts too, whoever made them
    #[arg(long)]
    everywhere: bool,
    /// Say who would be removed from where, and do nothing; no token is read
    #[arg(long)]
    dry_run: bool,
    /// Do not ask before it begins
    #[arg(long)]
    yes: bool,
    /// Print one JSON object, for scripts: the whole receipt
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
    let config = match loaded {
        Ok(config) => config,
        Err(error) => return exit::usage(&error),
    };
    let selection = arguments.selection();
    let targets = match selection.targets(&config) {
        Ok(targets) => targets,
        Err(error) => return exit::usage(&error.into()),
    };
    let places = Places::on_aws(&config, &aws::load().await);
    let found = arguments.input.find(&config, || places.source.clone());
    let found = match found.and_then(|found| arguments.check(&found).map(|()| found)) {
        Ok(found) => found,
        Err(error) => return exit::usage(&error),
    };
    let parts = match Parts::new(config.clone(), places) {
        Ok(parts) => parts,
        Err(error) => return exit::failed(&error.into()),
    };
    let halt = CancellationToken::new();
    signals::watch(halt.clone());
    let erasure = Erasure {
        parts: &parts,
        people: &found.people,
        country: arguments.country,
        halt: halt.clone(),
    };
    if arguments.dry_run || !arguments.yes {
        let survey = erasure.survey(targets.clone());
        let planned = progress_bar::tell(|| "looking".to_owned(), survey).await;
        // Where nobody can be asked for anything, a person need not be asked either.
        if arguments.dry_run || planned.iter().all(|erased| erased.ended.is_err()) {
            return arguments.tell_plan(&planned);
        }
        let question = format!("{}{}", tell::targets(&planned, true), tell::LIMITS);
        match confirm::ask(&question, &halt).await {
            Ok(true) => {}
            Ok(false) => {
                let error = anyhow::anyhow!("not confirmed: nobody was removed");
                return exit::ended(&error, Exit::Interrupted);
            }
            Err(error) => return exit::failed(&error),
        }
    }
    let kept = Kept {
        documents: &*parts.documents,
        receipt: arguments.receipt(&found),
    };
    arguments.erase(&erasure, targets, kept).await
}

impl Arguments {
    fn selection(&self) -> Selection {
        Selection {
            audiences: self.audience.clone(),
            routes: self.route.clone(),
            everywhere: self.everywhere,
        }
    }

    /// What can be known to be wrong before anything is asked of AWS.
    fn check(&self, found: &Found) -> anyhow::Result<()> {
        let can_ask = !found.took_stdin && confirm::is_possible();
        if !self.dry_run && !self.yes && !can_ask {
            bail!(
                "people are removed from audiences, and there is nobody to ask whether they are to be: look with \
                 --dry-run, then say --yes"
            );
        }
        Ok(())
    }

    fn receipt(&self, found: &Found) -> ErasureReceipt {
        let asked = AskedErasure {
            source: Code::new(found.source),
            everywhere: self.everywhere,
        };
        ErasureReceipt::new(asked, OffsetDateTime::now_utc())
    }

    async fn erase<'t>(
        &self,
        erasure: &Erasure<'_>,
        targets: Vec<crate::app::Target<'t>>,
        mut kept: Kept<'_>,
    ) -> Exit {
        // So that a removal that breaks off has left a trace, and none begins that could
        // leave none.
        let tag = match kept.begin().await {
            Ok(tag) => tag,
            Err(error) => return exit::failed(&error.context("nobody was removed")),
        };
        let places = targets.len();
        let done = AtomicUsize::new(0);
        let told = || {
            format!(
                "{} of {places} places have answered",
                done.load(Ordering::Relaxed)
            )
        };
        let run = erasure.run(targets, |_| {
            done.fetch_add(1, Ordering::Relaxed);
        });
        let all = progress_bar::tell(told, run).await;
        kept.receipt.answered(all.iter().map(Erased::for_receipt));
        kept.receipt.complete = all.iter().all(is_complete);
        kept.receipt.finished_at = Some(OffsetDateTime::now_utc().into());
        let stored = kept.end(tag).await;
        let text = match self.json {
            true => format!("{:#}\n", kept.as_json()),
            false => format!(
                "{}{}receipt {}\n",
                tell::targets(&all, false),
                tell::LIMITS,
                kept.place()
            ),
        };
        let written = output::write(&text);
        if let Err(error) = stored {
            return exit::failed(
                &error.context("the erasure is as told above, and its receipt is not stored"),
            );
        }
        if let Err(error) = written {
            return exit::failed(&error.into());
        }
        let exit = exit_of(&all);
        match exit {
            Exit::Done => exit,
            _ => {
                let error = anyhow::anyhow!(
                    "not everybody is removed from everywhere: the receipt says what is missing; mend it and repeat the \
                     command, which does no harm to what is done"
                );
                exit::ended(&error, exit)
            }
        }
    }

    fn tell_plan(&self, planned: &[Erased<'_>]) -> Exit {
        let text = match self.json {
            true => {
                let targets: Vec<Value> = planned
                    .iter()
                    .map(|erased| {
                        let mut target = json!(erased.for_receipt());
                        if let (Value::Object(target), Ok(())) = (&mut target, &erased.ended) {
                            target.insert("status".to_owned(), "planned".into());
                        }
                        target
                    })
                    .collect();
                format!("{:#}\n", json!({ "dry_run": true, "targets": targets }))
            }
            false => format!("{}{}", tell::targets(planned, true), tell::LIMITS),
        };
        match output::write(&text) {
            Ok(_) => exit_of(planned),
            Err(error) => exit::failed(&error.into()),
        }
    }
}

fn is_complete(erased: &Erased<'_>) -> bool {
    erased.for_receipt().status == ErasedStatus::Done && !erased.counts.leaves_somebody()
}

/// The worst of what became of the places: what somebody has to mend goes before what may
/// pass by itself.
fn exit_of(all: &[Erased<'_>]) -> Exit {
    let of_one = |erased: &Erased<'_>| match &erased.ended {
        Err(halt) => exit::of(halt),
        Ok(()) if erased.counts.leaves_somebody() => Exit::Refused,
        Ok(()) => Exit::Done,
    };
    let rank = |exit: &Exit| match exit {
        Exit::Done => 0,
        Exit::Refused => 1,
        Exit::Failed => 2,
        Exit::RouteStopped | Exit::Usage => 3,
        Exit::Interrupted => 4,
    };
    all.iter()
        .map(of_one)
        .max_by_key(rank)
        .unwrap_or(Exit::Done)
}

/// The receipt, and where it is kept.
struct Kept<'a> {
    documents: &'a dyn Documents,
    receipt: ErasureReceipt,
}

impl Kept<'_> {
    fn place(&self) -> String {
        self.documents.place_of(&self.receipt.path())
    }

    async fn begin(&self) -> anyhow::Result<Tag> {
        self.put(None).await
    }

    async fn end(&self, tag: Tag) -> anyhow::Result<()> {
        self.put(Some(tag)).await.map(drop)
    }

    async fn put(&self, expected: Option<Tag>) -> anyhow::Result<Tag> {
        let path = self.receipt.path();
        let json = serde_json::to_vec_pretty(&self.receipt)?;
        let put = self
            .documents
            .put(&path, json.clone().into(), expected.as_ref());
        match put.await? {
            Put::Stored(tag) => Ok(tag),
            // Nobody else has its name: it is this very write, whose answer was lost.
            Put::Conflict => {
                let there = self.documents.get(&path).await?.document;
                let own = there.filter(|there| there.json == json);
                Ok(own
                    .with_context(|| format!("something else lies at {}", self.place()))?
                    .tag)
            }
        }
    }

    fn as_json(&self) -> Value {
        let mut told = json!(self.receipt);
        told["receipt"] = self.place().into();
        told
    }
}
