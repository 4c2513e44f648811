//! An audience of people who do not exist, in the columns of the AWS guidance.

use std::io::{self, Write};

const FIRST_NAMES: [&str; 24] = [
    "Mary",
    "John",
    "Valéry",
    "Zoë",
    "José",
    "Anna-Lena",
    "Søren",
    "Łukasz",
    "Nguyễn",
    "Aiko",
    "Priya",
    "Omar",
    "Chloé",
    "Björn",
    "Siobhán",
    "D'Arcy",
    "Mei",
    "Ivan",
    "Fatima",
    "Luca",
    "Ines",
    "Kwame",
    "Noor",
    "Tom",
];
const LAST_NAMES: [&str; 24] = [
    "Smith",
    "O'Brien",
    "Müller",
    "García",
    "Nguyen",
    "Kowalski",
    "de la Cruz",
    "Jensen",
    "Rossi",
    "Silva",
    "Kim",
    "Sato",
    "Ivanova",
    "Okafor",
    "Haddad",
    "Lefèvre",
    "Andersson",
    "Novák",
    "van Dijk",
    "McKay",
    "Popescu",
    "Yılmaz",
    "Singh",
    "Brown",
];

pub(super) const HEADER: &str = "c_customer_id,c_first_name,c_last_name,c_birth_day,c_birth_month,c_birth_year,c_email_address,ss_net_paid";

/// Writes a header and `rows` people; the same `seed` gives the same people. About
/// one in two hundred is flawed, in ways that exports are.
pub(super) fn write(out: &mut impl Write, rows: u64, seed: u64) -> io::Result<()> {
    let mut random = fastrand::Rng::with_seed(seed);
    writeln!(out, "{HEADER}")?;
    for number in 1..=rows {
        let first = FIRST_NAMES[random.usize(..FIRST_NAMES.len())];
        let last = LAST_NAMES[random.usize(..LAST_NAMES.len())];
        let (day, month, year) = (
            random.u8(1..=28),
            random.u8(1..=12),
            random.u16(1940..=2006),
        );
        let (euros, cents) = (random.u16(0..900), random.u8(0..100));
        let paid = format!("{euros}.{cents:02}");
        match random.u16(..600) {
            // No value for a purchase.
            0 => writeln!(
                out,
                "P{number},{first},{last},{day},{month},{year},person{number}@example.com,"
            )?,
            // A row that lost its end.
            1 => writeln!(out, "P{number},{first},{last},{day}")?,
            // An amount with a sign of currency.
            2 => writeln!(
                out,
                "P{number},{first},{last},{day},{month},{year},person{number}@example.com,${paid}"
            )?,
            // Cells that only say that there is nothing: the rest of the row goes out.
            3 => writeln!(
                out,
                "P{number},{first},null,none,none,none,person{number}(at)example.com,{paid}"
            )?,
            // As spreadsheets and Spark write whole numbers.
            4..=20 => writeln!(
                out,
                "P{number},\"{last}, {first}\",{last},{day}.0,{month}.0,{year}.0, Person{number}@Example.COM ,{paid}"
            )?,
            _ => writeln!(
                out,
                "P{number},{first},{last},{day},{month},{year},person{number}@example.com,{paid}"
            )?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_people() {
        let people = |seed| {
            let mut out = Vec::new();
            write(&mut out, 1_000, seed).unwrap();
            out
        };
        assert_eq!(people(7), people(7));
        assert_ne!(people(7), people(8));
        assert_eq!(
            people(7).iter().filter(|byte| **byte == b'\n').count(),
            1_001
        );
    }
}
