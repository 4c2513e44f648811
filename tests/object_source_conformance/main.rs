//! One suite for every `ObjectSource`: what the pinned reader builds upon holds for
//! the local directory and for S3 alike.

#![allow(clippy::unwrap_used, clippy::panic)]

mod local;
#[path = "../localstack/mod.rs"]
mod localstack;
mod s3;
mod suite;
