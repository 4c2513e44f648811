//! Receipts in a directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::{
    MOST_BYTES, Receipt, ReceiptLocation, ReceiptStore, StoreError, from_json, path, to_json,
};
use crate::object::version::ObjectVersion;

/// Below one directory, which is made when the first receipt is.
#[derive(Clone, Debug)]
pub struct LocalReceiptStore {
    root: PathBuf,
}

impl LocalReceiptStore {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        let root = root.into();
        LocalReceiptStore {
            // For people who read a location later, in another directory.
            root: std::path::absolute(&root).unwrap_or(root),
        }
    }

    async fn put(&self, receipt: &Receipt) -> Result<ReceiptLocation, StoreError> {
        let json = to_json(receipt)?;
        let path = path::of(&receipt.object, &receipt.route);
        self.keep(path, json.into()).await
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
        // Dropping the future lets the write go on to its end.
        finished(tokio::task::spawn_blocking(move || write(&root, &file, &bytes)).await)
            .map_err(|error| failed("write", &location, &error))?;
        Ok(location)
    }

    async fn get(
        &self,
        object: &ObjectVersion,
        route: &str,
    ) -> Result<Option<Receipt>, StoreError> {
        let file = self.root.join(path::of(&object.into(), route));
        let location = located(&file);
        match finished(tokio::task::spawn_blocking(move || read(&file)).await) {
            Ok(json) if json.len() > MOST_BYTES => Err(StoreError::Unreadable { location }),
            Ok(json) => from_json(&json, location, object, route),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed("read", &location, &error)),
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

/// Under a name of its own first, because a crash in between must not leave half a
/// file; and synchronised up to the root, or to what holds a new root, because a
/// rename alone is not durable, and neither is a new folder.
fn write(root: &Path, file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(root);
    let top = root.ancestors().find(|folder| folder.is_dir());
    fs::create_dir_all(folder)?;
    let (temporary, mut open) = create_temporary(folder)?;
    let written = open
        .write_all(bytes)
        .and_then(|()| open.sync_all())
        .and_then(|()| fs::rename(&temporary, file));
    if let Err(error) = written {
        // The first failure is the one to tell.
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    for folder in folder.ancestors() {
        File::open(folder)?.sync_all()?;
        if Some(folder) == top {
            break;
        }
    }
    Ok(())
}

/// In a container every process may have the same id, and a crashed one may have
/// left its file: so the name is tried until it is new.
fn create_temporary(folder: &Path) -> io::Result<(PathBuf, File)> {
    let mut number = 0_u32;
    loop {
        let path = folder.join(format!(".{}-{number}.tmp", process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < u32::MAX => {
                number += 1;
            }
            Err(error) => return Err(error),
        }
    }
}

/// No more than one byte beyond what a receipt may have.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut json = Vec::new();
    File::open(file)?
        .take(MOST_BYTES as u64 + 1)
        .read_to_end(&mut json)?;
    Ok(json)
}

fn finished<T>(task: Result<io::Result<T>, tokio::task::JoinError>) -> io::Result<T> {
    task.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
}

fn located(file: &Path) -> ReceiptLocation {
    ReceiptLocation(file.display().to_string())
}

fn failed(step: &str, location: &ReceiptLocation, error: &io::Error) -> StoreError {
    let text = format!("could not {step} {location}: {}", error.kind());
    match error.kind() {
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::StorageFull
        | ErrorKind::QuotaExceeded
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::InvalidFilename => StoreError::Setup(text),
        _ => StoreError::Transient(text),
    }
}
