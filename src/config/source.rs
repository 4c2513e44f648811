//! Where a configuration is kept, and how its text is brought here.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use tokio::io::AsyncReadExt;

use crate::credentials::AwsFailure;

/// What `--config` or `ACTIVATOR_CONFIG` says.
#[derive(Clone, PartialEq, Eq)]
pub enum ConfigSource {
    Path(PathBuf),
    /// `ssm:/name`; a SecureString is decrypted.
    Ssm(String),
    /// `s3://bucket/key`
    S3 {
        bucket: String,
        key: String,
    },
    /// The configuration itself: anything with a newline or a `=` in it.
    Text(String),
}

/// The clients for what is not here.
#[derive(Clone, Debug)]
pub struct ConfigClients {
    pub ssm: aws_sdk_ssm::Client,
    pub s3: aws_sdk_s3::Client,
}

/// Why there is no text. Each is one sentence that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error(
        "the configuration's place is empty: give a path, ssm:/name, s3://bucket/key or the text itself"
    )]
    Empty,
    #[error("{place} is no object: write s3://bucket/key")]
    NoObject { place: String },
    #[error("{source_name} cannot be read: check the path and its permissions")]
    Unreadable {
        source_name: String,
        #[source]
        cause: std::io::Error,
    },
    #[error("{source_name} does not exist: create it, or correct --config or ACTIVATOR_CONFIG")]
    Missing { source_name: String },
    #[error("{source_name} may not be read ({code}): allow {action} on it{hint}")]
    Forbidden {
        source_name: String,
        code: String,
        action: &'static str,
        hint: &'static str,
    },
    #[error("{source_name} could not be read ({reason})")]
    Unreachable { source_name: String, reason: String },
    #[error("{source_name} is not UTF-8 text")]
    NotText { source_name: String },
    #[error("{source_name} is longer than {MOST_BYTES} bytes, which no configuration is")]
    TooLong { source_name: String },
}

/// Far above any real configuration: a wrong path must not fill the memory.
const MOST_BYTES: usize = 1 << 20;

/// The SDK has no read timeout by default.
const READ_TIMEOUT: Duration = Duration::from_secs(15);

impl FromStr for ConfigSource {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<ConfigSource, SourceError> {
        let place = text.trim();
        if place.is_empty() {
            return Err(SourceError::Empty);
        }
        // Schemes go before `=`, which occurs in keys of S3.
        // A section without a key is a faulty text, not a path.
        let one_line = !place.contains('\n') && !place.starts_with('[');
        if one_line && let Some(object) = place.strip_prefix("s3://") {
            return match object.split_once('/') {
                Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                    Ok(ConfigSource::S3 {
                        bucket: bucket.to_owned(),
                        key: key.to_owned(),
                    })
                }
                _ => Err(SourceError::NoObject {
                    place: place.to_owned(),
                }),
            };
        }
        if one_line && let Some(name) = place.strip_prefix("ssm:") {
            return Ok(ConfigSource::Ssm(name.to_owned()));
        }
        // The whole text, not the trimmed one: line numbers must be the author's.
        if !one_line || place.contains('=') {
            return Ok(ConfigSource::Text(text.to_owned()));
        }
        Ok(ConfigSource::Path(PathBuf::from(place)))
    }
}

impl ConfigSource {
    /// The text. `clients` is asked only where it is needed, as finding credentials
    /// and region takes time on a machine that has none.
    pub async fn text(
        &self,
        clients: impl AsyncFnOnce() -> ConfigClients,
    ) -> Result<String, SourceError> {
        let bytes = match self {
            ConfigSource::Text(text) => return Ok(text.clone()),
            ConfigSource::Path(path) => {
                let read = read_file(path).await;
                read.map_err(|cause| SourceError::Unreadable {
                    source_name: self.to_string(),
                    cause,
                })?
            }
            ConfigSource::Ssm(name) => self.parameter(&clients().await.ssm, name).await?,
            ConfigSource::S3 { bucket, key } => {
                let clients = clients().await;
                let read = self.object(&clients.s3, bucket, key);
                tokio::time::timeout(READ_TIMEOUT, read)
                    .await
                    .unwrap_or_else(|_| Err(self.unreachable("no answer in time")))?
            }
        };
        if bytes.len() > MOST_BYTES {
            return Err(SourceError::TooLong {
                source_name: self.to_string(),
            });
        }
        String::from_utf8(bytes).map_err(|_| SourceError::NotText {
            source_name: self.to_string(),
        })
    }

    async fn parameter(
        &self,
        ssm: &aws_sdk_ssm::Client,
        name: &str,
    ) -> Result<Vec<u8>, SourceError> {
        let request = ssm.get_parameter().name(name).with_decryption(true);
        let answer = tokio::time::timeout(READ_TIMEOUT, request.send())
            .await
            .map_err(|_| self.unreachable("no answer in time"))?
            .map_err(|error| {
                let hint = " and, for a SecureString, kms:Decrypt on its key's ARN";
                self.refused(AwsFailure::of(&error), "ssm:GetParameter", hint)
            })?;
        let value = answer.parameter.and_then(|parameter| parameter.value);
        Ok(value.unwrap_or_default().into_bytes())
    }

    async fn object(
        &self,
        s3: &aws_sdk_s3::Client,
        bucket: &str,
        key: &str,
    ) -> Result<Vec<u8>, SourceError> {
        let answer = s3.get_object().bucket(bucket).key(key).send().await;
        let answer = answer.map_err(|error| {
            let hint = "; without s3:ListBucket a missing object looks like this too";
            self.refused(AwsFailure::of(&error), "s3:GetObject", hint)
        })?;
        let mut bytes = Vec::new();
        // One byte more than allowed, so that the caller sees it is too long.
        let mut body = answer.body.into_async_read().take(MOST_BYTES as u64 + 1);
        body.read_to_end(&mut bytes)
            .await
            .map_err(|_| self.unreachable("the object's body ended early"))?;
        Ok(bytes)
    }

    fn refused(
        &self,
        failure: AwsFailure,
        action: &'static str,
        hint: &'static str,
    ) -> SourceError {
        let source_name = self.to_string();
        match failure {
            AwsFailure::Missing => SourceError::Missing { source_name },
            AwsFailure::Forbidden { code } => SourceError::Forbidden {
                source_name,
                code,
                action,
                hint,
            },
            AwsFailure::Unreachable { reason } => SourceError::Unreachable {
                source_name,
                reason,
            },
        }
    }

    fn unreachable(&self, reason: &str) -> SourceError {
        SourceError::Unreachable {
            source_name: self.to_string(),
            reason: reason.to_owned(),
        }
    }
}

async fn read_file(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = tokio::fs::File::open(path)
        .await?
        .take(MOST_BYTES as u64 + 1);
    file.read_to_end(&mut bytes).await?;
    Ok(bytes)
}

/// What goes before the line number of a fault.
impl fmt::Display for ConfigSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigSource::Path(path) => write!(f, "{}", path.display()),
            ConfigSource::Ssm(name) => write!(f, "ssm:{name}"),
            ConfigSource::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            ConfigSource::Text(_) => f.write_str("configuration text"),
        }
    }
}

impl fmt::Debug for ConfigSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigSource::Text(text) => write!(f, "Text({} bytes)", text.len()),
            place => write!(f, "{place}"),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn no_clients() -> impl AsyncFnOnce() -> ConfigClients {
        async || panic!("nothing here is on AWS")
    }

    #[test]
    fn each_form_of_a_place_is_told_apart() {
        let s3 = |bucket: &str, key: &str| ConfigSource::S3 {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        };
        let cases = [
            ("config.toml", ConfigSource::Path("config.toml".into())),
            (
                "ssm:/activator/config",
                ConfigSource::Ssm("/activator/config".into()),
            ),
            ("s3://b/env=dev/c.toml", s3("b", "env=dev/c.toml")),
            ("a = 1", ConfigSource::Text("a = 1".into())),
            ("\n[a]\n[b]", ConfigSource::Text("\n[a]\n[b]".into())),
        ];
        for (text, expected) in cases {
            assert_eq!(text.parse::<ConfigSource>().unwrap(), expected, "{text}");
        }
        assert!("  ".parse::<ConfigSource>().is_err());
        assert!("s3://bucket".parse::<ConfigSource>().is_err());
    }

    #[tokio::test]
    async fn a_file_is_read_and_a_missing_or_huge_one_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        std::fs::write(&path, "a = 1").unwrap();
        let source = ConfigSource::Path(path.clone());
        assert_eq!(source.text(no_clients()).await.unwrap(), "a = 1");

        std::fs::write(&path, vec![b'#'; MOST_BYTES + 1]).unwrap();
        assert!(matches!(
            source.text(no_clients()).await,
            Err(SourceError::TooLong { .. })
        ));
        std::fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(matches!(
            source.text(no_clients()).await,
            Err(SourceError::NotText { .. })
        ));
        std::fs::remove_file(&path).unwrap();
        let error = source.text(no_clients()).await.unwrap_err();
        assert!(error.to_string().contains("config.toml cannot be read"));
    }
}
