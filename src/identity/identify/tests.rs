#![allow(clippy::unwrap_used)]

mod attributes;

use time::macros::date;

use super::super::columns::{Column, Columns, CountryCode, Reading, Role};
use super::super::digest::Digest;
use super::super::header::Header;
use super::super::normalize::Context;
use super::super::row::Identifier;
use super::*;

struct Fixture {
    mapping: Mapping,
    row: IdentifiedRow,
    tally: Tally,
}

impl Fixture {
    fn auto(header: &[&str], api: Api) -> Fixture {
        Fixture::new(&Columns::Auto, header, api)
    }

    fn new(columns: &Columns, header: &[&str], api: Api) -> Fixture {
        let context = Context::new(api, date!(2026 - 11 - 20));
        let header = Header::new(header.iter().copied());
        Fixture {
            mapping: Mapping::resolve(columns, &header, context).unwrap(),
            row: IdentifiedRow::default(),
            tally: Tally::default(),
        }
    }

    fn identify(&mut self, cells: &[&str]) -> Verdict {
        let cell = |position: usize| cells.get(position).copied().unwrap_or("");
        self.mapping.identify(cell, &mut self.row, &mut self.tally)
    }

    /// Asserts the row's identifiers, given as the texts that were hashed.
    fn assert_hashed(&self, expected: &[(Key, &str)]) {
        let expected: Vec<_> = expected
            .iter()
            .map(|&(key, text)| (key, Identifier::Sha256(Digest::of(text))))
            .collect();
        assert_eq!(self.row.iter().collect::<Vec<_>>(), expected);
    }
}

fn rejected(key: Option<Key>, reason: Reason) -> Verdict {
    Verdict::Reject(Reject { key, reason })
}

#[test]
fn identifiers_come_in_the_order_of_keys_and_columns_each_once() {
    let mut fixture = Fixture::auto(
        &[
            "fn",
            "email",
            "birth_year",
            "email_2",
            "email_3",
            "birth_month",
            "birth_day",
        ],
        Api::Conversions,
    );
    let verdict = fixture.identify(&[
        "Mary",
        "b@example.com",
        "1997",
        "A@example.com",
        "B@Example.com",
        "2.0",
        "16",
    ]);
    assert_eq!(verdict, Verdict::Keep);
    fixture.assert_hashed(&[
        (Key::Email, "b@example.com"),
        (Key::Email, "a@example.com"),
        (Key::BirthDate, "19970216"),
        (Key::FirstName, "mary"),
    ]);
    let email = fixture.tally.of(Key::Email);
    assert_eq!((email.filled, email.kept, email.changed), (3, 1, 2));
}

#[test]
fn a_bad_cell_is_dropped_and_the_rest_of_its_row_goes_out() {
    let mut fixture = Fixture::auto(&["email", "phone", "ln"], Api::Conversions);
    assert_eq!(
        fixture.identify(&["mary", "+1 650 555 1212", ""]),
        Verdict::Keep
    );
    fixture.assert_hashed(&[(Key::Phone, "16505551212")]);
    let email = fixture.tally.of(Key::Email);
    assert_eq!(
        (email.filled, email.dropped_for(Reason::EmailWithoutAt)),
        (1, 1)
    );
    assert_eq!(fixture.tally.of(Key::LastName).filled, 0);
}

#[test]
fn a_row_without_identifiers_is_rejected_with_its_first_reason() {
    let mut fixture = Fixture::auto(&["phone", "email"], Api::CustomAudience);
    assert_eq!(
        fixture.identify(&["650", "mary"]),
        rejected(Some(Key::Email), Reason::EmailWithoutAt)
    );
    assert!(fixture.row.is_empty());
    assert_eq!(
        fixture.identify(&["null", " "]),
        rejected(None, Reason::NoIdentifiers)
    );
    assert_eq!(fixture.identify(&[]), rejected(None, Reason::NoIdentifiers));
}

#[test]
fn a_weak_combination_is_rejected_for_conversions_only() {
    for (api, expected) in [
        (Api::Conversions, rejected(None, Reason::WeakIdentifiers)),
        (Api::CustomAudience, Verdict::Keep),
    ] {
        let mut fixture = Fixture::auto(&["ct", "country"], api);
        assert_eq!(fixture.identify(&["Paris", "France"]), expected);
        assert_eq!(fixture.row.is_empty(), expected != Verdict::Keep);
    }
}

#[test]
fn a_filter_column_decides_before_anything_is_counted() {
    let identifier = Role::identifier(Key::Email);
    let filter = Role::OnlyIf {
        values: vec!["Y".into(), "true".into()],
    };
    let column = |name: &str, role| Column {
        name: name.into(),
        role,
    };
    let columns = Columns::Named(vec![column("email", identifier), column("consent", filter)]);
    let mut fixture = Fixture::new(&columns, &["email", "consent"], Api::Conversions);
    assert_eq!(
        fixture.identify(&["mary@example.com", " Y "]),
        Verdict::Keep
    );
    assert_eq!(
        fixture.identify(&["mary@example.com", "y"]),
        Verdict::Filtered
    );
    assert_eq!(
        fixture.identify(&["mary@example.com", ""]),
        Verdict::Filtered
    );
    assert_eq!(fixture.tally.of(Key::Email).filled, 1);
    assert!(fixture.row.is_empty());
}

#[test]
fn a_phone_takes_the_row_s_country_and_else_the_column_s() {
    let phone = Role::Identifier {
        key: Key::Phone,
        reading: Reading::in_country(CountryCode::parse("US")),
        separator: None,
    };
    let country = Role::identifier(Key::Country);
    let columns = Columns::Named(vec![
        Column {
            name: "phone".into(),
            role: phone,
        },
        Column {
            name: "country".into(),
            role: country,
        },
    ]);
    let mut fixture = Fixture::new(&columns, &["phone", "country"], Api::CustomAudience);
    for (country, expected) in [
        ("Germany", "496505551212"),
        ("", "16505551212"),
        ("Oz", "16505551212"),
    ] {
        assert_eq!(fixture.identify(&["0650 5551212", country]), Verdict::Keep);
        assert_eq!(
            fixture.row.values(Key::Phone).collect::<Vec<_>>(),
            [Identifier::Sha256(Digest::of(expected))],
            "{country}"
        );
    }
}

#[test]
fn an_external_id_is_hashed_for_conversions_and_plain_for_audiences() {
    let mut fixture = Fixture::auto(&["external_id"], Api::Conversions);
    assert_eq!(fixture.identify(&[" Ab 1 "]), Verdict::Keep);
    fixture.assert_hashed(&[(Key::ExternalId, "Ab 1")]);

    let mut fixture = Fixture::auto(&["external_id", "customer_id"], Api::CustomAudience);
    assert_eq!(fixture.identify(&[" Ab 1 ", "Ab 1"]), Verdict::Keep);
    let identifiers: Vec<_> = fixture.row.iter().collect();
    assert_eq!(identifiers, [(Key::ExternalId, Identifier::Plain("Ab 1"))]);
    let id = fixture.tally.of(Key::ExternalId);
    assert_eq!((id.kept, id.changed), (1, 1));
}

#[test]
fn a_birth_date_is_composed_for_conversions_and_split_for_audiences() {
    let parts = ["email", "dobd", "dobm", "doby"];
    let mut fixture = Fixture::auto(&parts, Api::Conversions);
    fixture.identify(&["a@b.c", "7.0", "2", "1997"]);
    fixture.assert_hashed(&[(Key::Email, "a@b.c"), (Key::BirthDate, "19970207")]);

    let mut fixture = Fixture::auto(&["email", "dob"], Api::CustomAudience);
    fixture.identify(&["a@b.c", "2/16/1997"]);
    fixture.assert_hashed(&[
        (Key::Email, "a@b.c"),
        (Key::BirthYear, "1997"),
        (Key::BirthMonth, "02"),
        (Key::BirthDay, "16"),
    ]);

    let mut fixture = Fixture::auto(&parts, Api::CustomAudience);
    fixture.identify(&["a@b.c", "", "2", "1997"]);
    fixture.assert_hashed(&[
        (Key::Email, "a@b.c"),
        (Key::BirthYear, "1997"),
        (Key::BirthMonth, "02"),
    ]);
}

#[test]
fn parts_that_make_no_date_are_dropped_together() {
    let parts = ["email", "dobd", "dobm", "doby"];
    for (api, cells, reason, dropped) in [
        (
            Api::Conversions,
            ["a@b.c", "30", "2", "1997"],
            Reason::DateNotInCalendar,
            3,
        ),
        (
            Api::CustomAudience,
            ["a@b.c", "30", "2", "1997"],
            Reason::DateNotInCalendar,
            3,
        ),
        (
            Api::Conversions,
            ["a@b.c", "21", "11", "2026"],
            Reason::DateOutOfRange,
            3,
        ),
        (
            Api::Conversions,
            ["a@b.c", "", "2", "1997"],
            Reason::BirthDateIncomplete,
            2,
        ),
        (
            Api::Conversions,
            ["a@b.c", "x", "2", "1997"],
            Reason::BirthDateIncomplete,
            2,
        ),
    ] {
        let mut fixture = Fixture::auto(&parts, api);
        assert_eq!(fixture.identify(&cells), Verdict::Keep);
        fixture.assert_hashed(&[(Key::Email, "a@b.c")]);
        let total: u64 = fixture
            .tally
            .iter()
            .map(|(_, key)| key.dropped_for(reason))
            .sum();
        assert_eq!(total, dropped, "{reason}");
        for (_, key) in fixture.tally.iter() {
            assert_eq!(key.filled, key.kept + key.changed + key.dropped_total());
        }
    }
}

#[test]
fn hashed_birth_dates_go_out_only_where_they_fit() {
    let hex = |text: &str| const_hex::encode(Digest::of(text));
    let (whole, year) = (hex("19970216"), hex("1997"));
    let mut fixture = Fixture::auto(&["email", "dob", "doby"], Api::Conversions);
    fixture.identify(&["a@b.c", &whole, &year]);
    fixture.assert_hashed(&[(Key::Email, "a@b.c"), (Key::BirthDate, "19970216")]);
    assert_eq!(
        fixture
            .tally
            .of(Key::BirthYear)
            .dropped_for(Reason::HashedDateParts),
        1
    );

    let mut fixture = Fixture::auto(&["email", "dob", "doby"], Api::CustomAudience);
    fixture.identify(&["a@b.c", &whole, &year]);
    fixture.assert_hashed(&[(Key::Email, "a@b.c"), (Key::BirthYear, "1997")]);
    assert_eq!(
        fixture
            .tally
            .of(Key::BirthDate)
            .dropped_for(Reason::HashedDateInseparable),
        1
    );
}

#[test]
fn sealed_values_are_refused_whatever_their_key() {
    for api in [Api::Conversions, Api::CustomAudience] {
        for (key, header) in [
            (Key::Email, "email"),
            (Key::ExternalId, "external_id"),
            (Key::BirthDate, "dob"),
        ] {
            for cell in ["01:enc:AAAA==", "02:hmac:BBBB=="] {
                let verdict = Fixture::auto(&[header], api).identify(&[cell]);
                assert_eq!(verdict, rejected(Some(key), Reason::SealedValue));
            }
        }
    }
}

#[test]
fn nothing_of_a_person_is_shown() {
    let mut fixture = Fixture::auto(&["external_id", "email"], Api::CustomAudience);
    fixture.identify(&["Secret-1", "mary@example.com"]);
    let identifiers: Vec<_> = fixture.row.iter().collect();
    let shown = format!(
        "{:?} {identifiers:?} {:?}",
        fixture.row, fixture.row.scratch
    );
    assert_eq!(
        shown,
        "IdentifiedRow(2 identifiers) [(ExternalId, Plain(8 bytes)), (Email, Digest(32 bytes))] Scratch(16 bytes)"
    );
}

mod columns;
