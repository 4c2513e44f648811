//! Objects as a table, as wide as the terminal; whole where it is none.

use std::fmt::Write;

use super::line::Line;
use super::subject::Subject;
use crate::cli::fit;

/// Keys are not shortened to less than this.
const NARROWEST_KEY: usize = 24;
const BETWEEN: usize = 2;

struct Column {
    title: &'static str,
    cells: Vec<String>,
    is_number: bool,
    /// Left out where there is no room: the highest first. Zero is never left out.
    dispensable: u8,
}

impl Column {
    fn width(&self) -> usize {
        let cells = self.cells.iter().map(|cell| cell.chars().count());
        cells.chain([self.title.len()]).max().unwrap_or_default()
    }

    /// A column that says nothing is no column.
    fn is_empty(&self) -> bool {
        self.cells.iter().all(|cell| cell.is_empty() || cell == "0")
    }
}

/// `width` is that of the terminal; `None` where everything is to be written out.
pub(super) fn of(lines: &[Line], subject: &Subject, width: Option<usize>) -> String {
    let column = |title, dispensable, is_number, cell: &dyn Fn(&Line) -> String| Column {
        title,
        cells: lines.iter().map(cell).collect(),
        is_number,
        dispensable,
    };
    let name = |line: &Line| name(line, subject);
    // Nothing is counted of an object that nobody has begun.
    let count = |line: &Line, count: u64| match line.owner {
        Some(_) => count.to_string(),
        None => String::new(),
    };
    let columns = vec![
        column("STATE", 0, false, &|line| line.state.name().to_owned()),
        column("OBJECT", 0, false, &name),
        column("REASON", 1, false, &|line| {
            let reason = line.reason.as_ref().map(ToString::to_string);
            // How far a run has come says as much.
            let stage = || Some(line.run.as_ref()?.stage.name().to_owned());
            reason.or_else(stage).unwrap_or_default()
        }),
        column("ROUTE", 3, false, &|line| {
            line.route.clone().unwrap_or_default()
        }),
        column("READ", 5, true, &|line| count(line, line.rows.read)),
        column("ACCEPTED", 0, true, &|line| count(line, line.rows.accepted)),
        column("REJECTED", 2, true, &|line| count(line, line.rows.rejected)),
        column("REFUSED", 4, true, &|line| count(line, line.rows.refused)),
        column("BATCHES", 7, true, &|line| {
            count(line, line.batches.acknowledged)
        }),
        column("SHARE", 6, true, &|line| {
            line.share.map_or_else(String::new, percent)
        }),
        column("ATTEMPTS", 8, true, &|line| {
            count(line, line.attempts.total)
        }),
        column("OWNER", 9, false, &|line| {
            line.owner.as_deref().map_or_else(String::new, fit::plain)
        }),
        column("UPDATED", 0, true, &|line| {
            line.age_seconds.map_or_else(String::new, ago)
        }),
    ];
    let mut columns: Vec<_> = columns
        .into_iter()
        .filter(|column| matches!(column.title, "ACCEPTED" | "UPDATED") || !column.is_empty())
        .collect();
    if let Some(width) = width {
        fit_into(&mut columns, width);
    }
    written(&columns, lines.len())
}

/// Of a run, what comes behind its folder; the folder's own entry is called as it is.
fn name(line: &Line, subject: &Subject) -> String {
    let Some(object) = &line.object else {
        return line.problem.as_deref().map_or_else(String::new, fit::plain);
    };
    let name = match subject {
        Subject::Run { folder, .. } => match object.key.strip_prefix(folder.as_str()) {
            Some("") if line.run.is_some() => "(the run)".to_owned(),
            Some("") | None => object.key.clone(),
            Some(behind) => behind.to_owned(),
        },
        _ => format!("s3://{}/{}", object.bucket, object.key),
    };
    fit::plain(&name)
}

fn fit_into(columns: &mut Vec<Column>, width: usize) {
    let others = |columns: &[Column]| -> usize {
        let others = columns.iter().filter(|column| column.title != "OBJECT");
        others.map(|column| column.width() + BETWEEN).sum()
    };
    let widest = columns.iter().find(|column| column.title == "OBJECT");
    let wanted = widest.map_or(0, Column::width).min(NARROWEST_KEY);
    while others(columns) + wanted > width {
        let dispensable = columns.iter().filter(|column| column.dispensable > 0);
        let Some(worst) = dispensable.map(|column| column.dispensable).max() else {
            break;
        };
        columns.retain(|column| column.dispensable != worst);
    }
    let room = width.saturating_sub(others(columns)).max(wanted);
    for column in columns.iter_mut().filter(|column| column.title == "OBJECT") {
        for cell in &mut column.cells {
            *cell = fit::shorten(cell, room);
        }
    }
}

fn written(columns: &[Column], lines: usize) -> String {
    let mut text = String::new();
    let widths: Vec<_> = columns.iter().map(Column::width).collect();
    let titles = columns.iter().map(|column| column.title);
    write_row(&mut text, columns, &widths, titles);
    for index in 0..lines {
        let cells = columns.iter().map(|column| column.cells.get(index));
        let cells = cells.map(|cell| cell.map_or("", String::as_str));
        write_row(&mut text, columns, &widths, cells);
    }
    text
}

fn write_row<'c>(
    text: &mut String,
    columns: &[Column],
    widths: &[usize],
    cells: impl Iterator<Item = &'c str>,
) {
    let mut row = String::new();
    for ((column, width), cell) in columns.iter().zip(widths).zip(cells) {
        // Writing into memory does not fail.
        let _ = if column.is_number {
            write!(row, "{cell:>width$}  ")
        } else {
            write!(row, "{cell:<width$}  ")
        };
    }
    text.push_str(row.trim_end());
    text.push('\n');
}

pub(super) fn percent(share: f64) -> String {
    // Down: what is nearly done is not done.
    format!("{:.0} %", (share * 100.0).floor())
}

/// How long ago, in its largest unit.
pub(super) fn ago(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{line, quarantined};
    use super::*;
    use crate::ledger::State;

    fn lines() -> Vec<Line> {
        let mut in_progress = line("lists/run-1/part-00000", State::InProgress);
        in_progress.share = Some(0.999);
        in_progress.age_seconds = Some(3);
        let mut refused = line("lists/run-1/größe 100%\n.csv", quarantined());
        refused.age_seconds = Some(7_300);
        let unreadable = Line::unreadable("s3://states/ledger/x is no entry".to_owned());
        vec![unreadable, in_progress, refused]
    }

    const WHOLE: &str = "\
STATE        OBJECT                                         REASON   ROUTE    READ  ACCEPTED  REJECTED  BATCHES  SHARE  ATTEMPTS  OWNER     UPDATED
unreadable   s3://states/ledger/x is no entry
in_progress  s3://audiences/lists/run-1/part-00000                   members   100        90         4        9   99 %         3  worker-1      3 s
quarantined  s3://audiences/lists/run-1/größe 100%\\n.csv  damaged  members   100        90         4        9   25 %         3  worker-1      2 h
";

    #[test]
    fn everything_is_written_out_where_there_is_no_terminal() {
        let table = of(&lines(), &Subject::All, None);
        let expected: Vec<_> = WHOLE.lines().map(squeezed).collect();
        let found: Vec<_> = table.lines().map(squeezed).collect();
        assert_eq!(found, expected);
        // Columns stand below each other.
        let ends = table.lines().skip(2).map(|line| line.chars().count());
        let header = table.lines().next().map_or(0, |line| line.chars().count());
        assert!(ends.into_iter().all(|end| end == header), "{table}");
    }

    fn squeezed(line: &str) -> String {
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn no_line_is_longer_than_the_terminal_is_wide() {
        for width in [80, 100, 120, 200] {
            let table = of(&lines(), &Subject::All, Some(width));
            for line in table.lines() {
                assert!(line.chars().count() <= width, "{width}: {line}");
            }
            assert!(
                table.contains("ACCEPTED") && table.contains("UPDATED"),
                "{table}"
            );
        }
        let narrow = of(&lines(), &Subject::All, Some(80));
        assert!(
            narrow.contains("…") && narrow.contains("part-00000"),
            "{narrow}"
        );
        assert!(
            narrow.contains("damaged") && !narrow.contains("OWNER"),
            "{narrow}"
        );
    }

    #[test]
    fn objects_of_a_run_are_named_by_what_follows_its_folder() {
        let run = Subject::Run {
            bucket: "audiences".to_owned(),
            folder: "lists/run-1/".to_owned(),
        };
        let table = of(&lines(), &run, None);
        assert!(table.contains("in_progress  part-00000 "), "{table}");
        let of_folder = of(&[line("lists/run-1/", State::Done)], &run, None);
        assert!(of_folder.contains("done   lists/run-1/"), "{of_folder}");
    }

    #[test]
    fn ages_are_told_in_their_largest_unit() {
        for (seconds, text) in [
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (7_200, "2 h"),
            (172_799, "47 h"),
            (172_800, "2 d"),
        ] {
            assert_eq!(ago(seconds), text);
        }
    }
}
