//! Thrift's compact protocol, as far as Parquet's footers and page headers need it.
//! (Apache Thrift, "Thrift Compact protocol encoding".)
//!
//! Reads from a slice and never beyond it; allocates nothing.

use super::error::ParquetError;

/// Structs within structs that are not of interest are passed over this deep.
const DEEPEST: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ThriftError {
    /// The slice ends within the value: more of it may help.
    End,
    Malformed,
}

impl From<ThriftError> for ParquetError {
    fn from(_: ThriftError) -> ParquetError {
        ParquetError::Damaged("its metadata cannot be decoded")
    }
}

type Result<T> = std::result::Result<T, ThriftError>;

/// The type of a field or an element, as the protocol numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    True,
    False,
    I8,
    I16,
    I32,
    I64,
    Double,
    Binary,
    List,
    Map,
    Struct,
    Uuid,
}

impl Type {
    fn of(code: u8) -> Result<Type> {
        Ok(match code {
            1 => Type::True,
            2 => Type::False,
            3 => Type::I8,
            4 => Type::I16,
            5 => Type::I32,
            6 => Type::I64,
            7 => Type::Double,
            8 => Type::Binary,
            // A set is written as a list is.
            9 | 10 => Type::List,
            11 => Type::Map,
            12 => Type::Struct,
            13 => Type::Uuid,
            _ => return Err(ThriftError::Malformed),
        })
    }
}

/// A field's id and type; its value comes next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub id: i16,
    pub kind: Type,
}

#[derive(Clone, Debug)]
pub(super) struct Thrift<'a> {
    bytes: &'a [u8],
    position: usize,
}

impl<'a> Thrift<'a> {
    pub(super) const fn new(bytes: &'a [u8], position: usize) -> Thrift<'a> {
        Thrift { bytes, position }
    }

    pub(super) const fn position(&self) -> usize {
        self.position
    }

    fn byte(&mut self) -> Result<u8> {
        let byte = *self.bytes.get(self.position).ok_or(ThriftError::End)?;
        self.position += 1;
        Ok(byte)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self
            .position
            .checked_add(count)
            .ok_or(ThriftError::Malformed)?;
        let taken = self.bytes.get(self.position..end).ok_or(ThriftError::End)?;
        self.position = end;
        Ok(taken)
    }

    fn varint(&mut self) -> Result<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(ThriftError::Malformed)
    }

    fn zigzag(&mut self) -> Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    fn length(&mut self) -> Result<usize> {
        let length = self.varint()?;
        // Lengths are 32 bits in Thrift.
        i32::try_from(length).map_err(|_| ThriftError::Malformed)?;
        Ok(length as usize)
    }

    /// The next field of a struct; `None` at its end. `last` starts as 0.
    pub(super) fn field(&mut self, last: &mut i16) -> Result<Option<Field>> {
        let head = self.byte()?;
        if head == 0 {
            return Ok(None);
        }
        let kind = Type::of(head & 0x0f)?;
        let id = match i16::from(head >> 4) {
            0 => i16::try_from(self.zigzag()?).map_err(|_| ThriftError::Malformed)?,
            delta => last.checked_add(delta).ok_or(ThriftError::Malformed)?,
        };
        *last = id;
        Ok(Some(Field { id, kind }))
    }

    pub(super) fn integer(&mut self, field: Field) -> Result<i64> {
        match field.kind {
            Type::I8 => Ok(i64::from(self.byte()? as i8)),
            Type::I16 | Type::I32 | Type::I64 => self.zigzag(),
            _ => Err(ThriftError::Malformed),
        }
    }

    pub(super) fn boolean(&mut self, field: Field) -> Result<bool> {
        match field.kind {
            Type::True => Ok(true),
            Type::False => Ok(false),
            _ => Err(ThriftError::Malformed),
        }
    }

    pub(super) fn binary(&mut self, field: Field) -> Result<&'a [u8]> {
        if field.kind != Type::Binary {
            return Err(ThriftError::Malformed);
        }
        let length = self.length()?;
        self.take(length)
    }

    /// Enters a struct: nothing is written before its fields.
    pub(super) fn structure(&self, field: Field) -> Result<()> {
        match field.kind {
            Type::Struct => Ok(()),
            _ => Err(ThriftError::Malformed),
        }
    }

    /// How many structs the list has; they come next.
    pub(super) fn structs(&mut self, field: Field) -> Result<usize> {
        if field.kind != Type::List {
            return Err(ThriftError::Malformed);
        }
        let (kind, count) = self.list()?;
        // An empty list may name any type.
        if count > 0 && kind != Type::Struct {
            return Err(ThriftError::Malformed);
        }
        Ok(count)
    }

    fn list(&mut self) -> Result<(Type, usize)> {
        let head = self.byte()?;
        let count = match usize::from(head >> 4) {
            15 => self.length()?,
            count => count,
        };
        // Some writers give an empty list the type 0.
        if count == 0 {
            return Ok((Type::Struct, 0));
        }
        Ok((Type::of(head & 0x0f)?, count))
    }

    /// Passes over the value of a field.
    pub(super) fn skip(&mut self, field: Field) -> Result<()> {
        match field.kind {
            // The value of a boolean field is its type.
            Type::True | Type::False => Ok(()),
            kind => self.skip_value(kind, DEEPEST),
        }
    }

    /// Passes over a whole struct.
    pub(super) fn skip_struct(&mut self) -> Result<()> {
        self.skip_value(Type::Struct, DEEPEST)
    }

    fn skip_value(&mut self, kind: Type, depth: usize) -> Result<()> {
        let depth = depth.checked_sub(1).ok_or(ThriftError::Malformed)?;
        match kind {
            Type::True | Type::False | Type::I8 => self.byte().map(drop),
            Type::I16 | Type::I32 | Type::I64 => self.varint().map(drop),
            Type::Double => self.take(8).map(drop),
            Type::Uuid => self.take(16).map(drop),
            Type::Binary => {
                let length = self.length()?;
                self.take(length).map(drop)
            }
            // Each element takes a byte at least, so that the slice bounds the loops.
            Type::List => {
                let (kind, count) = self.list()?;
                (0..count).try_for_each(|_| self.skip_value(kind, depth))
            }
            Type::Map => {
                let count = self.length()?;
                if count == 0 {
                    return Ok(());
                }
                let kinds = self.byte()?;
                let (key, value) = (Type::of(kinds >> 4)?, Type::of(kinds & 0x0f)?);
                (0..count).try_for_each(|_| {
                    self.skip_value(key, depth)?;
                    self.skip_value(value, depth)
                })
            }
            Type::Struct => {
                let mut last = 0;
                while let Some(field) = self.field(&mut last)? {
                    match field.kind {
                        Type::True | Type::False => {}
                        kind => self.skip_value(kind, depth)?,
                    }
                }
                Ok(())
            }
        }
    }
}
