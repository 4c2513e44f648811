//! Who may call: the access token and its proof.

use std::{borrow::Cow, time::Duration};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{GraphError, parameters::Parameters};
use crate::secret::Secret;

/// How long a timed proof is good for, to either side of now.
const PROOF_LIFETIME: Duration = Duration::from_secs(300);

/// What a caller must show.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) token: Secret,
    /// When set, the app "requires app secret": every call needs a right proof.
    pub(crate) app_secret: Option<Secret>,
}

impl Access {
    /// Takes the token from the header before the query or body. `now` in Unix seconds.
    pub(crate) fn check(
        &self,
        bearer: Option<&str>,
        parameters: &Parameters<'_>,
        now: u64,
    ) -> Result<(), GraphError> {
        let presented = bearer
            .map(Cow::Borrowed)
            .or_else(|| parameters.text("access_token"))
            .filter(|token| !token.is_empty());
        let Some(presented) = presented else {
            return Err(GraphError::new(400, 104)
                .message("An access token is required to request this resource."));
        };
        if presented != self.token.expose() {
            return Err(GraphError::new(401, 190)
                .message("Invalid OAuth access token - Cannot parse access token"));
        }
        match &self.app_secret {
            Some(secret) => self.check_proof(secret, parameters, now),
            None => Ok(()),
        }
    }

    fn check_proof(
        &self,
        secret: &Secret,
        parameters: &Parameters<'_>,
        now: u64,
    ) -> Result<(), GraphError> {
        let Some(proof) = parameters.text("appsecret_proof") else {
            return Err(GraphError::parameter(
                "API calls from the server require an appsecret_proof argument",
            ));
        };
        let wrong =
            || GraphError::parameter("Invalid appsecret_proof provided in the API argument");
        let message = match parameters.text("appsecret_time") {
            None => self.token.expose().to_owned(),
            Some(time) => {
                let seconds: u64 = time.parse().map_err(|_| wrong())?;
                if now.abs_diff(seconds) > PROOF_LIFETIME.as_secs() {
                    return Err(wrong());
                }
                format!("{}|{seconds}", self.token.expose())
            }
        };
        let proof = const_hex::decode(proof.as_bytes()).map_err(|_| wrong())?;
        let mut hmac =
            Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).map_err(|_| wrong())?;
        hmac.update(message.as_bytes());
        hmac.verify_slice(&proof).map_err(|_| wrong())
    }
}
