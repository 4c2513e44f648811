//! What decides the bytes of an object's requests, as one short text: batches made under
//! another fingerprint are other batches.

use sha2::{Digest, Sha256};

use crate::config::{Config, Destination, Route};

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
    let (page, pixel_id) = match destination {
        Destination::Conversions(conversions) => (
            conversions
                .event_source_url
                .as_ref()
                .map(|url| url.as_str()),
            pixel_id.filter(|_| conversions.dataset_id.is_none()),
        ),
        Destination::CustomAudience(_) => (None, None),
    };
    // All of these derive their `Debug`: it shows every field. Only an address hides a part
    // of itself.
    let text = format!(
        "{RECIPE} {columns:?} {static_values:?} {spelling:?} {input:?} {destination:?} {page:?} {pixel_id:?} {} {} {:?}",
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

    fn of_route(name: &str, columns: &str, destination: &str, body: u32, pixel: &str) -> String {
        let text = format!(
            "[state]\nlocation = \"./state\"\n[delivery]\nmax_body_bytes = {body}\n[[route]]\nname = \"{name}\"\n\
             prefix = \"a/\"\ncredentials = \"ssm:/{name}\"\ncolumns = {columns}\n{destination}"
        );
        let environment = Environment::default();
        let config = Config::parse("test", &text, &environment, Purpose::OneShot).unwrap();
        fingerprint(&config.routes[0], &config, Some(pixel))
    }

    fn events(event: &str, more: &str) -> String {
        format!(
            "[route.conversions]\nevent_name = \"{event}\"\naction_source = \"website\"\nevent_time = \"object\"\n\
             event_source_url = \"https://shop.example/thanks?of={more}\"\n"
        )
    }

    fn of(name: &str, columns: &str, event: &str, body: u32) -> String {
        of_route(name, columns, &events(event, "may"), body, "1")
    }

    #[test]
    fn what_changes_a_request_changes_the_fingerprint_and_nothing_else_does() {
        let one = of("a", "\"auto\"", "Lead", 1_000_000);
        assert_eq!(one, of("other-name", "\"auto\"", "Lead", 1_000_000));
        let others = [
            of("a", "{ mail = \"email\" }", "Lead", 1_000_000),
            of("a", "\"auto\"", "Contact", 1_000_000),
            of("a", "\"auto\"", "Lead", 1_000_001),
            // What people are not shown of an address goes out all the same.
            of_route("a", "\"auto\"", &events("Lead", "june"), 1_000_000, "1"),
        ];
        assert!(others.iter().all(|other| *other != one), "{others:?}");
        assert_eq!(one.len(), 16);
    }

    #[test]
    fn the_pixel_of_the_credentials_counts_where_events_go_to_it() {
        let of = |destination: &str, pixel| {
            of_route("a", "{ mail = \"email\" }", destination, 1_000_000, pixel)
        };
        let events = events("Lead", "may");
        assert_ne!(of(&events, "1"), of(&events, "2"));
        let to_its_own = format!("{events}dataset_id = \"7\"\n");
        assert_eq!(of(&to_its_own, "1"), of(&to_its_own, "2"));
        let audience = "[route.custom_audience]\naudience = \"7\"\nmode = \"add\"\n";
        assert_eq!(of(audience, "1"), of(audience, "2"));
    }
}
