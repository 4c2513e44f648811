//! Rows with values that go out unhashed, that identify nobody, or that decide about the row.

use super::*;

const APIS: [Api; 2] = [Api::Conversions, Api::CustomAudience];

fn options(api: Api) -> Fixture {
    let header = [
        "email",
        "data_processing_options",
        "data_processing_options_country",
        "data_processing_options_state",
        "client_ip_address",
    ];
    Fixture::auto(&header, api)
}

impl Fixture {
    /// The values of Limited Data Use, as JSON.
    fn processing(&self) -> Vec<&str> {
        let values = self.row.iter().filter(|(key, _)| key.is_processing());
        values
            .map(|(_, value)| match value {
                Identifier::Json(json) => json,
                _ => "no JSON",
            })
            .collect()
    }
}

#[test]
fn keys_go_out_in_the_form_their_api_wants() {
    let header = ["madid", "page_uid", "app_uid", "external_id"];
    let id = "AB1234CD-12AB-34CD-56EF-123456ABCDEF";
    let cells = [id, "17", "4242424242424242", "Ab 1"];
    let lower = id.to_lowercase();
    let mut audience = Fixture::auto(&header, Api::CustomAudience);
    assert_eq!(audience.identify(&cells), Verdict::Keep);
    assert_eq!(
        audience.row.iter().collect::<Vec<_>>(),
        [
            (Key::ExternalId, Identifier::Plain("Ab 1")),
            (Key::MobileAdvertiserId, Identifier::Plain(&lower)),
            (Key::PageScopedUserId, Identifier::Plain("17")),
            (Key::AppScopedUserId, Identifier::Plain("4242424242424242")),
        ]
    );
    let mut conversions = Fixture::auto(&header, Api::Conversions);
    assert_eq!(conversions.identify(&cells), Verdict::Keep);
    assert_eq!(
        conversions.row.iter().collect::<Vec<_>>(),
        [
            (Key::ExternalId, Identifier::Sha256(Digest::of("Ab 1"))),
            (Key::MobileAdvertiserId, Identifier::Plain(&lower)),
            (Key::PageScopedUserId, Identifier::Plain("17")),
            (Key::AppScopedUserId, Identifier::Json("4242424242424242")),
        ]
    );
}

#[test]
fn of_a_key_that_takes_one_value_the_first_is_taken() {
    let (first, second) = ("fb.1.1596403881668.1", "fb.1.1596403881668.2");
    let mut fixture = Fixture::auto(&["email", "fbp", "fbp_2"], Api::Conversions);
    for cells in [
        ["a@b.c", first, second],
        ["a@b.c", "", first],
        ["a@b.c", "?", first],
    ] {
        assert_eq!(fixture.identify(&cells), Verdict::Keep);
        let values: Vec<_> = fixture.row.values(Key::BrowserId).collect();
        assert_eq!(values, [Identifier::Plain(first)]);
    }
}

#[test]
fn what_identifies_nobody_makes_no_row() {
    let header = ["email", "client_user_agent", "ig_account_id"];
    let mut fixture = Fixture::auto(&header, Api::Conversions);
    let verdict = fixture.identify(&["", "Mozilla/5.0", "17"]);
    assert_eq!(verdict, rejected(None, Reason::NoIdentifiers));
    assert!(fixture.row.is_empty());
    let verdict = fixture.identify(&["nobody", "Mozilla/5.0", ""]);
    assert_eq!(verdict, rejected(Some(Key::Email), Reason::EmailWithoutAt));

    let mut fixture = Fixture::auto(&["email", "lookalike_value"], Api::CustomAudience);
    let verdict = fixture.identify(&["", "12"]);
    assert_eq!(verdict, rejected(None, Reason::NoIdentifiers));
}

#[test]
fn a_user_agent_makes_an_event_no_stronger() {
    let mut fixture = Fixture::auto(&["city", "client_user_agent", "email"], Api::Conversions);
    let verdict = fixture.identify(&["Paris", "Mozilla/5.0", ""]);
    assert_eq!(verdict, rejected(None, Reason::WeakIdentifiers));
}

#[test]
fn an_advertising_id_of_zeros_is_a_blank() {
    let mut fixture = Fixture::auto(&["email", "madid"], Api::CustomAudience);
    let nobody = "00000000-0000-0000-0000-000000000000";
    assert_eq!(fixture.identify(&["a@b.c", nobody]), Verdict::Keep);
    fixture.assert_hashed(&[(Key::Email, "a@b.c")]);
    assert_eq!(fixture.tally.of(Key::MobileAdvertiserId).filled, 0);
    let verdict = fixture.identify(&["", nobody]);
    assert_eq!(verdict, rejected(None, Reason::NoIdentifiers));
}

#[test]
fn a_member_without_a_valid_value_is_rejected_where_values_are_mapped() {
    let key = Some(Key::LookalikeValue);
    let mut fixture = Fixture::auto(&["email", "lookalike_value"], Api::CustomAudience);
    assert_eq!(fixture.identify(&["a@b.c", "0"]), Verdict::Keep);
    for (cell, reason) in [
        ("", Reason::LookalikeValueMissing),
        ("null", Reason::LookalikeValueMissing),
        ("-1", Reason::LookalikeValueNoNumber),
        ("1,5", Reason::LookalikeValueNoNumber),
    ] {
        assert_eq!(fixture.identify(&["a@b.c", cell]), rejected(key, reason));
        assert!(fixture.row.is_empty());
    }
}

#[test]
fn nobody_is_sent_without_the_limit_that_was_asked_for() {
    for api in APIS {
        let mut fixture = options(api);
        for (cells, key, reason) in [
            (
                ["LDU!", "1", "1000"],
                Key::ProcessingOptions,
                Reason::ProcessingOptionsUnknown,
            ),
            (
                ["LDU", "US", "1000"],
                Key::ProcessingCountry,
                Reason::ProcessingCountryUnknown,
            ),
            (
                ["LDU", "1", "CA"],
                Key::ProcessingState,
                Reason::ProcessingStateUnknown,
            ),
            (
                ["", "1", "CA"],
                Key::ProcessingState,
                Reason::ProcessingStateUnknown,
            ),
        ] {
            let verdict = fixture.identify(&["a@b.c", cells[0], cells[1], cells[2]]);
            assert_eq!(verdict, rejected(Some(key), reason), "{api:?} {cells:?}");
        }
    }
}

#[test]
fn a_member_always_has_options_country_and_state() {
    let mut fixture = options(Api::CustomAudience);
    for (cells, expected) in [
        (["LDU", "1", "1000"], ["[\"LDU\"]", "1", "1000"]),
        (["LDU", "", ""], ["[\"LDU\"]", "0", "0"]),
        (["[]", "0", "0"], ["[]", "0", "0"]),
        (["", "", ""], ["[]", "0", "0"]),
        (["", "1", "1000"], ["[]", "1", "1000"]),
    ] {
        let verdict = fixture.identify(&["a@b.c", cells[0], cells[1], cells[2]]);
        assert_eq!(verdict, Verdict::Keep, "{cells:?}");
        assert_eq!(fixture.processing(), expected, "{cells:?}");
        let keys: Vec<_> = fixture.row.iter().map(|(key, _)| key).collect();
        assert!(keys.is_sorted());
    }
}

#[test]
fn an_event_under_limited_use_says_where_or_has_an_address() {
    let mut fixture = options(Api::Conversions);
    let (nowhere, key) = (Reason::ProcessingPlaceMissing, Some(Key::ProcessingOptions));
    for cells in [["LDU", "", ""], ["LDU", "1", "0"], ["LDU", "", "1000"]] {
        let row = ["a@b.c", cells[0], cells[1], cells[2], ""];
        assert_eq!(fixture.identify(&row), rejected(key, nowhere), "{cells:?}");
        let private = ["a@b.c", cells[0], cells[1], cells[2], "10.0.0.1"];
        assert_eq!(fixture.identify(&private), rejected(key, nowhere));
        let with_address = ["a@b.c", cells[0], cells[1], cells[2], "8.8.8.8"];
        assert_eq!(fixture.identify(&with_address), Verdict::Keep);
    }
    assert_eq!(
        fixture.identify(&["a@b.c", "LDU", "1", "1013", ""]),
        Verdict::Keep
    );
    assert_eq!(fixture.processing(), ["[\"LDU\"]", "1", "1013"]);
    assert_eq!(
        fixture.identify(&["a@b.c", "[]", "", "", ""]),
        Verdict::Keep
    );
    assert_eq!(fixture.processing(), ["[]", "0", "0"]);
    assert_eq!(fixture.identify(&["a@b.c", "", "", "", ""]), Verdict::Keep);
    assert_eq!(fixture.processing(), [""; 0]);
}

#[test]
fn a_hash_of_what_is_wanted_unhashed_is_refused() {
    let hash = const_hex::encode(Digest::of("8.8.8.8"));
    for name in [
        "client_ip_address",
        "client_user_agent",
        "fbp",
        "madid",
        "page_uid",
    ] {
        let mut fixture = Fixture::auto(&["email", name], Api::Conversions);
        assert_eq!(fixture.identify(&["a@b.c", &hash]), Verdict::Keep);
        fixture.assert_hashed(&[(Key::Email, "a@b.c")]);
        let key = fixture.mapping.keys()[1];
        let dropped = fixture.tally.of(key).dropped_for(Reason::HashNotWanted);
        assert_eq!(dropped, 1, "{name}");
    }
}
