//! The keys of a person, and what each API calls them and how it wants them written.
//!
//! Left out on purpose: the Conversions keys `f5first`, `f5last`, `fi`, `dobd`, `dobm`
//! and `doby`, which Meta's SDK knows and its parameters page does not, and the partners'
//! `partner_id` and `partner_name`.

use std::fmt;

/// The two upload paths of Meta. They share the normalisation of nearly every
/// key, but not the keys' names, and not what is sent unhashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    Conversions,
    CustomAudience,
}

/// How a key's values stand in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wire {
    /// SHA-256, in hexadecimal.
    Sha256,
    /// A JSON string.
    Text,
    /// A JSON number or list.
    Json,
}

macro_rules! keys {
    ($($(#[$doc:meta])* $key:ident $name:literal, $conversions:expr, $audience:expr;)+) => {
        /// What a source column holds.
        ///
        /// A date of birth may come whole or in three parts, and either form serves
        /// either API: Conversions takes one `db`, audiences take three columns.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Key {
            $($(#[$doc])* $key,)+
        }

        impl Key {
            /// Every key: first in the order of the columns of an audience upload, then
            /// those that only Conversions know.
            pub const ALL: [Key; [$(Key::$key),+].len()] = [$(Key::$key),+];

            /// The name used in configuration, receipts and metrics: `email`, `birth_year`, …
            pub const fn name(self) -> &'static str {
                match self { $(Key::$key => $name,)+ }
            }

            /// What the API calls this key; `None` if it does not know it.
            ///
            /// This is what a date of birth comes down to: Conversions take it whole, as
            /// `db`, audiences in three columns. Source: Meta's "Customer Information
            /// Parameters" and "Customer File Custom Audiences".
            pub const fn wire_name(self, api: Api) -> Option<&'static str> {
                let (conversions, audience): (Option<&str>, Option<&str>) = match self {
                    $(Key::$key => ($conversions, $audience),)+
                };
                match api {
                    Api::Conversions => conversions,
                    Api::CustomAudience => audience,
                }
            }
        }
    };
}

keys! {
    ExternalId "external_id", Some("external_id"), Some("EXTERN_ID");
    Email "email", Some("em"), Some("EMAIL");
    Phone "phone", Some("ph"), Some("PHONE");
    Gender "gender", Some("ge"), Some("GEN");
    BirthDate "birth_date", Some("db"), None;
    BirthYear "birth_year", None, Some("DOBY");
    BirthMonth "birth_month", None, Some("DOBM");
    BirthDay "birth_day", None, Some("DOBD");
    LastName "last_name", Some("ln"), Some("LN");
    FirstName "first_name", Some("fn"), Some("FN");
    FirstInitial "first_initial", None, Some("FI");
    City "city", Some("ct"), Some("CT");
    State "state", Some("st"), Some("ST");
    Zip "zip", Some("zp"), Some("ZIP");
    Country "country", Some("country"), Some("COUNTRY");
    /// The advertising id of a mobile device.
    MobileAdvertiserId "madid", Some("madid"), Some("MADID");
    /// What a person is worth, for audiences that are based on value.
    LookalikeValue "lookalike_value", None, Some("LOOKALIKE_VALUE");
    /// A person's id towards one page.
    PageScopedUserId "page_scoped_user_id", Some("page_scoped_user_id"), Some("PAGEUID");
    /// A person's id towards one app; Conversions call it the id of Facebook Login.
    AppScopedUserId "app_scoped_user_id", Some("fb_login_id"), Some("APPUID");
    /// Limited Data Use, of a member or of an event.
    ProcessingOptions "data_processing_options",
        Some("data_processing_options"), Some("DATA_PROCESSING_OPTIONS");
    ProcessingCountry "data_processing_options_country",
        Some("data_processing_options_country"), Some("DATA_PROCESSING_OPTIONS_COUNTRY");
    ProcessingState "data_processing_options_state",
        Some("data_processing_options_state"), Some("DATA_PROCESSING_OPTIONS_STATE");
    ClientIpAddress "client_ip_address", Some("client_ip_address"), None;
    ClientUserAgent "client_user_agent", Some("client_user_agent"), None;
    /// Meta's click id, from the cookie `_fbc`.
    ClickId "fbc", Some("fbc"), None;
    /// Meta's browser id, from the cookie `_fbp`.
    BrowserId "fbp", Some("fbp"), None;
    SubscriptionId "subscription_id", Some("subscription_id"), None;
    /// The id of a lead from a form of Meta's.
    LeadId "lead_id", Some("lead_id"), None;
    /// The id of an app's installation.
    AnonymousId "anon_id", Some("anon_id"), None;
    PageId "page_id", Some("page_id"), None;
    /// The id of a click on an ad that leads to WhatsApp.
    WhatsAppClickId "ctwa_clid", Some("ctwa_clid"), None;
    InstagramAccountId "ig_account_id", Some("ig_account_id"), None;
    InstagramScopedId "ig_sid", Some("ig_sid"), None;
}

impl Key {
    /// How the API wants the key's values. Audiences want the external id as it is;
    /// Conversions take the ids of logins and leads as integers. (Meta, as above.)
    pub const fn wire(self, api: Api) -> Wire {
        match (self, api) {
            (Key::ExternalId, Api::CustomAudience) => Wire::Text,
            (Key::AppScopedUserId, Api::CustomAudience) => Wire::Text,
            (Key::AppScopedUserId | Key::LeadId, _) => Wire::Json,
            (Key::LookalikeValue, _) => Wire::Json,
            (Key::ProcessingOptions | Key::ProcessingCountry | Key::ProcessingState, _) => {
                Wire::Json
            }
            (Key::MobileAdvertiserId | Key::PageScopedUserId, _) => Wire::Text,
            (Key::ClientIpAddress | Key::ClientUserAgent, _) => Wire::Text,
            (Key::ClickId | Key::BrowserId | Key::SubscriptionId | Key::AnonymousId, _) => {
                Wire::Text
            }
            (Key::PageId | Key::WhatsAppClickId, _) => Wire::Text,
            (Key::InstagramAccountId | Key::InstagramScopedId, _) => Wire::Text,
            _ => Wire::Sha256,
        }
    }

    /// Whether the key's values go out as SHA-256.
    pub const fn is_hashed(self, api: Api) -> bool {
        matches!(self.wire(api), Wire::Sha256)
    }

    /// Whether a row may have several values of the key: a list for Conversions, further
    /// entries for audiences. Of the others the first value in the row is taken.
    pub const fn takes_several(self, api: Api) -> bool {
        match api {
            Api::Conversions => self.is_hashed(api),
            Api::CustomAudience => self.identifies(),
        }
    }

    /// Whether a value says who somebody is. The others say something about a person, or
    /// about where the person was met, and a row that has nothing else is of no use.
    pub const fn identifies(self) -> bool {
        !(self.is_processing()
            || matches!(
                self,
                Key::LookalikeValue | Key::ClientUserAgent | Key::PageId | Key::InstagramAccountId
            ))
    }

    /// Whether a value says in plain words who somebody is, so that Meta may only have it
    /// hashed.
    pub const fn is_personal(self) -> bool {
        matches!(
            self,
            Key::Email
                | Key::Phone
                | Key::BirthDate
                | Key::LastName
                | Key::FirstName
                | Key::FirstInitial
        )
    }

    /// Whether the key is of Limited Data Use. In an event these stand beside the person.
    pub const fn is_processing(self) -> bool {
        matches!(
            self,
            Key::ProcessingOptions | Key::ProcessingCountry | Key::ProcessingState
        )
    }

    /// Whether a row is not sent without the value that its cell fails to give: nobody is
    /// sent without the limit asked for, and Meta refuses members without a value where it
    /// wants one.
    pub const fn decides_row(self) -> bool {
        self.is_processing() || matches!(self, Key::LookalikeValue)
    }

    /// Whether values of the key can reach the API, birth dates in either form.
    pub const fn serves(self, api: Api) -> bool {
        self.wire_name(api).is_some()
            || matches!(
                self,
                Key::BirthDate | Key::BirthYear | Key::BirthMonth | Key::BirthDay
            )
    }

    /// Whether a person may have several values of this key, so that a cell may hold them.
    /// There is one gender and one date of birth, and the row is understood by one country.
    pub const fn may_have_several(self) -> bool {
        !matches!(
            self,
            Key::Gender
                | Key::BirthDate
                | Key::BirthYear
                | Key::BirthMonth
                | Key::BirthDay
                | Key::Country
                | Key::LookalikeValue
                | Key::ProcessingOptions
                | Key::ProcessingCountry
                | Key::ProcessingState
        )
    }

    /// Whether a value of this key may be true of everybody in a file. Others are one
    /// person's alone: the same for all, they would make one person of everybody.
    pub const fn may_be_shared(self) -> bool {
        matches!(
            self,
            Key::Gender
                | Key::City
                | Key::State
                | Key::Zip
                | Key::Country
                | Key::ProcessingOptions
                | Key::ProcessingCountry
                | Key::ProcessingState
                | Key::PageId
                | Key::InstagramAccountId
        )
    }

    /// The position in [`Key::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The key that a configuration names: ours, or Meta's of either API.
    pub fn from_name(name: &str) -> Option<Key> {
        Key::ALL.into_iter().find(|key| {
            let is = |known: &str| known.eq_ignore_ascii_case(name);
            is(key.name())
                || key.wire_name(Api::Conversions).is_some_and(is)
                || key.wire_name(Api::CustomAudience).is_some_and(is)
                // What Meta's list template calls a whole date.
                || (*key == Key::BirthDate && is("dob"))
        })
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Api::Conversions => "conversions",
            Api::CustomAudience => "custom_audience",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const APIS: [Api; 2] = [Api::Conversions, Api::CustomAudience];

    #[test]
    fn keys_stand_at_their_index_and_are_found_by_every_name() {
        for (index, key) in Key::ALL.into_iter().enumerate() {
            assert_eq!(key.index(), index);
            assert_eq!(Key::from_name(key.name()), Some(key));
            for api in APIS {
                if let Some(name) = key.wire_name(api) {
                    assert_eq!(Key::from_name(name), Some(key));
                    assert_eq!(Key::from_name(&name.to_uppercase()), Some(key));
                }
            }
        }
    }

    #[test]
    fn every_key_serves_an_api_and_audience_columns_come_first() {
        let is_column = |key: &Key| key.serves(Api::CustomAudience);
        assert!(
            Key::ALL
                .iter()
                .all(|key| is_column(key) || key.serves(Api::Conversions))
        );
        let after = Key::ALL.iter().skip_while(|key| is_column(key));
        assert!(!after.into_iter().any(is_column));
        let columns = Key::ALL
            .iter()
            .filter_map(|key| key.wire_name(Api::CustomAudience));
        assert_eq!(columns.count(), 21);
    }

    #[test]
    fn what_decides_a_row_identifies_nobody() {
        for key in Key::ALL {
            assert!(!(key.decides_row() && key.identifies()), "{key}");
            assert!(
                !key.is_hashed(Api::Conversions) || key.identifies(),
                "{key}"
            );
        }
    }
}
