//! Which route an object takes, and which sets of routes make no sense.

use super::route::{CustomAudience, Destination, Route};
use super::state_location::StateLocation;
use super::tree::Report;
use crate::meta::AudienceMode;

/// The route with the longest matching prefix; among equals the one that names the
/// bucket. Objects of the state take none.
pub(super) fn route_for<'c>(
    routes: &'c [Route],
    state: &StateLocation,
    bucket: &str,
    key: &str,
) -> Option<&'c Route> {
    if state.contains(bucket, key) {
        return None;
    }
    let matches = |route: &&Route| {
        key.starts_with(route.prefix.as_str())
            && route.bucket.as_deref().is_none_or(|own| own == bucket)
    };
    let matching = routes.iter().filter(matches);
    matching.max_by_key(|route| (route.prefix.len(), route.bucket.is_some()))
}

/// Notes routes that cannot be told apart, and those that overlap the state.
pub(super) fn check(report: &Report<'_>, routes: &[Route], state: Option<&StateLocation>) {
    for (index, route) in routes.iter().enumerate() {
        let fault = |problem: String| {
            let path = format!("route \"{}\"", route.name);
            report.add(report.at(Some(route.line)), &path, problem);
        };
        for earlier in routes.iter().take(index) {
            if earlier.name == route.name {
                fault(format!("line {} has a route of this name", earlier.line));
            }
            if earlier.bucket == route.bucket && earlier.prefix == route.prefix {
                fault(format!(
                    "has the same bucket and prefix as route \"{}\": one object takes one route",
                    earlier.name
                ));
            }
            if let (Some(replaced), Some(other)) = (replaced(route), replaced(earlier))
                && is_one_audience(replaced, other)
            {
                fault(format!(
                    "replaces audience {}, and so does route \"{}\": the runs of each would undo those of the other, so let one route alone replace an audience",
                    replaced.shown(),
                    earlier.name
                ));
            }
        }
        if replaced(route).is_some() && route.bucket.is_none() {
            fault(
                "bucket: missing: a route that replaces an audience has one, in which its runs are compared with each other"
                    .to_owned(),
            );
        }
        if let Some(problem) = state.and_then(|state| overlap(route, state)) {
            fault(problem);
        }
    }
}

fn replaced(route: &Route) -> Option<&CustomAudience> {
    match &route.destination {
        Destination::CustomAudience(audience) if audience.mode == AudienceMode::Replace => {
            Some(audience)
        }
        Destination::CustomAudience(_) | Destination::Conversions(_) => None,
    }
}

/// As far as the configuration tells: one may give the id, and another the name.
fn is_one_audience(one: &CustomAudience, other: &CustomAudience) -> bool {
    match (&one.named, &other.named) {
        (None, None) => one.audience == other.audience,
        (Some(name), Some(other_name)) => {
            (&one.ad_account, &name.name) == (&other.ad_account, &other_name.name)
        }
        (None, Some(_)) | (Some(_), None) => false,
    }
}

/// What the worker writes must not come back to it as work, nor its work be taken
/// for what it wrote.
fn overlap(route: &Route, state: &StateLocation) -> Option<String> {
    let StateLocation::S3 { bucket, prefix } = state else {
        return None;
    };
    let names_bucket = route.bucket.as_ref() == Some(bucket);
    // A route for any bucket and any key claims no place in particular: there it is
    // enough that objects of the state are never routed.
    let takes_state = prefix.starts_with(route.prefix.as_str())
        && (names_bucket || (route.bucket.is_none() && !route.prefix.is_empty()));
    if takes_state {
        return Some(format!(
            "the state location {state} lies under this route's prefix: choose another place for it"
        ));
    }
    (names_bucket && route.prefix.starts_with(prefix.as_str())).then(|| {
        format!("lies inside the state location {state}, from where nothing is ever routed")
    })
}
