//! City (`ct`, `CT`): lower-case letters only, in whatever script.
//!
//! `New York` → `newyork`, `São Paulo` → `sãopaulo`, `Paris 15` → `paris`. Conversions
//! take letters beyond a–z as UTF-8. The audience page speaks of a–z alone, but there is
//! one index of people behind both, so audiences get the same form, unless the route
//! asks for `ascii_city`: then the letters a–z alone stay, and a city of which none is
//! left (`北京`) is no value.

use super::super::normalize::Spelling;
use super::super::reason::Reason;
use super::super::text;
use super::something_left;

pub(super) fn normalize(text: &str, spelling: Spelling, out: &mut String) -> Result<(), Reason> {
    if spelling.ascii_city {
        text::lower_kept(text, out, |c| c.is_ascii_lowercase());
    } else {
        text::lower_kept(text, out, text::is_letter);
    }
    something_left(out)
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    #[test]
    fn letters_stay_and_all_else_goes() {
        let city = |text: &str| normalized(|out| normalize(text, Spelling::default(), out));
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

    #[test]
    fn only_a_to_z_stay_where_the_route_asks_for_it() {
        let spelling = Spelling {
            ascii_city: true,
            ..Spelling::default()
        };
        let city = |text: &str| normalized(|out| normalize(text, spelling, out));
        for (text, expected) in [
            ("New York", "newyork"),
            ("São Paulo", "sopaulo"),
            ("Zürich", "zrich"),
            ("L’Aquila", "laquila"),
        ] {
            assert_eq!(city(text).as_deref(), Ok(expected));
            assert_eq!(city(expected).as_deref(), Ok(expected));
        }
        assert_eq!(city("北京"), Err(Reason::NothingLeft));
    }
}
