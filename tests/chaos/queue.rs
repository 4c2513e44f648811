//! One worker's way to the queue that all share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use audience_activator::config::Config;
use audience_activator::event::{self, Decoded};
use audience_activator::object::is_marker;
use audience_activator::queue::{
    DeadLetter, DeadLettered, InProcessQueue, Message, Queue, QueueError, QueueFacts, ReceiptHandle,
};
use futures_util::future::BoxFuture;

use crate::BUCKET;
use crate::state::State;
use crate::world::{Call, Failed, Fate, Life};

/// As long as the SDK's client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct RemoteQueue {
    pub inner: Arc<InProcessQueue>,
    /// To see, at each deletion, that all there is to do is done.
    pub state: Arc<State>,
    pub config: Arc<Config>,
    pub life: Arc<Life>,
    /// A fault of the stage's own, to see that it is found: messages vanish.
    pub loses_messages: Arc<AtomicBool>,
}

fn failed(_: Failed) -> QueueError {
    QueueError::Transient("the queue did not answer".to_owned())
}

impl Queue for RemoteQueue {
    fn receive(
        &self,
        most: usize,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Vec<Message>, QueueError>> {
        let inner = self.inner.clone();
        let effect = async move { inner.receive(most, wait).await };
        Box::pin(async move {
            let received = self.life.call(Call::Receive, PATIENCE, effect).await;
            let messages = received.map_err(failed)??;
            for message in &messages {
                self.state.hold(&message.handle, &message.body);
                if self.loses_messages.swap(false, Ordering::Relaxed) {
                    self.inner.delete(&message.handle).await?;
                    return Ok(Vec::new());
                }
            }
            Ok(messages)
        })
    }

    fn delete<'a>(&'a self, handle: &'a ReceiptHandle) -> BoxFuture<'a, Result<(), QueueError>> {
        let inner = self.inner.clone();
        let owned = handle.clone();
        let deletion = Deletion {
            queue: self.inner.clone(),
            state: self.state.clone(),
            config: self.config.clone(),
            body: self.state.held(handle),
        };
        let life = self.life.clone();
        let effect = async move {
            if let Some(unsettled) = deletion.is_too_early() {
                let what = format!("the message of {unsettled} is deleted too early");
                life.world.broken(what);
            }
            inner.delete(&owned).await
        };
        Box::pin(async move {
            let deleted = self.life.call(Call::Delete, PATIENCE, effect).await;
            deleted.map_err(failed)?
        })
    }

    fn set_visibility<'a>(
        &'a self,
        handle: &'a ReceiptHandle,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        let inner = self.inner.clone();
        let handle = handle.clone();
        Box::pin(async move {
            let fate = self.life.fate(Call::Hide).await;
            let effect = async move {
                match fate {
                    // The message is anybody's: and the worker is told so, or is not.
                    Fate::Odd(how) => {
                        inner.set_visibility(&handle, Duration::ZERO).await?;
                        match how % 2 {
                            0 => Err(QueueError::HandleExpired),
                            _ => Ok(()),
                        }
                    }
                    _ => inner.set_visibility(&handle, timeout).await,
                }
            };
            let hidden = self.life.carried(Call::Hide, fate, PATIENCE, effect).await;
            hidden.map_err(failed)?
        })
    }

    fn send_to_dead_letters<'a>(
        &'a self,
        message: &'a Message,
        letter: &'a DeadLetter,
    ) -> BoxFuture<'a, Result<DeadLettered, QueueError>> {
        let inner = self.inner.clone();
        let (message, letter) = (message.clone(), letter.clone());
        let effect = async move { inner.send_to_dead_letters(&message, &letter).await };
        Box::pin(async move {
            let sent = self.life.call(Call::PutAside, PATIENCE, effect).await;
            sent.map_err(failed)?
        })
    }

    fn facts(&self) -> BoxFuture<'_, Result<QueueFacts, QueueError>> {
        self.inner.facts()
    }
}

/// A message is deleted only once its receipts, the ledger or the dead-letter queue say
/// what became of all that it names; or if it names nothing.
struct Deletion {
    queue: Arc<InProcessQueue>,
    state: Arc<State>,
    config: Arc<Config>,
    body: String,
}

impl Deletion {
    /// Of what nothing would be left to tell.
    fn is_too_early(&self) -> Option<String> {
        let letters = self.queue.dead_letters();
        let is_put_aside = letters.iter().any(|(body, _)| *body == self.body);
        let events = match event::decode(&self.body) {
            Decoded::Noise(_) => return None,
            Decoded::NotUnderstood(_) if is_put_aside => return None,
            Decoded::NotUnderstood(_) => return Some("nobody knows what".to_owned()),
            Decoded::Objects(events) => events,
        };
        let unsettled = events.into_iter().find(|event| {
            let key = &event.address.key;
            let route = self.config.route_for(BUCKET, key);
            let is_data = is_marker(key, event.size.unwrap_or(1)).is_none();
            let Some(route) = route.filter(|_| is_data) else {
                return false;
            };
            !self.state.is_settled(event, &route.name)
        });
        unsettled.map(|event| event.address.key)
    }
}

/// The keys that a message names.
pub fn keys(body: &str) -> Vec<String> {
    match event::decode(body) {
        Decoded::Objects(events) => events.into_iter().map(|event| event.address.key).collect(),
        Decoded::Noise(_) | Decoded::NotUnderstood(_) => Vec::new(),
    }
}
