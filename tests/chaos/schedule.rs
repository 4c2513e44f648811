//! Everything that is drawn before a run: from a seed alone, so that the seed repeats it.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;

use crate::files::{Content, Format};
use crate::world::Call;

/// One run.
#[derive(Debug)]
pub struct Schedule {
    pub seed: u64,
    pub workers: usize,
    pub settings: Settings,
    pub objects: Vec<Planned>,
    pub others: Vec<Other>,
    pub weather: Weather,
    pub crashes: Vec<Crash>,
    /// When which worker is told to stop.
    pub stops: Vec<(Duration, usize)>,
    /// After this nothing fails any more.
    pub storm: Duration,
    pub token: Option<TokenChange>,
}

/// Where a worker dies.
#[derive(Clone, Copy, Debug)]
pub struct Crash {
    /// Only calls of this kind are counted; else every call of every worker.
    pub call: Option<Call>,
    pub nth: u64,
    pub when: When,
}

/// Whether the call at which a worker dies has had its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Before,
    After,
}

#[derive(Debug)]
pub struct Settings {
    pub requests_in_flight: u64,
    pub objects: usize,
    pub lease: u64,
    pub visibility: u64,
}

/// An object that is to be delivered.
pub struct Planned {
    pub key: String,
    pub versioned: bool,
    pub content: Content,
    /// What overwrites it, once so many pieces of it were read.
    pub later: Option<(u32, Content)>,
    /// When it is announced; the first time it is there.
    pub announced: Vec<Duration>,
    pub replay: Option<Duration>,
}

impl fmt::Debug for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let later = |(pieces, content): &(u32, Content)| (*pieces, content.rows.len());
        f.debug_struct("Planned")
            .field("key", &self.key)
            .field("format", &self.content.format)
            .field("rows", &self.content.rows.len())
            .field("versioned", &self.versioned)
            .field("overwritten", &self.later.as_ref().map(later))
            .field("announced", &self.announced)
            .field("replay", &self.replay)
            .finish()
    }
}

/// A message that nothing is delivered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Other {
    /// Its header does not fit the route.
    Poison,
    Missing,
    Marker,
    Unrouted,
    NotUnderstood,
}

impl Other {
    pub const ALL: [Other; 5] = [
        Other::Poison,
        Other::Missing,
        Other::Marker,
        Other::Unrouted,
        Other::NotUnderstood,
    ];

    pub fn key(self) -> &'static str {
        match self {
            Other::Poison => "conversions/shoes.csv",
            Other::Missing => "conversions/never.csv",
            Other::Marker => "conversions/_SUCCESS",
            Other::Unrouted => "elsewhere/people.csv",
            Other::NotUnderstood => "",
        }
    }

    /// The reason by which it is put aside, if it is.
    pub fn dead_letter(self) -> Option<&'static str> {
        match self {
            Other::Poison => Some("header_does_not_fit"),
            Other::Missing => Some("missing"),
            Other::NotUnderstood => Some("not_understood"),
            Other::Marker | Other::Unrouted => None,
        }
    }
}

/// How many of a thousand calls fail in some way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weather {
    pub queue: u32,
    pub source: u32,
    pub ledger: u32,
    pub receipts: u32,
    pub secrets: u32,
    pub meta: u32,
    /// How many of a thousand looks at the ledger's clock are wrong.
    pub wrong_clock: u32,
    /// For how many milliseconds Meta thinks at most.
    pub slow_meta: u32,
}

/// Meta takes only another token from here on.
#[derive(Clone, Copy, Debug)]
pub struct TokenChange {
    pub at: Duration,
    /// How much later the secret holds it.
    pub renewed_after: Duration,
}

fn seconds(random: &mut Rng, range: std::ops::Range<u64>) -> Duration {
    Duration::from_secs(random.u64(range))
}

impl Schedule {
    pub fn draw(seed: u64) -> Schedule {
        let mut random = Rng::with_seed(seed);
        let random = &mut random;
        let storm = seconds(random, 60..3_000);
        let planned = random.u64(1..=3);
        let objects = (0..planned).map(|number| Planned::draw(random, number));
        let objects: Vec<Planned> = objects.collect();
        let others = Other::ALL.into_iter().filter(|_| random.u32(..8) == 0);
        let others = others.collect();
        let workers = random.usize(1..=3);
        Schedule {
            seed,
            workers,
            settings: Settings {
                requests_in_flight: random.u64(1..=4),
                objects: random.usize(1..=2),
                lease: random.u64(12..90),
                visibility: random.u64(12..300),
            },
            objects,
            others,
            weather: Weather::draw(random),
            crashes: (0..random.usize(..=6))
                .map(|_| Crash::draw(random))
                .collect(),
            stops: (0..random.usize(..=2))
                .map(|_| (seconds(random, 1..600), random.usize(..workers)))
                .collect(),
            storm,
            token: (random.u32(..5) == 0).then(|| TokenChange {
                at: seconds(random, 0..300),
                renewed_after: seconds(random, 0..1_200),
            }),
        }
    }

    /// The same objects, and nothing that goes wrong.
    pub fn calm(self) -> Schedule {
        Schedule {
            workers: 1,
            weather: Weather::default(),
            crashes: Vec::new(),
            stops: Vec::new(),
            others: Vec::new(),
            token: None,
            ..self
        }
    }

    /// Every text is overwritten while it is read, by one of as many rows.
    pub fn all_overwritten(&mut self) {
        let mut random = Rng::with_seed(!self.seed);
        for (number, object) in (1..).zip(&mut self.objects) {
            let format = match object.content.format {
                Format::Parquet => continue,
                format => format,
            };
            // Several ranged reads long, so that it happens between two of them.
            let mut content = |first| Content::random(&mut random, format, first, 4_000);
            object.content = content(number * 1_000_000);
            let later = content(number * 1_000_000 + 500_000);
            object.later = Some((random.u32(1..20), later));
            object.replay = None;
        }
    }

    /// Messages of every kind, between places that fail one call in three.
    pub fn all_messages_in_a_storm(&mut self) {
        const WORST: u32 = 300;
        self.others = Other::ALL.to_vec();
        self.storm = Duration::from_secs(3_000);
        self.weather.queue = WORST;
        self.weather.ledger = WORST;
        self.weather.receipts = WORST;
        self.weather.secrets = WORST;
    }
}

impl Crash {
    fn draw(random: &mut Rng) -> Crash {
        let calls = [
            (None, 600),
            (None, 100),
            (Some(Call::Send), 20),
            (Some(Call::WriteEntry), 20),
            (Some(Call::WriteReceipt), 5),
            (Some(Call::Delete), 5),
            (Some(Call::Piece), 30),
        ];
        let (call, far) = calls[random.usize(..calls.len())];
        Crash {
            call,
            nth: random.u64(1..far),
            when: match random.bool() {
                true => When::Before,
                false => When::After,
            },
        }
    }
}

impl Planned {
    fn draw(random: &mut Rng, number: u64) -> Planned {
        let events = random.u32(..3) > 0;
        let formats = [
            Format::Csv,
            Format::Csv,
            Format::Csv,
            Format::CsvWithQuotes,
            Format::CsvGzip,
            Format::JsonLines,
            Format::JsonLinesGzip,
            // One of it: its people are always the same.
            if number == 0 {
                Format::Parquet
            } else {
                Format::Csv
            },
        ];
        let format = formats[random.usize(..formats.len())];
        let folder = match (events, format) {
            (true, Format::Parquet) => "parquet",
            (true, _) => "conversions",
            (false, _) => "audiences",
        };
        let first = (number + 1) * 1_000_000;
        let content = Content::random(random, format, first, 1_200);
        let later = (random.u32(..6) == 0 && format != Format::Parquet).then(|| {
            let pieces = random.u32(1..12);
            let later = Content::random(random, format, first + 500_000, 500);
            (pieces, later)
        });
        let mut announced = vec![seconds(random, 0..60)];
        for _ in 0..random.usize(..4) {
            let far = [3, 30, 1_800][random.usize(..3)];
            announced.push(announced[0] + seconds(random, 0..far));
        }
        let replayed = random.u32(..8) == 0 && later.is_none();
        let replay = replayed.then(|| announced[0] + seconds(random, 0..1_200));
        Planned {
            key: format!("{folder}/run {number}/part%20{number}"),
            versioned: random.bool(),
            content,
            later,
            announced,
            replay,
        }
    }
}

impl Weather {
    /// Some are bad, most are fine: so each meets the others' faults in all company.
    fn draw(random: &mut Rng) -> Weather {
        let slow_meta = [10, 300, 5_000][random.usize(..3)];
        let mut one = || [0, 0, 10, 40, 120, 300][random.usize(..6)];
        Weather {
            queue: one(),
            source: one(),
            ledger: one(),
            receipts: one(),
            secrets: one(),
            meta: one(),
            wrong_clock: one(),
            slow_meta,
        }
    }
}
