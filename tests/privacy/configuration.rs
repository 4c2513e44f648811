//! Secrets that were written where only their names belong.

use super::marks::{assert_clean, found};
use crate::stage::program::program;

/// Everything that a command says of a configuration and variables.
fn said(command: &str, config: &str, variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = program()
        .args([command, "--config", config])
        .args((command == "upload").then_some("people.csv"))
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap();
    text.push_str(&String::from_utf8(output.stderr).unwrap());
    (output.status.code(), text)
}

const ROUTE: &str = r#"
[state]
location = "s3://state-bucket/"
[[route]]
name = "buyers"
prefix = "conversions/"
credentials = "env:META_TOKEN"
columns = "auto"
[route.conversions]
event_name = "Lead"
action_source = "physical_store"
event_time = "object"
"#;

#[test]
fn no_secret_that_was_misplaced_is_shown() {
    let queue = "[queue]\nurl = \"https://sqs.eu-central-1.amazonaws.com/1/q\"\n";
    let good = format!("{queue}{ROUTE}");
    for (config, variables, exit) in [
        // The token itself instead of where it is.
        (
            good.replace("env:META_TOKEN", "EAABzqx7markToken"),
            &[][..],
            2,
        ),
        (good.replace("env:META_TOKEN", "env:EAAB|zqx7mark"), &[], 2),
        // A setting that there is not.
        (
            good.replace("columns =", "access_token = \"zqx7mark\"\ncolumns ="),
            &[],
            2,
        ),
        (good.clone(), &[("ACTIVATOR_META_TOKEN", "zqx7mark")], 2),
        // In an address: a password, and a signature.
        (
            good.clone() + "[meta]\nendpoint = \"https://user:zqx7mark@graph.example\"\n",
            &[],
            2,
        ),
        (
            good.replace("/1/q\"", "/1/q?X-Amz-Signature=zqx7mark\""),
            &[],
            0,
        ),
        (
            good.clone(),
            &[(
                "ACTIVATOR_QUEUE_URL",
                "https://u:zqx7mark@sqs.example/1/q?t=zqx7mark",
            )],
            0,
        ),
        (
            good.clone(),
            &[("ACTIVATOR_META_ENDPOINT", "http://zqx7mark:x@[bad")],
            2,
        ),
        // No TOML at all, given as the text itself.
        (
            good.replace("columns = \"auto\"", "token = \"zqx7mark"),
            &[],
            2,
        ),
        (good.replace("columns = \"auto\"", "zqx7mark"), &[], 2),
        // What the secret's variable holds is not asked for.
        (good.clone(), &[("META_TOKEN", "zqx7mark")], 0),
    ] {
        assert!(found(&format!("{config}{variables:?}")).is_some());
        for command in ["check-config", "upload"] {
            let (code, text) = said(command, &config, variables);
            if command == "check-config" {
                assert_eq!(code, Some(exit), "{text}");
            }
            assert_clean(command, &text);
        }
    }
}
