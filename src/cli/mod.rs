//! The command line: one file for each subcommand.

mod check_config;
mod configuration;
mod confirm;
mod demo;
mod erase;
mod exit;
mod fit;
mod healthcheck;
mod moment;
mod normalize;
mod object_argument;
mod output;
mod preflight;
mod progress_bar;
mod receipt;
mod replay;
mod signals;
mod status;
mod upload;
mod validate;
mod worker;

use std::ffi::OsString;

use clap::{Parser, Subcommand};

pub use exit::Exit;

/// Delivers audiences from S3 to Meta: complete, once, and with proof.
#[derive(Debug, Parser)]
#[command(name = "audience-activator", version, about, after_long_help = exit::HELP, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Drain the queue until told to stop: the service
    ///
    /// Takes a message, delivers the objects that it names, stores a receipt for each, and
    /// deletes the message. SIGTERM or SIGINT ends it cleanly, within worker.stop_seconds;
    /// a second one ends it at once. Its log goes to standard error, health and metrics are
    /// served at admin.listen.
    Worker(worker::Arguments),
    /// Deliver one file or S3 object now, with a progress bar
    ///
    /// Does for one object what the worker does, without a queue: the same mapping, the same
    /// checks, the same receipt. What was delivered before is not sent again. For a file of this
    /// machine [state] location has to be set; a directory will do.
    Upload(upload::Arguments),
    /// Look at one file or S3 object, with nothing sent: what would become of it, and why
    ///
    /// Takes the way of a delivery up to the request and stops there: how often each key is
    /// filled, which cells and rows cannot be used and what to do about it, what looks wrong
    /// with the data as a whole, and the first rows as they would go out. Meta is not asked
    /// and no token is read; S3 is asked only for an object or a configuration that is
    /// there. Without a configuration, columns are recognised by their headers. Ends with 0
    /// if the file would be delivered, or is empty; with 3 if it would be refused or blocked.
    Validate(validate::Arguments),
    /// Show what became of objects: in progress, waiting, delivered, given up
    ///
    /// Reads the ledger that workers write, and changes nothing. Of a folder or an object its
    /// bucket is looked at too, for what no worker has begun (not_begun); and of a folder it is
    /// said whether all of it is delivered. An object that is in progress and whose worker has
    /// been silent for longer than its lease is shown as stalled. Ends with 1 or 4 if the ledger
    /// cannot be read; what could be read is shown all the same.
    Status(status::Arguments),
    /// Announce objects that are there already, so that workers look at them again
    ///
    /// For files whose events are lost, went to a dead-letter queue, or came before the route
    /// did; and for files that were refused, once the route is mended. Sends the queue an event
    /// for each object below a prefix, as S3 would. Workers deliver what is not delivered yet and
    /// leave the rest alone, so a whole prefix can be replayed without harm; --dry-run shows it
    /// first. What is no data (_SUCCESS, empty objects), what no route takes and the state's own
    /// objects are skipped, and counted. With --force, everything is sent to Meta again.
    Replay(replay::Arguments),
    /// Remove people from custom audiences, on their request
    ///
    /// Asks Meta to remove them from each audience that the configuration names, and with
    /// --everywhere from all customer lists of its ad accounts; each value or row is read,
    /// normalised and hashed as an upload would. Meta does not say whom it found. An upload that
    /// comes later adds them again: keep them out at the source. Events of the Conversions API
    /// cannot be erased this way. A receipt in the state location says, in counts alone, what
    /// every place answered; if one did not, the command may be repeated as a whole. Asks before
    /// it begins; see --yes. Values on the command line can be seen by whoever may list this
    /// machine's processes: --email - and --from - read standard input.
    Erase(erase::Arguments),
    /// Check the configuration and print the effective settings, secrets masked
    ///
    /// Tells every fault at once, each with its line. The settings go to standard output as
    /// TOML, each with where it comes from; notes and one line for each route go to standard
    /// error. Nothing is asked of AWS or Meta, but for a configuration that is kept in AWS:
    /// whether queue, secrets and buckets are there shows when they are used.
    CheckConfig(check_config::Arguments),
    /// Ask AWS and Meta whether everything is in order, before anything is sent
    ///
    /// A list of checks, each with a sentence that says what to do: whether the queue and the
    /// state can be reached; for each route, whether its secret can be read and Meta accepts the
    /// token; whether the dataset can be reached, and takes events of stores where the route sends
    /// such; whether the audience is there, is a customer list of the route's ad account, may be
    /// changed, is not flagged, expiring or being replaced, and asks for values that columns hold;
    /// and whether the ad account's terms are accepted. Each check is ok, warning, failed, or
    /// unknown where it could not be asked now. Nothing is sent or changed; each route takes one
    /// or two reads of Meta's quota. When a token expires is not told: Meta is not known to say
    /// so without the token in an address. Ends with 0 if nothing failed and all was asked, with
    /// 4 if a check failed, and with 1 if only some could not be asked.
    Preflight(preflight::Arguments),
    /// Show what becomes of values of one key, as JSON
    ///
    /// One line for each value, in order: {"key", "status", "normalized", "sent", "reason"}, with
    /// status hashed, already_hashed, plain (for keys that go out unhashed), empty or rejected,
    /// and sent as it would stand in a request. Reads no configuration and asks nobody. Values
    /// are people: mind where the result goes.
    Normalize(normalize::Arguments),
    /// Ask the worker on this machine whether it is alive (for images without a shell)
    ///
    /// Ends with 0 if it is. Neither AWS nor Meta is asked, so that an outage of theirs
    /// restarts nothing.
    Healthcheck(healthcheck::Arguments),
    /// Run the whole service offline, against generated people and a simulated Meta
    ///
    /// Nothing leaves this machine. The worker and its pipeline are those of the service;
    /// the queue is in memory, files and receipts are in a directory, and Meta is simulated
    /// in this process. One file goes to the Conversions API and one to a custom audience.
    /// About one person in two hundred is flawed, in ways that exports are.
    Demo(demo::Arguments),
}

/// Runs one command; what it has to say is printed or logged before it returns.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            let usage = error.use_stderr();
            // Help and version are results, and go to standard output.
            let _ = error.print();
            return if usage { Exit::Usage } else { Exit::Done };
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return exit::failed(&anyhow::Error::new(error).context("cannot start the runtime"));
        }
    };
    let exit = runtime.block_on(async {
        match arguments.command {
            Command::Worker(arguments) => worker::run(arguments).await,
            Command::Upload(arguments) => upload::run(arguments).await,
            Command::Validate(arguments) => validate::run(arguments).await,
            Command::Status(arguments) => status::run(arguments).await,
            Command::Replay(arguments) => replay::run(arguments).await,
            Command::Erase(arguments) => erase::run(arguments).await,
            Command::CheckConfig(arguments) => check_config::run(arguments).await,
            Command::Preflight(arguments) => preflight::run(arguments).await,
            Command::Normalize(arguments) => normalize::run(&arguments),
            Command::Healthcheck(arguments) => healthcheck::run(&arguments).await,
            Command::Demo(arguments) => demo::run(arguments).await,
        }
    });
    // A blocking call that hangs (a name server, say) must not hold up the end.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    exit
}
