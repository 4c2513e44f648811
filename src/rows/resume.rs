//! Reading goes on in the middle of a file, from where a reader before this one had come to.
//!
//! A dialect and a header are told by a file's beginning alone. So that is looked at as ever,
//! and then the text is given once more, from as far in it as whoever has it can begin; what
//! is still before the position is passed over without a look.

use tokio::io::{AsyncRead, AsyncReadExt};

use super::csv::CsvReader;
use super::error::RowsError;
use super::json_lines::JsonLinesReader;
use super::options::Encoding;
use super::position::Position;
use super::reader::{Format, RowReader};
use super::transcode::Text;

/// What is passed over at once, before others get their turn.
const PIECE_BYTES: usize = 64 * 1024;

impl<R: AsyncRead + Unpin + Send> RowReader<R> {
    /// The last byte of the file's text at which the text may begin that [`go_on_at`] is given.
    ///
    /// [`go_on_at`]: RowReader::go_on_at
    pub fn text_from(&self, position: Position) -> u64 {
        match (&self.format, self.encoding) {
            // The row before has to be seen to end.
            (Format::Csv(_) | Format::JsonLines(_), Encoding::Utf8) => {
                position.offset.saturating_sub(1)
            }
            // Where it is decoded from decides what comes out. Parquet has no text.
            _ => 0,
        }
    }

    /// Goes on at this position, before the first row was asked for: from then on all is as
    /// if every row before had been read here. [`Position::default`] is the beginning.
    ///
    /// `text` is the file's text once more, from its byte `from` on. It is awaited when the
    /// text at hand is dropped; for a format that is read in parts (Parquet) it is not.
    ///
    /// # Errors
    ///
    /// [`RowsError::NoSuchPosition`] where no row can begin, or the file can end: beyond its
    /// end, in its header, or not behind the end of a line.
    pub async fn go_on_at<E: From<RowsError>>(
        self,
        position: Position,
        from: u64,
        text: impl Future<Output = Result<R, E>>,
    ) -> Result<RowReader<R>, E> {
        let first = self.offset();
        let position = if position == Position::default() {
            Position {
                offset: first,
                rows: 0,
            }
        } else {
            position
        };
        let target = Target {
            position,
            first,
            from,
        };
        if from > self.text_from(position) {
            return Err(RowsError::NoSuchPosition(position).into());
        }
        let encoding = self.encoding;
        let format = match self.format {
            Format::Csv(reader) => {
                let layout = reader.layout();
                drop(reader);
                let mut text = Text::open(text.await?, encoding).await?;
                target.reach(&mut text, b"\r\n").await?;
                let reader = CsvReader::going_on(text, position, layout).await?;
                Format::Csv(Box::new(reader))
            }
            Format::JsonLines(reader) => {
                let cells = reader.into_cells();
                let mut text = Text::open(text.await?, encoding).await?;
                target.reach(&mut text, b"\n").await?;
                let reader = JsonLinesReader::going_on(text, position, cells);
                Format::JsonLines(Box::new(reader))
            }
            Format::Parquet(mut reader) => {
                reader.go_on_at(position)?;
                Format::Parquet(reader)
            }
        };
        Ok(RowReader { format, ..self })
    }
}

/// Where in a text reading is to go on.
#[derive(Clone, Copy)]
struct Target {
    position: Position,
    /// Where the first row begins.
    first: u64,
    /// Where the text begins that is at hand.
    from: u64,
}

impl Target {
    /// Brings the text to the position, and sees that a line ends there.
    async fn reach<R>(self, text: &mut R, line_ends: &[u8]) -> Result<(), RowsError>
    where
        R: AsyncRead + Unpin,
    {
        let Position { rows, offset } = self.position;
        let nowhere = || RowsError::NoSuchPosition(self.position);
        let bytes_of_rows = offset.checked_sub(self.first).ok_or_else(nowhere)?;
        // Every row has a byte at least.
        if rows > bytes_of_rows {
            return Err(nowhere());
        }
        let before = offset.saturating_sub(1);
        let ahead = before.checked_sub(self.from).ok_or_else(nowhere)?;
        if pass_over(text, ahead).await? < ahead {
            return Err(nowhere());
        }
        if offset == 0 {
            return Ok(());
        }
        let last = one_byte(text).await?.ok_or_else(nowhere)?;
        let is_between = bytes_of_rows == 0 || line_ends.contains(&last);
        // The last line may lack its end.
        if is_between || one_byte(text).await?.is_none() {
            Ok(())
        } else {
            Err(nowhere())
        }
    }
}

/// Reads so many bytes and throws them away. Says how many there were.
async fn pass_over<R: AsyncRead + Unpin>(text: &mut R, bytes: u64) -> Result<u64, RowsError> {
    let mut piece = vec![0; PIECE_BYTES];
    let mut passed = 0;
    while passed < bytes {
        // What is unpacked from memory would never wait.
        tokio::task::yield_now().await;
        let room = usize::try_from(bytes - passed).unwrap_or(PIECE_BYTES);
        let room = piece.get_mut(..room.min(PIECE_BYTES)).unwrap_or_default();
        match text.read(room).await.map_err(RowsError::Input)? {
            0 => break,
            count => passed += count as u64,
        }
    }
    Ok(passed)
}

async fn one_byte<R: AsyncRead + Unpin>(text: &mut R) -> Result<Option<u8>, RowsError> {
    let mut byte = [0];
    let count = text.read(&mut byte).await.map_err(RowsError::Input)?;
    let [byte] = byte;
    Ok((count > 0).then_some(byte))
}
