//! Names from outside, made fit for one line of a terminal.

/// Keys may hold any character. Those that would move the cursor, or begin a line, are
/// shown as their escapes.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_bidi_control(character) {
            plain.extend(character.escape_default());
        } else {
            plain.push(character);
        }
    }
    plain
}

/// They show what follows in another order than it is in.
fn is_bidi_control(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// At most `width` characters: the middle is left out, as names begin with their folder
/// and end in what tells them apart.
pub(super) fn shorten(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(1);
    let before = kept / 3;
    let after = kept - before;
    let start = text.chars().take(before);
    let end = text.chars().skip(length - after);
    start.chain(['…']).chain(end).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_move_the_cursor() {
        assert_eq!(plain("a/größe 100%+.csv"), "a/größe 100%+.csv");
        assert_eq!(plain("a\n\u{1b}[2Jb"), "a\\n\\u{1b}[2Jb");
        assert_eq!(plain("a\u{202e}vsc"), "a\\u{202e}vsc");
    }

    #[test]
    fn a_long_name_keeps_its_beginning_and_more_of_its_end() {
        assert_eq!(
            shorten("meta/people/part-00017", 22),
            "meta/people/part-00017"
        );
        assert_eq!(shorten("meta/people/part-00017", 13), "meta…rt-00017");
        assert_eq!(shorten("größe", 4), "g…ße");
        assert_eq!(shorten("abc", 1), "…");
        assert_eq!(shorten("abc", 0), "…");
    }
}
