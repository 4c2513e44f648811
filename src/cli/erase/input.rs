//! Who is to be erased: from the arguments, a file, or standard input.

use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

use anyhow::{Context, bail};
use bytes::Bytes;
use clap::Args;
use futures_util::future::{BoxFuture, ready};
use futures_util::{FutureExt, StreamExt, stream};
use time::OffsetDateTime;

use crate::app::People;
use crate::cli::object_argument;
use crate::config::{Config, RouteInput};
use crate::identity::key::Key;
use crate::object::version::{ObjectAddress, ObjectVersion};
use crate::object::{Body, ObjectError, ObjectSource};

/// Stands for standard input.
const STDIN: &str = "-";
/// Of standard input, which is kept in memory: it is read once for each audience.
const MOST_BYTES: u64 = 64 * 1024 * 1024;

#[derive(Args)]
#[group(required = true, multiple = true)]
pub(super) struct Input {
    /// A file of people, with a header: of this machine, in S3, or - for standard input
    ///
    /// A column that a route names is read as that route says, any other one by its header
    /// (email, phone, …). Every row is meant: the routes' filters (only_if) do not hold.
    #[arg(long, value_name = "FILE|s3://BUCKET/KEY|-", conflicts_with_all = ["email", "phone", "external_id", "madid"])]
    from: Option<String>,
    /// An e-mail address, plain or as SHA-256; - reads one from each line of standard input
    #[arg(long, value_name = "ADDRESS")]
    email: Vec<String>,
    /// A telephone number; without a country code that of --country or of the route is taken
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    phone: Vec<String>,
    /// An id as it was uploaded
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    external_id: Vec<String>,
    /// The advertising id of a mobile device
    #[arg(long, value_name = "ID")]
    madid: Vec<String>,
}

/// What it all came to.
pub(super) struct Found {
    pub people: People,
    /// As the receipt calls it.
    pub source: &'static str,
    /// Nobody can be asked by a terminal that was read to its end.
    pub took_stdin: bool,
}

impl Input {
    /// Values and files of this machine are looked at here; S3 is not asked. `s3` makes the
    /// source of objects there.
    pub(super) fn find(
        &self,
        config: &Config,
        s3: impl FnOnce() -> Arc<dyn ObjectSource>,
    ) -> anyhow::Result<Found> {
        let Some(from) = &self.from else {
            return self.values();
        };
        if from == STDIN {
            let given = GivenBytes::new(stdin()?.into());
            return Ok(Found {
                people: People::File {
                    address: given.version.address.clone(),
                    source: Arc::new(given),
                    input: RouteInput::default(),
                },
                source: "standard_input",
                took_stdin: true,
            });
        }
        let (address, local) = object_argument::find(from)?;
        // An export that a route takes is read as that route says.
        let route = match &local {
            Some(_) => None,
            None => config.route_for(&address.bucket, &address.key),
        };
        Ok(Found {
            people: People::File {
                source: local.unwrap_or_else(s3),
                input: route.map(|route| route.input.clone()).unwrap_or_default(),
                address,
            },
            source: "file",
            took_stdin: false,
        })
    }

    fn values(&self) -> anyhow::Result<Found> {
        let options = [
            (Key::Email, &self.email),
            (Key::Phone, &self.phone),
            (Key::ExternalId, &self.external_id),
            (Key::MobileAdvertiserId, &self.madid),
        ];
        let mut values = Vec::new();
        let mut took_stdin = false;
        for (key, given) in options {
            for value in given {
                if value != STDIN {
                    values.push((key, value.clone()));
                    continue;
                }
                if took_stdin {
                    bail!("standard input can be read once only: use - for one kind of value");
                }
                took_stdin = true;
                let text = String::from_utf8(stdin()?)
                    .map_err(|_| anyhow::anyhow!("standard input is not UTF-8"))?;
                let lines = text.lines().filter(|line| !line.trim().is_empty());
                values.extend(lines.map(|line| (key, line.to_owned())));
            }
        }
        if values.is_empty() {
            bail!("standard input holds no value");
        }
        Ok(Found {
            people: People::Values(values),
            source: "values",
            took_stdin,
        })
    }
}

fn stdin() -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(MOST_BYTES + 1)
        .read_to_end(&mut bytes)
        .context("cannot read standard input")?;
    if bytes.len() as u64 > MOST_BYTES {
        bail!("standard input is longer than 64 MiB: give a file to --from");
    }
    Ok(bytes)
}

/// Values are people.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = [&self.email, &self.phone, &self.external_id, &self.madid];
        let values: usize = values.iter().map(|values| values.len()).sum();
        write!(f, "Input({values} values)")
    }
}

/// An object that is in memory.
struct GivenBytes {
    bytes: Bytes,
    version: ObjectVersion,
}

impl GivenBytes {
    fn new(bytes: Bytes) -> GivenBytes {
        GivenBytes {
            version: ObjectVersion {
                address: ObjectAddress {
                    bucket: "local".to_owned(),
                    key: "standard-input".to_owned(),
                    version_id: None,
                },
                etag: "given".to_owned(),
                size: bytes.len() as u64,
                last_modified: OffsetDateTime::now_utc().unix_timestamp(),
            },
            bytes,
        }
    }
}

impl ObjectSource for GivenBytes {
    fn describe<'a>(
        &'a self,
        _: &'a ObjectAddress,
    ) -> BoxFuture<'a, Result<ObjectVersion, ObjectError>> {
        ready(Ok(self.version.clone())).boxed()
    }

    fn read<'a>(
        &'a self,
        _: &'a ObjectVersion,
        range: Range<u64>,
    ) -> BoxFuture<'a, Result<Body, ObjectError>> {
        let place =
            |at: u64| usize::try_from(at).map_or(self.bytes.len(), |at| at.min(self.bytes.len()));
        let (start, end) = (place(range.start), place(range.end));
        let piece = self.bytes.slice(start.min(end)..end);
        let body = stream::iter((!piece.is_empty()).then_some(Ok(piece)));
        ready(Ok(body.boxed())).boxed()
    }
}
