//! Walks the spanned tree of a TOML text and notes every fault with path and line.
//!
//! A reader asks a table for each key it knows and then closes it: what nobody asked
//! for is an unknown key. A fault yields `None` and never stops the walk, so a reader
//! first asks for everything and only then gives up on what is missing.

use std::cell::RefCell;
use std::fmt::Display;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fault::{Fault, Place};
use super::scalar::Scalar;
use super::shown::toml_key;
use super::suggest::did_you_mean;

/// Where faults are gathered, and how an offset becomes a line.
pub(super) struct Report<'t> {
    pub(super) label: &'t str,
    text: &'t str,
    faults: RefCell<Vec<Fault>>,
    notices: RefCell<Vec<String>>,
}

impl<'t> Report<'t> {
    pub(super) fn new(label: &'t str, text: &'t str) -> Report<'t> {
        Report {
            label,
            text,
            faults: RefCell::default(),
            notices: RefCell::default(),
        }
    }

    pub(super) fn add(&self, place: Place, path: &str, problem: impl Into<String>) {
        self.faults.borrow_mut().push(Fault {
            place,
            path: path.to_owned(),
            problem: problem.into(),
        });
    }

    /// Something that is no fault but that somebody should know.
    pub(super) fn notice(&self, text: String) {
        self.notices.borrow_mut().push(text);
    }

    pub(super) fn at(&self, line: Option<usize>) -> Place {
        Place::Text {
            source: self.label.to_owned(),
            line,
        }
    }

    pub(super) fn into_findings(self) -> (Vec<Fault>, Vec<String>) {
        (self.faults.into_inner(), self.notices.into_inner())
    }

    pub(super) fn line_of(&self, offset: usize) -> usize {
        let before = self.text.as_bytes().iter().take(offset);
        1 + before.filter(|byte| **byte == b'\n').count()
    }
}

/// A table, and which of its keys were asked for.
pub(super) struct Table<'t> {
    report: &'t Report<'t>,
    entries: &'t DeTable<'t>,
    /// None for the whole text.
    pub(super) line: Option<usize>,
    path: Path,
    asked: Vec<&'static str>,
}

impl<'t> Table<'t> {
    pub(super) fn root(report: &'t Report<'t>, entries: &'t DeTable<'t>) -> Table<'t> {
        Table {
            report,
            entries,
            line: None,
            path: Path::default(),
            asked: Vec::new(),
        }
    }

    /// The key's value, if it is there.
    pub(super) fn ask(&mut self, key: &'static str) -> Option<Node<'t>> {
        self.asked.push(key);
        let (name, value) = self.entries.get_key_value(key)?;
        Some(self.node(name.span().start, key, value))
    }

    /// The key's value; its absence is a fault that says what the key is for.
    pub(super) fn require(&mut self, key: &'static str, purpose: &str) -> Option<Node<'t>> {
        let found = self.ask(key);
        if found.is_none() {
            self.fault_of(key, format!("missing: {purpose}"));
        }
        found
    }

    /// Every entry, in the order of the text, for tables whose keys are free.
    pub(super) fn entries(&self) -> Vec<(&'t str, Node<'t>)> {
        let mut entries: Vec<_> = self.entries.iter().collect();
        entries.sort_by_key(|(name, _)| name.span().start);
        entries
            .into_iter()
            .map(|(name, value)| {
                let key: &str = name.get_ref();
                (key, self.node(name.span().start, key, value))
            })
            .collect()
    }

    /// From here on faults speak of `subject` instead of the keys so far.
    pub(super) fn rename(&mut self, subject: String) {
        self.path = Path {
            subject,
            keys: String::new(),
        };
    }

    pub(super) fn fault(&self, problem: impl Into<String>) {
        let place = self.report.at(self.line);
        self.report.add(place, &self.path.text(), problem);
    }

    /// A fault of a key that may not be there.
    pub(super) fn fault_of(&self, key: &str, problem: impl Into<String>) {
        let line = match self.entries.get_key_value(key) {
            Some((name, _)) => Some(self.report.line_of(name.span().start)),
            None => self.line,
        };
        let path = self.path.child(key).text();
        self.report.add(self.report.at(line), &path, problem);
    }

    /// Ends the reading: keys that were not asked for are faults.
    pub(super) fn close(self) {
        for (name, _) in self.entries {
            let key: &str = name.get_ref();
            if !self.asked.contains(&key) {
                let hint = did_you_mean(key, self.asked.iter().copied());
                self.fault_of(key, format!("unknown key{hint}"));
            }
        }
    }

    fn node(&self, offset: usize, key: &str, value: &'t Spanned<DeValue<'t>>) -> Node<'t> {
        Node {
            report: self.report,
            value: value.get_ref(),
            line: self.report.line_of(offset),
            path: self.path.child(key),
        }
    }
}

/// A value, and where it stands.
pub(super) struct Node<'t> {
    report: &'t Report<'t>,
    value: &'t DeValue<'t>,
    pub(super) line: usize,
    path: Path,
}

impl<'t> Node<'t> {
    pub(super) fn fault(&self, problem: impl Into<String>) {
        let place = self.report.at(Some(self.line));
        self.report.add(place, &self.path.text(), problem);
    }

    /// The value of `read`, or its error as a fault.
    pub(super) fn check<T>(&self, read: Result<T, impl Display>) -> Option<T> {
        read.map_err(|problem| self.fault(problem.to_string())).ok()
    }

    pub(super) fn scalar(&self) -> Scalar<'t> {
        Scalar::of(self.value)
    }

    pub(super) fn text(&self) -> Option<&'t str> {
        self.check(self.scalar().text())
    }

    pub(super) fn parse<T: FromStr<Err: Display>>(&self) -> Option<T> {
        let text = self.text()?;
        self.check(text.parse())
    }

    pub(super) fn is_table(&self) -> bool {
        self.value.is_table()
    }

    pub(super) fn is_text(&self) -> bool {
        self.value.is_str()
    }

    pub(super) fn table(&self) -> Option<Table<'t>> {
        let Some(entries) = self.value.as_table() else {
            self.fault(format!("must be a table, not {}", self.scalar().kind()));
            return None;
        };
        Some(Table {
            report: self.report,
            entries,
            line: Some(self.line),
            path: self.path.clone(),
            asked: Vec::new(),
        })
    }

    /// The elements of an array; `expected` says what it should have been.
    pub(super) fn elements(&self, expected: &str) -> Option<Vec<Node<'t>>> {
        let Some(array) = self.value.as_array() else {
            self.fault(format!("must be {expected}, not {}", self.scalar().kind()));
            return None;
        };
        let elements = array.iter().enumerate().map(|(index, element)| Node {
            report: self.report,
            value: element.get_ref(),
            line: self.report.line_of(element.span().start),
            path: self.path.element(index),
        });
        Some(elements.collect())
    }
}

/// Keys from the top, after a subject such as `route "store-buyers"` where there is one.
#[derive(Clone, Default)]
struct Path {
    subject: String,
    keys: String,
}

impl Path {
    fn child(&self, key: &str) -> Path {
        let mut path = self.clone();
        if !path.keys.is_empty() {
            path.keys.push('.');
        }
        path.keys.push_str(&toml_key(key));
        path
    }

    fn element(&self, index: usize) -> Path {
        let mut path = self.clone();
        path.keys.push_str(&format!("[{index}]"));
        path
    }

    fn text(&self) -> String {
        match (self.subject.is_empty(), self.keys.is_empty()) {
            (true, _) => self.keys.clone(),
            (false, true) => self.subject.clone(),
            (false, false) => format!("{}: {}", self.subject, self.keys),
        }
    }
}
