//! Which objects a run has, and whether all of them are there.

use futures_util::TryStreamExt;
use serde::Deserialize;
use time::OffsetDateTime;

use super::halt::{Awaits, RunHalt, Unfit};
use super::part::version_of;
use crate::app::halt::Halt;
use crate::config::{Complete, Config, MOST_OBJECTS, Route};
use crate::error_chain::ErrorChain;
use crate::ledger::RunRecord;
use crate::object::version::{ObjectAddress, ObjectVersion};
use crate::object::{ListError, Listed, Marker, ObjectError, ObjectSource, is_marker};

/// Far more than the keys of as many objects as a run may have.
const MOST_MANIFEST_BYTES: u64 = 4 * 1024 * 1024;

/// Besides the objects of a run two signals, at most.
const MOST_LISTED: usize = MOST_OBJECTS + 2;

/// Where a run lies: its objects, and those of Hive folders below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    pub bucket: String,
    /// Empty, or ending in a slash.
    pub key: String,
}

/// A run, all of whose objects are there; of one that has too many, as many as were looked at.
#[derive(Debug)]
pub(super) struct Whole {
    pub objects: Vec<Listed>,
    /// The object that says so.
    pub signal: Option<ObjectVersion>,
    /// Why it is not sent, whatever it holds. Said by whoever has claimed it, so that it is
    /// tried as often, and told as, any other run that is refused.
    pub unfit: Option<Unfit>,
}

impl Folder {
    /// Partitions that Hive, Spark and Glue write, as `country=US/`, are of one run.
    pub(super) fn of(address: &ObjectAddress) -> Folder {
        let mut folders: Vec<&str> = address.key.split('/').collect();
        folders.pop();
        while folders.last().is_some_and(|name| name.contains('=')) {
            folders.pop();
        }
        let key = folders.iter().map(|folder| format!("{folder}/")).collect();
        Folder {
            bucket: address.bucket.clone(),
            key,
        }
    }

    fn holds(&self, key: &str) -> bool {
        let below = key.strip_prefix(&self.key);
        below.is_some_and(|below| match below.rsplit_once('/') {
            None => true,
            Some((folders, _)) => folders.split('/').all(|name| name.contains('=')),
        })
    }

    pub(super) fn address(&self, key: &str) -> ObjectAddress {
        ObjectAddress {
            bucket: self.bucket.clone(),
            key: key.to_owned(),
            version_id: None,
        }
    }

    /// The objects with data and those that might be signals.
    async fn list(
        &self,
        source: &dyn ObjectSource,
        config: &Config,
        route: &Route,
    ) -> Result<Vec<Listed>, Halt> {
        let mut listed = source.list(&self.bucket, &self.key);
        let mut found = Vec::new();
        while let Some(object) = listed.try_next().await.map_err(unlisted)? {
            let is_routed = || {
                let of = config.route_for(&self.bucket, &object.key);
                of.is_some_and(|of| of.name == route.name)
            };
            if !self.holds(&object.key) || !is_routed() {
                continue;
            }
            match is_marker(&object.key, object.size) {
                Some(Marker::HadoopFolder | Marker::Folder) => {}
                Some(Marker::Success | Marker::Empty) | None => found.push(object),
            }
            if found.len() > MOST_LISTED {
                break;
            }
        }
        Ok(found)
    }
}

/// As any fault of the bucket.
fn unlisted(error: ListError) -> Halt {
    let text = ErrorChain(&error).to_string();
    Halt::Object(match error {
        ListError::Forbidden { place } => ObjectError::Setup {
            address: place,
            reason: "its folder cannot be listed: grant s3:ListBucket on the bucket".to_owned(),
        },
        ListError::Setup { place, .. } => ObjectError::Setup {
            address: place,
            reason: text,
        },
        ListError::Transient { place, source } => ObjectError::Transient {
            address: place,
            source,
        },
    })
}

impl Whole {
    /// The same objects again, of a run whose list is live with rows of a version that is gone:
    /// the list without them must not wait for somebody to say once more that it is complete.
    pub(super) fn of(record: &RunRecord) -> Whole {
        let objects = record.parts.iter().map(|part| Listed {
            key: part.object.key.clone(),
            size: part.object.size,
            etag: part.object.etag.clone(),
            last_modified: part.object.last_modified.moment().unix_timestamp(),
        });
        Whole {
            objects: objects.collect(),
            signal: record.signal.as_ref().map(version_of),
            unfit: None,
        }
    }
}

/// The run as it is now, if it is complete.
pub(super) async fn look(
    source: &dyn ObjectSource,
    config: &Config,
    route: &Route,
    complete: &Complete,
    folder: &Folder,
) -> Result<Whole, Halt> {
    let mut objects = folder.list(source, config, route).await?;
    if objects.len() > MOST_LISTED {
        return Ok(Whole {
            objects,
            signal: None,
            unfit: Some(Unfit::TooManyObjects),
        });
    }
    let mut unfit = None;
    let marker = take(&mut objects, |key| leaf(key) == "_SUCCESS");
    let incomplete = |objects, awaits| Halt::Run(RunHalt::Incomplete { objects, awaits });
    let signal = match complete {
        Complete::SuccessMarker => {
            let newest = newest(&objects);
            let marker = marker.filter(|marker| Some(marker.last_modified) >= newest);
            let waits = || incomplete(objects.len(), Awaits::SuccessMarker);
            Some((marker.ok_or_else(waits)?, Awaits::SuccessMarker))
        }
        Complete::Manifest(name) => {
            let manifest = take(&mut objects, |key| leaf(key) == name);
            let waits = || incomplete(objects.len(), Awaits::Manifest);
            let manifest = manifest.ok_or_else(waits)?;
            let count = objects.len();
            let gone = |error| or_gone(error, || incomplete(count, Awaits::Manifest));
            match read_manifest(source, folder, &manifest)
                .await
                .map_err(gone)?
            {
                Some(keys) => {
                    objects.retain(|object| keys.contains(&object.key));
                    if objects.len() < keys.len() {
                        let missing = keys.len() - objects.len();
                        return Err(incomplete(count, Awaits::Listed { missing }));
                    }
                }
                None => unfit = Some(Unfit::Manifest),
            }
            // Of an earlier run in the same folder.
            if Some(manifest.last_modified) < newest(&objects) {
                return Err(incomplete(count, Awaits::Manifest));
            }
            Some((manifest, Awaits::Manifest))
        }
        Complete::Count(expected) => {
            let (found, expected) = (objects.len(), *expected);
            if found < expected {
                return Err(incomplete(found, Awaits::Objects { expected }));
            }
            if found > expected {
                let objects = found;
                unfit = Some(Unfit::MoreObjects { objects, expected });
            }
            None
        }
        Complete::Quiet(quiet) => {
            let age = newest(&objects).map_or(0, |newest| {
                OffsetDateTime::now_utc().unix_timestamp() - newest
            });
            let left = quiet.saturating_sub(std::time::Duration::from_secs(age.max(0) as u64));
            if !left.is_zero() || objects.is_empty() {
                return Err(incomplete(objects.len(), Awaits::Quiet(left)));
            }
            None
        }
    };
    if objects.len() > MOST_OBJECTS {
        unfit = Some(Unfit::TooManyObjects);
    }
    let signal = match signal {
        None => None,
        Some((signal, awaits)) => {
            let described = source.describe(&folder.address(&signal.key)).await;
            let gone = |error| or_gone(error, || incomplete(objects.len(), awaits));
            Some(described.map_err(gone)?)
        }
    };
    Ok(Whole {
        objects,
        signal,
        unfit,
    })
}

/// What said that the run is complete was taken away since it was listed: it is not complete.
fn or_gone(error: ObjectError, incomplete: impl FnOnce() -> Halt) -> Halt {
    match error {
        ObjectError::NotFound { .. } | ObjectError::Overwritten { .. } => incomplete(),
        error => error.into(),
    }
}

fn leaf(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

fn take(objects: &mut Vec<Listed>, is_it: impl Fn(&str) -> bool) -> Option<Listed> {
    let place = objects.iter().position(|object| is_it(&object.key))?;
    Some(objects.remove(place))
}

fn newest(objects: &[Listed]) -> Option<i64> {
    objects.iter().map(|object| object.last_modified).max()
}

/// The keys that the manifest lists; `None` if it is none.
async fn read_manifest(
    source: &dyn ObjectSource,
    folder: &Folder,
    manifest: &Listed,
) -> Result<Option<Vec<String>>, ObjectError> {
    let version = source.describe(&folder.address(&manifest.key)).await?;
    if version.size > MOST_MANIFEST_BYTES {
        return Ok(None);
    }
    let body = source.read(&version, 0..version.size).await?;
    let pieces: Vec<_> = body.try_collect().await?;
    let bytes = pieces.concat();
    if bytes.len() as u64 != version.size {
        let address = version.address;
        return Err(ObjectError::transient(&address, "the read broke off"));
    }
    let text = std::str::from_utf8(&bytes).ok();
    Ok(text.and_then(|text| keys_of(text, folder)))
}

/// What Redshift's `UNLOAD … MANIFEST` writes, among others.
#[derive(Deserialize)]
struct Entries {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    url: String,
}

/// `None` unless it is a list of objects of this folder.
fn keys_of(text: &str, folder: &Folder) -> Option<Vec<String>> {
    let names: Vec<String> = if text.trim_start().starts_with('{') {
        let read: Entries = serde_json::from_str(text).ok()?;
        read.entries.into_iter().map(|entry| entry.url).collect()
    } else if text.trim_start().starts_with('[') {
        serde_json::from_str(text).ok()?
    } else {
        let lines = text.lines().map(str::trim);
        lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let key = |name: &String| {
        let key = match name.strip_prefix("s3://") {
            Some(place) => {
                let (bucket, key) = place.split_once('/')?;
                (bucket == folder.bucket).then_some(key)?.to_owned()
            }
            None if name.starts_with(&folder.key) => name.clone(),
            // By its name in the folder.
            None => format!("{}{name}", folder.key),
        };
        folder.holds(&key).then_some(key)
    };
    let mut keys: Vec<String> = names.iter().map(key).collect::<Option<_>>()?;
    keys.sort_unstable();
    keys.dedup();
    (!keys.is_empty() && keys.len() <= MOST_OBJECTS).then_some(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(key: &str) -> Folder {
        let address = ObjectAddress {
            bucket: "b".to_owned(),
            key: key.to_owned(),
            version_id: None,
        };
        Folder::of(&address)
    }

    #[test]
    fn a_run_is_a_folder_with_the_partitions_below_it() {
        for (key, run) in [
            ("part", ""),
            ("a/part", "a/"),
            ("a/b/country=US/day=1/part", "a/b/"),
            ("country=US/part", ""),
        ] {
            assert_eq!(folder(key).key, run);
        }
        let run = folder("a/part");
        assert!(run.holds("a/other") && run.holds("a/country=US/day=1/part"));
        assert!(!run.holds("a/_temporary/part") && !run.holds("ab/part"));
    }

    #[test]
    fn a_manifest_lists_objects_of_its_own_folder_in_one_of_three_forms() {
        let run = folder("a/run/part");
        let both = Some(vec!["a/run/p-1".to_owned(), "a/run/p-2".to_owned()]);
        for text in [
            "p-2\n\na/run/p-1\r\n",
            r#"["s3://b/a/run/p-1", "p-2"]"#,
            r#"{"entries":[{"url":"s3://b/a/run/p-1","mandatory":true},{"url":"p-2"}]}"#,
        ] {
            assert_eq!(keys_of(text, &run), both, "{text}");
        }
        for text in [
            "",
            "[]",
            "{}",
            "s3://other/a/run/p-1",
            "s3://b/a/other/p-1",
            "../p-1",
            r#"[1]"#,
        ] {
            assert_eq!(keys_of(text, &run), None, "{text}");
        }
    }
}
