//! One customer-list audience: what it is, and who is in it.
//!
//! A member is a row in canonical form (its non-blank cells, by schema key, but for its
//! value and Limited Data Use, which are not who it is), so the same person under other
//! columns is another member: the simulator matches nobody.

use std::collections::VecDeque;

use super::{Digest, digest::ByDigest};

/// Upload sessions whose running totals are remembered.
const SESSIONS: usize = 1_000;

/// What was said when the audience was created.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) name: String,
    pub(crate) description: String,
    /// The ad account's number, without `act_`.
    pub(crate) account: String,
    pub(crate) customer_file_source: String,
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

    fn iter(&self) -> impl Iterator<Item = (&Digest, &[Digest])> {
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

/// A session's totals so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Session {
    pub(crate) received: u64,
    pub(crate) invalid: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Audience {
    pub(crate) profile: Profile,
    pub(crate) first_upload: Option<SchemaForm>,
    pub(crate) created: u64,
    pub(crate) changed: u64,
    pub(crate) rows_added: u64,
    pub(crate) rows_repeated: u64,
    pub(crate) rows_removed: u64,
    pub(crate) rows_not_found: u64,
    pub(crate) rows_invalid: u64,
    pub(crate) empty_hashes: u64,
    members: ByDigest<u32>,
    cells: ByDigest<u32>,
    sessions: VecDeque<(u64, Session)>,
}

impl Audience {
    /// `created` in Unix seconds.
    pub(crate) fn new(profile: Profile, created: u64) -> Self {
        Self {
            profile,
            first_upload: None,
            created,
            changed: created,
            rows_added: 0,
            rows_repeated: 0,
            rows_removed: 0,
            rows_not_found: 0,
            rows_invalid: 0,
            empty_hashes: 0,
            members: ByDigest::default(),
            cells: ByDigest::default(),
            sessions: VecDeque::new(),
        }
    }

    pub(crate) fn add(&mut self, rows: &Rows) {
        for (row, cells) in rows.iter() {
            let times = self.members.entry(*row).or_default();
            *times = times.saturating_add(1);
            if *times > 1 {
                self.rows_repeated += 1;
                continue;
            }
            self.rows_added += 1;
            for cell in cells {
                *self.cells.entry(*cell).or_default() += 1;
            }
        }
        self.note(rows);
    }

    pub(crate) fn remove(&mut self, rows: &Rows) {
        for (row, cells) in rows.iter() {
            if self.members.remove(row).is_none() {
                self.rows_not_found += 1;
                continue;
            }
            self.rows_removed += 1;
            for cell in cells {
                let left = self
                    .cells
                    .get(cell)
                    .map_or(0, |count| count.saturating_sub(1));
                if left == 0 {
                    self.cells.remove(cell);
                } else {
                    self.cells.insert(*cell, left);
                }
            }
        }
        self.note(rows);
    }

    fn note(&mut self, rows: &Rows) {
        self.rows_invalid += rows.invalid;
        self.empty_hashes += rows.empty_hashes;
    }

    /// Adds a request to its session and answers the session's totals.
    pub(crate) fn in_session(&mut self, id: u64, rows: &Rows) -> Session {
        let known = self.sessions.iter().position(|(session, _)| *session == id);
        let (_, mut session) = known
            .and_then(|position| self.sessions.remove(position))
            .unwrap_or_default();
        session.received += rows.received;
        session.invalid += rows.invalid;
        if self.sessions.len() == SESSIONS {
            self.sessions.pop_front();
        }
        self.sessions.push_back((id, session));
        session
    }

    pub(crate) fn members(&self) -> u64 {
        self.members.len() as u64
    }

    /// How often this row was added since it last was no member; 0 = it is none.
    pub(crate) fn times(&self, row: &Digest) -> u32 {
        self.members.get(row).copied().unwrap_or(0)
    }

    /// How many members have this cell.
    pub(crate) fn bearing(&self, cell: &Digest) -> u32 {
        self.cells.get(cell).copied().unwrap_or(0)
    }

    /// The members' digests: to compare two moments, not to learn who they are.
    pub(crate) fn digests(&self) -> impl Iterator<Item = Digest> {
        self.members.keys().copied()
    }
}
