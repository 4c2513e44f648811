//! Documents in a directory, which several processes of one machine may share.

use std::path::PathBuf;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use time::OffsetDateTime;

use super::{Document, DocumentError, Documents, Looked, MOST_BYTES, Put, Tag, check};
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

    async fn get(&self, path: &str) -> Result<Looked, DocumentError> {
        let read = read_tagged(self.root.join(path), MOST_BYTES).await?;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let Some(read) = read else {
            return Ok(Looked {
                document: None,
                now,
            });
        };
        check(read.bytes.len(), &self.place_of(path))?;
        Ok(Looked {
            document: Some(Document {
                json: read.bytes,
                tag: read.tag,
            }),
            now,
        })
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
    fn get<'a>(&'a self, path: &'a str) -> BoxFuture<'a, Result<Looked, DocumentError>> {
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
