//! The keys of user_data: which are hashed, which may be lists, and which say too
//! little about a person to stand alone.

use std::ops::BitOr;

macro_rules! user_keys {
    ($($key:ident = $name:literal, $form:ident, $list:ident;)*) => {
        /// One key of user_data, by Meta's parameters page and, for the last, its SDK.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum UserKey { $($key),* }

        impl UserKey {
            pub(super) fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$key),)* _ => None }
            }

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$key => $name),* }
            }

            fn form(self) -> Form {
                match self { $(Self::$key => Form::$form),* }
            }

            pub(super) fn takes_list(self) -> bool {
                match self { $(Self::$key => matches!(Many::$list, Many::List)),* }
            }
        }
    };
}

enum Form {
    Hashed,
    Plain,
    Integer,
}

enum Many {
    List,
    One,
}

user_keys! {
    Email = "em", Hashed, List;
    Phone = "ph", Hashed, List;
    FirstName = "fn", Hashed, List;
    LastName = "ln", Hashed, List;
    Gender = "ge", Hashed, List;
    BirthDate = "db", Hashed, List;
    City = "ct", Hashed, List;
    State = "st", Hashed, List;
    Zip = "zp", Hashed, List;
    Country = "country", Hashed, List;
    ExternalId = "external_id", Plain, List;
    ClientIpAddress = "client_ip_address", Plain, One;
    ClientUserAgent = "client_user_agent", Plain, One;
    ClickId = "fbc", Plain, One;
    BrowserId = "fbp", Plain, One;
    SubscriptionId = "subscription_id", Plain, One;
    FacebookLoginId = "fb_login_id", Integer, One;
    LeadId = "lead_id", Integer, One;
    AnonymousId = "anon_id", Plain, One;
    MobileAdvertiserId = "madid", Plain, One;
    PageId = "page_id", Plain, One;
    PageScopedUserId = "page_scoped_user_id", Plain, One;
    ClickToWhatsAppId = "ctwa_clid", Plain, One;
    InstagramAccountId = "ig_account_id", Plain, One;
    InstagramScopedId = "ig_sid", Plain, One;
    WhatsAppAccountId = "whatsapp_business_account_id", Plain, One;
    FirstNameStart = "f5first", Hashed, One;
    LastNameStart = "f5last", Hashed, One;
    FirstInitial = "fi", Hashed, One;
    BirthDay = "dobd", Hashed, One;
    BirthMonth = "dobm", Hashed, One;
    BirthYear = "doby", Hashed, One;
    PartnerId = "partner_id", Plain, One;
    PartnerName = "partner_name", Plain, One;
}

impl UserKey {
    pub(super) fn is_hashed(self) -> bool {
        matches!(self.form(), Form::Hashed)
    }

    pub(super) fn is_integer(self) -> bool {
        matches!(self.form(), Form::Integer)
    }
}

/// A set of keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct UserKeys(u64);

impl UserKeys {
    const fn of(keys: &[UserKey]) -> Self {
        let mut bits = 0;
        let mut rest = keys;
        while let [key, others @ ..] = rest {
            bits |= 1 << *key as u64;
            rest = others;
        }
        Self(bits)
    }

    /// Whether Meta calls these identifiers too weak: nothing beside one of the four
    /// combinations (or nothing at all).
    pub(super) fn are_weak(self) -> bool {
        use UserKey::{
            BirthDate, City, ClientUserAgent, Country, FirstName, Gender, LastName, State, Zip,
        };
        const WEAK: [UserKeys; 4] = [
            UserKeys::of(&[City, Country, State, Zip, Gender, ClientUserAgent]),
            UserKeys::of(&[BirthDate, ClientUserAgent]),
            UserKeys::of(&[FirstName, Gender]),
            UserKeys::of(&[LastName, Gender]),
        ];
        WEAK.iter().any(|weak| self.0 & !weak.0 == 0)
    }
}

impl BitOr<UserKey> for UserKeys {
    type Output = Self;

    fn bitor(self, key: UserKey) -> Self {
        Self(self.0 | Self::of(&[key]).0)
    }
}

#[cfg(test)]
mod tests {
    use super::{UserKey::*, *};

    #[test]
    fn a_subset_of_one_weak_combination_is_weak() {
        for weak in [
            &[][..],
            &[City, Country],
            &[BirthDate],
            &[FirstName, Gender],
            &[LastName],
        ] {
            assert!(UserKeys::of(weak).are_weak(), "{weak:?}");
        }
    }

    #[test]
    fn one_key_outside_or_a_union_of_two_is_enough() {
        for enough in [
            &[Email][..],
            &[FirstName, LastName],
            &[FirstName, City],
            &[ClientIpAddress, Gender],
        ] {
            assert!(!UserKeys::of(enough).are_weak(), "{enough:?}");
        }
    }
}
