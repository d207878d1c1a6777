//! Files in memory.

use crate::error::Result;
use crate::evidence::{Download, Recorder, Sink};

/// The number of bytes that are written at a time.
const PIECE: usize = 64 * 1024;

/// Writes a file into `sink`, piece by piece.
///
/// # Errors
///
/// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) if it is longer than `limit` bytes; those of the sink.
///
/// # Cancellation
///
/// If the future is dropped, the sink holds a part of the file, which must not be used.
pub async fn store(file: &[u8], limit: u64, sink: &mut dyn Sink) -> Result<Download> {
    let mut recorder = Recorder::new(sink, limit);
    for piece in file.chunks(PIECE) {
        recorder.write(piece).await?;
    }
    Ok(recorder.finish())
}
