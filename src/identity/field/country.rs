//! Country (`country`, `COUNTRY`): the ISO 3166-1 alpha-2 code in lower case.
//!
//! `United States` → `us`, `USA` → `us`, `UK` → `gb`, `Réunion` → `re`. Alpha-2 and
//! alpha-3 codes, English names and a few names in the country's own language are
//! understood; nothing is guessed from first letters, which makes Germany `ge`.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::super::columns::CountryCode;
use super::super::geography;
use super::super::reason::Reason;

pub(super) fn normalize(text: &str, out: &mut String) -> Result<(), Reason> {
    let country = resolve(text, out)?;
    out.clear();
    out.extend(country.as_str().chars().map(|c| c.to_ascii_lowercase()));
    Ok(())
}

/// The country that a trimmed text names. `letters` is room to work in.
pub(crate) fn resolve(text: &str, letters: &mut String) -> Result<CountryCode, Reason> {
    if let Some(country) = geography::by_alpha2(text) {
        return Ok(country);
    }
    letters.clear();
    for c in text.nfd() {
        if c.is_ascii_alphabetic() {
            letters.push(c.to_ascii_lowercase());
        } else if c.is_alphanumeric() && !is_combining_mark(c) {
            // Letters of other scripts and digits are part of a name we do not know.
            return Err(Reason::CountryUnknown);
        }
    }
    // Everybody writes UK; ISO reserves it and lists GB.
    let letters = if letters == "uk" { "gb" } else { letters };
    geography::by_alpha2(letters)
        .or_else(|| geography::by_name(letters))
        .ok_or(Reason::CountryUnknown)
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    fn country(text: &str) -> Result<String, Reason> {
        normalized(|out| normalize(text, out))
    }

    #[test]
    fn codes_and_names_become_alpha_2() {
        for (text, expected) in [
            ("United States", "us"),
            ("US", "us"),
            ("us", "us"),
            ("U.S.A.", "us"),
            ("u-s", "us"),
            ("United States of America", "us"),
            ("UK", "gb"),
            ("Great Britain", "gb"),
            ("Germany", "de"),
            ("Brasil", "br"),
            ("BRA", "br"),
            ("Korea, Republic of", "kr"),
            ("Ivory Coast", "ci"),
            ("Côte d'Ivoire", "ci"),
            ("Réunion", "re"),
            ("Turkey", "tr"),
            ("Türkiye", "tr"),
            ("Åland Islands", "ax"),
            ("Curaçao", "cw"),
            ("XK", "xk"),
            ("Kosovo", "xk"),
            ("Niger", "ne"),
            ("Nigeria", "ng"),
            ("NA", "na"),
        ] {
            assert_eq!(country(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for text in ["XX", "ZZ", "840", "en-US", "中国", "🇺🇸", "Germania", "US1"] {
            assert_eq!(country(text), Err(Reason::CountryUnknown), "{text}");
        }
    }
}
