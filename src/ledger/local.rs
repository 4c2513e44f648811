//! The ledger in a directory, which several processes of one machine may share.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::future::{BoxFuture, ready};
use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, StreamExt};

use super::document::{
    MOST_BYTES, MOST_SEGMENT_BYTES, check_segment, from_json, is_on, no_segment, segment_path,
    to_json,
};
use super::{Entry, Found, Ledger, LedgerError, Put, Tag};
use crate::object::version::ObjectVersion;
use crate::receipts::path;
use crate::state::directory;
use crate::state::directory::swap::{read_tagged, swap};

/// Below one directory, which is made when the first entry is. Needs a file system with
/// locks; whoever writes an entry holds the one lock while it compares and swaps.
#[derive(Clone, Debug)]
pub struct LocalLedger {
    root: PathBuf,
}

const READ_AT_ONCE: usize = 16;

impl LocalLedger {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        LocalLedger {
            root: directory::absolute(root.into()),
        }
    }

    async fn get(&self, object: &ObjectVersion, route: &str) -> Result<Option<Found>, LedgerError> {
        let file = self.root.join(path::of_entry(&object.into(), route));
        let found = read(file).await?;
        Ok(found.filter(|found| found.entry.is_of(object, route)))
    }

    async fn put(&self, entry: &Entry, expected: Option<&Tag>) -> Result<Put, LedgerError> {
        let json = to_json(entry)?;
        let file = self.root.join(path::of_entry(&entry.object, &entry.route));
        Ok(swap(&self.root, file, json.into(), expected, MOST_BYTES).await?)
    }

    async fn put_segment(
        &self,
        entry: &Entry,
        name: &str,
        bytes: Bytes,
    ) -> Result<(), LedgerError> {
        let root = self.root.clone();
        let file = root.join(segment_path(entry, name)?);
        let location = file.display().to_string();
        check_segment(&bytes, &location)?;
        directory::apart(move || directory::write(&root, &file, &bytes))
            .await
            .map_err(|error| directory::failed("write", &location, &error).into())
    }

    async fn get_segment(&self, entry: &Entry, name: &str) -> Result<Bytes, LedgerError> {
        let file = self.root.join(segment_path(entry, name)?);
        let location = file.display().to_string();
        let read = move || directory::read(&File::open(file)?, MOST_SEGMENT_BYTES);
        match directory::apart(read).await {
            Ok(bytes) => {
                check_segment(&bytes, &location)?;
                Ok(bytes.into())
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Err(no_segment(&location)),
            Err(error) => Err(directory::failed("read", &location, &error).into()),
        }
    }

    async fn remove_segments(&self, entry: &Entry, names: &[String]) -> Result<(), LedgerError> {
        let mut files = Vec::new();
        for name in names {
            files.push(self.root.join(segment_path(entry, name)?));
        }
        let folder = self
            .root
            .join(path::of_segments(&entry.object, &entry.route));
        let location = folder.display().to_string();
        directory::apart(move || remove(&folder, &files))
            .await
            .map_err(|error| directory::failed("remove", &location, &error).into())
    }

    fn list(&self, route: Option<&str>) -> BoxStream<'static, Result<Found, LedgerError>> {
        let route = route.map(str::to_owned);
        let folder = match &route {
            Some(route) => self.root.join(path::of_entries(route)),
            None => self.root.join(path::LEDGER),
        };
        files_below(folder)
            .map(async |file| match file {
                Ok(file) => read(file).await,
                Err(error) => Err(error),
            })
            .buffer_unordered(READ_AT_ONCE)
            // What was there a moment ago may be gone.
            .filter_map(|found| ready(found.transpose()))
            .filter(move |found| ready(is_on(route.as_deref(), found)))
            .boxed()
    }
}

impl Ledger for LocalLedger {
    fn get<'a>(
        &'a self,
        object: &'a ObjectVersion,
        route: &'a str,
    ) -> BoxFuture<'a, Result<Option<Found>, LedgerError>> {
        self.get(object, route).boxed()
    }

    fn put<'a>(
        &'a self,
        entry: &'a Entry,
        expected: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, LedgerError>> {
        self.put(entry, expected).boxed()
    }

    fn put_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
        bytes: Bytes,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.put_segment(entry, name, bytes).boxed()
    }

    fn get_segment<'a>(
        &'a self,
        entry: &'a Entry,
        name: &'a str,
    ) -> BoxFuture<'a, Result<Bytes, LedgerError>> {
        self.get_segment(entry, name).boxed()
    }

    fn remove_segments<'a>(
        &'a self,
        entry: &'a Entry,
        names: &'a [String],
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.remove_segments(entry, names).boxed()
    }

    fn list<'a>(
        &'a self,
        _: Option<&'a str>,
        route: Option<&'a str>,
    ) -> BoxStream<'a, Result<Found, LedgerError>> {
        self.list(route)
    }
}

async fn read(file: PathBuf) -> Result<Option<Found>, LedgerError> {
    let location = file.display().to_string();
    let Some(read) = read_tagged(file, MOST_BYTES).await? else {
        return Ok(None);
    };
    Ok(Some(Found {
        entry: from_json(&read.bytes, &location)?,
        tag: read.tag,
        age: read.age,
    }))
}

fn remove(folder: &Path, files: &[PathBuf]) -> io::Result<()> {
    for file in files {
        match fs::remove_file(file) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    // It stays while another owner's parts are in it.
    let _ = fs::remove_dir(folder);
    Ok(())
}

/// The entries below a folder, one folder of them in memory at a time.
fn files_below(folder: PathBuf) -> impl futures_util::Stream<Item = Result<PathBuf, LedgerError>> {
    stream::unfold(vec![folder], async |mut folders| {
        let folder = folders.pop()?;
        let location = folder.display().to_string();
        let files: Vec<_> = match directory::apart(move || look_into(&folder)).await {
            Ok((files, inner)) => {
                folders.extend(inner);
                files.into_iter().map(Ok).collect()
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => vec![Err(directory::failed("list", &location, &error).into())],
        };
        Some((stream::iter(files), folders))
    })
    .flatten()
}

/// Its entries, and the folders in it.
fn look_into(folder: &Path) -> io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for inside in fs::read_dir(folder)? {
        let inside = inside?;
        if inside.file_type()?.is_dir() {
            folders.push(inside.path());
        } else if inside.file_name().to_str().is_some_and(path::is_entry) {
            files.push(inside.path());
        }
    }
    Ok((files, folders))
}
