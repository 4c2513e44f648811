//! Values as text: what a person would have written into a CSV file.

use std::io::Write;

use super::error::{Result, damaged};
use super::kind::{Kind, Physical, Unit};

/// Decimals of more bytes than this are no numbers of this world (256 bits).
const LONGEST_DECIMAL: usize = 32;

/// Appends the value. Of text its bytes as they are; that they are UTF-8 is seen later.
pub(super) fn append(
    kind: Kind,
    physical: Physical,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Result<()> {
    match kind {
        Kind::Text => out.extend_from_slice(value),
        Kind::Boolean => write(out, format_args!("{}", value.first() == Some(&1))),
        Kind::Integer { signed: true } => write(out, format_args!("{}", integer(value))),
        Kind::Integer { signed: false } => {
            let bits = if physical == Physical::Int32 { 32 } else { 64 };
            let value = integer(value) as u64 & (u64::MAX >> (64 - bits));
            write(out, format_args!("{value}"));
        }
        // The shortest text that is this number again, without an exponent or `.0`.
        Kind::Float => {
            let value = f32::from_bits(integer(value) as u32);
            if value.is_finite() {
                write(out, format_args!("{}", value + 0.0));
            }
        }
        Kind::Double => number(f64::from_bits(integer(value) as u64), out),
        Kind::Half => number(half(integer(value) as u16), out),
        Kind::Decimal { scale } => return decimal(physical, value, scale as usize, out),
        Kind::Date => date(integer(value), out),
        Kind::Time(unit) => time(integer(value), unit, out),
        Kind::Timestamp(unit) => timestamp(integer(value), unit, out),
        Kind::Int96 => {
            let (nanos, day) = value.split_at_checked(8).unwrap_or_default();
            let (nanos, day) = (integer(nanos), integer(day));
            // Julian day 2 440 588 is 1970-01-01.
            date(day - 2_440_588 + nanos.div_euclid(DAY * NANOS), out);
            out.push(b'T');
            time(nanos.rem_euclid(DAY * NANOS), Unit::Nanos, out);
            out.push(b'Z');
        }
        Kind::Uuid => {
            for (index, byte) in value.iter().enumerate() {
                if matches!(index, 4 | 6 | 8 | 10) {
                    out.push(b'-');
                }
                write(out, format_args!("{byte:02x}"));
            }
        }
    }
    Ok(())
}

const DAY: i64 = 86_400;
const NANOS: i64 = 1_000_000_000;

fn write(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    // Writing to memory does not fail.
    let _ = out.write_fmt(text);
}

/// Up to eight bytes, the least significant first, with their sign.
fn integer(value: &[u8]) -> i64 {
    let negative = value.last().is_some_and(|last| last & 0x80 != 0);
    let mut whole = [if negative { 0xff } else { 0 }; 8];
    for (to, from) in whole.iter_mut().zip(value) {
        *to = *from;
    }
    i64::from_le_bytes(whole)
}

/// Nothing for what is no number.
fn number(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() {
        // Without the sign of a negative zero.
        write(out, format_args!("{}", value + 0.0));
    }
}

/// A number of IEEE 754's binary16.
fn half(bits: u16) -> f64 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let fraction = f64::from(bits & 0x3ff);
    let exponent = i32::from(bits >> 10 & 0x1f);
    sign * match exponent {
        0 => fraction * 2_f64.powi(-24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + fraction) * 2_f64.powi(exponent - 25),
    }
}

/// With as many digits behind the point as the column's scale says.
fn decimal(physical: Physical, value: &[u8], scale: usize, out: &mut Vec<u8>) -> Result<()> {
    // The most significant byte first, but for the plain integers.
    let mut bytes: Vec<u8> = match physical {
        Physical::Int32 | Physical::Int64 => value.iter().rev().copied().collect(),
        _ if value.len() > LONGEST_DECIMAL => {
            return damaged("a decimal number is longer than any");
        }
        _ => value.to_vec(),
    };
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    if negative {
        let mut carry = true;
        for byte in bytes.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    let mut digits = Vec::new();
    while digits.len() <= scale || bytes.iter().any(|&byte| byte != 0) {
        let mut rest = 0;
        for byte in &mut bytes {
            let part = rest * 256 + u16::from(*byte);
            *byte = (part / 10) as u8;
            rest = part % 10;
        }
        digits.push(b'0' + rest as u8);
    }
    if negative {
        out.push(b'-');
    }
    for (index, digit) in digits.iter().enumerate().rev() {
        out.push(*digit);
        if index == scale && scale > 0 {
            out.push(b'.');
        }
    }
    Ok(())
}

/// The day that is so many days after 1970-01-01, in the calendar of today, whenever
/// it was. (Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days.)
fn date(days: i64, out: &mut Vec<u8>) {
    let days = days.saturating_add(719_468);
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    // Months from March on, so that the leap day is the last.
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    write(out, format_args!("{year:04}-{month:02}-{day:02}"));
}

/// With as few digits of a fraction as there are.
fn time(count: i64, unit: Unit, out: &mut Vec<u8>) {
    let seconds = count.div_euclid(unit.of_second());
    let fraction = count.rem_euclid(unit.of_second()) * (NANOS / unit.of_second());
    let (minutes, second) = (seconds.div_euclid(60), seconds.rem_euclid(60));
    let (hour, minute) = (minutes.div_euclid(60), minutes.rem_euclid(60));
    write(out, format_args!("{hour:02}:{minute:02}:{second:02}"));
    if fraction != 0 {
        write(out, format_args!(".{fraction:09}"));
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

/// RFC 3339. What says nothing of its zone is taken for UTC, as everywhere.
fn timestamp(count: i64, unit: Unit, out: &mut Vec<u8>) {
    let day = DAY * unit.of_second();
    date(count.div_euclid(day), out);
    out.push(b'T');
    time(count.rem_euclid(day), unit, out);
    out.push(b'Z');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn text(kind: Kind, physical: Physical, value: &[u8]) -> String {
        let mut out = Vec::new();
        append(kind, physical, value, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers_have_neither_an_exponent_nor_a_superfluous_fraction() {
        for (value, expected) in [
            (16_505_551_212.0, "16505551212"),
            (-0.0, "0"),
            (0.1, "0.1"),
            (94_025.5, "94025.5"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e21, "1000000000000000000000"),
            (1e-7, "0.0000001"),
            (f64::NAN, ""),
            (f64::NEG_INFINITY, ""),
        ] {
            let found = text(Kind::Double, Physical::Double, &f64::to_le_bytes(value));
            assert_eq!(found, expected);
        }
        let third = text(Kind::Float, Physical::Float, &0.1_f32.to_le_bytes());
        assert_eq!(third, "0.1");
        for (bits, expected) in [
            (0x3e00, "1.5"),
            (0xc000, "-2"),
            (1, "0.00000005960464477539063"),
            (0x7c00, ""),
        ] {
            let found = text(Kind::Half, Physical::Fixed(2), &u16::to_le_bytes(bits));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn integers_are_digits_with_or_without_a_sign() {
        let signed = Kind::Integer { signed: true };
        let unsigned = Kind::Integer { signed: false };
        let minus = i32::to_le_bytes(-7);
        assert_eq!(text(signed, Physical::Int32, &minus), "-7");
        assert_eq!(text(unsigned, Physical::Int32, &minus), "4294967289");
        let most = u64::MAX.to_le_bytes();
        assert_eq!(
            text(unsigned, Physical::Int64, &most),
            "18446744073709551615"
        );
        assert_eq!(
            text(signed, Physical::Int64, &i64::MIN.to_le_bytes()),
            i64::MIN.to_string()
        );
    }

    #[test]
    fn decimals_keep_the_digits_of_their_scale() {
        let decimal = |scale, value: &[u8]| text(Kind::Decimal { scale }, Physical::Bytes, value);
        assert_eq!(decimal(2, &[0x30, 0x39]), "123.45");
        assert_eq!(decimal(2, &[5]), "0.05");
        assert_eq!(decimal(2, &[0xfb]), "-0.05");
        assert_eq!(decimal(0, &[0x30, 0x39]), "12345");
        assert_eq!(decimal(1, &[0x80, 0]), "-3276.8");
        assert_eq!(decimal(1, &[]), "0.0");
        let kind = Kind::Decimal { scale: 2 };
        assert_eq!(
            text(kind, Physical::Int32, &i32::to_le_bytes(-12_345)),
            "-123.45"
        );
        let most = [&[0x7f][..], &[0xff; 15]].concat();
        assert_eq!(decimal(0, &most), i128::MAX.to_string());
        assert!(append(kind, Physical::Bytes, &[0; 33], &mut Vec::new()).is_err());
    }

    #[test]
    fn times_are_rfc_3339_in_utc() {
        let day = |days: i32| text(Kind::Date, Physical::Int32, &days.to_le_bytes());
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(-1), "1969-12-31");
        assert_eq!(day(11_016), "2000-02-29");
        assert_eq!(day(-719_468), "0000-03-01");
        assert!(day(i32::MAX).starts_with("5881580-"));
        let at =
            |unit, count: i64| text(Kind::Timestamp(unit), Physical::Int64, &count.to_le_bytes());
        assert_eq!(at(Unit::Millis, 1_700_000_000_000), "2023-11-14T22:13:20Z");
        assert_eq!(at(Unit::Micros, -1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(at(Unit::Nanos, 1_500_000_000), "1970-01-01T00:00:01.5Z");
        assert!(at(Unit::Millis, i64::MIN).ends_with('Z'));
        let noon = 43_200_000_i32.to_le_bytes();
        assert_eq!(
            text(Kind::Time(Unit::Millis), Physical::Int32, &noon),
            "12:00:00"
        );
        let old = [
            &(3_600 * NANOS).to_le_bytes()[..],
            &2_440_589_i32.to_le_bytes(),
        ]
        .concat();
        assert_eq!(
            text(Kind::Int96, Physical::Int96, &old),
            "1970-01-02T01:00:00Z"
        );
    }

    #[test]
    fn identifiers_of_16_bytes_are_written_in_groups() {
        let bytes: Vec<u8> = (0..16).collect();
        assert_eq!(
            text(Kind::Uuid, Physical::Fixed(16), &bytes),
            "00010203-0405-0607-0809-0a0b0c0d0e0f"
        );
    }
}
