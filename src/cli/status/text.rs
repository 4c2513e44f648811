//! What is told: totals of everything, and then the objects.

use std::fmt::Write;

use serde_json::{Value, json};

use super::gather::{Seen, Unseen};
use super::line::{Line, Standing};
use super::subject::Subject;
use super::totals::{Totals, is_complete};
use super::{detail, table};
use crate::cli::fit;

pub(super) struct Told {
    subject: Subject,
    totals: Totals,
    /// Of a run: whether everything is delivered, if that is known.
    complete: Option<bool>,
    /// Whether every entry could be read, or is known to be unreadable.
    all_read: bool,
    looked: Option<Result<Seen, Unseen>>,
    /// Those that are shown, what changed last first; what has no time before them.
    lines: Vec<Line>,
    /// How many there are of the states that were asked for.
    matching: usize,
}

impl Told {
    pub(super) fn new(
        subject: Subject,
        mut lines: Vec<Line>,
        all_read: bool,
        looked: Option<Result<Seen, Unseen>>,
        states: &[Standing],
        limit: usize,
    ) -> Told {
        let totals = Totals::of(&lines);
        let complete = match subject {
            Subject::Run { .. } => is_complete(&lines, all_read && matches!(looked, Some(Ok(_)))),
            _ => None,
        };
        lines.retain(|line| states.is_empty() || states.contains(&line.state));
        // Of the same age, by name: the same question has the same answer.
        lines.sort_by(|a, b| {
            let key = |line: &Line| line.object.as_ref().map(|object| object.key.clone());
            a.age_seconds
                .cmp(&b.age_seconds)
                .then_with(|| key(a).cmp(&key(b)))
        });
        let matching = lines.len();
        if limit > 0 {
            lines.truncate(limit);
        }
        Told {
            subject,
            totals,
            complete,
            all_read,
            looked,
            lines,
            matching,
        }
    }

    pub(super) fn as_json(&self) -> Value {
        let mut summary = self.totals.as_json();
        summary["subject"] = json!({ "kind": self.subject.kind(), "name": self.subject.name() });
        summary["complete"] = json!(self.complete);
        summary["all_read"] = json!(self.all_read);
        summary["matching"] = json!(self.matching);
        summary["shown"] = json!(self.lines.len());
        if let Some(looked) = &self.looked {
            summary["bucket"] = match looked {
                Ok(seen) => json!({
                    "looked": true, "markers": seen.markers, "unrouted": seen.unrouted,
                    "awaits": seen.awaits, "error": null,
                }),
                Err(Unseen(why)) => json!({
                    "looked": false, "markers": null, "unrouted": null, "awaits": null,
                    "error": why,
                }),
            };
        }
        json!({ "summary": summary, "objects": self.lines })
    }

    /// `width` is that of the terminal, if it is one.
    pub(super) fn as_text(&self, width: Option<usize>) -> String {
        let mut text = String::new();
        // Writing into memory does not fail.
        let _ = self.write(width, &mut text);
        text
    }

    fn write(&self, width: Option<usize>, text: &mut String) -> std::fmt::Result {
        self.write_totals(text)?;
        if let Subject::Object { .. } = self.subject {
            for line in &self.lines {
                writeln!(text)?;
                text.push_str(&detail::of(line));
            }
        } else if !self.lines.is_empty() {
            writeln!(text)?;
            text.push_str(&table::of(&self.lines, &self.subject, width));
            self.write_advice(text)?;
        }
        let hidden = self.matching - self.lines.len();
        if hidden > 0 {
            writeln!(text, "\n{hidden} more; --limit 0 shows all")?;
        }
        Ok(())
    }

    fn write_totals(&self, text: &mut String) -> std::fmt::Result {
        if let Some(name) = self.subject.name() {
            write!(text, "{}: ", fit::plain(&name))?;
        }
        let states = self.totals.states().filter(|(_, count)| *count > 0);
        let states: Vec<_> = states
            .map(|(standing, count)| format!("{count} {}", standing.name()))
            .collect();
        let counted = |count: u64, what: &str| match count {
            0 => None,
            1 => Some(format!("1 {what}")),
            count => Some(format!("{count} {what}s")),
        };
        let objects = counted(self.totals.objects, "object");
        let runs = counted(self.totals.runs, "run");
        let counts: Vec<_> = objects.into_iter().chain(runs).collect();
        match counts.is_empty() {
            true => writeln!(text, "nothing is known")?,
            false => writeln!(text, "{}: {}", counts.join(", "), states.join(", "))?,
        }
        let rows = self.totals.rows;
        if rows.read > 0 {
            writeln!(
                text,
                "rows: {} read, {} accepted, {} refused by Meta, {} rejected, {} filtered",
                rows.read, rows.accepted, rows.refused, rows.rejected, rows.filtered
            )?;
        }
        match &self.looked {
            None => {}
            Some(Ok(seen)) => {
                if seen.markers > 0 {
                    writeln!(
                        text,
                        "in the bucket: {} without data (markers, empty)",
                        seen.markers
                    )?;
                }
                if seen.unrouted > 0 {
                    writeln!(text, "in the bucket: {} that no route takes", seen.unrouted)?;
                }
                if let Some(awaits) = &seen.awaits {
                    let awaits = fit::plain(awaits);
                    writeln!(text, "a run that no worker has begun: {awaits}")?;
                }
            }
            Some(Err(Unseen(why))) => writeln!(text, "in the bucket: not known: {why}")?,
        }
        if let Subject::Run { .. } = self.subject {
            let complete = match self.complete {
                Some(true) => "yes: everything that is there is delivered",
                Some(false) => "no",
                None => "not known",
            };
            writeln!(text, "complete: {complete}")?;
            for run in self.lines.iter().filter(|line| line.run.is_some()) {
                writeln!(text)?;
                text.push_str(&detail::of(run));
            }
        }
        Ok(())
    }

    /// Once for each state that there is something to do about.
    fn write_advice(&self, text: &mut String) -> std::fmt::Result {
        let is_shown = |standing: &Standing| self.lines.iter().any(|line| line.state == *standing);
        let shown = Standing::ALL.into_iter().filter(is_shown);
        let mut advice = shown.filter_map(|state| Some((state.name(), state.advice()?)));
        if let Some((name, first)) = advice.next() {
            writeln!(text, "\n{name}: {first}")?;
        }
        for (name, more) in advice {
            writeln!(text, "{name}: {more}")?;
        }
        Ok(())
    }
}
