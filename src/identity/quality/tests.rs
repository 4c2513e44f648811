#![allow(clippy::unwrap_used)]

use time::macros::date;

use super::*;
use crate::identity::columns::Columns;
use crate::identity::{Context, Header, Mapping, Verdict};

/// Warnings of rows under a header, every column of it mapped.
fn warned(api: Api, header: &[&str], rows: &[Vec<String>]) -> Vec<Warning> {
    let context = Context::new(api, date!(2026 - 11 - 20));
    let names = Header::new(header.iter().copied());
    let mapping = Mapping::resolve(&Columns::Auto, &names, context).unwrap();
    let (mut tally, mut quality) = (Tally::default(), Quality::default());
    let mut row = IdentifiedRow::default();
    for cells in rows {
        let cell = |position: usize| cells.get(position).map_or("", String::as_str);
        if mapping.identify(cell, &mut row, &mut tally) == Verdict::Keep {
            quality.row(&row);
        }
    }
    quality.warnings(api, &mapping.source_keys(), &tally)
}

fn of_audience(header: &[&str], rows: &[Vec<String>]) -> Vec<Warning> {
    warned(Api::CustomAudience, header, rows)
}

/// A person of whom all keys are their own.
fn person(number: usize) -> Vec<String> {
    vec![
        format!("person{number}@gmail.com"),
        format!("+1650{:07}", 2_000_000 + number),
    ]
}

fn people(number: usize) -> Vec<Vec<String>> {
    (0..number).map(person).collect()
}

const HEADER: [&str; 2] = ["email", "phone"];

fn codes(warnings: &[Warning]) -> Vec<WarningCode> {
    warnings.iter().map(|warning| warning.code).collect()
}

#[test]
fn a_good_file_has_no_warning() {
    for api in [Api::Conversions, Api::CustomAudience] {
        for rows in [0, 1, 9, 1_000, LOOKED_AT + 7] {
            assert_eq!(warned(api, &HEADER, &people(rows)), [], "{rows} rows");
        }
    }
}

#[test]
fn few_people_under_limited_data_use_are_no_fault_of_the_file() {
    let header = [
        "email",
        "phone",
        "data_processing_options",
        "data_processing_options_country",
        "data_processing_options_state",
    ];
    let mut rows = people(1_000);
    rows[7].extend(["LDU", "1", "1000"].map(str::to_owned));
    for api in [Api::Conversions, Api::CustomAudience] {
        assert_eq!(warned(api, &header, &rows), []);
    }
}

#[test]
fn a_value_in_more_than_a_hundredth_of_the_rows_is_warned_of() {
    let mut rows = people(1_000);
    for row in rows.iter_mut().take(11) {
        row[0] = "no-reply@gmail.com".to_owned();
    }
    let key = Some(Key::Email);
    let expected = Warning {
        key,
        ..Warning::new(WarningCode::RepeatedValue, 11, 1_000)
    };
    assert_eq!(of_audience(&HEADER, &rows), [expected]);
    // A hundredth itself is not, nor is a family's telephone in a small file.
    rows[0] = person(0);
    assert_eq!(of_audience(&HEADER, &rows), []);
    let mut few = people(50);
    for row in few.iter_mut().take(5) {
        row[1] = person(7)[1].clone();
    }
    assert_eq!(of_audience(&HEADER, &few), []);
}

#[test]
fn several_absurd_values_of_a_key_count_together_and_unhashed_ids_too() {
    let mut rows: Vec<_> = (0..100)
        .map(|number| vec![format!("id-{number}"), person(number)[0].clone()])
        .collect();
    for (number, row) in rows.iter_mut().enumerate().take(40) {
        row[0] = ["unknown", "0"][number % 2].to_owned();
    }
    let warnings = of_audience(&["external_id", "email"], &rows);
    assert_eq!(codes(&warnings), [WarningCode::RepeatedValue]);
    let found = warnings[0];
    assert_eq!(found.key, Some(Key::ExternalId));
    assert_eq!((found.count, found.of), (40, 100));
}

#[test]
fn rows_that_repeat_a_person_are_warned_of_for_audiences_only() {
    let mut rows = people(94);
    rows.extend(people(6));
    let found = of_audience(&HEADER, &rows);
    assert_eq!(found, [Warning::new(WarningCode::DuplicateRows, 6, 100)]);
    assert_eq!(warned(Api::Conversions, &HEADER, &rows), []);
}

#[test]
fn rows_of_a_single_key_are_warned_of_and_a_country_is_not_a_second() {
    let rows: Vec<_> = (0..20)
        .map(|number| vec![person(number)[0].clone(), "US".to_owned()])
        .collect();
    let found = of_audience(&["email", "country"], &rows);
    assert_eq!(found, [Warning::new(WarningCode::OneKeyOnly, 20, 20)]);
}

#[test]
fn addresses_at_work_are_warned_of_unless_they_are_hashed() {
    let with = |domain: &str| -> Vec<Vec<String>> {
        let rows = people(150).into_iter().enumerate();
        rows.map(|(number, mut row)| {
            row[0] = format!("person{number}@{domain}");
            row
        })
        .collect()
    };
    let found = of_audience(&HEADER, &with("initech.com"));
    assert_eq!(codes(&found), [WarningCode::WorkDomains]);
    assert_eq!((found[0].count, found[0].of), (150, 150));
    let mut hashed = with("initech.com");
    for row in &mut hashed {
        row[0] = const_hex::encode(crate::identity::Digest::of(&row[0]));
    }
    assert_eq!(of_audience(&HEADER, &hashed), []);
}

#[test]
fn phones_without_a_country_and_other_dropped_cells_are_warned_of_by_reason() {
    let mut rows = people(100);
    for row in rows.iter_mut().take(6) {
        row[1] = "6505551212".to_owned();
    }
    for row in rows.iter_mut().skip(10).take(8) {
        row[0] = "nobody".to_owned();
    }
    let found = of_audience(&HEADER, &rows);
    assert_eq!(
        codes(&found),
        [WarningCode::CellsDropped, WarningCode::PhonesWithoutCountry]
    );
    assert_eq!(
        found[0].reason.map(|reason| reason.code()),
        Some("email_without_at")
    );
    assert_eq!((found[0].count, found[1].count), (8, 6));
    assert_eq!(found[0].advice(), found[0].reason.unwrap().advice());
}

#[test]
fn a_column_that_is_nearly_never_filled_is_warned_of() {
    let header = ["email", "phone", "zip"];
    let mut rows = people(1_000);
    for row in rows.iter_mut().take(9) {
        row.push("94027".to_owned());
    }
    let found = of_audience(&header, &rows);
    assert_eq!(codes(&found), [WarningCode::KeyRarelyFilled]);
    assert_eq!((found[0].key, found[0].count), (Some(Key::Zip), 9));
}

#[test]
fn nothing_is_kept_of_rows_beyond_the_first() {
    let mut rows = people(LOOKED_AT);
    rows.extend(people(5_000));
    assert_eq!(of_audience(&HEADER, &rows), []);
}

#[test]
fn debug_shows_no_fingerprint() {
    assert_eq!(format!("{:?}", Quality::default()), "Quality(0 rows)");
}
