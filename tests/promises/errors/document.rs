//! `docs/ERRORS.md`, written by `UPDATE_DOCS=1 cargo test --test promises errors`.

use std::fmt::Write as _;
use std::path::Path;

use super::play::Played;
use super::rows::Row;

const HEAD: &str = "\
# Errors of Meta's, and what becomes of them

Each error that Meta is known to give, put by a test into the way of a worker that delivers a file of 40 rows to the simulator: what the worker did, what
its operator saw, and how the file ended. The test asserts what the columns say, and that every row arrived that was not refused for itself. Errors that
pass come twice, limits once; what a person has to mend stays until the message was given back four times.

*Operator*: the outcome by which `worker_requests_total` counts it, and what the log says first; where a route stops, `/readyz` says the same. Budgets
and waits by outcome are in [ARCHITECTURE.md](../ARCHITECTURE.md#what-an-error-costs). What only a text tells apart (a wrong `appsecret_proof`, a
missing column of values, a schema of another kind than the audience's) is not told apart here, since no text is looked at: the numbers have to do. Without a
`customer_file_source` Meta makes no audience (100 as well); no worker asks for one, and a configuration that lets `preflight --create` do it is refused without.
What becomes of the same errors in the session of a replacement is in [ERRORS_OF_REPLACEMENTS.md](ERRORS_OF_REPLACEMENTS.md).
77, 299, 123456 and 2804999 stand for any code, or subcode of their family, that is not listed.

<!-- written by UPDATE_DOCS=1 cargo test --test promises errors -->

| error | to | kind | what the worker did | what the operator saw | how the file ended |
|---|---|---|---|---|---|
";

/// The document is what was just seen.
pub(super) fn check(played: &[(&Row, &Played)]) {
    let mut text = HEAD.to_owned();
    for (row, played) in played {
        let Played { did, seen, ended } = played;
        let to = match row.on {
            simulator::Target::Events => "events",
            _ => "users",
        };
        let (what, kind) = (&row.what, row.class.shown());
        writeln!(
            text,
            "| {what} | {to} | {kind} | {did} | {seen} | {ended} |"
        )
        .unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ERRORS.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = there.lines().zip(text.lines()).find(|(a, b)| a != b);
    assert_eq!(
        differs, None,
        "run UPDATE_DOCS=1 cargo test --test promises errors"
    );
    assert_eq!(there.lines().count(), text.lines().count());
}
