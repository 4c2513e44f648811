//! The states of the United States and the provinces of Canada, for which Meta wants
//! two-letter codes. Everywhere else it wants the name.
//!
//! Source: ANSI INCITS 38 / USPS Publication 28 (with territories and military
//! addresses) and Canada Post.

use std::sync::LazyLock;

/// Names in lower-case letters only, sorted, with their codes.
const BY_NAME: [(&str, &str); 90] = [
    ("alabama", "al"),
    ("alaska", "ak"),
    ("alberta", "ab"),
    ("americansamoa", "as"),
    ("arizona", "az"),
    ("arkansas", "ar"),
    ("armedforcesamericas", "aa"),
    ("armedforceseurope", "ae"),
    ("armedforcespacific", "ap"),
    ("britishcolumbia", "bc"),
    ("california", "ca"),
    ("colombiebritannique", "bc"),
    ("colorado", "co"),
    ("connecticut", "ct"),
    ("delaware", "de"),
    ("districtofcolumbia", "dc"),
    ("florida", "fl"),
    ("georgia", "ga"),
    ("guam", "gu"),
    ("hawaii", "hi"),
    ("idaho", "id"),
    ("ileduprinceedouard", "pe"),
    ("illinois", "il"),
    ("indiana", "in"),
    ("iowa", "ia"),
    ("kansas", "ks"),
    ("kentucky", "ky"),
    ("louisiana", "la"),
    ("maine", "me"),
    ("manitoba", "mb"),
    ("maryland", "md"),
    ("massachusetts", "ma"),
    ("michigan", "mi"),
    ("minnesota", "mn"),
    ("mississippi", "ms"),
    ("missouri", "mo"),
    ("montana", "mt"),
    ("nebraska", "ne"),
    ("nevada", "nv"),
    ("newbrunswick", "nb"),
    ("newfoundland", "nl"),
    ("newfoundlandandlabrador", "nl"),
    ("newfoundlandlabrador", "nl"),
    ("newhampshire", "nh"),
    ("newjersey", "nj"),
    ("newmexico", "nm"),
    ("newyork", "ny"),
    ("northcarolina", "nc"),
    ("northdakota", "nd"),
    ("northernmarianaislands", "mp"),
    ("northwestterritories", "nt"),
    ("nouveaubrunswick", "nb"),
    ("nouvelleecosse", "ns"),
    ("nouvelleécosse", "ns"),
    ("novascotia", "ns"),
    ("nunavut", "nu"),
    ("ohio", "oh"),
    ("oklahoma", "ok"),
    ("ontario", "on"),
    ("oregon", "or"),
    ("pei", "pe"),
    ("pennsylvania", "pa"),
    ("princeedwardisland", "pe"),
    ("puertorico", "pr"),
    ("quebec", "qc"),
    ("québec", "qc"),
    ("rhodeisland", "ri"),
    ("saskatchewan", "sk"),
    ("southcarolina", "sc"),
    ("southdakota", "sd"),
    ("tennessee", "tn"),
    ("terreneuveetlabrador", "nl"),
    ("territoiresdunordouest", "nt"),
    ("texas", "tx"),
    ("unitedstatesvirginislands", "vi"),
    ("usminoroutlyingislands", "um"),
    ("usvirginislands", "vi"),
    ("utah", "ut"),
    ("vermont", "vt"),
    ("virginia", "va"),
    ("virginislands", "vi"),
    ("washington", "wa"),
    ("washingtondc", "dc"),
    ("washingtonstate", "wa"),
    ("westvirginia", "wv"),
    ("wisconsin", "wi"),
    ("wyoming", "wy"),
    ("yukon", "yt"),
    ("yukonterritory", "yt"),
    ("îleduprinceédouard", "pe"),
];

/// The two-letter code of a state of the United States or a province of Canada, given
/// its name or code in lower-case letters only.
pub(crate) fn code(letters: &str) -> Option<&'static str> {
    if let [first @ b'a'..=b'z', second @ b'a'..=b'z'] = letters.as_bytes() {
        return CODES.get(place(*first, *second)).copied().flatten();
    }
    let name = ["stateof", "commonwealthof"]
        .into_iter()
        .find_map(|title| letters.strip_prefix(title))
        .unwrap_or(letters);
    let at = BY_NAME
        .binary_search_by_key(&name, |&(name, _)| name)
        .ok()?;
    BY_NAME.get(at).map(|&(_, code)| code)
}

/// The codes by their letters: most cells hold one. No name is as short.
static CODES: LazyLock<Vec<Option<&'static str>>> = LazyLock::new(|| {
    let mut codes = vec![None; 26 * 26];
    for (_, code) in BY_NAME {
        if let [first, second] = code.as_bytes()
            && let Some(found) = codes.get_mut(place(*first, *second))
        {
            *found = Some(code);
        }
    }
    codes
});

fn place(first: u8, second: u8) -> usize {
    usize::from(first.wrapping_sub(b'a')) * 26 + usize::from(second.wrapping_sub(b'a'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_so_that_all_are_found() {
        assert!(BY_NAME.is_sorted());
        for (name, expected) in BY_NAME {
            assert_eq!(code(name), Some(expected));
            assert_eq!(code(expected), Some(expected));
        }
        let codes: std::collections::BTreeSet<_> = BY_NAME.map(|(_, code)| code).into();
        // 50 states, the district, 6 territories, 3 military "states", 13 provinces.
        assert_eq!(codes.len(), 73);
    }

    #[test]
    fn a_longer_name_is_not_taken_for_a_shorter_one() {
        assert_eq!(code("westvirginia"), Some("wv"));
        assert_eq!(code("arkansas"), Some("ar"));
        assert_eq!(code("stateoftexas"), Some("tx"));
        assert_eq!(code("commonwealthofvirginia"), Some("va"));
        assert_eq!(code("bavaria"), None);
        assert_eq!(code("xx"), None);
    }
}
