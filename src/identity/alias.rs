//! What exports call their columns: the names that `columns = "auto"` recognises.
//!
//! Meta's own of both APIs and of its list template, the guidance's sample data (TPC-DS:
//! `c_email_address`, `ss_net_paid`), and what Salesforce, Segment, Hightouch and shop
//! exports write. Case, spaces and separators do not matter, nor does a prefix or suffix
//! that only says where a value is from, that it is hashed, or which one it is.
//!
//! Not recognised on purpose: AWS Entity Resolution's bookkeeping (`MatchID`,
//! `InputSourceARN`, `ConfidenceLevel`, …), and what may be anything's: a bare `id`, `name`,
//! `date`, `ip` or `uid`; `lead_id`, which is more often a CRM's than Meta's; `page_id`, which
//! is often a web page's; `anonymous_id`, which is Segment's. A `value` is that of an event,
//! though Meta's list template calls what a person is worth so: only some audiences take
//! that, so that its column has to be called `lookalike_value` or be named.

use super::key::Key;

/// What a header's name says its column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alias {
    Identifier(Key),
    Event(EventField),
}

/// A field of an event that is no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventField {
    Value,
    Currency,
    EventTime,
    EventId,
    OrderId,
}

impl EventField {
    pub const ALL: [EventField; 5] = [
        EventField::Value,
        EventField::Currency,
        EventField::EventTime,
        EventField::EventId,
        EventField::OrderId,
    ];
}

/// Where a value is from: dropped from the front.
const ORIGINS: [&[&str]; 12] = [
    &["user", "data"],
    &["context", "traits"],
    &["context", "device"],
    &["context"],
    &["traits"],
    &["properties"],
    &["default", "address"],
    &["address"],
    &["hashed"],
    &["sha256"],
    &["ca"], // TPC-DS customer_address
    &["c"],  // TPC-DS customer
];

/// What it was made of, or which of several it is: dropped from the end.
const FORMS: [&str; 4] = ["sha256", "sha", "hash", "hashed"];

/// What a column of this name holds, as far as names tell.
pub fn alias(header: &str) -> Option<Alias> {
    let lower = header.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    known(&words).or_else(|| known(essential(&words)))
}

/// The words without origin, form and number.
fn essential<'w, 'a>(mut words: &'w [&'a str]) -> &'w [&'a str] {
    for origin in ORIGINS {
        words = words.strip_prefix(origin).unwrap_or(words);
    }
    while let [rest @ .., last] = words
        && (FORMS.contains(last) || last.bytes().all(|b| b.is_ascii_digit()))
    {
        words = rest;
    }
    words
}

fn known(words: &[&str]) -> Option<Alias> {
    // The one place where a separator matters: `birthday` is a date, `birth_day` a day.
    if words == ["birth", "day"] {
        return Some(Alias::Identifier(Key::BirthDay));
    }
    let name = words.concat();
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    identifier(name)
        .map(Alias::Identifier)
        .or_else(|| event_field(name).map(Alias::Event))
}

fn identifier(name: &str) -> Option<Key> {
    Some(match name {
        "em" | "email" | "mail" | "emailaddress" | "mailaddress" | "useremail"
        | "customeremail" | "contactemail" | "personemail" | "primaryemail" | "billingemail"
        | "homeemail" | "workemail" => Key::Email,

        "ph" | "phone" | "phonenumber" | "phoneno" | "mobile" | "mobilephone" | "mobilenumber"
        | "mobilephonenumber" | "cell" | "cellphone" | "telephone" | "telephonenumber" | "tel"
        | "msisdn" | "userphone" | "customerphone" | "personmobilephone" | "homephone"
        | "billingphone" | "primaryphone" | "workphone" => Key::Phone,

        "fn" | "first" | "firstname" | "fname" | "givenname" | "forename" | "billingfirstname"
        | "customerfirstname" | "namefirst" => Key::FirstName,
        "ln" | "last" | "lastname" | "lname" | "surname" | "familyname" | "billinglastname"
        | "customerlastname" | "namelast" => Key::LastName,
        "fi" | "firstinitial" | "firstnameinitial" | "firstnamefirstletter" => Key::FirstInitial,

        "ge" | "gen" | "gender" | "sex" => Key::Gender,

        "db" | "dob" | "dateofbirth" | "birthdate" | "birthday" | "personbirthdate" => {
            Key::BirthDate
        }
        "doby" | "yob" | "birthyear" | "yearofbirth" | "dobyear" => Key::BirthYear,
        "dobm" | "birthmonth" | "monthofbirth" | "dobmonth" => Key::BirthMonth,
        "dobd" | "dayofbirth" | "dobday" => Key::BirthDay,

        "ct" | "city" | "town" | "locality" | "mailingcity" | "personmailingcity"
        | "billingcity" | "homecity" => Key::City,
        "st"
        | "state"
        | "province"
        | "provincecode"
        | "stateprovince"
        | "statecode"
        | "region"
        | "mailingstate"
        | "mailingstateprovince"
        | "personmailingstate"
        | "billingstate"
        | "billingstateprovince" => Key::State,
        "zp"
        | "zip"
        | "zipcode"
        | "postalcode"
        | "postcode"
        | "postal"
        | "zippostalcode"
        | "mailingpostalcode"
        | "personmailingpostalcode"
        | "mailingzip"
        | "mailingzippostalcode"
        | "billingzippostalcode"
        | "billingzip"
        | "billingpostalcode"
        | "billingpostcode" => Key::Zip,
        "country"
        | "countrycode"
        | "countryregion"
        | "ctry"
        | "mailingcountry"
        | "personmailingcountry"
        | "billingcountry" => Key::Country,

        "externalid" | "externid" | "extid" | "customerid" | "userid" | "memberid"
        | "loyaltyid" | "crmid" | "subscriberid" | "subscriberkey" | "contactid" | "contactkey"
        | "personid" => Key::ExternalId,

        "madid"
        | "maid"
        | "idfa"
        | "gaid"
        | "aaid"
        | "advertisingid"
        | "advertiserid"
        | "mobileadid"
        | "mobileadvertiserid"
        | "mobileadvertisingid"
        | "deviceadvertisingid"
        | "googleadvertisingid"
        | "androidadvertisingid"
        | "appleidfa" => Key::MobileAdvertiserId,
        "lookalikevalue" => Key::LookalikeValue,
        "pageuid" | "pagescopeduserid" | "pagescopedid" => Key::PageScopedUserId,
        "appuid" | "appscopeduserid" | "appscopedid" | "fbloginid" | "facebookloginid" => {
            Key::AppScopedUserId
        }
        "dataprocessingoptions" => Key::ProcessingOptions,
        "dataprocessingoptionscountry" => Key::ProcessingCountry,
        "dataprocessingoptionsstate" => Key::ProcessingState,

        "clientipaddress" | "clientip" | "ipaddress" | "useripaddress" | "userip" | "contextip" => {
            Key::ClientIpAddress
        }
        "clientuseragent" | "useragent" | "browseruseragent" => Key::ClientUserAgent,
        "fbc" => Key::ClickId,
        "fbp" => Key::BrowserId,
        "subscriptionid" => Key::SubscriptionId,
        "metaleadid" | "facebookleadid" | "fbleadid" => Key::LeadId,
        "anonid" => Key::AnonymousId,
        "metapageid" | "facebookpageid" | "fbpageid" => Key::PageId,
        "ctwaclid" => Key::WhatsAppClickId,
        "igaccountid" | "instagramaccountid" => Key::InstagramAccountId,
        "igsid" | "instagramscopedid" | "instagramscopeduserid" => Key::InstagramScopedId,
        _ => return None,
    })
}

fn event_field(name: &str) -> Option<EventField> {
    Some(match name {
        "value" | "amount" | "revenue" | "ordervalue" | "orderamount" | "ordertotal"
        | "purchasevalue" | "purchaseamount" | "transactionvalue" | "transactionamount"
        | "eventvalue" | "conversionvalue" | "totalprice" | "netpaid" | "ssnetpaid"
        | "wsnetpaid" | "csnetpaid" => EventField::Value,
        "currency" | "currencycode" | "eventcurrency" | "ordercurrency" => EventField::Currency,
        "eventtime" | "eventtimestamp" | "timestamp" | "conversiontime" | "transactiontime"
        | "transactiondate" | "purchasetime" | "purchasedate" | "ordertime" | "orderdate" => {
            EventField::EventTime
        }
        "eventid" => EventField::EventId,
        "orderid" | "ordernumber" | "orderno" | "transactionid" => EventField::OrderId,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(header: &str) -> Option<Key> {
        match alias(header) {
            Some(Alias::Identifier(key)) => Some(key),
            _ => None,
        }
    }

    #[test]
    fn the_guidance_s_sample_header_is_recognised() {
        for (header, expected) in [
            ("c_customer_id", Alias::Identifier(Key::ExternalId)),
            ("c_first_name", Alias::Identifier(Key::FirstName)),
            ("c_last_name", Alias::Identifier(Key::LastName)),
            ("c_birth_day", Alias::Identifier(Key::BirthDay)),
            ("c_birth_month", Alias::Identifier(Key::BirthMonth)),
            ("c_birth_year", Alias::Identifier(Key::BirthYear)),
            ("c_email_address", Alias::Identifier(Key::Email)),
            ("ss_net_paid", Alias::Event(EventField::Value)),
        ] {
            assert_eq!(alias(header), Some(expected), "{header}");
        }
    }

    #[test]
    fn meta_s_own_names_are_recognised_in_any_case() {
        use super::super::key::Api;
        let unclear = |key: &Key| matches!(key, Key::LeadId | Key::PageId);
        for expected in Key::ALL.into_iter().filter(|key| !unclear(key)) {
            assert_eq!(key(expected.name()), Some(expected));
            for api in [Api::Conversions, Api::CustomAudience] {
                if let Some(name) = expected.wire_name(api) {
                    assert_eq!(key(name), Some(expected));
                    assert_eq!(key(&name.to_uppercase()), Some(expected));
                }
            }
        }
    }

    #[test]
    fn separators_forms_and_numbers_do_not_matter() {
        for header in [
            "E-Mail",
            "email_2",
            "Email 1",
            "email1",
            "EMAIL_SHA256",
            "hashed_email",
            "email-hash",
            "user_data.em",
            "traits.email",
            "sha256_email_address",
        ] {
            assert_eq!(key(header), Some(Key::Email), "{header}");
        }
        assert_eq!(key("birthday"), Some(Key::BirthDate));
        assert_eq!(key("Birth Day"), Some(Key::BirthDay));
        assert_eq!(key("PersonMailingPostalCode"), Some(Key::Zip));
        assert_eq!(key("ca_state"), Some(Key::State));
    }

    #[test]
    fn exports_of_known_tools_are_recognised() {
        for (header, expected) in [
            // Meta's list template.
            ("madid", Key::MobileAdvertiserId),
            ("dob", Key::BirthDate),
            // Segment.
            ("traits.firstName", Key::FirstName),
            ("context.traits.address.postalCode", Key::Zip),
            ("traits.address.state", Key::State),
            ("context.device.advertisingId", Key::MobileAdvertiserId),
            ("context.ip", Key::ClientIpAddress),
            ("context.userAgent", Key::ClientUserAgent),
            // Salesforce.
            ("Mailing State/Province", Key::State),
            ("Mailing Zip/Postal Code", Key::Zip),
            ("SubscriberKey", Key::ExternalId),
            // Entity Resolution, Clean Rooms.
            ("NAME_FIRST", Key::FirstName),
            ("ADDRESS_POSTALCODE", Key::Zip),
            ("hashed_email", Key::Email),
            // Shops.
            ("Default Address Province Code", Key::State),
            ("Default Address Country Code", Key::Country),
            // Hightouch, and Meta's names of other tools.
            ("mobile_advertiser_id", Key::MobileAdvertiserId),
            ("IDFA", Key::MobileAdvertiserId),
            ("Google Advertising ID", Key::MobileAdvertiserId),
            ("page_uid", Key::PageScopedUserId),
            ("user_data.fbc", Key::ClickId),
            ("_fbp", Key::BrowserId),
            ("facebook_lead_id", Key::LeadId),
        ] {
            assert_eq!(key(header), Some(expected), "{header}");
        }
    }

    #[test]
    fn bookkeeping_and_unclear_names_are_not_identifiers() {
        for header in [
            "",
            "_",
            "id",
            "name",
            "date",
            "ip",
            "uid",
            "adid",
            "lead_id",
            "page_id",
            "anonymousId",
            "ltv",
            "context",
            "address",
            "address_2",
            "context.page.url",
            "MatchID",
            "InputSourceARN",
            "ConfidenceLevel",
            "MatchRule",
            "HashingProtocol",
            "Source",
            "RecordId",
            "c_birth_country",
            "c_customer_sk",
            "col0",
            "2",
            "c",
            "mary@example.com",
        ] {
            assert_eq!(alias(header), None, "{header}");
        }
    }
}
