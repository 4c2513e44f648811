//! Random files against a model that knows what must become of each row.

use std::collections::BTreeMap;

use audience_activator::receipts::{Receipt, Status};
use fastrand::Rng;
use simulator::{Fault, GraphError, Target};

use crate::stage::people::{HEADER, email, hashed_email, row};
use crate::stage::{AUDIENCE, DATASET, ROUTES, Stage};

/// What a row is, and with that what must become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Good,
    /// Sent, but not by its address, which is none.
    BadCell,
    Filtered,
    NoIdentifiers,
    OnlyABadCell,
    /// An event without its value; a member like any other.
    NoValue,
    TooFewCells,
    NotUtf8,
    TooLong,
    /// Nothing is wrong with it but that Meta does not take it.
    Refused,
}

impl Kind {
    fn random(random: &mut Rng, number: u64) -> Kind {
        use Kind::{
            BadCell, Filtered, Good, NoIdentifiers, NoValue, NotUtf8, OnlyABadCell, Refused,
            TooFewCells, TooLong,
        };
        match random.u32(..200) {
            0..=5 => BadCell,
            6..=20 => Filtered,
            21..=24 => NoIdentifiers,
            25..=28 => OnlyABadCell,
            29..=32 => NoValue,
            33..=36 => TooFewCells,
            // A file whose beginning holds many of them is refused as a whole.
            37..=40 if number > 1_600 => NotUtf8,
            41 => TooLong,
            42 => Refused,
            _ => Good,
        }
    }

    fn write(self, number: u64, file: &mut Vec<u8>) {
        let text = match self {
            Kind::Good | Kind::Refused => row(number),
            Kind::BadCell => format!("id-{number},person{number}.example.com,Y,12.50\n"),
            Kind::Filtered => format!("id-{number},{},N,12.50\n", email(number)),
            Kind::NoIdentifiers => ",,Y,12.50\n".to_owned(),
            Kind::OnlyABadCell => format!(",person{number}.example.com,Y,12.50\n"),
            Kind::NoValue => format!("id-{number},{},Y,\n", email(number)),
            Kind::TooFewCells => format!("id-{number},{}\n", email(number)),
            Kind::TooLong => format!(
                "id-{number},{},Y,\"{}\"\n",
                email(number),
                "1\n".repeat(4_000)
            ),
            Kind::NotUtf8 => {
                file.extend_from_slice(b"\xff");
                row(number)
            }
        };
        file.extend_from_slice(text.as_bytes());
    }

    /// The reason for which it is rejected, if it is.
    fn reject(self, events: bool) -> Option<&'static str> {
        match self {
            Kind::NoIdentifiers => Some("no_identifiers"),
            Kind::OnlyABadCell => Some("email_without_at"),
            Kind::NoValue if events => Some("value_missing"),
            Kind::TooFewCells => Some("row_field_count"),
            Kind::NotUtf8 => Some("row_not_utf8"),
            Kind::TooLong => Some("row_too_long"),
            _ => None,
        }
    }

    fn arrives(self, events: bool) -> bool {
        !matches!(self, Kind::Filtered | Kind::Refused) && self.reject(events).is_none()
    }
}

struct File {
    rows: Vec<Kind>,
    content: Vec<u8>,
}

impl File {
    fn random(seed: u64) -> File {
        let mut random = Rng::with_seed(seed);
        let mut content = HEADER.as_bytes().to_vec();
        let rows: Vec<Kind> = (1..=2_000)
            .map(|number| {
                let kind = Kind::random(&mut random, number);
                kind.write(number, &mut content);
                kind
            })
            .collect();
        File { rows, content }
    }

    fn count(&self, is: impl Fn(Kind) -> bool) -> u64 {
        self.rows.iter().filter(|kind| is(**kind)).count() as u64
    }

    fn numbered(&self) -> impl Iterator<Item = (u64, Kind)> {
        (1..).zip(self.rows.iter().copied())
    }

    fn rejects(&self, events: bool) -> BTreeMap<&'static str, u64> {
        let mut counts = BTreeMap::new();
        for reason in self.rows.iter().filter_map(|kind| kind.reject(events)) {
            *counts.entry(reason).or_default() += 1;
        }
        counts
    }

    /// Each row is in the receipt as what it is, and nowhere else.
    fn check(&self, receipt: &Receipt, events: bool, seed: u64) {
        receipt.check().unwrap();
        assert_eq!(receipt.status, Status::Delivered, "seed {seed}");
        let rows = receipt.rows;
        assert_eq!(rows.read, 2_000, "seed {seed}");
        assert_eq!(
            rows.filtered,
            self.count(|kind| kind == Kind::Filtered),
            "seed {seed}"
        );
        let rejects: BTreeMap<_, _> = receipt
            .rejects
            .counts()
            .iter()
            .map(|(reason, count)| (reason.as_str(), *count))
            .collect();
        assert_eq!(rejects, self.rejects(events), "seed {seed}");
        let numbers: Vec<u64> = self
            .numbered()
            .filter(|(_, kind)| kind.reject(events).is_some())
            .map(|(number, _)| number)
            .take(100)
            .collect();
        let samples = receipt.rejects.samples().iter();
        assert_eq!(
            samples.map(|sample| sample.row).collect::<Vec<_>>(),
            numbers,
            "seed {seed}"
        );
        assert_eq!(
            receipt.sent.accepted,
            self.count(|kind| kind.arrives(events)),
            "seed {seed}"
        );
        let refused: Vec<u64> = self
            .numbered()
            .filter(|(_, kind)| *kind == Kind::Refused)
            .map(|(number, _)| number)
            .collect();
        let mut named: Vec<u64> = receipt
            .refusals
            .samples()
            .iter()
            .map(|sample| sample.row)
            .collect();
        named.sort_unstable();
        assert_eq!(named, refused, "seed {seed}");
        for (key, field) in &receipt.fields {
            let dropped: u64 = field.dropped.values().sum();
            assert_eq!(
                field.filled,
                field.kept + field.changed + dropped,
                "{key}, seed {seed}"
            );
        }
    }
}

/// Refuses the rows that are to be refused, and loses the answer to one of the other
/// requests.
fn trouble(stage: &Stage, target: Target, file: &File) {
    for (number, _) in file.numbered().filter(|(_, kind)| *kind == Kind::Refused) {
        let error = GraphError::new(400, 100).subcode(2_804_016);
        let refusal = Fault::error(target, error).holding(hashed_email(number));
        stage.simulator.fault(refusal.always());
    }
    stage.simulator.fault(Fault::lost_answer(target).nth(3));
}

async fn stage() -> Stage {
    let settings = [
        ("ACTIVATOR_INPUT_MAX_REJECT_SHARE", "1.0"),
        ("ACTIVATOR_INPUT_MAX_RECORD_BYTES", "4096"),
    ];
    Stage::with(ROUTES, &settings).await
}

#[tokio::test]
async fn every_row_is_accounted_for() {
    for seed in [1, 2, 3] {
        let file = File::random(seed);
        let stage = stage().await;
        trouble(&stage, Target::Events, &file);
        let object = stage.put("conversions/people.csv", &file.content);
        let receipt = stage.delivered(&object).await;
        file.check(&receipt, true, seed);

        let dataset = stage.dataset();
        assert_eq!(dataset.distinct, receipt.sent.accepted, "seed {seed}");
        assert!(dataset.duplicates > 0, "an answer was lost, seed {seed}");
        assert_eq!(dataset.changed_duplicates, 0, "seed {seed}");
        for (number, kind) in file.numbered() {
            let times = stage
                .simulator
                .events_bearing(DATASET, "em", &hashed_email(number));
            let arrives = kind.arrives(true) && kind != Kind::BadCell;
            assert_eq!(times > 0, arrives, "row {number} {kind:?}, seed {seed}");
        }
    }
}

#[tokio::test]
async fn every_row_of_an_audience_is_accounted_for() {
    let seed = 4;
    let file = File::random(seed);
    let stage = stage().await;
    trouble(&stage, Target::Users, &file);
    let object = stage.put("audiences/people.csv", &file.content);
    let receipt = stage.delivered(&object).await;
    file.check(&receipt, false, seed);

    assert_eq!(stage.audience().members, receipt.sent.accepted);
    assert!(stage.audience().rows_repeated > 0, "an answer was lost");
    for (number, kind) in file.numbered() {
        let members =
            stage
                .simulator
                .members_bearing(AUDIENCE, "EXTERN_ID", &format!("id-{number}"));
        let anonymous = matches!(kind, Kind::NoIdentifiers | Kind::OnlyABadCell);
        assert_eq!(
            members,
            u32::from(kind.arrives(false) && !anonymous),
            "row {number} {kind:?}"
        );
    }
}
