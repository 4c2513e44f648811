//! How values are written when the effective settings are shown: as TOML, secrets masked.

use std::net::SocketAddr;
use std::time::Duration;

/// A value of a setting, as TOML that reads back to the same value, unless a part
/// of it is masked.
pub(super) trait Shown {
    fn toml(&self) -> String;
}

impl Shown for usize {
    fn toml(&self) -> String {
        self.to_string()
    }
}

impl Shown for bool {
    fn toml(&self) -> String {
        self.to_string()
    }
}

impl Shown for f64 {
    fn toml(&self) -> String {
        // Debug keeps a fraction, so that it stays a TOML float.
        format!("{self:?}")
    }
}

/// Whole seconds, as every setting of this kind has in its name.
impl Shown for Duration {
    fn toml(&self) -> String {
        self.as_secs().to_string()
    }
}

impl Shown for SocketAddr {
    fn toml(&self) -> String {
        toml_text(&self.to_string())
    }
}

/// A basic string.
pub(super) fn toml_text(text: &str) -> String {
    let mut toml = String::with_capacity(text.len() + 2);
    toml.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => toml.extend(['\\', c]),
            c if c.is_control() => toml.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => toml.push(c),
        }
    }
    toml.push('"');
    toml
}

/// A bare key, or a quoted one where it has to be.
pub(super) fn toml_key(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !key.is_empty() && key.chars().all(bare) {
        key.to_owned()
    } else {
        toml_text(key)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_and_any_key_read_back_from_toml(text in "\\PC*|[\\x00-\\x7f]*") {
            let toml = format!("{} = {}", toml_key(&text), toml_text(&text));
            let table: toml::Table = toml.parse().unwrap();
            prop_assert_eq!(table.get(&text).unwrap().as_str().unwrap(), text.as_str());
        }
    }
}
