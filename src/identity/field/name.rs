//! First and last name (`fn`, `ln`; `FN`, `LN`): lower case, without punctuation and
//! without spaces, in whatever script.
//!
//! `Mary` → `mary`, `Valéry` → `valéry`, `정` → `정`, `O’Brien` → `obrien`,
//! `Mary Ann` → `maryann`. Meta's pages are silent on inner spaces and its own libraries
//! differ; its newest one (the parameter builder) removes them, and so do we. Digits,
//! emoji and joiners stay, as in both libraries.

use super::super::reason::Reason;
use super::super::text;
use super::something_left;

pub(super) fn normalize(text: &str, out: &mut String) -> Result<(), Reason> {
    text::lower_kept(text, out, |c| {
        !(c.is_whitespace() || c.is_control() || text::is_punctuation(c))
    });
    something_left(out)
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    fn name(text: &str) -> Result<String, Reason> {
        normalized(|out| normalize(text, out))
    }

    #[test]
    fn punctuation_of_every_script_and_spaces_are_removed() {
        for (text, expected) in [
            ("Mary", "mary"),
            ("Valéry", "valéry"),
            ("정", "정"),
            ("O'Brien", "obrien"),
            ("O’Brien", "obrien"),
            ("O´Brien", "obrien"),
            ("Mary\u{2014}Ann", "maryann"),
            ("Mary  Ann\t", "maryann"),
            ("William (Bill)", "williambill"),
            ("sm@th", "smth"),
            ("Smith2", "smith2"),
            ("Straße", "straße"),
            ("タカハシ・ケン", "タカハシケン"),
            ("Иванов", "иванов"),
            ("สมชาย", "สมชาย"),
            ("Mary😀", "mary😀"),
        ] {
            assert_eq!(name(text).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn a_name_of_punctuation_alone_is_no_name() {
        assert_eq!(name("?"), Err(Reason::NothingLeft));
        assert_eq!(name("\"\""), Err(Reason::NothingLeft));
    }

    #[test]
    fn an_accent_freed_by_removed_punctuation_is_composed() {
        assert_eq!(name("e'\u{301}").as_deref(), Ok("é"));
        assert_eq!(name("Mary\u{200b}.").as_deref(), Ok("mary"));
    }
}
