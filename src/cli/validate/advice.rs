//! What to do about a rejected row.

use crate::identity::Reason;

/// A sentence for each reason for which a row is rejected.
pub(super) fn for_reason(code: &str) -> Option<&'static str> {
    let of_identity = Reason::ALL.into_iter().find(|reason| reason.code() == code);
    of_identity.map(Reason::advice).or_else(|| for_others(code))
}

fn for_others(code: &str) -> Option<&'static str> {
    Some(match code {
        "row_not_utf8" => "The row holds bytes that are not UTF-8; export the file as UTF-8.",
        "row_field_count" => {
            "The row has more or fewer cells than the header; put cells that hold the delimiter or a line end in quotes."
        }
        "row_too_long" => {
            "The row is longer than input.max_record_bytes; look for a quote that is not closed."
        }
        "row_open_quote" => "A quote is opened and never closed.",
        "row_too_large" => {
            "The row alone is larger than a request may be; look for far too many values in it."
        }
        "event_time_missing" => "The event has no time; fill the column of event_time.",
        "event_time_unreadable" => {
            "The time has no known form; write it as 2026-02-03T04:05:06Z or in Unix seconds."
        }
        "event_time_in_milliseconds" => "The time is in milliseconds; write it in seconds.",
        "event_time_in_future" => "The time lies in the future; check the clock and its time zone.",
        "event_too_old" => {
            "Meta takes events of the last 7 days, of physical stores of the last 62."
        }
        "value_missing" => "A Purchase needs a value; fill the column of value.",
        "value_negative" => "The value is below zero; leave returns out.",
        "value_no_number" => "The value is no plain number; write it as 1234.56.",
        "value_too_long" => {
            "The value has too many digits; check that the column is the right one."
        }
        "currency_missing" => "A value needs a currency; fill the column of currency.",
        "currency_no_iso_code" => "Write the currency as its ISO 4217 code, such as USD.",
        "app_data_missing" => "Meta wants app_data of events of an app; fill its column.",
        "app_data_no_object" => "The app_data is no JSON object.",
        "app_data_extinfo" => {
            "The app_data needs extinfo, a list of 16 values of which the first is a2 or i2."
        }
        "event_id_missing" => "The event has no id; fill the column of event_id.",
        "event_id_too_long" => "The event id is too long; check that the column is the right one.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::rows::RowFault;

    /// Words in quotes that look like a code.
    fn codes(source: &str) -> impl Iterator<Item = &str> {
        let quoted = source.split('"').skip(1).step_by(2);
        quoted.filter(|word| {
            word.contains('_') && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        })
    }

    #[test]
    fn every_reason_of_a_destination_has_advice() {
        let sources = [
            include_str!("../../meta/conversions/event_time.rs"),
            include_str!("../../meta/conversions/amount.rs"),
            include_str!("../../meta/conversions/app_data.rs"),
        ];
        let mut found = 0;
        for code in sources.into_iter().flat_map(codes) {
            let prefixes = ["value_", "event_time_", "event_too", "app_data_"];
            if prefixes.iter().any(|prefix| code.starts_with(prefix)) {
                assert!(for_reason(code).is_some(), "{code}");
                found += 1;
            }
        }
        assert!(found >= 8, "{found} reasons were found");
        for code in [
            "value_missing",
            "currency_missing",
            "currency_no_iso_code",
            "event_id_missing",
            "event_id_too_long",
            "row_too_large",
            "no_identifiers",
        ] {
            assert!(for_reason(code).is_some(), "{code}");
        }
    }

    #[test]
    fn every_fault_of_a_row_has_advice() {
        let field_count = RowFault::FieldCount {
            expected: 1,
            found: 2,
        };
        let too_long = RowFault::TooLong { max_bytes: 1 };
        for fault in [
            RowFault::NotUtf8,
            field_count,
            too_long,
            RowFault::OpenQuote,
        ] {
            assert!(for_reason(fault.code()).is_some(), "{fault}");
        }
    }
}
