//! Normalisation against what Meta publishes, and against what its libraries do.
//!
//! `vectors/docs_examples.jsonl` holds the examples printed on Meta's parameter pages and
//! is normative. `sdk_normalize.jsonl` (`facebook_business` 26.0.3) and `capi_builder.jsonl`
//! (`capi-param-builder-nodejs` 1.3.2) are recordings of Meta's two libraries, which
//! contradict each other and the documents: where they agree, so do we, but for the
//! exceptions listed here with their reasons. `docs/NORMALISATION.md` tells all differences;
//! `document.rs` checks it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod document;

use std::collections::{BTreeMap, BTreeSet};

use audience_activator::identity::columns::{CountryCode, Reading};
use audience_activator::identity::key::{Api, Key};
use audience_activator::identity::{Context, Digest, Outcome, Scratch, normalize};
use serde_json::Value;
use time::macros::date;

fn lines(jsonl: &str) -> Vec<Value> {
    jsonl
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// What we make of a cell: its text, where it was one, and what is sent.
fn ours(key: Key, input: &str, country: Option<&str>) -> (String, Outcome) {
    ours_for(Api::Conversions, key, input, country)
}

fn ours_for(api: Api, key: Key, input: &str, country: Option<&str>) -> (String, Outcome) {
    let context = Context::new(api, date!(2026 - 11 - 20));
    let mut scratch = Scratch::default();
    let country = country.and_then(CountryCode::parse);
    let normalized = normalize(
        key,
        input,
        Reading::in_country(country),
        &context,
        &mut scratch,
    );
    (normalized.text.to_owned(), normalized.outcome)
}

fn sent(outcome: Outcome) -> Option<String> {
    match outcome {
        Outcome::Hashed(digest) | Outcome::AlreadyHashed(digest) => Some(const_hex::encode(digest)),
        Outcome::Empty | Outcome::Plain | Outcome::Rejected(_) => None,
    }
}

#[test]
fn every_example_that_meta_prints_comes_out_exactly() {
    let examples = lines(include_str!("../vectors/docs_examples.jsonl"));
    assert_eq!(examples.len(), 20);
    for example in examples {
        let key = Key::from_name(example["key"].as_str().unwrap()).unwrap();
        let normalized = example["normalized"].as_str().unwrap();
        // One input is a sentence: its country and its value.
        let (input, country) = match example["input"].as_str() {
            Some("US phone number (650)555-1212") => ("(650)555-1212", Some("US")),
            Some(input) => (input, None),
            None => (normalized, None),
        };
        let (text, outcome) = ours(key, input, country);
        assert_eq!(text, normalized, "{example}");
        assert_eq!(
            sent(outcome).as_deref(),
            example["sha256"].as_str(),
            "{example}"
        );
        if let Some(documented) = example["documented_hash"].as_str() {
            assert_eq!(sent(outcome).as_deref(), Some(documented), "{example}");
        }
    }
}

/// Where both of Meta's libraries agree and we still differ, and why.
const EXCEPTIONS: [(&str, &[&str]); 10] = [
    (
        "the documents want a country code always; both send the national digits as they are",
        &["ph-001", "ph-021", "ph-043"],
    ),
    (
        "011 is the American exit code, not +1 1; without a country nobody can tell",
        &["ph-019"],
    ),
    ("no day of the calendar has this YYYYMMDD", &["db-019"]),
    (
        "the documents want names without punctuation; both know ASCII's only",
        &["fn-045", "ln-045"],
    ),
    (
        "the documents want postal codes without dashes; both cut everything after the dash, \
         which leaves part of a Canadian, Japanese or Polish code, or know ASCII's dash only",
        &["zp-017", "zp-019", "zp-021", "zp-029"],
    ),
    ("a float column has rewritten the postal code", &["zp-011"]),
    (
        "blank cells must not be hashed: all such people would be one",
        &[
            "ct-045", "fn-067", "fn-069", "fn-071", "fn-073", "ln-067", "ln-069", "ln-071",
            "ln-073", "zp-049", "zp-051", "zp-053",
        ],
    ),
    (
        "the hash of an empty text is no person",
        &[
            "country-083",
            "db-069",
            "external_id-059",
            "fn-091",
            "ln-091",
        ],
    ),
    (
        "an id of 32 hexadecimal digits is as likely an id as it is MD5: hashed, like every other id",
        &["external_id-055"],
    ),
    (
        "Meta supports no hash but SHA-256, and what is a hash of another kind or form must not be hashed again",
        &[
            "country-079",
            "ct-063",
            "db-065",
            "em-067",
            "fn-085",
            "fn-087",
            "fn-089",
            "ln-085",
            "ln-087",
            "ln-089",
            "ph-075",
            "ph-079",
            "st-069",
            "zp-063",
            "zp-065",
            "zp-067",
            "zp-069",
        ],
    ),
];

/// The hash that the SDK would send, if it would send one.
fn of_sdk(line: &Value) -> Option<&str> {
    let hash = line["normalize_field"]["ok"]["hash"].as_str()?;
    let sent = &line["user_data"]["ok"];
    (sent == hash || sent[0] == hash).then_some(hash)
}

#[test]
fn where_meta_s_libraries_and_documents_agree_so_do_we() {
    let builder: BTreeMap<String, Option<String>> =
        lines(include_str!("../vectors/capi_builder.jsonl"))
            .into_iter()
            .map(|line| {
                let hash = line["hash"].as_str().map(str::to_lowercase);
                (line["id"].as_str().unwrap().to_owned(), hash)
            })
            .collect();
    let mut agreed = 0;
    let mut differing = BTreeSet::new();
    for line in lines(include_str!("../vectors/sdk_normalize.jsonl")) {
        let id = line["id"].as_str().unwrap();
        let Some(key) = Key::from_name(line["field"].as_str().unwrap()) else {
            continue;
        };
        let (Some(by_sdk), Some(Some(by_builder))) = (of_sdk(&line), builder.get(id)) else {
            continue;
        };
        if by_sdk == by_builder {
            agreed += 1;
            let (_, outcome) = ours(key, line["input"].as_str().unwrap(), None);
            if sent(outcome).as_deref() != Some(by_sdk) {
                differing.insert(id.to_owned());
            }
        }
    }
    assert!(agreed > 100, "only {agreed} lines were compared");
    let exceptions = EXCEPTIONS
        .iter()
        .flat_map(|(_, ids)| *ids)
        .map(|&id| id.to_owned());
    assert_eq!(differing, exceptions.collect());
}

#[test]
fn no_input_of_the_vectors_gives_the_hash_of_nothing() {
    let nothing = const_hex::encode(Digest::of(""));
    for line in lines(include_str!("../vectors/sdk_normalize.jsonl")) {
        if let Some(key) = Key::from_name(line["field"].as_str().unwrap()) {
            let (_, outcome) = ours(key, line["input"].as_str().unwrap(), Some("US"));
            assert_ne!(sent(outcome).as_ref(), Some(&nothing), "{line}");
        }
    }
}
