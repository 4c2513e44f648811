//! The keys by which Meta recognises a person, and what each API calls them.

use std::fmt;

/// The two upload paths of Meta. They share the normalisation of nearly every
/// key, but not the keys' names, and not what is sent unhashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Api {
    Conversions,
    CustomAudience,
}

/// What a source column holds.
///
/// A date of birth may come whole or in three parts, and either form serves
/// either API: Conversions takes one `db`, audiences take three columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Key {
    ExternalId,
    Email,
    Phone,
    Gender,
    BirthDate,
    BirthYear,
    BirthMonth,
    BirthDay,
    LastName,
    FirstName,
    City,
    State,
    Zip,
    Country,
}

impl Key {
    /// Every key, in the order of the columns of an audience upload.
    pub const ALL: [Key; 14] = [
        Key::ExternalId,
        Key::Email,
        Key::Phone,
        Key::Gender,
        Key::BirthDate,
        Key::BirthYear,
        Key::BirthMonth,
        Key::BirthDay,
        Key::LastName,
        Key::FirstName,
        Key::City,
        Key::State,
        Key::Zip,
        Key::Country,
    ];

    /// The name used in configuration, receipts and metrics: `email`, `birth_year`, …
    pub const fn name(self) -> &'static str {
        match self {
            Key::ExternalId => "external_id",
            Key::Email => "email",
            Key::Phone => "phone",
            Key::Gender => "gender",
            Key::BirthDate => "birth_date",
            Key::BirthYear => "birth_year",
            Key::BirthMonth => "birth_month",
            Key::BirthDay => "birth_day",
            Key::LastName => "last_name",
            Key::FirstName => "first_name",
            Key::City => "city",
            Key::State => "state",
            Key::Zip => "zip",
            Key::Country => "country",
        }
    }

    /// What the API calls this key; `None` if it does not know it.
    ///
    /// This is what a date of birth comes down to: Conversions take it whole, as `db`,
    /// audiences in three columns. Source: Meta's "Customer Information Parameters" and
    /// "Customer File Custom Audiences".
    pub const fn wire_name(self, api: Api) -> Option<&'static str> {
        let (conversions, audience) = match self {
            Key::ExternalId => (Some("external_id"), Some("EXTERN_ID")),
            Key::Email => (Some("em"), Some("EMAIL")),
            Key::Phone => (Some("ph"), Some("PHONE")),
            Key::Gender => (Some("ge"), Some("GEN")),
            Key::BirthDate => (Some("db"), None),
            Key::BirthYear => (None, Some("DOBY")),
            Key::BirthMonth => (None, Some("DOBM")),
            Key::BirthDay => (None, Some("DOBD")),
            Key::LastName => (Some("ln"), Some("LN")),
            Key::FirstName => (Some("fn"), Some("FN")),
            Key::City => (Some("ct"), Some("CT")),
            Key::State => (Some("st"), Some("ST")),
            Key::Zip => (Some("zp"), Some("ZIP")),
            Key::Country => (Some("country"), Some("COUNTRY")),
        };
        match api {
            Api::Conversions => conversions,
            Api::CustomAudience => audience,
        }
    }

    /// Whether the key's values go out as SHA-256. All do, but for the external id of
    /// audiences, which Meta wants as it is.
    pub const fn is_hashed(self, api: Api) -> bool {
        !matches!((self, api), (Key::ExternalId, Api::CustomAudience))
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
        )
    }

    /// Whether a value of this key may be true of everybody in a file. Others are one
    /// person's alone: the same for all, they would make one person of everybody.
    pub const fn may_be_shared(self) -> bool {
        matches!(
            self,
            Key::Gender | Key::City | Key::State | Key::Zip | Key::Country
        )
    }

    /// The position in [`Key::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The key that a configuration names: ours, or Meta's of either API.
    pub fn from_name(name: &str) -> Option<Key> {
        let name = name.to_ascii_lowercase();
        Key::ALL
            .into_iter()
            .find(|key| key.name() == name || key.meta_names().contains(&name.as_str()))
    }

    /// Meta's names of this key, lower-cased: Conversions' first, then the audiences'.
    const fn meta_names(self) -> [&'static str; 2] {
        match self {
            Key::ExternalId => ["external_id", "extern_id"],
            Key::Email => ["em", "email"],
            Key::Phone => ["ph", "phone"],
            Key::Gender => ["ge", "gen"],
            Key::BirthDate => ["db", "dob"],
            Key::BirthYear => ["doby", "doby"],
            Key::BirthMonth => ["dobm", "dobm"],
            Key::BirthDay => ["dobd", "dobd"],
            Key::LastName => ["ln", "ln"],
            Key::FirstName => ["fn", "fn"],
            Key::City => ["ct", "ct"],
            Key::State => ["st", "st"],
            Key::Zip => ["zp", "zip"],
            Key::Country => ["country", "country"],
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stand_at_their_index_and_are_found_by_every_name() {
        for (index, key) in Key::ALL.into_iter().enumerate() {
            assert_eq!(key.index(), index);
            assert_eq!(Key::from_name(key.name()), Some(key));
            for api in [Api::Conversions, Api::CustomAudience] {
                if let Some(name) = key.wire_name(api) {
                    assert_eq!(Key::from_name(name), Some(key));
                }
            }
        }
    }
}
