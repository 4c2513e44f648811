//! Meta's way to write a time.

/// Unix seconds as `2026-11-23T17:00:00+0000`.
pub(super) fn written(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+0000")
}

/// Days since 1970-01-01 as a date, by Howard Hinnant's `civil_from_days`: years that
/// begin in March put the leap day last.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_meta_writes_them() {
        assert_eq!(written(0), "1970-01-01T00:00:00+0000");
        assert_eq!(written(951_782_399), "2000-02-28T23:59:59+0000");
        assert_eq!(written(951_782_400), "2000-02-29T00:00:00+0000");
        assert_eq!(written(1_795_453_232), "2026-11-23T17:00:32+0000");
    }
}
