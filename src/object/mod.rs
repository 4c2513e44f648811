//! One version of one S3 key, and its bytes: pinned, resumed when broken, decompressed.
//!
//! Knows sources and bytes, not rows. The one idea: whatever happens on the way, the
//! bytes that come out are those of one version, in order, each once; or there is an
//! error that says which of the few possible things went wrong.

mod content;
mod decompress;
mod error;
mod hive;
mod listing;
mod local;
mod marker;
mod ranges;
mod reader;
mod s3;
mod s3_error;
mod snappy;
mod source;
mod unpack;
pub mod version;

pub use content::{Compression, ContentError, Format};
pub use decompress::{Decompressed, decompress};
pub use error::ObjectError;
pub use hive::hive_columns;
pub use listing::{ListError, Listed};
pub use local::LocalSource;
pub use marker::{Marker, is_marker};
pub use ranges::Ranges;
pub use reader::{PinnedReader, ReadOptions, ReadProgress, open};
pub use s3::S3Source;
pub use source::{Body, ObjectSource, decoded, describe_or_decoded};
pub use unpack::Limits;
