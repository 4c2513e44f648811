//! One cell, as a value of every key, read in any way that a column can be declared.

use audience_activator::identity::columns::{CountryCode, DateOrder, Form, Reading};
use audience_activator::identity::key::{Api, Key};
use audience_activator::identity::{Context, Digest, Outcome, Scratch, Spelling, normalize};
use time::macros::date;

use crate::bytes::Choices;

const COUNTRIES: [&str; 10] = ["", "US", "DE", "IT", "RU", "HU", "JP", "CI", "BR", "ZZ"];
const FORMS: [Form; 3] = [Form::Any, Form::Raw, Form::Sha256];
const DATE_ORDERS: [DateOrder; 3] = [
    DateOrder::Unknown,
    DateOrder::DayFirst,
    DateOrder::MonthFirst,
];

/// Any cell becomes nothing, a value in its key's alphabet that normalising leaves as it
/// is, or a reject; and a hash stays the hash it is.
pub fn normalise(data: &[u8]) {
    let mut choices = Choices::of(data);
    let api = choices.of_list(&[Api::Conversions, Api::CustomAudience]);
    let reading = Reading {
        country: CountryCode::parse(choices.of_list(&COUNTRIES)),
        form: choices.of_list(&FORMS),
        date_order: choices.of_list(&DATE_ORDERS),
    };
    let spelling = choices.below(4);
    let context = Context {
        spelling: Spelling {
            name_spaces: spelling & 1 == 1,
            ascii_city: spelling & 2 == 2,
        },
        ..Context::new(api, date!(2026 - 11 - 20))
    };
    let Ok(cell) = std::str::from_utf8(choices.rest()) else {
        return;
    };

    let mut scratch = Scratch::default();
    for key in Key::ALL {
        check(key, cell, reading, &context, &mut scratch);
    }
}

fn check(key: Key, cell: &str, reading: Reading, context: &Context, scratch: &mut Scratch) {
    let first = normalize(key, cell, reading, context, scratch);
    let (outcome, changed, text) = (first.outcome, first.changed, first.text.to_owned());
    match outcome {
        Outcome::Hashed(digest) => assert_eq!(digest, Digest::of(&text)),
        Outcome::Plain => {}
        Outcome::AlreadyHashed(digest) => {
            assert!(text.is_empty());
            let hex = const_hex::encode(digest);
            let second = normalize(key, &hex, reading, context, scratch);
            assert_eq!(second.outcome, outcome);
            assert!(!second.changed);
            return;
        }
        Outcome::Empty | Outcome::Rejected(_) => {
            assert!(text.is_empty());
            return;
        }
    }
    assert!(!text.is_empty(), "nothing empty is sent");
    assert_eq!(changed, text != cell);
    assert!(is_in_alphabet(key, context, &text), "{key}");
    // Digits alone do not say that the country code is among them; + does.
    let again = match key {
        Key::Phone => format!("+{text}"),
        _ => text.clone(),
    };
    let second = normalize(key, &again, reading, context, scratch);
    assert_eq!(
        (second.outcome, second.text),
        (outcome, text.as_str()),
        "{key}"
    );
}

fn is_in_alphabet(key: Key, context: &Context, text: &str) -> bool {
    let all = |allowed: fn(char) -> bool| text.chars().all(allowed);
    let digits = |count: usize| text.len() == count && all(|c| c.is_ascii_digit());
    let is_lower = text.to_lowercase() == text;
    match key {
        Key::Email => {
            is_lower
                && text.matches('@').count() == 1
                && all(|c| !c.is_whitespace() && !c.is_control() && c != ',' && c != ';')
        }
        Key::Phone => {
            all(|c| c.is_ascii_digit()) && (7..=15).contains(&text.len()) && !text.starts_with('0')
        }
        Key::Gender => matches!(text, "f" | "m"),
        Key::BirthDate => digits(8),
        Key::BirthYear => digits(4),
        Key::BirthMonth | Key::BirthDay => digits(2),
        Key::FirstName | Key::LastName => {
            let spaces = context.spelling.name_spaces && !text.contains("  ");
            is_lower
                && text.trim() == text
                && text.chars().all(|c| {
                    (spaces && c == ' ')
                        || !(c.is_whitespace() || c.is_control() || c.is_ascii_punctuation())
                })
        }
        Key::City | Key::State => {
            is_lower
                && all(|c| !c.is_whitespace() && !c.is_ascii_punctuation() && !c.is_ascii_digit())
        }
        Key::Zip => is_lower && all(|c| !c.is_whitespace() && c != '-'),
        Key::Country => text.len() == 2 && all(|c| c.is_ascii_lowercase()),
        // Ids, which are what their issuer says.
        _ => text.trim() == text,
    }
}
