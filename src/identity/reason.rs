//! Why a cell or a row is not sent: a closed list of codes, each with advice for
//! whoever prepares the file. A reason never holds a value.

use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $code:literal $advice:literal)+) => {
        /// Why a cell, or a whole row, is not sent.
        ///
        /// Codes are stable: they are labels of metrics and keys of receipts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason {
            $($(#[$doc])* $variant,)+
        }

        impl Reason {
            pub const ALL: [Reason; [$(Reason::$variant),+].len()] = [$(Reason::$variant),+];

            /// The stable name, in snake case: `email_without_at`.
            pub const fn code(self) -> &'static str {
                match self { $(Reason::$variant => $code,)+ }
            }

            /// One sentence on what to do about it.
            pub const fn advice(self) -> &'static str {
                match self { $(Reason::$variant => $advice,)+ }
            }
        }
    };
}

reasons! {
    // Of any cell.
    SealedValue "sealed_value"
        "The value is encrypted by Clean Rooms (cryptographic computing); export this column as cleartext."
    NothingLeft "nothing_left"
        "The value holds nothing but characters that Meta's rules remove; leave the cell empty."
    SpreadsheetNumber "spreadsheet_number"
        "A spreadsheet or a float column has rewritten this number (1.65E+10, 94035.0); export it as text."

    // Of a cell that is already hashed.
    UnsupportedHashMd5 "unsupported_hash_md5"
        "This looks like MD5; Meta matches SHA-256 only, so export the plain value or its SHA-256."
    UnsupportedHashSha1 "unsupported_hash_sha1"
        "This looks like SHA-1; Meta matches SHA-256 only, so export the plain value or its SHA-256."
    UnsupportedHashBase64 "unsupported_hash_base64"
        "This looks like a hash in base64; write SHA-256 as 64 hexadecimal digits."
    UnsupportedHashPrefixed "unsupported_hash_prefixed"
        "This looks like a hash with a prefix (0x, sha256:); write the 64 hexadecimal digits alone."
    UnsupportedHashLength "unsupported_hash_length"
        "This looks like a hash that is cut, padded or of another kind; SHA-256 has 64 hexadecimal digits."
    HashOfEmpty "hash_of_empty"
        "This is the SHA-256 of an empty text: blank cells were hashed; leave them blank."
    HashOfNull "hash_of_null"
        "This is the SHA-256 of the word null: blank cells were hashed; leave them blank."
    HashOfNan "hash_of_nan"
        "This is the SHA-256 of the word nan: blank cells were hashed; leave them blank."
    HashOfNone "hash_of_none"
        "This is the SHA-256 of the word none: blank cells were hashed; leave them blank."
    HashInRawColumn "hash_in_raw_column"
        "The column is declared form = \"raw\", and this looks like SHA-256; export the plain value or correct the form."
    NoHashInSha256Column "no_hash_in_sha256_column"
        "The column is declared form = \"sha256\", and this is no SHA-256; export the hash or correct the form."

    // Of a cell with several values.
    TooManyValues "too_many_values"
        "A cell holds at most 100 values of a person; check that the separator is the right one."

    HashNotWanted "hash_not_wanted"
        "Meta wants this key unhashed; export the plain value."

    // Of an e-mail address.
    EmailWithoutAt "email_without_at"
        "An e-mail address needs an @; check that the column is the right one."
    EmailWithSeveralAt "email_with_several_at"
        "An e-mail address has one @; write one address per cell."
    EmailWithoutLocalPart "email_without_local_part"
        "The text before the @ is missing."
    EmailBadDomain "email_bad_domain"
        "The domain after the @ needs a dot with text on both sides, as in example.com."
    EmailForbiddenCharacter "email_forbidden_character"
        "Spaces, commas, semicolons, colons, quotes and brackets cannot be in an address; write one bare address per cell."

    // Of a telephone number.
    PhoneWithoutCountry "phone_without_country"
        "The number has no country code; write it with +, map a country column, or set default_country."
    PhoneTooShort "phone_too_short"
        "The number has too few digits for its country; check for lost area codes and cut cells."
    PhoneTooLong "phone_too_long"
        "The number has too many digits for its country; write one number per cell, without extension."
    PhoneWithLetters "phone_with_letters"
        "A telephone number is written in digits; check that the column is the right one."
    PhoneWithExtension "phone_with_extension"
        "A number with an extension belongs to a switchboard and not to a person; leave the extension out if it does."
    PhoneForbiddenCharacter "phone_forbidden_character"
        "Only digits, +, spaces, dots, dashes, slashes and brackets can be in a number; write one number per cell."

    // Of gender and birth date.
    GenderUnknown "gender_unknown"
        "Meta knows f and m (female, male) only; leave the cell empty for anything else."
    DateUnreadable "date_unreadable"
        "The date has no known form; write it as YYYY-MM-DD."
    DateAmbiguous "date_ambiguous"
        "Day and month cannot be told apart; write the date as YYYY-MM-DD."
    DateNotInCalendar "date_not_in_calendar"
        "There is no such day in the calendar; check the order of day and month."
    DateOutOfRange "date_out_of_range"
        "A birth date lies between 1900 and the date of the file."
    DatePartInvalid "date_part_invalid"
        "Write the year with four digits, the month as 1 to 12 and the day as 1 to 31."
    BirthDateIncomplete "birth_date_incomplete"
        "Conversions take a whole birth date; year, month and day must all be there."
    HashedDateInseparable "hashed_date_inseparable"
        "Audiences take year, month and day apart, which a hashed date cannot give; export the plain date."
    HashedDateParts "hashed_date_parts"
        "Conversions take one whole birth date, which hashed parts cannot give; export the plain parts."

    // Of an address.
    ZipNotUs "zip_not_us"
        "A ZIP code of the United States has five or nine digits; check for lost leading zeros."
    CountryUnknown "country_unknown"
        "Write the country as its two-letter ISO 3166-1 code."

    // Of a device, a browser or an id of Meta's.
    MadidNoUuid "madid_no_uuid"
        "An advertising id is a UUID with its hyphens, as in ab1234cd-12ab-34cd-56ef-123456abcdef."
    IpAddressUnreadable "ip_address_unreadable"
        "Write one IPv4 or IPv6 address per cell, without port, zone or mask."
    IpAddressNotPublic "ip_address_not_public"
        "The address is private or reserved: it is one of your own network's; record the visitor's."
    ClickIdForm "click_id_form"
        "A click id is written as in the cookie _fbc: fb.1.1554763741205.AbCdEf, the time in milliseconds."
    BrowserIdForm "browser_id_form"
        "A browser id is written as in the cookie _fbp: fb.1.1596403881668.1116446470, the time in milliseconds."
    IdNoNumber "id_no_number"
        "This id of Meta's is a number; export it as text of digits alone, without zeros in front."

    // Of the value and the limits of a member or an event.
    LookalikeValueMissing "lookalike_value_missing"
        "Meta refuses members without a value where it wants one; write 0 for those worth nothing, or do not map the column."
    LookalikeValueNoNumber "lookalike_value_no_number"
        "Write the value as digits with at most one point, not negative, without currency or separators of thousands."
    ProcessingOptionsUnknown "processing_options_unknown"
        "Write LDU or [\"LDU\"] for a person under Limited Data Use, [] or nothing for others."
    ProcessingCountryUnknown "processing_country_unknown"
        "Write 1 for the United States or 0 for a place that Meta is to find out."
    ProcessingStateUnknown "processing_state_unknown"
        "Write Meta's number of the state (audiences know 1000 alone) or 0 for one that Meta is to find out."
    ProcessingPlaceMissing "processing_place_missing"
        "Limited Data Use needs country and state, or the person's IP address for Meta to find them out."

    // Of a whole row.
    /// No cell was refused and none was filled.
    NoIdentifiers "no_identifiers"
        "The row holds no identifier at all."
    /// Conversions refuse such an event, and with it the whole request (100/2804050).
    WeakIdentifiers "weak_identifiers"
        "What the row holds fits too many people; add an e-mail address, a phone number or an id."
}

impl Reason {
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_reason_has_a_code_of_its_own_and_one_sentence_of_advice() {
        let codes: BTreeSet<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), Reason::ALL.len());
        for (index, reason) in Reason::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), index);
            assert!(
                reason
                    .code()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            );
            assert!(reason.advice().ends_with('.'), "{reason}");
        }
    }
}
