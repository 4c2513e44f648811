//! Why a read from AWS failed, by the service's error code.
//!
//! One table for Parameter Store, Secrets Manager and S3 reads, because a person
//! does the same about each: create the thing, grant the right, or wait.

use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};

/// The texts hold error codes at most: a service's message may quote what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AwsFailure {
    Missing,
    Forbidden { code: String },
    Unreachable { reason: String },
}

impl AwsFailure {
    /// An unknown code counts as unreachable, which is the one that is tried again.
    pub(crate) fn of<E, R>(error: &SdkError<E, R>) -> AwsFailure
    where
        E: ProvideErrorMetadata,
    {
        match error {
            SdkError::ServiceError(refusal) => match refusal.err().code() {
                Some(code) => AwsFailure::of_code(code),
                None => AwsFailure::unreachable("the answer had no error code"),
            },
            SdkError::TimeoutError(_) => AwsFailure::unreachable("no answer in time"),
            SdkError::DispatchFailure(failure) if failure.is_user() => {
                AwsFailure::unreachable("no AWS credentials or region were found")
            }
            SdkError::DispatchFailure(failure) if failure.is_timeout() => {
                AwsFailure::unreachable("no answer in time")
            }
            SdkError::DispatchFailure(_) => AwsFailure::unreachable(
                "no connection, or no AWS credentials; check network, role and AWS_REGION",
            ),
            SdkError::ConstructionFailure(_) => {
                AwsFailure::unreachable("the request could not be made; check name and AWS_REGION")
            }
            _ => AwsFailure::unreachable("the answer could not be read"),
        }
    }

    pub(crate) fn unreachable(reason: &str) -> AwsFailure {
        AwsFailure::Unreachable {
            reason: reason.to_owned(),
        }
    }

    fn of_code(code: &str) -> AwsFailure {
        match code {
            "ParameterNotFound"
            | "ParameterVersionNotFound"
            | "ResourceNotFoundException"
            | "NoSuchKey"
            | "NoSuchBucket"
            // Secrets Manager, for a secret that is scheduled for deletion.
            | "InvalidRequestException" => AwsFailure::Missing,
            "AccessDenied"
            | "AccessDeniedException"
            | "DecryptionFailure"
            | "ExpiredToken"
            | "ExpiredTokenException"
            | "InvalidAccessKeyId"
            | "InvalidClientTokenId"
            | "InvalidKeyId"
            | "KMSAccessDeniedException"
            | "SignatureDoesNotMatch"
            | "UnrecognizedClientException" => AwsFailure::Forbidden {
                code: code.to_owned(),
            },
            other => AwsFailure::Unreachable {
                reason: format!("AWS answered {other}"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_known_code_leads_to_what_a_person_would_do() {
        for code in [
            "ParameterNotFound",
            "ResourceNotFoundException",
            "NoSuchKey",
        ] {
            assert_eq!(AwsFailure::of_code(code), AwsFailure::Missing, "{code}");
        }
        for code in ["AccessDeniedException", "DecryptionFailure", "InvalidKeyId"] {
            assert!(
                matches!(AwsFailure::of_code(code), AwsFailure::Forbidden { .. }),
                "{code}"
            );
        }
        assert!(matches!(
            AwsFailure::of_code("ThrottlingException"),
            AwsFailure::Unreachable { .. }
        ));
    }
}
