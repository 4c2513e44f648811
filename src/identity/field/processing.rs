//! Limited Data Use (`data_processing_options` and its `_country` and `_state`, in capitals
//! for audiences): that a person's data are used under a state's law, and which.
//!
//! Options: `LDU`, `["LDU"]` → `["LDU"]`; `[]` → `[]`, explicitly without limit. Country: `1`,
//! the United States, or `0`, to be found out by Meta. State: `1000` (California) and so on,
//! or `0`; audiences know `1000` and `0` alone. Meta adds states, so Conversions take any
//! number of that row. A cell that cannot be read rejects its row. (Meta, "Data Processing
//! Options for US Users", "Customer File Custom Audiences".)

use super::super::key::Api;
use super::super::reason::Reason;
use super::spreadsheet::{is_digits, without_zero_fraction};

pub(crate) const LIMITED: &str = "[\"LDU\"]";
pub(crate) const UNLIMITED: &str = "[]";
/// Of country and state: Meta finds it out.
pub(crate) const UNTOLD: &str = "0";

pub(super) fn options(text: &str, out: &mut String) -> Result<(), Reason> {
    let inner = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
        .map(str::trim);
    let word = match inner {
        Some("") => {
            out.push_str(UNLIMITED);
            return Ok(());
        }
        Some(quoted) => quoted
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"')),
        None => Some(text),
    };
    if !word.is_some_and(|word| word.eq_ignore_ascii_case("LDU")) {
        return Err(Reason::ProcessingOptionsUnknown);
    }
    out.push_str(LIMITED);
    Ok(())
}

pub(super) fn country(text: &str, out: &mut String) -> Result<(), Reason> {
    let text = without_zero_fraction(text).unwrap_or(text);
    if !matches!(text, "0" | "1") {
        return Err(Reason::ProcessingCountryUnknown);
    }
    out.push_str(text);
    Ok(())
}

pub(super) fn state(text: &str, api: Api, out: &mut String) -> Result<(), Reason> {
    let text = without_zero_fraction(text).unwrap_or(text);
    let is_state = match api {
        Api::CustomAudience => text == "1000",
        Api::Conversions => text.len() == 4 && text.starts_with('1') && is_digits(text),
    };
    if !is_state && text != UNTOLD {
        return Err(Reason::ProcessingStateUnknown);
    }
    out.push_str(text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    #[test]
    fn options_are_a_list_of_one_or_none() {
        let options = |text: &str| normalized(|out| options(text, out));
        for text in ["LDU", "ldu", "[\"LDU\"]", "[ \"ldu\" ]"] {
            assert_eq!(options(text).as_deref(), Ok(LIMITED), "{text}");
        }
        for text in ["[]", "[ ]"] {
            assert_eq!(options(text).as_deref(), Ok(UNLIMITED), "{text}");
        }
        for text in [
            "1",
            "true",
            "[LDU]",
            "[\"LDU\",\"LDU\"]",
            "[",
            "]",
            "[\"\"]",
            "LDU1",
        ] {
            assert_eq!(
                options(text),
                Err(Reason::ProcessingOptionsUnknown),
                "{text}"
            );
        }
    }

    #[test]
    fn country_and_state_are_meta_s_numbers() {
        let country = |text: &str| normalized(|out| country(text, out));
        assert_eq!(country("1").as_deref(), Ok("1"));
        assert_eq!(country("0.0").as_deref(), Ok("0"));
        assert_eq!(country("US"), Err(Reason::ProcessingCountryUnknown));
        assert_eq!(country("2"), Err(Reason::ProcessingCountryUnknown));

        let state = |text: &str, api| normalized(|out| state(text, api, out));
        for api in [Api::Conversions, Api::CustomAudience] {
            assert_eq!(state("1000.0", api).as_deref(), Ok("1000"));
            assert_eq!(state("0", api).as_deref(), Ok("0"));
            for text in ["CA", "California", "00", "999", "2000", "10000"] {
                assert_eq!(
                    state(text, api),
                    Err(Reason::ProcessingStateUnknown),
                    "{text}"
                );
            }
        }
        assert_eq!(state("1013", Api::Conversions).as_deref(), Ok("1013"));
        let unknown = Err(Reason::ProcessingStateUnknown);
        assert_eq!(state("1013", Api::CustomAudience), unknown);
    }
}
