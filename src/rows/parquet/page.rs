//! The header of a page, and the page's content taken apart: levels, then values.

use std::sync::Arc;

use bytes::Bytes;

use super::codec::Codec;
use super::error::{ParquetError, Result, damaged};
use super::hybrid::Hybrid;
use super::schema::Leaf;
use super::thrift::{Field, Thrift, ThriftError};
use super::values::{Dictionary, Values};

/// What a page says of itself before its content.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageHeader {
    /// Of this header.
    pub header_size: usize,
    pub packed_size: usize,
    pub size: usize,
    pub checksum: Option<u32>,
    pub content: Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Data {
        values: usize,
        encoding: i64,
        levels: Levels,
    },
    Dictionary {
        values: usize,
        encoding: i64,
    },
    /// Of no use here; passed over.
    Index,
}

/// How the levels stand before the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Levels {
    /// Packed with the values, each kind behind its own length.
    V1 { repetition: i64, definition: i64 },
    /// Never packed, with these lengths.
    V2 {
        repetition: usize,
        definition: usize,
        packed: bool,
    },
}

/// Parquet's number of RLE, the only encoding of levels in use.
const RLE: i64 = 3;

impl PageHeader {
    /// `None` where `bytes` end within the header.
    pub(super) fn decode(bytes: &[u8]) -> Result<Option<PageHeader>> {
        let mut thrift = Thrift::new(bytes, 0);
        match decode(&mut thrift) {
            Ok(header) => header.map(Some),
            Err(ThriftError::End) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

#[derive(Default)]
struct Fields {
    kind: i64,
    size: i64,
    packed_size: i64,
    checksum: Option<i64>,
    /// Of the header of the page's kind, in the order of their ids.
    inner: [Option<i64>; 8],
}

fn decode(thrift: &mut Thrift<'_>) -> std::result::Result<Result<PageHeader>, ThriftError> {
    let mut fields = Fields {
        kind: -1,
        ..Fields::default()
    };
    let mut last = 0;
    while let Some(field) = thrift.field(&mut last)? {
        match field.id {
            1 => fields.kind = thrift.integer(field)?,
            2 => fields.size = thrift.integer(field)?,
            3 => fields.packed_size = thrift.integer(field)?,
            4 => fields.checksum = Some(thrift.integer(field)?),
            5 | 7 | 8 => inner(thrift, field, &mut fields)?,
            _ => thrift.skip(field)?,
        }
    }
    Ok(header(&fields, thrift.position()))
}

/// The numbers and truths of the header of the page's kind; statistics are passed over.
fn inner(
    thrift: &mut Thrift<'_>,
    field: Field,
    fields: &mut Fields,
) -> std::result::Result<(), ThriftError> {
    thrift.structure(field)?;
    let mut last = 0;
    while let Some(field) = thrift.field(&mut last)? {
        let value = match thrift.boolean(field) {
            Ok(truth) => Some(i64::from(truth)),
            Err(_) => thrift.clone().integer(field).ok(),
        };
        thrift.skip(field)?;
        let slot = usize::try_from(field.id - 1).ok();
        if let Some(slot) = slot.and_then(|slot| fields.inner.get_mut(slot)) {
            *slot = value;
        }
    }
    Ok(())
}

fn header(fields: &Fields, header_size: usize) -> Result<PageHeader> {
    let size = |value: Option<i64>| {
        value
            .and_then(|value| i32::try_from(value).ok())
            .and_then(|value| usize::try_from(value).ok())
            .ok_or(ParquetError::Damaged(
                "a page's size is negative or missing",
            ))
    };
    let [first, second, third, fourth, fifth, sixth, seventh, _] = fields.inner;
    let content = match fields.kind {
        0 => Content::Data {
            values: size(first)?,
            encoding: second.unwrap_or(-1),
            levels: Levels::V1 {
                definition: third.unwrap_or(RLE),
                repetition: fourth.unwrap_or(RLE),
            },
        },
        1 => Content::Index,
        2 => Content::Dictionary {
            values: size(first)?,
            encoding: second.unwrap_or(-1),
        },
        3 => Content::Data {
            values: size(first)?,
            encoding: fourth.unwrap_or(-1),
            levels: Levels::V2 {
                definition: size(fifth)?,
                repetition: size(sixth)?,
                packed: seventh != Some(0),
            },
        },
        _ => return damaged("a page is of no known kind"),
    };
    Ok(PageHeader {
        header_size,
        packed_size: size(Some(fields.packed_size))?,
        size: size(Some(fields.size))?,
        checksum: fields.checksum.map(|sum| sum as u32),
        content,
    })
}

/// A page of values that is being read.
#[derive(Debug)]
pub(super) struct Page {
    /// Levels that are still to come.
    pub left: usize,
    /// The repetition level of the next value.
    next_repetition: u32,
    repetition: Option<Runs>,
    definition: Option<Runs>,
    pub values: Values,
    pub size: usize,
}

impl Page {
    pub(super) fn open(
        header: &PageHeader,
        packed: Bytes,
        codec: Codec,
        leaf: &Leaf,
        dictionary: Option<&Arc<Dictionary>>,
    ) -> Result<Page> {
        let Content::Data {
            values,
            encoding,
            levels,
        } = header.content
        else {
            return damaged("a page of values is missing");
        };
        let (repetition, definition, content) = match levels {
            Levels::V1 {
                repetition,
                definition,
            } => {
                let mut content = codec.unpack(packed, header.size)?;
                let repetition = levels_v1(&mut content, leaf.max_repetition, repetition)?;
                let definition = levels_v1(&mut content, leaf.max_definition, definition)?;
                (repetition, definition, content)
            }
            Levels::V2 {
                repetition,
                definition,
                packed: is_packed,
            } => {
                let mut values = packed;
                let repetition = take(&mut values, repetition)?;
                let definition = take(&mut values, definition)?;
                let before = repetition.len() + definition.len();
                let Some(size) = header.size.checked_sub(before) else {
                    return damaged("a page's levels are longer than the page");
                };
                let codec = if is_packed { codec } else { Codec::Plain };
                // Copied, so that they do not keep the packed values in memory.
                let [repetition, definition] =
                    [repetition, definition].map(|levels| Bytes::copy_from_slice(&levels));
                (repetition, definition, codec.unpack(values, size)?)
            }
        };
        let mut page = Page {
            left: values,
            next_repetition: 0,
            repetition: Runs::new(repetition, leaf.max_repetition)?,
            definition: Runs::new(definition, leaf.max_definition)?,
            values: Values::new(encoding, content, leaf.physical, dictionary)?,
            size: header.size,
        };
        page.look_ahead()?;
        Ok(page)
    }

    /// The repetition level of the next value, if there is one.
    pub(super) const fn next_repetition(&self) -> u32 {
        self.next_repetition
    }

    /// The definition level of the next value, which is passed.
    pub(super) fn next_definition(&mut self) -> Result<u32> {
        let level = match &mut self.definition {
            Some(levels) => levels.next()?,
            None => 0,
        };
        self.left = self.left.saturating_sub(1);
        self.look_ahead()?;
        Ok(level)
    }

    fn look_ahead(&mut self) -> Result<()> {
        if let Some(levels) = &mut self.repetition
            && self.left > 0
        {
            self.next_repetition = levels.next()?;
        }
        Ok(())
    }
}

/// The levels of one kind.
#[derive(Debug)]
struct Runs {
    levels: Hybrid,
    most: u32,
}

impl Runs {
    /// `None` where all levels are 0, which is not written.
    fn new(bytes: Bytes, most: u32) -> Result<Option<Runs>> {
        if most == 0 {
            return Ok(None);
        }
        let levels = Hybrid::new(bytes, u32::BITS - most.leading_zeros())?;
        Ok(Some(Runs { levels, most }))
    }

    fn next(&mut self) -> Result<u32> {
        match self.levels.next()? {
            // It would pass for a value that is not there.
            level if level > self.most => damaged("a level is beyond those of its column"),
            level => Ok(level),
        }
    }
}

fn take(bytes: &mut Bytes, count: usize) -> Result<Bytes> {
    if count > bytes.len() {
        return damaged("a page's levels are longer than the page");
    }
    Ok(bytes.split_to(count))
}

fn levels_v1(content: &mut Bytes, most: u32, encoding: i64) -> Result<Bytes> {
    if most == 0 {
        return Ok(Bytes::new());
    }
    if encoding != RLE {
        return Err(ParquetError::Unsupported(
            "levels of an encoding long out of use",
        ));
    }
    let length = take(content, 4)?;
    let length = length
        .first_chunk()
        .map_or(0, |bytes| u32::from_le_bytes(*bytes));
    take(content, length as usize)
}
