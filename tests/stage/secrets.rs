//! One secret, which a test may renew as an operator would.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use audience_activator::credentials::{RawSecret, SecretError, SecretReader, SecretRef};
use futures_util::future::BoxFuture;
use secrecy::SecretString;

pub struct RenewableSecret {
    text: Mutex<String>,
    reads: AtomicU32,
}

impl RenewableSecret {
    pub(super) fn new(token: &str) -> RenewableSecret {
        let secret = RenewableSecret {
            text: Mutex::default(),
            reads: AtomicU32::new(0),
        };
        secret.renew(token);
        secret
    }

    pub fn renew(&self, token: &str) {
        self.store(format!(r#"{{"access_token":"{token}"}}"#));
    }

    /// The secret as it is kept, whatever its shape.
    pub fn store(&self, text: String) {
        *self.text.lock().unwrap() = text;
    }

    pub fn reads(&self) -> u32 {
        self.reads.load(Ordering::Relaxed)
    }
}

impl SecretReader for RenewableSecret {
    fn read<'a>(&'a self, _: &'a SecretRef) -> BoxFuture<'a, Result<RawSecret, SecretError>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let text = self.text.lock().unwrap().clone();
        Box::pin(std::future::ready(Ok(RawSecret::Text(SecretString::from(
            text,
        )))))
    }
}
