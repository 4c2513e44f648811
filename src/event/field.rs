//! A field of a message that may be absent or of the wrong type, without failing
//! the rest.
//!
//! serde's own errors quote the text they stumble over, and a generic JSON tree may
//! take a hundred times the memory of its text. This reads the wanted types only,
//! drops all else as it passes, and reports by the field's name.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::noise::Reason;

#[derive(Default)]
pub(super) enum Field<T> {
    #[default]
    Absent,
    WrongType,
    Is(T),
}

impl<T> Field<T> {
    pub(super) fn required(self, name: &'static str) -> Result<T, Reason> {
        match self {
            Field::Absent => Err(Reason::Missing(name)),
            Field::WrongType => Err(Reason::WrongType(name)),
            Field::Is(value) => Ok(value),
        }
    }

    pub(super) fn optional(self, name: &'static str) -> Result<Option<T>, Reason> {
        match self {
            Field::Absent => Ok(None),
            Field::WrongType => Err(Reason::WrongType(name)),
            Field::Is(value) => Ok(Some(value)),
        }
    }

    pub(super) fn is_given(&self) -> bool {
        !matches!(self, Field::Absent)
    }
}

impl Field<String> {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Field::Is(text) => Some(text),
            Field::Absent | Field::WrongType => None,
        }
    }
}

/// Which JSON a type is read from; every other kind is the wrong type.
pub(super) trait FromJson: Sized {
    fn from_text(_text: &str) -> Option<Self> {
        None
    }

    fn from_number(_number: u64) -> Option<Self> {
        None
    }

    fn from_object<'de, A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

impl FromJson for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl FromJson for u64 {
    fn from_number(number: u64) -> Option<Self> {
        Some(number)
    }
}

impl<'de, T: FromJson> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor(PhantomData))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<'de, T: FromJson> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Field<T>, E> {
        Ok(Field::Absent)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Field<T>, E> {
        Ok(Field::WrongType)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Field<T>, E> {
        Ok(Field::WrongType)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Field<T>, E> {
        Ok(Field::WrongType)
    }

    fn visit_u64<E>(self, number: u64) -> Result<Field<T>, E> {
        Ok(found(T::from_number(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Field<T>, E> {
        Ok(found(T::from_text(text)))
    }

    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Field<T>, A::Error> {
        T::from_object(object).map(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Field<T>, A::Error> {
        T::from_list(list).map(found)
    }
}

fn found<T>(value: Option<T>) -> Field<T> {
    value.map_or(Field::WrongType, Field::Is)
}

/// Reads the named struct, whose fields are `Field`s, from a JSON object.
macro_rules! from_json_object {
    ($type:ty) => {
        impl crate::event::field::FromJson for $type {
            fn from_object<'de, A: serde::de::MapAccess<'de>>(
                object: A,
            ) -> Result<Option<Self>, A::Error> {
                use serde::de::{Deserialize as _, value::MapAccessDeserializer};
                <$type>::deserialize(MapAccessDeserializer::new(object)).map(Some)
            }
        }
    };
}
pub(super) use from_json_object;
