//! What the worker does with nothing but a queue: what the AWS guidance's own sample does.
//!
//! The guidance ("activating audiences from AWS Clean Rooms") sends one `Purchase` in
//! a store for each row, to the pixel of its own parameter in Parameter Store.

use super::state_location::StateLocation;

/// Read like any other configuration, so that it obeys the same rules.
pub(super) const TEXT: &str = r#"
[[route]]
name = "guidance"
prefix = ""
credentials = "ssm:/dev/cleanroom-activations/meta/conversions"
columns = "auto"

[route.conversions]
event_name = "Purchase"
action_source = "physical_store"
event_time = "object"
value = "auto"
currency = "USD"
"#;

pub(super) const LABEL: &str = "built-in configuration";

pub(super) fn state() -> StateLocation {
    StateLocation::BesideObject {
        prefix: "audience-activator-state/".to_owned(),
    }
}

pub(super) const NOTICE: &str = "no configuration was given: every object goes to the Conversions \
API as a Purchase in USD in a store, as in AWS's guidance, with the credentials of \
ssm:/dev/cleanroom-activations/meta/conversions; give --config or ACTIVATOR_CONFIG for anything else";
