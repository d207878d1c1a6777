//! Images, recordings and files: streamed if they are a response of their own, otherwise decoded
//! from JSON.
//!
//! | evidence id | content |
//! |---|---|
//! | `image/NAME` | an image, by the vendor's name (chapters 3.3.4 and 3.8) |
//! | `pdf` | the result as a PDF (chapter 3.4) |
//! | `signed-document/1`, … | a signed document (chapter 3.5) |
//! | `signed-hash/1`, … | a signed hash, as text (chapter 3.6) |
//! | `signed-hashes` | all signed hashes, as the vendor's JSON (chapter 3.6); not listed |
//! | `audit-log` | the audit log of an AES signature (chapter 3.7) |
//! | `voice/1`, … | the audio (chapter 3.11) |
//! | `video` | requests the video (chapter 3.9) and then reports that it is not ready |
//! | `video/provided` | the provided video (chapter 3.10) |
//!
//! Before the vendor has provided a video, its call returns a placeholder video. Downloading
//! `video` therefore only asks the vendor to provide the video. When it is available, the vendor
//! sends a callback; the callback has the handle [`VIDEO_PROVIDED`], with which a fetch lists
//! `video/provided`.
//!
//! A fetch queries the numbers of signed documents, signed hashes and audio recordings, and lists
//! all of them.

use idv_core::adapter;
use idv_core::call::CallContext;
use idv_core::report::{Evidence, EvidenceKind};
use idv_core::{
    Download, Error, ErrorKind, EvidenceId, EvidenceSource, Pii, Recorder, Report, Result, Sink,
};
use idv_core::{Text, VerificationId, async_trait};
use serde_json::json;

use crate::api::{IdentDataVariants, OrderId};
use crate::callback;
use crate::config::{Images, Recordings};
use crate::normalize;
use crate::provider::IdentityTm;
use crate::wire::{self, Encoded};

/// The handle of a result that lists a provided video.
pub const VIDEO_PROVIDED: &str = "video/provided";

const PDF: &str = "pdf";
const SIGNED_DOCUMENT: &str = "signed-document/";
const SIGNED_HASH: &str = "signed-hash/";
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
                adapter::store(&hashes.body, limit, sink).await
            }
            _ => self.listed(cx, &order, evidence, limit, sink).await,
        }
    }
}

impl IdentityTm {
    /// Asks the vendor to provide the video, and returns the error that the video is not ready.
    async fn ask_for_video(
        &self,
        cx: &CallContext,
        id: &VerificationId,
        order: &OrderId,
    ) -> Result<Error> {
        let Some(base) = &self.config().video_callback_url else {
            return Err(Error::new(ErrorKind::Unsupported).detail(
                "the vendor announces videos by a callback: set `video_callback_url`, or \
                 call Api::provide_video",
            ));
        };
        let secret = self.secret_of(id.reference.as_str());
        let secret = secret
            .as_ref()
            .map(|(name, secret)| (name.as_str(), secret));
        let address = callback::video_address(base, order.as_str(), id.reference.as_str(), secret);
        self.api().provide_video(cx, order, &address).await?;
        Ok(Error::new(ErrorKind::NotReady).detail(
            "the video was requested and the vendor will call back; then download \
                video/provided",
        ))
    }

    /// Downloads one file of a list.
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
            return store(
                documents
                    .get(index)
                    .and_then(|document| document.base64_data.as_ref()),
                limit,
                sink,
            )
            .await;
        }
        if let Some(index) = numbered(name, SIGNED_HASH) {
            let answer = api.signed_hashes(cx, order).await?;
            let hashes = answer.read(wire::Hashes::read)?.hashes.entries;
            let (_, hash) = hashes.get(index).ok_or_else(no_evidence)?;
            return adapter::store(hash.expose().as_bytes(), limit, sink).await;
        }
        if let Some(index) = numbered(name, VOICE) {
            let answer = api.voice_files(cx, order).await?;
            let files = answer.read(wire::VoiceFiles::read)?.voice_files;
            return store(
                files.get(index).and_then(|file| file.base64_data.as_ref()),
                limit,
                sink,
            )
            .await;
        }
        if self.config().images == Images::Separate {
            let answer = api.images(cx, order).await?;
            let images = answer.read(wire::Images::read)?.images;
            return store(
                normalize::find_image(&images, evidence).and_then(|image| image.image.as_ref()),
                limit,
                sink,
            )
            .await;
        }
        let answer = api
            .ident_data(cx, order, IdentDataVariants::default())
            .await?;
        let people = answer
            .read(wire::IdentResult::read)?
            .ident_data
            .unwrap_or_default();
        let images = people.iter().flat_map(|person| &person.images);
        store(
            normalize::find_image(images, evidence).and_then(|image| image.image.as_ref()),
            limit,
            sink,
        )
        .await
    }
}

impl IdentityTm {
    /// Lists the evidence other than images, and queries lists of unknown length.
    ///
    /// # Errors
    ///
    /// Transient errors, after which the whole fetch is repeated. A permanent refusal is noted in
    /// the report's `custom` under the name of the call, and does not affect the result.
    pub(crate) async fn list_evidence(
        &self,
        cx: &CallContext,
        order: &OrderId,
        available: Available,
        report: &mut Report,
    ) -> Result<()> {
        let recordings = self.config().recordings;
        let pdf = Some("application/pdf");
        if recordings.pdf && available.data {
            report
                .evidence
                .push(piece(PDF, EvidenceKind::ReportPdf, pdf));
        }
        if available.video_provided {
            report
                .evidence
                .push(piece(VIDEO_PROVIDED, EvidenceKind::Video, None));
        } else if recordings.video && available.data {
            report
                .evidence
                .push(piece(VIDEO, EvidenceKind::Video, None));
        }
        if recordings.voice && available.data {
            self.list_voices(cx, order, report).await?;
        }
        if available.signed {
            self.list_signed(cx, order, recordings, report).await?;
        }
        if recordings.audit_log && available.signed {
            report
                .evidence
                .push(piece(AUDIT_LOG, EvidenceKind::Other, pdf));
        }
        Ok(())
    }

    async fn list_voices(
        &self,
        cx: &CallContext,
        order: &OrderId,
        report: &mut Report,
    ) -> Result<()> {
        let names = self.api().voice_files(cx, order).await.and_then(|answer| {
            let files = answer.read(wire::VoiceFiles::read)?.voice_files;
            Ok(files
                .iter()
                .map(|file| owned(file.filename.as_ref()))
                .collect())
        });
        match names {
            Ok(names) => list(report, VOICE, EvidenceKind::Audio, None, names),
            Err(error) => {
                list(
                    report,
                    VOICE,
                    EvidenceKind::Audio,
                    None,
                    first_if_too_long(&error),
                );
                note(report, "getVoiceFiles", error)?;
            }
        }
        Ok(())
    }

    /// Lists signed documents and hashes. An order has one kind or both; the refusal of the other
    /// is not noted unless the account is configured to have it.
    async fn list_signed(
        &self,
        cx: &CallContext,
        order: &OrderId,
        recordings: Recordings,
        report: &mut Report,
    ) -> Result<()> {
        let documents = self
            .api()
            .signed_documents(cx, order)
            .await
            .and_then(|answer| {
                let documents = answer.read(wire::SignedDocuments::read)?.pdfs;
                Ok(documents
                    .iter()
                    .map(|document| owned(document.filename.as_ref()))
                    .collect())
            });
        let pdf = Some("application/pdf");
        match documents {
            Ok(names) => list(
                report,
                SIGNED_DOCUMENT,
                EvidenceKind::SignedDocument,
                pdf,
                names,
            ),
            Err(error) if is_absent(&error) && !recordings.signed_documents => {}
            Err(error) => {
                list(
                    report,
                    SIGNED_DOCUMENT,
                    EvidenceKind::SignedDocument,
                    pdf,
                    first_if_too_long(&error),
                );
                note(report, "getESignPDF", error)?;
            }
        }
        let hashes = self
            .api()
            .signed_hashes(cx, order)
            .await
            .and_then(|answer| {
                let hashes = answer.read(wire::Hashes::read)?.hashes.entries;
                Ok(hashes.iter().map(|(name, _)| owned(Some(name))).collect())
            });
        match hashes {
            Ok(names) => list(
                report,
                SIGNED_HASH,
                EvidenceKind::SignedDocument,
                Some("text/plain"),
                names,
            ),
            Err(error) if is_absent(&error) && !recordings.signed_hashes => {}
            Err(error) => note(report, "getESignHash", error)?,
        }
        Ok(())
    }
}

/// The kinds of evidence that an order can have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Available {
    /// The person was identified, or is suspected of fraud.
    pub(crate) data: bool,
    /// A document was signed.
    pub(crate) signed: bool,
    /// The vendor announced that the video is available.
    pub(crate) video_provided: bool,
}

/// Notes in a report that the vendor refused a call.
///
/// # Errors
///
/// The error itself if it is transient.
pub(crate) fn note(report: &mut Report, call: &str, error: Error) -> Result<()> {
    if error.is_transient() {
        return Err(error);
    }
    let text = error.vendor_text().map(|text| text.expose().as_str());
    let refused = json!({
        "error": error.kind().to_string(),
        "http_status": error.http_status(),
        "text": text,
    });
    report.custom.insert(call.to_owned(), Pii::new(refused));
    Ok(())
}

/// Returns whether the vendor says that the order has none of this kind.
pub(crate) fn is_absent(error: &Error) -> bool {
    matches!(error.http_status(), Some(400 | 404))
}

/// Returns one nameless entry if a list exceeds the limit: its length is unknown, but it is not
/// empty.
fn first_if_too_long(error: &Error) -> Vec<Option<String>> {
    if error.kind() == &ErrorKind::LimitExceeded {
        vec![None]
    } else {
        Vec::new()
    }
}

fn owned(text: Option<&Text<'_>>) -> Option<String> {
    text.map(|text| text.expose().trim().to_owned())
        .filter(|text| !text.is_empty())
}

fn piece(id: &str, kind: EvidenceKind, media_type: Option<&str>) -> Evidence {
    let evidence = Evidence::new(EvidenceId::new(id), kind);
    media_type
        .into_iter()
        .fold(evidence, Evidence::with_media_type)
}

fn list(
    report: &mut Report,
    prefix: &str,
    kind: EvidenceKind,
    media_type: Option<&str>,
    names: Vec<Option<String>>,
) {
    report
        .evidence
        .extend(names.into_iter().zip(1_usize..).map(|(name, number)| {
            let mut evidence = piece(&format!("{prefix}{number}"), kind, media_type);
            evidence.name = name.map(Pii::new);
            evidence
        }));
}

/// Parses a number that counts from 1 after a prefix, into an index.
fn numbered(name: &str, prefix: &str) -> Option<usize> {
    name.strip_prefix(prefix)?
        .parse::<usize>()
        .ok()?
        .checked_sub(1)
}

fn no_evidence() -> Error {
    Error::new(ErrorKind::NotFound).detail("unknown evidence id: expected an id from the report")
}

/// Decodes a file from JSON, piece by piece.
async fn store(file: Option<&Encoded<'_>>, limit: u64, sink: &mut dyn Sink) -> Result<Download> {
    let mut decoder = file.ok_or_else(no_evidence)?.decoder();
    let mut recorder = Recorder::new(sink, limit);
    while let Some(piece) = decoder.next_piece()? {
        recorder.write(piece).await?;
    }
    Ok(recorder.finish())
}
