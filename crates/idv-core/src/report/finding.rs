//! The checks, reasons and evidence in a report.

use serde::{Deserialize, Serialize};

use crate::id::EvidenceId;
use crate::pii::{self, Pii};

/// One check and its result.
///
/// ```
/// use idv_core::report::{Check, CheckKind, CheckResult};
///
/// let check = Check::new(CheckKind::FaceMatch, CheckResult::Passed).with_code("FACE_OK");
/// assert_eq!(check.result, CheckResult::Passed);
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Check {
    /// The kind of the check.
    pub kind: CheckKind,
    /// The result of the check.
    pub result: CheckResult,
    /// The vendor's confidence, from 0 to 1, if it states one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The vendor's code, verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The parts of this check, if the vendor breaks it down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Self>,
}

impl Check {
    /// Creates a check from its kind and result.
    ///
    /// ```
    /// # use idv_core::report::{Check, CheckKind, CheckResult};
    /// let check = Check::new(CheckKind::Liveness, CheckResult::Failed);
    /// assert!(check.code.is_none() && check.checks.is_empty());
    /// ```
    #[must_use]
    pub const fn new(kind: CheckKind, result: CheckResult) -> Self {
        Self {
            kind,
            result,
            score: None,
            code: None,
            checks: Vec::new(),
        }
    }

    /// Sets the vendor's code.
    ///
    /// ```
    /// # use idv_core::report::{Check, CheckKind, CheckResult};
    /// let check = Check::new(CheckKind::FaceMatch, CheckResult::Passed).with_code("FACE_OK");
    /// assert_eq!(check.code.as_deref(), Some("FACE_OK"));
    /// ```
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}

/// The kind of a check, stated as the fact that it confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CheckKind {
    /// The document is genuine.
    DocumentAuthenticity,
    /// The document has not expired.
    DocumentExpiry,
    /// The document's data are consistent.
    DocumentData,
    /// The sides of the document belong together.
    DocumentSides,
    /// The face matches the photograph on the document.
    FaceMatch,
    /// A live person was present.
    Liveness,
    /// The same person completed every step.
    SamePerson,
    /// The person has the required age.
    Age,
    /// The document has the requested number.
    RequestedNumber,
    /// There is no indication of fraud.
    Fraud,
    /// The vendor's app found no risk on the person's device.
    Device,
    /// The person signed the documents.
    Signature,
    /// A trained agent reviewed the verification.
    AgentReview,
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CheckResult {
    /// The check passed.
    Passed,
    /// The check failed.
    Failed,
    /// The check had no clear result.
    Inconclusive,
    /// The check was not performed, or not yet.
    NotPerformed,
}

/// A reason for the outcome of a verification, as reported by the vendor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Finding {
    /// The reason in the shared vocabulary.
    pub reason: Reason,
    /// The vendor's code, verbatim.
    pub code: String,
    /// The vendor's explanation, which may name the person.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub text: Option<Pii<String>>,
    /// Whether a retry is pointless, if the vendor says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permanent: Option<bool>,
    /// Whether the person caused the failure, if the vendor's document says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_person: Option<bool>,
}

impl Finding {
    /// Creates a reason with the vendor's code for it.
    ///
    /// ```
    /// use idv_core::report::{Finding, Reason};
    ///
    /// let finding = Finding::new(Reason::DocumentExpired, "DOCUMENT_EXPIRED");
    /// assert_eq!(finding.code.as_str(), "DOCUMENT_EXPIRED");
    /// ```
    #[must_use]
    pub fn new(reason: Reason, code: impl Into<String>) -> Self {
        Self {
            reason,
            code: code.into(),
            text: None,
            permanent: None,
            by_person: None,
        }
    }
}

macro_rules! reasons {
    ($($variant:ident $name:literal $doc:literal;)*) => {
        /// A reason for a failed or repeated verification, in a vocabulary that all vendors share.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum Reason {
            $(#[doc = $doc] #[serde(rename = $name)] $variant,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the name in JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

reasons! {
    DocumentBlurry "document_blurry" "The document's picture is blurry.";
    DocumentGlare "document_glare" "The document's picture has glare.";
    DocumentTooDark "document_too_dark" "The document's picture is too dark.";
    DocumentCovered "document_covered" "Something covers data on the document.";
    DocumentPerspective "document_perspective" "The document was held at an angle that hides data.";
    DocumentUnreadable "document_unreadable" "Data on the document are unreadable for another reason.";
    DocumentNotSupported "document_not_supported" "This document is not accepted.";
    DocumentExpired "document_expired" "The document has expired.";
    DocumentWrongSide "document_wrong_side" "The wrong side of the document was shown.";
    DocumentWornOut "document_worn_out" "The document is worn out.";
    DocumentHasSticker "document_has_sticker" "A sticker on the document is not acceptable.";
    DocumentWrittenOn "document_written_on" "There is writing on the document.";
    DocumentBroken "document_broken" "The document is broken.";
    DocumentDamaged "document_damaged" "The document is damaged in another way.";
    DocumentMissing "document_missing" "The person has no document at hand.";
    DocumentForged "document_forged" "The document is a forgery.";
    DocumentManipulated "document_manipulated" "A genuine document was altered.";
    DocumentDataInconsistent "document_data_inconsistent" "The document's data contradict each other.";
    DocumentChecksumWrong "document_checksum_wrong" "A check digit of the document is wrong.";
    DocumentNumberWrong "document_number_wrong" "The document number was entered incorrectly, or is not the requested one.";
    DocumentSidesMismatch "document_sides_mismatch" "The document's sides do not belong together.";
    DocumentOther "document_other" "Something else is wrong with the document.";
    SecurityFeatureNotVisible "security_feature_not_visible" "A security feature is not visible; there is no indication of fraud.";
    SecurityFeatureVideoTooShort "security_feature_video_too_short" "The video of the security features is too short.";
    SecurityFeatureVideoUnplayable "security_feature_video_unplayable" "The video of the security features cannot be played.";
    SecurityFeatureVideoMissing "security_feature_video_missing" "The video of the security features is missing.";
    SecurityFeatureOther "security_feature_other" "Something else is wrong with the video of the security features.";
    SecondDocumentMissing "second_document_missing" "A second document was required and is missing.";
    SecondDocumentUnreadable "second_document_unreadable" "The second document's picture is not good enough.";
    SecondDocumentDamaged "second_document_damaged" "The second document is damaged.";
    SecondDocumentExpired "second_document_expired" "The second document has expired.";
    SecondDocumentOther "second_document_other" "Something else is wrong with the second document.";
    ProofOfAddressMissing "proof_of_address_missing" "A proof of address was required and is missing.";
    FaceCovered "face_covered" "The face is covered.";
    SelfieBlurry "selfie_blurry" "The selfie is blurry.";
    SelfieGlare "selfie_glare" "The selfie has glare.";
    SelfieTooDark "selfie_too_dark" "The selfie is too dark.";
    SelfiePerspective "selfie_perspective" "The selfie was taken at an angle that prevents comparison.";
    SelfieOther "selfie_other" "Something else is wrong with the selfie.";
    FaceMismatch "face_mismatch" "The face does not match the photograph on the document.";
    LivenessFailed "liveness_failed" "No live person was detected, or not the same person throughout.";
    WrongPerson "wrong_person" "Another person than the applicant took part; there is no indication of fraud.";
    Underage "underage" "The person is too young.";
    AddressMismatch "address_mismatch" "The submitted address differs from that on the document.";
    DataMismatch "data_mismatch" "The submitted data differ from those on the document.";
    DescriptionMismatch "description_mismatch" "The person does not match the description on the document.";
    SocialEngineering "social_engineering" "The person was tricked into identifying themselves.";
    SuspiciousBehaviour "suspicious_behaviour" "The person behaved suspiciously.";
    Abuse "abuse" "The procedure was abused.";
    PoorAudio "poor_audio" "The audio quality was too low.";
    PoorVideo "poor_video" "The video quality was too low.";
    PoorPhoto "poor_photo" "The quality of the photographs was too low.";
    PoorLighting "poor_lighting" "The lighting was too poor.";
    PoorConnection "poor_connection" "The person's connection was too poor.";
    ConnectionLost "connection_lost" "The connection was lost.";
    CodeNotDelivered "code_not_delivered" "A code could not be delivered to the person.";
    CodeWrong "code_wrong" "The person entered a wrong code too often.";
    LanguageNotSupported "language_not_supported" "No agent speaks the person's language.";
    LeftWhileWaiting "left_while_waiting" "The person left while waiting for an agent.";
    CanceledByPerson "canceled_by_person" "The person canceled the verification.";
    TimedOut "timed_out" "The verification timed out.";
    CannotBeCompleted "cannot_be_completed" "The identification cannot be completed for a technical reason.";
    DisplayError "display_error" "The agent could not see the submitted data for a technical reason.";
    VendorError "vendor_error" "The vendor had an internal error.";
    SigningCodeWrong "signing_code_wrong" "The code that confirms a signature was wrong.";
    SigningFailed "signing_failed" "Signing failed.";
    SigningCertificateExpired "signing_certificate_expired" "The certificate expired before everything was signed.";
    Test "test" "The verification was a test.";
    Other "other" "The vendor reported another reason.";
    Unknown "unknown" "The adapter does not know the vendor's code.";
}

/// An image, recording or file that the vendor stores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Evidence {
    /// The identifier for the download.
    pub id: EvidenceId,
    /// The content of the evidence.
    pub kind: EvidenceKind,
    /// The media type, such as `image/jpeg`, if the vendor or the file name indicates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// The file name. It may contain references and custom data, so it is treated as personal data.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub name: Option<Pii<String>>,
}

impl Evidence {
    /// Creates a piece of evidence.
    ///
    /// ```
    /// use idv_core::EvidenceId;
    /// use idv_core::report::{Evidence, EvidenceKind};
    ///
    /// let front = Evidence::new(EvidenceId::new("images/front.jpg"), EvidenceKind::DocumentFront);
    /// assert!(front.media_type.is_none());
    /// ```
    #[must_use]
    pub const fn new(id: EvidenceId, kind: EvidenceKind) -> Self {
        Self {
            id,
            kind,
            media_type: None,
            name: None,
        }
    }

    /// Sets the media type.
    ///
    /// ```
    /// use idv_core::EvidenceId;
    /// use idv_core::report::{Evidence, EvidenceKind};
    ///
    /// let front = Evidence::new(EvidenceId::new("images/front.jpg"), EvidenceKind::DocumentFront)
    ///     .with_media_type("image/jpeg");
    /// assert_eq!(front.media_type.as_deref(), Some("image/jpeg"));
    /// ```
    #[must_use]
    pub fn with_media_type(mut self, media_type: &str) -> Self {
        self.media_type = Some(media_type.to_owned());
        self
    }
}

/// The content of a piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EvidenceKind {
    /// The front of the document.
    DocumentFront,
    /// The back of the document.
    DocumentBack,
    /// The photograph on the document.
    Portrait,
    /// The person's face.
    Selfie,
    /// A security feature of the document.
    SecurityFeature,
    /// A video recording.
    Video,
    /// An audio recording.
    Audio,
    /// The vendor's report as a document.
    ReportPdf,
    /// A document that the person signed.
    SignedDocument,
    /// Other content.
    Other,
}
