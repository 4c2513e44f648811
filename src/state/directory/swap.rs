//! Compare-and-swap between the processes of one machine, under one lock.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use tokio::time::{Instant, sleep};

use super::{apart, failed, make_folder, read, write};
use crate::state::failure::Failure;
use crate::state::swap::{Put, Tag};

/// Beside the folder of entries: in it, a route might have this name.
const LOCK: &str = "ledger.lock";
/// A process that holds the lock for longer has been stopped.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// A file as it was read.
pub(crate) struct Read {
    pub(crate) bytes: Vec<u8>,
    pub(crate) tag: Tag,
    pub(crate) age: Duration,
}

/// What the file holds, if it is there; no more than one byte beyond `most`.
pub(crate) async fn read_tagged(file: PathBuf, most: usize) -> Result<Option<Read>, Failure> {
    let location = file.display().to_string();
    let look = move || {
        let file = File::open(file)?;
        // A clock set back in between makes no negative age.
        let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
        Ok((read(&file, most)?, age))
    };
    match apart(look).await {
        Ok((bytes, age)) => Ok(Some(Read {
            tag: tag(&bytes),
            bytes,
            age,
        })),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed("read", &location, &error)),
    }
}

/// Writes a file below `root` if what is there has this tag; with `None`, if nothing is.
/// None of them has more than `most` bytes.
pub(crate) async fn swap(
    root: &Path,
    file: PathBuf,
    json: Bytes,
    expected: Option<&Tag>,
    most: usize,
) -> Result<Put, Failure> {
    let location = file.display().to_string();
    let (top, expected) = (root.to_owned(), expected.cloned());
    let swapped = locked(root, move || {
        swap_locked(&top, &file, &json, expected.as_ref(), most)
    });
    swapped
        .await
        .map_err(|error| failed("write", &location, &error))
}

/// Works while no other process, nor another task of this one, works so below `root`. Runs to
/// its end even if nobody waits for it any more.
pub(crate) async fn locked<T: Send + 'static>(
    root: &Path,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let lock = lock(root).await?;
    apart(move || {
        let _lock = lock;
        work()
    })
    .await
}

fn tag(json: &[u8]) -> Tag {
    Tag(const_hex::encode(Sha256::digest(json)))
}

fn swap_locked(
    root: &Path,
    file: &Path,
    json: &[u8],
    expected: Option<&Tag>,
    most: usize,
) -> io::Result<Put> {
    let there = match File::open(file).and_then(|file| read(&file, most)) {
        Ok(there) => Some(tag(&there)),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    if there.as_ref() != expected {
        return Ok(Put::Conflict);
    }
    write(root, file, json)?;
    Ok(Put::Stored(tag(json)))
}

/// Let go when the file is closed, by whatever end the process takes.
async fn lock(root: &Path) -> io::Result<File> {
    let root = root.to_owned();
    let file = apart(move || {
        make_folder(&root, &root)?;
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).write(true);
        options.open(root.join(LOCK))
    })
    .await?;
    let began = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if began.elapsed() < LONGEST_WAIT => {
                sleep(Duration::from_micros(fastrand::u64(500..3_000))).await;
            }
            Err(TryLockError::WouldBlock) => return Err(ErrorKind::TimedOut.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
}
