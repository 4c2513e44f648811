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
