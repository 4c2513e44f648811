//! Objects in a directory of this machine, for `demo`, `upload` and tests.
//!
//! A file has no versions. Its time of change, length and inode stand for one, so that a
//! file that is written again while it is read is noticed, unless it is written in place,
//! at the same length, within one tick of the file system's clock.

use std::fs::{self, Metadata};
use std::io::{self, SeekFrom};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use bytes::{Bytes, BytesMut};
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

use super::error::ObjectError;
use super::listing::{ListError, Listed};
use super::source::{Body, ObjectSource};
use super::version::{ObjectAddress, ObjectVersion};

/// What one piece of a body holds at most.
const PIECE_BYTES: usize = 256 * 1024;

/// An [`ObjectSource`] over directories.
#[derive(Clone, Debug)]
pub struct LocalSource {
    buckets: Buckets,
}

#[derive(Clone, Debug)]
enum Buckets {
    Below(PathBuf),
    Only { name: String, directory: PathBuf },
}

impl LocalSource {
    /// Every directory directly below `root` is a bucket of its name.
    pub fn below(root: impl Into<PathBuf>) -> LocalSource {
        LocalSource {
            buckets: Buckets::Below(root.into()),
        }
    }

    /// One directory, as the bucket `name`; no other bucket exists.
    pub fn of_directory(name: impl Into<String>, directory: impl Into<PathBuf>) -> LocalSource {
        LocalSource {
            buckets: Buckets::Only {
                name: name.into(),
                directory: directory.into(),
            },
        }
    }

    /// `None` for names that no directory can have.
    fn bucket(&self, name: &str) -> Option<PathBuf> {
        match &self.buckets {
            Buckets::Below(root) => Some(root.join(plain(name)?)),
            Buckets::Only {
                name: only,
                directory,
            } => (only == name).then(|| directory.clone()),
        }
    }

    /// `None` for names that no file below the directory can have.
    fn path(&self, address: &ObjectAddress) -> Option<PathBuf> {
        let bucket = self.bucket(&address.bucket)?;
        address
            .key
            .split('/')
            .try_fold(bucket, |path, part| Some(path.join(plain(part)?)))
    }

    async fn open(&self, address: &ObjectAddress) -> Result<(File, ObjectVersion), ObjectError> {
        let missing = || ObjectError::NotFound {
            address: address.clone(),
        };
        let path = self.path(address).ok_or_else(missing)?;
        let file = File::open(path)
            .await
            .map_err(|error| failure(error, address))?;
        let version = describe(&file, address).await?;
        Ok((file, version))
    }
}

impl ObjectSource for LocalSource {
    fn describe<'a>(
        &'a self,
        address: &'a ObjectAddress,
    ) -> BoxFuture<'a, Result<ObjectVersion, ObjectError>> {
        async move {
            let (_, version) = self.open(address).await?;
            Ok(version)
        }
        .boxed()
    }

    fn read<'a>(
        &'a self,
        version: &'a ObjectVersion,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Body, ObjectError>> {
        async move {
            let end = range.end.min(version.size);
            if range.start >= end {
                return Ok(stream::empty().boxed());
            }
            let (mut file, found) = self.open(&version.address).await?;
            if found != *version {
                return Err(overwritten(version));
            }
            file.seek(SeekFrom::Start(range.start))
                .await
                .map_err(|error| failure(error, &version.address))?;
            let read = FileRead {
                file,
                left: end - range.start,
                version: version.clone(),
            };
            let pieces = stream::try_unfold(read, |mut read| async move {
                let piece = read.next_piece().await?;
                Ok(piece.map(|piece| (piece, read)))
            });
            Ok(pieces.boxed())
        }
        .boxed()
    }

    fn list(&self, bucket: &str, prefix: &str) -> BoxStream<'static, Result<Listed, ListError>> {
        let place = ObjectAddress {
            bucket: bucket.to_owned(),
            key: prefix.to_owned(),
            version_id: None,
        };
        let root = self.bucket(bucket);
        let list = async move {
            let missing = || ListError::Setup {
                place: place.clone(),
                reason: "there is no such directory".to_owned(),
            };
            let root = root.ok_or_else(missing)?;
            let prefix = place.key.clone();
            let found = tokio::task::spawn_blocking(move || below(&root, &prefix));
            let found = found
                .await
                .unwrap_or_else(|stopped| Err(io::Error::other(stopped)));
            found.map_err(|error| match error.kind() {
                io::ErrorKind::NotFound => missing(),
                io::ErrorKind::PermissionDenied => ListError::Setup {
                    place: place.clone(),
                    reason: "a folder may not be read by this user".to_owned(),
                },
                _ => ListError::Transient {
                    place: place.clone(),
                    source: error.into(),
                },
            })
        };
        let listed = stream::once(list).flat_map(|listed| match listed {
            Ok(listed) => stream::iter(listed).map(Ok).boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        });
        listed.boxed()
    }
}

struct FileRead {
    file: File,
    left: u64,
    version: ObjectVersion,
}

impl FileRead {
    async fn next_piece(&mut self) -> Result<Option<Bytes>, ObjectError> {
        let room = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(PIECE_BYTES);
        if room == 0 {
            return Ok(None);
        }
        let mut piece = BytesMut::with_capacity(room);
        (&mut self.file)
            .take(room as u64)
            .read_buf(&mut piece)
            .await
            .map_err(|error| failure(error, &self.version.address))?;
        // Asked after the read: what was read before a change is still this version's.
        if describe(&self.file, &self.version.address).await? != self.version {
            return Err(overwritten(&self.version));
        }
        self.left -= piece.len() as u64;
        Ok((!piece.is_empty()).then(|| piece.freeze()))
    }
}

/// The files below the root whose keys begin so, in the order of their keys. Names that
/// are no text are no keys.
fn below(root: &Path, prefix: &str) -> io::Result<Vec<Listed>> {
    let mut found = Vec::new();
    let mut folders = vec![(root.to_owned(), String::new())];
    while let Some((folder, key)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            // It was removed meanwhile; a root that is not there is told.
            Err(error) if error.kind() == io::ErrorKind::NotFound && folder != root => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
                continue;
            };
            let key = format!("{key}{name}");
            // As an object is opened: what a link leads to.
            let metadata = match fs::metadata(entry.path()) {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if metadata.is_dir() {
                let key = format!("{key}/");
                if key.starts_with(prefix) || prefix.starts_with(&key) {
                    folders.push((entry.path(), key));
                }
            } else if metadata.is_file() && key.starts_with(prefix) {
                found.push(Listed {
                    key,
                    size: metadata.len(),
                    etag: etag(&metadata),
                    last_modified: metadata.mtime(),
                });
            }
        }
    }
    found.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    Ok(found)
}

/// A single, ordinary component of a path: not empty, not `..`, no separator.
fn plain(part: &str) -> Option<&str> {
    let mut components = Path::new(part).components();
    match (components.next(), components.next()) {
        (Some(Component::Normal(only)), None) if only == part => Some(part),
        _ => None,
    }
}

async fn describe(file: &File, address: &ObjectAddress) -> Result<ObjectVersion, ObjectError> {
    let metadata = file
        .metadata()
        .await
        .map_err(|error| failure(error, address))?;
    if !metadata.is_file() {
        return Err(ObjectError::NotFound {
            address: address.clone(),
        });
    }
    Ok(ObjectVersion {
        address: address.clone(),
        etag: etag(&metadata),
        size: metadata.len(),
        last_modified: metadata.mtime(),
    })
}

fn etag(metadata: &Metadata) -> String {
    format!(
        "{:x}.{:09}-{:x}-{:x}",
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.len(),
        metadata.ino(),
    )
}

fn overwritten(version: &ObjectVersion) -> ObjectError {
    ObjectError::Overwritten {
        address: version.address.clone(),
    }
}

fn failure(error: io::Error, address: &ObjectAddress) -> ObjectError {
    let address = address.clone();
    match error.kind() {
        // A name too long or with a NUL byte cannot be one of a file.
        io::ErrorKind::NotFound
        | io::ErrorKind::NotADirectory
        | io::ErrorKind::InvalidFilename
        | io::ErrorKind::InvalidInput => ObjectError::NotFound { address },
        io::ErrorKind::PermissionDenied => ObjectError::Setup {
            address,
            reason: "the file may not be read by this user".to_owned(),
        },
        _ => ObjectError::transient(&address, error),
    }
}
