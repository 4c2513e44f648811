//! Workers that always have something to send, each with limiters of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use audience_activator::delivery::{AccountLimiter, AccountLimiters, Cost, Limits};
use audience_activator::meta::Outcome;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use super::quota::{ACCOUNT, Meta};

pub const IN_FLIGHT: usize = 8;
pub const REQUESTS_PER_SECOND: f64 = 20.0;

#[derive(Clone, Debug)]
pub struct Scenario {
    pub workers: usize,
    pub meta: Meta,
    pub lasts: Duration,
    pub seed: u64,
    /// Then somebody else uses so many points at once.
    pub others: Option<(Duration, f64)>,
}

/// What happened.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// By worker.
    pub accepted: Vec<u64>,
    pub throttled: Vec<u64>,
    /// By second.
    pub seconds: Vec<Second>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Second {
    pub accepted: u64,
    pub throttled: u64,
    /// Of the quota, at its end.
    pub percent: f64,
}

impl Run {
    pub fn all_accepted(&self) -> u64 {
        self.accepted.iter().sum()
    }

    pub fn all_throttled(&self) -> u64 {
        self.throttled.iter().sum()
    }
}

struct Stage {
    meta: Mutex<Meta>,
    run: Mutex<Run>,
    began: Instant,
}

impl Scenario {
    pub fn new(workers: usize, meta: Meta, lasts: Duration) -> Scenario {
        Scenario {
            workers,
            meta,
            lasts,
            seed: 7,
            others: None,
        }
    }

    /// Plays it, in a runtime of its own whose clock only moves when all wait.
    pub fn run(&self) -> Run {
        fastrand::seed(self.seed);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        match runtime {
            Ok(runtime) => runtime.block_on(self.play()),
            Err(error) => panic!("no runtime: {error}"),
        }
    }

    async fn play(&self) -> Run {
        let seconds = self.lasts.as_secs() as usize;
        let stage = Arc::new(Stage {
            meta: Mutex::new(self.meta.clone()),
            run: Mutex::new(Run {
                accepted: vec![0; self.workers],
                throttled: vec![0; self.workers],
                seconds: vec![Second::default(); seconds],
            }),
            began: Instant::now(),
        });
        let end = stage.began + self.lasts;
        let mut tasks = JoinSet::new();
        for worker in 0..self.workers {
            let limits = Limits {
                requests_per_second: REQUESTS_PER_SECOND,
                in_flight: IN_FLIGHT,
                longest_wait: Duration::from_secs(300),
            };
            let secret = "env:TOKEN".parse().unwrap_or_else(|_| panic!("a secret"));
            let account = format!("act_{ACCOUNT}");
            let limiter = AccountLimiters::new(limits).of("members", &account, &secret);
            for _ in 0..IN_FLIGHT * 2 {
                tasks.spawn(send(worker, limiter.clone(), stage.clone()));
            }
        }
        if let Some((at, points)) = self.others {
            let stage = stage.clone();
            tasks.spawn(async move {
                sleep_until(stage.began + at).await;
                lock(&stage.meta).used_by_others(Instant::now(), points);
            });
        }
        for second in 0..seconds {
            sleep_until(stage.began + Duration::from_secs(second as u64 + 1)).await;
            let percent = lock(&stage.meta).percent(Instant::now());
            lock(&stage.run).seconds[second].percent = percent;
        }
        sleep_until(end).await;
        tasks.shutdown().await;
        lock(&stage.run).clone()
    }
}

async fn send(worker: usize, limiter: Arc<AccountLimiter>, stage: Arc<Stage>) {
    loop {
        let turn = match limiter.ready(Cost::Write).await {
            Ok(turn) => turn,
            // As the message of the object does.
            Err(closed) => {
                let wait = closed.until - Instant::now();
                sleep(wait.mul_f64(1.0 + fastrand::f64() / 10.0)).await;
                continue;
            }
        };
        let way = Duration::from_millis(fastrand::u64(100..500));
        sleep(way).await;
        let now = Instant::now();
        let answer = lock(&stage.meta).call(now);
        let throttled = matches!(answer.outcome, Outcome::Throttled { .. });
        {
            let mut run = lock(&stage.run);
            let second = (now - stage.began).as_secs() as usize;
            let by_worker = match throttled {
                true => &mut run.throttled,
                false => &mut run.accepted,
            };
            by_worker[worker] += 1;
            if let Some(second) = run.seconds.get_mut(second) {
                second.accepted += u64::from(!throttled);
                second.throttled += u64::from(throttled);
            }
        }
        sleep(way).await;
        turn.answered(&answer);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|_| panic!("a task panicked"))
}
