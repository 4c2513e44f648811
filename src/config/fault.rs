//! What is wrong with a configuration, and where: everything at once.

use std::fmt;

/// One thing to correct. The text holds names and settings, never a secret's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub place: Place,
    /// Keys from the top, as `queue.url` or `route "store-buyers": columns.c_phone.key`;
    /// empty where the place says it all.
    pub path: String,
    pub problem: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A line of the configuration, counted from 1; none where something is absent.
    Text { source: String, line: Option<usize> },
    /// An `ACTIVATOR_…` variable.
    Variable(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Text {
                source,
                line: Some(line),
            } => write!(f, "{source}:{line}"),
            Place::Text { source, line: None } => f.write_str(source),
            Place::Variable(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.problem)
    }
}

/// Every fault of a configuration: first the text's by line, then the variables'.
/// Displayed as one line each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults(Vec<Fault>);

impl Faults {
    /// `None` if there is nothing to correct.
    pub(super) fn of(mut faults: Vec<Fault>) -> Option<Faults> {
        faults.sort_by(|a, b| a.place.cmp(&b.place));
        (!faults.is_empty()).then_some(Faults(faults))
    }

    /// For a reading that gave up without saying why: a mistake in this program,
    /// which must not start it with half a configuration either.
    pub(super) fn unnoted(source: String) -> Faults {
        Faults(vec![Fault {
            place: Place::Text { source, line: None },
            path: String::new(),
            problem: "is refused for a reason that was not noted: please report this".to_owned(),
        }])
    }

    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
