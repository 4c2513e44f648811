//! Whatever a Parquet file says, it costs an error or gives rows: no panic, and no more
//! memory than its limits. Alone in its process, because it looks at the peak of it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::panic)]

mod peak;

mod parquet;

use audience_activator::rows::{self, InputFormat, Next, ParquetOptions, Record, Rows, RowsError};
use bytes::Bytes;
use parquet::{InMemory, fixture, fixtures, rows_of};
use peak::peak_bytes;

const MIB: u64 = 1024 * 1024;

const OPTIONS: ParquetOptions = ParquetOptions {
    format: InputFormat::Auto,
    max_footer_bytes: MIB,
    max_pages_bytes: 8 * MIB,
    max_record_bytes: 64 * 1024,
};

/// The same numbers with every run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((value ^ (value >> 31)) % limit as u64) as usize
    }
}

/// Bytes that matter where sizes and types are written.
const TELLING: [u8; 6] = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

fn changed(bytes: &Bytes, random: &mut Random) -> Bytes {
    let mut changed = bytes.to_vec();
    // Half of the changes hit the footer, without which nothing else is reached.
    let footer = changed.len() - 8;
    let length = u32::from_le_bytes(changed[footer..footer + 4].try_into().unwrap()) as usize;
    for _ in 0..=random.below(4) {
        let at = match random.below(2) {
            0 => footer - length + random.below(length),
            _ => random.below(changed.len()),
        };
        changed[at] = match random.below(3) {
            0 => changed[at] ^ (1 << random.below(8)),
            1 => TELLING[random.below(TELLING.len())],
            _ => random.below(256) as u8,
        };
    }
    if random.below(8) == 0 {
        // Something is missing in the middle; the end is where it was.
        let from = random.below(changed.len() - 8);
        let count = random.below(64).min(changed.len() - 8 - from);
        changed.drain(from..from + count);
    }
    changed.into()
}

async fn changed_files_cost_an_error_or_give_rows() {
    let (mut refused, mut read) = (0, 0);
    for fixture in fixtures() {
        if fixture.bytes.len() > 30_000 {
            continue;
        }
        let mut random = Random(fixture.bytes.len() as u64);
        for _ in 0..150 {
            let bytes = changed(&fixture.bytes, &mut random);
            match rows_of(&bytes, OPTIONS, None).await {
                Ok(_) => read += 1,
                Err(RowsError::Parquet(_)) => refused += 1,
                Err(error) => panic!("{}: {error}", fixture.name),
            }
        }
    }
    assert!(
        refused > 1_000 && read > 1_000,
        "{refused} refused, {read} read"
    );
}

/// A file of nothing but this footer.
fn of_footer(footer: &[u8]) -> Bytes {
    let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
    [b"PAR1", footer, &length, b"PAR1"].concat().into()
}

/// A schema of so many elements, each the same bytes.
fn of_schema(count: usize, element: &[u8]) -> Bytes {
    let mut footer = vec![0x29, 0xfc];
    let mut rest = count;
    while rest >= 0x80 {
        footer.push((rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    footer.push(rest as u8);
    footer.extend(element.repeat(count.min(30_000)));
    footer.push(0);
    of_footer(&footer)
}

async fn footers_that_claim_too_much_are_refused() {
    // A name, and one child.
    let group = [0x48, 1, b'a', 0x15, 2, 0];
    for (bytes, code) in [
        (of_schema(15_000, &group), "damaged"),
        (of_schema(30_000, &group), "too_large"),
        (of_schema(0x7fff_ffff, &[]), "too_large"),
        (of_footer(&[]), "damaged"),
        // Structs in structs, passed over.
        (of_footer(&[0xfc; 5_000]), "damaged"),
        // A list of two thousand million row groups.
        (
            of_footer(&[0x49, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07]),
            "damaged",
        ),
        (Bytes::from_static(b"PAR1\xff\xff\xff\x7fPAR1"), "damaged"),
        (
            Bytes::from_static(b"PAR1\x15\x04\0\0\0\0PARE"),
            "unsupported_format",
        ),
    ] {
        let Err(RowsError::Parquet(error)) = rows_of(&bytes, OPTIONS, None).await else {
            panic!("not refused: {code}");
        };
        assert_eq!(error.code(), code, "{error}");
    }
}

/// 300 000 rows of five columns, in one row group of 30 MB.
async fn a_long_file_is_read_page_by_page() {
    let fixture = fixture("long");
    let input = Box::new(InMemory(fixture.bytes));
    let opened = rows::open_parquet::<&[u8]>(input, OPTIONS).await.unwrap();
    let Rows::Table { mut reader, .. } = opened else {
        panic!("no rows");
    };
    let mut record = Record::new();
    while reader.next(&mut record).await.unwrap() == Next::Row {
        let number = (record.number() - 1) % 1_000;
        assert_eq!(record.get(4), format!("e-{number}@example.com"));
    }
    assert_eq!(record.number(), fixture.json["rows_like"].as_u64().unwrap());
}

/// One test, so that nothing else of this process is in its peak.
#[tokio::test]
async fn hostile_and_long_files_are_read_in_little_memory() {
    let all: u64 = fixtures()
        .iter()
        .map(|fixture| fixture.bytes.len() as u64)
        .sum();
    let before = peak_bytes("self").unwrap();
    a_long_file_is_read_page_by_page().await;
    let long = peak_bytes("self").unwrap() - before;
    assert!(long < 16 * MIB, "{long} bytes for the long file");
    footers_that_claim_too_much_are_refused().await;
    changed_files_cost_an_error_or_give_rows().await;
    let grown = peak_bytes("self").unwrap() - before;
    assert!(grown < 48 * MIB + all, "{grown} bytes");
}
