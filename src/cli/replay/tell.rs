//! What became of a replay, for people and for scripts.

use indicatif::BinaryBytes;
use serde_json::{Value, json};

use super::announcing::{Failure, Outcome};
use crate::cli::fit;
use crate::error_chain::ErrorChain;
use crate::object::version::ObjectVersion;
use crate::receipts::Timestamp;

pub(super) struct Told<'a> {
    pub(super) dry_run: bool,
    pub(super) replay_name: Option<&'a str>,
    pub(super) outcome: Outcome,
    /// Of a dry run, for scripts.
    pub(super) shown: Vec<Value>,
    pub(super) failure: Option<Failure>,
}

/// An object of a dry run, for people.
pub(super) fn line(object: &ObjectVersion, route: &str) -> String {
    let written = Timestamp::from_unix_seconds(object.last_modified);
    let size = BinaryBytes(object.size).to_string();
    let address = fit::plain(&object.address.to_string());
    format!("{written}  {size:>10}  {route}  {address}\n")
}

impl Told<'_> {
    pub(super) fn as_text(&self) -> String {
        let Outcome {
            objects,
            bytes,
            skipped,
        } = &self.outcome;
        let verb = if self.dry_run {
            "would be announced"
        } else {
            "announced"
        };
        let mut text = format!("{verb}: {objects} objects, {}", BinaryBytes(*bytes));
        match self.replay_name {
            None => text.push_str("; those that are delivered already are not sent again\n"),
            Some(name) => {
                text.push_str(&format!("; as {name}, to be sent again whatever was\n"));
            }
        }
        for (reason, count) in skipped {
            text.push_str(&format!("skipped: {count} × {reason}\n"));
        }
        text
    }

    pub(super) fn as_json(&self) -> Value {
        let announced = if self.dry_run {
            0
        } else {
            self.outcome.objects
        };
        let mut told = json!({
            "dry_run": self.dry_run,
            "replay_name": self.replay_name,
            "selected": self.outcome.objects,
            "announced": announced,
            "bytes": self.outcome.bytes,
            "skipped": self.outcome.skipped,
            "error": self.failure.as_ref().map(|failure| ErrorChain(failure).to_string()),
        });
        if self.dry_run {
            told["objects"] = json!(self.shown);
        }
        told
    }

    /// What failed, how far it came, and what to do.
    pub(super) fn why(&self, failure: &Failure) -> String {
        let why = ErrorChain(failure);
        if self.dry_run {
            return why.to_string();
        }
        let objects = self.outcome.objects;
        let again = match self.replay_name {
            None => {
                "run it again from the beginning: what is delivered is not sent twice".to_owned()
            }
            Some(name) => format!(
                "run it again with --name {name}: what was sent under this name is not sent twice"
            ),
        };
        format!(
            "{why}; {objects} objects were announced before, and up to 10 more may have been; {again}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::queue::QueueError;

    fn told(replay_name: Option<&str>) -> Told<'_> {
        Told {
            dry_run: false,
            replay_name,
            outcome: Outcome {
                objects: 20,
                bytes: 3 << 20,
                skipped: [("unrouted", 2)].into(),
            },
            shown: Vec::new(),
            failure: Some(Failure::Send(QueueError::Transient("throttled".to_owned()))),
        }
    }

    #[test]
    fn people_are_told_what_was_announced_and_skipped() {
        let expected = "announced: 20 objects, 3.00 MiB; those that are delivered already are not sent again\n\
                        skipped: 2 × unrouted\n";
        assert_eq!(told(None).as_text(), expected);
        let forced = told(Some("again")).as_text();
        assert!(forced.contains("as again, to be sent again"), "{forced}");
    }

    #[test]
    fn a_failure_says_how_to_go_on_without_sending_twice() {
        for (name, advice) in [
            (None, "from the beginning"),
            (Some("again"), "--name again"),
        ] {
            let told = told(name);
            let failure = told.failure.as_ref();
            let why = failure.map(|failure| told.why(failure)).unwrap_or_default();
            assert!(
                why.starts_with("throttled; 20 objects were announced before"),
                "{why}"
            );
            assert!(why.contains(advice), "{why}");
            assert_eq!(told.as_json()["error"], "throttled");
        }
    }
}
