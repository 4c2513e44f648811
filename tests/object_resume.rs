//! A read that breaks goes on at the exact byte, as long as it gets anywhere.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use audience_activator::object::{
    Body, ObjectError, ObjectSource, PinnedReader, ReadOptions, open,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use proptest::prelude::*;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::Instant;

/// What becomes of one request.
#[derive(Clone, Debug)]
enum Fate {
    Good,
    /// Refused before any byte.
    Refused,
    /// An error after so many bytes.
    BrokenAfter(usize),
    /// An end, as if all were there, after so many bytes.
    ShortAfter(usize),
    /// Nothing more ever after so many bytes.
    StalledAfter(usize),
    /// The answer itself never comes.
    Silent,
    /// A newer version was found after so many bytes.
    OverwrittenAfter(usize),
    /// A byte more than was asked for.
    TooMuch,
}

/// A source whose requests end as told, in order; when nothing is told, well.
struct Scripted {
    content: Bytes,
    fates: Mutex<VecDeque<Fate>>,
    requests: Mutex<Vec<Range<u64>>>,
    piece_bytes: usize,
}

impl Scripted {
    fn new(content: Vec<u8>, fates: impl IntoIterator<Item = Fate>) -> Arc<Scripted> {
        Arc::new(Scripted {
            content: content.into(),
            fates: Mutex::new(fates.into_iter().collect()),
            requests: Mutex::default(),
            piece_bytes: 7,
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

    fn open(self: &Arc<Scripted>, options: ReadOptions) -> PinnedReader {
        open(Arc::<Scripted>::clone(self), self.version(), options)
    }

    fn requests(&self) -> Vec<Range<u64>> {
        self.requests.lock().unwrap().clone()
    }

    fn pieces(&self, content: &[u8]) -> Body {
        let pieces: Vec<_> = content
            .chunks(self.piece_bytes)
            .map(|piece| Ok(Bytes::copy_from_slice(piece)))
            .collect();
        stream::iter(pieces).boxed()
    }

    fn overwritten(&self) -> ObjectError {
        ObjectError::Overwritten {
            address: self.version().address,
        }
    }

    fn reset(&self) -> ObjectError {
        ObjectError::Transient {
            address: self.version().address,
            source: "connection reset".into(),
        }
    }
}

impl ObjectSource for Scripted {
    fn describe<'a>(
        &'a self,
        _: &'a ObjectAddress,
    ) -> BoxFuture<'a, Result<ObjectVersion, ObjectError>> {
        async { Ok(self.version()) }.boxed()
    }

    fn read<'a>(
        &'a self,
        _: &'a ObjectVersion,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Body, ObjectError>> {
        async move {
            self.requests.lock().unwrap().push(range.clone());
            let (start, end) = (range.start as usize, range.end as usize);
            let whole = self.content.slice(start..end);
            let until = |count: usize| self.pieces(&whole[..count.min(whole.len())]);
            let then = |error| stream::iter([Err(error)]);
            let fate = self.fates.lock().unwrap().pop_front().unwrap_or(Fate::Good);
            Ok(match fate {
                Fate::Good => self.pieces(&whole),
                Fate::Refused => return Err(self.reset()),
                Fate::BrokenAfter(count) => until(count).chain(then(self.reset())).boxed(),
                Fate::ShortAfter(count) => until(count),
                Fate::StalledAfter(count) => until(count).chain(stream::pending()).boxed(),
                Fate::Silent => std::future::pending().await,
                Fate::OverwrittenAfter(count) => {
                    until(count).chain(then(self.overwritten())).boxed()
                }
                Fate::TooMuch => self.pieces(&[&whole[..], b"x"].concat()),
            })
        }
        .boxed()
    }
}

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|n| (n * 31 % 251) as u8).collect()
}

fn windows_of(window_bytes: u64) -> ReadOptions {
    ReadOptions {
        window_bytes,
        ..ReadOptions::default()
    }
}

async fn read_all(mut reader: impl AsyncRead + Unpin) -> io::Result<Vec<u8>> {
    let mut all = Vec::new();
    reader.read_to_end(&mut all).await?;
    Ok(all)
}

#[tokio::test]
async fn an_object_is_asked_for_window_by_window() {
    let source = Scripted::new(content(250), []);
    let reader = source.open(windows_of(100));
    let progress = reader.progress();
    assert_eq!(read_all(reader).await.unwrap(), content(250));
    assert_eq!(source.requests(), [0..100, 100..200, 200..250]);
    assert_eq!((progress.bytes(), progress.resumes()), (250, 0));
}

#[tokio::test]
async fn an_empty_object_and_a_start_at_the_end_ask_nobody() {
    let empty = Scripted::new(Vec::new(), []);
    assert_eq!(read_all(empty.open(windows_of(9))).await.unwrap(), b"");
    let source = Scripted::new(content(50), []);
    for start in [50, 51] {
        let options = ReadOptions {
            start,
            ..ReadOptions::default()
        };
        assert_eq!(read_all(source.open(options)).await.unwrap(), b"");
    }
    assert!(source.requests().is_empty() && empty.requests().is_empty());
}

#[tokio::test]
async fn reading_starts_at_the_byte_it_is_told() {
    let source = Scripted::new(content(250), []);
    let options = ReadOptions {
        start: 117,
        ..windows_of(100)
    };
    let reader = source.open(options);
    let progress = reader.progress();
    assert_eq!(read_all(reader).await.unwrap(), &content(250)[117..]);
    assert_eq!(source.requests(), [117..217, 217..250]);
    assert_eq!(progress.bytes(), 133);
}

#[tokio::test(start_paused = true)]
async fn a_broken_body_is_resumed_at_the_exact_byte() {
    let fates = [
        Fate::BrokenAfter(33),
        Fate::Refused,
        Fate::ShortAfter(10),
        Fate::StalledAfter(20),
        Fate::Silent,
    ];
    let source = Scripted::new(content(150), fates);
    let reader = source.open(windows_of(100));
    let progress = reader.progress();
    assert_eq!(read_all(reader).await.unwrap(), content(150));
    assert_eq!(
        source.requests(),
        [0..100, 33..133, 33..133, 43..143, 63..150, 63..150]
    );
    assert_eq!((progress.bytes(), progress.resumes()), (150, 5));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_gives_nothing_is_given_up_after_the_last_attempt() {
    let attempts = 4;
    let fates = [Fate::BrokenAfter(5)]
        .into_iter()
        .chain(vec![Fate::Refused; 10]);
    let source = Scripted::new(content(50), fates);
    let options = ReadOptions {
        attempts,
        ..ReadOptions::default()
    };
    let mut reader = source.open(options);
    let error = read_all(&mut reader).await.unwrap_err();
    assert!(ObjectError::within(&error).unwrap().is_transient());
    assert_eq!(source.requests().len(), 4);
    // What follows is no end that could be taken for the object's.
    assert!(reader.read_u8().await.is_err());
    assert_eq!(source.requests().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn progress_earns_new_attempts() {
    let source = Scripted::new(content(1_000), vec![Fate::BrokenAfter(1); 999]);
    let options = ReadOptions {
        attempts: 2,
        ..ReadOptions::default()
    };
    let all = read_all(source.open(options)).await.unwrap();
    assert_eq!(all, content(1_000));
}

#[tokio::test(start_paused = true)]
async fn attempts_are_spaced_out() {
    let source = Scripted::new(content(5), vec![Fate::Refused; 5]);
    let begun = Instant::now();
    read_all(source.open(ReadOptions::default())).await.unwrap();
    let waited = begun.elapsed();
    // 100 + 200 + 400 + 800 + 1600 ms at most, half of that at least.
    assert!(waited >= Duration::from_millis(1_550), "{waited:?}");
    assert!(waited <= Duration::from_millis(3_110), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn an_overwritten_object_ends_the_read_at_once() {
    let source = Scripted::new(content(50), [Fate::OverwrittenAfter(21)]);
    let mut reader = source.open(ReadOptions::default());
    let mut all = Vec::new();
    let error = reader.read_to_end(&mut all).await.unwrap_err();
    let cause = ObjectError::within(&error).unwrap();
    assert!(matches!(cause, ObjectError::Overwritten { .. }));
    assert_eq!(all, &content(50)[..21]);
    assert_eq!(source.requests().len(), 1);
}

#[tokio::test]
async fn a_source_that_sends_too_much_is_not_believed() {
    let source = Scripted::new(content(50), [Fate::TooMuch]);
    let error = read_all(source.open(windows_of(20))).await.unwrap_err();
    let cause = ObjectError::within(&error).unwrap();
    assert!(matches!(cause, ObjectError::Refused { .. }));
}

#[tokio::test(start_paused = true)]
async fn time_in_which_nobody_reads_is_no_stall() {
    let source = Scripted::new(content(200), []);
    let mut reader = source.open(windows_of(100));
    let progress = reader.progress();
    let mut all = Vec::new();
    while let Ok(byte) = reader.read_u8().await {
        all.push(byte);
        tokio::time::sleep(Duration::from_secs(600)).await;
    }
    assert_eq!(all, content(200));
    assert_eq!(progress.resumes(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_read_loses_no_byte() {
    let source = Scripted::new(content(100), [Fate::StalledAfter(40)]);
    let mut reader = source.open(ReadOptions::default());
    let mut all = Vec::new();
    while all.len() < 100 {
        let mut byte = [0];
        let second = Duration::from_secs(1);
        if let Ok(read) = tokio::time::timeout(second, reader.read(&mut byte)).await {
            assert_eq!(read.unwrap(), 1);
            all.push(byte[0]);
        }
    }
    assert_eq!(all, content(100));
}

fn any_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        Just(Fate::Good),
        Just(Fate::Refused),
        Just(Fate::Silent),
        (0..60_usize).prop_map(Fate::BrokenAfter),
        (0..60_usize).prop_map(Fate::ShortAfter),
        (0..60_usize).prop_map(Fate::StalledAfter),
    ]
}

proptest! {
    #[test]
    fn whatever_breaks_every_byte_comes_once_and_in_order(
        size in 0..500_usize,
        start in 0..500_u64,
        window_bytes in 1..200_u64,
        fates in prop::collection::vec(any_fate(), 0..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let source = Scripted::new(content(size), fates);
        let options = ReadOptions { start, attempts: 41, ..windows_of(window_bytes) };
        let all = runtime.block_on(read_all(source.open(options))).unwrap();
        let whole = content(size);
        prop_assert_eq!(&all[..], whole.get(start as usize..).unwrap_or_default());
    }
}
