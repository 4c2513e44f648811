//! Keeps ECS from taking this task away while an object is in hand.
//!
//! The one idea: what is wanted follows from the count of messages in hand, smoothed
//! over a few seconds; what holds is only what the agent has confirmed, and anything
//! else is asked for again. Protection spares work being done twice, nothing depends
//! on it: a failure is a warning and never stops the work.
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-scale-in-protection-endpoint.html>

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, Url};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, warn};

use crate::backoff::Backoff;

/// A worker that dies is protected for no longer than this.
const EXPIRES: Duration = Duration::from_secs(60 * 60);
/// At half, so that failures have time to pass.
const RENEW: Duration = Duration::from_secs(30 * 60);
/// So that a stream of small objects asks for nothing in between.
const IDLE: Duration = Duration::from_secs(5);

const CALL: Duration = Duration::from_secs(5);
const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(2),
    most: Duration::from_secs(300),
};
/// The agent's answers have a few hundred.
const MOST_ANSWER_BYTES: usize = 16 << 10;

/// The agent of the ECS task that this process runs in.
#[derive(Clone, Debug)]
pub struct TaskProtection {
    client: Client,
    url: Url,
}

/// Why the agent did not do as asked. Of its answer only a code is repeated.
#[derive(Debug, thiserror::Error)]
enum ProtectionError {
    #[error("the agent cannot be reached or does not answer in time")]
    Unreachable,
    #[error("the agent refuses it ({0})")]
    Refused(String),
    #[error("permission is missing: allow the task role ecs:UpdateTaskProtection")]
    Denied,
    #[error("the agent's answer (status {0}) is none that is known")]
    Garbled(u16),
}

impl TaskProtection {
    /// `None` where the process does not run on ECS.
    pub fn of_environment() -> Option<TaskProtection> {
        let agent = std::env::var("ECS_AGENT_URI").ok()?;
        let protection = TaskProtection::at(&agent);
        if protection.is_none() {
            warn!("ECS_AGENT_URI is no address: this task is not protected from scaling in");
        }
        protection
    }

    fn at(agent: &str) -> Option<TaskProtection> {
        let agent = agent.trim_end_matches('/');
        let url = Url::parse(&format!("{agent}/task-protection/v1/state")).ok()?;
        // The agent is on this machine: no proxy is on the way.
        let client = Client::builder().no_proxy().timeout(CALL).build().ok()?;
        Some(TaskProtection { client, url })
    }

    /// Ends when the count has no owner any more.
    pub(super) async fn follow(self, mut in_hand: watch::Receiver<usize>) {
        let mut holds = Holds::Free;
        let mut idle_since = None;
        let mut failures = 0;
        let mut not_before = Instant::now();
        loop {
            let now = Instant::now();
            let is_busy = *in_hand.borrow_and_update() > 0;
            idle_since = (!is_busy).then(|| idle_since.unwrap_or(now));
            let calm_at = idle_since.map(|since| since + IDLE);
            let wanted = match holds {
                Holds::Protected { .. } => calm_at.is_none_or(|at| at > now),
                Holds::Free | Holds::Unknown { .. } => is_busy,
            };
            if let Holds::Unknown { free_at } = holds
                && free_at <= now
            {
                holds = Holds::Free;
                continue;
            }
            let due = holds.due(wanted, now).map(|at| at.max(not_before));
            if due.is_some_and(|at| at <= now) {
                let asked = self.ask(wanted).await;
                holds = holds.after(wanted, asked.is_ok(), now);
                match asked {
                    Ok(()) => {
                        debug!(protected = wanted, "the task's protection is as wanted");
                        failures = 0;
                    }
                    Err(error) => {
                        failures += 1;
                        not_before = Instant::now() + BACKOFF.wait(failures);
                        warn!(error = %error, wanted, "cannot change whether ECS may take this task away; trying again");
                    }
                }
                continue;
            }
            // What happens by itself: the calm begins, a call falls due.
            let next = [due, calm_at.filter(|_| wanted)]
                .into_iter()
                .flatten()
                .min();
            tokio::select! {
                changed = in_hand.changed() => if changed.is_err() {
                    return;
                },
                () = sleep_until(next.unwrap_or(now)), if next.is_some() => {}
            }
        }
    }

    async fn ask(&self, protect: bool) -> Result<(), ProtectionError> {
        let body = if protect {
            json!({"ProtectionEnabled": true, "ExpiresInMinutes": EXPIRES.as_secs() / 60})
        } else {
            json!({"ProtectionEnabled": false})
        };
        let request = self
            .client
            .put(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(body.to_string());
        let answer = request.send().await;
        let answer = answer.map_err(|_| ProtectionError::Unreachable)?;
        let status = answer.status().as_u16();
        let text = text_of(answer).await?;
        let answer: Answer =
            serde_json::from_slice(&text).map_err(|_| ProtectionError::Garbled(status))?;
        answer.judge(protect, status)
    }
}

/// What the agent is known to have done.
#[derive(Clone, Copy, Debug)]
enum Holds {
    Free,
    Protected {
        since: Instant,
    },
    /// After a call that failed: it may have been heard all the same.
    Unknown {
        /// When a protection that may be there has expired.
        free_at: Instant,
    },
}

impl Holds {
    /// When to ask for what is wanted, if at all.
    fn due(self, wanted: bool, now: Instant) -> Option<Instant> {
        match self {
            Holds::Free => wanted.then_some(now),
            Holds::Protected { since } if wanted => Some(since + RENEW),
            Holds::Protected { .. } | Holds::Unknown { .. } => Some(now),
        }
    }

    fn after(self, wanted: bool, done: bool, asked_at: Instant) -> Holds {
        match (wanted, done) {
            (true, true) => Holds::Protected { since: asked_at },
            (false, true) => Holds::Free,
            (true, false) => Holds::Unknown {
                free_at: asked_at + CALL + EXPIRES,
            },
            (false, false) => Holds::Unknown {
                free_at: match self {
                    Holds::Free => asked_at,
                    Holds::Protected { since } => since + CALL + EXPIRES,
                    Holds::Unknown { free_at } => free_at,
                },
            },
        }
    }
}

#[derive(Deserialize)]
struct Answer {
    protection: Option<Protection>,
    failure: Option<Failure>,
    error: Option<AgentError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Protection {
    protection_enabled: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failure {
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AgentError {
    code: Option<String>,
}

impl Answer {
    /// A failure may come with status 200; only what is asked for counts as done.
    fn judge(self, asked: bool, status: u16) -> Result<(), ProtectionError> {
        let code = match (self.protection, self.failure, self.error) {
            (Some(now), None, None) if now.protection_enabled == asked => return Ok(()),
            (_, Some(failure), _) => failure.reason,
            (_, None, Some(error)) => error.code,
            (_, None, None) => None,
        };
        match code {
            Some(code) if code.starts_with("AccessDenied") => Err(ProtectionError::Denied),
            Some(code) if is_plain(&code) => Err(ProtectionError::Refused(code)),
            _ => Err(ProtectionError::Garbled(status)),
        }
    }
}

async fn text_of(mut answer: Response) -> Result<Vec<u8>, ProtectionError> {
    let status = answer.status().as_u16();
    let mut text = Vec::new();
    while let Some(part) = answer
        .chunk()
        .await
        .map_err(|_| ProtectionError::Unreachable)?
    {
        if text.len() + part.len() > MOST_ANSWER_BYTES {
            return Err(ProtectionError::Garbled(status));
        }
        text.extend_from_slice(&part);
    }
    Ok(text)
}

fn is_plain(code: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !code.is_empty() && code.len() <= 64 && code.bytes().all(plain)
}

#[cfg(test)]
mod tests;
