//! Downloads images from the URLs in the result, and the audit reports.

use idv_core::adapter::non_empty;
use idv_core::call::CallContext;
use idv_core::{
    Download, Error, ErrorKind, EvidenceId, EvidenceSource, Result, Sink, VerificationId,
    async_trait,
};

use crate::api::TransactionId;
use crate::normalize::{self, Wanted};
use crate::provider::CmIdScan;
use crate::wire::Transaction;

#[async_trait]
impl EvidenceSource for CmIdScan {
    /// Downloads a piece of evidence. For an image this first fetches the result, because the
    /// document does not say how long the URL in it is valid.
    async fn download(
        &self,
        cx: &CallContext,
        id: &VerificationId,
        evidence: &EvidenceId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let no_evidence = || {
            Error::new(ErrorKind::NotFound)
                .detail("unknown evidence id: expected an id from the report")
        };
        let transaction = TransactionId::try_from(id)?;
        let (result_id, wanted) = normalize::wanted(evidence).ok_or_else(no_evidence)?;
        let name = match wanted {
            Wanted::Report(kind) => {
                return self
                    .api()
                    .report(cx, &transaction, &result_id, kind, limit, sink)
                    .await;
            }
            Wanted::File(name) => name,
        };
        let answer = self.api().result(cx, &transaction, &result_id).await?;
        let result = answer.read(Transaction::read)?;
        if non_empty(result.id.as_ref()) != Some(transaction.as_str()) {
            return Err(answer.error_of(ErrorKind::SubjectMismatch));
        }
        let address = normalize::find_file(&result, name)
            .and_then(|file| non_empty(file.url.as_ref()))
            .ok_or_else(no_evidence)?;
        self.api().download(cx, address, limit, sink).await
    }
}
