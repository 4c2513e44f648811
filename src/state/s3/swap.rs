//! Writes on a condition.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>

use std::time::Duration;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::put_object::PutObjectError;
use bytes::Bytes;

use super::{At, S3Place};
use crate::backoff::Backoff;
use crate::state::failure::Failure;
use crate::state::s3_failure::{self, Step};
use crate::state::swap::{Put, Tag};

/// Two writes met. Who loses is told so once the other is through.
pub(crate) const MEETINGS: usize = 4;
const AFTER_A_MEETING: Backoff = Backoff {
    first: Duration::from_millis(50),
    most: Duration::from_secs(1),
};

impl S3Place {
    /// Writes JSON if what is there has this tag; with `None`, if nothing is there.
    pub(crate) async fn swap(
        &self,
        at: &At,
        json: Bytes,
        expected: Option<&Tag>,
    ) -> Result<Put, Failure> {
        let mut meetings = 0;
        loop {
            let request = self.put(at, "application/json", json.clone());
            let request = match expected {
                Some(Tag(etag)) => request.if_match(etag),
                None => request.if_none_match("*"),
            };
            let answer = request
                .customize()
                .config_override(self.in_time())
                .send()
                .await;
            let error = match answer {
                Ok(answer) => return Ok(Put::Stored(tag(Step::Write, at, answer.e_tag)?)),
                Err(error) => error,
            };
            match Refusal::of(&error) {
                Some(Refusal::Conflict) => return Ok(Put::Conflict),
                Some(Refusal::Met) if meetings < MEETINGS => {
                    meetings += 1;
                    tokio::time::sleep(AFTER_A_MEETING.wait(meetings)).await;
                }
                _ => return Err(s3_failure::judge(Step::Write, at, &error)),
            }
        }
    }
}

pub(crate) fn tag(step: Step, at: &At, etag: Option<String>) -> Result<Tag, Failure> {
    etag.map(Tag)
        .ok_or_else(|| s3_failure::incomplete(step, at))
}

/// Why S3 did not do a write that it could have done at another time.
enum Refusal {
    /// Something else is there than the condition asks for.
    Conflict,
    /// Another write of the same document is under way: nobody knows yet.
    Met,
}

impl Refusal {
    fn of(error: &SdkError<PutObjectError, HttpResponse>) -> Option<Refusal> {
        let status = error.raw_response()?.status().as_u16();
        let code = error.as_service_error().and_then(PutObjectError::code);
        match (status, code) {
            // Of `If-Match`, where there is nothing to match.
            (412, _) | (404, Some("NoSuchKey")) => Some(Refusal::Conflict),
            (409, Some("ConditionalRequestConflict" | "OperationAborted")) => Some(Refusal::Met),
            _ => None,
        }
    }
}
