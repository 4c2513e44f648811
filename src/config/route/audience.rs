//! `[route.custom_audience]`: which customer list, and what is done to it.

use crate::meta::AudienceMode;

use super::super::suggest::one_of;
use super::super::tree::{Node, Table};
use super::id::{self, AdAccountId, AudienceId};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomAudience {
    /// For rate limits, which Meta counts by ad account.
    pub ad_account: Option<AdAccountId>,
    pub audience: AudienceId,
    pub mode: AudienceMode,
}

/// `replace` is known, so that it gets a sentence of its own.
const MODES: [(&str, Option<AudienceMode>); 3] = [
    ("add", Some(AudienceMode::Add)),
    ("remove", Some(AudienceMode::Remove)),
    ("replace", None),
];

impl CustomAudience {
    pub(super) fn read(mut table: Table<'_>) -> Option<CustomAudience> {
        let ad_account = match table.ask("ad_account") {
            None => Some(None),
            Some(node) => id::read(&node).map(Some),
        };
        let audience = table
            .require("audience", "the custom audience's id, in quotes")
            .and_then(|node| id::read(&node));
        let mode = table
            .require("mode", "\"add\" or \"remove\"")
            .and_then(|node| mode(&node));
        table.close();
        Some(CustomAudience {
            ad_account: ad_account?,
            audience: audience?,
            mode: mode?,
        })
    }
}

fn mode(node: &Node<'_>) -> Option<AudienceMode> {
    let known = node.check(one_of(node.text()?, &MODES))?;
    if known.is_none() {
        node.fault("\"replace\" is not supported by this version yet: use \"add\" or \"remove\"");
    }
    known
}
