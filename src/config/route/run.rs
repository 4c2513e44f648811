//! `[route.run]`: when all objects of a run are there, and which runs may replace an
//! audience's members.

use std::time::Duration;

use super::super::scalar::{count, seconds};
use super::super::suggest::one_of;
use super::super::tree::{Node, Table};

/// The objects of one folder, as one membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRules {
    pub complete: Complete,
    /// By how much of the last list a new one may be smaller, in percent of it.
    pub allow_shrink_percent: u8,
    pub over_window: OverWindow,
}

/// What says that no further object of the run will come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Complete {
    /// `_SUCCESS` lies in the folder.
    SuccessMarker,
    /// An object of this name in the folder lists the others, and all of them are there.
    Manifest(String),
    /// So many objects are there, empty ones too.
    Count(usize),
    /// None was written for so long.
    Quiet(Duration),
}

/// What becomes of a run that takes longer than Meta keeps a replacement open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverWindow {
    /// Nothing of it is sent.
    Refuse,
    /// As much as fits takes the place of the old members, and the rest is added to it.
    ReplaceThenAdd,
}

/// The run's own document lists its objects, and is written whole.
pub const MOST_OBJECTS: usize = 2_000;

const DEFAULT_QUIET: Duration = Duration::from_secs(300);
const DEFAULT_SHRINK: usize = 50;

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    SuccessMarker,
    Manifest,
    Count,
    Quiet,
}

const HOW: [(&str, How); 4] = [
    ("success_marker", How::SuccessMarker),
    ("manifest", How::Manifest),
    ("count", How::Count),
    ("quiet", How::Quiet),
];

const OVER_WINDOW: [(&str, OverWindow); 2] = [
    ("refuse", OverWindow::Refuse),
    ("replace_then_add", OverWindow::ReplaceThenAdd),
];

impl Complete {
    /// As it is written.
    pub const fn name(&self) -> &'static str {
        match self {
            Complete::SuccessMarker => "success_marker",
            Complete::Manifest(_) => "manifest",
            Complete::Count(_) => "count",
            Complete::Quiet(_) => "quiet",
        }
    }
}

impl OverWindow {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            OverWindow::Refuse => "refuse",
            OverWindow::ReplaceThenAdd => "replace_then_add",
        }
    }
}

impl RunRules {
    pub(super) fn read(mut table: Table<'_>) -> Option<RunRules> {
        let purpose = "what says that all objects of a run are there: \"success_marker\", \"manifest\", \"count\" or \"quiet\"";
        let how = table
            .require("complete", purpose)
            .and_then(|node| node.check(one_of(node.text()?, &HOW)));
        let expected = table.ask("expected_objects");
        let quiet = table.ask("quiet_seconds");
        let manifest = table.ask("manifest");
        for (key, node, of) in [
            ("count", &expected, How::Count),
            ("quiet", &quiet, How::Quiet),
            ("manifest", &manifest, How::Manifest),
        ] {
            if let (Some(node), Some(how)) = (node, how)
                && how != of
            {
                node.fault(format!("has a meaning only with complete = \"{key}\""));
            }
        }
        let complete = how.and_then(|how| match how {
            How::SuccessMarker => Some(Complete::SuccessMarker),
            How::Manifest => manifest_name(&table, manifest.as_ref()).map(Complete::Manifest),
            How::Count => expected_objects(&table, expected.as_ref()).map(Complete::Count),
            How::Quiet => match &quiet {
                None => Some(Complete::Quiet(DEFAULT_QUIET)),
                Some(node) => node
                    .check(seconds::<10, 86_400>(node.scalar()))
                    .map(Complete::Quiet),
            },
        });
        let shrink = match table.ask("allow_shrink_percent") {
            None => Some(DEFAULT_SHRINK),
            Some(node) => node.check(count::<0, 100>(node.scalar())),
        };
        let over_window = match table.ask("over_window") {
            None => Some(OverWindow::Refuse),
            Some(node) => node
                .text()
                .and_then(|word| node.check(one_of(word, &OVER_WINDOW))),
        };
        table.close();
        Some(RunRules {
            complete: complete?,
            allow_shrink_percent: u8::try_from(shrink?).unwrap_or(100),
            over_window: over_window?,
        })
    }
}

fn expected_objects(table: &Table<'_>, node: Option<&Node<'_>>) -> Option<usize> {
    let Some(node) = node else {
        let problem = "missing: how many objects a run has, empty ones too, markers not";
        table.fault_of("expected_objects", problem);
        return None;
    };
    node.check(count::<1, MOST_OBJECTS>(node.scalar()))
}

fn manifest_name(table: &Table<'_>, node: Option<&Node<'_>>) -> Option<String> {
    let Some(node) = node else {
        let problem = "missing: the name of the object in the folder that lists the others";
        table.fault_of("manifest", problem);
        return None;
    };
    let name = node.text()?;
    if name.is_empty() || name.contains('/') {
        node.fault("must be the name alone, without a folder");
        return None;
    }
    Some(name.to_owned())
}
