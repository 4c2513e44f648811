//! Who may call: the access token and its proof.

use std::{borrow::Cow, time::Duration};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::{GraphError, parameters::Parameters};
use crate::{changes::TokenState, secret::Secret};

/// How long a timed proof is good for, to either side of now.
const PROOF_LIFETIME: Duration = Duration::from_secs(300);

/// What a caller must show.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    pub(crate) token: Secret,
    /// What proofs are made with. Without it none can be right.
    pub(crate) app_secret: Option<Secret>,
    /// Whether the app "requires app secret": every call needs a proof. Not said: it does
    /// if its secret is known.
    pub(crate) proof_required: Option<bool>,
    /// What has become of the token.
    pub(crate) state: TokenState,
    /// When it expires, in Unix seconds.
    pub(crate) expires_at: Option<u64>,
}

impl Access {
    pub(crate) fn new(token: Secret) -> Self {
        Self {
            token,
            app_secret: None,
            proof_required: None,
            state: TokenState::Good,
            expires_at: None,
        }
    }

    /// A new, good token takes the place of the old one.
    pub(crate) fn renew(&mut self, token: Secret) {
        self.token = token;
        self.set(TokenState::Good);
    }

    pub(crate) fn set(&mut self, state: TokenState) {
        self.state = state;
        self.expires_at = None;
    }

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
        let lost =
            |subcode, message| Err(GraphError::new(401, 190).subcode(subcode).message(message));
        match self.state {
            TokenState::Revoked => return lost(467, "The session has been invalidated"),
            TokenState::Expired => return lost(463, "The session has expired"),
            TokenState::Good if self.expires_at.is_some_and(|time| now >= time) => {
                return lost(463, "The session has expired");
            }
            TokenState::Good => {}
        }
        self.check_proof(parameters, now)
    }

    /// A proof that is given has to be right, whether or not one is required.
    fn check_proof(&self, parameters: &Parameters<'_>, now: u64) -> Result<(), GraphError> {
        // As JSON, since a list or an object is a wrong proof and not a missing one.
        let Some(proof) = parameters.json("appsecret_proof") else {
            if !self.proof_required.unwrap_or(self.app_secret.is_some()) {
                return Ok(());
            }
            return Err(GraphError::proof(
                "API calls from the server require an appsecret_proof argument",
            ));
        };
        let wrong = || GraphError::proof("Invalid appsecret_proof provided in the API argument");
        let secret = self.app_secret.as_ref().ok_or_else(wrong)?;
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
