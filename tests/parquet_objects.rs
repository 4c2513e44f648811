//! A Parquet object in a store: only what is mapped is asked for, a broken read goes on,
//! and no row comes from another version.

#![allow(clippy::unwrap_used, clippy::panic)]

mod parquet;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use audience_activator::object::{
    Body, ObjectError, ObjectSource, Ranges, ReadOptions, ReadProgress,
};
use audience_activator::rows::{self, Next, ParquetOptions, Record, RowReader, Rows, RowsError};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use parquet::{Fixture, all, fixture, rows_of};
use tokio::time::{Duration, timeout};

/// What becomes of one request.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Good,
    BrokenAfter(usize),
    Overwritten,
    Silent,
}

/// Remembers what it was asked for, and drops of its bodies.
struct Watched {
    content: Bytes,
    fates: Mutex<VecDeque<Fate>>,
    requests: Mutex<Vec<Range<u64>>>,
    open: Arc<()>,
}

impl Watched {
    fn new(fixture: &Fixture, fates: impl IntoIterator<Item = Fate>) -> Arc<Watched> {
        Arc::new(Watched {
            content: fixture.bytes.clone(),
            fates: Mutex::new(fates.into_iter().collect()),
            requests: Mutex::default(),
            open: Arc::default(),
        })
    }

    fn version(&self) -> ObjectVersion {
        ObjectVersion {
            address: ObjectAddress {
                bucket: "audiences".to_owned(),
                key: "part".to_owned(),
                version_id: None,
            },
            etag: "e".to_owned(),
            size: self.content.len() as u64,
            last_modified: 0,
        }
    }

    fn ranges(self: &Arc<Watched>, progress: &Arc<ReadProgress>) -> Box<Ranges> {
        let options = ReadOptions {
            window_bytes: 3_000,
            ..ReadOptions::default()
        };
        let source = Arc::<Watched>::clone(self);
        Box::new(Ranges::new(
            source,
            self.version(),
            options,
            progress.clone(),
        ))
    }

    async fn open(
        self: &Arc<Watched>,
        progress: &Arc<ReadProgress>,
    ) -> Result<RowReader<&'static [u8]>, RowsError> {
        let options = ParquetOptions::default();
        match rows::open_parquet(self.ranges(progress), options).await? {
            Rows::Table { reader, .. } => Ok(reader),
            other => panic!("{other:?}"),
        }
    }
}

impl ObjectSource for Watched {
    fn describe<'a>(
        &'a self,
        _: &'a ObjectAddress,
    ) -> BoxFuture<'a, Result<ObjectVersion, ObjectError>> {
        async { Ok(self.version()) }.boxed()
    }

    fn read<'a>(
        &'a self,
        version: &'a ObjectVersion,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Body, ObjectError>> {
        async move {
            self.requests.lock().unwrap().push(range.clone());
            let whole = self.content.slice(range.start as usize..range.end as usize);
            let fate = self.fates.lock().unwrap().pop_front().unwrap_or(Fate::Good);
            let address = version.address.clone();
            let (end, error) = match fate {
                Fate::Good => (whole.len(), None),
                Fate::BrokenAfter(count) => {
                    let source = "connection reset".into();
                    (
                        count.min(whole.len()),
                        Some(ObjectError::Transient { address, source }),
                    )
                }
                Fate::Overwritten => return Err(ObjectError::Overwritten { address }),
                Fate::Silent => {
                    let open = self.open.clone();
                    return Ok(stream::pending()
                        .inspect(move |_| drop(open.clone()))
                        .boxed());
                }
            };
            let pieces: Vec<_> = whole[..end]
                .chunks(700)
                .map(|piece| Ok(Bytes::copy_from_slice(piece)))
                .chain(error.map(Err))
                .collect();
            Ok(stream::iter(pieces).boxed())
        }
        .boxed()
    }
}

#[tokio::test]
async fn only_the_footer_and_the_chunks_of_mapped_columns_are_asked_for() {
    let fixture = fixture("audience");
    let groups: Vec<Vec<[u64; 2]>> =
        serde_json::from_value(fixture.json["chunks"].clone()).unwrap();
    let source = Watched::new(&fixture, []);
    let progress = Arc::new(ReadProgress::default());
    let mut reader = source.open(&progress).await.unwrap();
    let size = fixture.bytes.len() as u64;
    let data_end = groups.iter().flatten().map(|chunk| chunk[1]).max().unwrap();
    let for_footer = source.requests.lock().unwrap().split_off(0);
    assert!(
        for_footer
            .iter()
            .all(|range| range.start >= data_end && range.end <= size)
    );

    let wanted = [1, 2, 4];
    reader.project(&wanted).unwrap();
    assert_eq!(all(&mut reader).await.unwrap().len(), 500);
    let requests = source.requests.lock().unwrap().clone();
    let mut asked = 0;
    for range in &requests {
        let of_wanted = |chunk: &[u64; 2]| chunk[0] <= range.start && range.end <= chunk[1];
        let chunks = groups
            .iter()
            .flat_map(|group| wanted.map(|column| group[column]));
        assert!(chunks.clone().any(|chunk| of_wanted(&chunk)), "{range:?}");
        asked += range.end - range.start;
    }
    let lengths = groups
        .iter()
        .flat_map(|group| wanted.map(|column| group[column]));
    assert_eq!(asked, lengths.map(|chunk| chunk[1] - chunk[0]).sum::<u64>());
    let footer: u64 = for_footer.iter().map(|range| range.end - range.start).sum();
    assert_eq!(progress.bytes(), footer + asked);
    assert!(progress.bytes() < size / 2, "the long column is left alone");
}

#[tokio::test(start_paused = true)]
async fn broken_and_silent_reads_go_on_and_lose_no_row() {
    let fixture = fixture("pages_v1");
    let (_, expected) = rows_of(&fixture.bytes, ParquetOptions::default(), None)
        .await
        .unwrap();
    let fates = [
        Fate::BrokenAfter(3),
        Fate::Good,
        Fate::Silent,
        Fate::BrokenAfter(0),
    ];
    let fates = fates.into_iter().chain([Fate::BrokenAfter(777); 9]).cycle();
    let source = Watched::new(&fixture, fates.take(60));
    let progress = Arc::new(ReadProgress::default());
    let mut reader = source.open(&progress).await.unwrap();
    assert_eq!(all(&mut reader).await.unwrap(), expected);
    assert!(progress.resumes() > 10, "{}", progress.resumes());
}

#[tokio::test]
async fn no_row_comes_from_another_version() {
    let fixture = fixture("pages_v1");
    for good in 0..8 {
        let fates = vec![Fate::Good; good]
            .into_iter()
            .chain([Fate::Overwritten]);
        let source = Watched::new(&fixture, fates);
        let progress = Arc::default();
        let read = async {
            let mut reader = source.open(&progress).await?;
            all(&mut reader).await
        };
        let Err(RowsError::Input(error)) = read.await else {
            panic!("read in spite of it");
        };
        let cause = ObjectError::within(&error);
        assert!(
            matches!(cause, Some(ObjectError::Overwritten { .. })),
            "{good}"
        );
    }
}

#[tokio::test]
async fn a_dropped_reader_ends_its_requests_and_a_dropped_read_is_noticed() {
    let fixture = fixture("pages_v1");
    let source = Watched::new(&fixture, [Fate::Good, Fate::Good, Fate::Good, Fate::Silent]);
    let progress = Arc::default();
    let mut reader = source.open(&progress).await.unwrap();
    let mut record = Record::new();
    let waits = timeout(Duration::from_millis(20), reader.next(&mut record)).await;
    assert!(waits.is_err());
    assert_eq!(Arc::strong_count(&source.open), 2);
    let after: Result<Next, RowsError> = reader.next(&mut record).await;
    assert!(matches!(after, Err(RowsError::Interrupted)));
    drop(reader);
    assert_eq!(Arc::strong_count(&source.open), 1);
}
