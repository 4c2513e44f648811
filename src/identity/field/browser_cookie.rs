//! What Meta's pixel leaves in a browser: the click id (`fbc`) and the browser id (`fbp`),
//! Conversions only. Sent as they stand, never hashed, and with their case kept.
//!
//! `fb.1.1554763741205.AbCdEfGh` is a click id, `fb.1.1596403881668.1116446470` a browser id:
//! `fb`, the index of the domain, the time in Unix milliseconds, and the click's parameter
//! `fbclid` or a random number. Meta's parameter builder appends a mark of its own. (Meta,
//! "ClickID and the fbp and fbc Parameters".)

use super::super::reason::Reason;
use super::spreadsheet::is_digits;

/// From 2001 to 2286 Unix milliseconds have so many digits, and seconds fewer.
const MILLISECONDS_DIGITS: usize = 13;

pub(super) fn click_id(text: &str, out: &mut String) -> Result<(), Reason> {
    let click = after_time(text).ok_or(Reason::ClickIdForm)?;
    if click.is_empty() || !click.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Reason::ClickIdForm);
    }
    out.push_str(text);
    Ok(())
}

pub(super) fn browser_id(text: &str, out: &mut String) -> Result<(), Reason> {
    let rest = after_time(text).ok_or(Reason::BrowserIdForm)?;
    let (number, mark) = rest.split_once('.').unwrap_or((rest, "none"));
    let is_mark = !mark.is_empty() && mark.bytes().all(|b| b.is_ascii_alphanumeric());
    if !is_digits(number) || !is_mark {
        return Err(Reason::BrowserIdForm);
    }
    out.push_str(text);
    Ok(())
}

/// What follows `fb.<index>.<milliseconds>.`.
fn after_time(text: &str) -> Option<&str> {
    let (index, rest) = text.strip_prefix("fb.")?.split_once('.')?;
    let (time, rest) = rest.split_once('.')?;
    let is_index = is_digits(index) && index.len() <= 2;
    let is_time = is_digits(time) && time.len() == MILLISECONDS_DIGITS;
    (is_index && is_time).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    #[test]
    fn click_ids_keep_their_case() {
        let click = |text: &str| normalized(|out| click_id(text, out));
        for text in [
            "fb.1.1554763741205.AbCdEfGhIjKlMnOpQrStUvWxYz1234567890",
            "fb.2.1554763741205.IwAR2-x_Y.AQQCAQMC",
        ] {
            assert_eq!(click(text).as_deref(), Ok(text));
        }
        for text in [
            "IwAR2xY",
            "fb.1.1554763741.AbCd",
            "fb.1.1554763741205.",
            "fb.1.1554763741205",
            "FB.1.1554763741205.AbCd",
            "fb.x.1554763741205.AbCd",
            "fb.1.1554763741205.Ab Cd",
            "fb.1.1554763741205.é",
        ] {
            assert_eq!(click(text), Err(Reason::ClickIdForm), "{text}");
        }
    }

    #[test]
    fn browser_ids_end_in_a_number() {
        let browser = |text: &str| normalized(|out| browser_id(text, out));
        for text in [
            "fb.1.1596403881668.1116446470",
            "fb.1.1596403881668.1116446470.AQQCAQMC",
        ] {
            assert_eq!(browser(text).as_deref(), Ok(text));
        }
        for text in [
            "1116446470",
            "fb.1.1596403881668.AbCd",
            "fb.1.1596403881668.1.",
            "fb.1.1596403881668.1.a.b",
        ] {
            assert_eq!(browser(text), Err(Reason::BrowserIdForm), "{text}");
        }
    }
}
