//! A sink for a certificate that lets nothing else through.

use std::io;
use std::mem;

use idv_core::{Error, ErrorKind, Result, Sink, async_trait};

use super::{CallRow, failed};
use crate::wire;

/// The beginning of a PDF.
const PDF: &[u8] = b"%PDF-";

/// The number of bytes of a failure that are kept. An answer is a line.
const FAILURE: usize = 16 * 1024;

/// Passes a PDF on, and keeps everything else.
pub(super) struct Gate<'s> {
    sink: &'s mut dyn Sink,
    /// The bytes before it is clear what they are; all that is kept of a failure.
    held: Vec<u8>,
    open: Option<bool>,
}

impl<'s> Gate<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink) -> Self {
        Self {
            sink,
            held: Vec::new(),
            open: None,
        }
    }

    /// Fails unless a PDF came through.
    pub(super) fn end(self, call: &CallRow) -> Result<()> {
        if self.open == Some(true) {
            return Ok(());
        }
        let read = wire::Answer::read(&self.held).map_err(|_| {
            Error::malformed("what came is neither a PDF nor an answer that says why there is none")
        })?;
        let Some(error) = failed(call, &read) else {
            return Err(Error::malformed(
                "the vendor says that it worked, but sends no PDF",
            ));
        };
        if error.kind() != &ErrorKind::Malformed {
            return Err(error);
        }
        // The document has no codes for this function.
        let code = error.vendor_code().unwrap_or_default().to_owned();
        Err(Error::new(ErrorKind::NotFound)
            .detail("the vendor has no certificate under this identifier: there is one once a verification is validated (5100)")
            .with_vendor_code(code))
    }
}

/// The bytes from the first that counts: not from a byte order mark or white space.
fn begun(bytes: &[u8]) -> &[u8] {
    bytes
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(bytes)
        .trim_ascii_start()
}

#[async_trait]
impl Sink for Gate<'_> {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.open == Some(true) {
            return self.sink.write(bytes).await;
        }
        let room = FAILURE.saturating_sub(self.held.len());
        if self.open == Some(false) {
            self.held.extend(bytes.iter().take(room));
            return Ok(());
        }
        self.held.extend_from_slice(bytes);
        let begun = begun(&self.held);
        if begun.len() < PDF.len() && self.held.len() < FAILURE {
            return Ok(());
        }
        let opens = begun.starts_with(PDF);
        self.open = Some(opens);
        if opens {
            return self.sink.write(&mem::take(&mut self.held)).await;
        }
        self.held.truncate(FAILURE);
        Ok(())
    }
}
