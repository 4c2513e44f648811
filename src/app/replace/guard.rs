//! Which runs may take the place of an audience's members. Pure.

use super::halt::RunRefusal;
use crate::config::{OverWindow, RunRules};
use crate::receipts::Timestamp;

/// Meta closes a session ninety minutes after its first batch; what is planned keeps clear
/// of that.
const WINDOW_MINUTES: u64 = 80;

/// Meta's score of an ad account: so many points decay in so many seconds, and a write
/// costs three. (Meta, "Rate Limiting".)
const LIMITED_POINTS: f64 = 60.0;
const FULL_POINTS: f64 = 9_000.0;
const WRITE_POINTS: f64 = 3.0;
const DECAY_SECONDS: f64 = 300.0;

/// The list that would be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    LastRun(u64),
    Estimate(u64),
}

/// Requests in a second that the account takes for long, as far as it is known. `tier` says
/// whether the access is limited.
pub(super) fn pace(ceiling: f64, tier: Option<bool>) -> f64 {
    let score = |points: f64| points / WRITE_POINTS / DECAY_SECONDS;
    match tier {
        None => ceiling,
        Some(true) => ceiling.min(score(LIMITED_POINTS)),
        Some(false) => ceiling.min(score(FULL_POINTS)),
    }
}

/// By when the last of its objects was written, or what says that they are all, and the last
/// of those that are live (Unix seconds).
pub(super) fn order(written: Option<i64>, live: Option<i64>) -> Result<(), RunRefusal> {
    match (written, live) {
        (Some(written), Some(live)) if written < live => Err(RunRefusal::Older {
            written: Timestamp::from_unix_seconds(written),
            live: Timestamp::from_unix_seconds(live),
        }),
        _ => Ok(()),
    }
}

/// How many of so many requests go into the session.
pub(super) fn in_session(
    requests: u64,
    per_second: f64,
    over: OverWindow,
) -> Result<u64, RunRefusal> {
    let fit = (per_second * (WINDOW_MINUTES * 60) as f64).floor() as u64;
    match over {
        _ if requests <= fit => Ok(requests),
        OverWindow::ReplaceThenAdd if fit > 0 => Ok(fit),
        OverWindow::Refuse | OverWindow::ReplaceThenAdd => Err(RunRefusal::OverWindow {
            requests,
            per_second,
            minutes: WINDOW_MINUTES,
        }),
    }
}

/// Of the rows that can be sent.
pub(super) fn size(rows: u64, before: Option<Before>, rules: &RunRules) -> Result<(), RunRefusal> {
    if rows == 0 {
        return Err(RunRefusal::Empty);
    }
    let (before, of_last_run) = match before {
        None => return Ok(()),
        Some(Before::LastRun(rows)) => (rows, true),
        Some(Before::Estimate(members)) => (members, false),
    };
    let percent = rules.allow_shrink_percent;
    let least = u128::from(before) * u128::from(100 - percent.min(100));
    if u128::from(rows) * 100 < least {
        return Err(RunRefusal::Shrunk {
            rows,
            before,
            of_last_run,
            percent,
        });
    }
    Ok(())
}

/// Of all rows that are meant to be sent.
pub(super) fn rejects(rejected: u64, of: u64, most: f64) -> Result<(), RunRefusal> {
    if rejected as f64 > most * of as f64 {
        return Err(RunRefusal::TooManyRejects { rejected, of });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::config::Complete;

    fn rules(percent: u8) -> RunRules {
        RunRules {
            complete: Complete::SuccessMarker,
            allow_shrink_percent: percent,
            over_window: OverWindow::Refuse,
        }
    }

    #[test]
    fn what_does_not_fit_into_the_window_is_refused_with_the_arithmetic_or_split() {
        assert_eq!(in_session(4_800, 1.0, OverWindow::Refuse).unwrap(), 4_800);
        let refused = in_session(4_801, 1.0, OverWindow::Refuse).unwrap_err();
        let told = refused.to_string();
        let expected = "4801 requests at 1.00/s take 81 min, more than the 80 allowed";
        assert!(told.starts_with(expected), "{told}");
        let split = in_session(4_801, 1.0, OverWindow::ReplaceThenAdd);
        assert_eq!(split.unwrap(), 4_800);
        // The limited tier: twenty writes in five minutes.
        let pace = pace(20.0, Some(true));
        assert_eq!(in_session(320, pace, OverWindow::Refuse).unwrap(), 320);
        assert!(in_session(321, pace, OverWindow::Refuse).is_err());
    }

    #[test]
    fn the_pace_is_the_least_of_what_is_known() {
        assert!((pace(20.0, None) - 20.0).abs() < 1e-9);
        assert!((pace(20.0, Some(false)) - 10.0).abs() < 1e-9);
        assert!((pace(5.0, Some(false)) - 5.0).abs() < 1e-9);
    }

    #[test]
    fn what_was_written_before_the_live_list_is_refused() {
        assert!(order(Some(9), None).is_ok() && order(None, Some(9)).is_ok());
        assert!(order(Some(9), Some(9)).is_ok());
        let told = order(Some(0), Some(60)).unwrap_err().to_string();
        let expected = "the run was written at 1970-01-01T00:00:00Z, before the one whose members the audience has (1970-01-01T00:01:00Z)";
        assert!(told.starts_with(expected), "{told}");
    }

    #[test]
    fn an_empty_list_is_refused_and_so_is_one_that_shrank_too_much() {
        assert!(matches!(size(0, None, &rules(100)), Err(RunRefusal::Empty)));
        assert!(size(1, None, &rules(0)).is_ok());
        assert!(size(50, Some(Before::LastRun(100)), &rules(50)).is_ok());
        let shrunk = size(49, Some(Before::LastRun(100)), &rules(50)).unwrap_err();
        assert!(
            shrunk
                .to_string()
                .contains("49 rows where the last run had 100"),
            "{shrunk}"
        );
        let estimate = size(99, Some(Before::Estimate(100)), &rules(0)).unwrap_err();
        assert!(
            estimate.to_string().contains("Meta counts about 100"),
            "{estimate}"
        );
        assert!(size(1, Some(Before::LastRun(u64::MAX)), &rules(100)).is_ok());
    }
}
