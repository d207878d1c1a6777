//! Images, recordings and files: streamed where they have an address of their own, else unpacked from the archive.

use idv_core::call::CallContext;
use idv_core::{Download, Error, ErrorKind, EvidenceId, EvidenceSource, Result, Sink, VerificationId, async_trait};

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
        let own_address = match evidence.as_str() {
            ARCHIVE => return self.api().download(cx, &transaction, Suffix::Zip, limit, sink).await,
            "pdf" => Some(Suffix::Pdf),
            "audiolog" => Some(Suffix::Mp3),
            _ => None,
        };
        if let Some(suffix) = own_address {
            match self.api().download(cx, &transaction, suffix, limit, sink).await {
                // These addresses are not in the document: where an account lacks them, the archive has the file.
                Err(error) if error.kind() == &ErrorKind::NotFound => {}
                settled => return settled,
            }
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
        store(&file, sink).await
    }
}

async fn store(file: &[u8], sink: &mut dyn Sink) -> Result<Download> {
    for piece in file.chunks(PIECE) {
        sink.write(piece).await.map_err(|error| Error::new(ErrorKind::Sink).with_source(error))?;
    }
    Ok(Download::of(file))
}
