//! From method and path to what is asked for.

use serde::{Deserialize, Serialize};

use super::GraphError;

/// Kinds of requests, as faults choose them and as the inspection counts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// `POST /{dataset}/events`
    Events,
    /// `POST` or `DELETE /{audience}/users`
    Users,
    /// `POST /{audience}/usersreplace`
    UsersReplace,
    /// `DELETE /act_{account}/usersofanyaudience`
    UsersOfAnyAudience,
    /// `POST /act_{account}/customaudiences`
    CreateAudience,
    /// `GET /{id}` of a dataset, an audience or an ad account, `/sessions`, and
    /// `/act_{account}/customaudiences`
    Read,
    /// Everything else, which is answered with an error.
    Other,
}

/// What every request may have beside what it is about.
const COMMON: [&str; 4] = [
    "access_token",
    "appsecret_proof",
    "appsecret_time",
    "method",
];

impl Target {
    /// Whether a request may have this parameter.
    pub(crate) fn takes(self, parameter: &str) -> bool {
        let own: &[&str] = match self {
            Self::Events => &[
                "data",
                "test_event_code",
                "partner_agent",
                "upload_tag",
                "upload_id",
                "upload_source",
                "namespace_id",
                "platforms",
                "progress",
                "trace",
            ],
            Self::Users | Self::UsersReplace | Self::UsersOfAnyAudience => {
                &["payload", "session", "namespace"]
            }
            Self::CreateAudience => &[
                "name",
                "subtype",
                "customer_file_source",
                "description",
                "opt_out_link",
                "retention_days",
                "is_value_based",
                "audience_labels",
                "usage_restriction",
                "use_for_products",
            ],
            Self::Read => &["fields", "limit", "after", "summary", "session_id"],
            Self::Other => return true,
        };
        COMMON.contains(&parameter) || own.contains(&parameter)
    }
}

/// A `major.minor` of the path's `/v26.0/`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Version {
    major: u16,
    minor: u16,
}

/// Which versions there still are.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Versions {
    /// The oldest for Conversions: the Graph API's own schedule, about two years.
    oldest_graph: Version,
    /// The oldest for Custom Audiences: the Marketing API's shorter one.
    oldest_marketing: Version,
    /// Whether calls of Custom Audiences on an older version are taken for the oldest
    /// one there is, with `X-Ad-Api-Version-Warning`, in place of code 2635.
    pub upgrade: bool,
}

impl Default for Versions {
    /// Those of November 2026: v24.0 of the Marketing API ended on 2026-10-06.
    fn default() -> Self {
        Self {
            oldest_graph: Version {
                major: 21,
                minor: 0,
            },
            oldest_marketing: Version {
                major: 25,
                minor: 0,
            },
            upgrade: false,
        }
    }
}

impl Versions {
    /// As if every version before `v{major}.0` had ended.
    #[must_use]
    pub fn ended_before(major: u16, upgrade: bool) -> Self {
        let oldest = Version { major, minor: 0 };
        Self {
            oldest_graph: oldest,
            oldest_marketing: oldest,
            upgrade,
        }
    }

    /// The version by which a request of either API is answered: the one it asks for or, if
    /// that is past its end and is upgraded, the oldest there is. A version newer than the
    /// simulator is taken: it must not stand in the way of an upgrade.
    pub(crate) fn answering(
        &self,
        version: Version,
        is_marketing: bool,
    ) -> Result<Version, GraphError> {
        let (oldest, upgrade) = if is_marketing {
            (self.oldest_marketing, self.upgrade)
        } else {
            (self.oldest_graph, false)
        };
        if version >= oldest || upgrade {
            return Ok(version.max(oldest));
        }
        Err(GraphError::new(400, 2635).message(format!(
            "You are calling a deprecated version of the Ads API. Please update to the latest \
             version: {CURRENT}."
        )))
    }
}

impl TryFrom<String> for Version {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a version is written as v26.0")
    }
}

/// What an answer without a usable version names.
pub(crate) const CURRENT: Version = Version {
    major: 26,
    minor: 0,
};

impl Version {
    fn parse(segment: &str) -> Option<Self> {
        let (major, minor) = segment.strip_prefix('v')?.split_once('.')?;
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok())?
        };
        Some(Self {
            major: number(major)?,
            minor: number(minor)?,
        })
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)
    }
}

/// What a request line asks for.
#[derive(Debug)]
pub(crate) struct Route<'a> {
    pub(crate) target: Target,
    pub(crate) version: Option<Version>,
    /// The id in the path; for an ad account with its `act_`.
    pub(crate) object: &'a str,
    /// What follows it, such as `users`.
    pub(crate) edge: Option<&'a str>,
}

impl<'a> Route<'a> {
    pub(crate) fn parse(method: &str, path: &'a str) -> Self {
        let mut segments = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .peekable();
        let version = segments.peek().and_then(|segment| Version::parse(segment));
        if version.is_some() {
            segments.next();
        }
        let object = segments.next().unwrap_or_default();
        let edge = segments.next();
        let target = match (method, edge, segments.next()) {
            ("POST", Some("events"), None) => Target::Events,
            ("POST" | "DELETE", Some("users"), None) => Target::Users,
            ("POST", Some("usersreplace"), None) => Target::UsersReplace,
            ("POST" | "DELETE", Some("usersofanyaudience"), None) => Target::UsersOfAnyAudience,
            ("POST", Some("customaudiences"), None) => Target::CreateAudience,
            ("GET", None | Some("sessions" | "customaudiences"), None) if !object.is_empty() => {
                Target::Read
            }
            _ => Target::Other,
        };
        Self {
            target,
            version,
            object,
            edge,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_target_version_and_object() {
        let route = Route::parse("POST", "/v26.0/123/events");
        assert_eq!(
            (route.target, route.version, route.object),
            (Target::Events, Some(CURRENT), "123")
        );
        assert_eq!(
            Route::parse("DELETE", "/v26.0/4/users").target,
            Target::Users
        );
        assert_eq!(Route::parse("GET", "/v26.0/act_7").object, "act_7");
        assert_eq!(Route::parse("POST", "/123/events").version, None);
    }

    #[test]
    fn deleting_the_audience_itself_is_not_taken_for_removing_users() {
        assert_eq!(Route::parse("DELETE", "/v26.0/4").target, Target::Other);
        assert_eq!(
            Route::parse("POST", "/v26.0/4/users/5").target,
            Target::Other
        );
    }

    #[test]
    fn conversions_outlive_audiences_on_an_old_version() {
        let v24 = Version {
            major: 24,
            minor: 0,
        };
        let versions = Versions::default();
        assert_eq!(versions.answering(v24, false), Ok(v24));
        let answering = |versions: &Versions| {
            let version = versions.answering(v24, true);
            version.map_err(|error| error.code)
        };
        assert_eq!(answering(&versions), Err(2635));
        let upgrading = Versions {
            upgrade: true,
            ..versions.clone()
        };
        assert_eq!(answering(&upgrading), Ok(upgrading.oldest_marketing));
        let v40 = Version {
            major: 40,
            minor: 0,
        };
        assert_eq!(versions.answering(v40, true), Ok(v40));
    }

    #[test]
    fn only_digits_make_a_version() {
        for path in ["v+26.0", "v26", "26.0", "v.0", "v26.", "v99999.0"] {
            assert_eq!(Version::parse(path), None, "{path}");
        }
    }
}
