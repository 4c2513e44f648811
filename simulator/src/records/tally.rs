//! Counts by a name that comes from outside, in a bounded number of names.

use std::collections::BTreeMap;

const NAMES: usize = 1_000;
const NAME_CHARACTERS: usize = 100;
/// Where everything beyond the limits is counted.
const OTHER: &str = "(other)";

#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<String, u64>);

impl Tally {
    pub(crate) fn add(&mut self, name: &str) {
        if let Some(count) = self.0.get_mut(name) {
            *count += 1;
            return;
        }
        let fits = self.0.len() < NAMES && name.chars().count() <= NAME_CHARACTERS;
        let name = if fits { name } else { OTHER };
        *self.0.entry(name.to_owned()).or_default() += 1;
    }

    pub(crate) fn to_map(&self) -> BTreeMap<String, u64> {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_beyond_the_limit_are_counted_together() {
        let mut tally = Tally::default();
        for number in 0..NAMES + 5 {
            tally.add(&number.to_string());
        }
        tally.add("7");
        let map = tally.to_map();
        assert_eq!(map.get("7"), Some(&2));
        assert_eq!(map.get(OTHER), Some(&5));
    }
}
