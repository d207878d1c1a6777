//! Mends JSON whose reader would lose something: digits of long numbers, and texts with characters that are none.

use std::borrow::Cow;

/// Number of digits that `f64` keeps of every number. The reader's types may lose some of a longer one.
const SAFE_DIGITS: usize = 15;

/// Returns the payload as it is to be read: as it came, unless
///
/// - a number has more digits than `u64`, `i64` or `f64` keep: it is put into quotation marks, since numbers are read as text,
/// - an escape is half of a character outside of the basic plane: it is replaced by U+FFFD,
/// - an escape is a NUL, which no name or number has: it is left out.
pub(super) fn mend(text: &str) -> Cow<'_, str> {
    let mut scan = Scan { text, bytes: text.as_bytes(), at: 0, copied: 0, mended: String::new() };
    while let Some(&byte) = scan.bytes.get(scan.at) {
        match byte {
            b'"' => scan.string(),
            b'-' | b'0'..=b'9' => scan.number(),
            _ => scan.at += 1,
        }
    }
    if scan.copied == 0 {
        return Cow::Borrowed(text);
    }
    scan.copy_until(text.len());
    Cow::Owned(scan.mended)
}

struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Up to which byte the payload was copied to `mended`.
    copied: usize,
    mended: String,
}

impl Scan<'_> {
    /// Passes over a string, from its opening quotation mark.
    fn string(&mut self) {
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' => self.escape(),
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self) {
        match self.unit(self.at) {
            Some(0) => self.replace(6, ""),
            Some(0xD800..=0xDBFF) if self.unit(self.at + 6).is_some_and(|low| (0xDC00..=0xDFFF).contains(&low)) => self.at += 12,
            Some(0xD800..=0xDFFF) => self.replace(6, "\u{fffd}"),
            _ => self.at += 2,
        }
    }

    /// The unit of UTF-16 that an escape at this place stands for.
    fn unit(&self, at: usize) -> Option<u16> {
        let digits = self.bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?, 16).ok()
    }

    /// Passes over a number.
    fn number(&mut self) {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let end = self.at;
        if end - start <= SAFE_DIGITS {
            return;
        }
        let Some(number) = self.text.get(start..end) else { return };
        if number.parse::<u64>().is_ok() || number.parse::<i64>().is_ok() || !is_json_number(number) {
            return;
        }
        self.copy_until(start);
        self.mended.push('"');
        self.mended.push_str(number);
        self.mended.push('"');
        self.copied = end;
    }

    fn replace(&mut self, length: usize, with: &str) {
        self.copy_until(self.at);
        self.mended.push_str(with);
        self.at += length;
        self.copied = self.at;
    }

    fn copy_until(&mut self, end: usize) {
        self.mended.push_str(self.text.get(self.copied..end).unwrap_or_default());
        self.copied = end;
    }
}

/// Whether a number is one of JSON: one that is none has to stay what it is, so that the reader refuses it.
fn is_json_number(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn long_number_keeps_its_digits() {
        for (json, mended) in [
            ("12345678901234567890123", "\"12345678901234567890123\""),
            ("[1,-12345678901234567890123]", "[1,\"-12345678901234567890123\"]"),
            ("{\"a\":0.70200000000000001234}", "{\"a\":\"0.70200000000000001234\"}"),
            ("{\"a\":1e400000000000000}", "{\"a\":\"1e400000000000000\"}"),
        ] {
            assert_eq!(mend(json), mended, "{json}");
        }
        for json in
            ["18446744073709551615", "-9223372036854775808", "0.702", "\"12345678901234567890123\"", "123456789012345-67890"]
        {
            assert!(matches!(mend(json), Cow::Borrowed(_)), "{json}");
        }
    }

    #[test]
    fn lone_surrogate_and_nul_are_mended() {
        assert_eq!(
            mend(r#"["a\ud800b","\udc00","\ud83d\ude00","\u0000c"]"#),
            "[\"a\u{fffd}b\",\"\u{fffd}\",\"\\ud83d\\ude00\",\"c\"]"
        );
        for json in [r#""\\u0000""#, r#""\\ud800""#, r#""\"\ud83d\ude00""#, r#""\u00e4""#] {
            assert!(matches!(mend(json), Cow::Borrowed(_)), "{json}");
        }
    }

    proptest! {
        #[test]
        fn mended_payload_is_json_if_the_payload_was(json in r#"[\[\]{}",:\\ue0d8+\-.19a ]{0,60}"#) {
            let mended = mend(&json);
            if serde_json::from_str::<serde_json::Value>(&json).is_ok() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&mended).is_ok(), "{} {}", json, mended);
            }
        }
    }
}
