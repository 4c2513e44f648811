//! `normalize`: what becomes of single values, without a file, a configuration or a network.

use std::fmt;
use std::io::{self, BufRead, Write};

use clap::{Args, ValueEnum};
use time::OffsetDateTime;

use super::{Exit, exit};
use crate::identity::columns::{CountryCode, DateOrder, Reading};
use crate::identity::key::{Api, Key, Wire};
use crate::identity::{Context, Digest, Outcome, Scratch, normalize};

/// A longer line is no value of a person's, and must not fill the memory.
const LONGEST_LINE: u64 = 1 << 20;

#[derive(Args)]
pub(super) struct Arguments {
    /// Meta's name of the key (em, EMAIL, …) or ours (email, …)
    #[arg(long)]
    key: String,
    /// Two letters of the country that the values are of, as US
    #[arg(long, value_parser = CountryCode::assigned)]
    country: Option<CountryCode>,
    /// Which API they are for, where the key's name leaves it open
    #[arg(long, value_enum)]
    api: Option<ApiName>,
    /// What a date such as 03/04/1997 begins with; without it that is refused
    #[arg(long, value_enum)]
    date_order: Option<DateOrderName>,
    /// Each line of standard input is a JSON string, so that a value may hold a line's end
    #[arg(long, conflicts_with = "values")]
    json_strings: bool,
    /// The values; without any, each line of standard input is one
    #[arg(value_name = "VALUE")]
    values: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum ApiName {
    Conversions,
    CustomAudience,
}

#[derive(Clone, Copy, ValueEnum)]
enum DateOrderName {
    DayFirst,
    MonthFirst,
}

/// Values are people.
impl fmt::Debug for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arguments({} values)", self.values.len())
    }
}

pub(super) fn run(arguments: &Arguments) -> Exit {
    let (key, api) = match asked_for(&arguments.key, arguments.api) {
        Ok(found) => found,
        Err(problem) => return exit::usage(&anyhow::anyhow!(problem)),
    };
    let mut writer = Writer {
        out: io::BufWriter::with_capacity(1 << 16, io::stdout().lock()),
        name: &arguments.key,
        key,
        reading: Reading {
            country: arguments.country,
            date_order: match arguments.date_order {
                None => DateOrder::Unknown,
                Some(DateOrderName::DayFirst) => DateOrder::DayFirst,
                Some(DateOrderName::MonthFirst) => DateOrder::MonthFirst,
            },
            ..Reading::default()
        },
        context: Context::new(api, OffsetDateTime::now_utc().date()),
        scratch: Scratch::default(),
    };
    let ended = if arguments.values.is_empty() {
        lines(io::stdin().lock(), arguments.json_strings, |value| {
            writer.write(value)
        })
    } else {
        let mut values = arguments.values.iter();
        values
            .try_for_each(|value| writer.write(value))
            .map_err(Ended::Output)
    };
    let flushed = writer.out.flush();
    match ended.and(flushed.map_err(Ended::Output)) {
        Ok(()) => Exit::Done,
        // Whoever read the results has seen enough.
        Err(Ended::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(Ended::Output(error)) => {
            exit::failed(&anyhow::Error::new(error).context("cannot write the results"))
        }
        Err(Ended::Input(error)) => {
            exit::failed(&anyhow::Error::new(error).context("cannot read standard input"))
        }
        Err(Ended::Line { number, problem }) => exit::usage(&anyhow::anyhow!(
            "line {number} of standard input {problem}"
        )),
    }
}

/// The key, and the API that its name or the argument says. A name that both have, or
/// that is ours, is taken for that of Conversions, if they know the key.
fn asked_for(name: &str, api: Option<ApiName>) -> Result<(Key, Api), String> {
    let key = Key::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Key::ALL.map(Key::name).into();
        format!(
            "--key is not known: take Meta's name of either API, or one of {}",
            known.join(", ")
        )
    })?;
    let calls_it_so = |api: Api| key.wire_name(api) == Some(name);
    let knows_it = |api: Api| key.wire_name(api).is_some();
    let api = match api {
        Some(ApiName::Conversions) => Api::Conversions,
        Some(ApiName::CustomAudience) => Api::CustomAudience,
        None if calls_it_so(Api::Conversions) => Api::Conversions,
        None if calls_it_so(Api::CustomAudience) => Api::CustomAudience,
        None if knows_it(Api::Conversions) => Api::Conversions,
        None => Api::CustomAudience,
    };
    match (key, knows_it(api)) {
        (_, true) => Ok((key, api)),
        (Key::BirthDate, _) => {
            Err("audiences take a birth date in parts: ask for the keys DOBY, DOBM and DOBD".into())
        }
        (Key::BirthYear | Key::BirthMonth | Key::BirthDay, _) => {
            Err("Conversions take a whole birth date: ask for the key db".into())
        }
        _ => Err(format!("--api {api} does not know the key {key}")),
    }
}

/// Why not all values have a result.
enum Ended {
    Output(io::Error),
    Input(io::Error),
    /// A line that is no value; the number counts from 1.
    Line {
        number: u64,
        problem: &'static str,
    },
}

/// Hands on each line of the input as a value.
fn lines(
    mut input: impl BufRead,
    are_json: bool,
    mut value: impl FnMut(&str) -> io::Result<()>,
) -> Result<(), Ended> {
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let limited = &mut io::Read::take(&mut input, LONGEST_LINE + 1);
        if limited.read_until(b'\n', &mut line).map_err(Ended::Input)? == 0 {
            break;
        }
        let no_value = |problem| Ended::Line { number, problem };
        if line.len() as u64 > LONGEST_LINE {
            return Err(no_value("is longer than 1 MiB"));
        }
        if are_json {
            let text: String = serde_json::from_slice(&line)
                .map_err(|_| no_value("is not a JSON string, as --json-strings wants it"))?;
            value(&text).map_err(Ended::Output)?;
        } else {
            let bytes = line.strip_suffix(b"\n").unwrap_or(&line);
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            let text = std::str::from_utf8(bytes).map_err(|_| no_value("is not UTF-8"))?;
            value(text).map_err(Ended::Output)?;
        }
    }
    Ok(())
}

/// Writes one JSON line for each value.
struct Writer<'a, W: Write> {
    out: W,
    /// The key as it was asked for.
    name: &'a str,
    key: Key,
    reading: Reading,
    context: Context,
    scratch: Scratch,
}

impl<W: Write> Writer<'_, W> {
    fn write(&mut self, value: &str) -> io::Result<()> {
        let (key, context) = (self.key, &self.context);
        let normalized = normalize(key, value, self.reading, context, &mut self.scratch);
        let text = normalized.text;
        let out = &mut self.out;
        write!(out, "{{\"key\":")?;
        serde_json::to_writer(&mut *out, self.name)?;
        let (status, sent, reason) = match normalized.outcome {
            Outcome::Empty => ("empty", Sent::Nothing, None),
            Outcome::Hashed(digest) => ("hashed", Sent::Sha256(digest), None),
            Outcome::AlreadyHashed(digest) => ("already_hashed", Sent::Sha256(digest), None),
            Outcome::Plain if key.wire(context.api) == Wire::Json => ("plain", Sent::Json, None),
            Outcome::Plain => ("plain", Sent::Text, None),
            Outcome::Rejected(reason) => ("rejected", Sent::Nothing, Some(reason.code())),
        };
        write!(out, ",\"status\":\"{status}\",\"normalized\":")?;
        let has_text = matches!(normalized.outcome, Outcome::Hashed(_) | Outcome::Plain);
        serde_json::to_writer(&mut *out, &has_text.then_some(text))?;
        write!(out, ",\"sent\":")?;
        match sent {
            Sent::Nothing => write!(out, "null")?,
            Sent::Sha256(digest) => write!(out, "\"{}\"", const_hex::encode(digest))?,
            Sent::Text => serde_json::to_writer(&mut *out, text)?,
            Sent::Json => write!(out, "{text}")?,
        }
        write!(out, ",\"reason\":")?;
        serde_json::to_writer(&mut *out, &reason)?;
        writeln!(out, "}}")
    }
}

/// What stands in a request.
enum Sent {
    Nothing,
    Sha256(Digest),
    Text,
    /// The text, which is JSON.
    Json,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_api_follows_from_the_key_s_name_unless_it_is_given() {
        let api = |name: &str| asked_for(name, None).unwrap().1;
        for name in [
            "em",
            "external_id",
            "email",
            "Email",
            "country",
            "dob",
            "fb_login_id",
        ] {
            assert_eq!(api(name), Api::Conversions, "{name}");
        }
        for name in [
            "EMAIL",
            "EXTERN_ID",
            "COUNTRY",
            "doby",
            "FI",
            "fi",
            "APPUID",
        ] {
            assert_eq!(api(name), Api::CustomAudience, "{name}");
        }
        let given = asked_for("em", Some(ApiName::CustomAudience));
        assert_eq!(given, Ok((Key::Email, Api::CustomAudience)));
    }

    #[test]
    fn a_key_that_the_api_does_not_know_is_refused() {
        for (name, api, problem) in [
            ("mail", None, "--key is not known"),
            (
                "fbp",
                Some(ApiName::CustomAudience),
                "does not know the key fbp",
            ),
            (
                "FI",
                Some(ApiName::Conversions),
                "does not know the key first_initial",
            ),
            ("db", Some(ApiName::CustomAudience), "DOBY, DOBM and DOBD"),
            ("DOBM", Some(ApiName::Conversions), "ask for the key db"),
        ] {
            let error = asked_for(name, api).unwrap_err();
            assert!(error.contains(problem), "{error}");
        }
    }

    #[test]
    fn a_line_that_never_ends_fills_no_memory() {
        let endless = io::BufReader::new(io::repeat(b'a'));
        let ended = lines(endless, false, |_| Ok(()));
        assert!(matches!(ended, Err(Ended::Line { number: 1, .. })));
    }
}
