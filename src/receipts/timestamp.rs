//! A moment as receipts write it: RFC 3339, UTC, to the millisecond.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};

/// Kept in the form it is written in, so that writing cannot fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Timestamp(String);

impl Timestamp {
    /// Unix seconds, as S3 dates its objects.
    pub fn from_unix_seconds(seconds: i64) -> Timestamp {
        OffsetDateTime::from_unix_timestamp(seconds)
            .unwrap_or(OffsetDateTime::UNIX_EPOCH)
            .into()
    }
}

impl Timestamp {
    /// The moment it says.
    pub fn moment(&self) -> OffsetDateTime {
        // Only this module writes the text.
        OffsetDateTime::parse(&self.0, &Rfc3339).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

impl From<OffsetDateTime> for Timestamp {
    /// A year that RFC 3339 cannot write (before 0, after 9999) is a broken clock,
    /// and becomes 1970.
    fn from(moment: OffsetDateTime) -> Timestamp {
        let moment = moment
            .checked_to_offset(UtcOffset::UTC)
            .and_then(|moment| moment.replace_millisecond(moment.millisecond()).ok());
        let text = moment.and_then(|moment| moment.format(&Rfc3339).ok());
        Timestamp(text.unwrap_or_else(|| "1970-01-01T00:00:00Z".to_owned()))
    }
}

impl TryFrom<String> for Timestamp {
    type Error = time::error::Parse;

    fn try_from(text: String) -> Result<Timestamp, time::error::Parse> {
        OffsetDateTime::parse(&text, &Rfc3339).map(Timestamp::from)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_moment_is_written_in_utc_to_the_millisecond() {
        for (moment, text) in [
            (datetime!(2026-02-03 04:05:06 UTC), "2026-02-03T04:05:06Z"),
            (
                datetime!(2026-02-03 04:05:06.789_999 UTC),
                "2026-02-03T04:05:06.789Z",
            ),
            (datetime!(2026-02-03 04:05:06 +2), "2026-02-03T02:05:06Z"),
            (datetime!(-5-01-01 00:00 UTC), "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(Timestamp::from(moment).to_string(), text);
        }
        assert_eq!(
            Timestamp::from_unix_seconds(i64::MAX).to_string(),
            "1970-01-01T00:00:00Z"
        );
        assert_eq!(
            Timestamp::from_unix_seconds(86_400).to_string(),
            "1970-01-02T00:00:00Z"
        );
    }
}
