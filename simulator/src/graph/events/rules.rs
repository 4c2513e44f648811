//! What makes an event valid, in Meta's order of codes as far as it is known.

use std::net::IpAddr;

use super::{
    user_key::{UserKey, UserKeys},
    wire::{AppData, Event, UserData},
};
use crate::graph::{
    GraphError,
    text::{Scalar, Text, is_sha256},
};

const DAY: i64 = 24 * 60 * 60;
/// Meta states no tolerance for events from the future; a minute is third-party lore.
const FUTURE_TOLERANCE: i64 = 60;
/// Fields of an app's `extinfo`.
const EXTINFO: usize = 16;

const ACTION_SOURCES: [&str; 9] = [
    "email",
    "website",
    "app",
    "phone_call",
    "chat",
    "physical_store",
    "system_generated",
    "business_messaging",
    "other",
];

const CUSTOMER_SEGMENTATIONS: [&str; 9] = [
    "new_customer_to_business",
    "new_customer_to_business_line",
    "new_customer_to_product_area",
    "new_customer_to_medium",
    "existing_customer_to_business",
    "existing_customer_to_business_line",
    "existing_customer_to_product_area",
    "existing_customer_to_medium",
    "customer_in_loyalty_program",
];

const DELIVERY_CATEGORIES: [&str; 3] = ["in_store", "curbside", "home_delivery"];

const CONTENT_TYPES: [&str; 2] = ["product", "product_group"];

/// Codes of states with a law of their own: from 1000 on, and Meta adds to them.
const STATES: std::ops::Range<i64> = 1_000..2_000;

/// Checks one event against the clock (`now` in Unix seconds).
pub(super) fn check(event: &Event<'_>, now: i64) -> Result<(), GraphError> {
    let name = required(event.event_name.as_ref(), "event_name")?;
    let action_source = required(event.action_source.as_ref(), "action_source")?;
    if !ACTION_SOURCES.contains(&action_source) {
        return Err(GraphError::parameter(
            "Param action_source must be one of the known sources",
        ));
    }
    let time = event.event_time.ok_or_else(|| missing("event_time"))?;
    check_time(time, action_source, now)?;
    let user_data = event
        .user_data
        .as_ref()
        .ok_or_else(|| missing("user_data"))?;
    check_user_data(user_data)?;
    check_purchase(event, name)?;
    check_words(event)?;
    check_processing_options(event, user_data)?;
    if event
        .event_source_url
        .as_ref()
        .is_some_and(|url| !is_web_address(&url.0))
    {
        return Err(GraphError::parameter(
            "Param event_source_url must be a URL",
        ));
    }
    match action_source {
        "website" => required(event.event_source_url.as_ref(), "event_source_url").map(drop),
        "app" => check_app_data(event.app_data.as_ref()),
        _ => Ok(()),
    }
}

/// An app's event tells of the device in sixteen fields, the first of which says of
/// which system it is.
fn check_app_data(app_data: Option<&AppData<'_>>) -> Result<(), GraphError> {
    let app_data = app_data.ok_or_else(|| missing("app_data"))?;
    let extinfo = app_data
        .extinfo
        .as_ref()
        .ok_or_else(|| missing("extinfo"))?;
    let version = extinfo.first().map(|Scalar(version)| version.as_ref());
    if extinfo.len() == EXTINFO && matches!(version, Some("a2" | "i2")) {
        return Ok(());
    }
    Err(GraphError::parameter(
        "Param extinfo must have 16 values, of which the first is a2 or i2",
    ))
}

/// Seven days back, sixty-two for what happened in a shop.
fn check_time(time: i64, action_source: &str, now: i64) -> Result<(), GraphError> {
    let days = if action_source == "physical_store" {
        62
    } else {
        7
    };
    if time < now.saturating_sub(days * DAY) {
        return Err(GraphError::data(2_804_003, "Event timestamp too old"));
    }
    if time > now.saturating_add(FUTURE_TOLERANCE) {
        return Err(GraphError::data(2_804_003, "Event timestamp in the future"));
    }
    Ok(())
}

fn check_user_data(user_data: &UserData<'_>) -> Result<(), GraphError> {
    let mut keys = UserKeys::default();
    for (key, value) in &user_data.values {
        if key.is_hashed() && !is_sha256(&value.0) {
            return Err(GraphError::data(
                2_804_016,
                &format!("The user parameter {} is not hashed", key.name()),
            ));
        }
        // A blank says nothing of anybody.
        if !value.0.is_empty() {
            keys = keys | *key;
        }
    }
    if !user_data.of(UserKey::ClientIpAddress).all(is_public) {
        return Err(GraphError::parameter(
            "Param client_ip_address must be a public IP address",
        ));
    }
    if !user_data.of(UserKey::ClickId).all(is_cookie)
        || !user_data.of(UserKey::BrowserId).all(is_cookie)
    {
        return Err(GraphError::parameter(
            "Param fbc or fbp must be written as in its cookie",
        ));
    }
    if keys.are_weak() {
        return Err(GraphError::data(
            2_804_050,
            "This event doesn't have enough customer information parameters",
        ));
    }
    Ok(())
}

/// An address that may be a visitor's: not one of a private network or of the machine
/// itself.
fn is_public(address: &str) -> bool {
    let address = address
        .parse()
        .map(|address: IpAddr| address.to_canonical());
    address.is_ok_and(|address| match address {
        IpAddr::V4(v4) => {
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_broadcast()
                || v4.is_multicast())
        }
        IpAddr::V6(v6) => {
            !(v6.is_unique_local()
                || v6.is_loopback()
                || v6.is_unicast_link_local()
                || v6.is_unspecified()
                || v6.is_multicast())
        }
    })
}

/// `fb.1.1554763741205.AbCd`: the domain's index, milliseconds, and what the cookie is of.
fn is_cookie(text: &str) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = text.splitn(4, '.');
    parts.next() == Some("fb")
        && parts.next().is_some_and(digits)
        && parts.next().is_some_and(digits)
        && parts.next().is_some_and(|rest| !rest.is_empty())
}

fn is_web_address(text: &str) -> bool {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    host.is_some_and(|host| host.starts_with(|first: char| first.is_alphanumeric() || first == '['))
}

/// Members that hold one of a few words, of the event, its `custom_data` and what was bought.
fn check_words(event: &Event<'_>) -> Result<(), GraphError> {
    let data = event.custom_data.as_ref();
    let contents = data.and_then(|data| data.contents.as_deref());
    let of_contents = contents.unwrap_or_default().iter();
    let in_data = data.map_or([None; 3], |data| {
        [
            data.customer_segmentation.as_ref(),
            data.delivery_category.as_ref(),
            data.content_type.as_ref(),
        ]
    });
    let [segmentation, delivery, content_type] = in_data;
    let own_segmentation = event.customer_segmentation.as_ref();
    let one = |member: Option<&Text<'_>>, words: &[&str]| {
        member.is_none_or(|Text(word)| words.contains(&word.as_ref()))
    };
    let are_known = one(segmentation, &CUSTOMER_SEGMENTATIONS)
        && one(own_segmentation, &CUSTOMER_SEGMENTATIONS)
        && one(delivery, &DELIVERY_CATEGORIES)
        && one(content_type, &CONTENT_TYPES)
        && of_contents
            .map(|content| content.delivery_category.as_ref())
            .all(|delivery| one(delivery, &DELIVERY_CATEGORIES));
    if are_known {
        return Ok(());
    }
    Err(GraphError::parameter(
        "A member of the event is none of the words that are known for it",
    ))
}

fn check_purchase(event: &Event<'_>, name: &str) -> Result<(), GraphError> {
    let custom_data = event.custom_data.as_ref();
    let value = custom_data.and_then(|data| data.value);
    if name == "Purchase" && value.is_none() {
        return Err(GraphError::data(
            2_804_009,
            "The parameter value is required for Purchase",
        ));
    }
    let currency = custom_data.and_then(|data| data.currency.as_ref());
    match currency {
        Some(Text(code)) if is_currency(code) => Ok(()),
        Some(_) => Err(GraphError::parameter(
            "Param currency must be an ISO 4217 code",
        )),
        None if value.is_some() => Err(missing("currency")),
        None => Ok(()),
    }
}

/// Three letters of either case; whether the currency exists is not looked up.
fn is_currency(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Limited Data Use: no option but `LDU`, never a country without a state, and without
/// both an address to find them by.
fn check_processing_options(event: &Event<'_>, user_data: &UserData<'_>) -> Result<(), GraphError> {
    let options = event.data_processing_options.as_deref().unwrap_or_default();
    if options.iter().any(|Text(option)| option != "LDU") {
        return Err(GraphError::parameter(
            "Param data_processing_options knows only LDU",
        ));
    }
    let country = event.data_processing_options_country;
    let state = event.data_processing_options_state;
    match (country, state) {
        (Some(_), None) => return Err(missing("data_processing_options_state")),
        (None, Some(_)) => return Err(missing("data_processing_options_country")),
        _ => {}
    }
    let is_code = |country: i64, state: i64| {
        matches!(country, 0 | 1) && (state == 0 || STATES.contains(&state))
    };
    if !is_code(country.unwrap_or(0), state.unwrap_or(0)) {
        return Err(GraphError::parameter(
            "Param data_processing_options_country or _state is no code of a place",
        ));
    }
    let is_told = country.is_some_and(|code| code != 0) && state.is_some_and(|code| code != 0);
    let has_address = user_data.of(UserKey::ClientIpAddress).next().is_some();
    if options.is_empty() || is_told || has_address {
        Ok(())
    } else {
        Err(missing("client_ip_address"))
    }
}

fn required<'e>(text: Option<&'e Text<'_>>, name: &str) -> Result<&'e str, GraphError> {
    match text {
        Some(Text(text)) if !text.is_empty() => Ok(text),
        _ => Err(missing(name)),
    }
}

fn missing(name: &str) -> GraphError {
    GraphError::parameter(format!("The parameter {name} is required"))
}
