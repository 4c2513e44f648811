//! Runs of one value and bit-packed values in turn: how Parquet writes levels,
//! dictionary indices and, sometimes, booleans. (Apache Parquet, "Encodings", RLE.)

use bytes::Bytes;

use super::error::{Result, damaged};

#[derive(Clone, Debug)]
pub(super) struct Hybrid {
    bytes: Bytes,
    position: usize,
    width: u32,
    run: Run,
}

#[derive(Clone, Copy, Debug)]
enum Run {
    Same {
        value: u32,
        left: u64,
    },
    /// From this bit of the bytes on.
    Packed {
        bit: usize,
        left: u64,
    },
}

impl Hybrid {
    pub(super) fn new(bytes: Bytes, width: u32) -> Result<Hybrid> {
        if width > 32 {
            return damaged("a bit width is beyond 32");
        }
        Ok(Hybrid {
            bytes,
            position: 0,
            width,
            run: Run::Same { value: 0, left: 0 },
        })
    }

    pub(super) fn next(&mut self) -> Result<u32> {
        loop {
            match &mut self.run {
                Run::Same { left: 0, .. } | Run::Packed { left: 0, .. } => {}
                Run::Same { value, left } => {
                    *left -= 1;
                    return Ok(*value);
                }
                Run::Packed { bit, left } => {
                    *left -= 1;
                    let value = bits(&self.bytes, *bit, self.width);
                    *bit += self.width as usize;
                    return match value {
                        Some(value) => Ok(value as u32),
                        None => damaged("a page ends within its values"),
                    };
                }
            }
            self.next_run()?;
        }
    }

    fn next_run(&mut self) -> Result<()> {
        let Some(head) = varint(&self.bytes, &mut self.position) else {
            return damaged("a page ends before its last value");
        };
        let count = head >> 1;
        self.run = if head & 1 == 1 {
            let bit = self.position.saturating_mul(8);
            // Groups of eight values; the last may be cut off where no value is left.
            let bytes = count.saturating_mul(u64::from(self.width));
            let left = usize::try_from(bytes).unwrap_or(usize::MAX);
            self.position = self.position.saturating_add(left).min(self.bytes.len());
            Run::Packed {
                bit,
                left: count.saturating_mul(8),
            }
        } else {
            let size = self.width.div_ceil(8) as usize;
            let Some(value) = self.bytes.get(self.position..self.position + size) else {
                return damaged("a page ends within a run");
            };
            self.position += size;
            let mut whole = [0; 4];
            for (to, from) in whole.iter_mut().zip(value) {
                *to = *from;
            }
            Run::Same {
                value: u32::from_le_bytes(whole),
                left: count,
            }
        };
        Ok(())
    }
}

/// The value of `width` bits (64 at most) that begins at `bit`; the least significant first.
pub(super) fn bits(bytes: &[u8], bit: usize, width: u32) -> Option<u64> {
    let first = bit / 8;
    let shift = (bit % 8) as u32;
    let end = first.checked_add((shift + width).div_ceil(8) as usize)?;
    let part = bytes.get(first..end)?;
    let mut value = 0_u128;
    for (index, &byte) in part.iter().enumerate() {
        value |= u128::from(byte) << (8 * index);
    }
    let value = (value >> shift) as u64;
    Some(match width {
        0 => 0,
        64.. => value,
        _ => value & ((1 << width) - 1),
    })
}

/// An unsigned number in groups of seven bits, at `position`, which is moved behind it.
pub(super) fn varint(bytes: &[u8], position: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*position)?;
        *position += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn runs_and_packed_values_come_in_turn() {
        // Ten times 4; then 0 to 7 in three bits each (Parquet's own example).
        let bytes = Bytes::from_static(&[20, 4, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010]);
        let mut hybrid = Hybrid::new(bytes, 3).unwrap();
        let values: Vec<u32> = (0..18).map(|_| hybrid.next().unwrap()).collect();
        assert_eq!(values[..10], [4; 10]);
        assert_eq!(values[10..], [0, 1, 2, 3, 4, 5, 6, 7]);
        assert!(hybrid.next().is_err());
    }

    #[test]
    fn a_width_of_nothing_is_all_zeros() {
        let mut hybrid = Hybrid::new(Bytes::from_static(&[6]), 0).unwrap();
        assert_eq!(
            [hybrid.next(), hybrid.next(), hybrid.next()],
            [Ok(0), Ok(0), Ok(0)]
        );
        assert!(hybrid.next().is_err());
        assert!(Hybrid::new(Bytes::new(), 33).is_err());
    }
}
