//! What is told of a panic: its place in the source, and never its text.
//!
//! A panic is a fault of the program, met with some input; and texts of panics quote what
//! they met: the standard library's that of a string cut in the wrong place, an `expect`
//! the value that it was given. That may be a cell.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};

/// From now on every panic of this process is told so.
pub fn tell_panics_by_their_place() {
    panic::set_hook(Box::new(tell));
}

fn tell(panic: &PanicHookInfo<'_>) {
    let place = match panic.location() {
        Some(place) => format!("{}:{}:{}", place.file(), place.line(), place.column()),
        None => "an unknown place".to_owned(),
    };
    // With RUST_BACKTRACE: names of functions alone.
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then_some(backtrace);
    let backtrace = backtrace.as_ref().map(tracing::field::display);
    if tracing::dispatcher::has_been_set() {
        tracing::error!(
            place,
            backtrace,
            "a fault of the program: please report it, with this line"
        );
    } else {
        before_the_log(&place);
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a fault of the program, before there is a log"
)]
fn before_the_log(place: &str) {
    eprintln!(
        "audience-activator: a fault of the program at {place}: please report it, with this line"
    );
}
