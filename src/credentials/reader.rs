//! Reading a secret's bytes, wherever they are kept.

use std::collections::HashMap;
use std::fmt;

use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::secret_ref::SecretRef;
use super::shapes::ShapeError;

/// A place with secrets in it: AWS and the environment, or a fixed set.
pub trait SecretReader: Send + Sync {
    /// The secret as it is now; nothing is cached here. Dropping the future is harmless.
    fn read<'a>(
        &'a self,
        reference: &'a SecretRef,
    ) -> BoxFuture<'a, Result<RawSecret, SecretError>>;
}

/// A secret as it was stored, before its shape is known.
pub enum RawSecret {
    Text(SecretString),
    /// `SecretBinary` of Secrets Manager.
    Binary(SecretSlice<u8>),
}

impl fmt::Debug for RawSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, bytes) = match self {
            RawSecret::Text(text) => ("Text", text.expose_secret().len()),
            RawSecret::Binary(binary) => ("Binary", binary.expose_secret().len()),
        };
        write!(f, "{kind}({bytes} bytes)")
    }
}

/// Why there are no credentials. Each text is one sentence that says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error(
        "there is no secret {reference} in this account and region: create it, or correct the route's credentials"
    )]
    NotFound { reference: SecretRef },
    #[error(
        "the environment variable {name} is not set: set it, or correct the route's credentials"
    )]
    NoVariable { name: String },
    #[error(
        "secret {reference} may not be read ({code}): allow {action} on it and kms:Decrypt on its key's ARN (an alias ARN does not work)"
    )]
    Forbidden {
        reference: SecretRef,
        /// AWS's error code.
        code: String,
        action: &'static str,
    },
    #[error("secret {reference} could not be read just now ({reason}); it will be tried again")]
    Unreachable {
        reference: SecretRef,
        reason: String,
    },
    #[error("secret {reference} was read but holds no usable credentials")]
    Unusable {
        reference: SecretRef,
        #[source]
        shape: ShapeError,
    },
}

impl SecretError {
    /// Whether the same read may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            SecretError::Unreachable { .. } => true,
            SecretError::NotFound { .. }
            | SecretError::NoVariable { .. }
            | SecretError::Forbidden { .. }
            | SecretError::Unusable { .. } => false,
        }
    }
}

/// Secrets that are simply given, for the demo and for tests.
#[derive(Default)]
pub struct FixedSecrets {
    secrets: HashMap<SecretRef, SecretString>,
}

impl FixedSecrets {
    pub fn new() -> FixedSecrets {
        FixedSecrets::default()
    }

    pub fn with(mut self, reference: SecretRef, text: SecretString) -> FixedSecrets {
        self.secrets.insert(reference, text);
        self
    }
}

impl fmt::Debug for FixedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FixedSecrets({})", self.secrets.len())
    }
}

impl SecretReader for FixedSecrets {
    fn read<'a>(
        &'a self,
        reference: &'a SecretRef,
    ) -> BoxFuture<'a, Result<RawSecret, SecretError>> {
        let found = match self.secrets.get(reference) {
            Some(text) => Ok(RawSecret::Text(text.clone())),
            None => Err(SecretError::NotFound {
                reference: reference.clone(),
            }),
        };
        Box::pin(std::future::ready(found))
    }
}
