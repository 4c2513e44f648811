//! Which character separates the fields, told from the first record.

/// In the order in which a tie is decided.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The candidate that stands most often between the fields of the first record.
/// Quoted fields are passed over. A single column has none; then a comma is assumed.
pub(in crate::rows) fn sniff(text: &[u8]) -> u8 {
    let mut counts = [0_usize; CANDIDATES.len()];
    let mut quoted = false;
    let line_end = |byte: u8| matches!(byte, b'\r' | b'\n');
    for &byte in text.iter().skip_while(|&&byte| line_end(byte)) {
        quoted ^= byte == b'"';
        if quoted {
            continue;
        }
        if line_end(byte) {
            break;
        }
        for (count, candidate) in counts.iter_mut().zip(CANDIDATES) {
            *count += usize::from(byte == candidate);
        }
    }
    let mut best = (0, b',');
    for (count, candidate) in counts.into_iter().zip(CANDIDATES) {
        if count > best.0 {
            best = (count, candidate);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::sniff;

    #[test]
    fn the_most_frequent_candidate_of_the_first_record_wins() {
        for (text, expected) in [
            ("email,phone,zip\n", b','),
            ("email;phone;zip\n", b';'),
            ("email\tphone\n", b'\t'),
            ("email|phone|zip", b'|'),
            ("email;name, first;zip\r\na,b,c,d\n", b';'),
        ] {
            assert_eq!(sniff(text.as_bytes()), expected, "{text:?}");
        }
    }

    #[test]
    fn what_is_quoted_is_not_counted() {
        assert_eq!(sniff(b"\"a,b,c,d\";\"e\n,,,\";f\nx,y,z"), b';');
    }

    #[test]
    fn empty_lines_before_the_header_are_passed_over() {
        assert_eq!(sniff(b"\r\n\na|b\nc,d,e,f"), b'|');
    }

    #[test]
    fn a_single_column_and_a_tie_are_read_with_commas() {
        assert_eq!(sniff(b"email\na;b;c"), b',');
        assert_eq!(sniff(b"a,b;c"), b',');
        assert_eq!(sniff(b""), b',');
    }
}
