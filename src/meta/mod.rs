//! Meta's Graph API: what goes over the wire, and what its answers mean.
//!
//! Nothing here waits, retries or counts: that is [`crate::delivery`]. Facts about
//! Meta carry where they are known from; what no source says is marked as judgement.

mod advice;
mod answer;
mod audiences;
mod class;
mod client;
mod conversions;
mod custom_audience;
mod destination;
mod exchange;
mod json;
mod lenient;
mod lookup;
mod outcome;
mod replacement;
mod usage;

pub use answer::{Answer, TraceId};
pub use audiences::{AudienceNames, AudiencePage, CustomerFileSource, NamedAudience, NewAudience};
pub(crate) use client::is_graph_version;
pub use client::{Client, ClientOptions, Endpoint, ProofForm, Request};
pub(crate) use conversions::check_amount;
pub use conversions::{
    ActionSource, Conversions, EventFields, EventTime, FieldSource, Property, PropertyKind,
    PropertySource, TooOld, app_data,
};
pub use custom_audience::{AudienceMode, CustomAudience, DeleteWith, IdScopes};
pub use destination::{Destination, LeftOut, RowReject};
pub use exchange::{
    BuildError, Exchange, ExchangeError, HttpRequest, HttpResponse, Method, Network,
};
pub use lookup::{
    AdAccount, AdAccountTerms, Audience, AudienceState, Dataset, DatasetState, Lookup,
    OperationStatus,
};
pub use outcome::{ErrorCode, Named, Outcome, RefusalCause};
pub use replacement::{SessionBatch, SessionEnd, replacement};
pub use usage::{BusinessUsage, Reading, Usage};
