//! The fixtures, and files in memory that are read as rows.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

use std::ops::Range;
use std::path::Path;

use audience_activator::rows::{
    self, Next, ParquetOptions, ReadRange, Record, RowReader, Rows, RowsError,
};
use bytes::Bytes;
use serde_json::Value;
use tokio::io::AsyncRead;

pub struct Fixture {
    pub name: String,
    pub bytes: Bytes,
    pub json: Value,
}

pub fn fixtures() -> Vec<Fixture> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet/fixtures");
    let mut fixtures = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "parquet")
        {
            let json = std::fs::read(path.with_extension("json")).unwrap();
            fixtures.push(Fixture {
                name: path.file_stem().unwrap().to_str().unwrap().to_owned(),
                bytes: std::fs::read(&path).unwrap().into(),
                json: serde_json::from_slice(&json).unwrap(),
            });
        }
    }
    assert!(fixtures.len() > 40, "only {} fixtures", fixtures.len());
    fixtures.sort_by(|a, b| a.name.cmp(&b.name));
    fixtures
}

pub fn fixture(name: &str) -> Fixture {
    fixtures()
        .into_iter()
        .find(|fixture| fixture.name == name)
        .unwrap()
}

pub struct InMemory(pub Bytes);

impl ReadRange for InMemory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read(&self, range: Range<u64>) -> Box<dyn AsyncRead + Send + Unpin> {
        let range = range.start as usize..range.end as usize;
        Box::new(std::io::Cursor::new(self.0.slice(range)))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Row(Vec<String>),
    Fault(String),
}

/// The header, and all rows; of the columns at `project` only, if it is given.
pub async fn rows_of(
    bytes: &Bytes,
    options: ParquetOptions,
    project: Option<&[usize]>,
) -> Result<(Vec<String>, Vec<Found>), RowsError> {
    let input = Box::new(InMemory(bytes.clone()));
    let (header, mut reader) = match rows::open_parquet::<&[u8]>(input, options).await? {
        Rows::Empty => return Ok((Vec::new(), Vec::new())),
        Rows::HeaderOnly(header) => return Ok((header.names().to_vec(), Vec::new())),
        Rows::Table { header, reader } => (header.names().to_vec(), reader),
    };
    if let Some(positions) = project {
        reader.project(positions)?;
    }
    Ok((header, all(&mut reader).await?))
}

/// Every row that is still to come, up to a hundred thousand.
pub async fn all<R>(reader: &mut RowReader<R>) -> Result<Vec<Found>, RowsError>
where
    R: AsyncRead + Unpin + Send,
{
    let mut rows = Vec::new();
    let mut record = Record::new();
    while rows.len() < 100_000 {
        let count = rows.len() as u64;
        match reader.next(&mut record).await? {
            Next::End => break,
            Next::Fault { row, fault } => {
                assert_eq!(row, count + 1);
                rows.push(Found::Fault(fault.code().to_owned()));
            }
            Next::Row => {
                assert_eq!((record.number(), record.offset()), (count + 1, count));
                let cells = (0..record.len()).map(|index| record.get(index).to_owned());
                rows.push(Found::Row(cells.collect()));
            }
        }
    }
    Ok(rows)
}
