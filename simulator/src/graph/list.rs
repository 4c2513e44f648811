//! `GET /act_{account}/customaudiences`: the audiences of an ad account, page by page.

use serde_json::{Value, json};

use super::{Effect, GraphError, fields::Node, outcome, parameters::Parameters, read, standing};
use crate::state::State;

/// On a page, where no limit is asked for.
const LISTED: usize = 25;
/// On a page, whatever limit is asked for.
const MOST_LISTED: usize = 500;

/// `now` in Unix seconds.
pub(super) fn get(
    state: &State,
    object: &str,
    parameters: &Parameters<'_>,
    now: u64,
) -> Result<Effect, GraphError> {
    let limit = match parameters.text("limit").map(|limit| limit.parse()) {
        None => LISTED,
        Some(Ok(limit @ 1..)) => MOST_LISTED.min(limit),
        Some(_) => return Err(GraphError::parameter("Param limit must be an integer")),
    };
    let after = match parameters.text("after") {
        None => None,
        Some(cursor) => {
            Some(opened(&cursor).ok_or_else(|| GraphError::parameter("Invalid cursor in after"))?)
        }
    };
    let records = state.records();
    let no_such = || GraphError::no_such_object("get");
    let account = object.strip_prefix("act_").ok_or_else(no_such)?;
    standing::check_permission(records.accounts.get(account).ok_or_else(no_such)?)?;
    let mut found = records.audiences.iter().filter(|(id, audience)| {
        audience.profile.account == account
            && !audience.condition.is_deleted(now)
            && after.as_ref().is_none_or(|after| *id > after)
    });
    let mut data = Vec::new();
    let mut last = None;
    for (id, audience) in found.by_ref().take(limit) {
        let node = Node {
            kind: "CustomAudience",
            fields: read::audience_fields(id, audience),
        };
        data.push(node.select(parameters)?);
        last = Some(id);
    }
    let mut told = json!({ "data": data });
    if let (Some(members), Some(last)) = (told.as_object_mut(), last) {
        let cursor = closed(last);
        let mut paging = json!({ "cursors": { "before": cursor, "after": cursor } });
        if let (Some(paging), Some(_)) = (paging.as_object_mut(), found.next()) {
            // Meta's own has the access token in it.
            let next =
                format!("https://graph.facebook.com/{object}/customaudiences?after={cursor}");
            paging.insert("next".to_owned(), Value::from(next));
        }
        members.insert("paging".to_owned(), paging);
    }
    Ok(Effect {
        body: told.to_string().into_bytes(),
        items: 0,
        outcome: outcome::ACCEPTED,
    })
}

/// A cursor means nothing to who is given it.
fn closed(id: &str) -> String {
    const_hex::encode(id)
}

fn opened(cursor: &str) -> Option<String> {
    String::from_utf8(const_hex::decode(cursor).ok()?).ok()
}
