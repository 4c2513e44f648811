//! City (`ct`, `CT`): lower-case letters only, in whatever script.
//!
//! `New York` → `newyork`, `São Paulo` → `sãopaulo`, `Paris 15` → `paris`. Conversions
//! take letters beyond a–z as UTF-8. The audience page speaks of a–z alone, but there is
//! one index of people behind both, so audiences get the same form.

use super::super::reason::Reason;
use super::super::text;
use super::something_left;

pub(super) fn normalize(text: &str, out: &mut String) -> Result<(), Reason> {
    text::lower_kept(text, out, text::is_letter);
    something_left(out)
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    #[test]
    fn letters_stay_and_all_else_goes() {
        let city = |text: &str| normalized(|out| normalize(text, out));
        for (text, expected) in [
            ("New York", "newyork"),
            ("Coeur d'Alene", "coeurdalene"),
            ("São Paulo", "sãopaulo"),
            ("29 Palms", "palms"),
            ("Frankfurt/Main", "frankfurtmain"),
            ("L’Aquila", "laquila"),
            ("北京", "北京"),
            ("กรุงเทพ", "กรุงเทพ"),
            ("Paris🗼", "paris"),
        ] {
            assert_eq!(city(text).as_deref(), Ok(expected));
        }
        assert_eq!(city("75018"), Err(Reason::NothingLeft));
    }
}
