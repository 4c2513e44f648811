//! Whose turn an audience is: those who add to it, those who remove from it, or one who
//! replaces it, and never two of these at the same time, however many workers there are.
//!
//! One small document for each audience, written by compare-and-swap. Those of one mode
//! hold it together; once another mode has asked, nobody joins them any more, so that
//! none waits for ever. Each holder has a lease, by the clock of whoever keeps the document,
//! and renews it; one that dies is forgotten when it has run out.

mod document;
mod held;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::backoff::Backoff;
use crate::documents::{DocumentError, Documents, Looked, Put, Tag};
use document::{Asker, TurnDocument};

pub use document::Mode;
pub use held::{HeldTurn, TurnLost};

/// After a refusal somebody asks again no sooner.
const REST: Duration = Duration::from_secs(15);

/// Two writes of one document met: who loses a race reads again.
const ROUNDS: usize = 12;
const BETWEEN_ROUNDS: Backoff = Backoff {
    first: Duration::from_millis(20),
    most: Duration::from_millis(500),
};

/// All turns of a fleet. Clones are the same.
#[derive(Clone)]
pub struct Turns {
    documents: Arc<dyn Documents>,
    lease: Duration,
}

/// How asking for a turn ended.
#[derive(Debug)]
pub enum Take {
    Held(HeldTurn),
    /// Others have it, or were first to ask. It is noted that somebody waits.
    Busy {
        rest: Duration,
    },
}

/// Why nobody knows whose turn it is.
#[derive(Debug, thiserror::Error)]
pub enum TurnError {
    #[error(transparent)]
    Documents(#[from] DocumentError),
    /// A person has to look.
    #[error(
        "{place} does not say whose turn an audience is, in a way that this version can read: look at it, and move it away"
    )]
    Unreadable { place: String },
}

impl Turns {
    /// Whoever holds a turn loses it when it was not renewed for as long as the lease.
    pub fn new(documents: Arc<dyn Documents>, lease: Duration) -> Turns {
        Turns { documents, lease }
    }

    /// Asks for the turn of `audience`, once. `owner` is of this asking alone: no other, of
    /// this process or another, ever has the same. `run` is the name of the replacement that
    /// it is for, if it is for one: until that is [through](HeldTurn::release), whoever asks
    /// for another waits, also while nobody has it in hand. `halt` is cancelled when the turn
    /// is lost: no request may begin then. Needs a tokio runtime.
    ///
    /// Dropped in flight, the turn may be held all the same, until its lease ends.
    pub async fn take(
        &self,
        audience: &str,
        mode: Mode,
        owner: &str,
        run: Option<&str>,
        halt: CancellationToken,
    ) -> Result<Take, TurnError> {
        let place = Place {
            documents: self.documents.clone(),
            path: format!("turns/{audience}.json"),
            asker: Asker {
                owner: owner.to_owned(),
                run: run.map(str::to_owned),
            },
            lease: self.lease,
        };
        for round in 1..=ROUNDS {
            let since = Instant::now();
            let mut there = place.look().await?;
            let held = there
                .document
                .take(mode, &place.asker, there.now, self.lease);
            let written = match there.document == there.before {
                // Somebody waits already, and it is noted.
                true => true,
                false => place.write(&there).await?,
            };
            match (written, held) {
                (true, true) => return Ok(Take::Held(HeldTurn::keep(place, since, halt))),
                (true, false) => return Ok(Take::Busy { rest: REST }),
                (false, _) => sleep(BETWEEN_ROUNDS.wait(round)).await,
            }
        }
        Ok(Take::Busy { rest: REST })
    }
}

/// The document of one audience, for one holder.
struct Place {
    documents: Arc<dyn Documents>,
    path: String,
    asker: Asker,
    lease: Duration,
}

/// The document as it was read, and as it shall be.
struct There {
    before: TurnDocument,
    document: TurnDocument,
    tag: Option<Tag>,
    now: i64,
}

impl Place {
    async fn look(&self) -> Result<There, TurnError> {
        let Looked { document, now } = self.documents.get(&self.path).await?;
        let (before, tag) = match document {
            None => (TurnDocument::default(), None),
            Some(found) => {
                let read = serde_json::from_slice(&found.json);
                let read = read.map_err(|_| TurnError::Unreadable {
                    place: self.documents.place_of(&self.path),
                })?;
                (read, Some(found.tag))
            }
        };
        Ok(There {
            document: before.clone(),
            before,
            tag,
            now,
        })
    }

    /// False if another's write came between.
    async fn write(&self, there: &There) -> Result<bool, TurnError> {
        // It fails only for maps with keys that are no text, of which there is none.
        let json = serde_json::to_vec_pretty(&there.document)
            .map_err(|_| DocumentError::Setup("could not write a turn as JSON".to_owned()))?;
        let put = self
            .documents
            .put(&self.path, json.into(), there.tag.as_ref());
        Ok(matches!(put.await?, Put::Stored(_)))
    }
}

impl fmt::Debug for Turns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turns")
            .field("lease", &self.lease)
            .finish_non_exhaustive()
    }
}
