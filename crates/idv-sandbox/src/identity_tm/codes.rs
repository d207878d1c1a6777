//! The status codes of 3.2.3 and their sub-status codes (3.2.3.1).

/// A row of the table in 3.2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Code {
    /// The code.
    pub(crate) kind: u32,
    /// Whether it ends an order for identification alone.
    pub(crate) ends_identification: bool,
    /// Whether it ends an order with a signature.
    pub(crate) ends_signing: bool,
    /// Whether only the variant `ExtendedList` contains it (3.2.2).
    pub(crate) extended: bool,
    /// The meaning, in a few words.
    pub(crate) meaning: &'static str,
}

/// Returns the row of a code, if the table has one.
pub(crate) fn code(kind: u32) -> Option<&'static Code> {
    CODES.iter().find(|code| code.kind == kind)
}

/// Returns whether the table of 3.2.3.1 has this sub-status of a status.
pub(crate) fn has_sub_kind(kind: u32, sub_kind: u32) -> bool {
    SUB_KINDS
        .iter()
        .any(|(known, sub_kinds)| *known == kind && sub_kinds.contains(&sub_kind))
}

const fn row(
    kind: u32,
    ends_identification: bool,
    ends_signing: bool,
    extended: bool,
    meaning: &'static str,
) -> Code {
    Code {
        kind,
        ends_identification,
        ends_signing,
        extended,
        meaning,
    }
}

const Y: bool = true;
const N: bool = false;

/// The table of 3.2.3, in its columns: kind, final for identification, final for eSign, extended,
/// meaning.
pub(crate) const CODES: [Code; 78] = [
    row(6, Y, N, N, "identification positive"),
    row(7, N, N, Y, "e-mail sent"),
    row(11, N, N, N, "in quality management"),
    row(12, N, N, N, "person not reached by phone"),
    row(14, N, N, N, "document sent"),
    row(16, Y, Y, N, "identification refused by the person"),
    row(17, Y, Y, N, "identification negative"),
    row(21, N, N, N, "processing aborted"),
    row(22, Y, Y, N, "processing terminated"),
    row(23, N, N, Y, "document verified"),
    row(24, N, N, Y, "document faulty in postprocessing"),
    row(25, N, N, Y, "order initialized"),
    row(29, N, N, Y, "uncorrectable error in an external system"),
    row(30, N, N, N, "quality management done"),
    row(49, N, N, Y, "eID app link created"),
    row(50, N, N, Y, "eID app requested"),
    row(51, N, N, Y, "eID data read"),
    row(53, N, N, Y, "eID aborted or impossible"),
    row(54, N, N, Y, "support"),
    row(55, N, N, N, "person not reached by phone"),
    row(56, N, N, N, "wrong phone number"),
    row(57, N, N, N, "person repeatedly absent from appointments"),
    row(58, Y, Y, N, "identification refused by phone"),
    row(63, Y, Y, N, "cancelled"),
    row(68, N, N, N, "switched to Shop"),
    row(70, N, N, Y, "answering machine reached"),
    row(71, N, N, Y, "SMS sent"),
    row(73, N, N, N, "switched to Video"),
    row(74, N, N, Y, "switched to eID"),
    row(75, N, N, N, "video identification conducted"),
    row(77, N, N, Y, "in the waiting room for the call"),
    row(78, N, N, Y, "video call begun"),
    row(79, N, N, Y, "video call left"),
    row(80, N, N, N, "data ready"),
    row(83, N, N, Y, "signature requested"),
    row(84, N, Y, Y, "document signed"),
    row(87, N, N, N, "new order requested"),
    row(89, N, N, Y, "fraud suspected"),
    row(94, N, N, Y, "eSign account created"),
    row(95, N, N, Y, "eSign account verified"),
    row(96, N, N, Y, "eSign account exists"),
    row(98, N, N, N, "switched to autoID"),
    row(99, Y, Y, N, "timed out"),
    row(100, Y, Y, N, "timed out after the identification"),
    row(101, N, N, Y, "documents verified and hashed"),
    row(102, N, N, Y, "documents previewed"),
    row(103, N, Y, N, "signing aborted"),
    row(104, N, N, Y, "waiting for verification"),
    row(105, N, N, Y, "under verification"),
    row(106, N, N, Y, "verification positive"),
    row(107, N, N, Y, "data error found in verification"),
    row(108, N, N, Y, "verification negative"),
    row(109, N, N, Y, "autoID impossible"),
    row(139, N, N, Y, "correctable error in an external system"),
    row(153, N, N, Y, "autoID aborted"),
    row(10_000, N, N, Y, "address not verified"),
    row(10_001, N, N, Y, "additional document missing"),
    row(10_002, N, N, Y, "identification document missing"),
    row(10_003, N, N, Y, "resolution of the photo too low"),
    row(10_004, N, N, Y, "person absent"),
    row(10_005, N, N, Y, "person below the minimum age"),
    row(10_006, N, N, Y, "light too poor"),
    row(10_007, N, N, Y, "document unrecognisable"),
    row(10_008, N, N, Y, "cancelled for another reason"),
    row(10_009, N, N, Y, "identical images"),
    row(10_010, N, N, Y, "pages of the driving licence missing"),
    row(20_000, N, N, Y, "face differs from the document"),
    row(20_001, N, N, Y, "document looks forged"),
    row(20_002, N, N, Y, "repeated fraud attempt"),
    row(20_003, N, N, Y, "fraud attempt"),
    row(20_004, N, N, Y, "negative by the test criteria"),
    row(20_005, N, N, Y, "document not supported"),
    row(20_006, N, N, Y, "document expired"),
    row(20_007, N, N, Y, "document damaged"),
    row(20_008, N, N, Y, "issue of the licence unreadable"),
    row(20_009, N, N, Y, "driving licence expired"),
    row(20_010, N, N, Y, "driving licence not supported"),
    row(20_011, N, N, Y, "driving licence damaged"),
];

/// The table of 3.2.3.1: a kind and its sub-kinds.
pub(crate) const SUB_KINDS: [(u32, &[u32]); 11] = [
    (6, &[19]),
    (7, &[10, 12, 21, 24, 25, 28, 33, 37, 55, 58]),
    (17, &[43, 48, 61, 72, 73, 74, 75]),
    (
        21,
        &[
            14, 15, 18, 22, 27, 29, 32, 34, 36, 38, 39, 42, 47, 50, 53, 54,
        ],
    ),
    (23, &[20, 41]),
    (29, &[63, 64, 65, 76]),
    (58, &[30]),
    (71, &[16, 17, 23, 44, 46, 49, 56, 62]),
    (103, &[79]),
    (139, &[66]),
    (
        153,
        &[
            176, 177, 178, 179, 180, 181, 182, 183, 184, 185, 186, 187, 188, 189, 190, 191, 192,
            193, 194, 195, 196, 197, 198, 199, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209,
        ],
    ),
];
