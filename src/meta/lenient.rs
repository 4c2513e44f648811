//! Members of an answer, whatever they hold: a number in quotes is a number, and what is
//! nothing of the kind is as good as absent, so that one odd member costs no other its
//! meaning. Nothing of it is kept on the way: an answer may be large.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A whole number.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Ok(match from.deserialize_any(Members)? {
        Member::Number(number) => Some(number),
        Member::Text(text) => text.trim().parse().ok(),
        Member::Flag(_) | Member::Other => None,
    })
}

/// A whole number that is not negative.
pub(super) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(number(from)?.and_then(|number| u64::try_from(number).ok()))
}

pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match from.deserialize_any(Members)? {
        Member::Text(text) => Some(text),
        Member::Number(_) | Member::Flag(_) | Member::Other => None,
    })
}

/// A number of Meta's as text, which may become part of an address or of a sentence:
/// nothing but digits.
pub(super) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match from.deserialize_any(Members)? {
        Member::Text(text) => is_id(&text).then_some(text),
        Member::Number(number) => u64::try_from(number).ok().map(|id| id.to_string()),
        Member::Flag(_) | Member::Other => None,
    })
}

/// Longer than any number of 64 bits.
const LONGEST_ID: usize = 20;

fn is_id(text: &str) -> bool {
    (1..=LONGEST_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Yes or no, where it is told.
pub(super) fn choice<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    Ok(match from.deserialize_any(Members)? {
        Member::Flag(flag) => Some(flag),
        Member::Text(text) => text.trim().parse().ok(),
        Member::Number(_) | Member::Other => None,
    })
}

/// Whether it is `true`.
pub(super) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(matches!(from.deserialize_any(Members)?, Member::Flag(true)))
}

/// An object, empty where there is another value in its place; a null is no value.
pub(super) fn object<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    struct Object<T>(std::marker::PhantomData<T>);
    impl<'de, T: Deserialize<'de> + Default> Visitor<'de> for Object<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<M: MapAccess<'de>>(self, members: M) -> Result<Option<T>, M::Error> {
            T::deserialize(MapAccessDeserializer::new(members)).map(Some)
        }

        fn visit_seq<S: SeqAccess<'de>>(self, elements: S) -> Result<Option<T>, S::Error> {
            Members.visit_seq(elements).map(|_| Some(T::default()))
        }

        fn visit_unit<E>(self) -> Result<Option<T>, E> {
            Ok(None)
        }

        fn visit_bool<E>(self, _: bool) -> Result<Option<T>, E> {
            Ok(Some(T::default()))
        }

        fn visit_i64<E>(self, _: i64) -> Result<Option<T>, E> {
            Ok(Some(T::default()))
        }

        fn visit_u64<E>(self, _: u64) -> Result<Option<T>, E> {
            Ok(Some(T::default()))
        }

        fn visit_f64<E>(self, _: f64) -> Result<Option<T>, E> {
            Ok(Some(T::default()))
        }

        fn visit_str<E>(self, _: &str) -> Result<Option<T>, E> {
            Ok(Some(T::default()))
        }
    }
    from.deserialize_any(Object(std::marker::PhantomData))
}

enum Member {
    Number(i64),
    Text(String),
    Flag(bool),
    /// A fraction, a null, a list, an object.
    Other,
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Member, E> {
        Ok(Member::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Member, E> {
        Ok(Member::Number(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Member, E> {
        Ok(i64::try_from(number).map_or(Member::Other, Member::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Member, E> {
        Ok(Member::Text(text.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Member, E> {
        Ok(Member::Other)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut elements: S) -> Result<Member, S::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut members: M) -> Result<Member, M::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Member::Other)
    }
}
