//! The admin port: is the process alive, is it ready, what does it count.
//!
//! Nothing here asks AWS or Meta: the loops leave behind how they fare, and the
//! answers are read from that.

mod health;
mod server;

pub use health::{Health, Latch, Report};
pub use server::{BindError, Server};
