//! What each reason means, in the vocabulary that all vendors share.

use idv_core::report::{CheckKind, Reason};

/// One reason and what it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReasonRow {
    /// The vendor's word.
    pub code: &'static str,
    /// The reason in the shared vocabulary.
    pub reason: Reason,
    /// Whether trying again cannot help, where the vendor says so.
    pub permanent: Option<bool>,
    /// Whether the person caused it, where the vendor says so.
    pub by_person: Option<bool>,
    /// The check that it says has failed.
    pub failed_check: Option<CheckKind>,
    /// Where the word is described: a chapter of the document, or who has seen it.
    pub source: &'static str,
}

/// Every reason that is known. A word that is not here is kept verbatim as [`Reason::Unknown`].
#[rustfmt::skip]
pub const REASONS: &[ReasonRow] = &[
    // Fraud: the table of 13.1.1 has the prefix WARNING_, its example has USER_.
    fraud("WARNING_SOCIAL_ENGINEERING", Reason::SocialEngineering, CheckKind::Fraud),
    fraud("WARNING_ID_MANIPULATION", Reason::DocumentManipulated, CheckKind::DocumentAuthenticity),
    fraud("WARNING_FAKE_ID", Reason::DocumentForged, CheckKind::DocumentAuthenticity),
    fraud("WARNING_PHOTO", Reason::FaceMismatch, CheckKind::FaceMatch),
    fraud("WARNING_DESCRIPTION", Reason::DescriptionMismatch, CheckKind::Fraud),
    fraud("WARNING_BEHAVIOUR", Reason::SuspiciousBehaviour, CheckKind::Fraud),
    fraud("WARNING_INCONSISTENT_DATA", Reason::DocumentDataInconsistent, CheckKind::DocumentData),
    fraud("WARNING_WRONG_CHECKSUM", Reason::DocumentChecksumWrong, CheckKind::DocumentData),
    fraud("USER_SOCIAL_ENGINEERING", Reason::SocialEngineering, CheckKind::Fraud),

    // Failure: aborted and canceled identifications.
    failure("DATA_APPLICATION_ADDRESS", Reason::AddressMismatch, true, Some(true)),
    failure("DATA_APPLICATION_DATA", Reason::DataMismatch, true, Some(true)),
    failure("DATA_ID_EXPIRED", Reason::DocumentExpired, false, Some(true)),
    failure("OTHER_ABUSE", Reason::Abuse, false, Some(true)),
    failure("OTHER_MISCELLANEOUS_PERMANENT", Reason::Other, true, None),
    failure("OTHER_MISCELLANEOUS_TEMPORARY", Reason::Other, false, None),
    failure("OTHER_TEST", Reason::Test, false, None),
    failure("STALLED_TIMEOUT", Reason::TimedOut, true, Some(false)),
    failure("TECH_AUDIO", Reason::PoorAudio, false, Some(true)),
    failure("TECH_DISCONNECTED_VIDEO", Reason::ConnectionLost, false, Some(true)),
    failure("TECH_DISCONNECTED_WEBSOCKET", Reason::ConnectionLost, false, Some(true)),
    failure("TECH_HOLOGRAM", Reason::SecurityFeatureNotVisible, false, Some(true)),
    failure("TECH_ID_TYPE", Reason::DocumentNotSupported, false, Some(true)),
    failure("TECH_IDENT_CODE_DELIVERY", Reason::CodeNotDelivered, false, Some(true)),
    failure("TECH_INTERNAL_SERVER_ERROR", Reason::VendorError, false, Some(false)),
    failure("TECH_INTERNET_CONNECTION", Reason::PoorConnection, false, Some(true)),
    failure("TECH_LIGHTING", Reason::PoorLighting, false, Some(true)),
    failure("TECH_PHOTO", Reason::PoorPhoto, false, Some(true)),
    failure("TECH_TIMEOUT", Reason::TimedOut, false, Some(true)),
    failure("TECH_VIDEO", Reason::PoorVideo, false, Some(true)),
    failure("USER_ABORT_WHILE_WAITING", Reason::LeftWhileWaiting, false, Some(true)),
    failure("USER_CANCELLATION", Reason::CanceledByPerson, false, Some(true)),
    failure("USER_ID_NUMBER", Reason::DocumentNumberWrong, false, Some(true)),
    failure("USER_IDENT_CODE", Reason::CodeWrong, false, Some(true)),
    failure("USER_LANGUAGE", Reason::LanguageNotSupported, false, Some(true)),
    failure("USER_NO_ID", Reason::DocumentMissing, true, Some(true)),
    failure("USER_WRONG_PERSON", Reason::WrongPerson, false, Some(true)),

    // AutoIdent, not in the document.
    auto("ID_BLURRY", Reason::DocumentBlurry),
    auto("ID_GLARE", Reason::DocumentGlare),
    auto("ID_DARKNESS", Reason::DocumentTooDark),
    auto("ID_DATA_COVERED", Reason::DocumentCovered),
    auto("ID_PERSPECTIVE", Reason::DocumentPerspective),
    auto("ID_DATA", Reason::DocumentUnreadable),
    auto("ID_DATA_OTHER", Reason::DocumentUnreadable),
    auto("ID_NOT_SUPPORTED", Reason::DocumentNotSupported),
    auto("ID_EXPIRED", Reason::DocumentExpired),
    auto("ID_WRONG_SIDE", Reason::DocumentWrongSide),
    auto("ID_OUTWORN", Reason::DocumentWornOut),
    auto("ID_HAS_STICKER", Reason::DocumentHasSticker),
    auto("ID_WRITTEN_ON", Reason::DocumentWrittenOn),
    auto("ID_BROKEN", Reason::DocumentBroken),
    auto("ID_DAMAGED", Reason::DocumentDamaged),
    auto("ID_DAMAGED_OTHER", Reason::DocumentDamaged),
    auto("ID_OTHER", Reason::DocumentOther),
    auto("ID_SECURITY_FEATURE_NOT_VISIBLE_NOT_FRAUD", Reason::SecurityFeatureNotVisible),
    auto("ID_SECURITY_FEATURE_VIDEO_SHORT", Reason::SecurityFeatureVideoTooShort),
    auto("ID_SECURITY_FEATURE_VIDEO_CANNOT_BE_PLAYED", Reason::SecurityFeatureVideoUnplayable),
    auto("ID_SECURITY_FEATURE_VIDEO_FILE_MISSING", Reason::SecurityFeatureVideoMissing),
    auto("ID_SECURITY_FEATURE_OTHER", Reason::SecurityFeatureOther),
    auto("ID_SECOND_DOCUMENT", Reason::SecondDocumentOther),
    auto("ID_SECOND_DOCUMENT_BAD_PHOTO_QUALITY", Reason::SecondDocumentUnreadable),
    auto("ID_SECOND_DOCUMENT_DAMAGED", Reason::SecondDocumentDamaged),
    auto("ID_SECOND_DOCUMENT_EXPIRED", Reason::SecondDocumentExpired),
    auto("ID_SECOND_DOCUMENT_OTHER", Reason::SecondDocumentOther),
    auto("ID_NEED_ADDITIONAL_DOCUMENT", Reason::SecondDocumentMissing),
    auto("USER_INVOICE_MISSING", Reason::ProofOfAddressMissing),
    auto("USER_OBSCURED", Reason::FaceCovered),
    auto("SELFIE_BLURRY", Reason::SelfieBlurry),
    auto("SELFIE_GLARE", Reason::SelfieGlare),
    auto("SELFIE_DARKNESS", Reason::SelfieTooDark),
    auto("SELFIE_PERSPECTIVE", Reason::SelfiePerspective),
    auto("SELFIE_OTHER", Reason::SelfieOther),
    auto("IDENT_CANNOT_BE_COMPLETED", Reason::CannotBeCompleted),
    auto("IDENT_DISPLAY_ERROR", Reason::DisplayError),
    auto("IDENT_OTHER", Reason::Other),
    auto("TSP_WRONG_CONFIRMATION_TOKEN", Reason::SigningCodeWrong),
    auto("TSP_SIGNING_FAILED", Reason::SigningFailed),
    auto("TSP_CERTIFICATE_EXPIRED", Reason::SigningCertificateExpired),
    auto("BAD_PHOTO_QUALITY", Reason::PoorPhoto),
    auto("PHOTO_OTHER", Reason::PoorPhoto),
    auto("USER_ID", Reason::DocumentOther),
    auto("OTHER_ERROR", Reason::Other),
];

/// Chapter 13.1.1.
const fn fraud(code: &'static str, reason: Reason, failed: CheckKind) -> ReasonRow {
    ReasonRow { code, reason, permanent: None, by_person: None, failed_check: Some(failed), source: "13.1.1" }
}

/// Chapter 14.5.3, whose columns are "Permanent?" and "Caused by User?"; the latter is empty for the three `OTHER_` ones of its second part.
const fn failure(code: &'static str, reason: Reason, permanent: bool, by_person: Option<bool>) -> ReasonRow {
    ReasonRow { code, reason, permanent: Some(permanent), by_person, failed_check: None, source: "14.5.3" }
}

/// Seen in use with AutoIdent.
const fn auto(code: &'static str, reason: Reason) -> ReasonRow {
    ReasonRow { code, reason, permanent: None, by_person: None, failed_check: None, source: "seen in use" }
}

pub(super) fn find(code: &str) -> Option<&'static ReasonRow> {
    REASONS.iter().find(|row| row.code == code)
}
