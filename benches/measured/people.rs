//! People who do not exist, ten identifiers a row, the same in every run.

use std::fmt::Write;

pub const HEADER: &str =
    "external_id,email,phone,first_name,last_name,gender,birth_date,city,state,zip";

/// How many of the header's columns are identifiers: all.
pub const IDENTIFIERS: usize = 10;

/// One in ten is written with letters beyond ASCII, as in a file from the Americas and
/// Western Europe.
const FIRST_NAMES: [&str; 20] = [
    "Mary",
    "James",
    "Patricia",
    "ROBERT",
    "Jennifer",
    "john",
    "Linda",
    "Michael",
    "Elizabeth",
    "William",
    "Barbara",
    "David",
    "Susan",
    "Mary Ann",
    "Jessica",
    "Thomas",
    "Sarah",
    "Charles",
    "José",
    "Chloë",
];
const LAST_NAMES: [&str; 20] = [
    "Smith",
    "Johnson",
    "WILLIAMS",
    "Brown",
    "Jones",
    "Garcia",
    "Miller",
    "Davis",
    "Rodriguez",
    "Martinez",
    "O'Brien",
    "Lopez",
    "Gonzalez",
    "Wilson",
    "smith-jones",
    "Thomas",
    "Taylor",
    "Moore",
    "Müller",
    "Nuñez",
];
const PLACES: [(&str, &str, &str); 10] = [
    ("New York", "NY", "10001"),
    ("Los Angeles", "California", "90012"),
    ("Chicago", "IL", "60601-1234"),
    ("Houston", "Texas", "77002"),
    ("Phoenix", "az", "85004"),
    ("Philadelphia", "PA", "19103"),
    ("San Antonio", "TX", "78205"),
    ("St. Louis", "Missouri", "63101"),
    ("Jacksonville", "Florida", "32202"),
    ("Cañon City", "CO", "81212"),
];
const DOMAINS: [&str; 5] = [
    "gmail.com",
    "yahoo.com",
    "Example.com",
    "outlook.com",
    "mail.example.org",
];

/// A CSV file with `rows` people. Phones have their country code, which every reader of
/// the file needs.
pub fn csv(rows: u64) -> String {
    let mut text = HEADER.to_owned();
    text.push('\n');
    for number in 0..rows {
        write_row(number, &mut text);
    }
    text
}

fn write_row(number: u64, text: &mut String) {
    // A bijective mix (the finaliser of MurmurHash3): neighbours share nothing.
    let mut mixed = number.wrapping_add(1).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    let mut draw = |choices: u64| {
        mixed ^= mixed >> 29;
        mixed = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed >> 33) % choices
    };
    let first = FIRST_NAMES[draw(20) as usize];
    let last = LAST_NAMES[draw(20) as usize];
    let domain = DOMAINS[draw(5) as usize];
    let (city, state, zip) = PLACES[draw(10) as usize];
    let gender = ["f", "m", "F", "Male", "female"][draw(5) as usize];
    let (area, exchange, line) = (200 + draw(700), 200 + draw(700), draw(10_000));
    let phone = match draw(3) {
        0 => format!("+1{area}{exchange}{line:04}"),
        1 => format!("+1 ({area}) {exchange}-{line:04}"),
        _ => format!("1-{area}-{exchange}-{line:04}"),
    };
    let (year, month, day) = (1940 + draw(65), 1 + draw(12), 1 + draw(28));
    // The local part is ASCII: the SDK's rule wants nothing else, ours would take it.
    let local: String = first.chars().filter(char::is_ascii_alphabetic).collect();
    // Writing to a text cannot fail.
    let _ = writeln!(
        text,
        "cust-{number:08},{local}.{number}@{domain},{phone},{first},{last},{gender},\
         {year}-{month:02}-{day:02},{city},{state},{zip}"
    );
}
