//! What a route says of its columns, and of rows whose columns are blank.

use proptest::prelude::*;

use super::super::super::columns::{DateOrder, Form};
use super::super::super::normalize::{Scratch, Spelling};
use super::super::super::static_value::StaticValue;
use super::*;

/// A column of this name that is read so.
fn column(name: &str, key: Key, reading: Reading, separator: Option<char>) -> Column {
    Column {
        name: name.to_owned(),
        role: Role::Identifier {
            key,
            reading,
            separator,
        },
    }
}

fn hex_of(text: &str) -> String {
    const_hex::encode(Digest::of(text).as_bytes())
}

fn plain(name: &str, key: Key) -> Column {
    column(name, key, Reading::default(), None)
}

fn fixture(columns: Vec<Column>, api: Api) -> Fixture {
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let header: Vec<&str> = names.iter().map(String::as_str).collect();
    Fixture::new(&Columns::Named(columns), &header, api)
}

/// With these static values, each understood by the country `US`.
fn with_statics(columns: Vec<Column>, api: Api, values: &[(Key, &str)]) -> Fixture {
    let context = Context::new(api, date!(2026 - 11 - 20));
    let values: Vec<StaticValue> = values
        .iter()
        .map(|&(key, text)| StaticValue::new(key, text, CountryCode::parse("US"), &context))
        .collect::<Result<_, _>>()
        .unwrap();
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    let header = Header::new(names.iter().map(String::as_str));
    let columns = Columns::Named(columns);
    Fixture {
        mapping: Mapping::resolve_with(&columns, &values, &header, context).unwrap(),
        row: IdentifiedRow::default(),
        tally: Tally::default(),
    }
}

#[test]
fn each_value_of_a_cell_is_normalised_on_its_own() {
    for api in [Api::Conversions, Api::CustomAudience] {
        let columns = vec![column("e", Key::Email, Reading::default(), Some(';'))];
        let mut fixture = fixture(columns, api);
        let verdict = fixture.identify(&["B@Example.com; a@example.com ;;null; b@example.com"]);
        assert_eq!(verdict, Verdict::Keep);
        fixture.assert_hashed(&[(Key::Email, "b@example.com"), (Key::Email, "a@example.com")]);
        let email = fixture.tally.of(Key::Email);
        assert_eq!((email.filled, email.kept, email.changed), (3, 0, 3));
    }
}

#[test]
fn a_bad_value_of_a_cell_is_dropped_and_counted_and_the_others_go_out() {
    let reading = Reading::in_country(CountryCode::parse("US"));
    let columns = vec![
        plain("e", Key::Email),
        column("p", Key::Phone, reading, Some('|')),
    ];
    let mut fixture = fixture(columns, Api::CustomAudience);
    let verdict = fixture.identify(&["", "650 555 1212|none of yours|+49 30 901820"]);
    assert_eq!(verdict, Verdict::Keep);
    fixture.assert_hashed(&[(Key::Phone, "16505551212"), (Key::Phone, "4930901820")]);
    let phone = fixture.tally.of(Key::Phone);
    assert_eq!(
        (phone.filled, phone.dropped_for(Reason::PhoneWithLetters)),
        (3, 1)
    );
}

#[test]
fn a_list_of_the_format_is_several_values_without_a_separator() {
    let columns = vec![
        plain("e", Key::Email),
        column("n", Key::FirstName, Reading::default(), Some(',')),
        plain("g", Key::Gender),
    ];
    let mut fixture = fixture(columns, Api::Conversions);
    let verdict = fixture.identify(&["a@example.com\u{1f}B@example.com", "Ann\u{1f}Bo,Cy", "f"]);
    assert_eq!(verdict, Verdict::Keep);
    fixture.assert_hashed(&[
        (Key::Email, "a@example.com"),
        (Key::Email, "b@example.com"),
        (Key::Gender, "f"),
        (Key::FirstName, "ann"),
        (Key::FirstName, "bo"),
        (Key::FirstName, "cy"),
    ]);
    // Of what there is one of, a list is no value.
    fixture.identify(&["a@example.com", "", "f\u{1f}m"]);
    let gender = fixture.tally.of(Key::Gender);
    assert_eq!(gender.dropped_for(Reason::GenderUnknown), 1);
}

#[test]
fn a_cell_of_very_many_values_gives_its_first_hundred() {
    let columns = vec![column("e", Key::Email, Reading::default(), Some(';'))];
    let mut fixture = fixture(columns, Api::Conversions);
    let cell: String = (0..5_000).map(|n| format!("p{n}@example.com;")).collect();
    assert_eq!(fixture.identify(&[&cell]), Verdict::Keep);
    assert_eq!(fixture.row.values(Key::Email).count(), 100);
    let email = fixture.tally.of(Key::Email);
    assert_eq!(email.dropped_for(Reason::TooManyValues), 1);
    assert_eq!(email.filled, 101);
    let cell: String = (0..100).map(|n| format!("p{n}@example.com;")).collect();
    fixture.identify(&[&cell]);
    assert_eq!(fixture.tally.of(Key::Email).filled, 201);
}

#[test]
fn a_declared_form_refuses_the_other_one() {
    let hash = hex_of("mary@example.com");
    let md5 = "d41d8cd98f00b204e9800998ecf8427e";
    for (form, cell, reason) in [
        (Form::Raw, hash.as_str(), Reason::HashInRawColumn),
        (
            Form::Sha256,
            "mary@example.com",
            Reason::NoHashInSha256Column,
        ),
        (Form::Sha256, "mary", Reason::NoHashInSha256Column),
        // What is known better keeps its own reason.
        (Form::Raw, md5, Reason::UnsupportedHashMd5),
        (Form::Sha256, md5, Reason::UnsupportedHashMd5),
        (
            Form::Sha256,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            Reason::HashOfEmpty,
        ),
    ] {
        let reading = Reading {
            form,
            ..Reading::default()
        };
        let columns = vec![column("e", Key::Email, reading, None)];
        let mut fixture = fixture(columns, Api::Conversions);
        assert_eq!(
            fixture.identify(&[cell]),
            rejected(Some(Key::Email), reason),
            "{form:?} {reason}"
        );
        // Blank is blank in either form.
        let nothing = rejected(None, Reason::NoIdentifiers);
        assert_eq!(fixture.identify(&["null"]), nothing);
    }
    for (form, cell) in [
        (Form::Sha256, hash.to_uppercase()),
        (Form::Raw, "Mary@Example.com".to_owned()),
    ] {
        let reading = Reading {
            form,
            ..Reading::default()
        };
        let columns = vec![column("e", Key::Email, reading, None)];
        let mut fixture = fixture(columns, Api::CustomAudience);
        assert_eq!(fixture.identify(&[&cell]), Verdict::Keep);
        fixture.assert_hashed(&[(Key::Email, "mary@example.com")]);
    }
}

#[test]
fn a_birth_date_s_column_has_its_form_and_its_order() {
    let reading = Reading {
        form: Form::Raw,
        date_order: DateOrder::DayFirst,
        ..Reading::default()
    };
    let columns = vec![
        plain("e", Key::Email),
        column("b", Key::BirthDate, reading, None),
    ];
    let mut fixture = fixture(columns, Api::Conversions);
    fixture.identify(&["a@example.com", "03/04/1997"]);
    fixture.assert_hashed(&[(Key::Email, "a@example.com"), (Key::BirthDate, "19970403")]);
    fixture.identify(&["a@example.com", "2/16/1997"]);
    fixture.identify(&["a@example.com", &hex_of("19970403")]);
    let birth = fixture.tally.of(Key::BirthDate);
    assert_eq!(birth.dropped_for(Reason::DateNotInCalendar), 1);
    assert_eq!(birth.dropped_for(Reason::HashInRawColumn), 1);
}

#[test]
fn a_static_value_stands_in_where_the_row_has_none() {
    let columns = vec![
        plain("e", Key::Email),
        plain("c", Key::Country),
        plain("c2", Key::Country),
    ];
    let statics = [(Key::Country, "USA"), (Key::State, "California")];
    for api in [Api::Conversions, Api::CustomAudience] {
        let mut fixture = with_statics(columns.clone(), api, &statics);
        assert_eq!(
            fixture.mapping.keys(),
            [Key::Email, Key::State, Key::Country]
        );
        let (email, state) = ((Key::Email, "a@example.com"), (Key::State, "ca"));
        fixture.identify(&["a@example.com", "", "null"]);
        fixture.assert_hashed(&[email, state, (Key::Country, "us")]);
        fixture.identify(&["a@example.com", "", "DE"]);
        fixture.assert_hashed(&[email, state, (Key::Country, "de")]);
        // A cell that is refused is not blank: nothing is put in its place.
        fixture.identify(&["a@example.com", "Atlantis", ""]);
        fixture.assert_hashed(&[email, state]);
        // Static values are no cells.
        assert_eq!(fixture.tally.of(Key::State).filled, 0);
        assert_eq!(fixture.tally.of(Key::Country).filled, 2);
    }
}

#[test]
fn a_row_of_static_values_alone_is_nobody() {
    let mut fixture = with_statics(
        vec![plain("e", Key::Email)],
        Api::CustomAudience,
        &[(Key::Country, "US")],
    );
    assert_eq!(
        fixture.identify(&[""]),
        rejected(None, Reason::NoIdentifiers)
    );
    assert_eq!(
        fixture.identify(&["mary"]),
        rejected(Some(Key::Email), Reason::EmailWithoutAt)
    );
    assert!(fixture.row.is_empty());
}

/// Folders say the same of everybody.
#[test]
fn a_row_of_constant_columns_alone_is_nobody() {
    let header = Header::new(["email", "birth_month", "birth_day", "country", "birth_year"]);
    let header = header.of_which_own(3);
    for api in [Api::Conversions, Api::CustomAudience] {
        let context = Context::new(api, date!(2026 - 11 - 20));
        let mapping = Mapping::resolve(&Columns::Auto, &header, context).unwrap();
        let keys = mapping.source_keys();
        assert!(keys.is_sorted() && keys.len() == 5, "{keys:?}");
        for mapping in [mapping.clone(), mapping.identifiers_only()] {
            let mut fixture = Fixture {
                mapping,
                row: IdentifiedRow::default(),
                tally: Tally::default(),
            };
            let verdict = fixture.identify(&["", "", "", "US", "1997"]);
            let reason = match api {
                // Refused as a date before anything else.
                Api::Conversions => rejected(Some(Key::BirthYear), Reason::BirthDateIncomplete),
                Api::CustomAudience => rejected(None, Reason::NoIdentifiers),
            };
            assert_eq!(verdict, reason);
            assert!(fixture.row.is_empty());
            let verdict = fixture.identify(&["a@example.com", "2", "16", "US", "1997"]);
            assert_eq!(verdict, Verdict::Keep);
            assert_eq!(fixture.row.values(Key::Country).count(), 1);
            let keys: Vec<Key> = fixture.row.iter().map(|(key, _)| key).collect();
            assert!(keys.is_sorted(), "{keys:?}");
        }
    }
}

#[test]
fn a_removal_has_only_static_values_that_identify() {
    let statics = [(Key::ProcessingOptions, "LDU"), (Key::Country, "US")];
    let mut fixture = with_statics(vec![plain("e", Key::Email)], Api::CustomAudience, &statics);
    fixture.mapping = fixture.mapping.identifiers_only();
    assert_eq!(fixture.mapping.keys(), [Key::Email, Key::Country]);
    assert_eq!(fixture.identify(&["a@example.com"]), Verdict::Keep);
    fixture.assert_hashed(&[(Key::Email, "a@example.com"), (Key::Country, "us")]);
}

/// An export that says the state of each person, on a route that limits all of them.
#[test]
fn static_options_of_limited_data_use_go_with_a_column_of_states() {
    let columns = vec![plain("e", Key::Email), plain("s", Key::ProcessingState)];
    let statics = [
        (Key::ProcessingOptions, "LDU"),
        (Key::ProcessingCountry, "1"),
    ];
    for api in [Api::Conversions, Api::CustomAudience] {
        let mut fixture = with_statics(columns.clone(), api, &statics);
        assert_eq!(fixture.identify(&["a@example.com", "1000"]), Verdict::Keep);
        let json = |key| fixture.row.values(key).collect::<Vec<_>>();
        for (key, value) in [
            (Key::ProcessingOptions, "[\"LDU\"]"),
            (Key::ProcessingCountry, "1"),
            (Key::ProcessingState, "1000"),
        ] {
            assert_eq!(json(key), [Identifier::Json(value)], "{api} {key}");
        }
    }
}

#[test]
fn phones_are_read_by_the_row_s_country_then_their_column_s_then_the_static_one() {
    let german = Reading::in_country(CountryCode::parse("DE"));
    let columns = vec![
        plain("p", Key::Phone),
        column("q", Key::Phone, german, None),
        plain("c", Key::Country),
    ];
    let mut fixture = with_statics(columns, Api::CustomAudience, &[(Key::Country, "US")]);
    let country = |code: &'static str| (Key::Country, code);
    fixture.identify(&["650 555 1212", "030 901820", ""]);
    fixture.assert_hashed(&[
        (Key::Phone, "16505551212"),
        (Key::Phone, "4930901820"),
        country("us"),
    ]);
    fixture.identify(&["020 7183 8750", "020 7183 8751", "GB"]);
    fixture.assert_hashed(&[
        (Key::Phone, "442071838750"),
        (Key::Phone, "442071838751"),
        country("gb"),
    ]);
    // A country that nobody knows is not taken for the static one.
    fixture.identify(&["650 555 1212", "030 901820", "Atlantis"]);
    fixture.assert_hashed(&[(Key::Phone, "4930901820")]);
}

proptest! {
    #[test]
    fn normalising_twice_changes_nothing_however_names_are_spelt(
        text in "\\PC*|[A-Za-z .'-]{0,20}|[\\s\\PC]{0,12}",
        name_spaces: bool,
        ascii_city: bool,
    ) {
        let context = Context {
            spelling: Spelling { name_spaces, ascii_city },
            ..Context::new(Api::Conversions, date!(2026 - 11 - 20))
        };
        let mut scratch = Scratch::default();
        for key in [Key::FirstName, Key::City] {
            let reading = Reading::default();
            let once = normalize(key, &text, reading, &context, &mut scratch);
            let Outcome::Hashed(digest) = once.outcome else { continue };
            let normal = once.text.to_owned();
            if key == Key::City && ascii_city {
                prop_assert!(normal.bytes().all(|byte| byte.is_ascii_lowercase()));
            }
            let words = normal.split(' ').filter(|word| !word.is_empty()).count();
            prop_assert_eq!(words, normal.matches(' ').count() + 1);
            let twice = normalize(key, &normal, reading, &context, &mut scratch);
            prop_assert_eq!(twice.outcome, Outcome::Hashed(digest));
            prop_assert!(!twice.changed);
        }
    }

    #[test]
    fn no_cell_of_several_values_makes_the_reader_fail(text in "[\\PC;\u{1f}]*") {
        let columns = vec![column("e", Key::Email, Reading::default(), Some(';'))];
        let mut fixture = fixture(columns, Api::Conversions);
        fixture.identify(&[&text]);
        let email = fixture.tally.of(Key::Email);
        prop_assert_eq!(
            email.filled,
            email.kept + email.changed + email.dropped_total()
        );
    }
}
