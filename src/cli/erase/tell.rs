//! What became of an erasure, for people.

use std::fmt::Write;

use crate::app::Erased;
use crate::receipts::{ErasureCounts, UnfinishedPerson};

/// So many people are shown by their number; the receipt has more.
const SHOWN: usize = 20;

pub(super) const LIMITS: &str = "\
Meta does not say whom it found: a person whose entry was made of other values is still there.
An upload that comes later adds them again, and so does one that is under way: keep them out at the source.
Events that were sent to the Conversions API cannot be erased by Meta's API.
";

/// One line for each place, and below it who is left.
pub(super) fn targets(all: &[Erased<'_>], planned: bool) -> String {
    let mut text = String::new();
    for erased in all {
        let place = &erased.target.place;
        let routes: Vec<&str> = erased
            .target
            .routes
            .iter()
            .map(|route| route.name.as_str())
            .collect();
        let counts = &erased.counts;
        let state = match (&erased.ended, planned) {
            (Ok(()), true) => "would be asked",
            (Ok(()), false) => "done",
            (Err(_), _) => "NOT DONE",
        };
        line(
            &mut text,
            format_args!(
                "{} {} ({}): {state}",
                place.kind().replace('_', " "),
                place.id(),
                routes.join(", ")
            ),
        );
        line(&mut text, format_args!("  {}", people(counts, planned)));
        if counts.invalid > 0 {
            line(
                &mut text,
                format_args!(
                    "  {} entries were called wrongly formed by Meta, and had no effect",
                    counts.invalid
                ),
            );
        }
        if let Some(explanation) = erased.explanation() {
            line(&mut text, format_args!("  because {explanation}"));
        }
        for person in counts.unfinished.iter().take(SHOWN) {
            line(&mut text, format_args!("  {}", unfinished(person)));
        }
        let left = counts.not_named + counts.named_in_part + counts.refused;
        if left > SHOWN as u64 {
            line(
                &mut text,
                format_args!("  and {} more", left - SHOWN as u64),
            );
        }
    }
    text
}

fn people(counts: &ErasureCounts, planned: bool) -> String {
    let named = counts.people - counts.not_named.min(counts.people);
    let mut text = match planned {
        true => format!("{named} of {} people would be sent", counts.people),
        false => format!(
            "{} of {} people sent and answered for",
            counts.sent, counts.people
        ),
    };
    let keys: Vec<String> = counts
        .keys
        .iter()
        .map(|(key, people)| format!("{people} by {key}"))
        .collect();
    if !keys.is_empty() {
        text.push_str(": ");
        text.push_str(&keys.join(", "));
    }
    text
}

fn unfinished(person: &UnfinishedPerson) -> String {
    let UnfinishedPerson {
        person,
        key,
        reason,
        in_part,
    } = person;
    match (key, in_part) {
        (Some(key), true) => {
            format!("person {person}: {key} cannot be used ({reason}); other values were")
        }
        (Some(key), false) => format!("person {person} is left: {key}: {reason}"),
        (None, _) => format!("person {person} is left: {reason}"),
    }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a text cannot fail.
    let _ = writeln!(text, "{arguments}");
}
