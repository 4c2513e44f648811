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
//! The rooms: `server` speaks HTTP and knows how to break a connection; `graph`
//! is Meta's behaviour; `records` is what arrived; `faults` is what shall go
//! wrong; `control` is the same for other processes, below `/_simulator/`. What is
//! modelled after which source is listed in the README beside this crate.

mod builder;
pub mod cli;
mod control;
mod faults;
mod graph;
mod inspection;
mod records;
mod secret;
mod server;
mod simulator;
mod state;
mod threads;

pub use crate::{
    builder::{Builder, StartError},
    faults::{Fault, FaultAction},
    graph::{
        GraphError, Target,
        usage::{AccountUsage, AppUsage, BusinessUsage, InvalidUsage, Usage, UsageHeader},
    },
    inspection::{
        AudienceReport, DatasetReport, FaultReport, Inspection, RequestReport, RequestSummary,
    },
    simulator::Simulator,
};
