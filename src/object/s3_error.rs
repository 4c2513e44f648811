//! What S3's many failures mean here. One table, because one place has to be right.
//!
//! Codes: <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>. An answer
//! to HEAD has no body, hence no code: then the status decides.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;
use aws_sdk_s3::primitives::ByteStreamError;

use super::error::ObjectError;
use super::version::ObjectAddress;
use crate::error_chain::ErrorChain;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    NotFound,
    Overwritten,
    Forbidden,
    Archived,
    Setup,
    Refused,
    Transient,
}

fn meaning(status: u16, code: Option<&str>) -> Meaning {
    match (status, code.unwrap_or_default()) {
        (_, "NoSuchKey" | "NoSuchVersion") => Meaning::NotFound,
        (_, "NoSuchBucket" | "PermanentRedirect" | "AuthorizationHeaderMalformed") => {
            Meaning::Setup
        }
        (_, "InvalidAccessKeyId" | "InvalidToken" | "SignatureDoesNotMatch") => Meaning::Setup,
        // A key that is disabled, deleted or in the wrong state.
        (_, code) if code.starts_with("KMS.") => Meaning::Setup,
        (_, "InvalidObjectState") => Meaning::Archived,
        // The credentials are renewed and the clock is corrected by the SDK.
        (_, "ExpiredToken" | "RequestTimeTooSkewed" | "RequestTimeout" | "SlowDown") => {
            Meaning::Transient
        }
        (412, _) => Meaning::Overwritten,
        // 405: a delete marker, asked for by its version.
        (404 | 405, _) => Meaning::NotFound,
        (401 | 403, _) => Meaning::Forbidden,
        (301 | 307, _) => Meaning::Setup,
        // To HEAD also expired credentials are no more than this.
        (400, "") | (408 | 409 | 429, _) => Meaning::Transient,
        (400..500, _) => Meaning::Refused,
        _ => Meaning::Transient,
    }
}

/// What a failed request means. The SDK's error is not kept: its `Debug` shows
/// headers and body of the answer.
pub(super) fn classify<E>(error: &SdkError<E, HttpResponse>, address: &ObjectAddress) -> ObjectError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let answer = match error {
        SdkError::ServiceError(answer) => answer,
        SdkError::ConstructionFailure(_) => {
            return ObjectError::Setup {
                address: address.clone(),
                reason: ErrorChain(error).to_string(),
            };
        }
        // Credentials that could not be had arrive here too, and their service may be
        // only slow: a route is not stopped for that.
        _ => return ObjectError::transient(address, ErrorChain(error).to_string()),
    };
    let status = answer.raw().status().as_u16();
    let code = answer.err().code();
    let reason = format!(
        "{} (status {status}, request {})",
        code.unwrap_or("no code"),
        error.request_id().unwrap_or("unknown"),
    );
    let meaning = meaning(status, code);
    let address = address.clone();
    match meaning {
        Meaning::NotFound => ObjectError::NotFound { address },
        Meaning::Overwritten => ObjectError::Overwritten { address },
        Meaning::Forbidden => ObjectError::Forbidden { address },
        Meaning::Archived => ObjectError::Archived { address },
        Meaning::Setup => ObjectError::Setup { address, reason },
        Meaning::Refused => ObjectError::Refused { address, reason },
        Meaning::Transient => ObjectError::transient(&address, reason),
    }
}

/// A body broke off; whatever the cause, the rest can be asked for again.
pub(super) fn broken_body(error: &ByteStreamError, address: &ObjectAddress) -> ObjectError {
    ObjectError::transient(address, ErrorChain(error).to_string())
}

#[cfg(test)]
mod tests {
    use super::{Meaning, meaning};

    #[test]
    fn every_answer_of_s3_has_one_meaning() {
        for (status, code, expected) in [
            (404, Some("NoSuchKey"), Meaning::NotFound),
            (404, Some("NoSuchVersion"), Meaning::NotFound),
            (404, None, Meaning::NotFound),
            (405, None, Meaning::NotFound),
            (404, Some("NoSuchBucket"), Meaning::Setup),
            (412, Some("PreconditionFailed"), Meaning::Overwritten),
            (412, None, Meaning::Overwritten),
            (403, Some("AccessDenied"), Meaning::Forbidden),
            (403, Some("InvalidAccessKeyId"), Meaning::Setup),
            (403, None, Meaning::Forbidden),
            (403, Some("InvalidObjectState"), Meaning::Archived),
            (403, Some("RequestTimeTooSkewed"), Meaning::Transient),
            (400, Some("ExpiredToken"), Meaning::Transient),
            (400, Some("RequestTimeout"), Meaning::Transient),
            (400, Some("KMS.DisabledException"), Meaning::Setup),
            (400, Some("AuthorizationHeaderMalformed"), Meaning::Setup),
            (301, Some("PermanentRedirect"), Meaning::Setup),
            (301, None, Meaning::Setup),
            (400, Some("InvalidArgument"), Meaning::Refused),
            (400, None, Meaning::Transient),
            (416, Some("InvalidRange"), Meaning::Refused),
            (429, None, Meaning::Transient),
            (500, Some("InternalError"), Meaning::Transient),
            (503, Some("SlowDown"), Meaning::Transient),
            (503, None, Meaning::Transient),
        ] {
            assert_eq!(meaning(status, code), expected, "{status} {code:?}");
        }
    }
}
