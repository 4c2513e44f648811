//! Threads and a runtime of the simulator's own.
//!
//! A test that pauses its clock, or blocks its only thread, stops itself and not the
//! other side of its connection.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// A runtime that may be dropped anywhere, also on another one's thread, because
/// nobody waits for its end: what is under way is cut off.
pub(crate) struct Threads(Option<Runtime>);

impl Threads {
    pub(crate) fn new() -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder
            .worker_threads(2)
            .thread_name("simulator")
            .enable_all();
        Ok(Self(Some(builder.build()?)))
    }

    /// Runs this there and waits for it here.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        future: impl Future<Output = io::Result<T>> + Send + 'static,
    ) -> io::Result<T> {
        match &self.0 {
            Some(runtime) => runtime.spawn(future).await?,
            None => Err(io::Error::other("the threads have ended")),
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
