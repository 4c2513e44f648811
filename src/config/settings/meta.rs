//! `[meta]`: which Graph API is called, and in which version.

use std::fmt;
use std::str::FromStr;

use crate::meta::{DeleteWith, ProofForm, is_graph_version};

use super::super::http_url::Endpoint;
use super::super::scalar::{Scalar, parsed};
use super::super::shown::{Shown, toml_text};
use super::super::suggest::one_of;
use super::{About, Reader, Setting};

#[derive(Clone, Debug, PartialEq)]
pub struct MetaSettings {
    pub endpoint: Endpoint,
    /// Two settings, because the Marketing API's versions end much sooner.
    pub conversions_version: GraphVersion,
    pub audience_version: GraphVersion,
    pub delete_with: DeleteWith,
    pub proof: ProofForm,
    /// Whether Meta is asked whether a route can work before anything is sent by it.
    pub preflight: bool,
}

/// `v26.0`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphVersion(String);

impl GraphVersion {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for GraphVersion {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<GraphVersion, &'static str> {
        match is_graph_version(text) {
            true => Ok(GraphVersion(text.to_owned())),
            false => Err("must be a version such as v26.0"),
        }
    }
}

impl fmt::Display for GraphVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Shown for GraphVersion {
    fn toml(&self) -> String {
        toml_text(&self.0)
    }
}

const DELETE_WAYS: [(&str, DeleteWith); 2] = [
    ("body", DeleteWith::Body),
    ("method_override", DeleteWith::MethodOverride),
];

impl Shown for DeleteWith {
    fn toml(&self) -> String {
        toml_text(match self {
            DeleteWith::Body => "body",
            DeleteWith::MethodOverride => "method_override",
        })
    }
}

const PROOF_FORMS: [(&str, ProofForm); 2] =
    [("plain", ProofForm::Plain), ("timed", ProofForm::Timed)];

impl Shown for ProofForm {
    fn toml(&self) -> String {
        toml_text(match self {
            ProofForm::Plain => "plain",
            ProofForm::Timed => "timed",
        })
    }
}

pub(super) const ENDPOINT: Setting<Endpoint> = Setting {
    about: About {
        section: "meta",
        key: "endpoint",
        default: Some(Scalar::Text("https://graph.facebook.com")),
        help: "the origin of the Graph API; another one, without a user or password, for a simulator or a proxy; only that may be http",
    },
    read: parsed,
};

pub(super) const CONVERSIONS_VERSION: Setting<GraphVersion> = Setting {
    about: About {
        section: "meta",
        key: "conversions_version",
        default: Some(Scalar::Text("v26.0")),
        help: "the Graph API version of the Conversions API",
    },
    read: parsed,
};

pub(super) const AUDIENCE_VERSION: Setting<GraphVersion> = Setting {
    about: About {
        section: "meta",
        key: "audience_version",
        default: Some(Scalar::Text("v26.0")),
        help: "the Marketing API version of custom audiences; such a version lives about a year",
    },
    read: parsed,
};

pub(super) const DELETE_WITH: Setting<DeleteWith> = Setting {
    about: About {
        section: "meta",
        key: "delete_with",
        default: Some(Scalar::Text("body")),
        help: "how removals are sent: body, or method_override behind a proxy that strips bodies of DELETE",
    },
    read: |value| one_of(value.text()?, &DELETE_WAYS),
};

pub(super) const APPSECRET_PROOF: Setting<ProofForm> = Setting {
    about: About {
        section: "meta",
        key: "appsecret_proof",
        default: Some(Scalar::Text("plain")),
        help: "the proof of an app_secret: plain, or timed, which is good for five minutes and needs a right clock",
    },
    read: |value| one_of(value.text()?, &PROOF_FORMS),
};

pub(super) const PREFLIGHT: Setting<bool> = Setting {
    about: About {
        section: "meta",
        key: "preflight",
        default: Some(Scalar::Boolean(true)),
        help: "whether the worker asks Meta about token, dataset and audience at its start and before it sends; false where an endpoint knows no GET",
    },
    read: |value| value.boolean(),
};

impl MetaSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<MetaSettings> {
        let endpoint = reader.get(&ENDPOINT);
        let conversions_version = reader.get(&CONVERSIONS_VERSION);
        let audience_version = reader.get(&AUDIENCE_VERSION);
        let delete_with = reader.get(&DELETE_WITH);
        let proof = reader.get(&APPSECRET_PROOF);
        let preflight = reader.get(&PREFLIGHT);
        Some(MetaSettings {
            endpoint: endpoint?,
            conversions_version: conversions_version?,
            audience_version: audience_version?,
            delete_with: delete_with?,
            proof: proof?,
            preflight: preflight?,
        })
    }
}
