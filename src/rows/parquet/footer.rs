//! The footer: the schema, and where the chunks of each row group are.
//!
//! It is kept as it was read, and row groups are decoded one at a time, of each only
//! the chunks that are wanted: what it says in few bytes never takes many of memory.

use std::ops::Range;

use bytes::Bytes;

use super::codec::Codec;
use super::error::{ParquetError, Result, damaged};
use super::kind::Physical;
use super::schema::{self, Leaf};
use super::thrift::{Field, Thrift};

/// The length of the footer and the magic word, at the end of every file.
pub(super) const TAIL_BYTES: u64 = 8;

/// Where the footer is. `tail` is the last [`TAIL_BYTES`] of a file of `size` bytes.
pub(super) fn locate(tail: &[u8], size: u64, max_bytes: u64) -> Result<Range<u64>> {
    let (length, magic) = tail.split_at_checked(4).unwrap_or_default();
    match magic {
        b"PAR1" => {}
        b"PARE" => return Err(ParquetError::Encrypted),
        _ => return Err(ParquetError::CutOff),
    }
    let length = <[u8; 4]>::try_from(length).map_or(0, u32::from_le_bytes);
    let bytes = u64::from(length);
    let end = size.saturating_sub(TAIL_BYTES);
    // Before it there is the magic word of the beginning, at least.
    let Some(start) = end.checked_sub(bytes).filter(|&start| start >= 4) else {
        return damaged("its footer is longer than the file");
    };
    if bytes > max_bytes {
        return Err(ParquetError::FooterTooLarge { bytes, max_bytes });
    }
    Ok(start..end)
}

#[derive(Clone, Debug)]
pub(super) struct Footer {
    bytes: Bytes,
    /// Where in the file the footer begins: chunks end before it.
    start: u64,
    pub leaves: Vec<Leaf>,
    pub rows: u64,
    /// Row groups that are still to come, and where in the footer the next one is.
    groups: usize,
    next_group: usize,
}

/// One row group, with the chunks of the wanted columns in the order of the schema.
#[derive(Debug)]
pub(super) struct Group {
    pub rows: u64,
    pub chunks: Vec<Chunk>,
}

/// The pages of one column in one row group.
#[derive(Debug)]
pub(super) struct Chunk {
    /// In the file.
    pub range: Range<u64>,
    pub codec: Codec,
    /// Nulls included.
    pub values: u64,
}

impl Footer {
    pub(super) fn decode(bytes: Bytes, start: u64) -> Result<Footer> {
        let (mut leaves, mut groups, mut rows) = (None, None, 0_u64);
        let mut said = None;
        let mut thrift = Thrift::new(&bytes, 0);
        let mut last = 0;
        while let Some(field) = thrift.field(&mut last)? {
            match field.id {
                2 => {
                    let count = thrift.structs(field)?;
                    leaves = Some(schema::leaves(&mut thrift, count)?);
                }
                3 => said = Some(count(&mut thrift, field)?),
                4 => {
                    let count = thrift.structs(field)?;
                    groups = Some((count, thrift.position()));
                    for _ in 0..count {
                        let of_group = group_rows(&mut thrift)?;
                        rows = rows.checked_add(of_group).ok_or(TOO_MANY_ROWS)?;
                    }
                }
                _ => thrift.skip(field)?,
            }
        }
        let Some(leaves) = leaves else {
            return damaged("it has no schema");
        };
        if said.is_some_and(|said| said != rows) {
            return damaged("its row groups have not as many rows as it says");
        }
        let (groups, next_group) = groups.unwrap_or_default();
        Ok(Footer {
            bytes,
            start,
            leaves,
            rows,
            groups,
            next_group,
        })
    }

    /// The next row group; `wanted` are positions of leaves, in order.
    pub(super) fn next_group(&mut self, wanted: &[usize]) -> Result<Option<Group>> {
        let Some(left) = self.groups.checked_sub(1) else {
            return Ok(None);
        };
        self.groups = left;
        let mut thrift = Thrift::new(&self.bytes, self.next_group);
        let mut group = Group {
            rows: 0,
            chunks: Vec::with_capacity(wanted.len()),
        };
        let (mut last, mut columns) = (0, 0);
        while let Some(field) = thrift.field(&mut last)? {
            match field.id {
                1 => {
                    columns = thrift.structs(field)?;
                    let mut wanted = wanted.iter().copied().peekable();
                    for position in 0..columns {
                        let leaf = self.leaves.get(position);
                        match leaf.filter(|_| wanted.next_if_eq(&position).is_some()) {
                            Some(leaf) => group.chunks.push(self.chunk(&mut thrift, leaf)?),
                            None => thrift.skip_struct()?,
                        }
                    }
                }
                3 => group.rows = count(&mut thrift, field)?,
                _ => thrift.skip(field)?,
            }
        }
        self.next_group = thrift.position();
        if columns != self.leaves.len() {
            return damaged("a row group has other columns than the schema");
        }
        Ok(Some(group))
    }

    /// Leaves out row groups as long as they lie wholly within the next `rows`, and says how
    /// many of those rows are left.
    pub(super) fn skip_groups(&mut self, mut rows: u64) -> Result<u64> {
        while rows > 0 && self.groups > 0 {
            let mut thrift = Thrift::new(&self.bytes, self.next_group);
            let Some(left) = rows.checked_sub(group_rows(&mut thrift)?) else {
                break;
            };
            rows = left;
            self.groups -= 1;
            self.next_group = thrift.position();
        }
        Ok(rows)
    }

    fn chunk(&self, thrift: &mut Thrift<'_>, leaf: &Leaf) -> Result<Chunk> {
        let mut found = None;
        let mut last = 0;
        while let Some(field) = thrift.field(&mut last)? {
            match field.id {
                1 => return Err(ParquetError::Unsupported("columns in other files")),
                3 => {
                    thrift.structure(field)?;
                    found = Some(self.metadata(thrift, leaf)?);
                }
                8 | 9 => return Err(ParquetError::Encrypted),
                _ => thrift.skip(field)?,
            }
        }
        found.ok_or(ParquetError::Damaged("a column has no metadata"))
    }

    fn metadata(&self, thrift: &mut Thrift<'_>, leaf: &Leaf) -> Result<Chunk> {
        let (mut physical, mut codec, mut values, mut size) = (None, None, 0, 0);
        let (mut data, mut dictionary) = (0, 0);
        let mut last = 0;
        while let Some(field) = thrift.field(&mut last)? {
            match field.id {
                1 => physical = Some(thrift.integer(field)?),
                4 => codec = Some(thrift.integer(field)?),
                5 => values = count(thrift, field)?,
                7 => size = count(thrift, field)?,
                9 => data = count(thrift, field)?,
                // Some writers say 0 where there is none.
                11 => dictionary = count(thrift, field)?,
                _ => thrift.skip(field)?,
            }
        }
        let length = match leaf.physical {
            Physical::Fixed(length) => length as i64,
            _ => 0,
        };
        if physical.and_then(|code| Physical::of(code, length)) != Some(leaf.physical) {
            return damaged("a column is of another type than the schema says");
        }
        let start = if dictionary > 0 {
            data.min(dictionary)
        } else {
            data
        };
        match start.checked_add(size) {
            Some(end) if start >= 4 && end <= self.start => Ok(Chunk {
                range: start..end,
                codec: Codec::of(codec)?,
                values,
            }),
            _ => damaged("a column lies outside the file"),
        }
    }
}

const TOO_MANY_ROWS: ParquetError = ParquetError::Damaged("it says that it has more rows than any");

fn group_rows(thrift: &mut Thrift<'_>) -> Result<u64> {
    let (mut rows, mut last) = (0, 0);
    while let Some(field) = thrift.field(&mut last)? {
        match field.id {
            3 => rows = count(thrift, field)?,
            _ => thrift.skip(field)?,
        }
    }
    Ok(rows)
}

fn count(thrift: &mut Thrift<'_>, field: Field) -> Result<u64> {
    u64::try_from(thrift.integer(field)?)
        .map_err(|_| ParquetError::Damaged("a size or an offset is negative"))
}
