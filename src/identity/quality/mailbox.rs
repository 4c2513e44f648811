//! Mailbox providers of private people, by the domains of their addresses.
//!
//! Judgement: the large providers of the countries that audiences mostly come from. It
//! only has to be right for most addresses of most files; nothing but a warning follows.

/// Providers that have a domain in each country: `yahoo.co.uk`, `gmx.de`. And `example.com`,
/// `.net` and `.org`, which nobody works at (RFC 2606): invented people have them.
const IN_MANY_COUNTRIES: [&str; 10] = [
    "aol", "example", "gmx", "hotmail", "live", "msn", "outlook", "yahoo", "yandex", "ymail",
];

/// In alphabetical order.
const DOMAINS: [&str; 113] = [
    "126.com",
    "163.com",
    "abv.bg",
    "alice.it",
    "arcor.de",
    "att.net",
    "bbox.fr",
    "bellsouth.net",
    "bigpond.com",
    "bigpond.net.au",
    "bk.ru",
    "bluewin.ch",
    "blueyonder.co.uk",
    "bol.com.br",
    "btinternet.com",
    "centrum.cz",
    "charter.net",
    "chello.at",
    "comcast.net",
    "cox.net",
    "daum.net",
    "docomo.ne.jp",
    "earthlink.net",
    "email.cz",
    "email.it",
    "ezweb.ne.jp",
    "fastmail.com",
    "foxmail.com",
    "free.fr",
    "freemail.hu",
    "freenet.de",
    "frontier.com",
    "globo.com",
    "gmail.com",
    "googlemail.com",
    "hanmail.net",
    "hetnet.nl",
    "hey.com",
    "home.nl",
    "icloud.com",
    "ig.com.br",
    "inbox.lv",
    "inbox.ru",
    "interia.pl",
    "juno.com",
    "kakao.com",
    "kpnmail.nl",
    "laposte.net",
    "libero.it",
    "list.ru",
    "mac.com",
    "mail.com",
    "mail.ru",
    "mailbox.org",
    "me.com",
    "nate.com",
    "naver.com",
    "netzero.net",
    "neuf.fr",
    "nifty.com",
    "ntlworld.com",
    "o2.pl",
    "onet.pl",
    "op.pl",
    "optonline.net",
    "optusnet.com.au",
    "orange.fr",
    "pacbell.net",
    "planet.nl",
    "pm.me",
    "posteo.de",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "quicknet.nl",
    "rambler.ru",
    "rediffmail.com",
    "roadrunner.com",
    "rocketmail.com",
    "rogers.com",
    "sapo.pt",
    "sbcglobal.net",
    "seznam.cz",
    "sfr.fr",
    "shaw.ca",
    "sina.com",
    "sky.com",
    "skynet.be",
    "softbank.ne.jp",
    "sympatico.ca",
    "t-online.de",
    "talktalk.net",
    "telefonica.net",
    "telenet.be",
    "telia.com",
    "telus.net",
    "terra.com.br",
    "tin.it",
    "tiscali.it",
    "ukr.net",
    "uol.com.br",
    "upcmail.nl",
    "verizon.net",
    "videotron.ca",
    "virgilio.it",
    "virginmedia.com",
    "wanadoo.fr",
    "web.de",
    "windstream.net",
    "wp.pl",
    "xtra.co.nz",
    "zeelandnet.nl",
    "ziggo.nl",
];

/// Whether a normalised address is at one of them.
pub(in crate::identity) fn is_consumer(address: &str) -> bool {
    let Some((_, domain)) = address.rsplit_once('@') else {
        return false;
    };
    let name = domain.split('.').next().unwrap_or(domain);
    IN_MANY_COUNTRIES.contains(&name) || DOMAINS.binary_search(&domain).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_told_from_others() {
        for address in [
            "a@gmail.com",
            "a@yahoo.co.uk",
            "a@t-online.de",
            "a@126.com",
            "a@ziggo.nl",
            "a@example.com",
        ] {
            assert!(is_consumer(address), "{address}");
        }
        for address in ["a@initech.com", "a@gmail.initech.com", "gmail.com", ""] {
            assert!(!is_consumer(address), "{address}");
        }
    }

    #[test]
    fn domains_are_in_order_so_that_they_are_found() {
        assert!(DOMAINS.is_sorted());
    }
}
