//! A running simulator, a client, and requests to send.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use simulator::{Builder, Clock, Simulator};

pub const DATASET: &str = "123";
pub const AUDIENCE: &str = "456";
pub const ACCOUNT: &str = "789";
pub const TOKEN: &str = "EAAB-secret-token";

/// SHA-256 of `mary@example.com`, as printed by Meta.
pub const MARY: &str = "f1904cf1a9d73a55fa5de0ac823c4403ded71afd4c3248d00bdcd0866552bb79";
/// SHA-256 of `John_Smith@gmail.com` in lower case, as printed by Meta.
pub const JOHN: &str = "62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f";
/// SHA-256 of the empty text.
pub const NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

pub struct World {
    pub simulator: Simulator,
    pub client: Client,
}

pub async fn world() -> World {
    world_of(|builder| builder).await
}

/// A world in which time stands until it is advanced.
pub async fn standing_world() -> World {
    world_of(|builder| builder.clock(Clock::standing(SystemTime::now()))).await
}

pub async fn world_of(more: impl FnOnce(Builder) -> Builder) -> World {
    let builder = Simulator::builder()
        .token(TOKEN)
        .dataset(DATASET)
        .audience(AUDIENCE, ACCOUNT);
    World {
        simulator: more(builder).start().await.unwrap(),
        client: Client::builder().no_proxy().build().unwrap(),
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl Answer {
    /// `(status, code, subcode)` of an error.
    pub fn error(&self) -> (u16, i64, Option<i64>) {
        let error = &self.body["error"];
        let code = error["code"]
            .as_i64()
            .unwrap_or_else(|| panic!("no error: {}", self.body));
        (self.status.as_u16(), code, error["error_subcode"].as_i64())
    }
}

impl World {
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.simulator.endpoint())
    }

    /// Without a token.
    pub fn anonymous(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.anonymous(method, path).bearer_auth(TOKEN)
    }

    pub async fn send_events(&self, events: Value) -> Answer {
        let body = json!({ "data": events });
        answer(self.request(Method::POST, "/v26.0/123/events").json(&body)).await
    }

    pub async fn users(&self, method: Method, payload: Value) -> Answer {
        let body = json!({ "payload": payload });
        answer(self.request(method, "/v26.0/456/users").json(&body)).await
    }

    /// Some members more, one for each number.
    pub async fn add(&self, numbers: impl IntoIterator<Item = u64>) -> Answer {
        self.users(Method::POST, members(numbers)).await
    }

    /// One batch of a session to an edge of the audience, such as `usersreplace`.
    pub async fn batch(
        &self,
        edge: &str,
        payload: Value,
        (id, seq, last): (u64, u64, bool),
    ) -> Answer {
        let session = json!({ "session_id": id, "batch_seq": seq, "last_batch_flag": last });
        let body = json!({ "payload": payload, "session": session });
        let path = format!("/v26.0/456/{edge}");
        answer(self.request(Method::POST, &path).json(&body)).await
    }

    /// `operation_status`.
    pub async fn operation(&self) -> i64 {
        let read = self.read("/v26.0/456?fields=operation_status").await;
        read.body["operation_status"]["code"].as_i64().unwrap()
    }

    pub fn advance(&self, seconds: u64) {
        self.simulator.clock().advance(Duration::from_secs(seconds));
    }

    pub async fn read(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub async fn control(&self, method: Method, path: &str, body: Value) -> Answer {
        answer(
            self.anonymous(method, &format!("/_simulator/{path}"))
                .json(&body),
        )
        .await
    }
}

pub async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer {
        status,
        headers,
        body,
    }
}

pub fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
        .try_into()
        .unwrap()
}

/// A Purchase in a shop, an hour ago, that nothing is wrong with.
pub fn purchase(id: &str, email: &str) -> Value {
    json!({
        "event_name": "Purchase",
        "event_time": now() - 3600,
        "action_source": "physical_store",
        "event_id": id,
        "user_data": { "em": [email] },
        "custom_data": { "value": 12.5, "currency": "USD", "order_id": "o-1" },
    })
}

/// The same with one member set, or taken out with null; `path` is a JSON pointer.
pub fn but(mut event: Value, path: &str, value: Value) -> Value {
    let (parent, name) = path.rsplit_once('/').unwrap();
    let members = event.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    if value.is_null() {
        members.remove(name);
    } else {
        members.insert(name.to_owned(), value);
    }
    event
}

/// A payload of one member for each number.
pub fn members(numbers: impl IntoIterator<Item = u64>) -> Value {
    let data: Vec<_> = numbers.into_iter().map(|number| [hash(number)]).collect();
    json!({ "schema": ["EMAIL"], "data": data })
}

/// Something that looks like a SHA-256.
pub fn hash(number: u64) -> String {
    format!("{number:064x}")
}
