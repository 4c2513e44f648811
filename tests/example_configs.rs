//! The configurations in `examples/` are read by the program that they are for.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use audience_activator::config::{Config, Environment, Purpose, SETTINGS};

fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    fs::read_to_string(path).unwrap()
}

fn read(name: &str) -> Config {
    let environment = Environment::default();
    match Config::parse(name, &example(name), &environment, Purpose::Worker) {
        Ok(config) => config,
        Err(faults) => unreachable!("{faults}"),
    }
}

#[test]
fn every_example_is_without_fault() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut seen = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            read(&path.file_name().unwrap().to_string_lossy());
            seen += 1;
        }
    }
    assert!(seen >= 2);
}

#[test]
fn the_full_example_has_every_setting_with_its_default() {
    let written: toml::Table = example("full.toml").parse().unwrap();
    for about in SETTINGS {
        let section = written
            .get(about.section)
            .and_then(|section| section.as_table());
        let path = about.path();
        assert!(
            section.is_some_and(|table| table.contains_key(about.key)),
            "{path}"
        );
    }
    // With and without the written defaults the same holds.
    let full = read("full.toml").explain();
    let guidance = read("guidance.toml").explain();
    for about in SETTINGS.iter().filter(|about| about.default.is_some()) {
        let value = |page: &str| -> toml::Value {
            let page: toml::Table = page.parse().unwrap();
            page[about.section][about.key].clone()
        };
        assert_eq!(value(&full), value(&guidance), "{}", about.path());
    }
}

#[test]
fn every_setting_has_its_variable() {
    for about in SETTINGS {
        let environment = Environment::of([(about.variable(), "\u{1}".to_owned())]);
        let text = example("guidance.toml");
        let read = Config::parse("guidance.toml", &text, &environment, Purpose::Worker);
        let shown = match read {
            Ok(config) => config.explain(),
            Err(faults) => faults.to_string(),
        };
        assert!(shown.contains(&about.variable()), "{shown}");
    }
}
