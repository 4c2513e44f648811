//! Single values before they have a meaning: from the text, a variable, or a default.

use std::time::Duration;

use toml::de::{DeInteger, DeValue};

/// One value. The readers below turn it into what a setting means, or say in one
/// clause what it must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    Text(&'a str),
    Integer(i64),
    Number(f64),
    Boolean(bool),
    /// From the environment, where everything is text.
    Variable(&'a str),
    /// Something that no setting is, by its name.
    Other(&'static str),
}

impl<'a> Scalar<'a> {
    pub(super) fn of(value: &'a DeValue<'a>) -> Scalar<'a> {
        match value {
            DeValue::String(text) => Scalar::Text(text),
            DeValue::Integer(integer) => match integer_of(integer) {
                Some(integer) => Scalar::Integer(integer),
                None => Scalar::Other("a number beyond 64 bits"),
            },
            DeValue::Float(float) => match float.as_str().parse() {
                Ok(number) => Scalar::Number(number),
                Err(_) => Scalar::Other("an unreadable number"),
            },
            DeValue::Boolean(boolean) => Scalar::Boolean(*boolean),
            DeValue::Datetime(_) => Scalar::Other("a date"),
            DeValue::Array(_) => Scalar::Other("a list"),
            DeValue::Table(_) => Scalar::Other("a table"),
        }
    }

    pub(super) fn kind(self) -> &'static str {
        match self {
            Scalar::Text(_) | Scalar::Variable(_) => "text",
            Scalar::Integer(_) | Scalar::Number(_) => "a number",
            Scalar::Boolean(_) => "true or false",
            Scalar::Other(kind) => kind,
        }
    }

    pub(super) fn text(self) -> Result<&'a str, String> {
        match self {
            Scalar::Text(text) | Scalar::Variable(text) => Ok(text),
            Scalar::Integer(_) | Scalar::Number(_) | Scalar::Boolean(_) | Scalar::Other(_) => {
                Err(format!("must be text in quotes, not {}", self.kind()))
            }
        }
    }

    pub(super) fn boolean(self) -> Result<bool, String> {
        match self {
            Scalar::Boolean(boolean) => Ok(boolean),
            Scalar::Variable(text) if text.trim() == "true" => Ok(true),
            Scalar::Variable(text) if text.trim() == "false" => Ok(false),
            _ => Err("must be true or false".to_owned()),
        }
    }

    /// Any finite number, whole or not.
    pub(super) fn number(self) -> Result<f64, String> {
        let number = match self {
            // Settings are far below 2^53, where this is exact.
            Scalar::Integer(integer) => Some(integer as f64),
            Scalar::Number(number) => Some(number),
            Scalar::Variable(text) => text.trim().parse().ok(),
            Scalar::Text(_) | Scalar::Boolean(_) | Scalar::Other(_) => None,
        };
        number
            .filter(|number| number.is_finite())
            .ok_or_else(|| format!("must be a number, not {}", self.kind()))
    }

    fn integer(self) -> Result<i64, String> {
        let integer = match self {
            Scalar::Integer(integer) => Some(integer),
            Scalar::Variable(text) => text.trim().parse().ok(),
            Scalar::Text(_) | Scalar::Number(_) | Scalar::Boolean(_) | Scalar::Other(_) => None,
        };
        integer.ok_or_else(|| match self {
            Scalar::Number(_) => "must be a whole number".to_owned(),
            _ => format!("must be a whole number, not {}", self.kind()),
        })
    }
}

/// The tree keeps integers as digits without their underscores and prefix.
fn integer_of(integer: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

pub(super) fn count<const LEAST: usize, const MOST: usize>(
    value: Scalar<'_>,
) -> Result<usize, String> {
    usize::try_from(value.integer()?)
        .ok()
        .filter(|count| (LEAST..=MOST).contains(count))
        .ok_or_else(|| format!("must be {LEAST} to {MOST}"))
}

pub(super) fn seconds<const LEAST: u64, const MOST: u64>(
    value: Scalar<'_>,
) -> Result<Duration, String> {
    u64::try_from(value.integer()?)
        .ok()
        .filter(|seconds| (LEAST..=MOST).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| format!("must be {LEAST} to {MOST} seconds"))
}

/// A part of a whole, 0 to 1.
pub(super) fn share(value: Scalar<'_>) -> Result<f64, String> {
    let share = value.number()?;
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err("must be 0 to 1, as 0.10 for ten per cent".to_owned())
    }
}

/// Requests per second.
pub(super) fn rate(value: Scalar<'_>) -> Result<f64, String> {
    let rate = value.number()?;
    if (0.01..=10_000.0).contains(&rate) {
        Ok(rate)
    } else {
        Err("must be 0.01 to 10000".to_owned())
    }
}

/// Whatever a text parses into.
pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(
    value: Scalar<'_>,
) -> Result<T, String> {
    value
        .text()?
        .parse()
        .map_err(|error: T::Err| error.to_string())
}
