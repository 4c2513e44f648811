//! One worker's way to the bucket that all share: slow, broken, and overwritten while it
//! is read.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use audience_activator::event;
use audience_activator::object::version::{ObjectAddress, ObjectVersion};
use audience_activator::object::{Body, ObjectError, ObjectSource};
use audience_activator::queue::InProcessQueue;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, StreamExt, stream};
use time::OffsetDateTime;
use tokio::time::sleep;

use crate::BUCKET;
use crate::files::Content;
use crate::world::{Call, Fate, Life, World};

const PATIENCE: Duration = Duration::from_secs(30);

/// The objects, each with its versions, oldest first.
pub struct Bucket {
    objects: Mutex<BTreeMap<String, Object>>,
    queue: Arc<InProcessQueue>,
    world: Arc<World>,
}

struct Object {
    versioned: bool,
    versions: Vec<(ObjectVersion, Bytes)>,
    /// What follows once so many pieces are read.
    later: Option<(u32, Bytes)>,
    last_modified: i64,
}

impl Bucket {
    pub fn new(world: Arc<World>, queue: Arc<InProcessQueue>) -> Bucket {
        Bucket {
            objects: Mutex::default(),
            queue,
            world,
        }
    }

    pub fn put(
        &self,
        key: &str,
        versioned: bool,
        bytes: Bytes,
        later: Option<&(u32, Content)>,
        last_modified: i64,
    ) {
        let mut object = Object {
            versioned,
            versions: Vec::new(),
            later: later.map(|(pieces, content)| (*pieces, content.bytes.clone())),
            last_modified,
        };
        object.add(key, bytes);
        self.objects.lock().unwrap().insert(key.to_owned(), object);
    }

    pub fn remove(&self, key: &str) {
        self.objects.lock().unwrap().remove(key);
    }

    /// Tells the queue of the object as it is now.
    pub fn announce(&self, key: &str, replay: Option<&str>) {
        let Some(version) = self.versions(key).pop() else {
            return;
        };
        let event = event::announce(&version, replay, OffsetDateTime::now_utc());
        self.queue.send(event);
    }

    pub fn versions(&self, key: &str) -> Vec<ObjectVersion> {
        let objects = self.objects.lock().unwrap();
        let versions = objects.get(key).map(|object| &object.versions);
        let versions = versions.into_iter().flatten();
        versions.map(|(version, _)| version.clone()).collect()
    }

    fn describe(&self, address: &ObjectAddress) -> Result<ObjectVersion, ObjectError> {
        let objects = self.objects.lock().unwrap();
        let versions = objects.get(&address.key).map(|object| &object.versions);
        let mut versions = versions.into_iter().flatten().rev();
        let wanted = &address.version_id;
        let found =
            versions.find(|(version, _)| wanted.is_none() || version.address.version_id == *wanted);
        match found {
            Some((version, _)) => Ok(version.clone()),
            None => Err(ObjectError::NotFound {
                address: address.clone(),
            }),
        }
    }

    fn bytes(&self, version: &ObjectVersion) -> Result<Bytes, ObjectError> {
        let objects = self.objects.lock().unwrap();
        let object = objects.get(&version.address.key);
        let versions = object.map(|object| match object.versioned {
            true => &object.versions[..],
            false => &object.versions[object.versions.len() - 1..],
        });
        let mut versions = versions.into_iter().flatten();
        match versions.find(|(there, _)| there == version) {
            Some((_, bytes)) => Ok(bytes.clone()),
            None => Err(ObjectError::Overwritten {
                address: version.address.clone(),
            }),
        }
    }

    /// A piece of the object was read: it may be the one at which it is overwritten.
    fn read(&self, key: &str) {
        let mut objects = self.objects.lock().unwrap();
        let Some(object) = objects.get_mut(key) else {
            return;
        };
        let Some((pieces, bytes)) = object.later.take() else {
            return;
        };
        if pieces > 1 {
            object.later = Some((pieces - 1, bytes));
            return;
        }
        object.add(key, bytes);
        drop(objects);
        self.world.note(format!("{key} is overwritten"));
        self.announce(key, None);
    }
}

impl Object {
    fn add(&mut self, key: &str, bytes: Bytes) {
        let number = self.versions.len() + 1;
        let address = ObjectAddress {
            bucket: BUCKET.to_owned(),
            key: key.to_owned(),
            version_id: self.versioned.then(|| format!("v{number}")),
        };
        let version = ObjectVersion {
            address,
            etag: format!("{number:032x}"),
            size: bytes.len() as u64,
            last_modified: self.last_modified,
        };
        self.versions.push((version, bytes));
    }
}

pub struct RemoteBucket {
    pub inner: Arc<Bucket>,
    pub life: Arc<Life>,
}

fn failed(address: &ObjectAddress) -> ObjectError {
    ObjectError::Transient {
        address: address.clone(),
        source: "the bucket did not answer".into(),
    }
}

impl ObjectSource for RemoteBucket {
    fn describe<'a>(
        &'a self,
        address: &'a ObjectAddress,
    ) -> BoxFuture<'a, Result<ObjectVersion, ObjectError>> {
        let (inner, owned) = (self.inner.clone(), address.clone());
        let effect = async move { inner.describe(&owned) };
        Box::pin(async move {
            let described = self.life.call(Call::Describe, PATIENCE, effect).await;
            described.map_err(|_| failed(address))?
        })
    }

    fn read<'a>(
        &'a self,
        version: &'a ObjectVersion,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Body, ObjectError>> {
        Box::pin(async move {
            let (inner, owned) = (self.inner.clone(), version.clone());
            let effect = async move { inner.bytes(&owned) };
            let bytes = self.life.call(Call::Read, PATIENCE, effect).await;
            let bytes = bytes.map_err(|_| failed(&version.address))??;
            let end = range.end.min(bytes.len() as u64) as usize;
            let bytes = bytes.slice((range.start as usize).min(end)..end);
            Ok(self.body(&version.address, bytes))
        })
    }
}

impl RemoteBucket {
    /// Pieces of any size, with a step before each; perhaps not all of them.
    fn body(&self, address: &ObjectAddress, bytes: Bytes) -> Body {
        let inner = self.inner.clone();
        let life = self.life.clone();
        let address = address.clone();
        stream::unfold(bytes, move |mut left| {
            let (inner, life, address) = (inner.clone(), life.clone(), address.clone());
            async move {
                if left.is_empty() {
                    return None;
                }
                let fate = life.fate(Call::Piece).await;
                let slow = Duration::from_millis(u64::from(life.world.draw(40)));
                sleep(slow).await;
                match fate {
                    Fate::Fine => {}
                    Fate::Slow => sleep(slow * 100).await,
                    Fate::LostRequest | Fate::LostAnswer => {
                        return Some((Err(failed(&address)), Bytes::new()));
                    }
                    Fate::Silence => std::future::pending().await,
                    // It ends as if it were whole.
                    Fate::Odd(_) => return None,
                    Fate::Dies(when) => life.die(Call::Piece, when).await,
                }
                let size = 1 + life.world.draw(48 * 1024) as usize;
                let piece = left.split_to(size.min(left.len()));
                inner.read(&address.key);
                Some((Ok(piece), left))
            }
            .boxed()
        })
        .boxed()
    }
}
