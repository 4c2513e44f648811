//! Log lines: for people on a terminal, JSON for machines.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::SystemTime;

use crate::config::{LogFormat, LogLevel};

/// Starts the log of this process, on standard error. Only the first call counts.
pub fn init_logs(format: LogFormat, level: LogLevel) {
    let terminal = std::io::stderr().is_terminal();
    let json = match format {
        LogFormat::Auto => !terminal,
        LogFormat::Human => false,
        LogFormat::Json => true,
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(level))
        .with_writer(std::io::stderr)
        .with_timer(SystemTime);
    // A second start in one process (tests, `demo`) keeps the first log.
    let _ = if json {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(true)
            .try_init()
    } else {
        builder.with_ansi(terminal).with_target(false).try_init()
    };
}

/// Our own modules at the level asked for; all others at `warn` and never below: at
/// `debug` some libraries write whole requests, bodies and tokens included. The search
/// for AWS's instance metadata warns at length on machines that are no instances.
fn filter(level: LogLevel) -> EnvFilter {
    let ours = level.as_str();
    EnvFilter::new(format!(
        "warn,aws_config::imds=error,audience_activator={ours}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_level_lets_a_library_log_its_requests() {
        for level in [LogLevel::Error, LogLevel::Debug, LogLevel::Trace] {
            let filter = filter(level).to_string();
            for directive in filter.split(',') {
                let ours = directive.starts_with("audience_activator=");
                assert!(
                    ours || directive == "warn" || directive.ends_with("=error"),
                    "{filter}"
                );
            }
        }
    }
}
