//! Meta's side without a network: to call it, to command it, and to ask it what arrived.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use hyper::header::HeaderMap;

use crate::{
    builder::StartError,
    changes::{ChangeError, Changes},
    clock::Clock,
    faults::Fault,
    graph::{
        self, Reply, Request, events,
        usage::{InvalidUsage, Usage},
        users::schema::{Column, row_digest},
    },
    inspection::Inspection,
    secret::Secret,
    state::{Start, State},
};

/// Everything but the network. It has no thread and no timer of its own: delays pass on
/// the clock of whoever calls it, be it a paused one.
pub struct Platform {
    state: Arc<State>,
}

impl Platform {
    pub(crate) fn new(start: Start) -> Result<Self, StartError> {
        let state = Arc::new(State::new(start));
        state.check_scenario()?;
        Ok(Self { state })
    }

    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&self.state)
    }

    /// Answers one request of the Graph API, as the server would. Dropping the future
    /// (the client went away) may lose the answer, and never half an effect.
    pub async fn answer(
        &self,
        method: &str,
        path_and_query: &str,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Reply {
        let visit = self.state.visit();
        let (path, query) = path_and_query
            .split_once('?')
            .unwrap_or((path_and_query, ""));
        let request = Request::new(method, path, query, headers, body);
        graph::answer(&self.state, &request, visit).await
    }

    /// What arrived, in counts.
    pub fn inspect(&self) -> Inspection {
        Inspection::of(&self.state)
    }

    /// How often this event arrived at the dataset.
    pub fn event_arrivals(&self, dataset: &str, event_name: &str, event_id: &str) -> u32 {
        let event = events::identity(&self.state.digester, event_name, event_id);
        let records = self.state.records();
        records
            .datasets
            .get(dataset)
            .map_or(0, |dataset| dataset.times(&event))
    }

    /// How many events arrived at the dataset with this value under this key of
    /// user_data, for example `em` and a hash; repeats are counted.
    pub fn events_bearing(&self, dataset: &str, key: &str, value: &str) -> u32 {
        let cell = events::cell(&self.state.digester, key, value.into());
        let records = self.state.records();
        records
            .datasets
            .get(dataset)
            .map_or(0, |dataset| dataset.bearing(&cell))
    }

    /// Whether the row of these non-blank cells, in whatever order, is a member.
    pub fn is_member(&self, audience: &str, cells: &[(&str, &str)]) -> bool {
        let digester = &self.state.digester;
        let known: Option<Vec<_>> = cells
            .iter()
            .map(|(key, cell)| {
                let column = Column::from_name(key)?;
                Some((column, column.digest(digester, (*cell).into())))
            })
            .collect();
        let Some(mut cells) = known else { return false };
        let row = row_digest(digester, &mut cells);
        let records = self.state.records();
        records
            .audiences
            .get(audience)
            .is_some_and(|audience| audience.times(&row) > 0)
    }

    /// How many members have this cell, for example `EMAIL` and a hash.
    pub fn members_bearing(&self, audience: &str, key: &str, cell: &str) -> u32 {
        let Some(column) = Column::from_name(key) else {
            return 0;
        };
        let cell = column.digest(&self.state.digester, cell.into());
        let records = self.state.records();
        records
            .audiences
            .get(audience)
            .map_or(0, |audience| audience.bearing(&cell))
    }

    /// Adds a fault, which counts requests from now on.
    pub fn fault(&self, fault: Fault) {
        self.state.faults().add(fault);
    }

    /// Takes back all faults.
    pub fn clear_faults(&self) {
        self.state.faults().clear();
    }

    /// Makes this the one good token, and every other one invalid (190).
    pub fn set_token(&self, token: impl Into<String>) {
        self.state.set_token(Secret::from(token.into()));
    }

    /// What the usage headers say from the next answer on.
    pub fn set_usage(&self, usage: Usage) -> Result<(), InvalidUsage> {
        usage.check()?;
        *self.state.usage() = Some(usage);
        Ok(())
    }

    /// Makes all these changes, or none.
    pub fn change(&self, changes: Changes) -> Result<(), ChangeError> {
        changes.make(&self.state)
    }

    /// The clock everything goes by.
    pub fn clock(&self) -> &Clock {
        self.state.clock()
    }

    /// Everything as it was at the start: nothing has arrived, no faults, the first
    /// token, audiences created since then gone, the clock as if nobody had moved it.
    pub fn reset(&self) {
        self.state.reset();
    }
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::panic, clippy::unwrap_used)]
    use std::time::Duration;

    use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};

    use super::*;
    use crate::{FaultAction, Simulator, Target};

    fn headers() -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer TOKEN"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers
    }

    async fn post(platform: &Platform, event_id: &str) -> Reply {
        let body = format!(
            r#"{{"data":[{{"event_name":"Lead","event_time":{},"event_id":"{event_id}",
            "action_source":"physical_store","user_data":{{"em":["{}"]}}}}]}}"#,
            platform.state.now(),
            "a".repeat(64)
        );
        platform
            .answer("POST", "/v26.0/123/events", &headers(), body.into())
            .await
    }

    #[tokio::test]
    async fn it_answers_without_a_network_as_it_does_with_one() {
        let platform = Simulator::builder().dataset("123").platform().unwrap();
        let Reply::Answer(answer) = post(&platform, "1").await else {
            panic!("no answer");
        };
        assert_eq!(answer.status, 200);
        platform.fault(Fault::new(Target::Events, FaultAction::Truncate));
        assert!(matches!(post(&platform, "2").await, Reply::Half(_)));
        platform.fault(Fault::lost_answer(Target::Events));
        assert!(matches!(post(&platform, "2").await, Reply::Nothing));
        let dataset = &platform.inspect().datasets["123"];
        assert_eq!((dataset.received, dataset.duplicates), (3, 1));
        assert_eq!(platform.inspect().requests.in_flight, 0);
    }

    #[tokio::test]
    async fn whoever_leaves_before_the_effect_has_none() {
        let platform = Simulator::builder().dataset("123").platform().unwrap();
        platform.fault(Fault::delay(Target::Events, Duration::from_secs(3600)));
        let given_up = tokio::time::timeout(Duration::from_millis(10), post(&platform, "1"));
        assert!(given_up.await.is_err());
        let inspection = platform.inspect();
        assert_eq!(inspection.datasets["123"].received, 0);
        assert_eq!(inspection.requests.in_flight, 0);
    }
}
