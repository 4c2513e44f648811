//! An object, opened as far as its header: what is needed before the first row.

use std::sync::Arc;

use super::halt::{Halt, Refusal};
use crate::config::{InputSettings, Route};
use crate::object::version::ObjectVersion;
use crate::object::{
    self, Decompressed, Limits, ObjectSource, PinnedReader, ReadOptions, ReadProgress, decompress,
    hive_columns,
};
use crate::rows::{self, RowOptions, RowReader, Rows};

/// An object whose header is read. `W` watches its reads, as long as it is open.
pub(super) struct Table<W> {
    pub header: rows::Header,
    pub reader: RowReader<Decompressed<PinnedReader>>,
    pub _watch: W,
}

/// Opens the object and reads its header. `watch` is told of the counts of its reads
/// before the first.
pub(super) async fn open<W>(
    source: Arc<dyn ObjectSource>,
    version: &ObjectVersion,
    _route: &Route,
    input: &InputSettings,
    watch: impl FnOnce(Arc<ReadProgress>) -> W,
) -> Result<Table<W>, Halt> {
    let reader = object::open(
        source,
        version.clone(),
        ReadOptions {
            window_bytes: input.window_bytes as u64,
            ..ReadOptions::default()
        },
    );
    let watch = watch(reader.progress());
    let limits = Limits {
        max_bytes: input.max_decompressed_bytes as u64,
        max_ratio: input.max_decompression_ratio as u64,
    };
    let (_, text) = decompress(reader, limits).await?;
    let options = RowOptions {
        max_record_bytes: input.max_record_bytes,
        ..RowOptions::default()
    };
    match rows::open(text, options).await? {
        Rows::Empty => Err(Refusal::Nothing("empty").into()),
        Rows::HeaderOnly(_) => Err(Refusal::Nothing("header_only").into()),
        Rows::Table {
            mut header,
            mut reader,
        } => {
            reader.add_constants(&mut header, hive_columns(&version.address.key));
            Ok(Table {
                header,
                reader,
                _watch: watch,
            })
        }
    }
}
