//! Images, recordings and files: streamed where they are an answer of their own, else decoded where they stand in one.
//!
//! | evidence | is |
//! |---|---|
//! | `image/NAME` | an image, by the vendor's name of it (chapters 3.3.4 and 3.8) |
//! | `pdf` | the result as a PDF (chapter 3.4) |
//! | `signed-document/1`, … | a document that was signed (chapter 3.5) |
//! | `signed-hashes` | the hashes that were signed, as the vendor's JSON (chapter 3.6) |
//! | `audit-log` | the record of a signing by AES (chapter 3.7) |
//! | `voice/1`, … | the sound (chapter 3.11) |
//! | `video` | the video: asks the vendor for it (chapter 3.9), and is not ready then |
//! | `video/provided` | the video that the vendor said is there (chapter 3.10) |
//!
//! Until the vendor has provided a video, it gives a placeholder that looks like one. So `video` never downloads anything: it has the
//! vendor provide the video, which calls back; that callback carries the handle [`VIDEO_PROVIDED`], with which a fetch lists
//! `video/provided`.
//!
//! Of signed documents and of sound a report lists the first, since only the vendor's answer says how many there are.

use idv_core::call::CallContext;
use idv_core::report::{Evidence, EvidenceKind};
use idv_core::{Download, Error, ErrorKind, EvidenceId, EvidenceSource, Recorder, Result, Sink, VerificationId, async_trait};

use crate::api::{IdentDataVariants, OrderId};
use crate::callback;
use crate::config::{Images, Recordings};
use crate::normalize;
use crate::provider::IdentityTm;
use crate::wire::{self, Encoded};

/// The handle of the result that lists a video that is there.
pub const VIDEO_PROVIDED: &str = "video/provided";

const PDF: &str = "pdf";
const SIGNED_DOCUMENT: &str = "signed-document/";
const VOICE: &str = "voice/";
const SIGNED_HASHES: &str = "signed-hashes";
const AUDIT_LOG: &str = "audit-log";
const VIDEO: &str = "video";

#[async_trait]
impl EvidenceSource for IdentityTm {
    async fn download(
        &self,
        cx: &CallContext,
        id: &VerificationId,
        evidence: &EvidenceId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let order = OrderId::try_from(id)?;
        let api = self.api();
        match evidence.as_str() {
            PDF => api.ident_data_pdf(cx, &order, limit, sink).await,
            AUDIT_LOG => api.audit_log(cx, &order, limit, sink).await,
            VIDEO => Err(self.ask_for_video(cx, id, &order).await?),
            VIDEO_PROVIDED => api.video(cx, &order, limit, sink).await,
            SIGNED_HASHES => {
                let hashes = api.signed_hashes(cx, &order).await?;
                let mut recorder = Recorder::new(sink, limit);
                recorder.write(hashes.bytes()).await?;
                Ok(recorder.finish())
            }
            _ => self.listed(cx, &order, evidence, limit, sink).await,
        }
    }
}

impl IdentityTm {
    /// Has the vendor provide the video; returns that it is not there yet.
    async fn ask_for_video(&self, cx: &CallContext, id: &VerificationId, order: &OrderId) -> Result<Error> {
        let Some(base) = &self.config().video_callback_url else {
            return Err(Error::new(ErrorKind::Unsupported).detail(
                "the vendor says by a callback when a video is there: set video_callback_url, or ask with Api::provide_video",
            ));
        };
        let secret = self.secret_of(id.reference.as_str());
        let secret = secret.as_ref().map(|(name, secret)| (name.as_str(), secret));
        let address = callback::video_address(base, order.as_str(), id.reference.as_str(), secret);
        self.api().provide_video(cx, order, &address).await?;
        Ok(Error::new(ErrorKind::NotReady)
            .detail("the vendor was asked for the video and will call back; then it is the evidence video/provided"))
    }

    /// A file that stands in a list.
    async fn listed(
        &self,
        cx: &CallContext,
        order: &OrderId,
        evidence: &EvidenceId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let api = self.api();
        let name = evidence.as_str();
        if let Some(index) = numbered(name, SIGNED_DOCUMENT) {
            let answer = api.signed_documents(cx, order).await?;
            let documents = answer.read(wire::SignedDocuments::read)?.pdfs;
            return store(documents.get(index).and_then(|document| document.base64_data), limit, sink).await;
        }
        if let Some(index) = numbered(name, VOICE) {
            let answer = api.voice_files(cx, order).await?;
            let files = answer.read(wire::VoiceFiles::read)?.voice_files;
            return store(files.get(index).and_then(|file| file.base64_data), limit, sink).await;
        }
        if self.config().images == Images::Separate {
            let answer = api.images(cx, order).await?;
            let images = answer.read(wire::Images::read)?.images;
            return store(normalize::find_image(&images, evidence).and_then(|image| image.image), limit, sink).await;
        }
        let answer = api.ident_data(cx, order, IdentDataVariants::default()).await?;
        let people = answer.read(wire::IdentResult::read)?.ident_data.unwrap_or_default();
        let images = people.iter().flat_map(|person| &person.images);
        store(normalize::find_image(images, evidence).and_then(|image| image.image), limit, sink).await
    }
}

/// What the account records or produces beside images, as evidence. Of what comes in unknown numbers the first is listed.
pub(crate) fn recorded(recordings: Recordings, video_provided: bool) -> Vec<Evidence> {
    let video = if video_provided { VIDEO_PROVIDED } else { VIDEO };
    let evidence = |id: &str, kind, media_type: Option<&str>| {
        let mut evidence = Evidence::new(EvidenceId::new(id), kind);
        evidence.media_type = media_type.map(str::to_owned);
        evidence
    };
    let pdf = Some("application/pdf");
    [
        (recordings.pdf, evidence(PDF, EvidenceKind::ReportPdf, pdf)),
        (recordings.video || video_provided, evidence(video, EvidenceKind::Video, None)),
        (recordings.voice, evidence("voice/1", EvidenceKind::Audio, None)),
        (recordings.signed_documents, evidence("signed-document/1", EvidenceKind::SignedDocument, pdf)),
        (recordings.audit_log, evidence(AUDIT_LOG, EvidenceKind::Other, pdf)),
    ]
    .into_iter()
    .filter_map(|(there, evidence)| there.then_some(evidence))
    .collect()
}

/// The index that a name counts from 1.
fn numbered(name: &str, prefix: &str) -> Option<usize> {
    name.strip_prefix(prefix)?.parse::<usize>().ok()?.checked_sub(1)
}

/// Decodes a file where it stands, piece by piece.
async fn store(file: Option<Encoded<'_>>, limit: u64, sink: &mut dyn Sink) -> Result<Download> {
    let no_evidence =
        || Error::new(ErrorKind::NotFound).detail("the order has no such piece of evidence: take its id from the report");
    let mut decoder = file.ok_or_else(no_evidence)?.decoder();
    let mut recorder = Recorder::new(sink, limit);
    while let Some(piece) = decoder.next_piece()? {
        recorder.write(piece).await?;
    }
    Ok(recorder.finish())
}
