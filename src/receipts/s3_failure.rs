//! What S3's errors mean for a receipt, or the list beside it.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;

use super::{ReceiptLocation, StoreError};

#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    Write,
    Read,
}

impl Step {
    const fn text(self) -> &'static str {
        match self {
            Step::Write => "write",
            Step::Read => "read",
        }
    }
}

enum Class {
    Setup(&'static str),
    Transient(&'static str),
}

/// No receipt, rather than no bucket.
pub(super) fn is_not_there(error: &SdkError<GetObjectError, HttpResponse>) -> bool {
    error
        .as_service_error()
        .is_some_and(GetObjectError::is_no_such_key)
}

/// The text says where, and the error's code, never the answer's text.
pub(super) fn judge<E: ProvideErrorMetadata>(
    step: Step,
    location: &ReceiptLocation,
    error: &SdkError<E, HttpResponse>,
) -> StoreError {
    let code = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code);
    let class = match error {
        SdkError::TimeoutError(_) => Class::Transient("no answer in time"),
        SdkError::DispatchFailure(failure) if failure.is_io() => {
            Class::Transient("S3 cannot be reached")
        }
        SdkError::ConstructionFailure(_) => {
            Class::Setup("the request could not be made: check the bucket's name and AWS_REGION")
        }
        SdkError::ServiceError(answer) => by_answer(step, code, answer.raw().status().as_u16()),
        SdkError::ResponseError(answer) => by_answer(step, None, answer.raw().status().as_u16()),
        _ => Class::Transient("the request could not be signed or sent"),
    };
    let text = |what| {
        let code = code.filter(|code| is_plain(code));
        let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
        format!("could not {} {location}: {what}{code}", step.text())
    };
    match class {
        Class::Setup(what) => StoreError::Setup(text(what)),
        Class::Transient(what) => StoreError::Transient(text(what)),
    }
}

/// The answer broke off.
pub(super) fn broken(location: &ReceiptLocation) -> StoreError {
    StoreError::Transient(format!("could not read {location}: the answer broke off"))
}

fn by_answer(step: Step, code: Option<&str>, status: u16) -> Class {
    match (code, status, step) {
        (Some("NoSuchBucket"), ..) => {
            Class::Setup("there is no such bucket: check the state location")
        }
        (Some("PermanentRedirect" | "AuthorizationHeaderMalformed"), ..) | (_, 301, _) => {
            Class::Setup("the bucket is in another region: set AWS_REGION to it")
        }
        (Some("RequestTimeout" | "OperationAborted" | "SlowDown"), ..) | (_, 429, _) => {
            Class::Transient("S3 asks to try again")
        }
        (_, 403, Step::Write) => Class::Setup(
            "permission is missing: allow this role s3:PutObject there, and kms:GenerateDataKey if the bucket has a KMS key",
        ),
        (_, 403, Step::Read) => Class::Setup(
            "permission is missing: allow this role s3:GetObject there, s3:ListBucket on the bucket, and kms:Decrypt if it has a KMS key",
        ),
        (Some("KeyTooLongError"), ..) => {
            Class::Setup("the key is too long: shorten the prefix of the state location")
        }
        (_, 400..=499, _) => Class::Setup("S3 refuses the request: check the state location"),
        _ => Class::Transient("S3 has a fault of its own"),
    }
}

/// Codes come from outside, too.
fn is_plain(code: &str) -> bool {
    code.len() <= 64 && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic)]

    use super::*;

    #[test]
    fn every_answer_has_its_class() {
        for (code, status, setup) in [
            (Some("NoSuchBucket"), 404, true),
            (Some("PermanentRedirect"), 301, true),
            (None, 301, true),
            (Some("AccessDenied"), 403, true),
            (Some("KMS.DisabledException"), 400, true),
            (Some("KeyTooLongError"), 400, true),
            (Some("RequestTimeout"), 400, false),
            (Some("OperationAborted"), 409, false),
            (Some("SlowDown"), 503, false),
            (Some("InternalError"), 500, false),
            (None, 502, false),
            (None, 429, false),
        ] {
            for step in [Step::Read, Step::Write] {
                let is_setup = matches!(by_answer(step, code, status), Class::Setup(_));
                assert_eq!(is_setup, setup, "{code:?} {status}");
            }
        }
    }

    #[test]
    fn a_denied_read_names_the_permission_that_people_forget() {
        let Class::Setup(text) = by_answer(Step::Read, Some("AccessDenied"), 403) else {
            panic!("no setup failure")
        };
        assert!(text.contains("s3:ListBucket"), "{text}");
    }
}
