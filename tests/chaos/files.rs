//! Generated files, of which it is known what must become of each row.

use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use fastrand::Rng;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// What a row is, and with that what must become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Good,
    /// Sent, but not by its address, which is none.
    BadAddress,
    /// Sent, as an event without the number of its items.
    BadNumber,
    Filtered,
    NoIdentifiers,
    Broken,
    /// Nothing is wrong with it but that Meta does not take it.
    Refused,
}

impl Kind {
    pub fn arrives(self) -> bool {
        matches!(self, Kind::Good | Kind::BadAddress | Kind::BadNumber)
    }

    /// The reason for which it is rejected, if it is.
    pub fn reject(self, format: Format) -> Option<&'static str> {
        match self {
            Kind::NoIdentifiers => Some("no_identifiers"),
            Kind::Broken if format.is_json() => Some("row_bad_json"),
            Kind::Broken => Some("row_field_count"),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Csv,
    CsvWithQuotes,
    CsvGzip,
    JsonLines,
    JsonLinesGzip,
    /// A file of another writer: five row groups of a hundred rows.
    Parquet,
}

impl Format {
    fn is_json(self) -> bool {
        matches!(self, Format::JsonLines | Format::JsonLinesGzip)
    }
}

/// One row and the person it is about.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub person: u64,
    pub kind: Kind,
}

/// What one version of an object holds.
#[derive(Clone)]
pub struct Content {
    pub format: Format,
    pub rows: Vec<Row>,
    pub bytes: Bytes,
}

pub fn email(person: u64) -> String {
    format!("person{person}@example.com")
}

/// What Meta gets of the address.
pub fn hashed_email(person: u64) -> String {
    sha256(&email(person))
}

pub fn sha256(text: &str) -> String {
    const_hex::encode(Sha256::digest(text))
}

pub fn external_id(format: Format, person: u64) -> String {
    match format {
        Format::Parquet => person.to_string(),
        _ => format!("id-{person}"),
    }
}

impl Content {
    /// Rows about the people from `first` on. The first hundred are good: they are what
    /// a file is judged by before anything of it is sent.
    pub fn random(random: &mut Rng, format: Format, first: u64, most_rows: usize) -> Content {
        if format == Format::Parquet {
            return Content::of_parquet();
        }
        let faulty = [0, 8, 25][random.usize(..3)];
        let may_be_refused = random.bool();
        let rows: Vec<Row> = (0..random.usize(100..=most_rows))
            .map(|place| Row {
                person: first + place as u64,
                kind: match random.u32(..1000) {
                    _ if place < 100 => Kind::Good,
                    0..2 if may_be_refused => Kind::Refused,
                    roll if roll < 2 + faulty => {
                        let kinds = [
                            Kind::BadAddress,
                            Kind::BadNumber,
                            Kind::Filtered,
                            Kind::NoIdentifiers,
                            Kind::Broken,
                        ];
                        kinds[random.usize(..kinds.len())]
                    }
                    _ => Kind::Good,
                },
            })
            .collect();
        let mut text = String::new();
        if !format.is_json() {
            text.push_str("id,email,consent,paid,items\n");
        }
        for row in &rows {
            row.write(format, &mut text);
        }
        let bytes = match format {
            Format::CsvGzip | Format::JsonLinesGzip => {
                let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
                gzip.write_all(text.as_bytes()).unwrap();
                gzip.finish().unwrap().into()
            }
            _ => text.into(),
        };
        Content {
            format,
            rows,
            bytes,
        }
    }

    fn of_parquet() -> Content {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/parquet/fixtures");
        let told = std::fs::read(folder.join("audience.json")).unwrap();
        let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
        let rows = told["rows"].as_array().unwrap().iter().map(|row| Row {
            person: row[1].as_str().unwrap().parse().unwrap(),
            kind: match row[3].as_str() {
                Some("Y") => Kind::Good,
                _ => Kind::Filtered,
            },
        });
        Content {
            format: Format::Parquet,
            rows: rows.collect(),
            bytes: std::fs::read(folder.join("audience.parquet"))
                .unwrap()
                .into(),
        }
    }

    /// The rows with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (u64, Row)> {
        (1..).zip(self.rows.iter().copied())
    }

    pub fn count(&self, is: impl Fn(Kind) -> bool) -> u64 {
        self.rows.iter().filter(|row| is(row.kind)).count() as u64
    }
}

impl Row {
    fn write(self, format: Format, text: &mut String) {
        let Row { person, kind } = self;
        let (mut id, mut email) = (external_id(format, person), email(person));
        let (mut consent, mut items) = ("Y", "2");
        match kind {
            Kind::Good | Kind::Refused | Kind::Broken => {}
            Kind::BadAddress => email = format!("person{person}.example.com"),
            Kind::BadNumber => items = "some",
            Kind::Filtered => consent = "N",
            Kind::NoIdentifiers => (id, email) = (String::new(), String::new()),
        }
        let line = match format {
            _ if format.is_json() && kind == Kind::Broken => "{\"id\":".to_owned(),
            _ if kind == Kind::Broken => format!("{id},{email}"),
            _ if format.is_json() => format!(
                "{{\"id\":\"{id}\",\"email\":\"{email}\",\"consent\":\"{consent}\",\"paid\":12.5,\"items\":\"{items}\"}}"
            ),
            // A value that goes over the end of a line.
            Format::CsvWithQuotes => format!("{id},\"{email}\n\",{consent},12.50,\"{items}\""),
            _ => format!("{id},{email},{consent},12.50,{items}"),
        };
        text.push_str(&line);
        text.push('\n');
    }
}
