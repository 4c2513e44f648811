//! Everything that ledger and bucket know of what was asked about.
//!
//! The ledger knows only what a worker has begun. So where a folder or an object is asked
//! about, its bucket is looked at too: a file that did not arrive has no entry.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::{StreamExt, TryStreamExt};

use super::line::{Line, Standing};
use super::subject::Subject;
use crate::app::run_awaits;
use crate::config::Config;
use crate::error_chain::ErrorChain;
use crate::ledger::{Found, Ledger, LedgerError};
use crate::object::version::{ObjectAddress, ObjectVersion};
use crate::object::{ListError, ObjectError, ObjectSource, S3Source, is_marker};
use crate::receipts::ObjectDescription;

/// What the ledger says.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    pub(super) lines: Vec<Line>,
    /// Why some entries could not be had, other than being no entries.
    pub(super) failure: Option<LedgerError>,
}

/// Reads all entries of the subject; counts every entry that is read.
pub(super) async fn entries(
    ledger: &dyn Ledger,
    config: &Config,
    subject: &Subject,
    bucket: Option<&str>,
    read: &AtomicU64,
) -> Gathered {
    let mut entries = ledger.list(bucket, subject.route());
    let mut gathered = Gathered::default();
    while let Some(entry) = entries.next().await {
        read.fetch_add(1, Ordering::Relaxed);
        match entry {
            Ok(found) if is_asked_about(&found, subject, bucket) => {
                gathered.lines.push(Line::of(&found, &config.state));
            }
            Ok(_) => {}
            Err(error @ LedgerError::Unreadable { .. }) => {
                gathered.lines.push(Line::unreadable(error.to_string()));
            }
            Err(error) => gathered.note(error),
        }
    }
    gathered
}

fn is_asked_about(found: &Found, subject: &Subject, bucket: Option<&str>) -> bool {
    let object = &found.entry.object;
    bucket.is_none_or(|bucket| object.bucket == bucket) && subject.holds(object)
}

impl Gathered {
    /// What somebody has to mend is told rather than what passes by itself.
    fn note(&mut self, error: LedgerError) {
        if self.failure.is_none() || matches!(error, LedgerError::Setup(_)) {
            self.failure = Some(error);
        }
    }
}

/// What the bucket says.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// What a route takes and the ledger does not know.
    pub(super) not_begun: Vec<Line>,
    /// Objects that are not delivered on purpose: no data, or no route.
    pub(super) markers: u64,
    pub(super) unrouted: u64,
    /// Of a folder that is to replace an audience, and that no worker has begun: what it
    /// waits for.
    pub(super) awaits: Option<String>,
}

/// Why the bucket could not be looked at.
#[derive(Debug)]
pub(super) struct Unseen(pub(super) String);

impl From<ListError> for Unseen {
    fn from(error: ListError) -> Unseen {
        Unseen(ErrorChain(&error).to_string())
    }
}

/// Looks for objects of the subject that are not among the lines. `None` where no bucket
/// is asked about.
pub(super) async fn bucket(
    source: &S3Source,
    config: &Config,
    subject: &Subject,
    lines: &[Line],
) -> Option<Result<Seen, Unseen>> {
    let known = Known::of(lines);
    match subject {
        Subject::All | Subject::Route(_) => None,
        Subject::Run { bucket, folder } => {
            let mut seen = run(source, config, bucket, folder, &known).await;
            if let Ok(seen) = &mut seen
                && is_to_begin(lines, folder, seen)
            {
                seen.awaits = run_awaits(source, config, bucket, folder).await;
            }
            Some(seen)
        }
        Subject::Object { bucket, key } => Some(object(source, config, bucket, key, &known).await),
    }
}

/// Whether there may be a run in the folder that no worker has in hand or has given up.
fn is_to_begin(lines: &[Line], folder: &str, seen: &Seen) -> bool {
    let mut runs = lines.iter().filter(|line| line.run.is_some());
    let known = runs.find(|line| {
        let object = line.object.as_ref();
        object.is_some_and(|object| object.key == folder)
    });
    match known.map(|run| run.state) {
        None | Some(Standing::Done) => !seen.not_begun.is_empty(),
        Some(_) => false,
    }
}

async fn run(
    source: &S3Source,
    config: &Config,
    bucket: &str,
    folder: &str,
    known: &Known<'_>,
) -> Result<Seen, Unseen> {
    let mut seen = Seen::default();
    let mut listed = source.list(bucket, folder);
    while let Some(listed) = listed.try_next().await? {
        let version = ObjectVersion {
            address: ObjectAddress {
                bucket: bucket.to_owned(),
                key: listed.key,
                // A list does not say.
                version_id: None,
            },
            etag: listed.etag,
            size: listed.size,
            last_modified: listed.last_modified,
        };
        seen.add(config, known, &version);
    }
    Ok(seen)
}

async fn object(
    source: &S3Source,
    config: &Config,
    bucket: &str,
    key: &str,
    known: &Known<'_>,
) -> Result<Seen, Unseen> {
    let address = ObjectAddress {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version_id: None,
    };
    let mut seen = Seen::default();
    match source.describe(&address).await {
        Ok(version) => seen.add(config, known, &version),
        Err(error @ ObjectError::NotFound { .. }) => return Err(Unseen(error.to_string())),
        Err(error) => return Err(Unseen(ErrorChain(&error).to_string())),
    }
    Ok(seen)
}

impl Seen {
    fn add(&mut self, config: &Config, known: &Known<'_>, version: &ObjectVersion) {
        let ObjectAddress { bucket, key, .. } = &version.address;
        if config.is_state(bucket, key) {
            return;
        }
        if is_marker(key, version.size).is_some() {
            self.markers += 1;
            return;
        }
        let Some(route) = config.route_for(bucket, key) else {
            self.unrouted += 1;
            return;
        };
        let object = ObjectDescription::from(version);
        if !known.holds(&object, &route.name) {
            let line = Line::not_begun(object, version.last_modified, &route.name);
            self.not_begun.push(line);
        }
    }
}

/// The versions that have an entry. A list does not name versions: one that was written in
/// the same second, with the same content, is taken for the same. Where a bucket has no
/// versions, the same content is the same, whenever it was written.
struct Known<'a>(HashSet<Name<'a>>);

/// Route, key, ETag, size, and of a version by id when it was written.
type Name<'a> = (&'a str, &'a str, &'a str, u64, Option<String>);

impl<'a> Known<'a> {
    fn of(lines: &'a [Line]) -> Known<'a> {
        let known = lines.iter().filter_map(|line| {
            let object = line.object.as_ref()?;
            let has_versions = object.version_id.is_some();
            Some(Known::name(object, line.route.as_deref()?, has_versions))
        });
        Known(known.collect())
    }

    fn holds(&self, object: &ObjectDescription, route: &str) -> bool {
        // The set's lifetime is that of its own names, not of these.
        [true, false]
            .iter()
            .any(|by_time| self.0.contains(&Known::name(object, route, *by_time)))
    }

    fn name<'n>(object: &'n ObjectDescription, route: &'n str, by_time: bool) -> Name<'n> {
        let ObjectDescription {
            key, etag, size, ..
        } = object;
        let written = by_time.then(|| object.last_modified.to_string());
        (route, key, etag, *size, written)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::tests::{config, found, found_run, line, listed_ledger, quarantined};
    use super::*;
    use crate::ledger::{EntryLocation, State};

    fn unreadable() -> LedgerError {
        LedgerError::Unreadable {
            location: EntryLocation("s3://states/ledger/x.json".to_owned()),
        }
    }

    #[tokio::test]
    async fn an_entry_that_cannot_be_read_hides_no_other() {
        let ledger = listed_ledger(vec![
            Ok(found("lists/a.csv", State::Done)),
            Err(unreadable()),
            Err(LedgerError::Transient("throttled".to_owned())),
            Err(LedgerError::Setup("not allowed".to_owned())),
            Err(LedgerError::Transient("throttled".to_owned())),
            Ok(found("lists/b.csv", quarantined())),
        ]);
        let read = AtomicU64::default();
        let gathered = entries(&ledger, &config(), &Subject::All, None, &read).await;
        let states: Vec<_> = gathered.lines.iter().map(|line| line.state).collect();
        let expected = [Standing::Done, Standing::Unreadable, Standing::Quarantined];
        assert_eq!(states, expected);
        assert_eq!(gathered.failure.unwrap().to_string(), "not allowed");
        assert_eq!(read.into_inner(), 6);
        let problem = gathered.lines[1].problem.as_deref().unwrap();
        assert!(problem.contains("s3://states/ledger/x.json"), "{problem}");
    }

    #[tokio::test]
    async fn only_what_is_asked_about_is_told() {
        let entry = |key| Ok(found(key, State::Done));
        let owned = str::to_owned;
        let run = |folder| Subject::Run {
            bucket: owned("audiences"),
            folder: owned(folder),
        };
        let object = Subject::Object {
            bucket: owned("audiences"),
            key: owned("lists/1/a"),
        };
        for (subject, bucket, keys) in [
            (
                Subject::All,
                None,
                &["lists/1/a", "lists/1/b", "lists/10/a"][..],
            ),
            (
                Subject::All,
                Some("audiences"),
                &["lists/1/a", "lists/1/b", "lists/10/a"],
            ),
            (Subject::All, Some("others"), &[]),
            (run("lists/1/"), None, &["lists/1/a", "lists/1/b"]),
            (object, None, &["lists/1/a"]),
        ] {
            let all = vec![entry("lists/1/a"), entry("lists/1/b"), entry("lists/10/a")];
            let ledger = listed_ledger(all);
            let read = AtomicU64::default();
            let gathered = entries(&ledger, &config(), &subject, bucket, &read).await;
            let lines = gathered.lines.iter();
            let found: Vec<_> = lines
                .map(|line| &*line.object.as_ref().unwrap().key)
                .collect();
            assert_eq!(found, keys, "{subject:?} in {bucket:?}");
        }
    }

    #[test]
    fn a_run_that_no_worker_has_in_hand_is_asked_what_it_waits_for() {
        let folder = "lists/run-1/";
        let run = |state| Line::of(&found_run(folder, state), &config().state);
        let not_begun = || Seen {
            not_begun: vec![line("lists/run-1/a", State::Done)],
            ..Seen::default()
        };
        assert!(is_to_begin(&[], folder, &not_begun()));
        assert!(!is_to_begin(&[], folder, &Seen::default()));
        assert!(is_to_begin(&[run(State::Done)], folder, &not_begun()));
        for state in [State::InProgress, quarantined()] {
            assert!(!is_to_begin(&[run(state)], folder, &not_begun()));
        }
        assert!(is_to_begin(
            &[run(State::InProgress)],
            "lists/",
            &not_begun()
        ));
    }

    #[test]
    fn what_has_no_entry_is_not_begun_unless_nobody_wants_it() {
        let config = config();
        // Written anew with the same content it is another version only where there are ids.
        for (version_id, expected) in [
            (None, &["lists/b.csv"][..]),
            (Some("v1"), &["lists/a.csv", "lists/b.csv"]),
        ] {
            let mut lines = [line("lists/a.csv", State::Done)];
            let entry = lines[0].object.as_mut().unwrap();
            entry.version_id = version_id.map(str::to_owned);
            let (etag, size) = (entry.etag.clone(), entry.size);
            let known = Known::of(&lines);
            let version = |key: &str, size, last_modified| ObjectVersion {
                address: ObjectAddress {
                    bucket: "audiences".to_owned(),
                    key: key.to_owned(),
                    version_id: None,
                },
                etag: etag.clone(),
                size,
                last_modified,
            };
            let written = super::super::tests::WRITTEN;
            let mut seen = Seen::default();
            for object in [
                version("lists/a.csv", size, written),
                version("lists/a.csv", size, written + 1),
                version("lists/b.csv", size, written),
                version("lists/_SUCCESS", 0, written),
                version("elsewhere/a.csv", 9, written),
            ] {
                seen.add(&config, &known, &object);
            }
            let lines = seen.not_begun.iter();
            let not_begun: Vec<_> = lines
                .map(|line| &*line.object.as_ref().unwrap().key)
                .collect();
            assert_eq!(not_begun, expected, "{version_id:?}");
            assert_eq!((seen.markers, seen.unrouted), (1, 1));
        }
    }
}
