//! Windows-1252, an optional charset of an account's responses and reports. The document states no
//! charset.

/// The characters from 0x80 to 0x9F. Five of the codes have none.
const HIGH: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// Encodes a text. A character outside the charset becomes a question mark.
pub(super) fn windows_1252(text: &str) -> Vec<u8> {
    text.chars().map(encode).collect()
}

fn encode(letter: char) -> u8 {
    if let Some(place) = HIGH.iter().position(|known| *known == letter) {
        return u8::try_from(0x80 + place).unwrap_or(b'?');
    }
    // The other codes from 0x80 on equal Unicode's.
    u8::try_from(u32::from(letter))
        .ok()
        .filter(|code| !(0x80..0xA0).contains(code))
        .unwrap_or(b'?')
}

#[cfg(test)]
mod tests {
    use super::windows_1252;

    #[test]
    fn letters_have_their_codes_and_strangers_a_question_mark() {
        assert_eq!(
            windows_1252("PEÑA, José €“ž”"),
            b"PE\xd1A, Jos\xe9 \x80\x93\x9e\x94"
        );
        assert_eq!(windows_1252("\u{0}~\u{a0}ÿ"), b"\x00~\xa0\xff");
        assert_eq!(windows_1252("Łódź 中\u{9f}\u{85}"), b"?\xf3d? ???");
    }
}
