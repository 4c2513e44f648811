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

/// Moments are Unix seconds by the clock of whoever keeps the document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TurnDocument {
    /// All of one mode; a single one if that is exclusive.
    holders: Vec<Holder>,
    /// One for each mode, at most.
    wanted: Vec<Wanted>,
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
    /// Gives the turn to this owner, or notes that this mode waits for it.
    pub(super) fn take(&mut self, mode: Mode, owner: &str, now: i64, lease: Duration) -> bool {
        self.forget(now);
        if self.renew(owner, now, lease) {
            return true;
        }
        let since = |mode: Mode| {
            let mut marks = self.wanted.iter().filter(|wanted| wanted.mode == mode);
            marks.next().map_or(now, |wanted| wanted.since)
        };
        let is_free = match self.holders.first() {
            // Who has waited for longest; of those who came in one second, any, but always
            // the same.
            None => self.wanted.iter().all(|wanted| {
                wanted.mode == mode || (wanted.since, wanted.mode) > (since(mode), mode)
            }),
            Some(holder) => {
                holder.mode == mode
                    && !mode.is_exclusive()
                    && self.wanted.iter().all(|wanted| wanted.mode == mode)
            }
        };
        if is_free {
            self.wanted.retain(|wanted| wanted.mode != mode);
            self.holders.push(Holder {
                owner: owner.to_owned(),
                mode,
                until: end(now, lease),
            });
        } else {
            self.want(mode, now);
        }
        is_free
    }

    /// False if the owner does not have it any more.
    pub(super) fn renew(&mut self, owner: &str, now: i64, lease: Duration) -> bool {
        let mut own = self
            .holders
            .iter_mut()
            .filter(|holder| holder.owner == owner);
        own.next()
            .map(|holder| holder.until = end(now, lease))
            .is_some()
    }

    pub(super) fn release(&mut self, owner: &str) {
        self.holders.retain(|holder| holder.owner != owner);
    }

    /// Holders that have gone without a word, and those who wait no longer.
    fn forget(&mut self, now: i64) {
        self.holders.retain(|holder| holder.until > now);
        self.wanted.retain(|wanted| wanted.until > now);
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

    /// Asks at that second.
    fn ask(document: &mut TurnDocument, mode: Mode, owner: &str, now: i64) -> bool {
        document.take(mode, owner, now, LEASE)
    }

    #[test]
    fn those_of_one_mode_have_it_together_and_another_waits() {
        let mut document = TurnDocument::default();
        assert!(ask(&mut document, Mode::Add, "a", 0));
        assert!(ask(&mut document, Mode::Add, "b", 1));
        assert!(!ask(&mut document, Mode::Remove, "c", 2));
        document.release("a");
        assert!(!ask(&mut document, Mode::Remove, "c", 3));
        document.release("b");
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
        document.release("a1");
        assert!(
            !ask(&mut document, Mode::Add, "a2", 6),
            "the removal was first"
        );
        assert!(ask(&mut document, Mode::Remove, "r1", 7));
        // Now the others wait, and removals do not go on joining either.
        assert!(!ask(&mut document, Mode::Remove, "r2", 8));
        document.release("r1");
        assert!(!ask(&mut document, Mode::Remove, "r2", 9));
        assert!(ask(&mut document, Mode::Add, "a2", 10));
        document.release("a2");
        assert!(ask(&mut document, Mode::Remove, "r2", 11));
    }

    #[test]
    fn one_who_replaces_is_alone() {
        let mut document = TurnDocument::default();
        assert!(ask(&mut document, Mode::Replace, "x", 0));
        for (mode, owner) in [(Mode::Replace, "y"), (Mode::Add, "a"), (Mode::Remove, "r")] {
            assert!(!ask(&mut document, mode, owner, 1));
        }
        document.release("x");
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
        assert!(!document.renew("dead", 32, LEASE));
        // One who waits, and never comes back.
        assert!(!ask(&mut document, Mode::Replace, "gone", 40));
        assert!(!ask(&mut document, Mode::Remove, "r2", 639));
        assert!(ask(&mut document, Mode::Remove, "r2", 641));
    }

    #[test]
    fn a_lease_is_renewed_by_its_owner_alone() {
        let mut document = TurnDocument::default();
        assert!(ask(&mut document, Mode::Add, "a", 0));
        assert!(document.renew("a", 20, LEASE));
        assert!(!document.renew("b", 20, LEASE));
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
        assert!(document.renew("a", 290, LEASE));
        assert!(!ask(&mut document, Mode::Remove, "r", 300));
        let renewed = document
            .wanted
            .first()
            .map(|wanted| (wanted.since, wanted.until));
        assert_eq!(renewed, Some((1, 900)));
    }
}
