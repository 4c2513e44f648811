//! The rows of one object as they arrive at Meta.

use audience_activator::receipts::Receipt;
use serde_json::{Value, json};

use crate::stage::Stage;
use crate::stage::meta::{Endpoint, Reply};

/// What a file became.
pub(crate) struct Arrivals {
    pub(crate) receipt: Receipt,
    /// The events, or the entries of an audience, in their order.
    pub(crate) entries: Vec<Value>,
    pub(crate) bodies: Vec<String>,
}

/// Delivers one object by these routes.
pub(crate) async fn deliver(routes: &str, key: &str, content: impl AsRef<[u8]>) -> Arrivals {
    let meta = Endpoint::answering(|seen| {
        let entries = entries(&seen.body).len();
        let answer = match seen.uri.path().ends_with("/events") {
            true => json!({"events_received": entries, "fbtrace_id": "A"}),
            false => json!({"num_received": entries, "num_invalid_entries": 0}),
        };
        Reply::json(200, &answer)
    })
    .await;
    // A reject or two of a few rows are more than the sample gate lets through.
    let settings = [("ACTIVATOR_INPUT_MAX_REJECT_SHARE", "1.0")];
    let stage = Stage::of(routes, &meta.url(), &settings).await;
    let object = stage.put(key, content);
    let receipt = stage.delivered(&object).await;
    let bodies: Vec<String> = meta.seen().into_iter().map(|seen| seen.body).collect();
    Arrivals {
        receipt,
        entries: bodies.iter().flat_map(|body| entries(body)).collect(),
        bodies,
    }
}

fn entries(body: &str) -> Vec<Value> {
    let body: Value = serde_json::from_str(body).unwrap();
    let data = body.pointer("/data").or(body.pointer("/payload/data"));
    data.and_then(Value::as_array).cloned().unwrap_or_default()
}

/// A Conversions route with these columns, and these lines after its event.
pub(crate) fn events(columns: &str, lines: &str) -> String {
    format!(
        "[[route]]\nname = \"r\"\nprefix = \"\"\ncredentials = \"env:META_TOKEN\"\n{columns}\n\
         [route.conversions]\ndataset_id = \"1001\"\nevent_name = \"Lead\"\n\
         action_source = \"physical_store\"\nevent_time = \"object\"\n{lines}\n"
    )
}

/// An audience route with these columns.
pub(crate) fn members(columns: &str) -> String {
    format!(
        "[[route]]\nname = \"r\"\nprefix = \"\"\ncredentials = \"env:META_TOKEN\"\n{columns}\n\
         [route.custom_audience]\naudience = \"2002\"\nmode = \"add\"\n"
    )
}
