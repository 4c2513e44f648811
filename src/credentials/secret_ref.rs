//! How a configuration names a secret without holding it.

use std::fmt;
use std::str::FromStr;

/// Where a secret is kept. Its text is safe to show: it is a name, not a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretRef {
    /// `ssm:NAME`, a parameter's name, path or ARN; read decrypted.
    Ssm(String),
    /// `secretsmanager:NAME`, a secret's name or ARN; its current version.
    SecretsManager(String),
    /// `env:NAME`, an environment variable, for a laptop.
    Env(String),
}

/// The text is not repeated: whoever mistakes the setting pastes the token itself.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretRefError {
    #[error(
        "must name where the secret is kept: ssm:/name, secretsmanager:name or env:NAME \
         (what is written is not shown, as it may be the secret itself)"
    )]
    NoStore,
    #[error("the name after {0} is empty or has blanks in it")]
    BadName(&'static str),
    #[error("the name after env: must be letters, digits and _, as of an environment variable")]
    BadVariable,
}

const SSM: &str = "ssm:";
const SECRETS_MANAGER: &str = "secretsmanager:";
const ENV: &str = "env:";

impl FromStr for SecretRef {
    type Err = SecretRefError;

    fn from_str(text: &str) -> Result<SecretRef, SecretRefError> {
        let text = text.trim();
        if let Some(name) = text.strip_prefix(SSM) {
            return checked(name, SSM).map(SecretRef::Ssm);
        }
        if let Some(name) = text.strip_prefix(SECRETS_MANAGER) {
            return checked(name, SECRETS_MANAGER).map(SecretRef::SecretsManager);
        }
        if let Some(name) = text.strip_prefix(ENV) {
            let name = checked(name, ENV)?;
            let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            return if plain {
                Ok(SecretRef::Env(name))
            } else {
                Err(SecretRefError::BadVariable)
            };
        }
        Err(SecretRefError::NoStore)
    }
}

fn checked(name: &str, store: &'static str) -> Result<String, SecretRefError> {
    let blank = |c: char| c.is_whitespace() || c.is_control();
    if name.is_empty() || name.contains(blank) {
        return Err(SecretRefError::BadName(store));
    }
    Ok(name.to_owned())
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SecretRef::Ssm(name) => write!(f, "{SSM}{name}"),
            SecretRef::SecretsManager(name) => write!(f, "{SECRETS_MANAGER}{name}"),
            SecretRef::Env(name) => write!(f, "{ENV}{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_reference_reads_back_as_it_was_written() {
        for text in [
            "ssm:/dev/cleanroom-activations/meta/conversions",
            "secretsmanager:/dev/cleanroom-activations/meta/custom_audiences/access_token",
            "secretsmanager:arn:aws:secretsmanager:eu-central-1:123456789012:secret:meta-AbCdEf",
            "env:META_TOKEN",
        ] {
            assert_eq!(text.parse::<SecretRef>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_token_given_instead_of_a_reference_is_refused_without_repeating_it() {
        let error = "EAABmarkedToken123".parse::<SecretRef>().unwrap_err();
        assert_eq!(error, SecretRefError::NoStore);
        assert!(!format!("{error} {error:?}").contains("marked"));
        let error = "env:EAAB|marked".parse::<SecretRef>().unwrap_err();
        assert!(!format!("{error} {error:?}").contains("marked"));
    }

    #[test]
    fn a_reference_without_a_name_is_refused() {
        for text in ["ssm:", "secretsmanager: ", "env:", "ssm:/a b"] {
            assert!(matches!(
                text.parse::<SecretRef>(),
                Err(SecretRefError::BadName(_))
            ));
        }
    }
}
