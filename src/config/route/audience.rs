//! `[route.custom_audience]`: which customer list, and what is done to it.

use crate::identity::columns::{Columns, Role};
use crate::identity::key::Key;
use crate::meta::AudienceMode;

use super::super::suggest::one_of;
use super::super::tree::{Node, Table};
use super::id::{self, AdAccountId, AppId, AudienceId, PageId};
use super::named_audience::{self, NamedAudience};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomAudience {
    /// For rate limits, which Meta counts by ad account.
    pub ad_account: Option<AdAccountId>,
    /// Not known where there is a name in its place: see [`Route::with_audience`](super::Route::with_audience).
    pub audience: AudienceId,
    pub named: Option<NamedAudience>,
    pub mode: AudienceMode,
    /// Whose the app-scoped ids are; empty where there are none.
    pub app_ids: Vec<AppId>,
    /// Whose the page-scoped ids are. Meta takes exactly one.
    pub page_id: Option<PageId>,
}

const MODES: [(&str, AudienceMode); 3] = [
    ("add", AudienceMode::Add),
    ("remove", AudienceMode::Remove),
    ("replace", AudienceMode::Replace),
];

impl CustomAudience {
    /// The id; of an audience that is not found yet, its name.
    pub fn shown(&self) -> &str {
        match &self.named {
            Some(named) if !self.audience.is_known() => &named.name,
            _ => self.audience.as_str(),
        }
    }

    pub(super) fn read(mut table: Table<'_>, columns: Option<&Columns>) -> Option<CustomAudience> {
        let ad_account = match table.ask("ad_account") {
            None => Some(None),
            Some(node) => id::read(&node).map(Some),
        };
        let audience = named_audience::read(&mut table);
        let mode = table
            .require("mode", "\"add\", \"remove\" or \"replace\"")
            .and_then(|node| mode(&node));
        let app_ids = match table.ask("app_ids") {
            None => Some(Vec::new()),
            Some(node) => app_ids(&node),
        };
        let page_id = match table.ask("page_id") {
            None => Some(None),
            Some(node) => id::read(&node).map(Some),
        };
        for (setting, key, is_missing) in [
            ("app_ids", Key::AppScopedUserId, app_ids == Some(Vec::new())),
            ("page_id", Key::PageScopedUserId, page_id == Some(None)),
        ] {
            if is_missing && columns.is_some_and(|columns| names(columns, key)) {
                let problem = format!("missing: Meta refuses {key} columns without it");
                table.fault_of(setting, problem);
            }
        }
        table.close();
        let (audience, named) = audience?;
        Some(CustomAudience {
            ad_account: ad_account?,
            audience,
            named,
            mode: mode?,
            app_ids: app_ids?,
            page_id: page_id?,
        })
    }
}

/// Whether the configuration gives the key to a column; under auto only a header can.
fn names(columns: &Columns, key: Key) -> bool {
    match columns {
        Columns::Auto => false,
        Columns::Named(columns) => columns.iter().any(|column| match column.role {
            Role::Identifier { key: found, .. } => found == key,
            Role::OnlyIf { .. } => false,
        }),
    }
}

fn app_ids(node: &Node<'_>) -> Option<Vec<AppId>> {
    let elements = node.elements("a list of ids in quotes, as [\"1234567890\"]")?;
    if elements.is_empty() {
        node.fault("must not be empty: leave it out instead");
        return None;
    }
    // All first, so that every fault is told.
    let ids: Vec<Option<AppId>> = elements.iter().map(id::read).collect();
    ids.into_iter().collect()
}

fn mode(node: &Node<'_>) -> Option<AudienceMode> {
    node.check(one_of(node.text()?, &MODES))
}
