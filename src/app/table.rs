//! An object, opened as far as its header: what is needed before the first row.

use std::ops::Range;
use std::sync::Arc;

use tokio::io::AsyncRead;

use super::halt::{Halt, Refusal};
use super::plan::Plan;
use crate::config::{Destination, InputSettings, Route};
use crate::identity::columns::Columns;
use crate::object::version::ObjectVersion;
use crate::object::{
    self, ContentError, Decompressed, Format, Limits, ObjectSource, PinnedReader, Ranges,
    ReadOptions, ReadProgress, decompress, hive_columns,
};
use crate::rows::{self, ParquetOptions, ReadRange, RowOptions, RowReader, Rows};

/// An object whose header is read. `W` watches its reads, as long as it is open.
pub(super) struct Table<W> {
    pub header: rows::Header,
    pub reader: RowReader<Decompressed<PinnedReader>>,
    pub _watch: W,
}

impl<W> Table<W> {
    /// Has only those columns read that the plan makes use of. To be called before the
    /// first row.
    pub(super) fn follow(&mut self, plan: &Plan) -> Result<(), Refusal> {
        let columns = plan.columns(self.header.names().len());
        self.reader.project(&columns).map_err(Refusal::Rows)
    }
}

/// Opens the object and reads its header. `watch` is told of the counts of its reads
/// before the first.
///
/// Parquet is told by the same look at the beginning, whose request is given up then.
/// After that, only the footer and what [`RowReader::project`] leaves are asked for.
pub(super) async fn open<W>(
    source: Arc<dyn ObjectSource>,
    version: &ObjectVersion,
    route: &Route,
    input: &InputSettings,
    watch: impl FnOnce(Arc<ReadProgress>) -> W,
) -> Result<Table<W>, Halt> {
    let read = ReadOptions {
        window_bytes: input.window_bytes as u64,
        ..ReadOptions::default()
    };
    let reader = object::open(source.clone(), version.clone(), read);
    let progress = reader.progress();
    let watch = watch(progress.clone());
    let limits = Limits {
        max_bytes: input.max_decompressed_bytes as u64,
        max_ratio: input.max_decompression_ratio as u64,
    };
    let hive = hive_columns(&version.address.key);
    let rows = match decompress(reader, limits).await {
        Ok((_, text)) => rows::open(text, row_options(route, input, &hive)).await?,
        // No text to unpack: it is read from its end, and in parts.
        Err(ContentError::Unsupported(Format::Parquet)) => {
            let ranges = Ranges::new(source, version.clone(), read, progress);
            let options = ParquetOptions {
                format: route.input.format,
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
        Rows::Table {
            mut header,
            mut reader,
        } => {
            reader.add_constants(&mut header, hive);
            Ok(Table {
                header,
                reader,
                _watch: watch,
            })
        }
    }
}

fn row_options(route: &Route, input: &InputSettings, hive: &[(String, String)]) -> RowOptions {
    let mut wanted = wanted(route);
    // What a folder says is no column that a line has left out.
    wanted.retain(|name| !hive.iter().any(|(folder, _)| folder == name));
    RowOptions {
        format: route.input.format,
        encoding: route.input.encoding,
        delimiter: route.input.delimiter,
        quote: route.input.quote,
        escape: route.input.escape,
        header: route.input.header.clone(),
        wanted,
        max_record_bytes: input.max_record_bytes,
        max_header_bytes: input.max_header_bytes,
        max_columns: input.max_columns,
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
        names.extend(conversions.columns().map(str::to_owned));
    }
    names
}

impl ReadRange for Ranges {
    fn size(&self) -> u64 {
        Ranges::size(self)
    }

    fn read(&self, range: Range<u64>) -> Box<dyn AsyncRead + Send + Unpin> {
        Box::new(Ranges::read(self, range))
    }
}
