//! What the values of a column mean, by the schema's annotations. (Apache Parquet,
//! "Logical Types".)

use super::thrift::{Field, Thrift, ThriftError};

/// How values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Physical {
    Boolean,
    Int32,
    Int64,
    Int96,
    Float,
    Double,
    Bytes,
    /// Of this many bytes each.
    Fixed(usize),
}

impl Physical {
    /// `None` for a number that no type has.
    pub(super) fn of(code: i64, length: i64) -> Option<Physical> {
        Some(match code {
            0 => Physical::Boolean,
            1 => Physical::Int32,
            2 => Physical::Int64,
            3 => Physical::Int96,
            4 => Physical::Float,
            5 => Physical::Double,
            6 => Physical::Bytes,
            7 => Physical::Fixed(usize::try_from(length).ok().filter(|&length| length > 0)?),
            _ => return None,
        })
    }

    /// The bytes of one value; `None` where each has its own length, or less than one.
    pub(super) const fn width(self) -> Option<usize> {
        match self {
            Physical::Int32 | Physical::Float => Some(4),
            Physical::Int64 | Physical::Double => Some(8),
            Physical::Int96 => Some(12),
            Physical::Fixed(width) => Some(width),
            Physical::Boolean | Physical::Bytes => None,
        }
    }
}

/// What a value says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// UTF-8, if it is: also of columns that are only called binary.
    Text,
    Boolean,
    /// Of 32 or 64 bits, as its physical type has.
    Integer {
        signed: bool,
    },
    Float,
    Double,
    Half,
    /// The number with its last digits, as many as the scale, behind the point.
    Decimal {
        scale: u32,
    },
    Date,
    Time(Unit),
    Timestamp(Unit),
    /// Nanoseconds of a Julian day: Hive's, Impala's and Spark's old timestamps.
    Int96,
    Uuid,
}

/// What a time counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Millis,
    Micros,
    Nanos,
}

impl Unit {
    pub(super) const fn of_second(self) -> i64 {
        match self {
            Unit::Millis => 1_000,
            Unit::Micros => 1_000_000,
            Unit::Nanos => 1_000_000_000,
        }
    }
}

/// What the schema says of an element, older and newer annotations as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Annotation {
    None,
    Text,
    List,
    Map,
    Decimal {
        scale: i64,
    },
    Date,
    Time(Unit),
    Timestamp(Unit),
    Integer {
        signed: bool,
    },
    Uuid,
    Half,
    /// Values that are no text of any kind: BSON, intervals, geometries.
    Foreign,
}

impl Annotation {
    /// By the number of the older `ConvertedType`.
    pub(super) const fn converted(code: i64, scale: i64) -> Annotation {
        match code {
            0 | 4 | 19 => Annotation::Text,
            1 | 2 => Annotation::Map,
            3 => Annotation::List,
            5 => Annotation::Decimal { scale },
            6 => Annotation::Date,
            7 => Annotation::Time(Unit::Millis),
            8 => Annotation::Time(Unit::Micros),
            9 => Annotation::Timestamp(Unit::Millis),
            10 => Annotation::Timestamp(Unit::Micros),
            11..=14 => Annotation::Integer { signed: false },
            15..=18 => Annotation::Integer { signed: true },
            20 | 21 => Annotation::Foreign,
            _ => Annotation::None,
        }
    }

    /// The union `LogicalType`: one field, whose id says which.
    pub(super) fn logical(thrift: &mut Thrift<'_>) -> Result<Annotation, ThriftError> {
        let mut found = Annotation::None;
        let mut last = 0;
        while let Some(field) = thrift.field(&mut last)? {
            found = match field.id {
                1 | 4 | 12 => Annotation::Text,
                2 => Annotation::Map,
                3 => Annotation::List,
                5 => {
                    let scale = parameter(thrift, field, 1)?;
                    found = Annotation::Decimal { scale };
                    continue;
                }
                6 => Annotation::Date,
                7 | 8 => {
                    let unit = unit(thrift, field)?;
                    found = match unit {
                        None => Annotation::Foreign,
                        Some(unit) if field.id == 7 => Annotation::Time(unit),
                        Some(unit) => Annotation::Timestamp(unit),
                    };
                    continue;
                }
                10 => {
                    let signed = is_signed(thrift, field)?;
                    found = Annotation::Integer { signed };
                    continue;
                }
                13 | 16..=18 => Annotation::Foreign,
                14 => Annotation::Uuid,
                15 => Annotation::Half,
                _ => Annotation::None,
            };
            thrift.skip(field)?;
        }
        Ok(found)
    }

    /// How values of this type are to be read; `None` where the two do not go together.
    pub(super) fn kind(self, physical: Physical) -> Option<Kind> {
        use Physical::{Boolean, Bytes, Double, Fixed, Float, Int32, Int64, Int96};
        Some(match (self, physical) {
            (Annotation::Text | Annotation::None, Bytes | Fixed(_)) => Kind::Text,
            (Annotation::None, Boolean) => Kind::Boolean,
            (Annotation::None, Int32 | Int64) => Kind::Integer { signed: true },
            (Annotation::Integer { signed }, Int32 | Int64) => Kind::Integer { signed },
            (Annotation::None, Float) => Kind::Float,
            (Annotation::None, Double) => Kind::Double,
            (Annotation::None, Int96) => Kind::Int96,
            (Annotation::Half, Fixed(2)) => Kind::Half,
            (Annotation::Decimal { scale }, Int32 | Int64 | Bytes | Fixed(_)) => Kind::Decimal {
                scale: u32::try_from(scale).ok().filter(|&scale| scale <= 76)?,
            },
            (Annotation::Date, Int32) => Kind::Date,
            (Annotation::Time(Unit::Millis), Int32) => Kind::Time(Unit::Millis),
            (Annotation::Time(unit @ (Unit::Micros | Unit::Nanos)), Int64) => Kind::Time(unit),
            (Annotation::Timestamp(unit), Int64) => Kind::Timestamp(unit),
            (Annotation::Uuid, Fixed(16)) => Kind::Uuid,
            _ => return None,
        })
    }
}

/// The integer with this id in a struct; 0 if there is none.
fn parameter(thrift: &mut Thrift<'_>, field: Field, id: i16) -> Result<i64, ThriftError> {
    thrift.structure(field)?;
    let (mut value, mut last) = (0, 0);
    while let Some(inner) = thrift.field(&mut last)? {
        if inner.id == id {
            value = thrift.integer(inner)?;
        } else {
            thrift.skip(inner)?;
        }
    }
    Ok(value)
}

fn is_signed(thrift: &mut Thrift<'_>, field: Field) -> Result<bool, ThriftError> {
    thrift.structure(field)?;
    let (mut signed, mut last) = (true, 0);
    while let Some(inner) = thrift.field(&mut last)? {
        if inner.id == 2 {
            signed = thrift.boolean(inner)?;
        } else {
            thrift.skip(inner)?;
        }
    }
    Ok(signed)
}

/// The unit of a time or timestamp: a union in its second field.
fn unit(thrift: &mut Thrift<'_>, field: Field) -> Result<Option<Unit>, ThriftError> {
    thrift.structure(field)?;
    let (mut unit, mut last) = (None, 0);
    while let Some(inner) = thrift.field(&mut last)? {
        if inner.id != 2 {
            thrift.skip(inner)?;
            continue;
        }
        thrift.structure(inner)?;
        let mut last = 0;
        while let Some(choice) = thrift.field(&mut last)? {
            unit = match choice.id {
                1 => Some(Unit::Millis),
                2 => Some(Unit::Micros),
                3 => Some(Unit::Nanos),
                _ => None,
            };
            thrift.skip(choice)?;
        }
    }
    Ok(unit)
}
