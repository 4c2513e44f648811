//! An audience that is known by its name: found in its ad account when it is needed, and made
//! on command.

use crate::meta::{CustomerFileSource, NewAudience};

use super::super::scalar::count;
use super::super::suggest::one_of;
use super::super::tree::{Node, Table};
use super::id::{self, AudienceId};

/// `audience_name`, and what is said of the audience for the case that there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedAudience {
    pub name: String,
    /// What `preflight --create` makes where there is none.
    pub create: Option<NewAudience>,
}

const SOURCES: [(&str, CustomerFileSource); 3] = [
    ("USER_PROVIDED_ONLY", CustomerFileSource::UserProvidedOnly),
    (
        "PARTNER_PROVIDED_ONLY",
        CustomerFileSource::PartnerProvidedOnly,
    ),
    (
        "BOTH_USER_AND_PARTNER_PROVIDED",
        CustomerFileSource::BothUserAndPartnerProvided,
    ),
];

impl CustomerFileSource {
    /// As the configuration writes it, and Meta.
    pub fn as_str(self) -> &'static str {
        let mut sources = SOURCES.iter();
        sources
            .find(|(_, source)| *source == self)
            .map_or("", |(name, _)| name)
    }
}

/// The id, or the name with an id that is not known yet.
pub(super) fn read(table: &mut Table<'_>) -> Option<(AudienceId, Option<NamedAudience>)> {
    match (table.ask("audience"), table.ask("audience_name")) {
        (Some(id), None) => {
            let id = id::read(&id);
            refuse_alone(table, "needs audience_name in place of audience");
            Some((id?, None))
        }
        (None, Some(name)) => {
            let has_account = table.ask("ad_account").is_some();
            if !has_account {
                let problem =
                    "missing: the ad account in which the audience is looked for, as \"act_…\"";
                table.fault_of("ad_account", problem);
            }
            let named = read_named(table, &name);
            Some((AudienceId::not_found_yet(), Some(named?)))
        }
        (None, None) => {
            table.require(
                "audience",
                "the custom audience's id, in quotes, or audience_name",
            );
            None
        }
        (Some(_), Some(name)) => {
            name.fault("an audience has its id or its name here: leave out one of them");
            None
        }
    }
}

/// The keys that are about making an audience.
const OF_NEW: [&str; 4] = [
    "customer_file_source",
    "description",
    "retention_days",
    "is_value_based",
];

fn refuse_alone(table: &mut Table<'_>, problem: &str) {
    for key in OF_NEW.into_iter().chain(["create"]) {
        if let Some(node) = table.ask(key) {
            node.fault(problem);
        }
    }
}

fn read_named(table: &mut Table<'_>, name: &Node<'_>) -> Option<NamedAudience> {
    let text = name.text()?;
    if text.is_empty() || text.trim() != text || text.contains(char::is_control) {
        name.fault("must be the audience's name as Meta shows it, in one line and without blanks around it");
        return None;
    }
    let create = match table.ask("create") {
        None => false,
        Some(node) => node.check(node.scalar().boolean())?,
    };
    if !create {
        for key in OF_NEW {
            if let Some(node) = table.ask(key) {
                node.fault("needs create = true");
            }
        }
        return Some(NamedAudience {
            name: text.to_owned(),
            create: None,
        });
    }
    let purpose = "whose data the list is of, a declaration to Meta that only you can make: \
                   USER_PROVIDED_ONLY, PARTNER_PROVIDED_ONLY or BOTH_USER_AND_PARTNER_PROVIDED";
    let source = table
        .require("customer_file_source", purpose)
        .and_then(|node| node.check(one_of(node.text()?, &SOURCES)));
    let description = match table.ask("description") {
        None => Some(None),
        Some(node) => node.text().map(|text| Some(text.to_owned())),
    };
    let retention_days = match table.ask("retention_days") {
        None => Some(None),
        Some(node) => node.check(count::<1, 180>(node.scalar())).map(Some),
    };
    let is_value_based = match table.ask("is_value_based") {
        None => Some(false),
        Some(node) => node.check(node.scalar().boolean()),
    };
    Some(NamedAudience {
        name: text.to_owned(),
        create: Some(NewAudience {
            name: text.to_owned(),
            customer_file_source: source?,
            description: description?,
            retention_days: retention_days?,
            is_value_based: is_value_based?,
        }),
    })
}
