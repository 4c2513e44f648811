//! Which characters separate, quote and escape, told from the first records.
//!
//! A wrong answer would silently change what the cells say. So on any doubt it is the
//! standard's (`"`, no escapes), and whoever knows better configures it.

use super::super::options::{Escape, Quote, RowOptions};
use super::survey::{Survey, survey};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rows) struct Dialect {
    pub delimiter: u8,
    /// None: quotes are characters as any other.
    pub quote: Option<u8>,
    /// Whether a backslash within quotes makes the next character one as any other.
    pub escape: bool,
}

/// In the order in which a tie is decided.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The dialect of a text, of which `text` is the beginning or the `whole`.
///
/// What is configured is taken as it is. Else:
///
/// * The delimiter is the candidate that gives the first record the most fields, out of
///   those that give most records as many as the first, or else out of all. A single
///   column has none; then a comma is assumed.
/// * The quote is `'` where each field of the first record stands in such quotes, and
///   no record contradicts.
/// * A backslash escapes where, without that, text would follow closing quotes, and with it
///   every quoted field is well-formed: `"Ann \"Annie\" Lee"`, but not `"C:\"`.
pub(in crate::rows) fn sniff(text: &[u8], whole: bool, options: &RowOptions) -> Dialect {
    let look = |dialect: Dialect| survey(text, whole, dialect);
    let of_quote = |quote: Option<u8>| {
        let plain = |delimiter| Dialect {
            delimiter,
            quote,
            escape: options.escape == Some(Escape::Backslash),
        };
        let found = options
            .delimiter
            .unwrap_or_else(|| delimiter(|candidate| look(plain(candidate))));
        let plain = plain(found);
        let escaped = Dialect {
            escape: true,
            ..plain
        };
        if options.escape.is_none() && is_escaped(&look(plain), &look(escaped)) {
            escaped
        } else {
            plain
        }
    };
    match options.quote {
        Some(Quote::Double) => of_quote(Some(b'"')),
        Some(Quote::Single) => of_quote(Some(b'\'')),
        Some(Quote::None) => of_quote(None),
        None => {
            let standard = of_quote(Some(b'"'));
            let single = of_quote(Some(b'\''));
            if is_single_quoted(&look(single), &look(standard)) {
                single
            } else {
                standard
            }
        }
    }
}

fn delimiter(look: impl Fn(u8) -> Survey) -> u8 {
    let mut best = None;
    for candidate in DELIMITERS {
        let survey = look(candidate);
        if survey.first_fields < 2 {
            continue;
        }
        let rows = survey.records.saturating_sub(1);
        let agreeing = survey.agreeing.saturating_sub(1);
        let rank = (agreeing * 2 > rows || rows == 0, survey.first_fields);
        if best.is_none_or(|(highest, _)| rank > highest) {
            best = Some((rank, candidate));
        }
    }
    best.map_or(b',', |(_, candidate)| candidate)
}

fn is_single_quoted(single: &Survey, standard: &Survey) -> bool {
    single.first_fields > 0
        && single.first_quoted == single.first_fields
        && single.is_well_formed()
        && single.agreeing >= standard.agreeing
}

fn is_escaped(standard: &Survey, escaped: &Survey) -> bool {
    // One `"\""` derails the standard's reading, and what it finds behind is anything.
    let is_explained = standard.behind_quote == standard.behind_escaped_quote
        || escaped.agreeing == escaped.records;
    standard.behind_escaped_quote > 0
        && is_explained
        && escaped.is_well_formed()
        && escaped.other_escapes == 0
        && escaped.agreeing >= standard.agreeing
}

#[cfg(test)]
mod tests;
