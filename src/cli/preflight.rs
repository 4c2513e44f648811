//! `preflight`: whether everything is in order, as a list of checks.

use anyhow::anyhow;
use clap::Args;
use serde_json::json;

use super::configuration::Configuration;
use super::{Exit, exit, output};
use crate::app::preflight::{Finding, Mark, create, of_places, of_route, worst};
use crate::app::{Parts, Places, aws};
use crate::config::{Config, Destination, Purpose, Route};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only this route, and neither queue nor state; may be given several times
    #[arg(long, value_name = "NAME")]
    route: Vec<String>,
    /// Make the audiences of routes with create = true whose names are not there
    ///
    /// Meta makes two of a request that comes twice, so let only one such command run at a
    /// time. A request whose answer is lost is not repeated: the list of audiences is looked
    /// through instead, and if it does not tell, you are asked to look in Audience Manager.
    #[arg(long)]
    create: bool,
    /// Print one JSON object, for scripts
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    configuration: Configuration,
}

pub(super) async fn run(arguments: Arguments) -> Exit {
    let loaded = arguments
        .configuration
        .load_with_log(Purpose::OneShot)
        .await;
    let config = match loaded {
        Ok(config) => config,
        Err(error) => return exit::usage(&error),
    };
    let routes = match arguments.routes(&config) {
        Ok(routes) => routes,
        Err(error) => return exit::usage(&error),
    };
    let places = Places::on_aws(&config, &aws::load().await);
    let parts = match Parts::new(config.clone(), places) {
        Ok(parts) => parts,
        Err(error) => return exit::failed(&error.into()),
    };
    let mut checked = Checked::default();
    if arguments.route.is_empty() {
        checked.places = of_places(&parts).await;
    }
    for route in routes {
        let made = match arguments.create {
            true => create(&parts, route).await,
            false => None,
        };
        let mut findings = of_route(&parts, route).await;
        // What became of the request says more than that the name is there, or is not.
        if let Some(made) = made {
            findings.retain(|finding| finding.check != made.check);
            findings.push(made);
        }
        checked.routes.push((route, findings));
    }
    let told = if arguments.json {
        format!("{:#}\n", checked.as_json())
    } else {
        checked.as_text()
    };
    if let Err(error) = output::write(&told) {
        return exit::failed(&error.into());
    }
    match checked.worst() {
        Mark::Ok | Mark::Warning => Exit::Done,
        Mark::Unknown => Exit::Failed,
        Mark::Failed => Exit::RouteStopped,
    }
}

impl Arguments {
    fn routes<'c>(&self, config: &'c Config) -> anyhow::Result<Vec<&'c Route>> {
        if self.route.is_empty() {
            return Ok(config.routes.iter().collect());
        }
        let names = self.route.iter();
        let by_name = |name: &String| {
            let mut routes = config.routes.iter();
            let found = routes.find(|route| route.name == *name);
            found.ok_or_else(|| anyhow!("the configuration has no route {name:?}"))
        };
        names.map(by_name).collect()
    }
}

#[derive(Debug, Default)]
struct Checked<'c> {
    places: Vec<Finding>,
    routes: Vec<(&'c Route, Vec<Finding>)>,
}

impl Checked<'_> {
    fn worst(&self) -> Mark {
        let of_routes = self.routes.iter().flat_map(|(_, findings)| findings);
        worst(self.places.iter().chain(of_routes))
    }

    fn as_text(&self) -> String {
        let mut text = String::new();
        if !self.places.is_empty() {
            text.push_str("queue and state\n");
            write_all(&mut text, &self.places);
        }
        for (route, findings) in &self.routes {
            text.push_str(&format!("route {} ({})\n", route.name, destination(route)));
            write_all(&mut text, findings);
        }
        text
    }

    fn as_json(&self) -> serde_json::Value {
        let routes = self.routes.iter().map(|(route, findings)| {
            json!({
                "route": route.name,
                "result": worst(findings),
                "checks": findings,
            })
        });
        json!({
            "result": self.worst(),
            "checks": self.places,
            "routes": routes.collect::<Vec<_>>(),
        })
    }
}

/// One line for each check.
fn write_all(text: &mut String, findings: &[Finding]) {
    for finding in findings {
        let mark = match finding.result {
            Mark::Ok => "ok",
            Mark::Warning => "warning",
            Mark::Unknown => "unknown",
            Mark::Failed => "FAILED",
        };
        let check = finding.check.name();
        text.push_str(&format!("  {mark:<8}{check:<13}{}\n", finding.sentence));
    }
}

fn destination(route: &Route) -> &'static str {
    match route.destination {
        Destination::Conversions(_) => "conversions",
        Destination::CustomAudience(_) => "custom audience",
    }
}
