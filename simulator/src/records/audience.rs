//! One customer-list audience: what it is, and who is in it.
//!
//! A member is a row in canonical form (its non-blank cells, by schema key, but for its
//! value and Limited Data Use, which are not who it is), so the same person under other
//! columns is another member: the simulator matches nobody.

use super::{
    Digest,
    members::Members,
    replacement::Replacement,
    sessions::{Batch, End, Session, Sessions},
};

/// The subtype of customer lists.
pub(crate) const CUSTOM: &str = "CUSTOM";
/// An audience below this many members is "too small" to be delivered to.
const USABLE_FROM: u64 = 100;
/// Seconds that an expiring audience has left.
const EXPIRES_AFTER: u64 = 90 * 24 * 3_600;

/// What was said when the audience was created.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) description: String,
    /// The ad account's number, without `act_`.
    pub(crate) account: String,
    pub(crate) customer_file_source: String,
    /// `CUSTOM` is a customer list.
    pub(crate) subtype: String,
    pub(crate) is_value_based: bool,
    pub(crate) retention_days: u32,
}

impl Profile {
    /// An audience that was there before the simulator started.
    pub(crate) fn existing(account: &str) -> Self {
        Self {
            name: "Simulated customer list".to_owned(),
            description: String::new(),
            account: account.to_owned(),
            customer_file_source: "USER_PROVIDED_ONLY".to_owned(),
            subtype: CUSTOM.to_owned(),
            is_value_based: false,
            retention_days: 0,
        }
    }
}

/// The valid rows of one request, and what is to be known about the others.
#[derive(Debug, Default)]
pub(crate) struct Rows {
    members: Vec<(Digest, usize)>,
    cells: Vec<Digest>,
    pub(crate) received: u64,
    pub(crate) invalid: u64,
    pub(crate) empty_hashes: u64,
}

impl Rows {
    /// A row by its digest and those of its non-blank cells.
    pub(crate) fn push(&mut self, row: Digest, cells: impl IntoIterator<Item = Digest>) {
        self.cells.extend(cells);
        self.members.push((row, self.cells.len()));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Digest, &[Digest])> {
        let mut start = 0;
        self.members.iter().map(move |(row, end)| {
            let cells = self.cells.get(start..*end).unwrap_or_default();
            start = *end;
            (row, cells)
        })
    }
}

/// Which of Meta's two incompatible data sources filled the audience first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SchemaForm {
    SingleKey,
    MultiKey,
}

/// What Meta thinks of the audience, apart from its members.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    /// Held to break a rule on what audiences may be about.
    pub(crate) flagged: bool,
    pub(crate) deleted: bool,
    /// When it is going to be deleted, in Unix seconds.
    pub(crate) delete_time: Option<u64>,
    pub(crate) can_edit: bool,
    /// `operation_status` in place of the one that follows from what happened.
    pub(crate) shown: Option<u16>,
    /// Members that Meta believes it has, in place of the counted ones.
    pub(crate) size: Option<u64>,
    /// A removal that would leave fewer is refused.
    pub(crate) smallest: u64,
    /// Seconds from the last batch of a replacement to the swap.
    pub(crate) swap_takes: u64,
}

impl Default for Condition {
    fn default() -> Self {
        Self {
            flagged: false,
            deleted: false,
            delete_time: None,
            can_edit: true,
            shown: None,
            size: None,
            smallest: 0,
            swap_takes: 0,
        }
    }
}

impl Condition {
    /// It has not been used for long, and has ninety days left from now.
    pub(crate) fn set_expiring(&mut self, expiring: bool, now: u64) {
        self.delete_time = expiring.then_some(now + EXPIRES_AFTER);
    }

    pub(crate) fn is_deleted(&self, now: u64) -> bool {
        self.deleted || self.delete_time.is_some_and(|time| now >= time)
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Audience {
    pub(crate) profile: Profile,
    pub(crate) condition: Condition,
    pub(crate) first_upload: Option<SchemaForm>,
    pub(crate) created: u64,
    pub(crate) changed: u64,
    pub(crate) rows_added: u64,
    pub(crate) rows_repeated: u64,
    pub(crate) rows_removed: u64,
    pub(crate) rows_not_found: u64,
    pub(crate) rows_invalid: u64,
    pub(crate) rows_discarded: u64,
    pub(crate) empty_hashes: u64,
    /// How often all members were swapped for others.
    pub(crate) replaced: u64,
    pub(super) replace_failed: bool,
    pub(super) replacement: Option<Replacement>,
    pub(super) sessions: Sessions,
    pub(super) members: Members,
}

impl Audience {
    /// `created` in Unix seconds.
    pub(crate) fn new(profile: Profile, created: u64) -> Self {
        Self {
            profile,
            condition: Condition::default(),
            first_upload: None,
            created,
            changed: created,
            rows_added: 0,
            rows_repeated: 0,
            rows_removed: 0,
            rows_not_found: 0,
            rows_invalid: 0,
            rows_discarded: 0,
            empty_hashes: 0,
            replaced: 0,
            replace_failed: false,
            replacement: None,
            sessions: Sessions::default(),
            members: Members::default(),
        }
    }

    pub(crate) fn add(&mut self, rows: &Rows) {
        for (row, cells) in rows.iter() {
            if self.members.add(*row, cells) {
                self.rows_added += 1;
            } else {
                self.rows_repeated += 1;
            }
        }
        self.note(rows);
    }

    pub(crate) fn remove(&mut self, rows: &Rows) {
        for (row, cells) in rows.iter() {
            if self.members.remove(row, cells) {
                self.rows_removed += 1;
            } else {
                self.rows_not_found += 1;
            }
        }
        self.note(rows);
    }

    /// Whether a removal leaves fewer members than Meta allows.
    pub(crate) fn would_be_too_small(&self, rows: &Rows) -> bool {
        let found = rows.iter().filter(|(row, _)| self.members.contains(row));
        self.condition.smallest > 0
            && self.members.count().saturating_sub(found.count() as u64) < self.condition.smallest
    }

    pub(super) fn note(&mut self, rows: &Rows) {
        self.rows_invalid += rows.invalid;
        self.empty_hashes += rows.empty_hashes;
    }

    /// Whether the session takes this batch: not when it has ended. `None`: its number is
    /// none that may follow, since they begin with 1 and leave none out. One that has come
    /// may come again.
    pub(crate) fn takes(&mut self, batch: Batch, now: u64) -> Option<bool> {
        let Some(session) = self.sessions.get(batch.session) else {
            return (batch.seq == 1).then_some(true);
        };
        session.settle(now);
        if session.ended.is_some() {
            return Some(false);
        }
        (batch.seq <= session.reached.saturating_add(1)).then_some(true)
    }

    /// Counts a request for its session, discarded rows apart, and answers the
    /// session's totals.
    pub(crate) fn in_session(&mut self, batch: Batch, rows: &Rows, now: u64) -> Session {
        let session = self.sessions.open(batch.session, now);
        if session.ended.is_some() {
            self.rows_discarded += rows.received;
            return *session;
        }
        session.count(rows.received, rows.invalid);
        session.reached = session.reached.max(batch.seq);
        if batch.last {
            session.ended = Some((now, End::Closed));
        }
        *session
    }

    /// Whether a session of this id has begun.
    pub(crate) fn has_session(&self, id: u64) -> bool {
        self.sessions.contains(id)
    }

    /// Its sessions, the youngest first.
    pub(crate) fn sessions(&self) -> impl Iterator<Item = (u64, &Session)> {
        self.sessions.iter()
    }

    pub(crate) fn members(&self) -> u64 {
        self.members.count()
    }

    /// How many members Meta says it has.
    pub(crate) fn size(&self) -> u64 {
        self.condition.size.unwrap_or(self.members.count())
    }

    /// `operation_status`.
    pub(crate) fn operation(&self) -> (u16, &'static str) {
        if self.condition.flagged {
            return (471, "This audience may break a rule and was flagged.");
        }
        if let Some(code) = self.condition.shown {
            return (code, "As the simulator was told.");
        }
        if self.is_being_replaced() {
            return (414, "The audience is being replaced.");
        }
        if self.replace_failed {
            return (415, "Replacing the audience has failed.");
        }
        match self.condition.delete_time {
            Some(_) => (100, "This audience is expiring."),
            None if self.first_upload.is_none() => (410, "No file has been uploaded yet."),
            None => (200, "Normal"),
        }
    }

    /// `delivery_status`.
    pub(crate) fn delivery(&self) -> (u16, &'static str) {
        if self.condition.flagged {
            (400, "This audience cannot be used.")
        } else if self.size() < USABLE_FROM {
            (300, "This audience is too small.")
        } else {
            (200, "This audience is ready for use.")
        }
    }

    /// How often this row was added since it last was no member; 0 = it is none.
    pub(crate) fn times(&self, row: &Digest) -> u32 {
        self.members.times(row)
    }

    /// How many members have this cell.
    pub(crate) fn bearing(&self, cell: &Digest) -> u32 {
        self.members.bearing(cell)
    }

    /// The members' digests: to compare two moments, not to learn who they are.
    pub(crate) fn digests(&self) -> impl Iterator<Item = Digest> {
        self.members.digests()
    }
}
