//! What an SQS error means for us, and what a person can do about it.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html>

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};

use crate::queue::QueueError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Receive,
    Delete,
    SetVisibility,
    Settings,
    FindDeadLetters,
    PutAside,
    Send,
}

impl Step {
    const fn text(self) -> &'static str {
        match self {
            Step::Receive => "receive from",
            Step::Delete => "delete a message of",
            Step::SetVisibility => "change a message's visibility in",
            Step::Settings => "read the settings of",
            Step::FindDeadLetters => "find the dead-letter queue of",
            Step::PutAside => "put a message aside in",
            Step::Send => "send messages to",
        }
    }

    const fn has_handle(self) -> bool {
        matches!(self, Step::Delete | Step::SetVisibility)
    }

    const fn permission(self) -> &'static str {
        match self {
            Step::Receive | Step::Delete | Step::SetVisibility => {
                "permission is missing: allow this role sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on it"
            }
            Step::Settings => "permission is missing: allow this role sqs:GetQueueAttributes on it",
            Step::FindDeadLetters => {
                "permission is missing: allow this role sqs:GetQueueUrl on that one, or set queue.dead_letter_url"
            }
            Step::PutAside | Step::Send => {
                "permission is missing: allow this role sqs:SendMessage on it"
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    HandleExpired,
    /// With what is wrong and what to check.
    Setup(&'static str),
    Transient(&'static str),
}

const THROTTLED: Class = Class::Transient("throttled");

/// The text names the queue and the error's code, never the answer's text.
pub(super) fn judge<E>(step: Step, url: &str, error: &SdkError<E, HttpResponse>) -> QueueError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let code = error.code().filter(|code| is_plain(code));
    let text = |what: &str| {
        let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
        format!("could not {} the queue {url}: {what}{code}", step.text())
    };
    match class(step, error) {
        Class::HandleExpired => QueueError::HandleExpired,
        Class::Setup(what) => QueueError::Setup(text(what)),
        Class::Transient(what) => QueueError::Transient(text(what)),
    }
}

fn class<E>(step: Step, error: &SdkError<E, HttpResponse>) -> Class
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    if has_no_credentials(error) {
        return Class::Setup(
            "no AWS credentials were found: give the task a role, or set AWS_PROFILE or AWS_ACCESS_KEY_ID",
        );
    }
    match error {
        SdkError::TimeoutError(_) => Class::Transient("no answer in time"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => {
            Class::Transient("no answer in time")
        }
        SdkError::DispatchFailure(failure) if failure.is_io() => {
            Class::Transient("it cannot be reached: is the network up, and the endpoint right?")
        }
        SdkError::DispatchFailure(failure) if failure.is_user() => {
            Class::Setup("the request could not be made: check AWS_REGION and the endpoint")
        }
        SdkError::ConstructionFailure(_) => {
            Class::Setup("the request could not be made: check AWS_REGION and the endpoint")
        }
        SdkError::ServiceError(answer) => {
            by_answer(step, answer.err().code(), answer.raw().status().as_u16())
        }
        SdkError::ResponseError(answer) => by_answer(step, None, answer.raw().status().as_u16()),
        // Credentials that could not be fetched this time, among others.
        _ => Class::Transient("the request could not be signed or sent"),
    }
}

fn by_answer(step: Step, code: Option<&str>, status: u16) -> Class {
    if let Some(code) = code.filter(|code| code.starts_with("KMS.") || code.starts_with("Kms")) {
        return if code.contains("Throttl") {
            THROTTLED
        } else {
            Class::Setup(
                "its KMS key cannot be used: enable it, and allow this role kms:Decrypt on it, and kms:GenerateDataKey to send",
            )
        };
    }
    match code.map(bare) {
        Some("ReceiptHandleIsInvalid" | "MessageNotInflight") => Class::HandleExpired,
        // This is how SQS really calls an expired handle, and also a timeout beyond
        // twelve hours from the receive.
        // <https://github.com/aws/aws-sdk-java/issues/1628>
        Some("InvalidParameterValue") if step.has_handle() => Class::HandleExpired,
        Some("QueueDoesNotExist" | "NonExistentQueue" | "QueueDeletedRecently") => {
            Class::Setup("there is no such queue: check its URL, account and region")
        }
        Some("InvalidAddress") => {
            Class::Setup("this is no address of a queue: check the URL and its account")
        }
        Some("AccessDenied" | "UnauthorizedOperation" | "OptInRequired") => {
            Class::Setup(step.permission())
        }
        Some(
            "InvalidClientTokenId"
            | "UnrecognizedClient"
            | "SignatureDoesNotMatch"
            | "IncompleteSignature"
            | "MissingAuthenticationToken"
            | "InvalidAccessKeyId"
            | "ExpiredToken"
            | "NotAuthorized"
            | "InvalidSecurity",
        ) => Class::Setup("AWS refuses the credentials: check or renew them"),
        Some("RequestThrottled" | "Throttling" | "ThrottledRequest" | "TooManyRequests") => {
            THROTTLED
        }
        Some("OverLimit") => Class::Transient("too many of its messages are held at once"),
        _ if status >= 500 || status == 429 => Class::Transient("AWS has a fault of its own"),
        Some("RequestTimeout" | "RequestExpired" | "RequestTimeTooSkewed") => {
            Class::Transient("the request came too late: is the clock right?")
        }
        Some(_) => Class::Setup("SQS refuses the request: check the queue's settings"),
        // An HTTP error without a code does not come from SQS.
        None if status >= 400 => {
            Class::Setup("what answers is not SQS: check the URL and the endpoint")
        }
        None => Class::Transient("the answer could not be read"),
    }
}

/// The same error is called `QueueDoesNotExist`, `…NotExistException` and
/// `AWS.SimpleQueueService.NonExistentQueue`, by protocol and by age.
fn bare(code: &str) -> &str {
    let code = code.rsplit(['.', '#']).next().unwrap_or(code);
    code.strip_suffix("Exception").unwrap_or(code)
}

/// Whether a message was refused for what it holds: too long, or a character.
pub(super) fn is_about_contents<E>(error: &SdkError<E, HttpResponse>) -> bool
where
    E: ProvideErrorMetadata,
{
    matches!(
        error.code().map(bare),
        Some("InvalidParameterValue" | "InvalidMessageContents" | "InvalidAttributeValue")
    )
}

/// One message of several, which SQS would refuse again.
pub(super) fn entry_refused(url: &str, code: &str) -> QueueError {
    let code = if is_plain(code) {
        code
    } else {
        "no plain code"
    };
    QueueError::Setup(format!(
        "could not send messages to the queue {url}: it refuses one of them ({code})"
    ))
}

/// None at all is for a person; ones that could not be fetched come back by themselves.
fn has_no_credentials(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| {
        matches!(
            error.downcast_ref(),
            Some(
                CredentialsError::CredentialsNotLoaded(_)
                    | CredentialsError::InvalidConfiguration(_)
            )
        )
    })
}

/// Codes come from outside, too.
fn is_plain(code: &str) -> bool {
    code.len() <= 64
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'#'))
}

#[cfg(test)]
mod tests;
