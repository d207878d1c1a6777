//! Maps the vendor's reasons of failures and suspicions to the shared vocabulary.

use idv_core::report::{CheckKind, Reason};

/// A reason and its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReasonRow {
    /// The vendor's code.
    pub code: &'static str,
    /// The reason in the shared vocabulary.
    pub reason: Reason,
    /// Whether another attempt cannot succeed, if the document tells.
    pub permanent: Option<bool>,
    /// Whether the person caused the failure, if the document tells.
    pub by_person: Option<bool>,
    /// The check that this reason fails: fraud, or signing.
    pub failed: Option<CheckKind>,
    /// The chapter that documents the reason, or "seen by clients".
    pub source: &'static str,
}

/// A reason of chapter 14.5.3. Its columns "Permanent?" and "Caused by User?" are `n` and `y`, or
/// `-` if a cell is empty or illegible in the document's text.
const fn failure(code: &'static str, reason: Reason, columns: &[u8; 2]) -> ReasonRow {
    let [permanent, by_person] = *columns;
    ReasonRow {
        code,
        reason,
        permanent: cell(permanent),
        by_person: cell(by_person),
        failed: None,
        source: "14.5.3",
    }
}

const fn cell(letter: u8) -> Option<bool> {
    match letter {
        b'y' => Some(true),
        b'n' => Some(false),
        _ => None,
    }
}

/// A reason of chapter 13.1.1.
const fn fraud(code: &'static str, reason: Reason, failed: CheckKind) -> ReasonRow {
    ReasonRow {
        code,
        reason,
        permanent: None,
        by_person: None,
        failed: Some(failed),
        source: "13.1.1",
    }
}

/// A reason that clients of newer accounts have seen.
const fn seen(code: &'static str, reason: Reason) -> ReasonRow {
    ReasonRow {
        code,
        reason,
        permanent: None,
        by_person: None,
        failed: None,
        source: "seen by clients",
    }
}

/// A failed signing, as clients of newer accounts have seen it.
const fn signing(code: &'static str, reason: Reason) -> ReasonRow {
    ReasonRow {
        failed: Some(CheckKind::Signature),
        ..seen(code, reason)
    }
}

/// Every known reason. The vendor's list is open: an unknown code is [`Reason::Unknown`].
#[rustfmt::skip]
pub static REASONS: &[ReasonRow] = &[
    failure("DATA_APPLICATION_ADDRESS", Reason::AddressMismatch, b"yy"),
    failure("DATA_APPLICATION_DATA", Reason::DataMismatch, b"yy"),
    failure("DATA_ID_EXPIRED", Reason::DocumentExpired, b"ny"),
    failure("OTHER_ABUSE", Reason::Abuse, b"ny"),
    failure("OTHER_MISCELLANEOUS_PERMANENT", Reason::Other, b"y-"),
    failure("OTHER_MISCELLANEOUS_TEMPORARY", Reason::Other, b"n-"),
    failure("OTHER_TEST", Reason::Test, b"n-"),
    // Its cells cannot be distinguished from its neighbours'. Without a value, no person is turned
    // away permanently.
    failure("STALLED_TIMEOUT", Reason::TimedOut, b"--"),
    failure("TECH_AUDIO", Reason::PoorAudio, b"ny"),
    failure("TECH_DISCONNECTED_VIDEO", Reason::ConnectionLost, b"ny"),
    failure("TECH_DISCONNECTED_WEBSOCKET", Reason::ConnectionLost, b"ny"),
    failure("TECH_HOLOGRAM", Reason::SecurityFeatureNotVisible, b"ny"),
    failure("TECH_ID_TYPE", Reason::DocumentNotSupported, b"ny"),
    failure("TECH_IDENT_CODE_DELIVERY", Reason::CodeNotDelivered, b"ny"),
    failure("TECH_INTERNAL_SERVER_ERROR", Reason::VendorError, b"nn"),
    failure("TECH_INTERNET_CONNECTION", Reason::PoorConnection, b"ny"),
    failure("TECH_LIGHTING", Reason::PoorLighting, b"ny"),
    failure("TECH_PHOTO", Reason::PoorPhoto, b"ny"),
    failure("TECH_TIMEOUT", Reason::TimedOut, b"ny"),
    failure("TECH_VIDEO", Reason::PoorVideo, b"ny"),
    failure("USER_ABORT_WHILE_WAITING", Reason::LeftWhileWaiting, b"ny"),
    failure("USER_CANCELLATION", Reason::CanceledByPerson, b"ny"),
    failure("USER_ID_NUMBER", Reason::DocumentNumberWrong, b"ny"),
    failure("USER_IDENT_CODE", Reason::CodeWrong, b"ny"),
    failure("USER_LANGUAGE", Reason::LanguageNotSupported, b"yy"),
    failure("USER_NO_ID", Reason::DocumentMissing, b"ny"),
    failure("USER_WRONG_PERSON", Reason::WrongPerson, b"ny"),

    // The table has WARNING_SOCIAL_ENGINEERING, its example USER_SOCIAL_ENGINEERING.
    fraud("WARNING_SOCIAL_ENGINEERING", Reason::SocialEngineering, CheckKind::Fraud),
    fraud("USER_SOCIAL_ENGINEERING", Reason::SocialEngineering, CheckKind::Fraud),
    fraud("WARNING_ID_MANIPULATION", Reason::DocumentManipulated, CheckKind::DocumentAuthenticity),
    fraud("WARNING_FAKE_ID", Reason::DocumentForged, CheckKind::DocumentAuthenticity),
    fraud("WARNING_PHOTO", Reason::FaceMismatch, CheckKind::FaceMatch),
    fraud("WARNING_DESCRIPTION", Reason::DescriptionMismatch, CheckKind::Fraud),
    fraud("WARNING_BEHAVIOUR", Reason::SuspiciousBehaviour, CheckKind::Fraud),
    fraud("WARNING_INCONSISTENT_DATA", Reason::DocumentDataInconsistent, CheckKind::DocumentData),
    fraud("WARNING_WRONG_CHECKSUM", Reason::DocumentChecksumWrong, CheckKind::DocumentData),

    // AutoIdent: the document's picture.
    seen("ID_BLURRY", Reason::DocumentBlurry),
    seen("ID_GLARE", Reason::DocumentGlare),
    seen("ID_DARKNESS", Reason::DocumentTooDark),
    seen("ID_DATA_COVERED", Reason::DocumentCovered),
    seen("ID_PERSPECTIVE", Reason::DocumentPerspective),
    seen("ID_DATA", Reason::DocumentUnreadable),
    seen("ID_DATA_OTHER", Reason::DocumentUnreadable),
    seen("ID_NOT_SUPPORTED", Reason::DocumentNotSupported),
    seen("ID_EXPIRED", Reason::DocumentExpired),
    seen("ID_WRONG_SIDE", Reason::DocumentWrongSide),
    seen("ID_OUTWORN", Reason::DocumentWornOut),
    seen("ID_HAS_STICKER", Reason::DocumentHasSticker),
    seen("ID_WRITTEN_ON", Reason::DocumentWrittenOn),
    seen("ID_BROKEN", Reason::DocumentBroken),
    seen("ID_DAMAGED", Reason::DocumentDamaged),
    seen("ID_DAMAGED_OTHER", Reason::DocumentDamaged),
    seen("ID_OTHER", Reason::DocumentOther),
    // AutoIdent: security features.
    seen("ID_SECURITY_FEATURE_NOT_VISIBLE_NOT_FRAUD", Reason::SecurityFeatureNotVisible),
    seen("ID_SECURITY_FEATURE_VIDEO_SHORT", Reason::SecurityFeatureVideoTooShort),
    seen("ID_SECURITY_FEATURE_VIDEO_CANNOT_BE_PLAYED", Reason::SecurityFeatureVideoUnplayable),
    seen("ID_SECURITY_FEATURE_VIDEO_FILE_MISSING", Reason::SecurityFeatureVideoMissing),
    seen("ID_SECURITY_FEATURE_OTHER", Reason::SecurityFeatureOther),
    // AutoIdent: a second document.
    seen("ID_SECOND_DOCUMENT", Reason::SecondDocumentOther),
    seen("ID_SECOND_DOCUMENT_BAD_PHOTO_QUALITY", Reason::SecondDocumentUnreadable),
    seen("ID_SECOND_DOCUMENT_DAMAGED", Reason::SecondDocumentDamaged),
    seen("ID_SECOND_DOCUMENT_EXPIRED", Reason::SecondDocumentExpired),
    seen("ID_SECOND_DOCUMENT_OTHER", Reason::SecondDocumentOther),
    seen("ID_NEED_ADDITIONAL_DOCUMENT", Reason::SecondDocumentMissing),
    seen("USER_INVOICE_MISSING", Reason::ProofOfAddressMissing),
    // AutoIdent: the selfie.
    seen("USER_OBSCURED", Reason::FaceCovered),
    seen("SELFIE_BLURRY", Reason::SelfieBlurry),
    seen("SELFIE_GLARE", Reason::SelfieGlare),
    seen("SELFIE_DARKNESS", Reason::SelfieTooDark),
    seen("SELFIE_PERSPECTIVE", Reason::SelfiePerspective),
    seen("SELFIE_OTHER", Reason::SelfieOther),
    // AutoIdent: the procedure.
    seen("IDENT_CANNOT_BE_COMPLETED", Reason::CannotBeCompleted),
    seen("IDENT_DISPLAY_ERROR", Reason::DisplayError),
    seen("IDENT_OTHER", Reason::Other),
    // AutoIdent, earlier.
    seen("BAD_PHOTO_QUALITY", Reason::PoorPhoto),
    seen("PHOTO_OTHER", Reason::PoorPhoto),
    seen("USER_ID", Reason::DocumentOther),
    seen("OTHER_ERROR", Reason::Other),
    // Signing.
    signing("TSP_WRONG_CONFIRMATION_TOKEN", Reason::SigningCodeWrong),
    signing("TSP_SIGNING_FAILED", Reason::SigningFailed),
    signing("TSP_CERTIFICATE_EXPIRED", Reason::SigningCertificateExpired),
];

/// Returns the row of a code.
pub(super) fn find(code: &str) -> Option<&'static ReasonRow> {
    REASONS.iter().find(|row| row.code == code)
}
