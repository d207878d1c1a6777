//! The certificate of a verification, a PDF. The vendor has no other evidence.

use idv_core::call::CallContext;
use idv_core::{
    Download, Error, ErrorKind, EvidenceId, EvidenceSource, Result, Sink, VerificationId,
    async_trait,
};

use crate::api::RequestId;
use crate::provider::VerificarIdentidad;

/// The id of the certificate in a report's evidence.
pub const CERTIFICATE: &str = "certificate";

#[async_trait]
impl EvidenceSource for VerificarIdentidad {
    async fn download(
        &self,
        cx: &CallContext,
        id: &VerificationId,
        evidence: &EvidenceId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let request = RequestId::parse(id.require_vendor_id()?.as_str())?;
        if evidence.as_str() != CERTIFICATE {
            return Err(Error::new(ErrorKind::NotFound)
                .detail("unknown evidence id: the vendor only has `certificate`"));
        }
        self.api().certificate(cx, &request, limit, sink).await
    }
}
