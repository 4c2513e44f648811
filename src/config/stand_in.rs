//! Routes for a look at a file before there is any configuration. Nothing is ever sent
//! by them: what only a delivery needs stands in.

use crate::identity::key::Api;

pub(super) const LABEL: &str = "stand-in for a configuration";

/// Read like any other configuration, so that it obeys the same rules.
pub(super) const fn text(api: Api) -> &'static str {
    match api {
        Api::CustomAudience => {
            r#"
[[route]]
name = "custom-audience"
prefix = ""
credentials = "env:NONE"
columns = "auto"

[route.custom_audience]
audience = "0"
mode = "add"
"#
        }
        // A lead needs no value, so that the people are what is looked at.
        Api::Conversions => {
            r#"
[[route]]
name = "conversions"
prefix = ""
credentials = "env:NONE"
columns = "auto"

[route.conversions]
dataset_id = "0"
event_name = "Lead"
action_source = "physical_store"
event_time = "object"
"#
        }
    }
}
