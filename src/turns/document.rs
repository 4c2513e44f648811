//! Who has the turn, and who waits for it. Pure: the time comes from whoever asks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What is done with an audience.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    Add,
    Remove,
    /// By one alone.
    Replace,
}

impl Mode {
    const fn is_exclusive(self) -> bool {
        matches!(self, Mode::Replace)
    }
}

/// Whoever waits asks again sooner than that, unless he has gone. Longer than a message
/// rests, and than it then waits for a free worker.
const WANTED_SECONDS: i64 = 600;

/// A mark is renewed when it has no more left than that.
const RENEW_WANTED_SECONDS: i64 = 400;

/// From when a run was last heard of: its session lasts for ninety minutes at most, and
/// is swapped in after that. It is not known better while a worker has it in hand.
const RUN: Duration = Duration::from_secs(95 * 60);

/// Moments are Unix seconds by the clock of whoever keeps the document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TurnDocument {
    /// All of one mode; a single one if that is exclusive.
    holders: Vec<Holder>,
    /// One for each mode, at most.
    wanted: Vec<Wanted>,
    /// A replacement that is not through: nobody else gets the turn in its pauses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<OpenRun>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenRun {
    name: String,
    until: i64,
}

/// Who asks for the turn, or has it.
#[derive(Clone, Debug)]
pub(super) struct Asker {
    /// Of this asking alone.
    pub owner: String,
    /// Of all attempts at one run, in the midst of which nobody else may have the turn.
    pub run: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Holder {
    owner: String,
    mode: Mode,
    until: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    mode: Mode,
    since: i64,
    until: i64,
}

impl TurnDocument {
    /// Gives the turn to this one, or notes that this mode waits for it.
    pub(super) fn take(&mut self, mode: Mode, asker: &Asker, now: i64, lease: Duration) -> bool {
        self.forget(now);
        if self.renew(asker, now, lease) {
            return true;
        }
        let since = |mode: Mode| {
            let mut marks = self.wanted.iter().filter(|wanted| wanted.mode == mode);
            marks.next().map_or(now, |wanted| wanted.since)
        };
        let is_free = match (&self.run, self.holders.first()) {
            // Others wait until it is through, and not it for them.
            (Some(open), holder) => holder.is_none() && asker.run.as_ref() == Some(&open.name),
            // Who has waited for longest; of those who came in one second, any, but always
            // the same.
            (None, None) => self.wanted.iter().all(|wanted| {
                wanted.mode == mode || (wanted.since, wanted.mode) > (since(mode), mode)
            }),
            (None, Some(holder)) => {
                holder.mode == mode
                    && !mode.is_exclusive()
                    && self.wanted.iter().all(|wanted| wanted.mode == mode)
            }
        };
        if is_free {
            self.wanted.retain(|wanted| wanted.mode != mode);
            self.holders.push(Holder {
                owner: asker.owner.clone(),
                mode,
                until: end(now, lease),
            });
            self.stays_open(asker, now, RUN);
        } else {
            self.want(mode, now);
        }
        is_free
    }

    /// False if the asker does not have it any more.
    pub(super) fn renew(&mut self, asker: &Asker, now: i64, lease: Duration) -> bool {
        let mut own = self
            .holders
            .iter_mut()
            .filter(|holder| holder.owner == asker.owner);
        let renewed = own.next().map(|holder| holder.until = end(now, lease));
        if renewed.is_some() {
            self.stays_open(asker, now, RUN);
        }
        renewed.is_some()
    }

    /// Its run, if it has one, may still have a session that lasts so long.
    pub(super) fn release(&mut self, asker: &Asker, now: i64, open_for: Option<Duration>) {
        let held = self.holders.len();
        self.holders.retain(|holder| holder.owner != asker.owner);
        if self.holders.len() == held || asker.run.is_none() {
            return;
        }
        self.run = None;
        if let Some(time) = open_for {
            self.stays_open(asker, now, time);
        }
    }

    fn stays_open(&mut self, asker: &Asker, now: i64, time: Duration) {
        if let Some(name) = &asker.run {
            let name = name.clone();
            let until = end(now, time);
            self.run = Some(OpenRun { name, until });
        }
    }

    /// Holders that have gone without a word, and those who wait no longer.
    fn forget(&mut self, now: i64) {
        self.holders.retain(|holder| holder.until > now);
        self.wanted.retain(|wanted| wanted.until > now);
        self.run.take_if(|run| run.until <= now);
    }

    fn want(&mut self, mode: Mode, now: i64) {
        match self.wanted.iter_mut().find(|wanted| wanted.mode == mode) {
            Some(wanted) if wanted.until - now > RENEW_WANTED_SECONDS => {}
            Some(wanted) => wanted.until = now + WANTED_SECONDS,
            None => self.wanted.push(Wanted {
                mode,
                since: now,
                until: now + WANTED_SECONDS,
            }),
        }
    }
}

/// A second more than the lease, since moments are whole seconds.
fn end(now: i64, lease: Duration) -> i64 {
    now + i64::try_from(lease.as_secs()).unwrap_or(i64::MAX / 2) + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEASE: Duration = Duration::from_secs(30);

    fn asker(owner: &str) -> Asker {
        Asker {
            owner: owner.to_owned(),
            run: None,
        }
    }

    /// Asks at that second.
    fn ask(document: &mut TurnDocument, mode: Mode, owner: &str, now: i64) -> bool {
        document.take(mode, &asker(owner), now, LEASE)
    }

    fn release(document: &mut TurnDocument, owner: &str) {
        document.release(&asker(owner), 0, None);
    }

    #[test]
    fn those_of_one_mode_have_it_together_and_another_waits() {
        let mut document = TurnDocument::default();
        assert!(ask(&mut document, Mode::Add, "a", 0));
        assert!(ask(&mut document, Mode::Add, "b", 1));
        assert!(!ask(&mut document, Mode::Remove, "c", 2));
        release(&mut document, "a");
        assert!(!ask(&mut document, Mode::Remove, "c", 3));
        release(&mut document, "b");
        assert!(ask(&mut document, Mode::Remove, "c", 4));
        assert!(
            ask(&mut document, Mode::Remove, "c", 5),
            "it has it already"
        );
    }

    #[test]
    fn nobody_joins_once_another_mode_waits_and_modes_take_turns() {
        let mut document = TurnDocument::default();
        assert!(ask(&mut document, Mode::Add, "a1", 0));
        assert!(!ask(&mut document, Mode::Remove, "r1", 1));
        for (second, add) in [(2, "a2"), (3, "a3"), (4, "a4")] {
            assert!(!ask(&mut document, Mode::Add, add, second), "{add}");
        }
        release(&mut document, "a1");
        assert!(
            !ask(&mut document, Mode::Add, "a2", 6),
            "the removal was first"
        );
        assert!(ask(&mut document, Mode::Remove, "r1", 7));
        // Now the others wait, and removals do not go on joining either.
        assert!(!ask(&mut document, Mode::Remove, "r2", 8));
        release(&mut document, "r1");
        assert!(!ask(&mut document, Mode::Remove, "r2", 9));
        assert!(ask(&mut document, Mode::Add, "a2", 10));
        release(&mut document, "a2");
        assert!(ask(&mut document, Mode::Remove, "r2", 11));
    }

    #[test]
    fn one_who_replaces_is_alone() {
        let mut document = TurnDocument::default();
        assert!(ask(&mut document, Mode::Replace, "x", 0));
        for (mode, owner) in [(Mode::Replace, "y"), (Mode::Add, "a"), (Mode::Remove, "r")] {
            assert!(!ask(&mut document, mode, owner, 1));
        }
        release(&mut document, "x");
        // All three came in one second, and one is first for all who look.
        assert!(!ask(&mut document, Mode::Replace, "y", 2));
        assert!(!ask(&mut document, Mode::Remove, "r", 2));
        assert!(ask(&mut document, Mode::Add, "a", 2));
    }

    #[test]
    fn who_is_not_heard_of_any_more_holds_nobody_up() {
        let mut document = TurnDocument::default();
        assert!(ask(&mut document, Mode::Add, "dead", 0));
        assert!(!ask(&mut document, Mode::Remove, "r", 30));
        assert!(ask(&mut document, Mode::Remove, "r", 31));
        assert!(!document.renew(&asker("dead"), 32, LEASE));
        // One who waits, and never comes back.
        assert!(!ask(&mut document, Mode::Replace, "gone", 40));
        assert!(!ask(&mut document, Mode::Remove, "r2", 639));
        assert!(ask(&mut document, Mode::Remove, "r2", 641));
    }

    #[test]
    fn a_lease_is_renewed_by_its_owner_alone() {
        let mut document = TurnDocument::default();
        assert!(ask(&mut document, Mode::Add, "a", 0));
        assert!(document.renew(&asker("a"), 20, LEASE));
        assert!(!document.renew(&asker("b"), 20, LEASE));
        assert!(!ask(&mut document, Mode::Remove, "r", 50));
        assert!(ask(&mut document, Mode::Remove, "r", 51));
    }

    #[test]
    fn who_asks_again_soon_changes_nothing() {
        let mut document = TurnDocument::default();
        assert!(ask(&mut document, Mode::Add, "a", 0));
        assert!(!ask(&mut document, Mode::Remove, "r", 1));
        let noted = document.clone();
        assert!(!ask(&mut document, Mode::Remove, "r", 20));
        assert_eq!(document, noted);
        assert!(document.renew(&asker("a"), 290, LEASE));
        assert!(!ask(&mut document, Mode::Remove, "r", 300));
        let renewed = document
            .wanted
            .first()
            .map(|wanted| (wanted.since, wanted.until));
        assert_eq!(renewed, Some((1, 900)));
    }

    #[test]
    fn in_the_pauses_of_a_run_nobody_else_has_the_turn() {
        let of_run = |owner: &str, run: &str| Asker {
            run: Some(run.to_owned()),
            ..asker(owner)
        };
        let (first, second) = (of_run("x1", "one"), of_run("x2", "one"));
        let other = of_run("y", "two");
        let mut document = TurnDocument::default();
        assert!(document.take(Mode::Replace, &first, 0, LEASE));
        assert!(!ask(&mut document, Mode::Add, "a", 1));
        // Its session lasts until second 1 000.
        document.release(&first, 10, Some(Duration::from_secs(990)));
        assert!(!ask(&mut document, Mode::Add, "a", 11));
        assert!(!document.take(Mode::Replace, &other, 12, LEASE));
        assert!(
            document.take(Mode::Replace, &second, 13, LEASE),
            "who goes on with it waits for nobody"
        );
        // Its worker dies, and is waited for.
        assert!(!document.take(Mode::Replace, &first, 20, LEASE));
        assert!(!ask(&mut document, Mode::Add, "a", 1_000));
        assert!(document.take(Mode::Replace, &first, 1_001, LEASE));
        document.release(&first, 1_010, None);
        assert!(ask(&mut document, Mode::Add, "a", 1_011));
        // One whose run is not his any more changes nothing.
        let before = document.clone();
        document.release(&second, 1_012, Some(LEASE));
        assert_eq!(document, before);
    }

    #[test]
    fn a_run_that_nobody_goes_on_with_is_over_when_its_session_must_be() {
        let of_run = Asker {
            run: Some("one".to_owned()),
            ..asker("x")
        };
        let mut document = TurnDocument::default();
        assert!(document.take(Mode::Replace, &of_run, 0, LEASE));
        assert!(!ask(&mut document, Mode::Remove, "r", 5_700));
        assert!(ask(&mut document, Mode::Remove, "r", 5_701));
        release(&mut document, "r");
        // Or sooner, where that is known.
        assert!(document.take(Mode::Replace, &of_run, 6_000, LEASE));
        document.release(&of_run, 6_010, Some(Duration::from_secs(90)));
        assert!(!ask(&mut document, Mode::Remove, "r", 6_100));
        assert!(ask(&mut document, Mode::Remove, "r", 6_101));
    }
}
