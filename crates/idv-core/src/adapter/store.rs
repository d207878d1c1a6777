//! Files in memory.

use crate::error::Result;
use crate::evidence::{Download, Recorder, Sink};

/// The number of bytes that are written at once.
const PIECE: usize = 64 * 1024;

/// Writes a file from memory into `sink`, in chunks.
///
/// # Errors
///
/// [`LimitExceeded`](crate::ErrorKind::LimitExceeded) if the file is longer than `limit` bytes, and
/// the errors of the sink.
///
/// # Cancellation
///
/// If the future is dropped, the sink holds an incomplete copy, which must not be used.
pub async fn store(file: &[u8], limit: u64, sink: &mut dyn Sink) -> Result<Download> {
    let mut recorder = Recorder::new(sink, limit);
    for piece in file.chunks(PIECE) {
        recorder.write(piece).await?;
    }
    Ok(recorder.finish())
}
