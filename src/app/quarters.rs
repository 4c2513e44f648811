//! Which objects may be worked on beside each other in this process.
//!
//! An object that kills its worker takes the attempts of all others in hand with it, and
//! after a few such ends all of them would look like poison. So one that has come to
//! nothing several times is worked on alone: if it dies again it dies alone, and one that
//! only had bad company gets through. Whoever waits for a room is not claimed yet, so that
//! what happens in another one is no attempt of his.

use tokio::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// From this many attempts in a row without progress on, an object is worked on alone.
const SUSPECT: u32 = 3;

#[derive(Debug, Default)]
pub struct Quarters(RwLock<()>);

/// Kept as long as the object is worked on.
#[derive(Debug)]
#[expect(dead_code, reason = "the guards are held and never looked at")]
pub(super) enum Room<'a> {
    Shared(RwLockReadGuard<'a, ()>),
    Alone(RwLockWriteGuard<'a, ()>),
}

impl Quarters {
    /// Waits for a room for an object that has had so many attempts in a row without
    /// progress, the one that it is for included. Whoever waits to be alone is let in
    /// before those who come later, so that nobody waits for ever.
    pub(super) async fn room(&self, without_progress: u32) -> Room<'_> {
        if without_progress < SUSPECT {
            Room::Shared(self.0.read().await)
        } else {
            Room::Alone(self.0.write().await)
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_suspect_is_alone_and_nobody_overtakes_it() {
        let quarters = Quarters::default();
        let first = quarters.room(1).await;
        let second = quarters.room(SUSPECT - 1).now_or_never();
        assert!(matches!(second, Some(Room::Shared(_))));
        let suspect = quarters.room(SUSPECT);
        tokio::pin!(suspect);
        assert!(suspect.as_mut().now_or_never().is_none());
        assert!(
            quarters.room(1).now_or_never().is_none(),
            "it would overtake"
        );
        drop((first, second));
        let suspect = suspect.await;
        assert!(matches!(suspect, Room::Alone(_)));
        assert!(quarters.room(1).now_or_never().is_none());
        drop(suspect);
        assert!(quarters.room(1).now_or_never().is_some());
    }
}
