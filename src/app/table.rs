//! An object, opened as far as its header: what is needed before the first row.

use std::ops::Range;
use std::sync::Arc;

use tokio::io::AsyncRead;

use super::halt::{Halt, Refusal};
use crate::config::{InputSettings, Route};
use crate::object::version::ObjectVersion;
use crate::object::{
    self, ContentError, Decompressed, Format, ObjectSource, PinnedReader, Ranges, ReadOptions,
    ReadProgress, decompress,
};
use crate::rows::{self, ParquetOptions, ReadRange, RowOptions, RowReader, Rows};

/// An object whose header is read. `W` watches its reads, as long as it is open.
pub(super) struct Table<W> {
    pub header: rows::Header,
    pub reader: RowReader<Decompressed<PinnedReader>>,
    pub _watch: W,
}

/// Opens the object and reads its header. `watch` is told of the counts of its reads
/// before the first.
///
/// Parquet is told by the same look at the beginning, whose request is given up then.
/// After that, only the footer and what [`RowReader::project`] leaves are asked for.
pub(super) async fn open<W>(
    source: Arc<dyn ObjectSource>,
    version: &ObjectVersion,
    _route: &Route,
    input: &InputSettings,
    watch: impl FnOnce(Arc<ReadProgress>) -> W,
) -> Result<Table<W>, Halt> {
    let options = ReadOptions {
        window_bytes: input.window_bytes as u64,
        ..ReadOptions::default()
    };
    let reader = object::open(source.clone(), version.clone(), options);
    let progress = reader.progress();
    let watch = watch(progress.clone());
    let rows = match decompress(reader, u64::MAX).await {
        Ok((_, text)) => {
            let options = RowOptions {
                max_record_bytes: input.max_record_bytes,
                ..RowOptions::default()
            };
            rows::open(text, options).await?
        }
        // No text to unpack: it is read from its end, and in parts.
        Err(ContentError::Unsupported(Format::Parquet)) => {
            let ranges = Ranges::new(source, version.clone(), options, progress);
            let options = ParquetOptions {
                max_footer_bytes: input.max_parquet_footer_bytes as u64,
                max_pages_bytes: input.max_parquet_pages_bytes as u64,
                max_record_bytes: input.max_record_bytes,
            };
            rows::open_parquet(Box::new(ranges), options).await?
        }
        Err(error) => return Err(error.into()),
    };
    match rows {
        Rows::Empty => Err(Refusal::Nothing("empty").into()),
        Rows::HeaderOnly(_) => Err(Refusal::Nothing("header_only").into()),
        Rows::Table { header, reader } => Ok(Table {
            header,
            reader,
            _watch: watch,
        }),
    }
}

impl ReadRange for Ranges {
    fn size(&self) -> u64 {
        Ranges::size(self)
    }

    fn read(&self, range: Range<u64>) -> Box<dyn AsyncRead + Send + Unpin> {
        Box::new(Ranges::read(self, range))
    }
}
