#![allow(clippy::unwrap_used)]
use time::macros::date;

use super::*;

fn context(api: Api) -> Context {
    Context::new(api, date!(2026 - 11 - 20))
}

fn auto(names: &[&str], api: Api) -> Result<Mapping, MappingError> {
    let header = Header::new(names.iter().copied());
    Mapping::resolve(&Columns::Auto, &header, context(api))
}

fn named(columns: &[(&str, Key)], names: &[&str]) -> Result<Mapping, MappingError> {
    let columns = columns
        .iter()
        .map(|&(name, key)| Column {
            name: name.to_owned(),
            role: Role::identifier(key),
        })
        .collect();
    let header = Header::new(names.iter().copied());
    Mapping::resolve(&Columns::Named(columns), &header, context(Api::Conversions))
}

const GUIDANCE: [&str; 8] = [
    "c_customer_id",
    "c_first_name",
    "c_last_name",
    "c_birth_day",
    "c_birth_month",
    "c_birth_year",
    "c_email_address",
    "ss_net_paid",
];

#[test]
fn auto_maps_the_guidance_s_file_for_either_api() {
    let conversions = auto(&GUIDANCE, Api::Conversions).unwrap();
    assert_eq!(
        conversions.keys(),
        [
            Key::ExternalId,
            Key::Email,
            Key::BirthDate,
            Key::LastName,
            Key::FirstName
        ]
    );
    assert_eq!(conversions.event_position(EventField::Value), Some(7));
    assert_eq!(conversions.event_position(EventField::Currency), None);
    assert_eq!(conversions.unmapped(), [7], "until an event wants it");

    let audience = auto(&GUIDANCE, Api::CustomAudience).unwrap();
    assert_eq!(
        audience.keys(),
        [
            Key::ExternalId,
            Key::Email,
            Key::BirthYear,
            Key::BirthMonth,
            Key::BirthDay,
            Key::LastName,
            Key::FirstName
        ]
    );
}

#[test]
fn a_birth_date_takes_the_form_of_its_destination() {
    assert_eq!(
        auto(&["dob"], Api::Conversions).unwrap().keys(),
        [Key::BirthDate]
    );
    assert_eq!(
        auto(&["dob"], Api::CustomAudience).unwrap().keys(),
        [Key::BirthYear, Key::BirthMonth, Key::BirthDay]
    );
    assert_eq!(
        auto(&["doby", "email"], Api::CustomAudience)
            .unwrap()
            .keys(),
        [Key::Email, Key::BirthYear]
    );
    assert_eq!(
        auto(&["doby", "email"], Api::Conversions).unwrap().keys(),
        [Key::Email]
    );
    assert_eq!(
        auto(&["doby", "email"], Api::Conversions)
            .unwrap()
            .source_keys(),
        [Key::Email, Key::BirthYear]
    );
}

#[test]
fn auto_takes_several_columns_of_one_key_and_counts_the_unknown() {
    // The head of Meta's own list template.
    let mapping = auto(
        &[
            "email", "email", "email", "phone", "phone", "madid", "fn", "ln", "uid", "value",
        ],
        Api::CustomAudience,
    )
    .unwrap();
    assert_eq!(
        mapping.keys(),
        [
            Key::Email,
            Key::Phone,
            Key::LastName,
            Key::FirstName,
            Key::MobileAdvertiserId
        ]
    );
    assert_eq!(mapping.sources.len(), 8);
    assert_eq!(
        mapping.unmapped(),
        [8, 9],
        "audiences have no value of an event"
    );
}

#[test]
fn auto_leaves_columns_of_the_other_api_alone() {
    let header = ["email", "client_ip_address", "fbp", "FI", "lookalike_value"];
    let conversions = auto(&header, Api::Conversions).unwrap();
    let browser = [Key::Email, Key::ClientIpAddress, Key::BrowserId];
    assert_eq!(conversions.keys(), browser);
    assert_eq!(conversions.unmapped().len(), 2);
    let audience = auto(&header, Api::CustomAudience).unwrap();
    let list = [Key::Email, Key::FirstInitial, Key::LookalikeValue];
    assert_eq!(audience.keys(), list);
    assert_eq!(audience.unmapped().len(), 2);
}

#[test]
fn a_named_column_of_the_other_api_is_a_fault() {
    let error = named(
        &[("mail", Key::Email), ("f", Key::FirstInitial)],
        &["mail", "f"],
    );
    assert!(
        error
            .unwrap_err()
            .to_string()
            .contains("first_initial is no key of route.conversions: leave its column out")
    );
}

#[test]
fn options_bring_country_and_state_and_these_do_not_come_alone() {
    for api in [Api::Conversions, Api::CustomAudience] {
        let mapping = auto(&["email", "data_processing_options"], api).unwrap();
        let keys = [
            Key::Email,
            Key::ProcessingOptions,
            Key::ProcessingCountry,
            Key::ProcessingState,
        ];
        assert_eq!(mapping.keys(), keys);
        let error = auto(&["email", "data_processing_options_state"], api);
        let fault = MappingFault::PlaceWithoutOptions;
        assert_eq!(error.unwrap_err().faults, [fault]);
    }
}

#[test]
fn what_decides_about_a_row_has_one_column() {
    let header = ["email", "lookalike_value", "lookalike_value_2"];
    let error = auto(&header, Api::CustomAudience).unwrap_err();
    let key = Key::LookalikeValue;
    assert_eq!(error.faults, [MappingFault::SeveralDecide { key }]);
    auto(&header, Api::Conversions).unwrap();
}

#[test]
fn what_identifies_nobody_makes_no_mapping() {
    for name in [
        "client_user_agent",
        "data_processing_options",
        "ig_account_id",
    ] {
        let error = auto(&[name], Api::Conversions).unwrap_err();
        assert_eq!(error.faults, [MappingFault::NothingRecognised]);
    }
    let error = named(&[("ua", Key::ClientUserAgent)], &["ua"]).unwrap_err();
    assert_eq!(error.faults, [MappingFault::NoIdentifierConfigured]);
}

#[test]
fn to_take_people_off_a_list_only_identifiers_are_read() {
    let header = ["email", "lookalike_value", "data_processing_options"];
    let mapping = auto(&header, Api::CustomAudience).unwrap();
    assert_eq!(mapping.keys().len(), 5);
    assert_eq!(mapping.identifiers_only().keys(), [Key::Email]);
}

#[test]
fn unmapped_columns_are_the_file_s_own_that_nothing_is_read_from() {
    let columns = [("id", Key::ExternalId), ("country", Key::Country)];
    let columns = columns.map(|(name, key)| Column {
        name: name.to_owned(),
        role: Role::identifier(key),
    });
    // The last two are spelt out by folders.
    let header = Header::new(["a", "id", "paid", "b", "country", "dt"]).of_which_own(4);
    let columns = Columns::Named(columns.to_vec());
    let mut mapping = Mapping::resolve(&columns, &header, context(Api::Conversions)).unwrap();
    assert_eq!(mapping.unmapped(), [0, 2, 3]);
    mapping.also_used(2);
    mapping.also_used(5);
    assert_eq!(
        (mapping.unmapped(), mapping.unmapped().len()),
        (&[0, 3][..], 2)
    );
}

#[test]
fn names_of_folders_hide_no_fault_of_the_file_s_header() {
    let resolve = |names: [&'static str; 3], own| {
        let header = Header::new(names).of_which_own(own);
        Mapping::resolve(&Columns::Auto, &header, context(Api::Conversions))
    };
    let error = resolve(["col0", "col1", "email"], 2).unwrap_err();
    assert_eq!(error.faults, [MappingFault::NothingRecognised]);
    assert_eq!((error.columns, error.look), (2, HeaderLook::Generated));
    assert!(resolve(["col0", "email", "country"], 2).is_ok());
}

#[test]
fn all_faults_are_told_at_once_and_by_position() {
    let error = named(
        &[
            ("c_email", Key::Email),
            ("telefon", Key::Phone),
            ("zip", Key::Zip),
        ],
        &["C Email", "zip", "city", "zip"],
    )
    .unwrap_err();
    assert_eq!(
        error.faults,
        [
            MappingFault::Missing {
                column: "c_email".into(),
                similar: Some(1)
            },
            MappingFault::Missing {
                column: "telefon".into(),
                similar: None
            },
            MappingFault::Repeated {
                column: "zip".into(),
                positions: vec![2, 4]
            },
        ]
    );
    assert_eq!(
        error.to_string(),
        "the header of 4 columns does not fit the route: there is no column `c_email` \
         (column 1 is nearly so called); there is no column `telefon`; `zip` is the name of \
         columns 2, 4: rename all but one"
    );
}

#[test]
fn a_slip_in_a_name_is_noticed() {
    let similar =
        |wanted, found| match &named(&[(wanted, Key::Email)], &[found]).unwrap_err().faults[..] {
            [MappingFault::Missing { similar, .. }] => similar.is_some(),
            _ => false,
        };
    assert!(similar("c_email_address", "c_emial_adress"));
    assert!(similar("email", "emial"));
    assert!(!similar("email", "phone"));
    assert!(!similar("em", "ln"));
}

#[test]
fn a_file_without_its_header_is_refused_and_nobody_is_named() {
    for api in [Api::Conversions, Api::CustomAudience] {
        let error = auto(&["Mary", "Last", "mary@example.com", "+16505551212"], api).unwrap_err();
        assert_eq!(error.look, HeaderLook::Data);
        assert_eq!(error.faults, [MappingFault::NothingRecognised]);
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("mary") && !shown.contains("Mary") && !shown.contains("650"));

        let error = auto(&["col0", "col1"], api).unwrap_err();
        assert_eq!(error.look, HeaderLook::Generated);
        assert!(error.to_string().contains("generated"));
    }
    let error = named(&[("email", Key::Email)], &["mary@example.com"]).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("mary"));
}

#[test]
fn a_static_place_of_limited_data_use_needs_options_of_the_file_or_the_route() {
    let context = context(Api::CustomAudience);
    let value = |key, text| StaticValue::new(key, text, None, &context).unwrap();
    let place = value(Key::ProcessingState, "1000");
    let options = value(Key::ProcessingOptions, "LDU");
    let resolve = |names: &[&'static str], statics: &[StaticValue]| {
        let header = Header::new(names.iter().copied());
        Mapping::resolve_with(&Columns::Auto, statics, &header, context)
    };
    let error = resolve(&["email"], std::slice::from_ref(&place)).unwrap_err();
    assert_eq!(error.faults, [MappingFault::PlaceWithoutOptions]);
    resolve(&["email"], &[place.clone(), options]).unwrap();
    resolve(&["email", "data_processing_options"], &[place]).unwrap();
}

#[test]
fn a_route_needs_an_identifier() {
    let columns = Columns::Named(vec![Column {
        name: "consent".into(),
        role: Role::OnlyIf {
            values: vec!["Y".into()],
        },
    }]);
    let error = Mapping::resolve(
        &columns,
        &Header::new(["consent"]),
        context(Api::Conversions),
    )
    .unwrap_err();
    assert_eq!(error.faults, [MappingFault::NoIdentifierConfigured]);
}
