//! Gender (`ge`, `GEN`): `f` or `m`, the two that Meta knows.
//!
//! Four words are understood. A first letter is never guessed from: Meta's audience
//! helper makes `mrs` a man that way.

use super::super::reason::Reason;

pub(super) fn normalize(text: &str, out: &mut String) -> Result<(), Reason> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("f") || is("female") {
        out.push('f');
    } else if is("m") || is("male") {
        out.push('m');
    } else {
        return Err(Reason::GenderUnknown);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    #[test]
    fn only_the_four_words_are_understood() {
        let gender = |text: &str| normalized(|out| normalize(text, out));
        assert_eq!(gender("Female").as_deref(), Ok("f"));
        assert_eq!(gender("F").as_deref(), Ok("f"));
        assert_eq!(gender("male").as_deref(), Ok("m"));
        assert_eq!(gender("m").as_deref(), Ok("m"));
        for text in ["mrs", "x", "non-binary", "fe male", "2", "\u{ff4d}"] {
            assert_eq!(gender(text), Err(Reason::GenderUnknown), "{text}");
        }
    }
}
