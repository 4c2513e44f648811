//! What S3's errors mean for what is kept there.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::GetObjectError;

use super::failure::Failure;
use super::s3::At;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Write,
    Read,
    Remove,
    List,
}

impl Step {
    const fn text(self) -> &'static str {
        match self {
            Step::Write => "write",
            Step::Read => "read",
            Step::Remove => "remove",
            Step::List => "list",
        }
    }
}

enum Class {
    Setup(&'static str),
    Transient(&'static str),
}

/// No object, rather than no bucket.
pub(crate) fn is_not_there(error: &SdkError<GetObjectError, HttpResponse>) -> bool {
    error
        .as_service_error()
        .is_some_and(GetObjectError::is_no_such_key)
}

/// The text says where, and the error's code, never the answer's text.
pub(crate) fn judge<E: ProvideErrorMetadata>(
    step: Step,
    at: &At,
    error: &SdkError<E, HttpResponse>,
) -> Failure {
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
        format!("could not {} {at}: {what}{code}", step.text())
    };
    match class {
        Class::Setup(what) => Failure::Setup(text(what)),
        Class::Transient(what) => Failure::Transient(text(what)),
    }
}

/// The answer broke off.
pub(crate) fn broken(at: &At) -> Failure {
    Failure::Transient(format!("could not read {at}: the answer broke off"))
}

pub(crate) fn too_late(step: Step, at: &At) -> Failure {
    Failure::Transient(format!("could not {} {at}: no answer in time", step.text()))
}

/// The answer says that it was done, and not what came of it.
pub(crate) fn incomplete(step: Step, at: &At) -> Failure {
    Failure::Transient(format!(
        "could not {} {at}: the answer has no ETag",
        step.text()
    ))
}

fn by_answer(step: Step, code: Option<&str>, status: u16) -> Class {
    match (code, status, step) {
        (Some("NoSuchBucket"), ..) => {
            Class::Setup("there is no such bucket: check the state location")
        }
        (Some("PermanentRedirect" | "AuthorizationHeaderMalformed"), ..) | (_, 301, _) => {
            Class::Setup("the bucket is in another region: set AWS_REGION to it")
        }
        (
            Some("RequestTimeout" | "OperationAborted" | "ConditionalRequestConflict" | "SlowDown"),
            ..,
        )
        | (_, 429, _) => Class::Transient("S3 asks to try again"),
        (_, 403, Step::Write) => Class::Setup(
            "permission is missing: allow this role s3:PutObject and s3:GetObject there, and kms:GenerateDataKey if the bucket has a KMS key",
        ),
        (_, 403, Step::Read) => Class::Setup(
            "permission is missing: allow this role s3:GetObject there, s3:ListBucket on the bucket, and kms:Decrypt if it has a KMS key",
        ),
        (_, 403, Step::Remove) => {
            Class::Setup("permission is missing: allow this role s3:DeleteObject there")
        }
        (_, 403, Step::List) => {
            Class::Setup("permission is missing: allow this role s3:ListBucket on the bucket")
        }
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
            (Some("ConditionalRequestConflict"), 409, false),
            (Some("SlowDown"), 503, false),
            (Some("InternalError"), 500, false),
            (None, 502, false),
            (None, 429, false),
        ] {
            for step in [Step::Read, Step::Write, Step::Remove, Step::List] {
                let is_setup = matches!(by_answer(step, code, status), Class::Setup(_));
                assert_eq!(is_setup, setup, "{code:?} {status}");
            }
        }
    }

    #[test]
    fn what_is_denied_names_the_permission_that_people_forget() {
        for (step, permission) in [
            (Step::Write, "s3:PutObject"),
            (Step::Read, "s3:ListBucket"),
            (Step::Remove, "s3:DeleteObject"),
            (Step::List, "s3:ListBucket"),
        ] {
            let Class::Setup(text) = by_answer(step, Some("AccessDenied"), 403) else {
                panic!("no setup failure")
            };
            assert!(text.contains(permission), "{text}");
        }
    }
}
