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

const fn row(kind: u32, ends_identification: bool, ends_signing: bool, extended: bool) -> Code {
    Code {
        kind,
        ends_identification,
        ends_signing,
        extended,
    }
}

const Y: bool = true;
const N: bool = false;

/// The table of 3.2.3, in its columns: kind, final for identification, final for eSign, extended.
pub(crate) const CODES: [Code; 78] = [
    row(6, Y, N, N),
    row(7, N, N, Y),
    row(11, N, N, N),
    row(12, N, N, N),
    row(14, N, N, N),
    row(16, Y, Y, N),
    row(17, Y, Y, N),
    row(21, N, N, N),
    row(22, Y, Y, N),
    row(23, N, N, Y),
    row(24, N, N, Y),
    row(25, N, N, Y),
    row(29, N, N, Y),
    row(30, N, N, N),
    row(49, N, N, Y),
    row(50, N, N, Y),
    row(51, N, N, Y),
    row(53, N, N, Y),
    row(54, N, N, Y),
    row(55, N, N, N),
    row(56, N, N, N),
    row(57, N, N, N),
    row(58, Y, Y, N),
    row(63, Y, Y, N),
    row(68, N, N, N),
    row(70, N, N, Y),
    row(71, N, N, Y),
    row(73, N, N, N),
    row(74, N, N, Y),
    row(75, N, N, N),
    row(77, N, N, Y),
    row(78, N, N, Y),
    row(79, N, N, Y),
    row(80, N, N, N),
    row(83, N, N, Y),
    row(84, N, Y, Y),
    row(87, N, N, N),
    row(89, N, N, Y),
    row(94, N, N, Y),
    row(95, N, N, Y),
    row(96, N, N, Y),
    row(98, N, N, N),
    row(99, Y, Y, N),
    row(100, Y, Y, N),
    row(101, N, N, Y),
    row(102, N, N, Y),
    row(103, N, Y, N),
    row(104, N, N, Y),
    row(105, N, N, Y),
    row(106, N, N, Y),
    row(107, N, N, Y),
    row(108, N, N, Y),
    row(109, N, N, Y),
    row(139, N, N, Y),
    row(153, N, N, Y),
    row(10_000, N, N, Y),
    row(10_001, N, N, Y),
    row(10_002, N, N, Y),
    row(10_003, N, N, Y),
    row(10_004, N, N, Y),
    row(10_005, N, N, Y),
    row(10_006, N, N, Y),
    row(10_007, N, N, Y),
    row(10_008, N, N, Y),
    row(10_009, N, N, Y),
    row(10_010, N, N, Y),
    row(20_000, N, N, Y),
    row(20_001, N, N, Y),
    row(20_002, N, N, Y),
    row(20_003, N, N, Y),
    row(20_004, N, N, Y),
    row(20_005, N, N, Y),
    row(20_006, N, N, Y),
    row(20_007, N, N, Y),
    row(20_008, N, N, Y),
    row(20_009, N, N, Y),
    row(20_010, N, N, Y),
    row(20_011, N, N, Y),
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
