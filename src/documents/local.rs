//! Documents in a directory, which several processes of one machine may share.

use std::path::PathBuf;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::{Document, DocumentError, Documents, MOST_BYTES, Put, Tag, check};
use crate::state::directory;
use crate::state::directory::swap::{read_tagged, swap};

/// Below one directory, which is made when the first document is. Needs a file system
/// with locks.
#[derive(Clone, Debug)]
pub struct LocalDocuments {
    root: PathBuf,
}

impl LocalDocuments {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        LocalDocuments {
            root: directory::absolute(root.into()),
        }
    }

    async fn get(&self, path: &str) -> Result<Option<Document>, DocumentError> {
        let Some(read) = read_tagged(self.root.join(path), MOST_BYTES).await? else {
            return Ok(None);
        };
        check(read.bytes.len(), &self.place_of(path))?;
        Ok(Some(Document {
            json: read.bytes,
            tag: read.tag,
            age: read.age,
        }))
    }

    async fn put(
        &self,
        path: &str,
        json: Bytes,
        expected: Option<&Tag>,
    ) -> Result<Put, DocumentError> {
        check(json.len(), &self.place_of(path))?;
        let file = self.root.join(path);
        Ok(swap(&self.root, file, json, expected, MOST_BYTES).await?)
    }
}

impl Documents for LocalDocuments {
    fn get<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Option<Document>, DocumentError>> {
        self.get(path).boxed()
    }

    fn put<'a>(
        &'a self,
        path: &'a str,
        json: Bytes,
        expected: Option<&'a Tag>,
    ) -> BoxFuture<'a, Result<Put, DocumentError>> {
        self.put(path, json, expected).boxed()
    }

    fn place_of(&self, path: &str) -> String {
        self.root.join(path).display().to_string()
    }
}
