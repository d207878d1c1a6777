//! Images, recordings and files: streamed where they have an address of their own, else unpacked from the archive.

use idv_core::call::CallContext;
use idv_core::{Download, Error, ErrorKind, EvidenceId, EvidenceSource, Recorder, Result, Sink, VerificationId, async_trait};

use crate::api::documents::DefinitionId;
use crate::api::{Suffix, TransactionNumber};
use crate::provider::Idnow;
use crate::wire::archive::{self, Limits};

/// The whole archive, which no result lists.
const ARCHIVE: &str = "archive";

/// How much is written at a time.
const PIECE: usize = 64 * 1024;

#[async_trait]
impl EvidenceSource for Idnow {
    async fn download(
        &self,
        cx: &CallContext,
        id: &VerificationId,
        evidence: &EvidenceId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let transaction = TransactionNumber::try_from(&id.reference)?;
        let found = match evidence.as_str() {
            ARCHIVE => return self.api().download(cx, &transaction, Suffix::Zip, limit, sink).await,
            "pdf" => Some(self.api().download(cx, &transaction, Suffix::Pdf, limit, sink).await),
            "audiolog" => Some(self.api().download(cx, &transaction, Suffix::Mp3, limit, sink).await),
            name => match signed_document(name) {
                Some(id) => Some(self.api().download_signed_document(cx, &transaction, &id, limit, sink).await),
                None => None,
            },
        };
        match found {
            // The addresses of the report and the sound are not in the document, and a name can look like a signed document's:
            // where there is nothing, the archive has the file.
            Some(Err(error)) if error.kind() == &ErrorKind::NotFound => {}
            Some(settled) => return settled,
            None => {}
        }
        if !cfg!(feature = "archive") {
            return Err(Error::new(ErrorKind::Unsupported).detail(
                "this piece of evidence lies in the ZIP archive, which needs the feature `archive` of the crate idv-idnow; \
                 the evidence `archive` is the whole of it",
            ));
        }
        let mut zip = Vec::new();
        let limits = self.limits();
        self.api().download(cx, &transaction, Suffix::Zip, self.max_archive(), &mut zip).await?;
        let file = archive::entry(&zip, evidence.as_str(), &Limits { entry: limits.entry.min(limit), ..limits })?;
        drop(zip);
        store(&file, limit, sink).await
    }
}

async fn store(file: &[u8], limit: u64, sink: &mut dyn Sink) -> Result<Download> {
    let mut recorder = Recorder::new(sink, limit);
    for piece in file.chunks(PIECE) {
        recorder.write(piece).await?;
    }
    Ok(recorder.finish())
}

/// The document definition of which this is the signed file, by the name that it has in archives (chapter 7.2.7).
fn signed_document(name: &str) -> Option<DefinitionId> {
    DefinitionId::parse(name.strip_suffix("_signed.pdf")?).ok()
}
