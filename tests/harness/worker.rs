//! The real worker: the built program, in a process of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::data_plane::endpoint;
use super::eventually;

pub struct Worker {
    child: Child,
    directory: tempfile::TempDir,
    admin: String,
}

impl Worker {
    /// Starts `audience-activator worker` with this configuration, to which an admin
    /// port of its own is added, and waits until it is ready.
    pub async fn start(config: &str) -> Worker {
        let worker = Worker::spawn(config);
        eventually("the worker to be ready", || async {
            let answer = worker.get("/readyz").await?;
            answer.contains("\"ready\": true").then_some(())
        })
        .await;
        worker
    }

    /// Starts it without waiting.
    pub fn spawn(config: &str) -> Worker {
        let directory = tempfile::tempdir().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .and_then(|listener| listener.local_addr())
            .unwrap()
            .port();
        let admin = format!("127.0.0.1:{port}");
        let path = directory.path().join("config.toml");
        std::fs::write(&path, format!("{config}\n[admin]\nlisten = \"{admin}\"\n")).unwrap();
        let log = File::create(directory.path().join("log")).unwrap();
        let child = program()
            .arg("worker")
            .arg("--config")
            .arg(&path)
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("the worker starts");
        Worker { child, directory, admin }
    }

    pub async fn get(&self, path: &str) -> Option<String> {
        let answer = reqwest::get(format!("http://{}{path}", self.admin)).await.ok()?;
        answer.text().await.ok()
    }

    /// Everything it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    pub fn log_path(&self) -> PathBuf {
        self.directory.path().join("log")
    }

    pub async fn until_logged(&self, text: &str) {
        eventually(&format!("the worker to log {text:?}"), || async {
            self.log().contains(text).then_some(())
        })
        .await;
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.child.id().to_string())
            .status()
            .expect("kill can be run");
        assert!(status.success(), "kill -{name} failed");
    }

    /// Waits for the process to end by itself.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        let deadline = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the worker did not end within {within:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            show_end("the worker", &self.log_path());
            eprintln!("LocalStack's log: see the end of what `make test` prints");
        }
    }
}

/// The program, as a fresh shell with AWS credentials for LocalStack would run it.
pub fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audience-activator"));
    for (name, _) in std::env::vars() {
        if name.starts_with("ACTIVATOR_") || name.starts_with("AWS_ENDPOINT") {
            command.env_remove(name);
        }
    }
    command
        .env("AWS_ENDPOINT_URL", std::env::var("ACTIVATOR_TEST_LOCALSTACK").unwrap_or_else(|_| endpoint()))
        .env("AWS_REGION", "us-east-1")
        .env("AWS_ACCESS_KEY_ID", "test")
        .env("AWS_SECRET_ACCESS_KEY", "test");
    command
}

/// The last lines of a log, for the report of a failed test.
pub fn show_end(who: &str, path: &Path) {
    let log = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<_> = log.lines().collect();
    eprintln!("---- the end of the log of {who}:");
    for line in &lines[lines.len().saturating_sub(40)..] {
        eprintln!("{line}");
    }
}
