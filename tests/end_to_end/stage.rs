//! All that a worker needs around it: a data plane, Meta, and a configuration.

use std::process::Command;

use serde_json::json;
use simulator::{Simulator, Target};

use super::data_plane::DataPlane;
use super::eventually;
use super::people::email_hash;
use super::worker::{Worker, program};

pub(crate) const DATASET: &str = "1000000000000001";
pub(crate) const AUDIENCE: &str = "2000000000000001";
pub(crate) const TOKEN: &str = "EAABnotATokenOfAnybody";

pub(crate) struct Stage {
    pub(crate) plane: DataPlane,
    pub(crate) meta: Simulator,
}

impl Stage {
    /// The parameter `default` of this stage holds a good token.
    pub(crate) async fn set_up() -> Stage {
        let stage = Stage {
            plane: DataPlane::create().await,
            meta: Simulator::builder()
                .token(TOKEN)
                .dataset(DATASET)
                .audience(AUDIENCE, "3000000000000001")
                .start()
                .await
                .expect("the simulator starts"),
        };
        stage.put_token("default", TOKEN).await;
        stage
    }

    /// The name of a secret that is this stage's own.
    pub(crate) fn secret(&self, name: &str) -> String {
        format!("/{}/{name}", self.plane.name)
    }

    /// Puts the token as the AWS guidance keeps it.
    pub(crate) async fn put_token(&self, name: &str, token: &str) {
        let secret = json!({"access_token": token, "pixel_id": DATASET});
        self.plane
            .put_parameter(&self.secret(name), &secret.to_string())
            .await;
    }

    /// A configuration with these routes. Short waits, so that tests need not wait.
    pub(crate) fn config(&self, routes: &[String]) -> String {
        format!(
            "[queue]\nurl = \"{}\"\nwait_seconds = 1\n\
             [state]\nlocation = \"s3://{}/\"\n\
             [meta]\nendpoint = \"{}\"\n\
             {}",
            self.plane.queue_url,
            self.plane.state_bucket,
            self.meta.endpoint(),
            routes.concat(),
        )
    }

    /// A route of purchases, named after its prefix `meta/<name>/`, with the token
    /// of this stage's parameter `secret`.
    pub(crate) fn conversions(&self, name: &str, secret: &str) -> String {
        let prefix = format!("meta/{name}/");
        let secret = format!("ssm:{}", self.secret(secret));
        format!(
            "{}[route.conversions]\nevent_name = \"Purchase\"\naction_source = \"physical_store\"\n\
             event_time = \"object\"\nvalue = \"auto\"\ncurrency = \"EUR\"\n",
            route(name, &prefix, &secret)
        )
    }

    /// The same for objects whose events do not come by EventBridge's rule.
    pub(crate) fn unannounced_conversions(&self, name: &str) -> String {
        self.conversions(name, "default")
            .replace("prefix = \"meta/", "prefix = \"")
    }

    /// A route to the audience, named after its prefix.
    pub(crate) fn audience(&self, name: &str, mode: &str, secret: &str) -> String {
        format!(
            "{}[route.custom_audience]\naudience = \"{AUDIENCE}\"\nmode = \"{mode}\"\n",
            route(name, &format!("meta/{name}/"), secret)
        )
    }

    /// A worker with one route, `people`.
    pub(crate) async fn worker(&self) -> Worker {
        Worker::start(&self.people_config()).await
    }

    pub(crate) fn people_config(&self) -> String {
        self.config(&[self.conversions("people", "default")])
    }

    /// A command of the program with this configuration, on LocalStack.
    pub(crate) fn command(&self, name: &str, config: &str) -> Command {
        let mut command = program();
        command.arg(name).env("ACTIVATOR_CONFIG", config);
        command
    }

    /// How often the person's e-mail address came to the dataset.
    pub(crate) fn arrivals(&self, person: u32) -> u32 {
        self.meta.events_bearing(DATASET, "em", &email_hash(person))
    }

    /// Accepted events, and how many of them came more than once.
    pub(crate) fn received(&self) -> (u64, u64) {
        let dataset = &self.meta.inspect().datasets[DATASET];
        (dataset.received, dataset.duplicates)
    }

    /// Requests with rows, whatever became of them. Questions are none.
    pub(crate) fn uploads(&self) -> u64 {
        let outcomes = self.meta.inspect().requests.outcomes;
        let of_rows = outcomes
            .iter()
            .filter(|(target, _)| **target != Target::Read);
        of_rows.flat_map(|(_, outcomes)| outcomes.values()).sum()
    }

    pub(crate) async fn until_received(&self, events: u64) {
        eventually(&format!("{events} events to arrive at Meta"), || async {
            (self.received().0 >= events).then_some(())
        })
        .await;
    }
}

fn route(name: &str, prefix: &str, credentials: &str) -> String {
    format!(
        "[[route]]\nname = \"{name}\"\nprefix = \"{prefix}\"\ncredentials = \"{credentials}\"\ncolumns = \"auto\"\n"
    )
}
