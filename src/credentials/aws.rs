//! Secrets in Parameter Store, Secrets Manager and the environment.

use std::env::VarError;
use std::time::Duration;

use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use futures_util::future::BoxFuture;
use secrecy::{SecretSlice, SecretString};

use super::failure::AwsFailure;
use super::reader::{RawSecret, SecretError, SecretReader};
use super::secret_ref::SecretRef;
use super::shapes::ShapeError;

/// For one read with the SDK's own retries; the SDK has no read timeout by default.
const READ_TIMEOUT: Duration = Duration::from_secs(15);

/// Reads through the clients it was given; `env:` needs neither.
#[derive(Clone, Debug)]
pub struct AwsSecrets {
    ssm: aws_sdk_ssm::Client,
    secrets_manager: aws_sdk_secretsmanager::Client,
}

impl AwsSecrets {
    pub fn new(
        ssm: aws_sdk_ssm::Client,
        secrets_manager: aws_sdk_secretsmanager::Client,
    ) -> AwsSecrets {
        AwsSecrets {
            ssm,
            secrets_manager,
        }
    }

    async fn parameter(&self, reference: &SecretRef, name: &str) -> Result<RawSecret, SecretError> {
        let request = self.ssm.get_parameter().name(name).with_decryption(true);
        let answer = in_time(reference, request.send())
            .await?
            .map_err(|error| refused(reference, &error, "ssm:GetParameter"))?;
        answer
            .parameter
            .and_then(|parameter| parameter.value)
            .map(|value| RawSecret::Text(SecretString::from(value)))
            .ok_or_else(|| empty(reference))
    }

    async fn secret(&self, reference: &SecretRef, name: &str) -> Result<RawSecret, SecretError> {
        let request = self.secrets_manager.get_secret_value().secret_id(name);
        let answer = in_time(reference, request.send())
            .await?
            .map_err(|error| refused(reference, &error, "secretsmanager:GetSecretValue"))?;
        if let Some(text) = answer.secret_string {
            return Ok(RawSecret::Text(SecretString::from(text)));
        }
        answer
            .secret_binary
            .map(|binary| RawSecret::Binary(SecretSlice::from(binary.into_inner())))
            .ok_or_else(|| empty(reference))
    }
}

impl SecretReader for AwsSecrets {
    fn read<'a>(
        &'a self,
        reference: &'a SecretRef,
    ) -> BoxFuture<'a, Result<RawSecret, SecretError>> {
        Box::pin(async move {
            match reference {
                SecretRef::Ssm(name) => self.parameter(reference, name).await,
                SecretRef::SecretsManager(name) => self.secret(reference, name).await,
                SecretRef::Env(name) => variable(reference, name),
            }
        })
    }
}

fn variable(reference: &SecretRef, name: &str) -> Result<RawSecret, SecretError> {
    match std::env::var(name) {
        Ok(value) => Ok(RawSecret::Text(SecretString::from(value))),
        Err(VarError::NotPresent) => Err(SecretError::NoVariable {
            name: name.to_owned(),
        }),
        Err(VarError::NotUnicode(_)) => Err(SecretError::Unusable {
            reference: reference.clone(),
            shape: ShapeError::NotText,
        }),
    }
}

async fn in_time<T>(
    reference: &SecretRef,
    call: impl Future<Output = T>,
) -> Result<T, SecretError> {
    tokio::time::timeout(READ_TIMEOUT, call)
        .await
        .map_err(|_| SecretError::Unreachable {
            reference: reference.clone(),
            reason: "no answer in time".to_owned(),
        })
}

fn refused<E, R>(reference: &SecretRef, error: &SdkError<E, R>, action: &'static str) -> SecretError
where
    E: ProvideErrorMetadata,
{
    let reference = reference.clone();
    match AwsFailure::of(error) {
        AwsFailure::Missing => SecretError::NotFound { reference },
        AwsFailure::Forbidden { code } => SecretError::Forbidden {
            reference,
            code,
            action,
        },
        AwsFailure::Unreachable { reason } => SecretError::Unreachable { reference, reason },
    }
}

fn empty(reference: &SecretRef) -> SecretError {
    SecretError::Unusable {
        reference: reference.clone(),
        shape: ShapeError::Empty,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(name: &str) -> Result<RawSecret, SecretError> {
        variable(&SecretRef::Env(name.to_owned()), name)
    }

    #[test]
    fn a_variable_is_read_and_a_missing_one_says_what_to_set() {
        // Cargo sets this one for every test; a test cannot set any itself.
        assert!(matches!(read("CARGO_PKG_NAME"), Ok(RawSecret::Text(_))));
        let error = read("ACTIVATOR_TEST_NOBODY_SETS_THIS").unwrap_err();
        assert!(!error.is_transient());
        assert!(
            error
                .to_string()
                .contains("ACTIVATOR_TEST_NOBODY_SETS_THIS is not set")
        );
    }
}
