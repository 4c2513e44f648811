//! The tokens by which Meta knows us: where they are kept, read, and kept fresh.
//!
//! Responsible for finding a secret by its reference, recognising the many shapes
//! people store a token in, and caching it until Meta refuses it. Not for deciding
//! what a refusal means: that is `delivery`, which asks for a refresh.
//! The one idea: a secret is opened in one place, `shapes`, and from there on it
//! only exists inside [`Credentials`], whose `Debug` shows none of it.

mod aws;
mod failure;
mod reader;
mod secret_ref;
mod shapes;
mod store;

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

pub use aws::AwsSecrets;
pub(crate) use failure::AwsFailure;
pub use reader::{FixedSecrets, RawSecret, SecretError, SecretReader};
pub use secret_ref::{SecretRef, SecretRefError};
pub use shapes::{Content, Shape, ShapeError, recognise};
pub use store::CredentialStore;

/// What a route needs to speak to Meta.
pub struct Credentials {
    pub access_token: SecretString,
    /// The data set that the secret itself names; a route's `dataset_id` goes first.
    pub pixel_id: Option<String>,
    /// For apps with "Require App Secret". Must belong to the app that issued the token.
    pub app_secret: Option<SecretString>,
    /// How the secret was stored, for people to see which reading was taken.
    pub shape: Shape,
}

impl Credentials {
    /// Whether both would be the same to Meta: nothing was rotated in between.
    pub fn same_secrets_as(&self, other: &Credentials) -> bool {
        fn exposed(secret: &Option<SecretString>) -> Option<&str> {
            secret.as_ref().map(ExposeSecret::expose_secret)
        }
        self.access_token.expose_secret() == other.access_token.expose_secret()
            && exposed(&self.app_secret) == exposed(&other.app_secret)
            && self.pixel_id == other.pixel_id
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("shape", &self.shape)
            .field("token_bytes", &self.access_token.expose_secret().len())
            .field("has_pixel_id", &self.pixel_id.is_some())
            .field("has_app_secret", &self.app_secret.is_some())
            .finish()
    }
}
