//! The parameters of a request, in whichever way they were sent.
//!
//! Meta takes the same names from the query string, a JSON body, a form and a
//! multipart form; the body wins over the query. In the forms a top-level scalar is
//! plain text and everything else is JSON text.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use bytes::Bytes;
use http_body_util::{BodyDataStream, Full};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    GraphError, Target,
    text::{Scalar, Text},
};

/// More parameters than this in one request are refused with code 105.
const MOST: usize = 500;

/// How the body came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    None,
    Json,
    Form,
    Multipart,
}

impl Encoding {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Json => "json",
            Self::Form => "form",
            Self::Multipart => "multipart",
        }
    }

    /// By content type; a body of any other type is an error.
    fn of(content_type: &str, body: &[u8]) -> Result<Self, GraphError> {
        if body.is_empty() {
            return Ok(Self::None);
        }
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "application/json" => Ok(Self::Json),
            "application/x-www-form-urlencoded" => Ok(Self::Form),
            "multipart/form-data" => Ok(Self::Multipart),
            _ => Err(GraphError::parameter(
                "The content type of the body is not supported",
            )),
        }
    }
}

enum Value<'a> {
    Text(Cow<'a, str>),
    Json(&'a RawValue),
}

struct Parameter<'a> {
    value: Value<'a>,
    in_query: bool,
}

/// See the module. Holds tokens and identifiers: no `Debug`.
pub(crate) struct Parameters<'a> {
    pub(crate) encoding: Encoding,
    by_name: BTreeMap<Cow<'a, str>, Parameter<'a>>,
}

impl<'a> Parameters<'a> {
    pub(crate) async fn read(
        query: &'a str,
        content_type: &str,
        body: &'a Bytes,
    ) -> Result<Self, GraphError> {
        let encoding = Encoding::of(content_type, body)?;
        let in_query: Vec<_> = form_urlencoded::parse(query.as_bytes())
            .take(MOST + 1)
            .collect();
        let in_body = match encoding {
            Encoding::None => Vec::new(),
            Encoding::Json => {
                let Members(members) = serde_json::from_slice(body)
                    .map_err(|_| GraphError::parameter("The body is not a JSON object"))?;
                let members = members.into_iter();
                members
                    .map(|(name, value)| (name, Value::Json(value)))
                    .collect()
            }
            Encoding::Form => form_urlencoded::parse(body)
                .take(MOST + 1)
                .map(|(name, text)| (name, Value::Text(text)))
                .collect(),
            Encoding::Multipart => {
                let fields = multipart(content_type, body).await?.into_iter();
                fields
                    .map(|(name, text)| (Cow::Owned(name), Value::Text(Cow::Owned(text))))
                    .collect()
            }
        };
        if in_query.len() + in_body.len() > MOST {
            return Err(
                GraphError::new(400, 105).message("The number of parameters exceeded the maximum")
            );
        }
        let parameter = |value, in_query| Parameter { value, in_query };
        let in_query = in_query
            .into_iter()
            .map(|(name, text)| (name, parameter(Value::Text(text), true)));
        let in_body = in_body
            .into_iter()
            .map(|(name, value)| (name, parameter(value, false)));
        Ok(Self {
            encoding,
            by_name: in_query.chain(in_body).collect(),
        })
    }

    /// Whether nothing is among them that this kind of request does not have. `pretty`,
    /// `debug` and `date_format` are of no request any more.
    pub(crate) fn check_names(&self, target: Target) -> Result<(), GraphError> {
        if self.by_name.keys().all(|name| target.takes(name)) {
            return Ok(());
        }
        Err(GraphError::parameter(
            "There is a parameter that this kind of request does not have",
        ))
    }

    /// A scalar; `None` too when it is an object or a list.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match &self.by_name.get(name)?.value {
            Value::Text(text) => Some(Cow::Borrowed(text)),
            Value::Json(value) => {
                let Scalar(text) = serde_json::from_str(value.get()).ok()?;
                Some(text)
            }
        }
    }

    /// The JSON text of an object or a list, also when it came as a text that holds it.
    pub(crate) fn json(&self, name: &str) -> Option<Cow<'_, str>> {
        match &self.by_name.get(name)?.value {
            Value::Text(text) => Some(Cow::Borrowed(text)),
            Value::Json(value) => Some(unwrap_text(value.get())),
        }
    }

    /// Whether this parameter came in the address and not in the body.
    pub(crate) fn in_query(&self, name: &str) -> bool {
        self.by_name
            .get(name)
            .is_some_and(|parameter| parameter.in_query)
    }
}

/// The members of a JSON object: as many as are taken, and one more to know by that there
/// are too many.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), value)) = map.next_entry()? {
                    if members.len() <= MOST {
                        members.push((name, value));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// JSON text as it is, or what a JSON string holds: clients encode twice.
pub(crate) fn unwrap_text(json: &str) -> Cow<'_, str> {
    if json.starts_with('"')
        && let Ok(Text(inner)) = serde_json::from_str(json)
    {
        return inner;
    }
    Cow::Borrowed(json)
}

async fn multipart(content_type: &str, body: &Bytes) -> Result<Vec<(String, String)>, GraphError> {
    let malformed = |_| GraphError::parameter("The multipart body is malformed");
    let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
    let stream = BodyDataStream::new(Full::new(body.clone()));
    let mut parts = multer::Multipart::new(stream, boundary);
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(malformed)? {
        let name = part.name().unwrap_or_default().to_owned();
        fields.push((name, part.text().await.map_err(malformed)?));
        if fields.len() > MOST {
            break;
        }
    }
    Ok(fields)
}
