//! Sums over all objects that were asked about, whether or not each is shown.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::line::{BatchCounts, Line, RowCounts, Standing};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Totals {
    pub(super) objects: u64,
    /// Folders whose objects replace an audience as one, as far as somebody has begun.
    pub(super) runs: u64,
    #[serde(skip)]
    states: [u64; Standing::ALL.len()],
    pub(super) rows: RowCounts,
    pub(super) batches: BatchCounts,
}

impl Totals {
    pub(super) fn of(lines: &[Line]) -> Totals {
        let mut totals = Totals::default();
        for line in lines {
            totals.add(line);
        }
        totals
    }

    fn add(&mut self, line: &Line) {
        match line.run {
            None => self.objects += 1,
            Some(_) => self.runs += 1,
        }
        let places = Standing::ALL.iter().zip(&mut self.states);
        for (_, count) in places.filter(|(standing, _)| **standing == line.state) {
            *count += 1;
        }
        for (sum, count) in [
            (&mut self.rows.read, line.rows.read),
            (&mut self.rows.filtered, line.rows.filtered),
            (&mut self.rows.rejected, line.rows.rejected),
            (&mut self.rows.accepted, line.rows.accepted),
            (&mut self.rows.refused, line.rows.refused),
            (&mut self.batches.acknowledged, line.batches.acknowledged),
            (&mut self.batches.unknown, line.batches.unknown),
            (&mut self.batches.requests, line.batches.requests),
            (&mut self.batches.retries, line.batches.retries),
        ] {
            *sum = sum.saturating_add(count);
        }
    }

    /// Each state with its number of objects and runs.
    pub(super) fn states(&self) -> impl Iterator<Item = (Standing, u64)> {
        Standing::ALL.into_iter().zip(self.states)
    }

    pub(super) fn as_json(&self) -> Value {
        let states: Map<String, Value> = self
            .states()
            .map(|(standing, count)| (standing.name().to_owned(), json!(count)))
            .collect();
        let mut json = serde_json::to_value(self).unwrap_or_default();
        json["states"] = Value::Object(states);
        json
    }
}

/// Whether everything of a run that is there has been delivered; `None` where that cannot
/// be known. Of several versions of one key the newest counts, as far as none of them is
/// still to be worked on.
pub(super) fn is_complete(lines: &[Line], everything_was_seen: bool) -> Option<bool> {
    let mut newest: HashMap<(&str, Option<&str>), (String, Standing)> = HashMap::new();
    let mut all_are_known = everything_was_seen && !lines.is_empty();
    for line in lines {
        match line.state {
            Standing::InProgress | Standing::Stalled | Standing::Waiting | Standing::NotBegun => {
                return Some(false);
            }
            Standing::Unreadable => all_are_known = false,
            Standing::Quarantined | Standing::Superseded | Standing::Done => {}
        }
        if let Some(object) = &line.object {
            // To the second and in UTC: in the order of the text.
            let this = (object.last_modified.to_string(), line.state);
            newest
                .entry((&object.key, line.route.as_deref()))
                .and_modify(|newest| {
                    // Of one second nobody knows which came last: the worse one, then.
                    let as_new = newest.0 == this.0 && this.1 == Standing::Quarantined;
                    if newest.0 < this.0 || as_new {
                        newest.clone_from(&this);
                    }
                })
                .or_insert(this);
        }
    }
    if newest
        .values()
        .any(|(_, state)| *state == Standing::Quarantined)
    {
        return Some(false);
    }
    all_are_known.then_some(true)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{line, quarantined};
    use super::*;
    use crate::ledger::State;
    use crate::receipts::{Code, Timestamp};

    #[test]
    fn states_and_rows_are_summed() {
        let lines = [
            line("a", State::Done),
            line("b", State::Done),
            line("c", quarantined()),
            Line::unreadable("it".to_owned()),
        ];
        let totals = Totals::of(&lines).as_json();
        assert_eq!(totals["objects"], 4);
        assert_eq!(totals["states"]["done"], 2);
        assert_eq!(totals["states"]["quarantined"], 1);
        assert_eq!(totals["states"]["unreadable"], 1);
        assert_eq!(totals["states"]["stalled"], 0);
        assert_eq!(totals["rows"]["read"], 3 * lines[0].rows.read);
        assert_eq!(
            totals["batches"]["acknowledged"],
            3 * lines[0].batches.acknowledged
        );
    }

    #[test]
    fn a_run_is_complete_when_the_newest_of_each_key_is_delivered() {
        let done = |key| line(key, State::Done);
        let at = |mut line: Line, seconds| {
            if let Some(object) = &mut line.object {
                object.last_modified = Timestamp::from_unix_seconds(seconds);
            }
            line
        };
        let waiting = line(
            "w",
            State::Waiting {
                reason: Code::new("throttled"),
            },
        );
        for (lines, seen, expected) in [
            (vec![done("a"), done("b")], true, Some(true)),
            (vec![done("a"), done("b")], false, None),
            (vec![], true, None),
            (
                vec![done("a"), line("b", State::InProgress)],
                true,
                Some(false),
            ),
            (vec![done("a"), waiting], false, Some(false)),
            (vec![done("a"), line("b", quarantined())], true, Some(false)),
            (vec![done("a"), Line::unreadable(String::new())], true, None),
            (
                vec![done("a"), line("b", State::Superseded)],
                true,
                Some(true),
            ),
            // Mended since, and not the other way round.
            (
                vec![at(done("a"), 20), at(line("a", quarantined()), 10)],
                true,
                Some(true),
            ),
            (
                vec![at(line("a", quarantined()), 20), at(done("a"), 10)],
                true,
                Some(false),
            ),
        ] {
            assert_eq!(is_complete(&lines, seen), expected, "{lines:?}");
        }
    }
}
