//! A ledger in memory that fails as told, for the tests of whoever writes to one.

#![allow(clippy::panic)]

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use tokio::time::Instant;

use super::*;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fails {
    /// The write does not happen, and an error says so.
    Request,
    /// The write happens, and an error says that it may not have.
    Answer,
    /// The write happens, and nothing is heard of it.
    Hangs,
    /// The write happens, but is told of as refused: as the SDK's second try tells.
    LooksRefused,
}

/// Of one object.
#[derive(Default)]
pub(super) struct InMemory(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    entry: Option<(Entry, u64, Instant)>,
    writes: u64,
    segments: BTreeMap<String, Bytes>,
    fails: VecDeque<Fails>,
    out_of_reach: bool,
}

impl InMemory {
    pub(super) fn fails(&self, how: impl IntoIterator<Item = Fails>) {
        self.kept().fails.extend(how);
    }

    pub(super) fn out_of_reach(&self, is: bool) {
        self.kept().out_of_reach = is;
    }

    pub(super) fn entry(&self) -> Entry {
        let kept = self.kept();
        kept.entry.as_ref().expect("an entry").0.clone()
    }

    pub(super) fn writes(&self) -> u64 {
        self.kept().writes
    }

    pub(super) fn segments(&self) -> BTreeMap<String, Bytes> {
        self.kept().segments.clone()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reached(&self) -> Result<MutexGuard<'_, Kept>, LedgerError> {
        let kept = self.kept();
        if kept.out_of_reach {
            return Err(LedgerError::Transient("out of reach".to_owned()));
        }
        Ok(kept)
    }
}

impl Ledger for InMemory {
    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Found>, LedgerError>> {
        async move {
            let kept = self.reached()?;
            let found = kept.entry.as_ref();
            let found = found.filter(|(entry, ..)| entry.is_of(object, route));
            Ok(found.map(|(entry, tag, at)| Found {
                entry: entry.clone(),
                tag: Tag(tag.to_string()),
                age: at.elapsed(),
            }))
        }
        .boxed()
    }

    fn put<'a>(
        &'a self,
        entry: &'a Entry,
        expected: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, LedgerError>> {
        async move {
            let (put, fails) = {
                let mut kept = self.reached()?;
                let fails = kept.fails.pop_front();
                let there = kept.entry.as_ref().map(|(_, tag, _)| Tag(tag.to_string()));
                let put = if fails == Some(Fails::Request) || there.as_ref() != expected {
                    Put::Conflict
                } else {
                    kept.writes += 1;
                    let tag = kept.writes;
                    kept.entry = Some((entry.clone(), tag, Instant::now()));
                    Put::Stored(Tag(tag.to_string()))
                };
                (put, fails)
            };
            match fails {
                None => Ok(put),
                Some(Fails::Request | Fails::Answer) => {
                    Err(LedgerError::Transient("the connection broke".to_owned()))
                }
                Some(Fails::Hangs) => std::future::pending().await,
                Some(Fails::LooksRefused) => Ok(Put::Conflict),
            }
        }
        .boxed()
    }

    fn put_segment<'a>(
        &'a self,
        _: &'a Entry,
        name: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        async move {
            self.reached()?.segments.insert(name.to_owned(), bytes);
            Ok(())
        }
        .boxed()
    }

    fn get_segment<'a>(
        &'a self,
        _: &'a Entry,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Bytes, LedgerError>> {
        async move {
            let kept = self.reached()?;
            let bytes = kept.segments.get(name).cloned();
            bytes.ok_or_else(|| LedgerError::Setup("no such part".to_owned()))
        }
        .boxed()
    }

    fn remove_segments<'a>(
        &'a self,
        _: &'a Entry,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        async move {
            let mut kept = self.reached()?;
            kept.segments.retain(|name, _| !names.contains(name));
            Ok(())
        }
        .boxed()
    }

    fn list<'a>(
        &'a self,
        _: Option<&'a str>,
        _: Option<&'a str>,
    ) -> BoxStream<'a, Result<Found, LedgerError>> {
        stream::empty().boxed()
    }
}

pub(super) fn object() -> ObjectVersion {
    ObjectVersion {
        address: crate::object::version::ObjectAddress {
            bucket: "audiences".to_owned(),
            key: "run/part".to_owned(),
            version_id: None,
        },
        etag: "e".to_owned(),
        size: 7,
        last_modified: 0,
    }
}

pub(super) const LEASE: Duration = Duration::from_secs(60);

pub(super) fn claimant<'a>(object: &'a ObjectVersion, owner: &'a str) -> Claimant<'a> {
    Claimant {
        object,
        route: "buyers",
        owner,
        wanted: Wanted::Delivery,
        lease: LEASE,
        fingerprint: "f",
        changed_route: ChangedRoute::Refuse,
    }
}

/// Claims what there is, which must be free.
pub(super) async fn claimed(ledger: &InMemory, claimant: Claimant<'_>) -> Claimed {
    let Look::Free(found) = claimant.look(ledger).await.expect("a look") else {
        panic!("it is not free");
    };
    match claimant.claim(ledger, found).await.expect("a claim") {
        Claim::Held(claimed) => *claimed,
        other => panic!("not held: {other:?}"),
    }
}
