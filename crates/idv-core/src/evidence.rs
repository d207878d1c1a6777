//! Where evidence is written to, and what is known of it afterwards.

use std::io;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

/// A place that evidence is written to, piece by piece.
///
/// After a failed download, what it holds is not to be used: write to a temporary place and rename at the end.
#[async_trait]
pub trait Sink: Send {
    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// Those of the place.
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()>;
}

#[async_trait]
impl Sink for Vec<u8> {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }
}

/// What is known of evidence that was downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Download {
    /// Its length in bytes.
    pub length: u64,
    /// The SHA-256 digest of its bytes.
    pub sha256: [u8; 32],
    /// Its media type: what its first bytes say, else what the vendor says.
    pub media_type: Option<String>,
}

impl Download {
    /// What is known of evidence that was downloaded.
    #[must_use]
    pub const fn new(length: u64, sha256: [u8; 32], media_type: Option<String>) -> Self {
        Self { length, sha256, media_type }
    }

    /// What is known of evidence that is at hand, whole.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::new(bytes.len() as u64, Sha256::digest(bytes).into(), sniff(bytes).map(str::to_owned))
    }

    /// The digest in hexadecimal.
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        hex::encode(self.sha256)
    }
}

/// The media type that the first bytes of a file tell.
#[must_use]
pub(crate) fn sniff(start: &[u8]) -> Option<&'static str> {
    Some(match start {
        [b'%', b'P', b'D', b'F', b'-', ..] => "application/pdf",
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [b'P', b'K', 3 | 5, 4 | 6, ..] => "application/zip",
        [b'I', b'D', b'3', ..] | [0xFF, 0xFB | 0xF3 | 0xF2, ..] => "audio/mpeg",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => "audio/wav",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "video/mp4",
        [0x1A, 0x45, 0xDF, 0xA3, ..] => "video/webm",
        [b'<', b'?', b'x', b'm', b'l', ..] => "application/xml",
        _ => return None,
    })
}
