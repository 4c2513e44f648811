//! What decides the bytes of an object's requests, as one short text: batches made under
//! another fingerprint are other batches.

use sha2::{Digest, Sha256};

use crate::config::{Config, Route};

/// To be raised with every change of this program that makes other requests of the same
/// rows, or other batches: a worker of the new version must not go on in the middle of what
/// one of the old has begun.
const RECIPE: u32 = 1;

/// `pixel_id` is that of the credentials.
pub(super) fn fingerprint(route: &Route, config: &Config, pixel_id: Option<&str>) -> String {
    let Route {
        columns,
        static_values,
        spelling,
        input,
        destination,
        // Neither where it is found nor what it is called is in a request.
        name: _,
        bucket: _,
        prefix: _,
        credentials: _,
        ..
    } = route;
    // All of these derive their `Debug`: it shows every field.
    let text = format!(
        "{RECIPE} {columns:?} {static_values:?} {spelling:?} {input:?} {destination:?} {pixel_id:?} {} {} {:?}",
        config.delivery.max_body_bytes, config.input.max_record_bytes, config.meta.delete_with,
    );
    let digest = const_hex::encode(Sha256::digest(text));
    digest.get(..16).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::config::{Environment, Purpose};

    fn of(name: &str, columns: &str, event: &str, body: u32) -> String {
        let text = format!(
            "[state]\nlocation = \"./state\"\n[delivery]\nmax_body_bytes = {body}\n[[route]]\nname = \"{name}\"\n\
             prefix = \"a/\"\ncredentials = \"ssm:/{name}\"\ncolumns = {columns}\n[route.conversions]\n\
             event_name = \"{event}\"\naction_source = \"physical_store\"\nevent_time = \"object\"\n"
        );
        let environment = Environment::default();
        let config = Config::parse("test", &text, &environment, Purpose::OneShot).unwrap();
        fingerprint(&config.routes[0], &config, Some("1"))
    }

    #[test]
    fn what_changes_a_request_changes_the_fingerprint_and_nothing_else_does() {
        let one = of("a", "\"auto\"", "Lead", 1_000_000);
        assert_eq!(one, of("other-name", "\"auto\"", "Lead", 1_000_000));
        let others = [
            of("a", "{ mail = \"email\" }", "Lead", 1_000_000),
            of("a", "\"auto\"", "Contact", 1_000_000),
            of("a", "\"auto\"", "Lead", 1_000_001),
        ];
        assert!(others.iter().all(|other| *other != one), "{others:?}");
        assert_eq!(one.len(), 16);
    }
}
