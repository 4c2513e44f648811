//! Credentials kept at hand, and read anew when they grow old or Meta refuses them.
//!
//! Tokens are rotated by hand, so nothing announces a new one: it is noticed after
//! [`KEPT_FOR`] at the latest, or at once after a refusal. However many jobs ask at
//! the same time, one read is made, and reads of one secret keep a distance.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::reader::{SecretError, SecretReader};
use super::secret_ref::SecretRef;
use super::{Credentials, shapes};

/// After this long an unrefused secret is read again.
const KEPT_FOR: Duration = Duration::from_secs(300);

/// After a read that failed in passing, older credentials are given out for this long before
/// the next: it may take many seconds to fail as well, and whoever asks waits for it.
const OLDER_FOR: Duration = Duration::from_secs(60);

/// Two reads of one secret are at least this far apart, whatever the reason and
/// whatever came of the first: a dead token must not turn into a storm on AWS.
const READ_DISTANCE: Duration = Duration::from_secs(5);

/// One for the whole process. Every method may be dropped at any await.
pub struct CredentialStore {
    reader: Arc<dyn SecretReader>,
    slots: Mutex<HashMap<SecretRef, Arc<Slot>>>,
}

/// Empty until the first read. The lock is held across reads: who waits finds the result.
type Slot = tokio::sync::Mutex<Option<Kept>>;

/// What the last read of a secret left.
struct Kept {
    read_at: Instant,
    /// The read failed, even if older credentials are given out meanwhile.
    failed: bool,
    answer: Result<Arc<Credentials>, SecretError>,
}

impl CredentialStore {
    pub fn new(reader: Arc<dyn SecretReader>) -> CredentialStore {
        CredentialStore {
            reader,
            slots: Mutex::default(),
        }
    }

    /// The credentials, from memory where they are fresh. While the secret's store
    /// cannot be reached, older ones are given out; any other failure counts.
    pub async fn get(&self, reference: &SecretRef) -> Result<Arc<Credentials>, SecretError> {
        let slot = self.slot(reference);
        let mut slot = slot.lock().await;
        let fresh = slot.as_ref().is_some_and(|kept| {
            let limit = match (kept.failed, &kept.answer) {
                (false, _) => KEPT_FOR,
                (true, Ok(_)) => OLDER_FOR,
                (true, Err(_)) => READ_DISTANCE,
            };
            kept.read_at.elapsed() < limit
        });
        self.answer(&mut slot, reference, fresh).await
    }

    /// After Meta refused `stale`: what the secret holds now. It is the same as
    /// `stale` (see [`Credentials::same_secrets_as`]) if nobody has changed the
    /// secret, or if it was read only seconds ago.
    pub async fn refresh(
        &self,
        reference: &SecretRef,
        stale: &Credentials,
    ) -> Result<Arc<Credentials>, SecretError> {
        let slot = self.slot(reference);
        let mut slot = slot.lock().await;
        let fresh = slot.as_ref().is_some_and(|kept| {
            let replaced = matches!(&kept.answer, Ok(now) if !now.same_secrets_as(stale));
            replaced || kept.read_at.elapsed() < READ_DISTANCE
        });
        self.answer(&mut slot, reference, fresh).await
    }

    async fn answer(
        &self,
        slot: &mut Option<Kept>,
        reference: &SecretRef,
        fresh: bool,
    ) -> Result<Arc<Credentials>, SecretError> {
        match slot {
            Some(kept) if fresh => kept.answer.clone(),
            _ => {
                let older = slot.as_ref().and_then(|kept| kept.answer.clone().ok());
                let kept = self.read(reference, older).await;
                slot.insert(kept).answer.clone()
            }
        }
    }

    async fn read(&self, reference: &SecretRef, older: Option<Arc<Credentials>>) -> Kept {
        let read = self.reader.read(reference).await.and_then(|secret| {
            shapes::recognise(&secret).map_err(|shape| SecretError::Unusable {
                reference: reference.clone(),
                shape,
            })
        });
        let failed = read.is_err();
        let answer = match (read, older) {
            (Ok(credentials), _) => Ok(Arc::new(credentials)),
            (Err(error), Some(older)) if error.is_transient() => {
                tracing::warn!(%error, "going on with the credentials read before");
                Ok(older)
            }
            (Err(error), _) => Err(error),
        };
        Kept {
            read_at: Instant::now(),
            failed,
            answer,
        }
    }

    fn slot(&self, reference: &SecretRef) -> Arc<Slot> {
        // The map is only ever added to, so a panic elsewhere leaves it whole.
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(reference.clone()).or_default())
    }
}

impl fmt::Debug for CredentialStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use futures_util::future::{BoxFuture, join_all};
    use secrecy::{ExposeSecret, SecretString};

    use super::super::reader::RawSecret;
    use super::*;

    /// Gives what it was last told to give, a little later, and counts the reads.
    #[derive(Default)]
    struct Told {
        secret: Mutex<Option<Result<String, SecretError>>>,
        reads: Mutex<u32>,
    }

    impl Told {
        fn gives(&self, token: &str) {
            *self.secret.lock().unwrap() = Some(Ok(token.to_owned()));
        }

        fn fails(&self, error: SecretError) {
            *self.secret.lock().unwrap() = Some(Err(error));
        }

        fn reads(&self) -> u32 {
            *self.reads.lock().unwrap()
        }
    }

    impl SecretReader for Told {
        fn read<'a>(&'a self, _: &'a SecretRef) -> BoxFuture<'a, Result<RawSecret, SecretError>> {
            Box::pin(async {
                *self.reads.lock().unwrap() += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
                let secret = self.secret.lock().unwrap().clone().unwrap();
                secret.map(|token| RawSecret::Text(SecretString::from(token)))
            })
        }
    }

    fn reference() -> SecretRef {
        SecretRef::Ssm("/meta".to_owned())
    }

    fn unreachable_store() -> SecretError {
        SecretError::Unreachable {
            reference: reference(),
            reason: "no answer in time".to_owned(),
        }
    }

    fn store() -> (Arc<Told>, CredentialStore) {
        let told = Arc::new(Told::default());
        told.gives("first-token");
        let store = CredentialStore::new(Arc::clone(&told) as Arc<dyn SecretReader>);
        (told, store)
    }

    fn token(credentials: &Credentials) -> &str {
        credentials.access_token.expose_secret()
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_at_once_cause_one_read() {
        let (told, store) = store();
        let reference = reference();
        for answer in join_all((0..20).map(|_| store.get(&reference))).await {
            assert_eq!(token(&answer.unwrap()), "first-token");
        }
        assert_eq!(told.reads(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rotated_secret_is_noticed_when_the_kept_one_grows_old() {
        let (told, store) = store();
        store.get(&reference()).await.unwrap();
        told.gives("second-token");
        tokio::time::advance(KEPT_FOR / 2).await;
        assert_eq!(
            token(&store.get(&reference()).await.unwrap()),
            "first-token"
        );
        tokio::time::advance(KEPT_FOR / 2).await;
        assert_eq!(
            token(&store.get(&reference()).await.unwrap()),
            "second-token"
        );
        assert_eq!(told.reads(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn many_refusals_of_one_token_cause_one_read_again() {
        let (told, store) = store();
        let reference = reference();
        let stale = store.get(&reference).await.unwrap();
        told.gives("second-token");
        tokio::time::advance(READ_DISTANCE).await;
        let refreshed = join_all((0..20).map(|_| store.refresh(&reference, &stale))).await;
        for answer in refreshed {
            assert_eq!(token(&answer.unwrap()), "second-token");
        }
        assert_eq!(told.reads(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_secret_that_stays_the_same_is_not_read_over_and_over() {
        let (told, store) = store();
        let stale = store.get(&reference()).await.unwrap();
        for _ in 0..20 {
            let answer = store.refresh(&reference(), &stale).await.unwrap();
            assert!(answer.same_secrets_as(&stale));
        }
        assert_eq!(told.reads(), 1, "it was read only a moment ago");
        tokio::time::advance(READ_DISTANCE).await;
        store.refresh(&reference(), &stale).await.unwrap();
        assert_eq!(told.reads(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_store_is_unreachable_the_kept_credentials_serve() {
        let (told, store) = store();
        store.get(&reference()).await.unwrap();
        told.fails(unreachable_store());
        tokio::time::advance(KEPT_FOR).await;
        assert_eq!(
            token(&store.get(&reference()).await.unwrap()),
            "first-token"
        );
        // Nobody waits for another read meanwhile.
        tokio::time::advance(OLDER_FOR / 2).await;
        let asked = Instant::now();
        store.get(&reference()).await.unwrap();
        assert_eq!((told.reads(), asked.elapsed()), (2, Duration::ZERO));
        told.gives("second-token");
        tokio::time::advance(OLDER_FOR / 2).await;
        assert_eq!(
            token(&store.get(&reference()).await.unwrap()),
            "second-token"
        );
        assert_eq!(told.reads(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_read_again_soon_though_the_store_was_unreachable() {
        let (told, store) = store();
        let stale = store.get(&reference()).await.unwrap();
        told.fails(unreachable_store());
        tokio::time::advance(KEPT_FOR).await;
        store.get(&reference()).await.unwrap();
        told.gives("second-token");
        tokio::time::advance(READ_DISTANCE).await;
        let answer = store.refresh(&reference(), &stale).await.unwrap();
        assert_eq!(token(&answer), "second-token");
    }

    #[tokio::test(start_paused = true)]
    async fn a_deleted_secret_is_an_error_even_where_credentials_were_kept() {
        let (told, store) = store();
        store.get(&reference()).await.unwrap();
        told.fails(SecretError::NotFound {
            reference: reference(),
        });
        tokio::time::advance(KEPT_FOR).await;
        assert!(matches!(
            store.get(&reference()).await,
            Err(SecretError::NotFound { .. })
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_first_read_is_tried_again_but_not_at_once() {
        let (told, store) = store();
        told.fails(unreachable_store());
        assert!(store.get(&reference()).await.is_err());
        told.gives("first-token");
        assert!(store.get(&reference()).await.is_err());
        assert_eq!(told.reads(), 1);
        tokio::time::advance(READ_DISTANCE).await;
        assert!(store.get(&reference()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn an_asker_that_gives_up_does_not_block_the_next() {
        let (_, store) = store();
        let reference = reference();
        let hurried = tokio::time::timeout(Duration::from_millis(1), store.get(&reference));
        assert!(hurried.await.is_err());
        assert!(store.get(&reference).await.is_ok());
    }
}
