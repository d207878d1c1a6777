//! What a vendor checked, why it came out as it did, and what it kept as evidence.

use serde::{Deserialize, Serialize};

use crate::id::EvidenceId;
use crate::pii::{self, Pii};

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Check {
    /// What was checked.
    pub kind: CheckKind,
    /// What came of it.
    pub result: CheckResult,
    /// How sure the vendor is, from 0 to 1, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The vendor's code, verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The checks that this one consists of, if the vendor breaks it down.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Self>,
}

impl Check {
    /// Returns a check with its result.
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

    /// The same with the vendor's code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }
}

/// What was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CheckKind {
    /// The document is genuine.
    DocumentAuthenticity,
    /// The document has not expired.
    DocumentExpiry,
    /// The document's data agree with each other.
    DocumentData,
    /// The document's sides belong together.
    DocumentSides,
    /// The face is the one on the document.
    FaceMatch,
    /// A living person was there.
    Liveness,
    /// One and the same person did every step.
    SamePerson,
    /// The person has the required age.
    Age,
    /// The document has the number that was asked for.
    RequestedNumber,
    /// Nothing points to fraud.
    Fraud,
    /// The checks that the vendor's app runs on the person's device raised no alarm.
    Device,
    /// The person signed what was to be signed.
    Signature,
    /// A trained person reviewed the whole.
    AgentReview,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CheckResult {
    /// It holds.
    Passed,
    /// It does not hold.
    Failed,
    /// It could not be told.
    Inconclusive,
    /// It was not done, or not yet.
    NotPerformed,
}

/// Why a verification came out as it did: one reason as the vendor gave it.
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
    /// Whether trying again cannot help, where the vendor says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permanent: Option<bool>,
    /// Whether the person brought it about, if the vendor's document says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_person: Option<bool>,
}

impl Finding {
    /// A reason with the vendor's code for it.
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
        /// Why a verification failed, or had to be tried again, in words that all vendors share.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum Reason {
            $(#[doc = $doc] #[serde(rename = $name)] $variant,)*
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The reason as it stands in JSON.
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
    DocumentUnreadable "document_unreadable" "Data on the document cannot be read, for another reason.";
    DocumentNotSupported "document_not_supported" "This document is not accepted.";
    DocumentExpired "document_expired" "The document has expired.";
    DocumentWrongSide "document_wrong_side" "The wrong side of the document was shown.";
    DocumentWornOut "document_worn_out" "The document is worn out.";
    DocumentHasSticker "document_has_sticker" "A sticker on the document is not acceptable.";
    DocumentWrittenOn "document_written_on" "Somebody wrote on the document.";
    DocumentBroken "document_broken" "The document is broken.";
    DocumentDamaged "document_damaged" "The document is damaged in another way.";
    DocumentMissing "document_missing" "The person has no document at hand.";
    DocumentForged "document_forged" "The document is a forgery.";
    DocumentManipulated "document_manipulated" "A genuine document was altered.";
    DocumentDataInconsistent "document_data_inconsistent" "The document's data contradict each other.";
    DocumentChecksumWrong "document_checksum_wrong" "A check digit of the document is wrong.";
    DocumentNumberWrong "document_number_wrong" "The document's number was given wrongly, or is another than was asked for.";
    DocumentSidesMismatch "document_sides_mismatch" "The document's sides do not belong together.";
    DocumentOther "document_other" "Something else is wrong with the document.";
    SecurityFeatureNotVisible "security_feature_not_visible" "A security feature cannot be seen; nothing points to fraud.";
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
    FaceMismatch "face_mismatch" "The face is not the one on the document.";
    LivenessFailed "liveness_failed" "No living person was seen, or not one and the same.";
    WrongPerson "wrong_person" "Somebody else than the applicant took part; nothing points to fraud.";
    Underage "underage" "The person is too young.";
    AddressMismatch "address_mismatch" "The submitted address is not the document's.";
    DataMismatch "data_mismatch" "The submitted data are not the document's.";
    DescriptionMismatch "description_mismatch" "The person does not look as the document describes.";
    SocialEngineering "social_engineering" "The person was tricked into identifying themselves.";
    SuspiciousBehaviour "suspicious_behaviour" "The person behaved suspiciously.";
    Abuse "abuse" "The procedure was abused.";
    PoorAudio "poor_audio" "The sound was not good enough.";
    PoorVideo "poor_video" "The video was not good enough.";
    PoorPhoto "poor_photo" "The photographs were not good enough.";
    PoorLighting "poor_lighting" "There was not enough light.";
    PoorConnection "poor_connection" "The person's connection was not good enough.";
    ConnectionLost "connection_lost" "The connection broke.";
    CodeNotDelivered "code_not_delivered" "A code could not be delivered to the person.";
    CodeWrong "code_wrong" "The person entered a code wrongly too often.";
    LanguageNotSupported "language_not_supported" "No agent speaks the person's language.";
    LeftWhileWaiting "left_while_waiting" "The person left while waiting for an agent.";
    CanceledByPerson "canceled_by_person" "The person called it off.";
    TimedOut "timed_out" "It took too long.";
    CannotBeCompleted "cannot_be_completed" "For a technical reason the identification cannot be completed.";
    DisplayError "display_error" "For a technical reason the agent could not see what was submitted.";
    VendorError "vendor_error" "Something broke at the vendor.";
    SigningCodeWrong "signing_code_wrong" "The code that confirms a signature was wrong.";
    SigningFailed "signing_failed" "Signing failed.";
    SigningCertificateExpired "signing_certificate_expired" "The certificate expired before everything was signed.";
    Test "test" "It was a test.";
    Other "other" "The vendor says that it is another reason.";
    Unknown "unknown" "The vendor's code is not known here.";
}

/// One image, recording or file that the vendor keeps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Evidence {
    /// What to download it by.
    pub id: EvidenceId,
    /// What it shows.
    pub kind: EvidenceKind,
    /// Its media type, such as `image/jpeg`, where the vendor says so or its name does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Its file name. Names are built from references and custom data, so they are treated as personal.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "pii::exposed"
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub name: Option<Pii<String>>,
}

impl Evidence {
    /// A piece of evidence.
    #[must_use]
    pub const fn new(id: EvidenceId, kind: EvidenceKind) -> Self {
        Self {
            id,
            kind,
            media_type: None,
            name: None,
        }
    }

    /// Returns the same with a media type.
    #[must_use]
    pub fn with_media_type(mut self, media_type: &str) -> Self {
        self.media_type = Some(media_type.to_owned());
        self
    }
}

/// What a piece of evidence shows.
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
    /// A recording with pictures.
    Video,
    /// A recording of sound.
    Audio,
    /// The vendor's report as a document.
    ReportPdf,
    /// A document that the person signed.
    SignedDocument,
    /// Something else.
    Other,
}
