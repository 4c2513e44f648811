//! What the rate control makes of Meta's quotas, in numbers and as a picture, which is
//! written to `docs/rate-control.svg`: `cargo bench --bench rate`.
//!
//! A simulation: the limiters are the real ones, Meta's quotas a model of what Meta
//! documents, and time passes as fast as it is computed. A seed gives the same picture.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

mod plot;
#[path = "../tests/rate/mod.rs"]
mod rate;

use std::path::Path;
use std::time::Duration;

use plot::{Chart, Panel};
use rate::fleet::{Run, Scenario};
use rate::quota::{Decay, Meta};

const LASTS: Duration = Duration::from_secs(1_800);
/// One point of a line.
const STEP: usize = 5;

fn main() {
    let others = Some((Duration::from_secs(600), 9_000.0));
    let full = |workers| Scenario::new(workers, Meta::full(Decay::Window), LASTS);
    let told = [
        (
            "1 worker, limited tier: 60 points",
            Scenario::new(1, Meta::limited(Decay::Window), LASTS),
        ),
        ("1 worker, full tier: 9 000 points", full(1)),
        ("20 workers, full tier", full(20)),
        (
            "20 workers, full tier, points go evenly",
            Scenario::new(20, Meta::full(Decay::Steady), LASTS),
        ),
        (
            "20 workers, full tier; somebody else uses it all up after 10 minutes",
            Scenario { others, ..full(20) },
        ),
    ];
    println!("quota used | requests | throttled | least of a fair share | what");
    let panels = told.map(|(title, scenario)| {
        let run = scenario.run();
        let fair = run.all_accepted() as f64 / scenario.workers as f64;
        println!(
            "{:>8.1} % | {:>8} | {:>9} | {:>19.0} % | {title}",
            100.0 * run.all_accepted() as f64 / scenario.meta.most(LASTS),
            run.all_accepted(),
            run.all_throttled(),
            100.0 * *run.accepted.iter().min().unwrap() as f64 / fair,
        );
        panel(title, &run)
    });
    let chart = Chart {
        title: "Rate control before a model of Meta's quota (simulated time; 3 points a request, gone after 300 s)",
        legend: [
            "accepted requests a second (left)",
            "quota in use (right)",
            "requests that Meta throttled",
        ],
        seconds: LASTS.as_secs_f64(),
        step_seconds: STEP as f64,
        panels: panels.into(),
    };
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rate-control.svg");
    std::fs::write(&file, chart.svg()).unwrap();
    println!("drawn: {}", file.display());
}

fn panel(title: &str, run: &Run) -> Panel {
    let steps = run.seconds.chunks(STEP);
    let accepted =
        |step: &[rate::fleet::Second]| -> u64 { step.iter().map(|second| second.accepted).sum() };
    Panel {
        title: title.to_owned(),
        left: steps
            .clone()
            .map(|step| accepted(step) as f64 / STEP as f64)
            .collect(),
        right: steps
            .clone()
            .map(|step| step.last().map_or(0.0, |second| second.percent))
            .collect(),
        marks: steps
            .map(|step| step.iter().map(|second| second.throttled).sum())
            .collect(),
    }
}
