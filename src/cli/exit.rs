//! How a command ends, for people and for scripts.

use std::process::ExitCode;

use crate::app::{Halt, Wait};

/// Shown below `--help`; `README.md` and `OPERATIONS.md` repeat it.
pub(super) const HELP: &str = "\
Exit codes:
  0  done
  1  something failed that may work when tried again
  2  the arguments or the configuration cannot be used; nothing was started
  3  the object is missing or refused, or somebody is not erased: the receipt or validate says why
  4  the set-up has to be mended: a token, a permission, an id
  5  stopped before the end";

/// The exit codes, the same for all commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    Refused = 3,
    RouteStopped = 4,
    Interrupted = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}

/// Prints a failure with its causes on standard error, one sentence a line.
pub(super) fn failed(error: &anyhow::Error) -> Exit {
    complain(error);
    Exit::Failed
}

/// The same, for a failure that its kind gives another code.
pub(super) fn ended(error: &anyhow::Error, exit: Exit) -> Exit {
    complain(error);
    exit
}

/// Wrong arguments or configuration: nothing was started.
pub(super) fn usage(error: &anyhow::Error) -> Exit {
    complain(error);
    Exit::Usage
}

/// The object is not through; says why.
pub(super) fn halted(halt: &Halt) -> Exit {
    complain(&anyhow::anyhow!("{halt}"));
    of(halt)
}

/// What it means for a script that something is not through.
pub(super) fn of(halt: &Halt) -> Exit {
    match halt.wait() {
        Wait::None => Exit::Interrupted,
        Wait::Passing
        | Wait::Occupied
        | Wait::Lease(_)
        | Wait::Quota(_)
        | Wait::Run
        | Wait::For(_) => Exit::Failed,
        Wait::Route | Wait::Blocked => Exit::RouteStopped,
        Wait::File => Exit::Refused,
    }
}

#[expect(
    clippy::print_stderr,
    reason = "a command's own complaint, before there is a log"
)]
fn complain(error: &anyhow::Error) {
    eprintln!("audience-activator: {error:#}");
}
