//! What each attachment shows (13.1.6).

use idv_core::report::{Evidence, EvidenceKind, Method};
use idv_core::{EvidenceId, Pii};

/// One key of the attachments and what it shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttachmentRow {
    /// The vendor's key; one that ends with `*` stands for all that begin so.
    pub key: &'static str,
    /// What it shows.
    pub kind: EvidenceKind,
    /// The method of the identification, where only one product has this attachment.
    pub method: Option<Method>,
    /// Where the key is described: a chapter of the document, or who has seen it.
    pub source: &'static str,
}

/// Every key that is known. Others are kept, as [`EvidenceKind::Other`].
pub const ATTACHMENTS: &[AttachmentRow] = &[
    row("pdf", EvidenceKind::ReportPdf, None, "13.1.6"),
    row("idfrontside", EvidenceKind::DocumentFront, None, "13.1.6"),
    row("idbackside", EvidenceKind::DocumentBack, None, "13.1.6"),
    row("idholograms", EvidenceKind::SecurityFeature, Some(Method::Video), "13.1.6"),
    row("userface", EvidenceKind::Selfie, None, "13.1.6"),
    row("audiolog", EvidenceKind::Audio, Some(Method::Video), "13.1.6"),
    row("videolog", EvidenceKind::Video, Some(Method::Video), "13.1.6"),
    row("security_covered", EvidenceKind::SecurityFeature, Some(Method::Video), "13.1.6"),
    row("security*", EvidenceKind::SecurityFeature, None, "13.1.6"),
    row("livenessleft", EvidenceKind::Selfie, Some(Method::Auto), "13.1.6"),
    row("livenessright", EvidenceKind::Selfie, Some(Method::Auto), "13.1.6"),
    row("livenessscreenshot*", EvidenceKind::Selfie, Some(Method::Auto), "seen in use"),
    row("xml", EvidenceKind::Other, None, "seen in use"),
];

const fn row(key: &'static str, kind: EvidenceKind, method: Option<Method>, source: &'static str) -> AttachmentRow {
    AttachmentRow { key, kind, method, source }
}

fn find(key: &str) -> Option<&'static AttachmentRow> {
    ATTACHMENTS.iter().find(|row| match row.key.strip_suffix('*') {
        Some(beginning) => key.starts_with(beginning),
        None => row.key == key,
    })
}

/// One attachment as evidence.
pub(super) fn evidence(key: &str, name: &str) -> Evidence {
    // Documents that were signed lie in the archive as <identifier>_signed.pdf (7.2.7).
    let signed = || if name.ends_with("_signed.pdf") { EvidenceKind::SignedDocument } else { EvidenceKind::Other };
    let mut evidence = Evidence::new(EvidenceId::new(key), find(key).map_or_else(signed, |row| row.kind));
    evidence.media_type = media_type(name).map(str::to_owned);
    evidence.name = Some(Pii::from(name));
    evidence
}

/// The method that the attachments tell.
pub(super) fn method<'a>(keys: impl Iterator<Item = &'a str>) -> Option<Method> {
    keys.filter_map(find).find_map(|row| row.method)
}

/// The media type by the ending of a file's name (13.2).
fn media_type(name: &str) -> Option<&'static str> {
    let (_, ending) = name.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "pdf" => "application/pdf",
        "jpg" | "jpeg" => "image/jpeg",
        "png" => "image/png",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        "xml" => "application/xml",
        "json" => "application/json",
        _ => return None,
    })
}
