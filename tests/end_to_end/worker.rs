//! The real worker: the built program, in a process of its own.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::eventually;
use super::localstack::{self, REGION};

/// Killed when it is dropped.
pub(crate) struct Worker {
    child: Child,
    directory: tempfile::TempDir,
}

impl Worker {
    /// Starts `audience-activator worker` with this configuration on LocalStack, and
    /// waits until it is ready.
    pub(crate) async fn start(config: &str) -> Worker {
        let mut command = program();
        command.arg("worker").env("ACTIVATOR_CONFIG", config);
        let worker = Worker::spawn(command);
        worker.until_ready().await;
        worker
    }

    /// Starts it without waiting, on an admin port that is free.
    pub(crate) fn spawn(mut command: Command) -> Worker {
        let directory = tempfile::tempdir().unwrap();
        let log = File::create(directory.path().join("log")).unwrap();
        let child = command
            .env("ACTIVATOR_ADMIN_LISTEN", "127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("the worker starts");
        Worker { child, directory }
    }

    pub(crate) async fn until_ready(&self) {
        eventually("the worker to be ready", || async {
            (self.readiness().await["ready"] == true).then_some(())
        })
        .await;
    }

    /// The address of its admin port.
    pub(crate) async fn admin(&self) -> String {
        let line = self
            .until_logged("audience-activator starts", |_| true)
            .await;
        line["admin"].as_str().expect("an address").to_owned()
    }

    /// What it answers on its admin port: the status and the text.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.admin().await);
        let answer = reqwest::get(url).await.expect("the admin port answers");
        let status = answer.status().as_u16();
        (status, answer.text().await.expect("an answer has a text"))
    }

    /// The detail of `/readyz`.
    pub(crate) async fn readiness(&self) -> Value {
        let (_, text) = self.get("/readyz").await;
        serde_json::from_str(&text).expect("readiness is JSON")
    }

    /// The value of a metric, written as the page has it; `None` where it is not there.
    pub(crate) async fn metric(&self, name: &str) -> Option<f64> {
        let (_, page) = self.get("/metrics").await;
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
        page.lines().find_map(value)
    }

    pub(crate) async fn until_metric(&self, name: &str, expected: f64) {
        eventually(&format!("{name} to be {expected}"), || async {
            (self.metric(name).await == Some(expected)).then_some(())
        })
        .await;
    }

    /// Everything it has logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    /// The first line with this message of which the condition is true.
    pub(crate) async fn until_logged(
        &self,
        message: &str,
        condition: impl Fn(&Value) -> bool,
    ) -> Value {
        self.until_line(message, |line| {
            line["message"] == message && condition(line)
        })
        .await
    }

    /// The first line of the log of which the condition is true.
    pub(crate) async fn until_line(&self, what: &str, condition: impl Fn(&Value) -> bool) -> Value {
        eventually(&format!("a line of the log: {what}"), || async {
            let log = self.log();
            let mut lines = log
                .lines()
                .filter_map(|line| serde_json::from_str(line).ok());
            lines.find(&condition)
        })
        .await
    }

    pub(crate) fn signal(&self, name: &str) {
        signal(&self.child, name);
    }

    /// Waits for the process to end by itself.
    pub(crate) async fn ended(&mut self, within: Duration) -> ExitStatus {
        ended(&mut self.child, within).await
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<_> = log.lines().collect();
            eprintln!("---- the end of the worker's log:");
            for line in &lines[lines.len().saturating_sub(40)..] {
                eprintln!("{line}");
            }
        }
    }
}

/// The program, as a shell with nothing but AWS credentials for LocalStack runs it.
pub(crate) fn program() -> Command {
    program_on(&localstack::endpoint())
}

/// The same with AWS elsewhere.
pub(crate) fn program_on(aws: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audience-activator"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("ACTIVATOR_") || text.starts_with("AWS_") || text.starts_with("ECS_") {
            command.env_remove(&name);
        }
    }
    command
        .env("AWS_ENDPOINT_URL", aws)
        .env("AWS_REGION", REGION)
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    command
}

pub(crate) fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .arg(format!("-{name}"))
        .arg(child.id().to_string())
        .status()
        .expect("kill can be run");
    assert!(status.success(), "kill -{name} failed");
}

pub(crate) async fn ended(child: &mut Child, within: Duration) -> ExitStatus {
    let deadline = Instant::now() + within;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(
            Instant::now() < deadline,
            "the process did not end within {within:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
