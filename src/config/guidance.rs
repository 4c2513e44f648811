//! What the worker does with nothing but a queue: the AWS guidance's parameter, columns
//! and event.
//!
//! The guidance ("Uploading Audiences created in AWS Clean Rooms to Meta Business Marketing
//! Platform") sends one `Purchase` for each row to the pixel of its own parameter. What its
//! sample invents (123.45 USD, a website, a test code) is the row's own here: its value, and
//! a store as the place, whose events Meta takes for 62 days.

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
API as a Purchase in USD in a store, with the credentials of AWS's guidance, \
ssm:/dev/cleanroom-activations/meta/conversions; give --config or ACTIVATOR_CONFIG for anything else";
