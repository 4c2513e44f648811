//! Gets an audience from S3 to Meta: complete, once, and with proof.
//!
//! The rooms follow the way of one object, and each knows only those before it:
//! an [`event`] from the [`queue`] names an [`object`], whose bytes become [`rows`],
//! whose cells become identifiers ([`identity`]), which fill [`batches`], which
//! [`delivery`] brings to [`meta`], and [`receipts`] tell what became of it.
//! [`app`] is the only place that knows every part.

pub mod admin;
pub mod app;
mod backoff;
pub mod batches;
pub mod cli;
pub mod config;
pub mod credentials;
pub mod delivery;
pub mod documents;
mod error_chain;
pub mod event;
pub mod identity;
pub mod ledger;
pub mod meta;
pub mod object;
pub mod queue;
pub mod receipts;
pub mod rows;
mod similar;
mod state;
pub mod telemetry;
pub mod turns;
