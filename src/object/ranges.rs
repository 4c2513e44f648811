//! Ranges of one version in any order, for formats that are not read from their beginning.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::reader::{PinnedReader, ReadOptions, ReadProgress, open_range};
use super::source::ObjectSource;
use super::version::ObjectVersion;

/// One [`ObjectVersion`], of which any range can be read.
///
/// Each range is read as the whole object would be: pinned, resumed where it breaks off,
/// and counted, all ranges together.
#[derive(Clone)]
pub struct Ranges {
    source: Arc<dyn ObjectSource>,
    version: ObjectVersion,
    options: ReadOptions,
    progress: Arc<ReadProgress>,
}

impl Ranges {
    /// Counts what is read besides what `progress` has counted. The start in `options`
    /// means nothing here.
    pub fn new(
        source: Arc<dyn ObjectSource>,
        version: ObjectVersion,
        options: ReadOptions,
        progress: Arc<ReadProgress>,
    ) -> Ranges {
        Ranges {
            source,
            version,
            options,
            progress,
        }
    }

    /// Of the whole object, in bytes.
    pub fn size(&self) -> u64 {
        self.version.size
    }

    /// The bytes of `range`, clipped to the object. The first request goes out with the
    /// first read, and no request asks for more than the range.
    pub fn read(&self, range: Range<u64>) -> PinnedReader {
        open_range(
            Arc::clone(&self.source),
            self.version.clone(),
            range,
            self.options,
            Arc::clone(&self.progress),
        )
    }
}

impl fmt::Debug for Ranges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ranges")
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}
