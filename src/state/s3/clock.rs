//! What time it is for S3: the `Date` of its answer. Ages that are told by it are the same
//! for every worker, however their own clocks go.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

/// Reads the clock of the last answer to one request.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerClock {
    date: Arc<Mutex<Option<DateTime>>>,
}

impl ServerClock {
    /// Unix seconds, by this machine's clock if S3 did not say what time it is.
    pub(super) fn now(&self) -> i64 {
        let date = *self.date.lock().unwrap_or_else(PoisonError::into_inner);
        date.map_or_else(local_seconds, |date| date.secs())
    }

    /// How long ago that moment was, in whole seconds as S3 tells them; never negative.
    pub(super) fn since(&self, moment: Option<&DateTime>) -> Duration {
        let now = self.now();
        let age = moment.map_or(0, |moment| now.saturating_sub(moment.secs()));
        Duration::from_secs(u64::try_from(age).unwrap_or(0))
    }
}

fn local_seconds() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0))
}

impl Intercept for ServerClock {
    fn name(&self) -> &'static str {
        "ServerClock"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date");
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        *self.date.lock().unwrap_or_else(PoisonError::into_inner) = date;
        Ok(())
    }
}
