//! Which object is meant, and which version of it.

use std::fmt;

/// Where an object is: the names alone, without saying which version.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectAddress {
    pub bucket: String,
    /// The key as it is, never encoded.
    pub key: String,
    /// Given where the bucket is versioned.
    pub version_id: Option<String>,
}

impl fmt::Display for ObjectAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// One version of one object, as the source described it: everything that a
/// later read is pinned to. No batch mixes two of these.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ObjectVersion {
    pub address: ObjectAddress,
    /// Without the quotes around it.
    pub etag: String,
    /// In bytes, as stored.
    pub size: u64,
    /// Unix seconds; the same for every reader of this version.
    pub last_modified: i64,
}

impl fmt::Display for ObjectVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}
