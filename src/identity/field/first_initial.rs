//! First letter of the first name (`FI`, audiences only): that of the name's normal form.
//!
//! `Mary` → `m`, `É.` → `é`, `정` → `정`. Meta's page speaks of a–z alone; letters beyond
//! are kept, as first names keep them. Meta's own audience helper hashes the whole name.

use super::super::normalize::Spelling;
use super::super::reason::Reason;
use super::name;

pub(super) fn normalize(text: &str, out: &mut String) -> Result<(), Reason> {
    name::normalize(text, Spelling::default(), out)?;
    let letter = out.chars().find(|c| c.is_alphabetic());
    out.clear();
    out.push(letter.ok_or(Reason::NothingLeft)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    #[test]
    fn a_name_is_cut_to_its_first_letter() {
        let initial = |text: &str| normalized(|out| normalize(text, out));
        for (text, expected) in [
            ("Mary", "m"),
            ("m", "m"),
            ("M.", "m"),
            ("'Émile", "é"),
            ("E\u{301}mile", "é"),
            ("İsmail", "i"),
            ("정", "정"),
            ("2Pac", "p"),
        ] {
            assert_eq!(initial(text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(initial("7"), Err(Reason::NothingLeft));
        assert_eq!(initial("?"), Err(Reason::NothingLeft));
    }
}
