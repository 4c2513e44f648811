//! Whether a name that is there may be what somebody meant by one that is not.

/// The same but for case and separators, or one slip in five characters.
pub(crate) fn is_similar(wanted: &str, found: &str) -> bool {
    let letters = |name: &str| -> String {
        name.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let (wanted, found) = (letters(wanted), letters(found));
    let slips = strsim::osa_distance(&wanted, &found);
    !wanted.is_empty() && slips <= wanted.chars().count() / 5
}
