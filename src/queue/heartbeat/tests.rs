#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Mutex;

use futures_util::future::BoxFuture;

use super::*;
use crate::queue::{DeadLetter, DeadLettered, InProcessQueue, Message, QueueFacts};

const VISIBILITY: Duration = Duration::from_secs(30);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// What the next calls of `set_visibility` do; when none is left they succeed.
#[derive(Clone, Copy)]
enum Fault {
    Transient,
    Setup,
    Silence,
    /// The queue did it, but the answer is lost.
    AnswerLost,
    /// The queue did it at once, but the answer takes its time.
    AnswerLate(Duration),
    Panic,
}

/// An in-process queue whose extensions fail as told.
struct Faulty {
    queue: InProcessQueue,
    faults: Mutex<Vec<Fault>>,
    /// When each extension was begun, and for how long it asked.
    calls: Mutex<Vec<(Instant, Duration)>>,
}

impl Faulty {
    fn new(faults: &[Fault]) -> Arc<Faulty> {
        let queue = InProcessQueue::new(VISIBILITY);
        queue.send("hello");
        Arc::new(Faulty {
            queue,
            faults: Mutex::new(faults.iter().rev().copied().collect()),
            calls: Mutex::default(),
        })
    }

    fn calls(&self) -> Vec<(Instant, Duration)> {
        self.calls.lock().unwrap().clone()
    }

    async fn one(&self) -> Message {
        self.queue
            .receive(1, Duration::from_secs(20))
            .await
            .unwrap()
            .remove(0)
    }

    /// Nobody can have the message now.
    async fn assert_hidden(&self) {
        assert!(
            self.queue
                .receive(1, Duration::ZERO)
                .await
                .unwrap()
                .is_empty()
        );
    }
}

impl Queue for Faulty {
    fn receive(
        &self,
        most: usize,
        wait: Duration,
    ) -> BoxFuture<'_, Result<Vec<Message>, QueueError>> {
        self.queue.receive(most, wait)
    }

    fn delete<'a>(&'a self, handle: &'a ReceiptHandle) -> BoxFuture<'a, Result<(), QueueError>> {
        self.queue.delete(handle)
    }

    fn set_visibility<'a>(
        &'a self,
        handle: &'a ReceiptHandle,
        timeout: Duration,
    ) -> BoxFuture<'a, Result<(), QueueError>> {
        self.calls.lock().unwrap().push((Instant::now(), timeout));
        let fault = self.faults.lock().unwrap().pop();
        Box::pin(async move {
            match fault {
                None => self.queue.set_visibility(handle, timeout).await,
                Some(Fault::Transient) => Err(QueueError::Transient("reset".to_owned())),
                Some(Fault::Setup) => Err(QueueError::Setup("denied".to_owned())),
                Some(Fault::Silence) => std::future::pending().await,
                Some(Fault::AnswerLost) => {
                    self.queue.set_visibility(handle, timeout).await?;
                    std::future::pending().await
                }
                Some(Fault::AnswerLate(by)) => {
                    let done = self.queue.set_visibility(handle, timeout).await;
                    tokio::time::sleep(by).await;
                    done
                }
                Some(Fault::Panic) => panic!("the queue is broken"),
            }
        })
    }

    fn send_to_dead_letters<'a>(
        &'a self,
        message: &'a Message,
        letter: &'a DeadLetter,
    ) -> BoxFuture<'a, Result<DeadLettered, QueueError>> {
        self.queue.send_to_dead_letters(message, letter)
    }

    fn facts(&self) -> BoxFuture<'_, Result<QueueFacts, QueueError>> {
        self.queue.facts()
    }
}

fn options() -> HeartbeatOptions {
    HeartbeatOptions::new(VISIBILITY, Instant::now())
}

async fn started(queue: &Arc<Faulty>) -> (Message, Heartbeat) {
    let message = queue.one().await;
    let queue: Arc<dyn Queue> = Arc::clone(queue) as Arc<dyn Queue>;
    let heartbeat = Heartbeat::start(queue, message.handle.clone(), options());
    (message, heartbeat)
}

#[tokio::test(start_paused = true)]
async fn a_message_stays_hidden_as_long_as_its_heart_beats() {
    let queue = Faulty::new(&[]);
    let (_, heartbeat) = started(&queue).await;
    for _ in 0..600 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        queue.assert_hidden().await;
    }
    assert!(!heartbeat.lost().is_cancelled());
    heartbeat.stop().await;
}

#[tokio::test(start_paused = true)]
async fn it_beats_every_third_of_the_timeout_or_a_little_sooner() {
    let queue = Faulty::new(&[]);
    let began = Instant::now();
    let (_, heartbeat) = started(&queue).await;
    tokio::time::sleep(Duration::from_secs(600)).await;
    heartbeat.stop().await;
    let calls = queue.calls();
    assert!((60..=75).contains(&calls.len()), "{} beats", calls.len());
    let mut last = began;
    let mut gaps = std::collections::BTreeSet::new();
    for (at, asked) in calls {
        assert_eq!(asked, VISIBILITY);
        let gap = at - last;
        assert!(
            gap <= VISIBILITY / 3 && gap >= VISIBILITY / 3 * 8 / 10,
            "{gap:?}"
        );
        gaps.insert(gap);
        last = at;
    }
    assert!(gaps.len() > 5, "no jitter: {gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_waited_before_its_heartbeat_is_extended_at_once() {
    let queue = Faulty::new(&[]);
    let message = queue.one().await;
    let options = options();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let started = Instant::now();
    let heartbeat = Heartbeat::start(Arc::clone(&queue) as _, message.handle, options);
    tokio::time::sleep(Duration::from_secs(15)).await;
    queue.assert_hidden().await;
    assert_eq!(queue.calls()[0].0, started);
    heartbeat.stop().await;
}

#[tokio::test(start_paused = true)]
async fn failures_that_pass_lose_nothing() {
    for fault in [
        Fault::Transient,
        Fault::Setup,
        Fault::Silence,
        Fault::AnswerLost,
    ] {
        let queue = Faulty::new(&[fault, fault]);
        let (_, heartbeat) = started(&queue).await;
        for _ in 0..120 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            queue.assert_hidden().await;
        }
        assert!(!heartbeat.lost().is_cancelled());
        heartbeat.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_cannot_be_extended_is_lost_before_anybody_else_can_have_it() {
    for fault in [Fault::Transient, Fault::Setup, Fault::Silence] {
        let queue = Faulty::new(&[fault; 1_000]);
        let received = Instant::now();
        let (_, heartbeat) = started(&queue).await;
        heartbeat.lost().cancelled().await;
        let margin = VISIBILITY - received.elapsed();
        assert!(
            margin >= Duration::from_secs(3),
            "only {margin:?} before the end"
        );
        assert!(
            margin <= Duration::from_secs(4),
            "given up {margin:?} too early"
        );
        queue.assert_hidden().await;
        assert_eq!(heartbeat.lost_because(), Some(Lost::NotExtended));
        assert!(
            queue.calls().len() >= 3,
            "it tried only {} times",
            queue.calls().len()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_term_counts_from_when_it_was_asked_for_not_from_the_answer() {
    let mut faults = vec![Fault::AnswerLate(Duration::from_secs(4))];
    faults.extend([Fault::Transient; 1_000]);
    let queue = Faulty::new(&faults);
    let (_, heartbeat) = started(&queue).await;
    heartbeat.lost().cancelled().await;
    let asked = queue.calls()[0].0;
    assert!(asked.elapsed() <= VISIBILITY - Duration::from_secs(3));
    queue.assert_hidden().await;
}

#[tokio::test(start_paused = true)]
async fn a_message_that_somebody_else_has_is_lost_with_the_next_beat() {
    let queue = Faulty::new(&[]);
    let (message, heartbeat) = started(&queue).await;
    queue
        .queue
        .set_visibility(&message.handle, Duration::ZERO)
        .await
        .unwrap();
    let second = queue.one().await;
    assert_eq!(second.receive_count, 2);
    tokio::time::timeout(VISIBILITY / 3, heartbeat.lost().cancelled())
        .await
        .unwrap();
    assert_eq!(heartbeat.lost_because(), Some(Lost::HandleExpired));
}

#[tokio::test(start_paused = true)]
async fn no_message_is_held_to_the_twelve_hours_of_its_receive() {
    let queue = Faulty::new(&[]);
    let received = Instant::now();
    let (message, heartbeat) = started(&queue).await;
    heartbeat.lost().cancelled().await;
    assert_eq!(heartbeat.lost_because(), Some(Lost::Wall));
    let held = received.elapsed();
    assert!(
        held > 11 * HOUR + HOUR / 2 && held < 12 * HOUR,
        "held {held:?}"
    );
    // Time is left for what is out to end, and to give it back.
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_secs(60)).await;
        queue.assert_hidden().await;
    }
    heartbeat.stop().await;
    for (at, asked) in queue.calls() {
        assert!(at + asked - received <= HOLD);
    }
    queue
        .set_visibility(&message.handle, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(queue.one().await.receive_count, 2);
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_not_given_back_in_time_is_let_go_before_the_twelve_hours() {
    let queue = Faulty::new(&[]);
    let received = Instant::now();
    let (_, heartbeat) = started(&queue).await;
    heartbeat.lost().cancelled().await;
    let again = queue.queue.receive(1, Duration::ZERO);
    assert!(again.await.unwrap().is_empty());
    tokio::time::sleep_until(received + HOLD).await;
    assert_eq!(queue.one().await.receive_count, 2);
    assert_eq!(heartbeat.lost_because(), Some(Lost::Wall));
    for (at, asked) in queue.calls() {
        assert!(!asked.is_zero() && at + asked - received < 12 * HOUR);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stopped_heartbeat_extends_no_more_and_loses_nothing() {
    let queue = Faulty::new(&[]);
    let (message, heartbeat) = started(&queue).await;
    let lost = heartbeat.lost();
    tokio::time::sleep(Duration::from_secs(60)).await;
    heartbeat.stop().await;
    let beats = queue.calls().len();
    queue
        .queue
        .set_visibility(&message.handle, Duration::ZERO)
        .await
        .unwrap();
    tokio::time::sleep(HOUR).await;
    assert_eq!(queue.calls().len(), beats);
    assert!(!lost.is_cancelled());
    assert_eq!(queue.one().await.receive_count, 2);
}

#[tokio::test(start_paused = true)]
async fn a_stop_waits_for_the_call_in_flight_but_not_for_ever() {
    let queue = Faulty::new(&[Fault::Silence; 1_000]);
    let (_, heartbeat) = started(&queue).await;
    while queue.calls().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let asked = Instant::now();
    heartbeat.stop().await;
    let waited = asked.elapsed();
    assert!(
        waited > Duration::from_secs(4) && waited <= Duration::from_secs(5),
        "{waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_heartbeat_ends() {
    let queue = Faulty::new(&[]);
    let (_, heartbeat) = started(&queue).await;
    drop(heartbeat);
    tokio::time::sleep(VISIBILITY).await;
    assert!(queue.calls().is_empty());
    assert_eq!(queue.one().await.receive_count, 2);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_breaks_counts_as_lost() {
    let queue = Faulty::new(&[Fault::Panic]);
    let (_, heartbeat) = started(&queue).await;
    tokio::time::timeout(VISIBILITY / 2, heartbeat.lost().cancelled())
        .await
        .unwrap();
    assert_eq!(heartbeat.lost_because(), None);
    heartbeat.stop().await;
}

#[tokio::test(start_paused = true)]
async fn cancelling_what_was_handed_out_does_not_end_the_heartbeat() {
    let queue = Faulty::new(&[]);
    let (_, heartbeat) = started(&queue).await;
    heartbeat.lost().cancel();
    assert!(!heartbeat.lost().is_cancelled());
    tokio::time::sleep(HOUR).await;
    queue.assert_hidden().await;
    heartbeat.stop().await;
}
