//! Images, recordings and files: streamed from a path of their own, or unpacked from the archive.

use idv_core::adapter::store;
use idv_core::call::CallContext;
use idv_core::{
    Download, Error, ErrorKind, EvidenceId, EvidenceSource, Result, Sink, VerificationId,
    async_trait,
};

use crate::api::documents::DefinitionId;
use crate::api::{Suffix, TransactionNumber};
use crate::provider::Idnow;
use crate::wire::archive::{self, Limits, Options};

/// The whole archive, which no result lists.
const ARCHIVE: &str = "archive";

#[async_trait]
impl EvidenceSource for Idnow {
    /// Downloads a piece of evidence. First it tries the documented paths: that of a signed
    /// document (chapter 7.2.7), then the archive (chapter 8.3.3.1). For the report and the audio
    /// it then tries a path that other clients use. After a failure it continues with the next
    /// path, unless data was written.
    async fn download(
        &self,
        cx: &CallContext,
        id: &VerificationId,
        evidence: &EvidenceId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let transaction = TransactionNumber::try_from(&id.reference)?;
        let name = evidence.as_str();
        if name == ARCHIVE {
            return self
                .api()
                .download(cx, &transaction, Suffix::Zip, limit, sink)
                .await;
        }
        let mut sink = TrackingSink {
            sink,
            is_written: false,
        };
        let mut failures = Vec::new();
        if let Some(document) = signed_document(name) {
            match self
                .api()
                .download_signed_document(cx, &transaction, &document, limit, &mut sink)
                .await
            {
                Err(error) if !sink.is_written => failures.push(error),
                settled => return settled,
            }
        }
        match self.unpack(cx, &transaction, name, limit).await {
            Ok(file) => return store(&file, limit, &mut sink).await,
            Err(error) => failures.push(error),
        }
        let suffix = match name {
            "pdf" => Some(Suffix::Pdf),
            "audiolog" => Some(Suffix::Mp3),
            _ => None,
        };
        if let Some(suffix) = suffix {
            match self
                .api()
                .download(cx, &transaction, suffix, limit, &mut sink)
                .await
            {
                Err(error) if !sink.is_written => failures.push(error),
                settled => return settled,
            }
        }
        // A missing file at one path is less informative than any other failure.
        let informative = failures.iter().position(|error| {
            !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unsupported)
        });
        Err(failures
            .into_iter()
            .nth(informative.unwrap_or(0))
            .unwrap_or_else(|| Error::new(ErrorKind::NotFound)))
    }
}

impl Idnow {
    /// Unpacks a file from the archive.
    async fn unpack(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
        name: &str,
        limit: u64,
    ) -> Result<Vec<u8>> {
        if !cfg!(feature = "archive") {
            return Err(Error::new(ErrorKind::Unsupported).detail(
                "this evidence is in the ZIP archive and needs the feature `archive` of the \
                 crate idv-idnow; the evidence `archive` is the whole archive",
            ));
        }
        let mut zip = Vec::new();
        self.api()
            .download(cx, transaction, Suffix::Zip, self.max_archive(), &mut zip)
            .await?;
        let options = self.archive_options();
        let limits = Limits {
            entry: options.limits.entry.min(limit),
            ..options.limits
        };
        archive::entry(&zip, name, Options { limits, ..options })
    }
}

/// A sink that records whether data was written to it: another file must not follow then.
struct TrackingSink<'s> {
    sink: &'s mut dyn Sink,
    is_written: bool,
}

#[async_trait]
impl Sink for TrackingSink<'_> {
    async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.is_written |= !bytes.is_empty();
        self.sink.write(bytes).await
    }
}

/// Returns the document definition of a signed file, by the file's name in archives (chapter
/// 7.2.7).
fn signed_document(name: &str) -> Option<DefinitionId> {
    DefinitionId::parse(name.strip_suffix("_signed.pdf")?).ok()
}
