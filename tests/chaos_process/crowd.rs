//! The objects: invented people in every format, each person in one object alone.

use std::io::Write;
use std::ops::Range;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::parquet::{File, Struct};
use super::people;

/// One object of people, who are known by their numbers.
#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    pub(crate) key: String,
    pub(crate) goes_to: GoesTo,
    pub(crate) people: Range<u32>,
    format: Format,
}

/// Which route, by its name, and so what becomes of the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GoesTo {
    Purchases,
    /// Events that need no column but the address.
    Leads,
    Members,
}

impl GoesTo {
    pub(crate) fn route(self) -> &'static str {
        match self {
            GoesTo::Purchases => "purchases",
            GoesTo::Leads => "leads",
            GoesTo::Members => "members",
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Csv,
    Gzip,
    JsonLines,
    Parquet,
}

const KINDS: [(Format, GoesTo); 6] = [
    (Format::Csv, GoesTo::Purchases),
    (Format::Gzip, GoesTo::Members),
    (Format::JsonLines, GoesTo::Purchases),
    (Format::Parquet, GoesTo::Leads),
    (Format::Csv, GoesTo::Members),
    (Format::Gzip, GoesTo::Purchases),
];

/// So many objects of so many rows, of each kind in turn.
pub(crate) fn crowds(objects: usize, rows: u32) -> Vec<Crowd> {
    let kinds = KINDS.iter().cycle().take(objects);
    (0..)
        .zip(kinds)
        .map(|(number, (format, goes_to))| Crowd {
            key: format!("meta/{}/part-{number:05}", goes_to.route()),
            goes_to: *goes_to,
            people: number * rows..(number + 1) * rows,
            format: *format,
        })
        .collect()
}

impl Crowd {
    pub(crate) fn rows(&self) -> u64 {
        self.people.len() as u64
    }

    pub(crate) fn content(&self) -> Vec<u8> {
        let people = self.people.clone();
        match self.format {
            Format::Csv => people::csv(people).into_bytes(),
            Format::Gzip => {
                let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
                packed.write_all(people::csv(people).as_bytes()).unwrap();
                packed.finish().unwrap()
            }
            Format::JsonLines => people.map(json_line).collect::<String>().into_bytes(),
            Format::Parquet => parquet_file(people),
        }
    }
}

fn json_line(number: u32) -> String {
    format!(
        "{{\"E-Mail\":\"Person{number}@Example.com\",\"First Name\":\"Ada\",\
         \"Last Name\":\"Okafor\",\"Value\":9.90}}\n"
    )
}

/// A file of one column and many pages, so that there is something to be interrupted in.
fn parquet_file(people: Range<u32>) -> Vec<u8> {
    const PAGE: usize = 1_000;
    let rows = people.len() as i64;
    let numbers: Vec<u32> = people.collect();
    let pages = numbers.chunks(PAGE).flat_map(plain_page).collect();
    let file = File {
        repetition: 0,
        name: b"email".to_vec(),
        pages,
        rows,
        all_rows: rows,
        values: rows,
    };
    file.write().to_vec()
}

/// The addresses as they are, one behind the other.
fn plain_page(people: &[u32]) -> Vec<u8> {
    let mut content = Vec::new();
    for number in people {
        let address = format!("Person{number}@Example.com");
        content.extend((address.len() as u32).to_le_bytes());
        content.extend(address.as_bytes());
    }
    let (plain, run_lengths) = (0, 3);
    let of_data = Struct::default()
        .int(1, people.len() as i64)
        .int(2, plain)
        .int(3, run_lengths)
        .int(4, run_lengths);
    let header = Struct::default()
        .int(1, 0)
        .int(2, content.len() as i64)
        .int(3, content.len() as i64)
        .within(5, of_data);
    [header.end(), content].concat()
}
