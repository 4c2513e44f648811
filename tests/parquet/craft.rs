//! Parquet files that no writer writes: of one column, put together byte by byte.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use bytes::Bytes;

/// Thrift's compact protocol, as far as it is needed: fields in the order of their ids.
#[derive(Default)]
pub struct Struct {
    bytes: Vec<u8>,
    last: u8,
}

impl Struct {
    fn field(&mut self, id: u8, kind: u8) {
        self.bytes.push((id - self.last) << 4 | kind);
        self.last = id;
    }

    #[must_use]
    pub fn int(mut self, id: u8, value: i64) -> Struct {
        let of_32_bits = i32::try_from(value).is_ok();
        self.field(id, if of_32_bits { 5 } else { 6 });
        self.bytes
            .extend(varint(((value << 1) ^ (value >> 63)) as u64));
        self
    }

    #[must_use]
    pub fn binary(mut self, id: u8, value: &[u8]) -> Struct {
        self.field(id, 8);
        self.bytes.extend(varint(value.len() as u64));
        self.bytes.extend(value);
        self
    }

    #[must_use]
    pub fn within(mut self, id: u8, value: Struct) -> Struct {
        self.field(id, 12);
        self.bytes.extend(value.end());
        self
    }

    #[must_use]
    pub fn list(mut self, id: u8, values: Vec<Struct>) -> Struct {
        self.field(id, 9);
        self.bytes.push(0xfc);
        self.bytes.extend(varint(values.len() as u64));
        self.bytes.extend(values.into_iter().flat_map(Struct::end));
        self
    }

    pub fn end(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

pub fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// So many levels of one value.
pub fn run(count: u64, level: u8) -> Vec<u8> {
    [varint(count << 1), vec![level]].concat()
}

/// A column of byte strings in one row group.
pub struct File {
    /// 0 required, 1 optional, 2 repeated.
    pub repetition: i64,
    pub name: Vec<u8>,
    /// Whole pages, their headers included.
    pub pages: Vec<u8>,
    pub rows: i64,
    /// What the footer says of all row groups.
    pub all_rows: i64,
    pub values: i64,
}

impl File {
    pub fn write(self) -> Bytes {
        let root = Struct::default().binary(4, b"schema").int(5, 1);
        let column = Struct::default()
            .int(1, 6)
            .int(3, self.repetition)
            .binary(4, &self.name);
        let metadata = Struct::default()
            .int(1, 6)
            .int(4, 0)
            .int(5, self.values)
            .int(6, self.pages.len() as i64)
            .int(7, self.pages.len() as i64)
            .int(9, 4);
        let chunk = Struct::default().int(2, 4).within(3, metadata);
        let group = Struct::default()
            .list(1, vec![chunk])
            .int(2, 0)
            .int(3, self.rows);
        let footer = Struct::default()
            .int(1, 1)
            .list(2, vec![root, column])
            .int(3, self.all_rows)
            .list(4, vec![group])
            .end();
        let length = u32::try_from(footer.len()).unwrap().to_le_bytes();
        [b"PAR1", &self.pages[..], &footer, &length, b"PAR1"]
            .concat()
            .into()
    }
}

/// A dictionary of these values.
pub fn dictionary(values: &[&[u8]]) -> Vec<u8> {
    let content: Vec<u8> = values
        .iter()
        .flat_map(|value| [&(value.len() as u32).to_le_bytes()[..], value].concat())
        .collect();
    let inner = Struct::default().int(1, values.len() as i64).int(2, 0);
    let header = Struct::default()
        .int(1, 2)
        .int(2, content.len() as i64)
        .int(3, content.len() as i64)
        .within(7, inner);
    [header.end(), content].concat()
}

/// A page of numbers of a dictionary's values, behind these levels.
pub fn page(values: u64, levels: &[Vec<u8>], numbers: &[u8]) -> Vec<u8> {
    let mut content = Vec::new();
    for level in levels {
        content.extend((level.len() as u32).to_le_bytes());
        content.extend(level);
    }
    content.extend(numbers);
    let inner = Struct::default()
        .int(1, values as i64)
        .int(2, 8)
        .int(3, 3)
        .int(4, 3);
    let header = Struct::default()
        .int(1, 0)
        .int(2, content.len() as i64)
        .int(3, content.len() as i64)
        .within(5, inner);
    [header.end(), content].concat()
}

/// The one value of a dictionary, so many times: of width 0, in one run.
pub fn same(count: u64) -> Vec<u8> {
    [vec![0], varint(count << 1)].concat()
}

/// One row with a list of so many values, all the same.
pub fn list_of(value: &[u8], count: u64) -> Bytes {
    let levels = [[run(1, 0), run(count - 1, 1)].concat(), run(count, 1)];
    File {
        repetition: 2,
        name: b"email".to_vec(),
        pages: [dictionary(&[value]), page(count, &levels, &same(count))].concat(),
        rows: 1,
        all_rows: 1,
        values: count as i64,
    }
    .write()
}

/// So many rows of one value.
pub fn rows_of(value: &[u8], count: u64) -> File {
    File {
        repetition: 1,
        name: b"email".to_vec(),
        pages: [
            dictionary(&[value]),
            page(count, &[run(count, 1)], &same(count)),
        ]
        .concat(),
        rows: count as i64,
        all_rows: count as i64,
        values: count as i64,
    }
}
