//! Files that survive a crash: whole, or not there.

pub(crate) mod swap;

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process;

use super::failure::Failure;

/// Writes a file below `root`, in place of what was there.
///
/// Under a name of its own first, because a crash in between must not leave half a
/// file; and synchronised up to the root, or to what holds a new root, because a
/// rename alone is not durable, and neither is a new folder.
pub(crate) fn write(root: &Path, file: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = file.parent().unwrap_or(root);
    let top = existing(root);
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
    synchronise(folder, top)
}

/// A folder below `root`, or `root` itself.
pub(crate) fn make_folder(root: &Path, folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let top = existing(root);
    fs::create_dir_all(folder).map_err(|error| match error.kind() {
        // It is there, and is none.
        ErrorKind::AlreadyExists => ErrorKind::NotADirectory.into(),
        _ => error,
    })?;
    synchronise(folder, top)
}

fn existing(root: &Path) -> Option<&Path> {
    root.ancestors().find(|folder| folder.is_dir())
}

fn synchronise(folder: &Path, top: Option<&Path>) -> io::Result<()> {
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

/// No more than one byte beyond `most`.
pub(crate) fn read(file: &File, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(most as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Runs to its end even if nobody waits for it any more.
pub(crate) async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
}

/// People may read a location later, in another directory.
pub(crate) fn absolute(root: PathBuf) -> PathBuf {
    std::path::absolute(&root).unwrap_or(root)
}

pub(crate) fn failed(step: &str, location: &str, error: &io::Error) -> Failure {
    let text = format!("could not {step} {location}: {}", error.kind());
    match error.kind() {
        ErrorKind::PermissionDenied
        | ErrorKind::ReadOnlyFilesystem
        | ErrorKind::StorageFull
        | ErrorKind::QuotaExceeded
        | ErrorKind::NotADirectory
        | ErrorKind::IsADirectory
        | ErrorKind::InvalidFilename
        | ErrorKind::Unsupported => Failure::Setup(text),
        _ => Failure::Transient(text),
    }
}
