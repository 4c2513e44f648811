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
    self, Compression, ContentError, Decompressed, Format, Limits, ObjectSource, PinnedReader,
    Ranges, ReadOptions, ReadProgress, decompress, hive_columns,
};
use crate::rows::{
    self, ParquetOptions, Position, ReadRange, RowOptions, RowReader, Rows, RowsError,
};

type Reader = RowReader<Decompressed<PinnedReader>>;

/// What is asked for at once where little more than the header is wanted: as much as
/// [`rows::open`] looks at.
const LOOK_BYTES: u64 = 64 * 1024;

/// An object whose header is read. `W` watches its reads, as long as it is open.
pub(super) struct Table<W> {
    pub header: rows::Header,
    pub reader: Reader,
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

/// Opens the object and reads its header. Its rows are those from `at` on, if that is
/// given. `watch` is told of the counts of all its reads before the first.
///
/// Parquet is told by the same look at the beginning, whose request is given up then.
/// After that, only the footer and what [`RowReader::project`] leaves are asked for.
pub(super) async fn open<W>(
    source: Arc<dyn ObjectSource>,
    version: &ObjectVersion,
    route: &Route,
    input: &InputSettings,
    at: Option<Position>,
    watch: impl FnOnce(Arc<ReadProgress>) -> W,
) -> Result<Table<W>, Halt> {
    let read = ReadOptions {
        window_bytes: input.window_bytes as u64,
        ..ReadOptions::default()
    };
    let look = ReadOptions {
        window_bytes: at.map_or(read.window_bytes, |_| LOOK_BYTES.min(read.window_bytes)),
        ..read
    };
    let reader = object::open(source.clone(), version.clone(), look);
    let progress = reader.progress();
    let watch = watch(progress.clone());
    let ranges = Ranges::new(source, version.clone(), read, progress);
    let limits = Limits {
        max_bytes: input.max_decompressed_bytes as u64,
        max_ratio: input.max_decompression_ratio as u64,
    };
    let hive = hive_columns(&version.address.key);
    let (compression, rows) = match decompress(reader, limits).await {
        Ok((compression, text)) => {
            let options = row_options(route, input, &hive);
            (compression, rows::open(text, options).await?)
        }
        // No text to unpack: it is read from its end, and in parts.
        Err(ContentError::Unsupported(Format::Parquet)) => {
            let options = ParquetOptions {
                format: route.input.format,
                max_footer_bytes: input.max_parquet_footer_bytes as u64,
                max_pages_bytes: input.max_parquet_pages_bytes as u64,
                max_record_bytes: input.max_record_bytes,
            };
            let rows = rows::open_parquet(Box::new(ranges.clone()), options).await?;
            (Compression::None, rows)
        }
        Err(error) => return Err(error.into()),
    };
    match (rows, at) {
        (Rows::Empty | Rows::HeaderOnly(_), Some(at)) if at.rows > 0 => {
            Err(RowsError::NoSuchPosition(at).into())
        }
        (Rows::Empty, _) => Err(Refusal::Nothing("empty").into()),
        (Rows::HeaderOnly(_), _) => Err(Refusal::Nothing("header_only").into()),
        (
            Rows::Table {
                mut header,
                mut reader,
            },
            at,
        ) => {
            if let Some(at) = at {
                reader = go_on_at(at, reader, compression, &ranges, limits).await?;
            }
            reader.add_constants(&mut header, hive);
            Ok(Table {
                header,
                reader,
                _watch: watch,
            })
        }
    }
}

/// Reads from this position on. What lies before it is read once more only where it has to
/// be unpacked or decoded.
async fn go_on_at(
    at: Position,
    reader: Reader,
    compression: Compression,
    ranges: &Ranges,
    limits: Limits,
) -> Result<Reader, Halt> {
    let from = match compression {
        Compression::None => reader.text_from(at),
        _ => 0,
    };
    let text = async {
        let bytes = ranges.read(from..ranges.size());
        match compression {
            Compression::None => Ok(Decompressed::plain(bytes)),
            _ => Ok::<_, Halt>(decompress(bytes, limits).await?.1),
        }
    };
    reader.go_on_at(at, from, text).await
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

#[cfg(test)]
mod tests;
