//! One version of one S3 key, and its bytes: pinned, resumed when broken, decompressed.

pub mod version;
