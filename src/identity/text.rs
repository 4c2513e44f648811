//! Characters: what is trimmed, what counts as blank, Unicode's composed form, and
//! lower case with only some characters kept.
//!
//! Everything has a fast path for ASCII and works in the caller's buffers, because it
//! runs once per cell.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// Words, in any case, that exporting tools write where there is no value.
///
/// They cost a few real people called Null or Nan their name; hashed, they would make
/// one person of everybody whose name is unknown. `NA` is not among them: it is a
/// family name, and Namibia.
const BLANK_WORDS: [&str; 14] = [
    "null",
    "none",
    "nan",
    "n/a",
    "\\n",
    "#n/a",
    "n.a.",
    "nil",
    "undefined",
    "(null)",
    "<null>",
    "-",
    "--",
    "<na>",
];

/// Cuts white space, control and format characters (BOM, zero-width space, NUL) off both ends.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(invisible)
}

fn invisible(c: char) -> bool {
    match c {
        '\0'..=' ' | '\x7f' => true,
        '!'..='~' => false,
        _ => c.is_whitespace() || c.is_control() || is_format(c),
    }
}

/// Category Cf: characters that only steer how others are shown.
pub(super) fn is_format(c: char) -> bool {
    !c.is_ascii() && c.general_category() == GeneralCategory::Format
}

/// Whether a trimmed text stands for no value: it is empty, or a word that exporting tools
/// write for none (`null`, `\N`, `-`, …).
pub fn is_blank(text: &str) -> bool {
    let Some(first) = text.as_bytes().first() else {
        return true;
    };
    // Nearly every cell has another beginning than all of these.
    text.len() <= 9
        && b"nu\\#(<-".contains(&first.to_ascii_lowercase())
        && BLANK_WORDS
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word))
}

/// The text in normal form C: in `buffer` if it was not already.
///
/// No page of Meta asks for it, but its printed hash of `Valéry` is of the composed form.
pub(super) fn compose<'a>(text: &'a str, buffer: &'a mut String) -> &'a str {
    if is_composed(text) {
        return text;
    }
    buffer.clear();
    buffer.extend(text.nfc());
    buffer
}

fn is_composed(text: &str) -> bool {
    text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes
}

/// Appends `text` in lower case, without the characters that `keep` refuses, and so
/// that doing it again changes nothing.
///
/// `keep` is asked about lower-case characters.
pub(super) fn lower_kept(text: &str, out: &mut String, keep: impl Fn(char) -> bool) {
    if text.is_ascii() {
        let start = out.len();
        for kept in text.split(|c: char| !keep(c.to_ascii_lowercase())) {
            out.push_str(kept);
        }
        if let Some(added) = out.get_mut(start..) {
            added.make_ascii_lowercase();
        }
        return;
    }
    if text.contains('Σ') {
        // The one letter whose lower case depends on its neighbours; `str` knows how.
        out.extend(text.to_lowercase().chars().filter(|&c| keep(c)));
    } else {
        let lower = text.chars().flat_map(char::to_lowercase);
        out.extend(lower.filter(|&c| keep(c)));
    }
    // Lower case may compose where upper case did not (J̌ → ǰ), and what stood between
    // a letter and its accent, or outside an invisible character, may be gone.
    if !is_composed(out) {
        *out = out.nfc().collect();
    }
    let (start, end) = (
        out.trim_start_matches(invisible),
        out.trim_end_matches(invisible),
    );
    if start.len() != out.len() || end.len() != out.len() {
        *out = trim(out).to_owned();
    }
}

/// Unicode letters and the marks that belong to them.
pub(super) fn is_letter(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_alphabetic();
    }
    matches!(
        c.general_category_group(),
        GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark
    )
}

/// Punctuation of every script, ASCII's symbols, and accents that stand alone, which
/// people type as apostrophes. Emoji are none of these: Meta's libraries keep them.
pub(super) fn is_punctuation(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_punctuation();
    }
    match c.general_category() {
        // The skin tones of emoji are of this category too.
        GeneralCategory::ModifierSymbol => !('\u{1f3fb}'..='\u{1f3ff}').contains(&c),
        _ => c.general_category_group() == GeneralCategoryGroup::Punctuation,
    }
}

/// Hyphens and dashes of every script, and the minus sign.
pub(super) fn is_dash(c: char) -> bool {
    c == '-'
        || c == '\u{2212}'
        || (!c.is_ascii() && c.general_category() == GeneralCategory::DashPunctuation)
}

/// The value of a decimal digit of any script.
pub(super) fn digit_value(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    let is_decimal = |c: char| c.general_category() == GeneralCategory::DecimalNumber;
    if !is_decimal(c) {
        return None;
    }
    // Unicode keeps decimal digits in unbroken runs from zero to nine, so the distance
    // to the start of the run tells the value.
    let before = (1..u32::from(c))
        .take_while(|back| char::from_u32(u32::from(c) - back).is_some_and(is_decimal))
        .count();
    u32::try_from(before % 10).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lower(text: &str) -> String {
        let mut out = String::new();
        lower_kept(text, &mut out, |_| true);
        out
    }

    #[test]
    fn invisible_characters_are_cut_from_both_ends_only() {
        assert_eq!(
            trim("\u{feff}\u{a0} a\u{200b}b \u{200b}\u{0}\u{1f}\u{85}"),
            "a\u{200b}b"
        );
        assert_eq!(trim("\u{200b}\u{2060}"), "");
    }

    #[test]
    fn blank_words_count_in_any_case_and_names_like_them_do_not() {
        for word in ["", "NULL", "None", "\\N", "N/A", "NaN", "-"] {
            assert!(is_blank(word), "{word}");
        }
        for word in ["NA", "0", ".", "Nullmeyer"] {
            assert!(!is_blank(word), "{word}");
        }
        for word in BLANK_WORDS {
            assert!(is_blank(word), "{word}");
        }
    }

    #[test]
    fn lower_case_is_unicode_s_and_composed() {
        assert_eq!(lower("ΟΔΟΣ"), "οδος");
        assert_eq!(lower("İ"), "i\u{307}");
        assert_eq!(lower("J\u{30c}"), "ǰ");
        assert_eq!(lower("STRAẞE"), "straße");
    }

    #[test]
    fn digits_of_every_script_have_their_value() {
        for (text, value) in [("٠", 0), ("٩", 9), ("５", 5), ("७", 7), ("𝟘", 0), ("𝟿", 9)]
        {
            assert_eq!(
                text.chars().next().and_then(digit_value),
                Some(value),
                "{text}"
            );
        }
        assert_eq!(digit_value('²'), None);
        assert_eq!(digit_value('Ⅳ'), None);
    }
}
