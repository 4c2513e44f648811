//! What the documents say is what the program does: metrics, settings, commands, exit
//! codes, examples, the tests of promises, and that whatever they name or link to is
//! there. Text that no test can read (reasons, advice) stays the author's care.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use audience_activator::config::{About, Config, Environment, Purpose, SETTINGS, Scalar};
use audience_activator::identity::quality::WarningCode;
use audience_activator::meta::{Answer, Outcome, Usage};
use audience_activator::telemetry::{Metrics, QuotaState};
use time::OffsetDateTime;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every document, by its path from the root.
fn documents() -> Vec<PathBuf> {
    let folders = ["", "docs", "simulator"];
    let files = folders.iter().flat_map(|folder| files_of(folder, "md"));
    files.collect()
}

/// The files of a folder that end so, by their paths from the root.
fn files_of(folder: &str, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root().join(folder)).unwrap();
    let names = entries.map(|entry| Path::new(folder).join(entry.unwrap().file_name()));
    let mut files: Vec<_> = names
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort();
    files
}

/// The text below a heading, up to the next of the same level.
fn section<'t>(text: &'t str, heading: &str) -> &'t str {
    let (_, rest) = text
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("there is no {heading:?}"));
    let level = heading.split(' ').next().unwrap();
    rest.split(&format!("\n{level} ")).next().unwrap()
}

/// The cells of the tables of a text, without their heads.
fn rows(text: &str) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    let mut in_body = false;
    for line in text.lines().map(str::trim) {
        match line
            .strip_prefix('|')
            .and_then(|line| line.strip_suffix('|'))
        {
            None => in_body = false,
            Some(line) if line.starts_with("---") => in_body = true,
            Some(line) if in_body => {
                let cells = line.split('|').map(|cell| cell.trim().to_owned());
                rows.push(cells.collect());
            }
            Some(_) => {}
        }
    }
    rows
}

/// What stands between backticks in a text, its blocks of code left out.
fn code_spans(text: &str) -> Vec<&str> {
    let prose = text.split("```").step_by(2);
    let lines = prose.flat_map(str::lines);
    let lines = lines.filter(|line| !line.starts_with("    "));
    lines
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect()
}

/// The names of the metrics page, each with its labels.
fn metrics_of_the_page() -> BTreeMap<String, BTreeSet<String>> {
    // A family without a member is not on the page.
    let metrics = Metrics::new().watching(|| {
        vec![QuotaState {
            route: "store-buyers".to_owned(),
            requests_per_second: 20.0,
            opens_in: None,
            used: Some(0.5),
        }]
    });
    metrics.message("done");
    metrics.noise("test_event");
    metrics.object("delivered");
    metrics.rejected("row_too_long");
    metrics.route_stopped("store-buyers", true);
    metrics.preflight("store-buyers", "ok", 5);
    metrics.route_sends_test_events("store-buyers");
    let now = OffsetDateTime::UNIX_EPOCH;
    let expiries = BTreeMap::from([("store-buyers".to_owned(), now)]);
    metrics.messages_expire(&expiries, now);
    let usage = Usage {
        app_percent: Some(1.0),
        ..Usage::default()
    };
    let answer = Answer {
        outcome: Outcome::Accepted { received: 1 },
        status: Some(200),
        error: None,
        trace_id: None,
        usage,
        version_warning: false,
        retry_after: None,
    };
    metrics.answered(&answer, Duration::from_millis(30));
    metrics.looked_up(&answer);

    let page = metrics.page();
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let found: BTreeMap<_, _> = types
        .map(|line| {
            let (family, kind) = line.split_once(' ').unwrap();
            let name = match kind {
                "counter" => format!("{family}_total"),
                _ => family.to_owned(),
            };
            let labels = page
                .lines()
                .filter_map(|line| line.strip_prefix(&name)?.strip_prefix('{'));
            let labels = labels.flat_map(|line| line.split('}').next().unwrap().split(','));
            let labels = labels.map(|label| label.split('=').next().unwrap().to_owned());
            (name.clone(), labels.collect())
        })
        .collect();

    let registered = |place: &str| {
        let source = read(place);
        ["&mut all,\n", "  all,\n", "all.register"].map(|how| source.matches(how).count())
    };
    let places = ["src/telemetry/metrics.rs", "src/telemetry/quotas.rs"];
    let registered: usize = places.into_iter().flat_map(registered).sum();
    assert_eq!(
        found.len(),
        registered,
        "a metric is registered that this test does not touch: count it above"
    );
    found
}

#[test]
fn every_metric_is_explained_to_the_operator_and_every_explained_one_is_there() {
    let operations = read("OPERATIONS.md");
    let mut explained = BTreeMap::new();
    for row in rows(section(&operations, "## Metrics")) {
        let labels: BTreeSet<String> = code_spans(&row[1]).into_iter().map(Into::into).collect();
        for name in code_spans(&row[0]) {
            explained.insert(name.to_owned(), labels.clone());
        }
    }
    let metrics = metrics_of_the_page();
    assert_eq!(explained, metrics);

    let names = documents().into_iter().flat_map(|path| {
        let text = read(path);
        let spans = code_spans(&text);
        let spans = spans.iter().filter(|span| span.starts_with("worker_"));
        let names = spans.map(|span| span.split('{').next().unwrap().to_owned());
        names.collect::<Vec<_>>()
    });
    for name in names {
        assert!(metrics.contains_key(&name), "there is no metric {name}");
    }
}

#[test]
fn every_warning_is_explained_to_the_operator_as_in_the_receipt() {
    let operations = read("OPERATIONS.md");
    let explained = rows(section(section(&operations, "## Receipts"), "### Warnings"));
    let warnings =
        WarningCode::ALL.map(|code| vec![format!("`{}`", code.code()), code.advice().to_owned()]);
    assert_eq!(explained, warnings);
}

#[test]
fn the_table_of_settings_is_that_of_the_program() {
    let document = read("docs/CONFIGURATION.md");
    let written = rows(section(&document, "## Settings"));
    let expected: Vec<_> = SETTINGS.iter().map(row_of).collect();
    let table: Vec<_> = expected
        .iter()
        .map(|row| format!("| {} |", row.join(" | ")))
        .collect();
    assert!(
        written == expected,
        "the table should be:\n{}",
        table.join("\n")
    );
}

fn row_of(about: &About) -> Vec<String> {
    let default = match about.default {
        None => String::new(),
        Some(Scalar::Text(text)) => format!("`\"{text}\"`"),
        Some(Scalar::Integer(integer)) => format!("`{integer}`"),
        Some(Scalar::Number(number)) => format!("`{number:?}`"),
        Some(Scalar::Boolean(boolean)) => format!("`{boolean}`"),
        Some(Scalar::Variable(_) | Scalar::Other(_)) => panic!("no default is one of these"),
    };
    let code = |text: String| format!("`{text}`");
    vec![
        code(about.path()),
        code(about.variable()),
        default,
        about.help.to_owned(),
    ]
}

#[test]
fn settings_and_variables_that_documents_name_are_there() {
    let paths: BTreeSet<_> = SETTINGS.iter().map(About::path).collect();
    let sections: BTreeSet<_> = SETTINGS.iter().map(|about| about.section).collect();
    let mut variables: BTreeSet<_> = SETTINGS.iter().map(About::variable).collect();
    variables.extend(["ACTIVATOR_CONFIG", "ACTIVATOR_CACHE"].map(Into::into));
    for document in documents() {
        let text = read(&document);
        for span in code_spans(&text) {
            let is_setting = span.split_once('.').is_some_and(|(section, key)| {
                sections.contains(section)
                    && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            });
            let is_setting = is_setting && !span.ends_with(".rs");
            let place = document.display();
            assert!(
                !is_setting || paths.contains(span),
                "{place}: no setting {span}"
            );
        }
        for (at, _) in text.match_indices("ACTIVATOR_") {
            let rest = &text[at..];
            let end = rest.find(|c: char| !c.is_ascii_uppercase() && c != '_');
            let name = &rest[..end.unwrap_or(rest.len())];
            // `ACTIVATOR_…` means all of them.
            let is_known = name == "ACTIVATOR_" || name.starts_with("ACTIVATOR_TEST_");
            let place = document.display();
            assert!(
                is_known || variables.contains(name),
                "{place}: no variable {name}"
            );
        }
    }
}

#[test]
fn every_promise_names_tests_that_exist() {
    let mut sources = String::new();
    for folder in ["src", "tests", "simulator/src", "simulator/tests"] {
        gather(&root().join(folder), &mut sources);
    }
    assert!(is_test("every_promise_names_tests_that_exist", &sources));
    assert!(!is_test("gather", &sources));
    let semantics = read("SEMANTICS.md");
    let mut missing: Vec<&str> = Vec::new();
    let mut nameless = Vec::new();
    for promise in semantics.split("\n## ").skip(1) {
        let heading = promise.lines().next().unwrap();
        let named = promise
            .split("\n\n")
            .filter(|paragraph| paragraph.trim_start().starts_with("Test"))
            .flat_map(code_spans);
        let named: Vec<_> = named.collect();
        if let Some(name) = name_of_promise(heading)
            && !named.iter().any(|test| test.starts_with(&name))
        {
            nameless.push(name);
        }
        // Beside these, a sentence may name its own.
        let words = |span: &&str| {
            let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
            span.bytes().all(plain) && span.matches('_').count() >= 5
        };
        let all = named
            .into_iter()
            .chain(code_spans(promise).into_iter().filter(words));
        missing.extend(all.filter(|name| !is_test(name, &sources)));
    }
    assert!(
        missing.is_empty(),
        "there are no tests of these names: {missing:#?}"
    );
    assert!(
        nameless.is_empty(),
        "these promises name no test that is called as they are: {nameless:#?}"
    );
}

/// How the name of a numbered promise's test begins: as its heading, up to any comma.
fn name_of_promise(heading: &str) -> Option<String> {
    let (number, sentence) = heading.split_once(". ")?;
    number.parse::<u32>().ok()?;
    let sentence = sentence.split(',').next()?;
    Some(sentence.to_lowercase().replace(' ', "_"))
}

fn gather(folder: &Path, sources: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            sources.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// Whether a function of this name has an attribute that makes it a test.
fn is_test(name: &str, sources: &str) -> bool {
    let definition = format!("fn {name}(");
    sources.match_indices(&definition).any(|(at, _)| {
        let above = sources[..at]
            .rsplit_once('\n')
            .map_or("", |(above, _)| above);
        let above = above.lines().rev();
        let mut attributes = above.take_while(|line| !line.trim().is_empty() && line.trim() != "}");
        attributes.any(|line| line.contains("test]") || line.contains("::test("))
    })
}

fn help() -> String {
    let program = env!("CARGO_BIN_EXE_audience-activator");
    let output = Command::new(program).arg("--help").output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// The lines below a heading of `--help`, each cut in two where its name ends.
fn listed(help: &str, heading: &str) -> Vec<Vec<String>> {
    let (_, rest) = help.split_once(&format!("{heading}:\n")).unwrap();
    let lines = rest.lines().take_while(|line| line.starts_with("  "));
    let pairs = lines.map(|line| line.trim().split_once("  ").unwrap());
    pairs
        .map(|(name, text)| vec![name.to_owned(), text.trim().to_owned()])
        .collect()
}

#[test]
fn the_exit_codes_of_the_help_are_those_of_the_documents() {
    let codes = listed(&help(), "Exit codes");
    assert!(codes.len() > 1);
    let operations = read("OPERATIONS.md");
    assert_eq!(rows(section(&operations, "## Exit codes")), codes);
    let readme = read("README.md");
    let commands = rows(section(&readme, "## Commands"));
    assert!(commands.ends_with(&codes), "{commands:#?}");
}

#[test]
fn the_readme_lists_every_command_as_the_help_does() {
    let mut commands = listed(&help(), "Commands");
    commands.retain(|command| command[0] != "help");
    for command in &mut commands {
        command[0] = format!("`{}`", command[0]);
    }
    let readme = read("README.md");
    let listed = rows(section(&readme, "## Commands"));
    assert!(listed.starts_with(&commands), "{listed:#?}");
}

#[test]
fn configurations_that_documents_show_are_without_fault() {
    let mut shown = 0;
    for document in documents() {
        let text = read(&document);
        for block in text.split("```toml\n").skip(1) {
            let example = block.split("```").next().unwrap();
            let label = document.display().to_string();
            let environment = Environment::default();
            let config = Config::parse(&label, example, &environment, Purpose::Worker);
            let config = config.unwrap_or_else(|faults| panic!("{faults}\n{example}"));
            assert!(config.notices.is_empty(), "{:?}", config.notices);
            shown += 1;
        }
    }
    assert!(shown > 0);
}

#[test]
fn links_between_documents_lead_somewhere() {
    for document in documents() {
        let text = read(&document);
        for link in text.split("](").skip(1) {
            let target = link.split(')').next().unwrap();
            if target.starts_with("http") {
                continue;
            }
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => document.clone(),
                file => document.parent().unwrap().join(file),
            };
            let place = document.display();
            assert!(root().join(&path).exists(), "{place}: nothing at {target}");
            let is_there = anchor.is_empty() || anchors(&read(&path)).contains(anchor);
            assert!(is_there, "{place}: no such heading: {target}");
        }
    }
}

/// What the headings of a document are called in links to them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let names = headings.map(|line| line.trim_start_matches('#').trim().to_lowercase());
    names
        .map(|name| {
            let kept = name
                .chars()
                .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.map(|c| if c == ' ' { '-' } else { c }).collect()
        })
        .collect()
}

#[test]
fn files_and_targets_that_documents_name_are_there() {
    const ENDINGS: [&str; 6] = [".rs", ".md", ".toml", ".yaml", ".csv", ".py"];
    const FOLDERS: [&str; 7] = [
        "src/",
        "tests/",
        "examples/",
        "scripts/",
        "deploy/",
        "docs/",
        "simulator/",
    ];
    let makefile = read("Makefile");
    for document in documents() {
        let text = read(&document);
        let place = document.display();
        for span in code_spans(&text) {
            let is_plain = span
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"/._-".contains(&b));
            let is_inside = FOLDERS.iter().any(|folder| span.starts_with(folder));
            let is_file = ENDINGS.iter().any(|end| span.ends_with(end));
            if is_plain && (is_inside || (is_file && span.contains('/'))) {
                // ARCHITECTURE.md leaves out `src/`, as its table says.
                let beside = document.parent().unwrap();
                let places = [Path::new(""), Path::new("src"), beside];
                let is_there = places
                    .iter()
                    .any(|folder| root().join(folder).join(span).exists());
                assert!(is_there, "{place}: there is no {span}");
            }
        }
        let commands = text.lines().map(str::trim).chain(code_spans(&text));
        for command in commands.filter_map(|line| line.strip_prefix("make ")) {
            let target = command.split(' ').next().unwrap();
            let is_target = makefile.contains(&format!("\n{target}:"));
            assert!(is_target, "{place}: there is no target {target}");
        }
    }
}
