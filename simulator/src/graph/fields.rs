//! The `fields` parameter of reads.

use serde_json::{Map, Value};

use super::{GraphError, parameters::Parameters};

/// Every field that a kind of object has here, with its value.
pub(super) struct Node {
    /// As Meta's error names it.
    pub(super) kind: &'static str,
    pub(super) fields: Map<String, Value>,
}

impl Node {
    /// The fields that were asked for, and always the id.
    pub(super) fn select(self, parameters: &Parameters<'_>) -> Result<Value, GraphError> {
        let Node { kind, mut fields } = self;
        let asked = parameters.text("fields").unwrap_or_default();
        let mut answer = Map::new();
        for name in std::iter::once("id").chain(names(&asked)) {
            if answer.contains_key(name) {
                continue;
            }
            let (name, value) = fields.remove_entry(name).ok_or_else(|| {
                // The name is the caller's own and no value: Meta names it too.
                GraphError::parameter(format!(
                    "Tried accessing nonexisting field ({}) on node type ({})",
                    name.chars().take(80).collect::<String>(),
                    kind
                ))
            })?;
            answer.insert(name, value);
        }
        Ok(Value::Object(answer))
    }
}

/// The top-level names of `a,b{c,d},e`.
fn names(fields: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    let split = move |character| {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        character == ',' && depth == 0
    };
    fields
        .split(split)
        .map(|field| field.split('{').next().unwrap_or_default().trim())
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_top_level_names_count() {
        let found: Vec<_> = names("id, operation_status{code,description},,name").collect();
        assert_eq!(found, ["id", "operation_status", "name"]);
    }
}
