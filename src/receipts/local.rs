//! Receipts in a directory.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::{
    MOST_BYTES, Receipt, ReceiptLocation, ReceiptStore, Status, StoreError, from_json,
    is_of_a_delivery, path, to_json,
};
use crate::object::version::ObjectVersion;
use crate::state::directory;
use crate::state::directory::swap::locked;

/// Below one directory, which is made when the first receipt is.
#[derive(Clone, Debug)]
pub struct LocalReceiptStore {
    root: PathBuf,
}

impl LocalReceiptStore {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        LocalReceiptStore {
            root: directory::absolute(root.into()),
        }
    }

    async fn put(&self, receipt: &Receipt) -> Result<ReceiptLocation, StoreError> {
        let json = to_json(receipt)?;
        let root = self.root.clone();
        let file = root.join(path::of_receipt(&receipt.object, &receipt.route));
        let location = located(&file);
        let (at, receipt) = (location.clone(), receipt.clone());
        locked(&self.root, move || {
            Ok(put_locked(&root, &file, &at, &receipt, &json))
        })
        .await
        .map_err(|error| directory::failed("write", &location.0, &error))??;
        Ok(location)
    }

    async fn put_rejects(
        &self,
        receipt: &Receipt,
        list: Bytes,
    ) -> Result<ReceiptLocation, StoreError> {
        let path = path::of_rejects(&receipt.object, &receipt.route);
        self.keep(path, list).await
    }

    async fn keep(&self, path: String, bytes: Bytes) -> Result<ReceiptLocation, StoreError> {
        let root = self.root.clone();
        let file = root.join(path);
        let location = located(&file);
        directory::apart(move || directory::write(&root, &file, &bytes))
            .await
            .map_err(|error| directory::failed("write", &location.0, &error))?;
        Ok(location)
    }

    async fn get(
        &self,
        object: &ObjectVersion,
        route: &str,
    ) -> Result<Option<Receipt>, StoreError> {
        let file = self.root.join(path::of_receipt(&object.into(), route));
        let location = located(&file);
        let read = move || directory::read(&File::open(file)?, MOST_BYTES);
        match directory::apart(read).await {
            Ok(json) => {
                Ok(Some(from_json(&json, &location)?).filter(|there| there.is_of(object, route)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(directory::failed("read", &location.0, &error).into()),
        }
    }
}

impl ReceiptStore for LocalReceiptStore {
    fn put<'a>(
        &'a self,
        receipt: &'a Receipt,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        Box::pin(self.put(receipt))
    }

    fn put_rejects<'a>(
        &'a self,
        receipt: &'a Receipt,
        list: Bytes,
    ) -> BoxFuture<'a, Result<ReceiptLocation, StoreError>> {
        Box::pin(self.put_rejects(receipt, list))
    }

    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Receipt>, StoreError>> {
        Box::pin(self.get(object, route))
    }
}

fn put_locked(
    root: &Path,
    file: &Path,
    location: &ReceiptLocation,
    receipt: &Receipt,
    json: &[u8],
) -> Result<(), StoreError> {
    if receipt.status != Status::Delivered {
        match File::open(file).and_then(|file| directory::read(&file, MOST_BYTES)) {
            Ok(there) if is_of_a_delivery(&there, location, receipt)? => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(directory::failed("read", &location.0, &error).into()),
        }
    }
    directory::write(root, file, json)
        .map_err(|error| directory::failed("write", &location.0, &error).into())
}

fn located(file: &Path) -> ReceiptLocation {
    ReceiptLocation(file.display().to_string())
}
