use super::super::testing::normalized;
use super::*;

fn phone(text: &str, country: &str) -> Result<String, Reason> {
    normalized(|out| normalize(text, CountryCode::parse(country), out))
}

#[test]
fn an_international_number_needs_no_country() {
    for (text, expected) in [
        ("+1 650 555 1212", "16505551212"),
        ("+1 (650) 555-1212", "16505551212"),
        ("+1.650.555.1212", "16505551212"),
        ("+1/650/555/1212", "16505551212"),
        ("(+1) 650\u{2010}555\u{2011}1212", "16505551212"),
        ("+1\u{a0}650\u{a0}5551212", "16505551212"),
        ("\u{202a}+1 650 555 1212\u{202c}", "16505551212"),
        ("+١٦٥٠٥٥٥١٢١٢", "16505551212"),
        ("+00442071838750", "442071838750"),
        ("0016505551212", "16505551212"),
        ("0000442071838750", "442071838750"),
        ("+354 555 1234", "3545551234"),
        ("+49 30 901820", "4930901820"),
        ("+55 (11) 91234-5678", "5511912345678"),
    ] {
        for country in ["", "US", "DE", "IT"] {
            assert_eq!(
                phone(text, country).as_deref(),
                Ok(expected),
                "{text} {country}"
            );
        }
    }
}

#[test]
fn a_trunk_zero_behind_the_country_code_is_dropped_unless_it_belongs_there() {
    for (text, expected) in [
        ("+44 (0)20 7183 8750", "442071838750"),
        ("+44 ( 0 ) 20 7183 8750", "442071838750"),
        ("0044 (0) 20 7183 8750", "442071838750"),
        ("44 (0)20 7183 8750", "442071838750"),
        ("+44 020 7183 8750", "442071838750"),
        ("+49(0)30901820", "4930901820"),
        ("+36 06 1 234 5678", "3612345678"),
        ("+39 06 1234 5678", "390612345678"),
        ("+39 (0)6 1234 5678", "390612345678"),
    ] {
        assert_eq!(phone(text, "").as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn a_national_number_takes_the_code_of_its_country() {
    for (text, country, expected) in [
        // Meta's printed example, "US phone number (650)555-1212".
        ("(650)555-1212", "US", "16505551212"),
        ("1-650-555-1212", "US", "16505551212"),
        ("011 44 20 7183 8750", "US", "442071838750"),
        ("0011 44 20 7183 8750", "AU", "442071838750"),
        ("8 10 44 20 7183 8750", "RU", "442071838750"),
        ("020 7183 8750", "GB", "442071838750"),
        ("(0)20 7183 8750", "GB", "442071838750"),
        ("20 7183 8750", "GB", "442071838750"),
        ("030 901820", "DE", "4930901820"),
        ("06 12 34 56 78", "FR", "33612345678"),
        ("06 1234 5678", "IT", "390612345678"),
        ("347 1234567", "IT", "393471234567"),
        ("612 345 678", "ES", "34612345678"),
        ("8 912 345-67-89", "RU", "79123456789"),
        ("06 1 234 5678", "HU", "3612345678"),
        ("8 029 123 45 67", "BY", "375291234567"),
        ("98765 43210", "IN", "919876543210"),
        ("(11) 91234-5678", "BR", "5511912345678"),
        ("555 1234", "IS", "3545551234"),
    ] {
        assert_eq!(
            phone(text, country).as_deref(),
            Ok(expected),
            "{text} {country}"
        );
    }
}

#[test]
fn a_number_that_already_has_the_code_does_not_get_it_twice() {
    for (text, country, expected) in [
        ("16505551212", "US", "16505551212"),
        ("442071838750", "GB", "442071838750"),
        ("4930901820", "DE", "4930901820"),
        ("49030901820", "DE", "4930901820"),
        ("33612345678", "FR", "33612345678"),
        ("79123456789", "RU", "79123456789"),
        ("919876543210", "IN", "919876543210"),
        // But numbers that only begin like their country code do.
        ("9198765432", "IN", "919198765432"),
        ("393 1234567", "IT", "393931234567"),
        ("47 12 34 56", "NO", "4747123456"),
    ] {
        assert_eq!(
            phone(text, country).as_deref(),
            Ok(expected),
            "{text} {country}"
        );
    }
}

#[test]
fn digits_that_can_only_be_international_are_taken_at_their_word() {
    // The audience page prints this one so.
    assert_eq!(phone("15559876543", "").as_deref(), Ok("15559876543"));
    assert_eq!(phone("1/650/555/1212", "").as_deref(), Ok("16505551212"));
    assert_eq!(phone("442071838750", "").as_deref(), Ok("442071838750"));
    assert_eq!(phone("442071838750", "US").as_deref(), Ok("442071838750"));
    assert_eq!(phone("490301234567", "US").as_deref(), Ok("49301234567"));
    for text in [
        "6505551212",
        "(650)555-1212",
        "02071838750",
        "4930901820",
        "1234567",
    ] {
        assert_eq!(phone(text, ""), Err(Reason::PhoneWithoutCountry), "{text}");
    }
}

#[test]
fn what_is_no_number_is_refused_by_cause() {
    for (text, country, reason) in [
        ("1.65E+10", "US", Reason::SpreadsheetNumber),
        ("16505551212.0", "US", Reason::SpreadsheetNumber),
        ("+1 650 555 1212 x123", "", Reason::PhoneWithExtension),
        ("+1 650 555 1212 Ext. 123", "", Reason::PhoneWithExtension),
        ("+1 650 555 1212 #123", "", Reason::PhoneWithExtension),
        ("1-800-FLOWERS", "US", Reason::PhoneWithLetters),
        ("whatsapp:+16505551212", "", Reason::PhoneWithLetters),
        ("unknown", "US", Reason::PhoneWithLetters),
        (
            "+16505551212;+16505551213",
            "",
            Reason::PhoneForbiddenCharacter,
        ),
        ("+1650+5551212", "", Reason::PhoneForbiddenCharacter),
        ("😀", "", Reason::PhoneForbiddenCharacter),
        ("12345", "", Reason::PhoneTooShort),
        ("5551212", "US", Reason::PhoneTooShort),
        ("0000000000", "", Reason::PhoneTooShort),
        ("+", "", Reason::PhoneTooShort),
        ("+123456", "", Reason::PhoneTooShort),
        ("+1234567890123456", "", Reason::PhoneTooLong),
        ("6505551212123", "US", Reason::PhoneTooLong),
    ] {
        assert_eq!(phone(text, country), Err(reason), "{text} {country}");
    }
    assert_eq!(phone("+1234567", "").as_deref(), Ok("1234567"));
}
