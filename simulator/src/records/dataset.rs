//! The events of one dataset: how many came, which ones, how often.

use super::{Digest, digest::ByDigest, tally::Tally};

/// Up to here the names and ids themselves are listed on request. Both are chosen by
/// the sender and name an event, not a person.
const LISTED: usize = 100_000;
const LISTED_CHARACTERS: usize = 256;
/// Seconds for which a repeat of an event is one …
const REPEATED_WITHIN: u64 = 48 * 3_600;
/// … and of one from a shop.
const SALE_REPEATED_WITHIN: u64 = 7 * 24 * 3_600;

/// The accepted events of one request.
#[derive(Debug, Default)]
pub(crate) struct Arrivals<'a> {
    pub(crate) events: Vec<Arrival<'a>>,
    /// One digest for each user_data value of each event, `(key, value)`.
    pub(crate) cells: Vec<Digest>,
    /// Values that are the hash of an empty text: a fault of the sender's that Meta
    /// does not notice.
    pub(crate) empty_hashes: u64,
    /// The request carried a `test_event_code`.
    pub(crate) test: bool,
}

/// One accepted event.
#[derive(Debug)]
pub(crate) struct Arrival<'a> {
    pub(crate) name: std::borrow::Cow<'a, str>,
    pub(crate) identity: Option<Identity<'a>>,
    /// What deduplication goes by instead, for what happened in a shop: its time and
    /// name, the item, and the order or else the person.
    pub(crate) sale: Option<Digest>,
    /// Digest of the event's JSON text as it was sent.
    pub(crate) content: [u8; 8],
}

/// What deduplication goes by, except for what happened in a shop.
#[derive(Debug)]
pub(crate) struct Identity<'a> {
    pub(crate) id: std::borrow::Cow<'a, str>,
    /// Of `(event_name, event_id)`.
    pub(crate) digest: Digest,
}

#[derive(Debug)]
struct Seen {
    times: u32,
    content: [u8; 8],
    /// When deduplication began to count from, in Unix seconds; not yet, where all that
    /// came were sales, which no other event is matched with.
    since: Option<u64>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Dataset {
    pub(crate) received: u64,
    pub(crate) duplicates: u64,
    pub(crate) changed_duplicates: u64,
    pub(crate) without_event_id: u64,
    pub(crate) test_events: u64,
    pub(crate) empty_hashes: u64,
    /// Events that are left after deduplication as it is documented.
    pub(crate) counted: u64,
    pub(crate) by_name: Tally,
    /// When the last events came, in Unix seconds.
    pub(crate) last_received: Option<u64>,
    /// What reads tell of it.
    pub(crate) is_unavailable: bool,
    pub(crate) is_without_stores: bool,
    events: ByDigest<Seen>,
    /// When the sales first came, in Unix seconds.
    sales: ByDigest<u64>,
    cells: ByDigest<u32>,
    listed: Listed,
}

impl Dataset {
    pub(crate) fn apply(&mut self, arrivals: &Arrivals<'_>, now: u64) {
        self.last_received = Some(now);
        for event in &arrivals.events {
            self.received += 1;
            self.by_name.add(&event.name);
            let is_repeat = match &event.identity {
                Some(identity) => self.note(event, identity, now),
                None => {
                    self.without_event_id += 1;
                    false
                }
            };
            let is_repeat = match event.sale {
                Some(sale) => self.is_repeated_sale(sale, now),
                None => is_repeat,
            };
            self.counted += u64::from(!is_repeat);
        }
        for cell in &arrivals.cells {
            let count = self.cells.entry(*cell).or_default();
            *count = count.saturating_add(1);
        }
        self.empty_hashes += arrivals.empty_hashes;
        if arrivals.test {
            self.test_events += arrivals.events.len() as u64;
        }
    }

    /// Whether it is a repeat that deduplication drops.
    fn note(&mut self, event: &Arrival<'_>, identity: &Identity<'_>, now: u64) -> bool {
        if let Some(seen) = self.events.get_mut(&identity.digest) {
            seen.times = seen.times.saturating_add(1);
            self.duplicates += 1;
            self.changed_duplicates += u64::from(seen.content != event.content);
            return match &mut seen.since {
                _ if event.sale.is_some() => false,
                Some(since) => is_within(since, now, REPEATED_WITHIN),
                since @ None => {
                    *since = Some(now);
                    false
                }
            };
        }
        let seen = Seen {
            times: 1,
            content: event.content,
            since: event.sale.is_none().then_some(now),
        };
        self.events.insert(identity.digest, seen);
        self.listed.add(&event.name, &identity.id, identity.digest);
        false
    }

    fn is_repeated_sale(&mut self, sale: Digest, now: u64) -> bool {
        if let Some(since) = self.sales.get_mut(&sale) {
            return is_within(since, now, SALE_REPEATED_WITHIN);
        }
        self.sales.insert(sale, now);
        false
    }

    /// Different `(event_name, event_id)` pairs.
    pub(crate) fn distinct(&self) -> u64 {
        self.events.len() as u64
    }

    /// How often the event of this digest arrived.
    pub(crate) fn times(&self, event: &Digest) -> u32 {
        self.events.get(event).map_or(0, |seen| seen.times)
    }

    /// How many arrivals bore this `(key, value)`, repeats counted.
    pub(crate) fn bearing(&self, cell: &Digest) -> u32 {
        self.cells.get(cell).copied().unwrap_or(0)
    }

    /// Every event's name, id and number of arrivals; `None` when there are too many
    /// to list.
    pub(crate) fn list(&self) -> Option<Vec<(String, String, u32)>> {
        let Listed::All(events) = &self.listed else {
            return None;
        };
        let list = events
            .iter()
            .map(|(name, id, digest)| (name.to_string(), id.to_string(), self.times(digest)));
        Some(list.collect())
    }
}

/// Whether so many seconds are not over yet; if they are, they begin anew.
fn is_within(since: &mut u64, now: u64, seconds: u64) -> bool {
    let is_within = now < since.saturating_add(seconds);
    if !is_within {
        *since = now;
    }
    is_within
}

#[derive(Debug)]
enum Listed {
    All(Vec<(Box<str>, Box<str>, Digest)>),
    TooMany,
}

impl Default for Listed {
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl Listed {
    fn add(&mut self, name: &str, id: &str, digest: Digest) {
        let Self::All(events) = self else { return };
        if events.len() == LISTED || name.len() + id.len() > LISTED_CHARACTERS {
            *self = Self::TooMany;
        } else {
            events.push((name.into(), id.into(), digest));
        }
    }
}
