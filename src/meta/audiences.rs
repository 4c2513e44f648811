//! The customer lists of an ad account: found by their names, and made.

use std::fmt::Write as _;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::lenient;
use super::lookup::Lookup;
use crate::identity::key::Api;

/// On a page. Meta documents no limit; what it does not give at once is on the next.
const PAGE: usize = 200;

/// A page of an ad account's audiences, whose id begins with `act_`. (Meta, the SDK's
/// `adobjects/adaccount.py`; that pages follow each other by a cursor is general knowledge
/// of the Graph API.)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AudiencePage {
    pub ad_account: String,
    /// Of the page before; `None` for the first.
    pub after: Option<String>,
}

impl Lookup for AudiencePage {
    const API: Api = Api::CustomAudience;
    type Found = AudienceNames;

    fn path(&self) -> String {
        let mut path = format!(
            "{}/customaudiences?fields=id,name,subtype&limit={PAGE}",
            self.ad_account
        );
        if let Some(after) = &self.after {
            path.push_str("&after=");
            for byte in after.bytes() {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                        path.push(char::from(byte));
                    }
                    // Writing into a text cannot fail.
                    _ => drop(write!(path, "%{byte:02X}")),
                }
            }
        }
        path
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct AudienceNames {
    pub data: Vec<NamedAudience>,
    #[serde(default)]
    paging: Paging,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NamedAudience {
    /// Digits. Of a list that has none for the audience in question, nothing follows.
    #[serde(deserialize_with = "lenient::id")]
    pub id: Option<String>,
    pub name: Option<String>,
    pub subtype: Option<String>,
}

/// `next` is an address with the token in it: that there is one is all that is used.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Paging {
    cursors: Cursors,
    next: Option<serde::de::IgnoredAny>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(default)]
struct Cursors {
    after: Option<String>,
}

impl std::fmt::Debug for Paging {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Paging").finish_non_exhaustive()
    }
}

impl AudienceNames {
    /// The cursor of the page that follows, if one does.
    pub fn following(self) -> Option<String> {
        self.paging.next.and(self.paging.cursors.after)
    }
}

/// Where the people of a list come from: a declaration that the law asks of whoever uploads
/// it, and so never a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CustomerFileSource {
    UserProvidedOnly,
    PartnerProvidedOnly,
    BothUserAndPartnerProvided,
}

/// A customer list that is to be made, empty. Making it twice makes two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewAudience {
    pub name: String,
    pub customer_file_source: CustomerFileSource,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// 1 to 180; without it members stay for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<usize>,
    /// For its whole life.
    pub is_value_based: bool,
}

impl NewAudience {
    /// The body of the request.
    pub(super) fn body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            subtype: &'static str,
            #[serde(flatten)]
            audience: &'a NewAudience,
        }
        let body = Body {
            subtype: "CUSTOM",
            audience: self,
        };
        // Texts and numbers alone: it always can be written.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

/// What Meta answers when one was made.
#[derive(Deserialize)]
pub(super) struct Created {
    #[serde(deserialize_with = "id")]
    pub id: String,
}

/// Anything but digits makes the answer one that cannot be read.
fn id<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    lenient::id(from)?.ok_or_else(|| D::Error::custom("no id"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_cursor_of_any_kind_stands_in_an_address() {
        let page = AudiencePage {
            ad_account: "act_1".to_owned(),
            after: Some("a+b/c=&x".to_owned()),
        };
        let path = page.path();
        assert!(
            path.ends_with("&limit=200&after=a%2Bb%2Fc%3D%26x"),
            "{path}"
        );
    }

    #[test]
    fn the_last_page_is_followed_by_none_and_no_token_is_kept() {
        let page = |paging: serde_json::Value| -> AudienceNames {
            serde_json::from_value(json!({"data": [{"id": "1", "name": "a"}], "paging": paging}))
                .unwrap()
        };
        let more =
            page(json!({"cursors": {"after": "x"}, "next": "https://g?access_token=MARKED"}));
        assert!(!format!("{more:?}").contains("MARKED"));
        assert_eq!(more.following().as_deref(), Some("x"));
        assert_eq!(page(json!({"cursors": {"after": "x"}})).following(), None);
        assert_eq!(page(json!({})).following(), None);
    }

    #[test]
    fn only_a_number_is_an_id() {
        for odd in [
            json!("1/../2?x=y"),
            json!("act_1"),
            json!(""),
            json!("a\nb"),
            json!(-1),
            json!(1.5),
            json!(null),
            json!(["1"]),
        ] {
            let answer = json!({"data": [{"id": odd, "name": "a"}, {"id": "2", "name": "b"}]});
            let names: AudienceNames = serde_json::from_value(answer).unwrap();
            let ids: Vec<_> = names.data.iter().map(|one| one.id.as_deref()).collect();
            assert_eq!(ids, [None, Some("2")], "{odd}");
            assert!(serde_json::from_value::<Created>(json!({"id": odd})).is_err());
        }
        let created: Created = serde_json::from_value(json!({"id": "23850000000000001"})).unwrap();
        assert_eq!(created.id, "23850000000000001");
    }

    #[test]
    fn a_list_is_made_with_what_was_said_of_it_and_no_more() {
        let audience = NewAudience {
            name: "Loyal".to_owned(),
            customer_file_source: CustomerFileSource::BothUserAndPartnerProvided,
            description: None,
            retention_days: Some(90),
            is_value_based: false,
        };
        let body: serde_json::Value = serde_json::from_slice(&audience.body()).unwrap();
        let expected = json!({
            "name": "Loyal", "subtype": "CUSTOM", "retention_days": 90, "is_value_based": false,
            "customer_file_source": "BOTH_USER_AND_PARTNER_PROVIDED",
        });
        assert_eq!(body, expected);
    }
}
