//! What the first records look like when they are read in one dialect or another.

use super::dialect::Dialect;

/// See the fields. Of a beginning, the last record is not counted: it may be cut off.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Survey {
    pub records: usize,
    /// Records with as many fields as the first, which is one of them.
    pub agreeing: usize,
    pub first_fields: usize,
    /// Fields of the first record that are quoted.
    pub first_quoted: usize,
    /// Quoted fields with text behind the closing quote, which no writer writes.
    pub behind_quote: usize,
    /// Those of them whose closing quote follows a backslash.
    pub behind_escaped_quote: usize,
    /// Escapes of anything but a quote or a backslash.
    pub other_escapes: usize,
    /// The text, known to its end, ends in a quoted field.
    pub open: bool,
}

impl Survey {
    pub(super) fn is_well_formed(&self) -> bool {
        self.behind_quote == 0 && !self.open
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    StartRecord,
    StartField,
    InField,
    InQuoted,
    InEscape,
    BehindQuote,
}

/// Reads as csv-core does, but for looking closer at quotes.
pub(super) fn survey(text: &[u8], whole: bool, dialect: Dialect) -> Survey {
    let mut survey = Survey::default();
    let mut state = State::StartRecord;
    let (mut fields, mut quoted) = (0, 0);
    // Whether an odd number of backslashes stands before the present character.
    let mut backslash = false;
    for &byte in text {
        let is_quote = dialect.quote == Some(byte);
        let is_line_end = matches!(byte, b'\r' | b'\n');
        let after_backslash = backslash;
        backslash = byte == b'\\' && !backslash;
        state = match state {
            State::StartRecord if is_line_end => State::StartRecord,
            State::InQuoted if is_quote => {
                backslash = after_backslash;
                State::BehindQuote
            }
            State::InQuoted if dialect.escape && byte == b'\\' => State::InEscape,
            State::InQuoted => State::InQuoted,
            State::InEscape => {
                survey.other_escapes += usize::from(!is_quote && byte != b'\\');
                State::InQuoted
            }
            State::BehindQuote if is_quote => State::InQuoted,
            State::StartRecord | State::StartField if is_quote => {
                quoted += 1;
                State::InQuoted
            }
            _ if byte == dialect.delimiter => {
                fields += 1;
                State::StartField
            }
            _ if is_line_end => {
                survey.end_record(fields + 1, quoted);
                (fields, quoted) = (0, 0);
                State::StartRecord
            }
            State::BehindQuote => {
                survey.behind_quote += 1;
                survey.behind_escaped_quote += usize::from(after_backslash);
                State::InField
            }
            State::StartRecord | State::StartField | State::InField => State::InField,
        };
    }
    if whole && state != State::StartRecord {
        survey.open = matches!(state, State::InQuoted | State::InEscape);
        survey.end_record(fields + 1, quoted);
    }
    survey
}

impl Survey {
    fn end_record(&mut self, fields: usize, quoted: usize) {
        if self.records == 0 {
            self.first_fields = fields;
            self.first_quoted = quoted;
        }
        self.records += 1;
        self.agreeing += usize::from(fields == self.first_fields);
    }
}
