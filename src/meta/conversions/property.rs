//! What a property of an event's `custom_data` may hold, and how it is written.
//!
//! Source of the names and kinds: Meta, "Custom Data Parameters" and "Server Event
//! Parameters". Any other name is a custom property, of which Meta asks nothing but that
//! it is no personal data.

use serde_json::Value;

use super::super::json;
use super::amount::Amount;
use crate::identity::is_blank;
use crate::rows::LIST_SEPARATOR;

/// What a property's cells hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyKind {
    Text,
    /// A number that is not negative, as of money.
    Number,
    Integer,
    /// Texts, with this between them.
    List {
        separator: char,
    },
    /// JSON of any form.
    Json,
    /// A JSON list of objects.
    JsonObjects,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// What became of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Value,
    /// There was nothing to write.
    Blank,
    LeftOut(LeftOutReason),
}

/// Why a cell is no value of its property. The event goes out without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeftOutReason {
    NoNumber,
    Negative,
    TooLong,
    NoInteger,
    NoJson,
    UnknownWord,
}

impl LeftOutReason {
    pub(super) const ALL: [LeftOutReason; 6] = [
        LeftOutReason::NoNumber,
        LeftOutReason::Negative,
        LeftOutReason::TooLong,
        LeftOutReason::NoInteger,
        LeftOutReason::NoJson,
        LeftOutReason::UnknownWord,
    ];

    /// The stable code of receipts.
    pub(super) const fn code(self) -> &'static str {
        match self {
            LeftOutReason::NoNumber => "property_no_number",
            LeftOutReason::Negative => "property_negative",
            LeftOutReason::TooLong => "property_too_long",
            LeftOutReason::NoInteger => "property_no_integer",
            LeftOutReason::NoJson => "property_no_json",
            LeftOutReason::UnknownWord => "property_unknown_word",
        }
    }
}

const DELIVERY_CATEGORIES: [&str; 3] = ["in_store", "curbside", "home_delivery"];

/// Its table stands at the event, its example in `custom_data`; we follow the example.
const CUSTOMER_SEGMENTATIONS: [&str; 9] = [
    "new_customer_to_business",
    "new_customer_to_business_line",
    "new_customer_to_product_area",
    "new_customer_to_medium",
    "existing_customer_to_business",
    "existing_customer_to_business_line",
    "existing_customer_to_product_area",
    "existing_customer_to_medium",
    "customer_in_loyalty_program",
];

impl PropertyKind {
    /// A list with the separator that holds where none is given.
    pub const LIST: PropertyKind = PropertyKind::List { separator: ',' };

    /// The properties that Meta documents, but for `value`, `currency` and `order_id`.
    pub const DOCUMENTED: [(&str, PropertyKind); 14] = [
        ("content_name", PropertyKind::Text),
        ("content_category", PropertyKind::Text),
        ("content_ids", PropertyKind::LIST),
        ("contents", PropertyKind::JsonObjects),
        (
            "content_type",
            PropertyKind::Word(&["product", "product_group"]),
        ),
        ("predicted_ltv", PropertyKind::Number),
        ("num_items", PropertyKind::Integer),
        ("search_string", PropertyKind::Text),
        ("status", PropertyKind::Text),
        ("net_revenue", PropertyKind::Number),
        ("item_number", PropertyKind::Text),
        (
            "delivery_category",
            PropertyKind::Word(&DELIVERY_CATEGORIES),
        ),
        (
            "customer_segmentation",
            PropertyKind::Word(&CUSTOMER_SEGMENTATIONS),
        ),
        ("store_data", PropertyKind::Json),
    ];

    /// What Meta documents a property of this name to hold.
    pub fn documented(name: &str) -> Option<PropertyKind> {
        PropertyKind::DOCUMENTED
            .into_iter()
            .find_map(|(known, kind)| (known == name).then_some(kind))
    }

    /// The value of a fixed text, as JSON; `None` if it is none of this kind.
    pub fn json_of(self, text: &str) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        (self.write(text, &mut body) == Written::Value).then_some(body)
    }

    /// Appends the cell's value; nothing unless the answer is [`Written::Value`].
    pub(super) fn write(self, cell: &str, body: &mut Vec<u8>) -> Written {
        let cell = cell.trim();
        if is_blank(cell) {
            return Written::Blank;
        }
        match self {
            PropertyKind::Text => json::text(body, cell),
            PropertyKind::Number => match amount(cell) {
                Ok(amount) => amount.write(body),
                Err(reason) => return Written::LeftOut(reason),
            },
            PropertyKind::Integer => match amount(cell) {
                Ok(amount) if amount.is_whole() => amount.write(body),
                Ok(_) | Err(LeftOutReason::NoNumber) => {
                    return Written::LeftOut(LeftOutReason::NoInteger);
                }
                Err(reason) => return Written::LeftOut(reason),
            },
            PropertyKind::List { separator } => return write_list(cell, separator, body),
            PropertyKind::Json | PropertyKind::JsonObjects => {
                if !is_json(cell, self == PropertyKind::JsonObjects) {
                    return Written::LeftOut(LeftOutReason::NoJson);
                }
                compact(cell, body);
            }
            PropertyKind::Word(words) => {
                let word = words.iter().find(|word| word.eq_ignore_ascii_case(cell));
                match word {
                    Some(word) => json::text(body, word),
                    None => return Written::LeftOut(LeftOutReason::UnknownWord),
                }
            }
        }
        Written::Value
    }
}

/// The rules of `value`, with the codes of properties.
fn amount(cell: &str) -> Result<Amount<'_>, LeftOutReason> {
    Amount::parse(cell).map_err(|code| match code {
        "value_negative" => LeftOutReason::Negative,
        "value_too_long" => LeftOutReason::TooLong,
        _ => LeftOutReason::NoNumber,
    })
}

fn write_list(cell: &str, separator: char, body: &mut Vec<u8>) -> Written {
    let items = cell.split([separator, LIST_SEPARATOR]).map(str::trim);
    let mut written = Written::Blank;
    for item in items.filter(|item| !is_blank(item)) {
        body.push(if written == Written::Blank {
            b'['
        } else {
            b','
        });
        json::text(body, item);
        written = Written::Value;
    }
    if written == Written::Value {
        body.push(b']');
    }
    written
}

/// JSON as RFC 8259 has it: no NaN, no Infinity, and no number that becomes one where a
/// reader uses doubles. Nesting is limited by the parser.
fn is_json(text: &str, objects: bool) -> bool {
    match serde_json::from_str::<Value>(text) {
        Ok(Value::Array(items)) if objects => items.iter().all(Value::is_object),
        Ok(_) => !objects,
        Err(_) => false,
    }
}

/// Appends valid JSON without the blanks between its parts. The text itself stays: written
/// anew from what was read, long numbers would lose digits and keys their order.
pub(super) fn compact(text: &str, body: &mut Vec<u8>) {
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        if !in_string && byte.is_ascii_whitespace() {
            continue;
        }
        if escaped {
            escaped = false;
        } else if in_string && byte == b'\\' {
            escaped = true;
        } else if byte == b'"' {
            in_string = !in_string;
        }
        body.push(byte);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn written(kind: PropertyKind, cell: &str) -> Result<String, Written> {
        let mut body = Vec::new();
        match kind.write(cell, &mut body) {
            Written::Value => Ok(String::from_utf8(body).unwrap()),
            other => {
                assert!(body.is_empty(), "nothing is written of {other:?}");
                Err(other)
            }
        }
    }

    const WORD: PropertyKind = PropertyKind::Word(&["product", "product_group"]);

    #[test]
    fn each_kind_is_written_as_json() {
        for (kind, cell, expected) in [
            (PropertyKind::Text, " a \"b\" ", r#""a \"b\"""#),
            (PropertyKind::Text, "007", r#""007""#),
            (PropertyKind::Number, "12.50", "12.5"),
            (PropertyKind::Integer, "3", "3"),
            (PropertyKind::Integer, "3.0", "3"),
            (PropertyKind::LIST, "a, b,,null,c", r#"["a","b","c"]"#),
            (PropertyKind::LIST, "a\u{1f}b", r#"["a","b"]"#),
            (
                PropertyKind::List { separator: ';' },
                "a,b;c",
                r#"["a,b","c"]"#,
            ),
            (WORD, "Product_Group", r#""product_group""#),
            (
                PropertyKind::Json,
                " { \"b\" : [1.10, 12345678901234567890123] ,\n\"a\":\"x \\\" y\" } ",
                r#"{"b":[1.10,12345678901234567890123],"a":"x \" y"}"#,
            ),
            (
                PropertyKind::JsonObjects,
                r#"[ {"id": "a", "quantity": 2} ]"#,
                r#"[{"id":"a","quantity":2}]"#,
            ),
        ] {
            let found = written(kind, cell).unwrap();
            assert_eq!(found, expected);
            serde_json::from_str::<Value>(&found).unwrap();
        }
    }

    #[test]
    fn what_is_no_value_is_left_out_by_cause() {
        use LeftOutReason::*;
        let deep = "[".repeat(100_000);
        for (kind, cell, reason) in [
            (PropertyKind::Number, "12,50", NoNumber),
            (PropertyKind::Number, "inf", NoNumber),
            (PropertyKind::Number, "-1", Negative),
            (PropertyKind::Number, "1234567890123456", TooLong),
            (PropertyKind::Integer, "1.5", NoInteger),
            (PropertyKind::Integer, "two", NoInteger),
            (PropertyKind::Integer, "-2", Negative),
            (PropertyKind::Json, "{\"a\":NaN}", NoJson),
            (PropertyKind::Json, "{\"a\":1e999}", NoJson),
            (PropertyKind::Json, "{\"a\":Infinity}", NoJson),
            (PropertyKind::Json, "{'a':1}", NoJson),
            (PropertyKind::Json, "{} {}", NoJson),
            (PropertyKind::Json, &deep, NoJson),
            (PropertyKind::JsonObjects, "{\"id\":\"a\"}", NoJson),
            (PropertyKind::JsonObjects, "[\"a\"]", NoJson),
            (WORD, "products", UnknownWord),
        ] {
            assert_eq!(written(kind, cell), Err(Written::LeftOut(reason)));
        }
    }

    #[test]
    fn blank_cells_are_no_value_and_no_fault() {
        for cell in ["", " ", "NULL", "nan", "\\N"] {
            for kind in [
                PropertyKind::Text,
                PropertyKind::Number,
                PropertyKind::Integer,
                PropertyKind::LIST,
                PropertyKind::Json,
                WORD,
            ] {
                assert_eq!(written(kind, cell), Err(Written::Blank), "{kind:?}");
            }
        }
        assert_eq!(written(PropertyKind::LIST, " , ,"), Err(Written::Blank));
    }
}
