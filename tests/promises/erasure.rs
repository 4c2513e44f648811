//! Who asks to be forgotten: the built program before the simulated Meta.

mod failures;
mod people;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use audience_activator::receipts::{ErasedStatus, ErasureReceipt};
use serde_json::Value;
use simulator::{AudienceChange, Changes, Fault, FaultAction, GraphError, Simulator, Target};
use tempfile::TempDir;

use crate::stage::people::{email, hashed_email, sha256};
use crate::stage::program::program;

const TOKEN: &str = "EAABerasureToken";
const ACCOUNT: &str = "3003";
const MEMBERS: &str = "2002";
const LEAVERS: &str = "2012";
/// No route leads there, and it is of the same account.
const OTHER: &str = "2022";

/// Three audiences with the people 1 to 30 in each, and a configuration that knows two.
struct Stage {
    meta: Simulator,
    directory: TempDir,
}

struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn route(name: &str, audience: &str, mode: &str) -> String {
    format!(
        "[[route]]\nname = \"{name}\"\nprefix = \"{name}/\"\ncredentials = \"env:META_TOKEN\"\n\
         [route.columns]\nc_mail = \"email\"\nconsent = {{ only_if = [\"Y\"] }}\n\
         [route.custom_audience]\nad_account = \"act_{ACCOUNT}\"\naudience = \"{audience}\"\nmode = \"{mode}\"\n"
    )
}

impl Stage {
    async fn set() -> Stage {
        let meta = Simulator::builder()
            .token(TOKEN)
            .audience(MEMBERS, ACCOUNT)
            .audience(LEAVERS, ACCOUNT)
            .audience(OTHER, ACCOUNT)
            .start()
            .await
            .unwrap();
        let directory = tempfile::tempdir().unwrap();
        let stage = Stage { meta, directory };
        let mut everybody = "c_mail,consent\n".to_owned();
        everybody.extend((1..=30).map(|number| format!("{},Y\n", email(number))));
        let file = stage.file("everybody.csv", &everybody);
        let routes = [
            route("a", MEMBERS, "add"),
            route("b", LEAVERS, "add"),
            route("c", OTHER, "add"),
        ];
        for name in ["a", "b", "c"] {
            let mut arguments = vec!["upload", file.to_str().unwrap(), "--route"];
            arguments.push(name);
            let said = stage.run(&routes.concat(), &arguments, "", &[]);
            assert_eq!(said.code, Some(0), "{}", said.err);
        }
        std::fs::remove_dir_all(stage.state()).unwrap();
        assert_eq!(stage.in_all(1), [1, 1, 1]);
        stage
    }

    fn state(&self) -> PathBuf {
        self.directory.path().join("state")
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    fn run(
        &self,
        routes: &str,
        arguments: &[&str],
        stdin: &str,
        settings: &[(&str, &str)],
    ) -> Said {
        let config = format!("[state]\nlocation = {:?}\n{routes}", self.state());
        let mut command = program();
        command
            .args(arguments)
            .env("ACTIVATOR_CONFIG", config)
            .env("META_TOKEN", TOKEN)
            .env("ACTIVATOR_META_ENDPOINT", self.meta.endpoint())
            .env("ACTIVATOR_DELIVERY_REQUESTS_PER_SECOND", "10000")
            .env("ACTIVATOR_LOG_LEVEL", "trace")
            .envs(settings.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(stdin.as_bytes())
            .unwrap();
        let Output {
            status,
            stdout,
            stderr,
        } = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said {
            code: status.code(),
            out: text(stdout),
            err: text(stderr),
        }
    }

    fn erase(&self, arguments: &[&str]) -> Said {
        self.erase_with(arguments, "", &[])
    }

    fn erase_with(&self, arguments: &[&str], stdin: &str, settings: &[(&str, &str)]) -> Said {
        let routes = [
            route("members", MEMBERS, "add"),
            route("leavers", LEAVERS, "remove"),
            // The same audience once more.
            route("members-too", MEMBERS, "remove"),
        ];
        let all: Vec<&str> = std::iter::once("erase")
            .chain(arguments.iter().copied())
            .collect();
        self.run(&routes.concat(), &all, stdin, settings)
    }

    /// How many entries of the person are in each audience.
    fn in_all(&self, person: u64) -> [u32; 3] {
        let hash = hashed_email(person);
        [MEMBERS, LEAVERS, OTHER]
            .map(|audience| self.meta.members_bearing(audience, "EMAIL", &hash))
    }

    fn members(&self) -> [u64; 3] {
        let audiences = self.meta.inspect().audiences;
        [MEMBERS, LEAVERS, OTHER].map(|id| audiences[id].members)
    }

    fn removals(&self) -> usize {
        let requests = self.meta.inspect().requests.recent;
        requests.iter().filter(|one| one.method == "DELETE").count()
    }

    fn receipts(&self) -> Vec<ErasureReceipt> {
        let Ok(files) = std::fs::read_dir(self.state().join("erasures")) else {
            return Vec::new();
        };
        let read = |path| serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        files.map(|file| read(file.unwrap().path())).collect()
    }

    fn receipt(&self) -> ErasureReceipt {
        let mut receipts = self.receipts();
        assert_eq!(receipts.len(), 1);
        receipts.remove(0)
    }
}

fn statuses(receipt: &ErasureReceipt) -> Vec<(&str, ErasedStatus)> {
    let targets = receipt.targets.iter();
    targets
        .map(|target| (target.id.as_str(), target.status))
        .collect()
}

const DONE: ErasedStatus = ErasedStatus::Done;
const MISSING: ErasedStatus = ErasedStatus::Missing;
