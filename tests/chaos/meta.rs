//! One worker's way to Meta: the simulator in the same process, with answers that are
//! lost, late, or of another kind. Every body that Meta accepted is remembered, by a digest.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use audience_activator::config::Config;
use audience_activator::meta::{Exchange, ExchangeError, HttpRequest, HttpResponse, Method};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use memchr::memmem;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use simulator::{Platform, Reply};
use tokio::time::sleep;

use crate::BUCKET;
use crate::source::Bucket;
use crate::state::State;
use crate::world::{Call, Fate, Life};

pub const ENDPOINT: &str = "https://meta.invalid";

/// Nobody waits for so long: who calls gives up before.
const FOR_EVER: Duration = Duration::from_secs(100_000);

/// Longer than anybody waits for an answer; and then it happens all the same.
const LATE: Duration = Duration::from_secs(45);

/// Meta, as all workers share it.
pub struct Meta {
    pub platform: Platform,
    accepted: Mutex<Accepted>,
    /// Which row of which version of an object a person is, known by the hash of the
    /// address.
    people: HashMap<String, (Version, u64)>,
    /// The keys of objects of which some rows are refused, so that batches are halved.
    refused: BTreeSet<String>,
    /// Faults of the stage's own, to see that they are found.
    pub pretends: AtomicBool,
}

/// An object's key, and which of its versions.
pub type Version = (String, usize);

/// Which bodies were accepted.
#[derive(Default)]
pub struct Accepted {
    /// By the path and the first row of each: the digests of all bodies that begin so.
    pub bodies: BTreeMap<(String, String), BTreeSet<u64>>,
    pub requests: u64,
    /// Of the longest that was sent.
    pub most_rows: u64,
    /// Those that held people of several versions, or of several objects.
    pub mixed: Vec<BTreeSet<Version>>,
}

impl Accepted {
    /// Requests that brought a body that had been accepted before.
    pub fn repeats(&self) -> u64 {
        let distinct: usize = self.bodies.values().map(BTreeSet::len).sum();
        self.requests - distinct as u64
    }
}

impl Meta {
    pub fn new(platform: Platform) -> Meta {
        Meta {
            platform,
            accepted: Mutex::default(),
            people: HashMap::new(),
            refused: BTreeSet::new(),
            pretends: AtomicBool::new(false),
        }
    }

    pub fn that_knows(mut self, people: impl Iterator<Item = (String, (Version, u64))>) -> Meta {
        self.people.extend(people);
        self
    }

    pub fn that_refuses(mut self, keys: impl Iterator<Item = String>) -> Meta {
        self.refused.extend(keys);
        self
    }

    fn refuses(&self, key: &str) -> bool {
        self.refused.contains(key)
    }

    /// Who is in a body, as far as they are known by their addresses.
    fn people<'m>(&'m self, body: &'m [u8]) -> impl Iterator<Item = &'m (Version, u64)> {
        let texts = body.split(|byte| *byte == b'"');
        let hashes = texts.filter(|text| text.len() == 64);
        hashes.filter_map(|hash| self.people.get(std::str::from_utf8(hash).ok()?))
    }

    pub fn accepted<T>(&self, look: impl FnOnce(&Accepted) -> T) -> T {
        look(&self.accepted.lock().unwrap())
    }

    async fn answer(&self, request: HttpRequest) -> Reply {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, request.authorization);
        let json = HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, json);
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Delete => "DELETE",
        };
        let path = request.url.strip_prefix(ENDPOINT).unwrap();
        let body = request.body;
        let reply = self.platform.answer(method, path, &headers, body.clone());
        let reply = reply.await;
        let (first, rows) = rows(&body);
        let versions: BTreeSet<_> = self
            .people(&body)
            .map(|(version, _)| version.clone())
            .collect();
        let mut accepted = self.accepted.lock().unwrap();
        accepted.most_rows = accepted.most_rows.max(rows);
        if versions.len() > 1 {
            accepted.mixed.push(versions);
        }
        if is_accepted(&reply) {
            accepted.requests += 1;
            let mut hasher = DefaultHasher::new();
            body.hash(&mut hasher);
            let key = (path.to_owned(), first);
            let bodies = accepted.bodies.entry(key).or_default();
            bodies.insert(hasher.finish());
        }
        reply
    }
}

fn is_accepted(reply: &Reply) -> bool {
    matches!(reply, Reply::Answer(answer) | Reply::Half(answer) if answer.status == 200)
}

/// What a body's first row is known by, and how many there are.
fn rows(body: &[u8]) -> (String, u64) {
    let between = |from: usize, end: u8| {
        let rest = &body[from..];
        let end = memchr::memchr(end, rest).unwrap_or(rest.len());
        String::from_utf8_lossy(&rest[..end]).into_owned()
    };
    let count = |mark: &[u8]| memmem::find_iter(body, mark).count() as u64;
    match memmem::find(body, b"\"event_id\":\"") {
        Some(at) => (between(at + 12, b'"'), count(b"\"event_id\":")),
        None => {
            let at = memmem::find(body, b"\"data\":[[").unwrap();
            (between(at + 9, b']'), count(b"],[") + 1)
        }
    }
}

pub struct RemoteMeta {
    pub inner: Arc<Meta>,
    pub life: Arc<Life>,
    pub bucket: Arc<Bucket>,
    pub state: Arc<State>,
    pub config: Arc<Config>,
}

impl Exchange for RemoteMeta {
    fn exchange(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, ExchangeError>> {
        Box::pin(async move {
            let fate = self.life.fate(Call::Send).await;
            self.look_at(&request.body);
            let waiting = Waiting::new(&self.life, fate);
            let inner = self.inner.clone();
            if let Fate::Odd(how) = fate
                && let Some(answer) = self.instead(how).await
            {
                waiting.has_ended();
                return answer;
            }
            if self.inner.pretends.swap(false, Ordering::Relaxed) {
                waiting.has_ended();
                return Ok(response(200, br#"{"events_received":1,"num_received":1}"#));
            }
            let thinks = match fate {
                Fate::Odd(how) if how % 8 == 6 => LATE,
                _ => self.life.world.thinks_for(),
            };
            let effect = async move {
                sleep(thinks).await;
                inner.answer(request).await
            };
            let reply = self.life.carried(Call::Send, fate, FOR_EVER, effect).await;
            waiting.has_ended();
            // The effect of it may be there, and nobody hears of it.
            let unheard = || {
                self.life.world.unheard.fetch_add(1, Ordering::Relaxed);
            };
            match (reply, fate) {
                (Ok(reply), Fate::Odd(how)) if is_accepted(&reply) => {
                    unheard();
                    match how / 8 % 2 {
                        0 => Ok(response(500, br#"{"error":{"code":2,"message":"later"}}"#)),
                        _ => Err(ExchangeError::NoAnswer),
                    }
                }
                (Ok(Reply::Answer(answer)), _) => {
                    let mut headers = HeaderMap::new();
                    headers.extend(answer.headers);
                    Ok(HttpResponse {
                        status: answer.status,
                        headers,
                        body: answer.body.into(),
                    })
                }
                (Ok(Reply::Half(_) | Reply::Nothing), _) => Err(ExchangeError::NoAnswer),
                (Err(_), fate) => {
                    if fate == Fate::LostAnswer {
                        unheard();
                    }
                    Err(ExchangeError::NoAnswer)
                }
            }
        })
    }
}

impl RemoteMeta {
    /// What is recorded to be at Meta is not sent again, and no more is out than may have
    /// to be.
    fn look_at(&self, body: &[u8]) {
        let mut people = self.inner.people(body).peekable();
        let Some(((key, number), first)) = people.peek().copied() else {
            return;
        };
        let (life, world) = (&self.life, &self.life.world);
        let versions = self.bucket.versions(key);
        let route = self.config.route_for(BUCKET, key).unwrap();
        let recorded = self.state.recorded(life, &versions[*number], &route.name);
        let Some(recorded) = recorded else { return };
        if let Some((_, row)) = people.find(|(_, row)| recorded.holds(*row)) {
            world.broken(format!("row {row} of {key} is sent, and recorded as sent"));
        }
        let out = life.sends(*first, &recorded);
        let most = self.config.delivery.requests_in_flight;
        let in_parts = world.cut_in_parts.load(Ordering::Relaxed) || self.inner.refuses(key);
        if out > most && !in_parts {
            world.broken(format!("{out} batches of {key} are out, more than {most}"));
        }
    }

    /// What comes in place of an effect, in most of the odd cases.
    async fn instead(&self, how: u32) -> Option<Result<HttpResponse, ExchangeError>> {
        let json = |status, text: &'static str| Some(Ok(response(status, text.as_bytes())));
        sleep(Duration::from_millis(u64::from(how))).await;
        match how % 8 {
            0 => Some(Err(ExchangeError::NotSent)),
            1 => json(
                400,
                r#"{"error":{"code":80003,"message":"too many calls"}}"#,
            ),
            2 => json(400, r#"{"error":{"code":4,"message":"too many calls"}}"#),
            3 => json(
                503,
                "<html><body>Sorry, something went wrong.</body></html>",
            ),
            4 => json(500, r#"{"error":{"code":1,"is_transient":true}}"#),
            5 => {
                let world = &self.life.world;
                world.cut_in_parts.store(true, Ordering::Relaxed);
                json(400, r#"{"error":{"code":1,"error_subcode":99}}"#)
            }
            _ => None,
        }
    }
}

fn response(status: u16, body: &'static [u8]) -> HttpResponse {
    HttpResponse {
        status,
        headers: HeaderMap::new(),
        body: Bytes::from_static(body),
    }
}

/// Notices that a living worker has given up waiting.
struct Waiting<'a>(Option<&'a Life>);

impl Waiting<'_> {
    /// Without an effect there is nothing to wait for.
    fn new(life: &Life, fate: Fate) -> Waiting<'_> {
        let has_effect = !matches!(fate, Fate::LostRequest | Fate::Silence);
        Waiting(has_effect.then_some(life))
    }

    fn has_ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(life) = self.0
            && !life.is_over()
        {
            life.world.unheard.fetch_add(1, Ordering::Relaxed);
        }
    }
}
