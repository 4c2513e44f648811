//! Upload sessions of one audience: which began when, what they received, how they
//! ended.

use std::collections::{BTreeMap, VecDeque};

/// Sessions that are remembered.
const KEPT: usize = 1_000;
/// Seconds from a session's first batch to the last moment that takes one.
pub(crate) const WINDOW: u64 = 90 * 60;

/// A session's place in an upload, as the request says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) session: u64,
    /// From 1.
    pub(crate) seq: u64,
    pub(crate) last: bool,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// By its last batch.
    Closed,
    /// Ninety minutes after its first one.
    TimedOut,
    /// By a fault of Meta's.
    Failed,
}

/// One session so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Session {
    pub(crate) received: u64,
    pub(crate) invalid: u64,
    /// The largest number of a batch so far.
    pub(crate) reached: u64,
    /// Unix seconds.
    pub(crate) began: u64,
    /// When it ended, in Unix seconds, and how.
    pub(crate) ended: Option<(u64, End)>,
}

impl Session {
    fn new(now: u64) -> Self {
        Self {
            began: now,
            ..Self::default()
        }
    }

    /// Ends it if its time is over.
    pub(crate) fn settle(&mut self, now: u64) {
        let over = self.began + WINDOW;
        if self.ended.is_none() && now >= over {
            self.ended = Some((over, End::TimedOut));
        }
    }

    pub(crate) fn count(&mut self, received: u64, invalid: u64) {
        self.received += received;
        self.invalid += invalid;
    }
}

/// The last sessions to begin.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_id: BTreeMap<u64, Session>,
    /// The youngest last.
    order: VecDeque<u64>,
}

impl Sessions {
    pub(crate) fn get(&mut self, id: u64) -> Option<&mut Session> {
        self.by_id.get_mut(&id)
    }

    /// The session of this id, which begins now if it is new.
    pub(crate) fn open(&mut self, id: u64, now: u64) -> &mut Session {
        if !self.by_id.contains_key(&id) {
            self.order.push_back(id);
            if self.order.len() > KEPT
                && let Some(oldest) = self.order.pop_front()
            {
                self.by_id.remove(&oldest);
            }
        }
        self.by_id.entry(id).or_insert(Session::new(now))
    }

    pub(crate) fn contains(&self, id: u64) -> bool {
        self.by_id.contains_key(&id)
    }

    /// The youngest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &Session)> {
        let ids = self.order.iter().rev();
        ids.filter_map(|id| Some((*id, self.by_id.get(id)?)))
    }
}
