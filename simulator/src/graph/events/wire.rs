//! One Conversions API event as it is written in a request.
//!
//! Borrowed from the request's text: a million of them must not cost a tree each.
//! Every member that Meta's pages or its SDK name is taken; any other one is refused,
//! because a misspelt name would else be lost in silence.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::user_key::UserKey;
use crate::graph::text::{Scalar, Scalars, Text};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Event<'a> {
    #[serde(borrow)]
    pub(super) event_name: Option<Text<'a>>,
    pub(super) event_time: Option<i64>,
    #[serde(borrow)]
    pub(super) action_source: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) user_data: Option<UserData<'a>>,
    #[serde(borrow)]
    pub(super) event_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) event_source_url: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) custom_data: Option<CustomData<'a>>,
    #[serde(borrow)]
    pub(super) app_data: Option<AppData<'a>>,
    #[serde(borrow)]
    pub(super) data_processing_options: Option<Vec<Text<'a>>>,
    pub(super) data_processing_options_country: Option<i64>,
    pub(super) data_processing_options_state: Option<i64>,
    #[serde(rename = "referrer_url", default)]
    _referrer_url: IgnoredAny,
    #[serde(rename = "opt_out", default)]
    _opt_out: Option<bool>,
    #[serde(rename = "original_event_data", default)]
    _original_event_data: IgnoredAny,
    #[serde(borrow)]
    pub(super) customer_segmentation: Option<Text<'a>>,
    #[serde(rename = "attribution_data", default)]
    _attribution_data: IgnoredAny,
    #[serde(rename = "advanced_measurement_table", default)]
    _advanced_measurement_table: IgnoredAny,
    #[serde(rename = "messaging_channel", default)]
    _messaging_channel: IgnoredAny,
}

/// The one member that has a rule.
#[derive(Deserialize)]
pub(super) struct AppData<'a> {
    #[serde(borrow)]
    pub(super) extinfo: Option<Vec<Scalar<'a>>>,
}

/// The members that have rules or tell events apart; everything else is a custom
/// property.
#[derive(Deserialize)]
pub(super) struct CustomData<'a> {
    pub(super) value: Option<f64>,
    #[serde(borrow)]
    pub(super) currency: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) order_id: Option<Scalar<'a>>,
    #[serde(borrow)]
    pub(super) item_number: Option<Scalar<'a>>,
    #[serde(borrow)]
    pub(super) customer_segmentation: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) delivery_category: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) content_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) contents: Option<Vec<Content<'a>>>,
    #[serde(rename = "content_ids", default)]
    _content_ids: Option<Vec<IgnoredAny>>,
    #[serde(rename = "num_items", default)]
    _num_items: Option<i64>,
    #[serde(rename = "predicted_ltv", default)]
    _predicted_ltv: Option<f64>,
}

/// One thing that was bought or looked at, with the member that has a rule.
#[derive(Deserialize)]
pub(super) struct Content<'a> {
    #[serde(borrow)]
    pub(super) delivery_category: Option<Text<'a>>,
}

/// The identifiers of an event, each value with its key.
pub(super) struct UserData<'a> {
    pub(super) values: Vec<(UserKey, Scalar<'a>)>,
}

impl<'de: 'a, 'a> Deserialize<'de> for UserData<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = UserData<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of identifiers")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut values = Vec::with_capacity(12);
                while let Some(Text(name)) = map.next_key()? {
                    let key = UserKey::from_name(&name)
                        .ok_or_else(|| de::Error::custom("an unknown key in user_data"))?;
                    map.next_value_seed(Values {
                        key,
                        values: &mut values,
                    })?;
                }
                Ok(UserData { values })
            }
        }
        deserializer.deserialize_map(Members)
    }
}

impl UserData<'_> {
    /// The values of one key.
    pub(super) fn of(&self, key: UserKey) -> impl Iterator<Item = &str> {
        let values = self.values.iter();
        values.filter_map(move |(of, Scalar(value))| (*of == key).then_some(value.as_ref()))
    }
}

/// One value or, where the key may have several, a list; nulls are no values.
struct Values<'v, 'a> {
    key: UserKey,
    values: &'v mut Vec<(UserKey, Scalar<'a>)>,
}

impl Values<'_, '_> {
    /// Digits in quotes are an integer: that is how Meta's SDK sends them.
    fn takes_text(&self, text: &str) -> bool {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_number || !self.key.is_integer()
    }
}

impl<'de: 'a, 'a> de::DeserializeSeed<'de> for Values<'_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de: 'a, 'a> Visitor<'de> for Values<'_, 'a> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.key.is_integer() {
            "an integer"
        } else if self.key.takes_list() {
            "a value or a list of values"
        } else {
            "a value"
        })
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<(), E> {
        if !self.takes_text(text) {
            let found = de::Unexpected::Other("text");
            return Err(de::Error::invalid_type(found, &self));
        }
        self.values
            .push((self.key, Scalars.visit_borrowed_str(text)?));
        Ok(())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        if !self.takes_text(text) {
            let found = de::Unexpected::Other("text");
            return Err(de::Error::invalid_type(found, &self));
        }
        self.values.push((self.key, Scalars.visit_str(text)?));
        Ok(())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<(), E> {
        self.values.push((self.key, Scalars.visit_u64(number)?));
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<(), S::Error> {
        if !self.key.takes_list() {
            return Err(de::Error::invalid_type(de::Unexpected::Seq, &self));
        }
        while let Some(value) = list.next_element::<Option<Scalar<'de>>>()? {
            if let Some(value) = value {
                self.values.push((self.key, value));
            }
        }
        Ok(())
    }
}
