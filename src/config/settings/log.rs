//! `[log]`: how the worker tells what it does.

use super::super::scalar::Scalar;
use super::super::shown::{Shown, toml_text};
use super::super::suggest::one_of;
use super::{About, Reader, Setting};

#[derive(Clone, Debug, PartialEq)]
pub struct LogSettings {
    pub format: LogFormat,
    pub level: LogLevel,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Human on a terminal, JSON elsewhere.
    Auto,
    Human,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    pub const fn as_str(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

const FORMATS: [(&str, LogFormat); 3] = [
    ("auto", LogFormat::Auto),
    ("human", LogFormat::Human),
    ("json", LogFormat::Json),
];

const LEVELS: [(&str, LogLevel); 5] = [
    (LogLevel::Error.as_str(), LogLevel::Error),
    (LogLevel::Warn.as_str(), LogLevel::Warn),
    (LogLevel::Info.as_str(), LogLevel::Info),
    (LogLevel::Debug.as_str(), LogLevel::Debug),
    (LogLevel::Trace.as_str(), LogLevel::Trace),
];

impl Shown for LogFormat {
    fn toml(&self) -> String {
        toml_text(match self {
            LogFormat::Auto => "auto",
            LogFormat::Human => "human",
            LogFormat::Json => "json",
        })
    }
}

impl Shown for LogLevel {
    fn toml(&self) -> String {
        toml_text(self.as_str())
    }
}

pub(super) const FORMAT: Setting<LogFormat> = Setting {
    about: About {
        section: "log",
        key: "format",
        default: Some(Scalar::Text("auto")),
        help: "auto (human on a terminal, else json), human or json",
    },
    read: |value| one_of(value.text()?, &FORMATS),
};

pub(super) const LEVEL: Setting<LogLevel> = Setting {
    about: About {
        section: "log",
        key: "level",
        default: Some(Scalar::Text("info")),
        help: "error, warn, info, debug or trace",
    },
    read: |value| one_of(value.text()?, &LEVELS),
};

impl LogSettings {
    pub(super) fn read(reader: &mut Reader<'_>) -> Option<LogSettings> {
        let format = reader.get(&FORMAT);
        let level = reader.get(&LEVEL);
        Some(LogSettings {
            format: format?,
            level: level?,
        })
    }
}
