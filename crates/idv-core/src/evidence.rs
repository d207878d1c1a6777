//! Sinks for evidence, and the digest and length of a download.

use std::fmt;
use std::io;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};

/// A destination for evidence, which arrives in chunks.
///
/// After a failed download, the content must not be used: write to a temporary file and rename it
/// at the end.
#[async_trait]
pub trait Sink: Send {
    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// Returns the errors of the underlying file or buffer.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, an unknown part of the bytes has been written and the download has
    /// failed.
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
}

#[async_trait]
impl Sink for Vec<u8> {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// Writes evidence into a sink up to a limit, and computes its length and digest.
///
/// ```
/// use idv_core::Recorder;
///
/// # futures_executor::block_on(async {
/// let mut file = Vec::new();
/// let mut recorder = Recorder::new(&mut file, 1024);
/// recorder.write(b"%PDF-").await?;
/// recorder.write(b"1.7").await?;
/// let download = recorder.finish();
/// assert_eq!((download.length, download.media_type.as_deref()), (8, Some("application/pdf")));
/// # Ok::<(), idv_core::Error>(())
/// # }).unwrap();
/// ```
pub struct Recorder<'a> {
    sink: &'a mut dyn Sink,
    limit: u64,
    length: u64,
    digest: Sha256,
    media_type: Option<&'static str>,
}

impl<'a> Recorder<'a> {
    /// Creates a recorder that writes at most `limit` bytes into `sink`.
    #[must_use]
    pub fn new(sink: &'a mut dyn Sink, limit: u64) -> Self {
        Self {
            sink,
            limit,
            length: 0,
            digest: Sha256::new(),
            media_type: None,
        }
    }

    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// [`LimitExceeded`](ErrorKind::LimitExceeded) if the bytes would exceed the limit, in which
    /// case none of them is written; [`Sink`](ErrorKind::Sink) if the sink failed.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, an unknown part of the bytes has been written: drop the recorder
    /// and treat the download as failed.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        if self.length == 0 {
            self.media_type = sniff(bytes);
        }
        self.length = self.length.saturating_add(bytes.len() as u64);
        if self.length > self.limit {
            return Err(Error::new(ErrorKind::LimitExceeded)
                .detail(format!("the evidence is longer than {} bytes", self.limit)));
        }
        self.digest.update(bytes);
        self.sink
            .write(bytes)
            .await
            .map_err(|error| Error::new(ErrorKind::Sink).with_source(error))
    }

    /// Finishes the recording and returns its length, digest and media type.
    #[must_use]
    pub fn finish(self) -> Download {
        Download::new(
            self.length,
            self.digest.finalize().into(),
            self.media_type.map(str::to_owned),
        )
    }
}

impl fmt::Debug for Recorder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("limit", &self.limit)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}

/// The length, digest and media type of downloaded evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Download {
    /// The length in bytes.
    pub length: u64,
    /// The SHA-256 digest.
    pub sha256: [u8; 32],
    /// The media type by the first bytes, or else according to the vendor.
    pub media_type: Option<String>,
}

impl Download {
    /// Creates a value from its parts.
    #[must_use]
    pub const fn new(length: u64, sha256: [u8; 32], media_type: Option<String>) -> Self {
        Self {
            length,
            sha256,
            media_type,
        }
    }

    /// Computes the length, digest and media type of evidence in memory.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::new(
            bytes.len() as u64,
            Sha256::digest(bytes).into(),
            sniff(bytes).map(str::to_owned),
        )
    }

    /// Returns the digest in hexadecimal.
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        hex::encode(self.sha256)
    }
}

/// Detects the media type by the first bytes of a file.
#[must_use]
fn sniff(start: &[u8]) -> Option<&'static str> {
    Some(match start {
        [b'%', b'P', b'D', b'F', b'-', ..] => "application/pdf",
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'P', b'K', 3 | 5, 4 | 6, ..] => "application/zip",
        [b'I', b'D', b'3', ..] | [0xFF, 0xFB | 0xF3 | 0xF2, ..] => "audio/mpeg",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'A',
            b'V',
            b'E',
            ..,
        ] => "audio/wav",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        [0x1A, 0x45, 0xDF, 0xA3, ..] => "video/webm",
        [b'<', b'?', b'x', b'm', b'l', ..] => "application/xml",
        _ => return None,
    })
}
