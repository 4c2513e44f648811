//! An object, opened as far as its header: what is needed before the first row.

use std::sync::Arc;

use super::halt::{Halt, Refusal};
use crate::config::{Currency, Destination, EventId, EventTime, EventValue, InputSettings, Route};
use crate::identity::columns::Columns;
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
    route: &Route,
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
        format: route.input.format,
        encoding: route.input.encoding,
        delimiter: route.input.delimiter,
        quote: route.input.quote,
        escape: route.input.escape,
        header: route.input.header.clone(),
        wanted: wanted(route),
        max_record_bytes: input.max_record_bytes,
        max_header_bytes: input.max_header_bytes,
        max_columns: input.max_columns,
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

/// The columns that the route names. None under `columns = "auto"`, which takes what it
/// knows.
fn wanted(route: &Route) -> Vec<String> {
    let Columns::Named(columns) = &route.columns else {
        return Vec::new();
    };
    let mut names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    if let Destination::Conversions(conversions) = &route.destination {
        if let EventTime::Column(name) = &conversions.event_time {
            names.push(name.clone());
        }
        if let EventId::Column(name) = &conversions.event_id {
            names.push(name.clone());
        }
        if let Some(EventValue::Column(name)) = &conversions.value {
            names.push(name.clone());
        }
        if let Some(Currency::Column(name)) = &conversions.currency {
            names.push(name.clone());
        }
        names.extend(conversions.order_id_column.clone());
    }
    names
}
