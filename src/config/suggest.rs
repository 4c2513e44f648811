//! "Did you mean": the known word nearest to an unknown one.

/// Below this two words are not called similar; the limit by which clap suggests
/// arguments, so that files and flags behave alike.
const SIMILAR: f64 = 0.7;

/// 0 to 1. Jaro's measure alone is unjust to short words with two letters swapped
/// (`ulr`) and to words of which somebody wrote one half (`country`).
fn similarity(word: &str, known: &str) -> f64 {
    if strsim::osa_distance(word, known) == 1 {
        return 0.95;
    }
    let half = word.len() >= 4 && known.contains(word);
    strsim::jaro(word, known).max(if half { 0.8 } else { 0.0 })
}

/// Longer values are not repeated in a message: they were hardly meant as a word.
const LONGEST_SHOWN: usize = 40;

/// `(did you mean "phone"?)` with a blank before it, or nothing.
pub(super) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let word = word.to_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for candidate in known {
        let score = similarity(&word, &candidate.to_lowercase());
        if score > SIMILAR && best.is_none_or(|(highest, _)| score > highest) {
            best = Some((score, candidate));
        }
    }
    match best {
        Some((_, candidate)) => format!(" (did you mean \"{candidate}\"?)"),
        None => String::new(),
    }
}

/// The value of `word` in a closed list, or what the list has.
pub(super) fn one_of<T: Copy>(word: &str, known: &[(&str, T)]) -> Result<T, String> {
    if let Some((_, value)) = known.iter().find(|(name, _)| *name == word) {
        return Ok(*value);
    }
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let hint = did_you_mean(word, names.iter().copied());
    Err(format!(
        "unknown value {}{hint}; known are {}",
        shown(word),
        names.join(", ")
    ))
}

/// The word in quotes, if it is short enough to be one.
pub(super) fn shown(word: &str) -> String {
    let length = word.chars().count();
    if length > LONGEST_SHOWN {
        return format!("of {length} characters");
    }
    format!("\"{}\"", word.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_suggested_and_a_far_one_is_not() {
        let known = ["email", "phone", "first_name"];
        assert_eq!(did_you_mean("fone", known), " (did you mean \"phone\"?)");
        assert_eq!(did_you_mean("E_Mail", known), " (did you mean \"email\"?)");
        assert_eq!(did_you_mean("eamil", known), " (did you mean \"email\"?)");
        assert_eq!(
            did_you_mean("first", known),
            " (did you mean \"first_name\"?)"
        );
        assert_eq!(did_you_mean("xyz", known), "");
        assert_eq!(did_you_mean("", known), "");
    }

    #[test]
    fn a_long_value_is_not_repeated() {
        let value = "marked".repeat(10);
        assert_eq!(shown(&value), "of 60 characters");
        assert_eq!(shown("a\nb"), "\"a\\nb\"");
    }
}
