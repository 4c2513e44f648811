//! `docs/NORMALISATION.md` against the code: its keys and examples, and its table of
//! differences from Meta's libraries, which `UPDATE_DOCS=1` writes anew.

use std::fmt::Write as _;
use std::path::Path;

use audience_activator::identity::Reason;

use super::*;

const BEGIN: &str =
    "<!-- differences: written by UPDATE_DOCS=1 cargo test --test identity_vectors -->\n";
const END: &str = "<!-- end of differences -->\n";

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/NORMALISATION.md")
}

fn document() -> String {
    std::fs::read_to_string(path()).unwrap()
}

/// What a library sends for a vector.
#[derive(PartialEq)]
enum Theirs {
    Hash {
        sha256: String,
        text: String,
    },
    Unhashed(String),
    /// It leaves the value out, or raises an error and with it refuses the event.
    Nothing(&'static str),
    /// The library has no such key.
    Unknown,
}

impl Theirs {
    fn of_sdk(line: &Value) -> Theirs {
        let sent = &line["user_data"]["ok"];
        let sent = if sent.is_array() { &sent[0] } else { sent };
        let field = &line["normalize_field"]["ok"];
        match (sent.as_str(), field["hash"].as_str()) {
            (Some(sent), Some(hash)) if sent == hash => Theirs::Hash {
                sha256: hash.to_lowercase(),
                text: field["normalized"].as_str().unwrap_or_default().to_owned(),
            },
            (Some(sent), _) => Theirs::Unhashed(sent.to_owned()),
            (None, _) if line["user_data"].get("ok").is_some() => Theirs::Nothing("nothing"),
            (None, _) => Theirs::Nothing("error"),
        }
    }

    fn of_builder(line: Option<&Value>) -> Theirs {
        let Some(line) = line else {
            return Theirs::Unknown;
        };
        match line["hash"].as_str() {
            None => Theirs::Nothing("nothing"),
            Some(hash) => Theirs::Hash {
                sha256: hash.to_lowercase(),
                text: line["normalized"].as_str().unwrap_or_default().to_owned(),
            },
        }
    }

    fn agrees(&self, ours: Option<&str>) -> bool {
        match self {
            Theirs::Hash { sha256, .. } => ours == Some(sha256),
            Theirs::Unhashed(_) => false,
            Theirs::Nothing(_) => ours.is_none(),
            Theirs::Unknown => true,
        }
    }

    fn cell(&self) -> String {
        match self {
            Theirs::Hash { text, sha256 } if text.is_empty() => {
                match *sha256 == const_hex::encode(Digest::of("")) {
                    true => "hash of nothing".to_owned(),
                    // The builder gives no text for a hash in capitals.
                    false => "hash passed on".to_owned(),
                }
            }
            Theirs::Hash { sha256, text } if sha256.eq_ignore_ascii_case(text) => {
                "hash passed on".to_owned()
            }
            Theirs::Hash { text, .. } => shown(text),
            Theirs::Unhashed(text) => format!("{} unhashed", shown(text)),
            Theirs::Nothing(how) => (*how).to_owned(),
            Theirs::Unknown => String::new(),
        }
    }
}

/// Why we differ from a library, by what we make of the value.
fn why(key: Key, outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Empty => {
            "A blank, or a word that tools write for one, is no value: hashed, it would make one person of all who \
             have none. So is a value of which only the ends' invisible characters are there."
        }
        Outcome::AlreadyHashed(_) => {
            "A SHA-256 in any case is passed on in lower case, without the mark that the parameter builder appends, \
             for every key that goes out hashed, the external id too."
        }
        Outcome::Rejected(reason) => why_rejected(reason),
        Outcome::Hashed(_) | Outcome::Plain => why_written(key),
    }
}

fn why_rejected(reason: Reason) -> &'static str {
    use Reason::*;
    match reason {
        HashOfEmpty | HashOfNull | HashOfNan | HashOfNone => {
            "The hash of nothing is no person (judgement; no library looks)."
        }
        UnsupportedHashMd5
        | UnsupportedHashSha1
        | UnsupportedHashBase64
        | UnsupportedHashPrefixed
        | UnsupportedHashLength => {
            "Meta matches SHA-256 in hexadecimal alone. A hash of another kind or form can never match, and is not \
             hashed again."
        }
        SpreadsheetNumber => {
            "A spreadsheet or a float column has rewritten the number: its digits are gone or have one too many."
        }
        NothingLeft => {
            "The rule removes every character, and what is left is a blank. Hashed, it would be the hash of nothing."
        }
        EmailWithoutAt
        | EmailWithSeveralAt
        | EmailWithoutLocalPart
        | EmailBadDomain
        | EmailForbiddenCharacter => {
            "What is no single address (no or several `@`, no domain, two addresses, a display name, a link, an \
             invisible character inside) can match nobody and is left out with its reason."
        }
        PhoneWithoutCountry => {
            "Meta wants the country code always. A number without one, in a row and column that tell no country, is \
             left out; the libraries send the national digits, which are somebody else's number or nobody's."
        }
        PhoneTooShort | PhoneTooLong => {
            "A number has 7 to 15 digits with its country code (ITU-T E.164)."
        }
        PhoneWithLetters | PhoneWithExtension | PhoneForbiddenCharacter => {
            "Letters spell no number that can be relied on, an extension is a switchboard's, and two numbers are not \
             one; the builder joins whatever digits there are."
        }
        GenderUnknown => {
            "Meta knows `f` and `m`. Only these, `female` and `male` are understood: nothing is guessed from titles, \
             other languages or first letters."
        }
        DateUnreadable | DateAmbiguous | DateNotInCalendar | DateOutOfRange => {
            "A date that is none of the calendar, not between 1900 and today, in no known form, or of two possible \
             readings is left out; the SDK sends any text, the builder takes the month for the first."
        }
        DatePartInvalid => {
            "Year, month and day have four, two and two digits and lie in the calendar."
        }
        CountryUnknown => {
            "A country is an ISO 3166-1 code or an English name. The builder takes the first two letters of what it \
             does not know."
        }
        other => panic!("a vector is rejected for {other}: say why above"),
    }
}

fn why_written(key: Key) -> &'static str {
    match key {
        Key::Email => {
            "Invisible characters are cut off the ends, and addresses beyond ASCII are kept, as Meta's page asks for \
             no more than trimming and lower case."
        }
        Key::Phone => {
            "Every separator goes, digits of all scripts count, `+` and `00` announce the country code, and a trunk \
             zero `(0)` behind it is no part of the number."
        }
        Key::Gender => "`female` and `male` are what Meta's page calls `f` and `m`.",
        Key::BirthDate => {
            "Meta's page wants `YYYYMMDD` and prints `2/16/1997` as an example; the SDK hashes the text as it stands."
        }
        Key::BirthYear | Key::BirthMonth | Key::BirthDay => {
            "A float column's `.0` is cut off; the SDK refuses the event."
        }
        Key::FirstName | Key::LastName => {
            "Meta's page wants names without punctuation, of whatever script, and is silent on inner spaces: these go, \
             as in the builder, Meta's newer code. The SDK keeps both, the builder typographic marks."
        }
        Key::FirstInitial => {
            "The first letter of the name's normal form, in normal form C; punctuation, digits and emoji are no letter."
        }
        Key::City => {
            "Letters alone stay, of every script: Meta's page names UTF-8 for those beyond a–z. The SDK keeps most \
             punctuation, the builder ASCII letters and digits alone."
        }
        Key::State => {
            "The two-letter code in the United States and Canada, as Meta's page asks; elsewhere the name. The SDK \
             knows no codes, the builder takes the first two letters of what it does not know."
        }
        Key::Zip => {
            "Meta's page wants no space and no dash, and five digits in the United States. Both libraries cut at the \
             first dash, the builder keeps inner spaces."
        }
        Key::Country => {
            "The two-letter code of ISO 3166-1, from codes and English names; `UK` is `gb`."
        }
        Key::ExternalId => {
            "Conversions get the SHA-256 of the trimmed text, as Meta recommends, with its case. The SDK sends it \
             unhashed, the builder lowers it and removes spaces."
        }
        other => panic!("no vector is of {other}"),
    }
}

fn shown(text: &str) -> String {
    if text.is_empty() {
        return "(empty)".to_owned();
    }
    let mut out = String::from("`");
    for (index, c) in text.chars().enumerate() {
        if index == 40 {
            out.push('…');
            break;
        }
        match c {
            '`' | '|' => write!(out, "\\u{{{:x}}}", u32::from(c)).unwrap(),
            ' ' if index > 0 && index + 1 < text.chars().count() => out.push(c),
            '!'..='~' => out.push(c),
            c if !c.is_ascii() && c.is_alphanumeric() => out.push(c),
            c => write!(out, "\\u{{{:x}}}", u32::from(c)).unwrap(),
        }
    }
    out.push('`');
    out
}

fn written() -> String {
    let builder: BTreeMap<String, Value> = lines(include_str!("../vectors/capi_builder.jsonl"))
        .into_iter()
        .map(|line| (line["id"].as_str().unwrap().to_owned(), line))
        .collect();
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    let (mut compared, mut differing) = (0, 0);
    for line in lines(include_str!("../vectors/sdk_normalize.jsonl")) {
        let Some(key) = Key::from_name(line["field"].as_str().unwrap()) else {
            continue;
        };
        let input = line["input"].as_str().unwrap();
        let (text, outcome) = ours(key, input, None);
        let ours = sent(outcome);
        let sdk = Theirs::of_sdk(&line);
        let builder = Theirs::of_builder(builder.get(line["id"].as_str().unwrap()));
        compared += 1;
        if sdk.agrees(ours.as_deref()) && builder.agrees(ours.as_deref()) {
            continue;
        }
        differing += 1;
        let ours = match outcome {
            Outcome::Empty => "blank".to_owned(),
            Outcome::AlreadyHashed(_) => "hash passed on".to_owned(),
            Outcome::Rejected(reason) => format!("`{reason}`"),
            Outcome::Hashed(_) | Outcome::Plain => shown(&text),
        };
        let name = line["field"].as_str().unwrap();
        let row = format!(
            "| `{name}` | {} | {ours} | {} | {} |",
            shown(input),
            sdk.cell(),
            builder.cell()
        );
        let why = why(key, outcome);
        match groups.iter_mut().find(|(reason, _)| *reason == why) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((why, vec![row])),
        }
    }
    let mut text = format!(
        "\nOf {compared} values, {differing} come out otherwise in at least one of the two.\n"
    );
    for (why, mut rows) in groups {
        rows.dedup();
        write!(
            text,
            "\n{why}\n\n| key | value | here | SDK | builder |\n|---|---|---|---|---|\n{}\n",
            rows.join("\n")
        )
        .unwrap();
    }
    text.push('\n');
    text
}

#[test]
fn the_differences_from_meta_s_libraries_are_those_of_the_document() {
    let document = document();
    let (head, rest) = document.split_once(BEGIN).unwrap();
    let (table, tail) = rest.split_once(END).unwrap();
    let written = written();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path(), format!("{head}{BEGIN}{written}{END}{tail}")).unwrap();
        return;
    }
    let first = table.lines().zip(written.lines()).find(|(a, b)| a != b);
    assert!(
        table == written,
        "run UPDATE_DOCS=1 cargo test --test identity_vectors; first difference: {first:#?}"
    );
}

/// The rows of the document's table of keys.
fn keys_of_the_document() -> Vec<Vec<String>> {
    let document = document();
    let (_, table) = document.split_once("\n## Keys\n").unwrap();
    let table = table.split("\n##").next().unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells = row.trim_matches('|').split('|');
        cells.map(|cell| cell.trim().to_owned()).collect()
    })
    .collect()
}

#[test]
fn every_key_is_in_the_document_by_its_names() {
    let name = |key: Key, api: Api| match key.wire_name(api) {
        None => String::new(),
        Some(name) => {
            let hashed = if key.is_hashed(api) { "" } else { " unhashed" };
            format!("`{name}`{hashed}")
        }
    };
    let expected: Vec<[String; 3]> = Key::ALL
        .into_iter()
        .map(|key| {
            [
                format!("`{key}`"),
                name(key, Api::Conversions),
                name(key, Api::CustomAudience),
            ]
        })
        .collect();
    let written: Vec<Vec<String>> = keys_of_the_document();
    let written: Vec<&[String]> = written.iter().map(|row| &row[..3]).collect();
    assert_eq!(written, expected);
}

#[test]
fn the_document_s_examples_are_what_the_code_gives() {
    let mut checked = 0;
    for row in keys_of_the_document() {
        let key = Key::from_name(row[0].trim_matches('`')).unwrap();
        for example in row[4].split("; ") {
            let (country, pair) = match example.strip_prefix("in ") {
                None => (None, example),
                Some(rest) => rest.split_once(' ').map(|(c, p)| (Some(c), p)).unwrap(),
            };
            let parts: Vec<&str> = pair.split('`').collect();
            let [_, input, arrow, expected, _] = parts[..] else {
                panic!("no example: {example}");
            };
            assert_eq!(arrow, " → ", "{example}");
            let api = match key.wire_name(Api::Conversions) {
                Some(_) => Api::Conversions,
                None => Api::CustomAudience,
            };
            let (text, outcome) = ours_for(api, key, input, country);
            let result = match outcome {
                Outcome::Rejected(reason) => reason.code().to_owned(),
                Outcome::Empty => "blank".to_owned(),
                _ => text,
            };
            assert_eq!(result, expected, "{key}: {example}");
            checked += 1;
        }
    }
    assert!(checked > Key::ALL.len());
}
