//! A part of a whole.

use serde::{Deserialize, Serialize};

/// From 0 to 1, to four decimals, rounded down: what is not whole never looks so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "f64", into = "f64")]
pub struct Share {
    ten_thousandths: u16,
}

impl Share {
    const WHOLE: u16 = 10_000;

    /// Of nothing, nothing.
    pub fn of(count: u64, of: u64) -> Share {
        let part = u128::from(count) * u128::from(Self::WHOLE) / u128::from(of.max(1));
        let part = u16::try_from(part).unwrap_or(Self::WHOLE);
        Share {
            ten_thousandths: part.min(Self::WHOLE),
        }
    }

    pub fn percent(self) -> f64 {
        f64::from(self.ten_thousandths) / 100.0
    }
}

impl From<Share> for f64 {
    fn from(share: Share) -> f64 {
        f64::from(share.ten_thousandths) / f64::from(Share::WHOLE)
    }
}

impl From<f64> for Share {
    fn from(share: f64) -> Share {
        // A cast of a float ends at the limits of its type.
        let part = (share * f64::from(Share::WHOLE)).round() as u16;
        Share {
            ten_thousandths: part.min(Share::WHOLE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_rounded_down_and_read_back_as_it_was_written() {
        for (count, of, expected) in [
            (0, 0, 0.0),
            (1, 3, 0.3333),
            (9_999_999, 10_000_000, 0.9999),
            (7, 7, 1.0),
            (u64::MAX, 1, 1.0),
        ] {
            let share = Share::of(count, of);
            assert_eq!(f64::from(share), expected);
            assert_eq!(Share::from(f64::from(share)), share);
        }
        assert_eq!(Share::from(f64::NAN), Share::of(0, 1));
    }
}
