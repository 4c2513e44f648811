//! Objects in a directory, whose reads break off where a test says so.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use audience_activator::object::{Body, LocalSource, ObjectError, ObjectSource};
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};

pub struct BreakableObjects {
    inner: LocalSource,
    breaks_at: AtomicU64,
}

impl BreakableObjects {
    pub(super) fn below(directory: &Path) -> BreakableObjects {
        BreakableObjects {
            inner: LocalSource::below(directory),
            breaks_at: AtomicU64::new(u64::MAX),
        }
    }

    /// No byte from this one on can be read.
    pub fn break_at(&self, byte: u64) {
        self.breaks_at.store(byte, Ordering::Relaxed);
    }

    pub fn mend(&self) {
        self.break_at(u64::MAX);
    }
}

impl ObjectSource for BreakableObjects {
    fn describe<'a>(
        &'a self,
        address: &'a ObjectAddress,
    ) -> BoxFuture<'a, Result<ObjectVersion, ObjectError>> {
        self.inner.describe(address)
    }

    fn read<'a>(
        &'a self,
        version: &'a ObjectVersion,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Body, ObjectError>> {
        let breaks_at = self.breaks_at.load(Ordering::Relaxed);
        Box::pin(async move {
            let whole = range.start..range.end.min(breaks_at);
            let body = self.inner.read(version, whole).await?;
            if range.end <= breaks_at {
                return Ok(body);
            }
            let broken = ObjectError::Transient {
                address: version.address.clone(),
                source: "the connection broke".into(),
            };
            Ok(body.chain(stream::iter([Err(broken)])).boxed())
        })
    }
}
