//! How a text is to be read, where its content alone shall not decide.

/// Everything but the limits can be left to the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowOptions {
    pub format: InputFormat,
    pub encoding: Encoding,
    /// An ASCII character; `None` finds it in the first rows.
    pub delimiter: Option<u8>,
    /// `None` finds it in the first rows.
    pub quote: Option<Quote>,
    /// `None` finds it in the first rows.
    pub escape: Option<Escape>,
    /// The names of the columns of a file without a header: its first row is data.
    pub header: Option<Vec<String>>,
    /// The columns that somebody will ask for. Formats whose rows name their values may
    /// leave out what is null, see [`open`](super::open).
    pub wanted: Vec<String>,
    /// A record longer than this, its line end included, is rejected.
    pub max_record_bytes: usize,
    /// A longer header refuses the file.
    pub max_header_bytes: usize,
    /// More columns refuse the file.
    pub max_columns: usize,
}

impl Default for RowOptions {
    fn default() -> RowOptions {
        RowOptions {
            format: InputFormat::Auto,
            encoding: Encoding::Utf8,
            delimiter: None,
            quote: None,
            escape: None,
            header: None,
            wanted: Vec::new(),
            max_record_bytes: 1 << 20,
            max_header_bytes: 1 << 20,
            max_columns: 2000,
        }
    }
}

/// What a file is said to hold. One that holds something else is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InputFormat {
    #[default]
    Auto,
    Csv,
    JsonLines,
    Parquet,
}

/// What the bytes of a text stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    #[default]
    Utf8,
    /// Read as Windows-1252, which has letters where Latin-1 has control characters. What
    /// is called Latin-1 mostly is Windows-1252; browsers do the same
    /// (<https://encoding.spec.whatwg.org/#names-and-labels>).
    Latin1,
    Windows1252,
    /// The byte order is that of the mark; without one it is little-endian, unless the
    /// text begins with a zero byte.
    Utf16,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// `"`
    Double,
    /// `'`
    Single,
    /// Quotes are characters as any other.
    None,
}

/// What takes its meaning from a quote within quotes, beside doubling it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    Backslash,
    None,
}
