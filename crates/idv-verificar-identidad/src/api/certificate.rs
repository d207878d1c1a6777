//! A sink that forwards only a certificate.

use std::io;
use std::mem;

use idv_core::{Error, ErrorKind, Result, Sink, async_trait};

use super::{CallRow, failed};
use crate::wire;

/// The first bytes of a PDF.
const PDF: &[u8] = b"%PDF-";

/// The number of kept bytes of a failure, which is a line of text.
const FAILURE: usize = 16 * 1024;

/// Forwards a PDF, and keeps any other response.
pub(super) struct PdfFilter<'s> {
    sink: &'s mut dyn Sink,
    /// The bytes received before the format is known; for a failure, all kept bytes.
    held: Vec<u8>,
    open: Option<bool>,
}

impl<'s> PdfFilter<'s> {
    pub(super) fn new(sink: &'s mut dyn Sink) -> Self {
        Self {
            sink,
            held: Vec::new(),
            open: None,
        }
    }

    /// Fails unless a PDF was forwarded.
    pub(super) fn end(self, call: &CallRow) -> Result<()> {
        if self.open == Some(true) {
            return Ok(());
        }
        let read = wire::Answer::read(&self.held).map_err(|_| {
            Error::malformed("the response is neither a PDF nor a description of a failure")
        })?;
        let Some(error) = failed(call, &read) else {
            return Err(Error::malformed(
                "the vendor reported success but sent no PDF",
            ));
        };
        if error.kind() != &ErrorKind::Malformed {
            return Err(error);
        }
        // The document has no codes for this function.
        let mut not_found = Error::new(ErrorKind::NotFound).detail(
            "no certificate under this identifier: it exists after a verification is validated \
             (5100)",
        );
        if let Some(code) = error.vendor_code() {
            not_found = not_found.with_vendor_code(code);
        }
        if let Some(text) = error.vendor_text() {
            not_found = not_found.with_vendor_text(text.expose());
        }
        Err(not_found)
    }
}

/// Skips a byte order mark and white space at the beginning.
fn begun(bytes: &[u8]) -> &[u8] {
    bytes
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(bytes)
        .trim_ascii_start()
}

#[async_trait]
impl Sink for PdfFilter<'_> {
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
