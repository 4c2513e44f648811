//! State (`st`, `ST`): the two-letter code in the United States and Canada, elsewhere
//! the name in lower-case letters.
//!
//! `California` → `ca`, `N.Y.` → `ny`, `US-CA` → `ca`, `Québec` → `qc`, `New South Wales`
//! → `newsouthwales`. In a row whose country is another one, no name is taken for a
//! state of these two.

use super::super::columns::CountryCode;
use super::super::geography::states;
use super::super::reason::Reason;
use super::super::text;
use super::something_left;

pub(super) fn normalize(
    text: &str,
    country: Option<CountryCode>,
    out: &mut String,
) -> Result<(), Reason> {
    text::lower_kept(text, out, text::is_letter);
    something_left(out)?;
    if country.is_none_or(|country| matches!(country.as_str(), "US" | "CA")) {
        let code = states::code(out).or_else(|| subdivision_code(text, out));
        if let Some(code) = code {
            out.clear();
            out.push_str(code);
        }
    }
    Ok(())
}

/// The code in `US-CA` or `CA-ON`, the form of ISO 3166-2.
fn subdivision_code(text: &str, letters: &str) -> Option<&'static str> {
    let is_separated = text
        .as_bytes()
        .get(2)
        .is_some_and(|b| !b.is_ascii_alphabetic());
    let code = letters
        .strip_prefix("us")
        .or_else(|| letters.strip_prefix("ca"))
        .filter(|code| is_separated && code.len() == 2)?;
    states::code(code)
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    fn state(text: &str, country: &str) -> Result<String, Reason> {
        normalized(|out| normalize(text, CountryCode::parse(country), out))
    }

    #[test]
    fn names_and_codes_of_the_united_states_and_canada_become_codes() {
        for (text, expected) in [
            ("AZ", "az"),
            ("California", "ca"),
            ("New York", "ny"),
            ("N.Y.", "ny"),
            ("West Virginia", "wv"),
            ("District of Columbia", "dc"),
            ("Washington D.C.", "dc"),
            ("State of Texas", "tx"),
            ("US-CA", "ca"),
            ("Québec", "qc"),
            ("Colombie-Britannique", "bc"),
            ("Île-du-Prince-Édouard", "pe"),
            ("Newfoundland & Labrador", "nl"),
            ("Ontario", "on"),
            ("PR", "pr"),
        ] {
            for country in ["", "US", "CA"] {
                assert_eq!(state(text, country).as_deref(), Ok(expected));
            }
        }
    }

    #[test]
    fn other_states_keep_their_name() {
        assert_eq!(
            state("New South Wales", "AU").as_deref(),
            Ok("newsouthwales")
        );
        assert_eq!(state("New South Wales", "").as_deref(), Ok("newsouthwales"));
        assert_eq!(
            state("Nordrhein-Westfalen", "DE").as_deref(),
            Ok("nordrheinwestfalen")
        );
        assert_eq!(state("Montana", "BG").as_deref(), Ok("montana"));
        assert_eq!(state("Москва", "").as_deref(), Ok("москва"));
        assert_eq!(state("12", ""), Err(Reason::NothingLeft));
    }
}
