//! The attachments (chapter 13.1.6): the evidence, and the method that they imply.

use idv_core::adapter::{find_word, non_empty};
use idv_core::report::{Evidence, EvidenceKind, Method};
use idv_core::{EvidenceId, Pii};

use crate::wire::Entry;

/// An attachment and its kind of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttachmentRow {
    /// The vendor's key. A final `*` stands for any number of digits, or none.
    pub key: &'static str,
    /// The kind of evidence.
    pub kind: EvidenceKind,
    /// The method, if only one product has the attachment. VideoIdent and eSign are video calls.
    pub method: Option<Method>,
    /// The chapter that documents the key, or "seen by clients".
    pub source: &'static str,
}

const fn row(
    key: &'static str,
    kind: EvidenceKind,
    method: Option<Method>,
    source: &'static str,
) -> AttachmentRow {
    AttachmentRow {
        key,
        kind,
        method,
        source,
    }
}

const VIDEO: Option<Method> = Some(Method::Video);
const AUTO: Option<Method> = Some(Method::Auto);

/// Every known key. Other keys are the account's own images, and documents that the person signed.
#[rustfmt::skip]
pub static ATTACHMENTS: &[AttachmentRow] = &[
    row("pdf", EvidenceKind::ReportPdf, None, "13.1.6"),
    row("idfrontside", EvidenceKind::DocumentFront, None, "13.1.6"),
    row("idbackside", EvidenceKind::DocumentBack, None, "13.1.6"),
    row("idholograms", EvidenceKind::SecurityFeature, VIDEO, "13.1.6"),
    row("userface", EvidenceKind::Selfie, None, "13.1.6"),
    row("audiolog", EvidenceKind::Audio, VIDEO, "13.1.6"),
    row("videolog", EvidenceKind::Video, VIDEO, "13.1.6"),
    row("security*", EvidenceKind::SecurityFeature, None, "13.1.6"),
    row("security_covered", EvidenceKind::SecurityFeature, VIDEO, "13.1.6"),
    row("livenessleft", EvidenceKind::Selfie, AUTO, "13.1.6"),
    row("livenessright", EvidenceKind::Selfie, AUTO, "13.1.6"),
    row("livenessscreenshot*", EvidenceKind::Selfie, AUTO, "seen by clients"),
    row("xml", EvidenceKind::Other, None, "seen by clients"),
];

/// The media types of the file extensions of chapter 13.2, and of other files in archives.
#[rustfmt::skip]
static MEDIA_TYPES: &[(&str, &str)] = &[
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/wav"),
    ("mp4", "video/mp4"),
    ("pdf", "application/pdf"),
    ("xml", "application/xml"),
    ("json", "application/json"),
    ("txt", "text/plain"),
    ("zip", "application/zip"),
];

/// Returns the attachments as evidence, in their order.
pub(super) fn evidence(attachments: &[Entry<'_>]) -> Vec<Evidence> {
    let named = |entry: &Entry<'_>| {
        Some(piece(
            non_empty(Some(&entry.name))?,
            non_empty(entry.value.as_ref())?,
        ))
    };
    attachments.iter().filter_map(named).collect()
}

/// Returns the method, if an attachment implies it because only one product has it.
pub(super) fn method(attachments: &[Entry<'_>]) -> Option<Method> {
    let mut methods = attachments
        .iter()
        .filter_map(|attachment| find(attachment.name.expose())?.method);
    let first = methods.next()?;
    methods.all(|method| method == first).then_some(first)
}

fn piece(key: &str, name: &str) -> Evidence {
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let kind = match find(key) {
        Some(row) => row.kind,
        // The name of a signed document is <documentDefinitionIdentifier>_signed.pdf (chapter
        // 7.2.7).
        None if key.ends_with("_signed") || stem.ends_with("_signed") => {
            EvidenceKind::SignedDocument
        }
        None => EvidenceKind::Other,
    };
    let mut evidence = Evidence::new(EvidenceId::new(key), kind);
    evidence.media_type = find_word(MEDIA_TYPES, ending).map(str::to_owned);
    evidence.name = Some(Pii::from(name));
    evidence
}

fn find(key: &str) -> Option<&'static AttachmentRow> {
    ATTACHMENTS
        .iter()
        .find(|row| match row.key.strip_suffix('*') {
            Some(stem) => key
                .strip_prefix(stem)
                .is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())),
            None => row.key == key,
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    fn payload(attachments: &str) -> String {
        format!(r#"{{"identificationprocess":{{"id":"X"}},"attachments":{attachments}}}"#)
    }

    #[test]
    fn repeated_key_counts_once_with_its_last_name() {
        let payload = payload(
            r#"{"pdf":"a.pdf","userface":"b.png","pdf":"c.pdf","xml":null,"":"d","e":" "}"#,
        );
        let payload = wire::read(payload.as_bytes()).unwrap();
        let evidence = evidence(&payload.identifications[0].attachments);
        let names: Vec<_> = evidence
            .iter()
            .map(|piece| piece.name.as_ref().unwrap().expose().as_str())
            .collect();
        assert_eq!(names, ["b.png", "c.pdf"]);
    }

    #[test]
    fn attachments_of_one_product_imply_the_method() {
        for (json, expected) in [
            (r#"{"pdf":"a","security1":"b","userface":"c"}"#, None),
            (r#"{"pdf":"a","audiolog":"b"}"#, VIDEO),
            (r#"{"pdf":"a","security_covered":"b"}"#, VIDEO),
            (r#"{"pdf":"a","livenessleft":"b"}"#, AUTO),
            (r#"{"livenessscreenshot2":"b"}"#, AUTO),
            (r#"{"livenessleft":"a","videolog":"b"}"#, None),
        ] {
            let payload = payload(json);
            let payload = wire::read(payload.as_bytes()).unwrap();
            assert_eq!(
                method(&payload.identifications[0].attachments),
                expected,
                "{json}"
            );
        }
    }

    #[test]
    fn custom_attachment_is_other_unless_signed() {
        for (key, name, kind, media_type) in [
            ("security12", "x", EvidenceKind::SecurityFeature, None),
            (
                "securityguard",
                "x.JPG",
                EvidenceKind::Other,
                Some("image/jpeg"),
            ),
            (
                "doc1",
                "doc1_signed.pdf",
                EvidenceKind::SignedDocument,
                Some("application/pdf"),
            ),
            ("doc1_signed", "x", EvidenceKind::SignedDocument, None),
            ("xml", "x.xml", EvidenceKind::Other, Some("application/xml")),
        ] {
            let evidence = piece(key, name);
            assert_eq!(
                (evidence.kind, evidence.media_type.as_deref()),
                (kind, media_type),
                "{key}"
            );
        }
    }
}
