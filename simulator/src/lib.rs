//! Meta's Graph API, as far as audience-activator uses it: Conversions API events,
//! members of customer-list Custom Audiences, and the reads around them.
//!
//! It refuses what Meta documents as refused, with the same code and subcode, it can
//! be told to fail ([`Fault`]), and it answers what arrived and how often
//! ([`Inspection`]). It matches nobody, and keeps no value: an identifier is
//! remembered as sixteen bytes of a salted hash, so a test can ask for one that it
//! knows, and nobody can read out one that he does not.
//!
//! ```no_run
//! # async fn example() -> Result<(), simulator::StartError> {
//! use simulator::{Fault, GraphError, Simulator, Target};
//!
//! let simulator = Simulator::builder()
//!     .token("TOKEN")
//!     .dataset("123")
//!     .audience("456", "789")
//!     .start()
//!     .await?;
//! simulator.fault(Fault::error(Target::Events, GraphError::new(500, 2).transient()).nth(3));
//!
//! let endpoint = simulator.endpoint(); // "http://127.0.0.1:41234"
//! // … send events to it …
//! assert_eq!(simulator.inspect().datasets["123"].duplicates, 0);
//! simulator.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Who needs no network, such as a test whose clock is paused, calls
//! [`Platform::answer`] instead.
//!
//! The rooms: `server` speaks HTTP and knows how to break a connection; `graph`
//! is Meta's behaviour; `records` is what arrived; `faults` is what shall go
//! wrong; `changes` is what else may change, and `scenario` when; `control` is the same for other processes, below `/_simulator/`. What is
//! modelled after which source is listed in the README beside this crate.

mod builder;
mod changes;
pub mod cli;
mod clock;
mod control;
mod faults;
mod graph;
mod inspection;
mod platform;
mod records;
mod scenario;
mod secret;
mod server;
mod simulator;
mod state;
mod threads;

pub use crate::{
    builder::{Builder, StartError},
    changes::{
        AccountChange, AudienceChange, ChangeError, Changes, DatasetChange, Permission,
        TokenChange, TokenState,
    },
    clock::{Clock, InvalidSpeed},
    faults::{Fault, FaultAction},
    graph::{
        Answer, GraphError, Reply, Target,
        quota::{Quotas, Tier},
        route::Versions,
        usage::{AccountUsage, AppUsage, BusinessUsage, InvalidUsage, Usage, UsageHeader},
    },
    inspection::{
        AudienceReport, DatasetReport, FaultReport, Inspection, RequestReport, RequestSummary,
    },
    platform::Platform,
    scenario::{Scenario, ScenarioError},
    simulator::Simulator,
};
