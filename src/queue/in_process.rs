//! A queue in memory, for the demo and for tests.
//!
//! It does what SQS does, unkindly: handles change with every receive, a message
//! whose visibility timeout ends comes again, and nothing is held for more than
//! twelve hours. Nothing outlives the process, so it is no fallback for anything.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use time::OffsetDateTime;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use super::{
    DeadLetter, DeadLettered, LONGEST_HOLD, LONGEST_WAIT, MOST_MESSAGES, Message, Queue,
    QueueError, QueueFacts, ReceiptHandle,
};

/// A queue in memory. Shared behind an `Arc` between who sends and who receives.
#[derive(Debug)]
pub struct InProcessQueue {
    visibility: Duration,
    facts: QueueFacts,
    // A `watch`, because whoever waits for a message or for the end wants to hear of
    // every change, and of none twice.
    entries: watch::Sender<Entries>,
}

impl InProcessQueue {
    /// A received message is hidden for `visibility` unless told otherwise. It is kept
    /// for ever, and what is put aside is too.
    pub fn new(visibility: Duration) -> Self {
        let facts = QueueFacts {
            visibility: Some(visibility),
            dead_letters: true,
            ..QueueFacts::default()
        };
        InProcessQueue::with_facts(visibility, facts)
    }

    /// One that says this of itself. Of that it only does what `dead_letters` says.
    pub fn with_facts(visibility: Duration, facts: QueueFacts) -> Self {
        InProcessQueue {
            visibility,
            facts,
            entries: watch::Sender::new(Entries::default()),
        }
    }

    pub fn send(&self, body: impl Into<String>) {
        let body = body.into();
        self.entries.send_modify(|entries| entries.add(body));
    }

    /// Whether every message was deleted; one that somebody holds still counts.
    pub fn is_empty(&self) -> bool {
        self.entries.borrow().waiting.is_empty()
    }

    /// What was put aside, oldest first: each body with its reason.
    pub fn dead_letters(&self) -> Vec<(String, DeadLetter)> {
        self.entries.borrow().dead_letters.clone()
    }

    /// Ends when every message was deleted. Dropping it is harmless.
    pub async fn emptied(&self) {
        let mut changes = self.entries.subscribe();
        // It fails when the sender is gone, which `self` owns.
        let _ = changes.wait_for(|entries| entries.waiting.is_empty()).await;
    }

    fn take(&self, most: usize) -> Taken {
        let now = Instant::now();
        let mut taken = Taken::default();
        self.entries.send_if_modified(|entries| {
            taken = entries.take(most, now, self.visibility);
            false // taking gives nobody anything to do
        });
        taken
    }

    fn change(
        &self,
        change: impl FnOnce(&mut Entries) -> Result<(), QueueError>,
    ) -> Result<(), QueueError> {
        let mut outcome = Ok(());
        self.entries
            .send_modify(|entries| outcome = change(entries));
        outcome
    }
}

impl Queue for InProcessQueue {
    /// May be dropped: messages are taken and handed over in one step.
    fn receive(
        &self,
        most: usize,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Vec<Message>, QueueError>> {
        Box::pin(async move {
            let deadline = Instant::now() + wait.min(LONGEST_WAIT);
            let mut changes = self.entries.subscribe();
            loop {
                changes.mark_unchanged();
                let taken = self.take(most.clamp(1, MOST_MESSAGES));
                if !taken.messages.is_empty() || Instant::now() >= deadline {
                    return Ok(taken.messages);
                }
                let wake = taken.next_visible.map_or(deadline, |at| at.min(deadline));
                // Whichever came first, the next turn sees what it brought.
                let _ = timeout_at(wake, changes.changed()).await;
            }
        })
    }

    fn delete<'a>(&'a self, handle: &'a ReceiptHandle) -> BoxFuture<'a, Result<(), QueueError>> {
        Box::pin(async move { self.change(|entries| entries.delete(handle)) })
    }

    fn set_visibility<'a>(
        &'a self,
        handle: &'a ReceiptHandle,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        let now = Instant::now();
        Box::pin(async move { self.change(|entries| entries.hide(handle, now, timeout)) })
    }

    fn send_to_dead_letters<'a>(
        &'a self,
        message: &'a Message,
        letter: &'a DeadLetter,
    ) -> BoxFuture<'a, Result<DeadLettered, QueueError>> {
        Box::pin(async move {
            if !self.facts.dead_letters {
                return Ok(DeadLettered::NoDeadLetterQueue);
            }
            let put_aside = (message.body.clone(), letter.clone());
            self.entries
                .send_modify(|entries| entries.dead_letters.push(put_aside));
            Ok(DeadLettered::Sent)
        })
    }

    fn facts(&self) -> BoxFuture<'_, Result<QueueFacts, QueueError>> {
        Box::pin(std::future::ready(Ok(self.facts)))
    }
}

#[derive(Default)]
struct Entries {
    /// By number, in the order of sending.
    waiting: BTreeMap<u64, Entry>,
    next: u64,
    dead_letters: Vec<(String, DeadLetter)>,
}

impl std::fmt::Debug for Entries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entries")
            .field("waiting", &self.waiting)
            .field("dead_letters", &self.dead_letters.len())
            .finish_non_exhaustive()
    }
}

struct Entry {
    body: String,
    sent_at: OffsetDateTime,
    receives: u32,
    received_at: Instant,
    visible_at: Instant,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Entry")
            .field("body_bytes", &self.body.len())
            .field("receives", &self.receives)
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Taken {
    messages: Vec<Message>,
    /// When the next of the hidden ones comes back.
    next_visible: Option<Instant>,
}

impl Entries {
    fn add(&mut self, body: String) {
        let now = Instant::now();
        let entry = Entry {
            body,
            sent_at: OffsetDateTime::now_utc(),
            receives: 0,
            received_at: now,
            visible_at: now,
        };
        self.waiting.insert(self.next, entry);
        self.next += 1;
    }

    fn take(&mut self, most: usize, now: Instant, visibility: Duration) -> Taken {
        let mut taken = Taken::default();
        for (number, entry) in &mut self.waiting {
            if entry.visible_at > now {
                taken.next_visible = Some(
                    taken
                        .next_visible
                        .map_or(entry.visible_at, |at| at.min(entry.visible_at)),
                );
            } else if taken.messages.len() < most {
                entry.receives = entry.receives.saturating_add(1);
                entry.received_at = now;
                entry.visible_at = now + visibility.min(LONGEST_HOLD);
                taken.messages.push(Message {
                    id: number.to_string(),
                    handle: handle(*number, entry.receives),
                    body: entry.body.clone(),
                    receive_count: entry.receives,
                    sent_at: Some(entry.sent_at),
                });
            }
        }
        taken
    }

    /// As SQS: who received it last may delete it, even late.
    fn delete(&mut self, handle: &ReceiptHandle) -> Result<(), QueueError> {
        let (number, receive) = parsed(handle).ok_or(QueueError::HandleExpired)?;
        match self.waiting.get(&number) {
            Some(entry) if entry.receives != receive => Err(QueueError::HandleExpired),
            Some(_) => {
                self.waiting.remove(&number);
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn hide(
        &mut self,
        handle: &ReceiptHandle,
        now: Instant,
        timeout: Duration,
    ) -> Result<(), QueueError> {
        let (number, receive) = parsed(handle).ok_or(QueueError::HandleExpired)?;
        let entry = self
            .waiting
            .get_mut(&number)
            .filter(|entry| entry.receives == receive && entry.visible_at > now)
            .ok_or(QueueError::HandleExpired)?;
        let held = now.duration_since(entry.received_at);
        if held.saturating_add(timeout) > LONGEST_HOLD {
            return Err(QueueError::HandleExpired);
        }
        entry.visible_at = now + timeout;
        Ok(())
    }
}

fn handle(number: u64, receive: u32) -> ReceiptHandle {
    ReceiptHandle(format!("{number}/{receive}"))
}

fn parsed(handle: &ReceiptHandle) -> Option<(u64, u32)> {
    let (number, receive) = handle.0.split_once('/')?;
    Some((number.parse().ok()?, receive.parse().ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use super::*;

    const VISIBILITY: Duration = Duration::from_secs(30);

    async fn one(queue: &InProcessQueue) -> Message {
        queue.receive(1, LONGEST_WAIT).await.unwrap().remove(0)
    }

    #[tokio::test(start_paused = true)]
    async fn an_old_handle_does_not_delete_what_another_worker_holds() {
        let queue = InProcessQueue::new(VISIBILITY);
        queue.send("hello");
        let first = one(&queue).await;
        tokio::time::sleep(VISIBILITY).await;
        let second = one(&queue).await;
        assert!(matches!(
            queue.delete(&first.handle).await,
            Err(QueueError::HandleExpired)
        ));
        assert!(!queue.is_empty());
        queue.delete(&second.handle).await.unwrap();
        assert!(queue.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_handle_whose_time_is_over_cannot_hide_the_message_again() {
        let queue = InProcessQueue::new(VISIBILITY);
        queue.send("hello");
        let message = one(&queue).await;
        tokio::time::sleep(VISIBILITY).await;
        assert!(matches!(
            queue.set_visibility(&message.handle, VISIBILITY).await,
            Err(QueueError::HandleExpired)
        ));
        assert_eq!(one(&queue).await.receive_count, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_can_be_held_for_twelve_hours_from_its_receive_and_no_longer() {
        let queue = InProcessQueue::new(VISIBILITY);
        queue.send("hello");
        let message = one(&queue).await;
        tokio::time::sleep(Duration::from_secs(10)).await;
        let rest = LONGEST_HOLD - Duration::from_secs(10);
        let over = rest + Duration::from_secs(1);
        assert!(queue.set_visibility(&message.handle, over).await.is_err());
        queue.set_visibility(&message.handle, rest).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_emptied_when_the_last_message_is_deleted_not_when_it_is_taken() {
        let queue = Arc::new(InProcessQueue::new(VISIBILITY));
        queue.send("hello");
        let message = one(&queue).await;
        let emptied = tokio::spawn({
            let queue = Arc::clone(&queue);
            async move { queue.emptied().await }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(!emptied.is_finished());
        queue.delete(&message.handle).await.unwrap();
        emptied.await.unwrap();
    }

    #[test]
    fn its_debug_output_holds_no_body() {
        let queue = InProcessQueue::new(VISIBILITY);
        queue.send("jane@example.com");
        assert!(!format!("{queue:?}").contains("jane"));
    }
}
