//! E-mail address (`em`, `EMAIL`): trimmed and lower-cased, nothing else.
//!
//! `John_Smith@gmail.com` → `john_smith@gmail.com`. Gmail's dots and `+tags` stay: no
//! source of Meta's removes them. Addresses outside ASCII are kept, as Meta's SDK does.

use super::super::reason::Reason;
use super::super::text;

pub(super) fn normalize(text: &str, out: &mut String) -> Result<(), Reason> {
    let is_harmless = |byte| byte > b' ' && byte < 0x7f && !is_forbidden(char::from(byte));
    if !text.bytes().all(is_harmless) && text.chars().any(is_forbidden) {
        return Err(Reason::EmailForbiddenCharacter);
    }
    let (local, domain) = text.split_once('@').ok_or(Reason::EmailWithoutAt)?;
    if domain.contains('@') {
        return Err(Reason::EmailWithSeveralAt);
    }
    if local.is_empty() {
        return Err(Reason::EmailWithoutLocalPart);
    }
    if !domain.contains('.') || domain.split('.').any(str::is_empty) {
        return Err(Reason::EmailBadDomain);
    }
    text::lower_kept(text, out, |_| true);
    Ok(())
}

/// What tells two addresses in one cell, a display name (`Mary <mary@…>`) or a link
/// (`mailto:`), and characters that nobody sees.
fn is_forbidden(c: char) -> bool {
    match c {
        ',' | ';' | ':' | '<' | '>' | '(' | ')' | '[' | ']' | '"' | '\\' => true,
        '!'..='~' => false,
        _ => c.is_whitespace() || c.is_control() || text::is_format(c),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::normalized;
    use super::*;

    fn email(text: &str) -> Result<String, Reason> {
        normalized(|out| normalize(text, out))
    }

    #[test]
    fn an_address_is_lower_cased_and_otherwise_kept() {
        for (text, expected) in [
            ("John_Smith@gmail.com", "john_smith@gmail.com"),
            ("J.o.h.n+tag@Gmail.com", "j.o.h.n+tag@gmail.com"),
            ("O'Brien@example.com", "o'brien@example.com"),
            ("RÉNÉ@EXAMPLE.COM", "réné@example.com"),
            ("user@Bücher.example", "user@bücher.example"),
            ("a@b.c", "a@b.c"),
        ] {
            assert_eq!(email(text).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_is_no_single_address_is_refused_by_cause() {
        for (text, reason) in [
            ("user.example.com", Reason::EmailWithoutAt),
            ("a@b@example.com", Reason::EmailWithSeveralAt),
            ("@example.com", Reason::EmailWithoutLocalPart),
            ("user@localhost", Reason::EmailBadDomain),
            ("user@example.com.", Reason::EmailBadDomain),
            ("user@.com", Reason::EmailBadDomain),
            (
                "a@example.com;b@example.com",
                Reason::EmailForbiddenCharacter,
            ),
            ("us\ner@example.com", Reason::EmailForbiddenCharacter),
            ("us\u{200b}er@example.com", Reason::EmailForbiddenCharacter),
            ("User <user@example.com>", Reason::EmailForbiddenCharacter),
            ("mailto:user@example.com", Reason::EmailForbiddenCharacter),
        ] {
            assert_eq!(email(text), Err(reason), "{text}");
        }
    }
}
