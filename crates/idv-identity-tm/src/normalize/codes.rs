//! The document's tables of codes (chapters 3.2.3 and 3.2.3.1), with their meanings in the model.
//!
//! Each row is a row of the document. No other module knows a code by its number.

use idv_core::report::{CheckKind, Reason};
use idv_core::{Outcome, Status};

/// A status code (chapter 3.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KindRow {
    /// The code.
    pub code: u32,
    /// The meaning in the table's words.
    pub meaning: &'static str,
    /// Whether the code ends an identification: the column "Final non-eSign".
    pub final_identification: bool,
    /// Whether the code ends a signing order: the column "Final eSign".
    pub final_esign: bool,
    /// Whether only the variant `/ExtendedList` of `getStatus` returns the code.
    pub extended: bool,
    /// The outcome of an order that the code ends.
    pub outcome: Option<Outcome>,
    /// The state of an order that the code does not end, or `None` if it tells none, such as a sent
    /// message.
    pub state: Option<Status>,
    /// The reason for which an order ends or must be repeated, if the code tells one.
    pub reason: Option<Reason>,
    /// Whether another attempt cannot succeed, if the document tells.
    pub permanent: Option<bool>,
    /// Whether the person caused the event, if the document tells.
    pub by_person: Option<bool>,
    /// The check that the code fails; for suspicions of fraud.
    pub failed: Option<CheckKind>,
    /// Whether the vendor's text beside the code explains why the order ended or stopped.
    pub explained: bool,
}

/// A sub-status code (chapter 3.2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubKindRow {
    /// The status code to which it belongs.
    pub kind: u32,
    /// The sub-status code.
    pub sub_kind: u32,
    /// The meaning in the table's words, abridged for code 153.
    pub meaning: &'static str,
    /// The reason for which an order ends or must be repeated, if the code tells one.
    pub reason: Option<Reason>,
    /// The check that the code fails.
    pub failed: Option<CheckKind>,
}

/// Returns the row of a status code.
///
/// ```
/// use idv_identity_tm::normalize::find_kind;
///
/// let row = find_kind(84).expect("a code of the table");
/// assert_eq!(row.meaning, "Document signed");
/// assert!(row.final_esign && !row.final_identification);
/// assert!(find_kind(4711).is_none());
/// ```
#[must_use]
pub fn find_kind(code: u32) -> Option<&'static KindRow> {
    let index = KINDS.binary_search_by_key(&code, |row| row.code).ok()?;
    KINDS.get(index)
}

/// Returns the row of a sub-status code.
///
/// ```
/// use idv_identity_tm::normalize::find_sub_kind;
///
/// let row = find_sub_kind(21, 42).expect("a code of the table");
/// assert_eq!(row.meaning, "Identification document expired");
/// assert!(find_sub_kind(21, 4711).is_none());
/// ```
#[must_use]
pub fn find_sub_kind(kind: u32, sub_kind: u32) -> Option<&'static SubKindRow> {
    let index = SUB_KINDS
        .binary_search_by_key(&(kind, sub_kind), |row| (row.kind, row.sub_kind))
        .ok()?;
    SUB_KINDS.get(index)
}

/// Returns whether the sub-status codes of a status code are reasons.
pub(super) fn has_reasons(kind: u32) -> bool {
    SUB_KINDS
        .iter()
        .any(|row| row.kind == kind && row.reason.is_some())
}

/// Creates a row from the table's columns: final for identifications, final for signatures,
/// extended, each `Y` or `N`.
const fn row(code: u32, columns: &[u8; 3], meaning: &'static str) -> KindRow {
    let [final_identification, final_esign, extended] = *columns;
    KindRow {
        code,
        meaning,
        final_identification: final_identification == b'Y',
        final_esign: final_esign == b'Y',
        extended: extended == b'Y',
        outcome: None,
        state: None,
        reason: None,
        permanent: None,
        by_person: None,
        failed: None,
        explained: false,
    }
}

impl KindRow {
    /// Returns whether the person was identified, which ends an identification and is a step
    /// towards a signature.
    pub(super) fn is_identified(&self) -> bool {
        self.outcome == Some(Verified) && self.final_identification
    }

    /// Returns whether a document was signed.
    pub(super) fn is_signed(&self) -> bool {
        self.outcome == Some(Verified) && !self.final_identification
    }

    /// Returns whether the vendor has the data ready.
    pub(super) const fn is_data_ready(&self) -> bool {
        self.code == DATA_READY
    }

    const fn ends(self, outcome: Outcome) -> Self {
        // A text beside a negative end is its reason.
        Self {
            outcome: Some(outcome),
            explained: !matches!(outcome, Verified),
            ..self
        }
    }

    const fn explained(self) -> Self {
        Self {
            explained: true,
            ..self
        }
    }

    const fn by_person(self) -> Self {
        Self {
            by_person: Some(true),
            ..self
        }
    }

    const fn tells(self, state: Status) -> Self {
        Self {
            state: Some(state),
            ..self
        }
    }

    const fn because(self, reason: Reason) -> Self {
        Self {
            reason: Some(reason),
            ..self
        }
    }

    const fn permanent(self, permanent: bool) -> Self {
        Self {
            permanent: Some(permanent),
            ..self
        }
    }

    const fn suspects(self, failed: CheckKind) -> Self {
        Self {
            failed: Some(failed),
            ..self
        }
        .tells(Status::InReview {
            leaning: Some(Rejected),
        })
    }
}

use Outcome::{Canceled, Expired, Rejected, Verified};
use Status::{AwaitingPerson, InProgress};

const REVIEW: Status = Status::InReview { leaning: None };

/// The data of the order are ready.
const DATA_READY: u32 = 80;

/// Every status code of the document, sorted. The vendor's list is open: an unknown code changes
/// nothing, and is kept.
///
/// The document does not define how some codes affect an order. The adapter decides:
///
/// - 29 is not final by the table. By the text, in a signing process "there will be no way to
///   finish the order and a new order needs to be created", so it ends a signing order as
///   inconclusive if it is the latest state. Later codes override it.
/// - 80 says that data are ready, which is not a state: with 6 or 84 the order is over, without
///   them it is open.
/// - 12, 55, 56, 57, 70: the person was not reached and has not begun. The same applies after a
///   change of procedure (68, 73, 74, 98), an abort (21, 53, 153) and an impossible procedure
///   (109).
/// - 89 and 20000 to 20003 are suspicions of fraud, which later codes do not erase. Without an end
///   they are a review that leans to a rejection; 89 alone is not an end by the table, although
///   chapter 3.10.1 calls it a "final status from video". If the data are ready (80) and a
///   suspected person was never identified, the vendor has finished without a judgement: disputed.
#[rustfmt::skip]
pub static KINDS: &[KindRow] = &[
    // Identified; the documents must still be signed.
    row(6, b"YNN", "Identification positively conducted").ends(Verified).tells(InProgress),
    row(7, b"NNY", "E-mail has been sent"),
    row(11, b"NNN", "Order is being processed by QM").tells(REVIEW),
    row(12, b"NNN", "Customer could not be reached by phone").tells(AwaitingPerson).because(Reason::Other),
    row(14, b"NNN", "Document sent to client").tells(AwaitingPerson),
    row(16, b"YYN", "Identification refused by customer").ends(Canceled).because(Reason::CanceledByPerson).by_person(),
    row(17, b"YYN", "Identification negatively conducted").ends(Rejected),
    row(21, b"NNN", "The processing was aborted").tells(AwaitingPerson).explained(),
    row(22, b"YYN", "The processing was terminated").ends(Canceled),
    row(23, b"NNY", "Document verified"),
    row(24, b"NNY", "Document erroneous in postprocessing").because(Reason::DocumentOther),
    row(25, b"NNY", "Order initialized").tells(AwaitingPerson),
    row(29, b"NNY", "Uncorrectable error in external system")
        .tells(InProgress).because(Reason::VendorError).permanent(true),
    row(30, b"NNN", "Order has been processed by QM").tells(REVIEW),
    row(49, b"NNY", "eID IDapp link created").tells(AwaitingPerson),
    row(50, b"NNY", "eID IDapp request").tells(InProgress),
    row(51, b"NNY", "eID data gathered").tells(InProgress),
    row(53, b"NNY", "eID aborted/not possible").tells(AwaitingPerson).explained(),
    row(54, b"NNY", "Support"),
    row(55, b"NNN", "Customer could not be reached by phone").tells(AwaitingPerson).because(Reason::Other),
    row(56, b"NNN", "Phone number is incorrect").tells(AwaitingPerson).because(Reason::Other),
    row(57, b"NNN", "Identification not possible, customer was repeatedly not present at appointments")
        .tells(AwaitingPerson).because(Reason::Other),
    row(58, b"YYN", "Identification refused by customer by phone")
        .ends(Canceled).because(Reason::CanceledByPerson).by_person(),
    row(63, b"YYN", "Cancellation").ends(Canceled),
    row(68, b"NNN", "Change of procedure to Shop").tells(AwaitingPerson),
    row(70, b"NNY", "Spoken on answering machine").tells(AwaitingPerson),
    row(71, b"NNY", "SMS sent"),
    row(73, b"NNN", "Change of procedure to Video").tells(AwaitingPerson),
    row(74, b"NNY", "Change of procedure to eID").tells(AwaitingPerson),
    row(75, b"NNN", "Video identification conducted").tells(InProgress),
    row(77, b"NNY", "Video identification in waiting room").tells(InProgress),
    row(78, b"NNY", "Video identification call has begun").tells(InProgress),
    row(79, b"NNY", "Video identification call has been left").tells(InProgress),
    row(DATA_READY, b"NNN", "Identification data ready for pick-up"),
    row(83, b"NNY", "Document signature request").tells(InProgress),
    row(84, b"NYY", "Document signed").ends(Verified),
    row(87, b"NNN", "Request for new Order").explained(),
    row(89, b"NNY", "Possible fraud attempt by customer").suspects(CheckKind::Fraud).because(Reason::SuspiciousBehaviour),
    row(94, b"NNY", "eSign Account created"),
    row(95, b"NNY", "eSign Account verified"),
    row(96, b"NNY", "eSign Account already exists"),
    row(98, b"NNN", "Change of procedure to autoID").tells(AwaitingPerson),
    row(99, b"YYN", "TimeOut").ends(Expired).because(Reason::TimedOut),
    row(100, b"YYN", "TimeOut after identification").ends(Expired).because(Reason::TimedOut),
    row(101, b"NNY", "eSign documents verified and hashes generated").tells(InProgress),
    row(102, b"NNY", "eSign document preview").tells(InProgress),
    row(103, b"NYN", "eSign aborted").ends(Canceled),
    row(104, b"NNY", "Video ident waiting for verification").tells(REVIEW),
    row(105, b"NNY", "Ident is under verification").tells(REVIEW),
    row(106, b"NNY", "Video Ident verification positive").tells(Status::InReview { leaning: Some(Verified) }),
    row(107, b"NNY", "Video Ident verification data error found").tells(REVIEW).because(Reason::Other),
    row(108, b"NNY", "Video Ident verification negative")
        .tells(Status::InReview { leaning: Some(Rejected) }).because(Reason::Other),
    row(109, b"NNY", "autoID process not possible").tells(AwaitingPerson).because(Reason::CannotBeCompleted),
    row(139, b"NNY", "Correctable error in external system, please try")
        .tells(InProgress).because(Reason::VendorError).permanent(false),
    row(153, b"NNY", "autoID abort").tells(AwaitingPerson).explained(),
    row(10000, b"NNY", "no address verification").because(Reason::ProofOfAddressMissing),
    row(10001, b"NNY", "no additional document").because(Reason::SecondDocumentMissing),
    row(10002, b"NNY", "customer without identification document").because(Reason::DocumentMissing),
    row(10003, b"NNY", "photo resolution too low to read text").because(Reason::PoorPhoto),
    row(10004, b"NNY", "customer not present").because(Reason::LeftWhileWaiting),
    row(10005, b"NNY", "customer less than minimum age").because(Reason::Underage),
    row(10006, b"NNY", "poor lighting conditions").because(Reason::PoorLighting),
    row(10007, b"NNY", "identification document unrecognisable").because(Reason::DocumentUnreadable),
    row(10008, b"NNY", "Other cancellation reasons").because(Reason::Other),
    row(10009, b"NNY", "identical selfies or images").because(Reason::SelfieOther),
    // The driving licence is what chapter 3.2.3.1 calls an additional document (153/197).
    row(10010, b"NNY", "Paper driving licence not all pages visible in the photo").because(Reason::SecondDocumentUnreadable),
    row(20000, b"NNY", "Photo in document does not match person").suspects(CheckKind::FaceMatch).because(Reason::FaceMismatch),
    row(20001, b"NNY", "Document looks forged").suspects(CheckKind::DocumentAuthenticity).because(Reason::DocumentForged),
    row(20002, b"NNY", "Repetitive fraud attempt").suspects(CheckKind::Fraud).because(Reason::Abuse),
    row(20003, b"NNY", "Fraud attempt").suspects(CheckKind::Fraud).because(Reason::SuspiciousBehaviour),
    row(20004, b"NNY", "Negative according to test criteria").because(Reason::Other),
    row(20005, b"NNY", "Document not supported").because(Reason::DocumentNotSupported),
    row(20006, b"NNY", "Document expired").because(Reason::DocumentExpired),
    row(20007, b"NNY", "Document damaged").because(Reason::DocumentDamaged),
    row(20008, b"NNY", "Date of issue Driving licence class B not readable").because(Reason::SecondDocumentUnreadable),
    row(20009, b"NNY", "Driving licence expired").because(Reason::SecondDocumentExpired),
    row(20010, b"NNY", "Driving licence not supported").because(Reason::SecondDocumentOther),
    row(20011, b"NNY", "Driving licence damaged").because(Reason::SecondDocumentDamaged),
];

const fn sub(kind: u32, sub_kind: u32, meaning: &'static str) -> SubKindRow {
    SubKindRow {
        kind,
        sub_kind,
        meaning,
        reason: None,
        failed: None,
    }
}

const fn why(kind: u32, sub_kind: u32, reason: Reason, meaning: &'static str) -> SubKindRow {
    SubKindRow {
        reason: Some(reason),
        ..sub(kind, sub_kind, meaning)
    }
}

/// Every sub-status code of the document, sorted. The list "might grow at any point in time": an
/// unknown one is kept with [`Reason::Unknown`] if the sub-status codes of its status code are
/// reasons.
#[rustfmt::skip]
pub static SUB_KINDS: &[SubKindRow] = &[
    sub(6, 19, "Order with signed ident data"),

    sub(7, 10, "User left video call"),
    sub(7, 12, "Invitation to identification"),
    sub(7, 21, "Temporary cancellation / technical abort with retry option"),
    sub(7, 24, "Reminder"),
    sub(7, 25, "Final message"),
    sub(7, 28, "TAN"),
    sub(7, 33, "Shop invitation"),
    sub(7, 37, "Signature re-entry link"),
    sub(7, 55, "Identification appointment"),
    sub(7, 58, "eSign reminder"),

    why(17, 43, Reason::DocumentNotSupported, "Document not supported"),
    why(17, 48, Reason::Other, "Identification criteria"),
    why(17, 61, Reason::CodeWrong, "TAN tried too often"),
    SubKindRow {
        failed: Some(CheckKind::FaceMatch),
        ..why(17, 72, Reason::FaceMismatch, "Identification document photo does not match person")
    },
    why(17, 73, Reason::DocumentOther, "Identification document invalid, expired, non-existent, or not permitted"),
    why(17, 74, Reason::ProofOfAddressMissing,
        "Address confirmation document invalid, expired, non-existent, or not permitted"),
    why(17, 75, Reason::SecondDocumentOther, "Driver's license invalid, expired, non-existent, or not permitted"),

    why(21, 14, Reason::PoorConnection, "Unable to establish video connection to user"),
    why(21, 15, Reason::PoorVideo, "Resolution too low to conduct video identification"),
    why(21, 18, Reason::PoorAudio, "Unable to establish audio connection to user"),
    why(21, 22, Reason::LeftWhileWaiting, "User not present"),
    why(21, 27, Reason::DocumentNotSupported, "Unsupported identification document"),
    why(21, 29, Reason::DataMismatch, "Identification data does not match"),
    why(21, 32, Reason::DocumentMissing, "User without identification document"),
    why(21, 34, Reason::LanguageNotSupported, "User speaks no supported language"),
    why(21, 36, Reason::Other, "Other reasons"),
    why(21, 38, Reason::DocumentDamaged, "Identification document damaged"),
    why(21, 39, Reason::PoorLighting, "Lighting conditions too poor to conduct identification"),
    why(21, 42, Reason::DocumentExpired, "Identification document expired"),
    why(21, 47, Reason::Other, "Negative due to identification criteria"),
    why(21, 50, Reason::DocumentMissing, "User unable to show any document"),
    why(21, 53, Reason::DocumentOther, "Type of identification document could not be determined"),
    why(21, 54, Reason::ProofOfAddressMissing, "No address verification possible"),

    sub(23, 20, "Order with signed ident data"),
    sub(23, 41, "As configured"),

    why(29, 63, Reason::SigningCertificateExpired, "The certificate associated with the key has expired"),
    why(29, 64, Reason::DataMismatch, "Existing Holder with different person data"),
    why(29, 65, Reason::Other,
        "Mobile number already assigned to another holder with a certificate that is still valid and has not revoked"),
    why(29, 76, Reason::Other, "Mobile number already assigned to another holder till a specific date"),

    why(58, 30, Reason::CanceledByPerson, "User is no longer interested in product"),

    sub(71, 16, "TAN"),
    sub(71, 17, "Namirial TAN"),
    sub(71, 23, "autoID"),
    sub(71, 44, "Sign-Me password"),
    sub(71, 46, "Reference"),
    sub(71, 49, "AES TAN"),
    sub(71, 56, "eSign re-entry TAN"),
    sub(71, 62, "eID TAN"),

    why(103, 79, Reason::SigningFailed, "PDF hashing failed"),

    why(139, 66, Reason::CodeNotDelivered, "Sending OTP TAN failed"),

    why(153, 176, Reason::DocumentBlurry, "The document is blurry: data cannot be read"),
    why(153, 177, Reason::DocumentGlare, "The document has glare: data cannot be read"),
    why(153, 178, Reason::DocumentTooDark, "The document's pictures are too dark"),
    why(153, 179, Reason::DocumentCovered, "The person covers data on the document"),
    why(153, 180, Reason::DocumentPerspective, "The document is held at an angle that hides data"),
    why(153, 181, Reason::DocumentUnreadable, "Data cannot be read for another reason"),
    why(153, 182, Reason::DocumentNotSupported, "The document is not supported for this use"),
    why(153, 183, Reason::DocumentExpired, "The document has expired"),
    why(153, 184, Reason::DocumentWrongSide, "The wrong side of the document was shown"),
    why(153, 185, Reason::DocumentWornOut, "The document is worn out"),
    why(153, 186, Reason::DocumentHasSticker, "The document has stickers that are not acceptable"),
    why(153, 187, Reason::DocumentWrittenOn, "The document was written on"),
    why(153, 188, Reason::DocumentBroken, "The document is broken"),
    why(153, 189, Reason::DocumentDamaged, "The document is damaged in another way"),
    why(153, 190, Reason::SecurityFeatureNotVisible, "Security features are not visible: the document was moved wrongly"),
    why(153, 191, Reason::SecurityFeatureVideoTooShort, "The video of the security features is too short"),
    why(153, 192, Reason::SecurityFeatureVideoUnplayable, "The video of the security features cannot be played"),
    why(153, 193, Reason::SecurityFeatureOther, "Something else is wrong with the video of the security features"),
    why(153, 194, Reason::SecondDocumentUnreadable, "The additional document's photo is not good enough"),
    why(153, 195, Reason::SecondDocumentDamaged, "The additional document is damaged"),
    why(153, 196, Reason::SecondDocumentExpired, "The additional document has expired"),
    why(153, 197, Reason::SecondDocumentMissing, "The additional document, a driver's licence for example, is missing"),
    why(153, 198, Reason::SecondDocumentOther, "Something else is wrong with the additional document"),
    why(153, 199, Reason::DocumentOther, "Something else is wrong with the document"),
    why(153, 200, Reason::ProofOfAddressMissing, "The proof of address is missing"),
    why(153, 201, Reason::FaceCovered, "The face is covered"),
    why(153, 202, Reason::SelfieBlurry, "The selfie is blurry"),
    why(153, 203, Reason::SelfieGlare, "The document's photo has glare: the selfie cannot be compared"),
    why(153, 204, Reason::SelfieTooDark, "The selfie is too dark"),
    why(153, 205, Reason::SelfiePerspective, "The selfie was taken at an angle that prevents comparison"),
    why(153, 206, Reason::SelfieOther, "Something else is wrong with the selfie"),
    why(153, 207, Reason::CannotBeCompleted, "For a technical reason the identification cannot be completed"),
    why(153, 208, Reason::DisplayError, "For a technical reason the submitted data cannot be seen"),
    why(153, 209, Reason::Other, "Another reason"),
];
