//! The values of a page, one after the other, however they are encoded. (Apache
//! Parquet, "Encodings".)

use std::sync::Arc;

use bytes::Bytes;

use super::delta::Delta;
use super::error::{ParquetError, Result, damaged};
use super::hybrid::{Hybrid, bits};
use super::kind::Physical;

const CUT: ParquetError = ParquetError::Damaged("a page ends before its last value");

/// The values that a chunk's pages refer to by their numbers.
#[derive(Debug)]
pub(super) struct Dictionary {
    bytes: Bytes,
    /// Where each value of variable length begins and ends.
    spans: Vec<(u32, u32)>,
    width: Option<usize>,
}

impl Dictionary {
    pub(super) fn new(bytes: Bytes, values: usize, physical: Physical) -> Result<Dictionary> {
        let mut spans = Vec::new();
        if physical == Physical::Bytes {
            // Each takes four bytes for its length; more cannot be there.
            if values > bytes.len() / 4 {
                return Err(CUT);
            }
            spans.reserve_exact(values);
            let mut position = 0;
            for _ in 0..values {
                let (start, end) = prefixed(&bytes, position)?;
                // Pages have less than 2 GiB.
                spans.push((start as u32, end as u32));
                position = end;
            }
        }
        Ok(Dictionary {
            bytes,
            spans,
            width: physical.width(),
        })
    }

    /// What it takes of memory, for a page of `size` bytes.
    pub(super) const fn memory(physical: Physical, size: usize) -> usize {
        match physical {
            Physical::Bytes => size.saturating_mul(3),
            _ => size,
        }
    }

    fn get(&self, index: u32) -> Option<&[u8]> {
        let index = index as usize;
        let (start, end) = match self.width {
            Some(width) => {
                let start = index.checked_mul(width)?;
                (start, start.checked_add(width)?)
            }
            None => {
                let &(start, end) = self.spans.get(index)?;
                (start as usize, end as usize)
            }
        };
        self.bytes.get(start..end)
    }
}

/// Where the value at `position`, behind its length, begins and ends.
fn prefixed(bytes: &[u8], position: usize) -> Result<(usize, usize)> {
    let rest = bytes.get(position..).unwrap_or_default();
    let length = u32::from_le_bytes(*rest.first_chunk().ok_or(CUT)?);
    let start = position + 4;
    match start.checked_add(length as usize) {
        Some(end) if end <= bytes.len() => Ok((start, end)),
        _ => Err(CUT),
    }
}

#[derive(Debug)]
pub(super) enum Values {
    /// Values of `width` bytes, or behind their lengths.
    Plain {
        bytes: Bytes,
        position: usize,
        width: Option<usize>,
    },
    Bits {
        bytes: Bytes,
        bit: usize,
    },
    Runs(Hybrid),
    Numbers(Arc<Dictionary>, Hybrid),
    /// Of `width` bytes each.
    Delta {
        delta: Delta,
        width: usize,
    },
    /// All lengths, then all bytes.
    Lengths {
        lengths: Delta,
        bytes: Bytes,
        position: usize,
    },
    /// Each value repeats the beginning of the one before.
    Prefixes {
        prefixes: Delta,
        lengths: Delta,
        bytes: Bytes,
        position: usize,
    },
    /// The first bytes of all values, then the second ones, and so on.
    Split {
        bytes: Bytes,
        index: usize,
        width: usize,
    },
}

impl Values {
    pub(super) fn new(
        encoding: i64,
        bytes: Bytes,
        physical: Physical,
        dictionary: Option<&Arc<Dictionary>>,
    ) -> Result<Values> {
        let integers = matches!(physical, Physical::Int32 | Physical::Int64);
        let variable = matches!(physical, Physical::Bytes | Physical::Fixed(_));
        match encoding {
            // Nothing but nulls.
            5..=7 if bytes.is_empty() => Ok(Values::Plain {
                bytes,
                position: 0,
                width: None,
            }),
            0 if physical == Physical::Boolean => Ok(Values::Bits { bytes, bit: 0 }),
            0 => Ok(Values::Plain {
                bytes,
                position: 0,
                width: physical.width(),
            }),
            2 | 8 => {
                let Some(dictionary) = dictionary else {
                    return damaged("a page refers to a dictionary that is not there");
                };
                let mut indices = bytes;
                // A page of nothing but nulls may leave out even the width.
                let width = match indices.first() {
                    Some(&width) => u32::from(width),
                    None => 0,
                };
                let indices = indices.split_off(indices.len().min(1));
                Ok(Values::Numbers(
                    Arc::clone(dictionary),
                    Hybrid::new(indices, width)?,
                ))
            }
            3 if physical == Physical::Boolean => {
                let start = bytes.len().min(4);
                Ok(Values::Runs(Hybrid::new(bytes.slice(start..), 1)?))
            }
            5 if integers => Ok(Values::Delta {
                delta: Delta::new(bytes)?,
                width: physical.width().unwrap_or_default(),
            }),
            6 if physical == Physical::Bytes => {
                let lengths = Delta::new(bytes.clone())?;
                let position = lengths.end()?;
                Ok(Values::Lengths {
                    lengths,
                    bytes,
                    position,
                })
            }
            7 if variable => {
                let prefixes = Delta::new(bytes.clone())?;
                let rest = bytes.slice(prefixes.end()?..);
                let lengths = Delta::new(rest.clone())?;
                let position = lengths.end()?;
                Ok(Values::Prefixes {
                    prefixes,
                    lengths,
                    bytes: rest,
                    position,
                })
            }
            9 => match physical.width() {
                Some(width) => Ok(Values::Split {
                    bytes,
                    index: 0,
                    width,
                }),
                None => damaged("an encoding does not go with its column's type"),
            },
            4 => Err(ParquetError::Unsupported("an encoding long out of use")),
            3 | 5..=7 => damaged("an encoding does not go with its column's type"),
            _ => Err(ParquetError::Unsupported("an unknown encoding")),
        }
    }

    /// The next value, as its physical type is stored: numbers with the least
    /// significant byte first. `scratch` is the value before, left as this gave it.
    pub(super) fn next<'a>(&'a mut self, scratch: &'a mut Vec<u8>) -> Result<&'a [u8]> {
        match self {
            Values::Plain {
                bytes,
                position,
                width,
            } => {
                let (start, end) = match *width {
                    Some(width) => (*position, position.saturating_add(width)),
                    None => prefixed(bytes, *position)?,
                };
                *position = end;
                bytes.get(start..end).ok_or(CUT)
            }
            Values::Bits { bytes, bit } => {
                let value = bits(bytes, *bit, 1).ok_or(CUT)?;
                *bit += 1;
                scratch.clear();
                scratch.push(value as u8);
                Ok(scratch)
            }
            Values::Runs(runs) => {
                scratch.clear();
                scratch.push(runs.next()? as u8);
                Ok(scratch)
            }
            Values::Numbers(dictionary, indices) => {
                let index = indices.next()?;
                dictionary
                    .get(index)
                    .ok_or(ParquetError::Damaged("a value is not in its dictionary"))
            }
            Values::Delta { delta, width } => {
                scratch.clear();
                // Differences wrap around at the width of the type.
                let value = delta.next()?.to_le_bytes();
                scratch.extend(value.iter().take(*width));
                Ok(scratch)
            }
            Values::Lengths {
                lengths,
                bytes,
                position,
            } => take(bytes, position, lengths.next()?),
            Values::Prefixes {
                prefixes,
                lengths,
                bytes,
                position,
            } => {
                let prefix = usize::try_from(prefixes.next()?).ok();
                let prefix = prefix.filter(|&prefix| prefix <= scratch.len());
                scratch.truncate(prefix.ok_or(CUT)?);
                scratch.extend_from_slice(take(bytes, position, lengths.next()?)?);
                Ok(scratch)
            }
            Values::Split {
                bytes,
                index,
                width,
            } => {
                let count = bytes.len() / *width;
                if *index >= count {
                    return Err(CUT);
                }
                scratch.clear();
                scratch.extend((0..*width).filter_map(|part| bytes.get(part * count + *index)));
                *index += 1;
                Ok(scratch)
            }
        }
    }
}

fn take<'a>(bytes: &'a [u8], position: &mut usize, length: i64) -> Result<&'a [u8]> {
    let start = *position;
    let length = usize::try_from(length).map_err(|_| CUT)?;
    *position = start.checked_add(length).ok_or(CUT)?;
    bytes.get(start..*position).ok_or(CUT)
}
