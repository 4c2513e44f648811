//! First and last name (`fn`, `ln`; `FN`, `LN`): lower case, without punctuation and
//! without spaces, in whatever script.
//!
//! `Mary` → `mary`, `Valéry` → `valéry`, `정` → `정`, `O’Brien` → `obrien`,
//! `Mary Ann` → `maryann`. Meta's pages are silent on inner spaces and its own libraries
//! differ; its newest one (the parameter builder) removes them, and so do we, unless the
//! route asks for `name_spaces`: then one space stays between words (`mary ann`). Digits,
//! emoji and joiners stay, as in both libraries.

use super::super::normalize::Spelling;
use super::super::reason::Reason;
use super::super::text;
use super::something_left;

pub(super) fn normalize(text: &str, spelling: Spelling, out: &mut String) -> Result<(), Reason> {
    let spaces = spelling.name_spaces;
    text::lower_kept(text, out, |c| {
        if c.is_whitespace() {
            return spaces;
        }
        !(c.is_control() || text::is_punctuation(c))
    });
    if spaces && out.contains(char::is_whitespace) {
        single_spaces(out);
    }
    something_left(out)
}

/// Leaves one space between words: there are two where something between them was removed
/// ("O – Brien"), and some are of another kind, which is rare enough to allocate for.
fn single_spaces(out: &mut String) {
    if out.contains(|c: char| c.is_whitespace() && c != ' ') {
        *out = out.replace(char::is_whitespace, " ");
    }
    let mut after_space = true;
    out.retain(|c| {
        let is_second = after_space && c == ' ';
        after_space = c == ' ';
        !is_second
    });
    if out.ends_with(' ') {
        out.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    fn name(text: &str) -> Result<String, Reason> {
        normalized(|out| normalize(text, Spelling::default(), out))
    }

    fn spaced(text: &str) -> Result<String, Reason> {
        let spelling = Spelling {
            name_spaces: true,
            ..Spelling::default()
        };
        normalized(|out| normalize(text, spelling, out))
    }

    #[test]
    fn one_space_stays_between_words_where_the_route_asks_for_it() {
        for (text, expected) in [
            ("Mary", "mary"),
            ("Mary  Ann\t", "mary ann"),
            ("Mary\u{a0}\u{3000}Ann", "mary ann"),
            ("de la Cruz", "de la cruz"),
            ("O - Brien", "o brien"),
            ("O'Brien", "obrien"),
            ("- Mary -", "mary"),
            ("VALÉRY Élise", "valéry élise"),
            ("ΣΟΦΟΣ Α", "σοφος α"),
        ] {
            assert_eq!(spaced(text).as_deref(), Ok(expected));
            assert_eq!(spaced(expected).as_deref(), Ok(expected));
        }
        assert_eq!(spaced("- -"), Err(Reason::NothingLeft));
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
