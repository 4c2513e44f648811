//! One worker's way to the ledger, the receipts and the secret that all share.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use audience_activator::credentials::{RawSecret, SecretError, SecretReader, SecretRef};
use audience_activator::documents::{DocumentError, Documents, Looked};
use audience_activator::ledger::{Entry, Found, Ledger, LedgerError, Put, Tag};
use audience_activator::object::version::ObjectVersion;
use audience_activator::receipts::{Receipt, ReceiptLocation, ReceiptStore, StoreError};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use secrecy::SecretString;

use crate::state::{State, place};
use crate::world::{Call, Failed, Fate, Life};

/// As long as the stores in S3 try for.
const PATIENCE: Duration = Duration::from_secs(20);

pub struct RemoteState {
    pub inner: Arc<State>,
    pub life: Arc<Life>,
}

fn no_entry(_: Failed) -> LedgerError {
    LedgerError::Transient("the ledger did not answer".to_owned())
}

fn no_receipt(_: Failed) -> StoreError {
    StoreError::Transient("the store did not answer".to_owned())
}

impl Ledger for RemoteState {
    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Found>, LedgerError>> {
        let (inner, object, route) = (self.inner.clone(), object.clone(), route.to_owned());
        let effect = async move { inner.entry(&object, &route) };
        Box::pin(async move {
            let found = self.life.call(Call::ReadEntry, PATIENCE, effect).await;
            found.map_err(no_entry)
        })
    }

    fn put<'a>(
        &'a self,
        entry: &'a Entry,
        expected: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, LedgerError>> {
        let (inner, entry) = (self.inner.clone(), entry.clone());
        let expected = expected.cloned();
        let place = place(&entry.object, &entry.route);
        self.life.claims(place, &entry.owner);
        let effect = async move { inner.put_entry(&entry, expected.as_ref()) };
        Box::pin(async move {
            let fate = self.life.fate(Call::WriteEntry).await;
            let put = self
                .life
                .carried(Call::WriteEntry, fate, PATIENCE, effect)
                .await;
            match fate {
                // The client tried twice by itself: the second time it was refused for
                // the first.
                Fate::Odd(_) => Ok(Put::Conflict),
                _ => put.map_err(no_entry),
            }
        })
    }

    fn put_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        let (inner, entry, name) = (self.inner.clone(), entry.clone(), name.to_owned());
        let effect = async move { inner.put_segment(&entry, &name, &bytes) };
        Box::pin(async move {
            let put = self.life.call(Call::Segment, PATIENCE, effect).await;
            put.map_err(no_entry)
        })
    }

    fn get_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Bytes, LedgerError>> {
        let (inner, entry, name) = (self.inner.clone(), entry.clone(), name.to_owned());
        let effect = async move { inner.segment(&entry, &name) };
        Box::pin(async move {
            let found = self.life.call(Call::Segment, PATIENCE, effect).await;
            found.map_err(no_entry)?.ok_or_else(|| {
                let life = &self.life;
                life.world.broken("a segment that an entry names is gone");
                LedgerError::Transient("no such segment".to_owned())
            })
        })
    }

    fn remove_segments<'a>(
        &'a self,
        entry: &'a Entry,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        let (inner, entry, names) = (self.inner.clone(), entry.clone(), names.to_vec());
        let effect = async move { inner.remove_segments(&entry, &names) };
        Box::pin(async move {
            let removed = self.life.call(Call::Segment, PATIENCE, effect).await;
            removed.map_err(no_entry)
        })
    }

    /// A worker never asks for it.
    fn list<'a>(
        &'a self,
        _: Option<&'a str>,
        _: Option<&'a str>,
    ) -> BoxStream<'a, Result<Found, LedgerError>> {
        stream::empty().boxed()
    }
}

impl ReceiptStore for RemoteState {
    fn put<'a>(
        &'a self,
        receipt: &'a Receipt,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        let (inner, owned) = (self.inner.clone(), receipt.clone());
        let effect = async move { inner.put_receipt(&owned) };
        Box::pin(async move {
            receipt.check()?;
            let put = self.life.call(Call::WriteReceipt, PATIENCE, effect).await;
            put.map_err(no_receipt)?;
            Ok(ReceiptLocation::new("receipt"))
        })
    }

    fn put_rejects<'a>(
        &'a self,
        receipt: &'a Receipt,
        list: Bytes,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        let (inner, receipt) = (self.inner.clone(), receipt.clone());
        let effect = async move { inner.put_list(&receipt, list) };
        Box::pin(async move {
            let put = self.life.call(Call::WriteReceipt, PATIENCE, effect).await;
            put.map_err(no_receipt)?;
            Ok(ReceiptLocation::new("rejects"))
        })
    }

    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        let (inner, object, route) = (self.inner.clone(), object.clone(), route.to_owned());
        let effect = async move { inner.receipt(&object, &route) };
        Box::pin(async move {
            let found = self.life.call(Call::ReadReceipt, PATIENCE, effect).await;
            found.map_err(no_receipt)
        })
    }
}

/// No audience here has routes of several modes, so nobody has to wait for a turn at one.
impl Documents for RemoteState {
    fn get<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Looked, DocumentError>> {
        self.life.world.broken("a document was asked for");
        Box::pin(async {
            Ok(Looked {
                document: None,
                now: 0,
            })
        })
    }

    fn put<'a>(
        &'a self,
        _: &'a str,
        _: Bytes,
        _: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, DocumentError>> {
        self.life.world.broken("a document was written");
        Box::pin(async { Ok(Put::Conflict) })
    }

    fn place_of(&self, path: &str) -> String {
        path.to_owned()
    }
}

pub struct RemoteSecret {
    pub token: Arc<Mutex<String>>,
    pub life: Arc<Life>,
}

impl SecretReader for RemoteSecret {
    fn read<'a>(
        &'a self,
        reference: &'a SecretRef,
    ) -> BoxFuture<'a, Result<RawSecret, SecretError>> {
        let token = self.token.clone();
        let effect = async move { token.lock().unwrap().clone() };
        Box::pin(async move {
            let read = self.life.call(Call::ReadSecret, PATIENCE, effect).await;
            match read {
                Ok(token) => Ok(RawSecret::Text(SecretString::from(token))),
                Err(Failed) => Err(SecretError::Unreachable {
                    reference: reference.clone(),
                    reason: "the secret store did not answer".to_owned(),
                }),
            }
        })
    }
}
