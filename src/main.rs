//! The program; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    audience_activator::telemetry::tell_panics_by_their_place();
    audience_activator::cli::run(std::env::args_os()).into()
}
