//! What receipts and the ledger share: writing to a directory and to S3 so that it lasts,
//! within limits, and telling what has failed in words that help.

pub(crate) mod directory;
pub(crate) mod failure;
pub(crate) mod s3;
pub(crate) mod s3_failure;
pub(crate) mod swap;
