//! A lossless JSON deserializer for parts.
//!
//! serde_json converts numbers into types that lose digits, and refuses unpaired surrogates. This
//! deserializer returns each number as its text, replaces an unpaired surrogate by U+FFFD, and
//! omits NUL. It agrees with serde_json in everything else.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::part::TextDeserializer;
use crate::error::Error;

/// Maximum nesting depth of objects and arrays.
const DEPTH: u8 = 127;

/// Parses a JSON value, which may be followed only by white space.
pub(super) fn from_str<'a, T>(
    text: &'a str,
    read: impl FnOnce(&mut Json<'a>) -> Result<T, Fault>,
) -> Result<T, Error> {
    let mut json = Json {
        text,
        at: 0,
        depth: DEPTH,
    };
    let mut value = read(&mut json);
    if value.is_ok() && json.peek().is_some() {
        value = Err(Fault::Syntax);
    }
    value.map_err(|fault| {
        let before = text.get(..json.at).unwrap_or(text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1);
        Error::malformed(format!("the JSON {fault}, at line {line} column {column}"))
    })
}

/// A parser at a position in the payload.
pub(super) struct Json<'a> {
    text: &'a str,
    at: usize,
    depth: u8,
}

/// The reason for an error. It quotes nothing of the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    Early,
    Syntax,
    Shape,
}

impl<'a> Json<'a> {
    /// Returns the byte at the position.
    #[inline]
    fn at(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Returns the next byte that is not white space, without consuming it.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b'\n') => self.skip_indentation(),
                Some(b' ' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Consumes a line feed and the spaces after it, eight at a time.
    #[inline]
    fn skip_indentation(&mut self) {
        const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        let (chunks, _) = rest.as_chunks();
        self.at += 1;
        for chunk in chunks {
            let spaces = (u64::from_le_bytes(*chunk) ^ SPACES).trailing_zeros() as usize / 8;
            self.at += spaces;
            if spaces < chunk.len() {
                return;
            }
        }
    }

    #[inline]
    fn take(&mut self, expected: u8) -> Result<(), Fault> {
        match self.peek() {
            Some(byte) if byte == expected => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Fault::Syntax),
            None => Err(Fault::Early),
        }
    }

    fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Consumes a string. Returns the text between its quotation marks, and whether it contains
    /// escapes.
    fn string(&mut self) -> Result<(&'a str, bool), Fault> {
        self.at += 1;
        let start = self.at;
        let is_escaped = self.pass_plain()? == b'\\';
        if is_escaped {
            self.pass_escapes()?;
        }
        let text = self.since(start);
        self.at += 1;
        Ok((text, is_escaped))
    }

    /// Consumes ordinary text in a string. Returns the quotation mark or backslash that follows it.
    fn pass_plain(&mut self) -> Result<u8, Fault> {
        let bytes = self.text.as_bytes();
        let (chunks, _) = bytes.get(self.at..).unwrap_or_default().as_chunks();
        for chunk in chunks {
            let plain = plain_bytes(*chunk);
            self.at += plain;
            if plain < chunk.len() {
                break;
            }
        }
        loop {
            match bytes.get(self.at) {
                Some(special @ (b'"' | b'\\')) => return Ok(*special),
                Some(0x20..) => self.at += 1,
                Some(_) => return Err(Fault::Syntax),
                None => return Err(Fault::Early),
            }
        }
    }

    /// Consumes the rest of a string, from its first backslash to its quotation mark.
    #[inline(never)]
    fn pass_escapes(&mut self) -> Result<(), Fault> {
        loop {
            self.escape()?;
            if self.pass_plain()? == b'"' {
                return Ok(());
            }
        }
    }

    /// Consumes an escape, from its backslash.
    fn escape(&mut self) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        self.at += match rest {
            [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
            [b'u', a, b, c, d, ..] if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) => 6,
            [] => return Err(Fault::Early),
            [b'u', digits @ ..] if digits.len() < 4 && digits.iter().all(u8::is_ascii_hexdigit) => {
                return Err(Fault::Early);
            }
            _ => return Err(Fault::Syntax),
        };
        Ok(())
    }

    /// Consumes a number and returns its text.
    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        self.pass(b"-");
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(Fault::Syntax);
        }
        if self.pass(b".") {
            self.digits()?;
        }
        if self.pass(b"eE") {
            self.pass(b"+-");
            self.digits()?;
        }
        Ok(self.since(start))
    }

    fn digits(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        while self.at().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start {
            return Ok(self.since(start));
        }
        Err(match self.at() {
            Some(_) => Fault::Syntax,
            None => Fault::Early,
        })
    }

    /// Consumes one of these bytes. Returns whether there was one.
    #[inline]
    fn pass(&mut self, bytes: &[u8]) -> bool {
        let is_one = self.at().is_some_and(|byte| bytes.contains(&byte));
        self.at += usize::from(is_one);
        is_one
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if rest.starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        Err(if word.as_bytes().starts_with(rest) {
            Fault::Early
        } else {
            Fault::Syntax
        })
    }

    /// Consumes a value of any kind.
    fn skip(&mut self) -> Result<(), Fault> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.within(b'}', |entries| {
                while entries.name()?.is_some() {
                    entries.json.skip()?;
                }
                Ok(())
            }),
            Some(b'[') => self.within(b']', |entries| {
                while entries.next()? {
                    entries.json.skip()?;
                }
                Ok(())
            }),
            Some(b'-' | b'0'..=b'9') => self.number().map(drop),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(_) => Err(Fault::Syntax),
            None => Err(Fault::Early),
        }
    }

    /// Enters an object or an array, and leaves it.
    fn within<T>(
        &mut self,
        end: u8,
        read: impl FnOnce(&mut Entries<'_, 'a>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.at += 1;
        self.depth = self.depth.checked_sub(1).ok_or(Fault::Syntax)?;
        let mut entries = Entries {
            json: self,
            end,
            is_first: true,
            has_ended: false,
        };
        // Values are large: the result is not unpacked, so that none is moved.
        let value = read(&mut entries);
        // A visitor that stops early would lose the remaining entries.
        if value.is_ok() && !entries.has_ended && entries.next()? {
            return Err(Fault::Shape);
        }
        self.depth += 1;
        value
    }
}

/// Returns the number of ordinary bytes at the start of a chunk of a string: no quotation mark, no
/// backslash, no control character.
///
/// All bytes are examined together: the borrow of a subtraction only affects bytes after the first
/// special one.
const fn plain_bytes(chunk: [u8; 8]) -> usize {
    const EACH: u64 = u64::from_le_bytes([1; 8]);
    const HIGH: u64 = u64::from_le_bytes([0x80; 8]);
    let bytes = u64::from_le_bytes(chunk);
    let (quotes, escapes) = (bytes ^ (EACH * b'"' as u64), bytes ^ (EACH * b'\\' as u64));
    let (quotes, escapes) = (
        quotes.wrapping_sub(EACH) & !quotes,
        escapes.wrapping_sub(EACH) & !escapes,
    );
    let controls = bytes.wrapping_sub(EACH * 0x20) & !bytes;
    ((quotes | escapes | controls) & HIGH).trailing_zeros() as usize / 8
}

/// Resolves the escapes of a validated string.
fn unescaped(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.bytes().position(|byte| byte == b'\\') {
        let (plain, escape) = (
            rest.get(..at).unwrap_or_default(),
            rest.get(at + 1..).unwrap_or_default(),
        );
        text.push_str(plain);
        let (character, length) = match escape.as_bytes().first() {
            Some(b'b') => ('\u{8}', 1),
            Some(b'f') => ('\u{c}', 1),
            Some(b'n') => ('\n', 1),
            Some(b'r') => ('\r', 1),
            Some(b't') => ('\t', 1),
            Some(b'u') => character(escape),
            Some(byte) => (char::from(*byte), 1),
            None => break,
        };
        if character != '\0' {
            text.push(character);
        }
        rest = escape.get(length..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// Returns the character of a numeric escape, and the length of the escape without its first
/// backslash.
fn character(escape: &str) -> (char, usize) {
    let unit = |digits: Option<&str>| u32::from_str_radix(digits?, 16).ok();
    let high = unit(escape.get(1..5)).unwrap_or_default();
    if let Some(character) = char::from_u32(high) {
        return (character, 5);
    }
    let low = unit(escape.get(5..11).and_then(|low| low.strip_prefix("\\u")))
        .filter(|low| (0xDC00..0xE000).contains(low));
    match low
        .filter(|_| high < 0xDC00)
        .and_then(|low| char::from_u32(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)))
    {
        Some(character) => (character, 11),
        None => (char::REPLACEMENT_CHARACTER, 5),
    }
}

/// The entries of an object or an array.
struct Entries<'j, 'a> {
    json: &'j mut Json<'a>,
    end: u8,
    is_first: bool,
    has_ended: bool,
}

impl<'a> Entries<'_, 'a> {
    /// Returns whether there is another entry, and moves to its beginning.
    fn next(&mut self) -> Result<bool, Fault> {
        match self.json.peek() {
            Some(byte) if byte == self.end => {
                self.json.at += 1;
                self.has_ended = true;
                return Ok(false);
            }
            Some(b',') if !self.is_first => {
                self.json.at += 1;
                // An entry must follow a comma.
                self.json.peek();
            }
            Some(_) if self.is_first => self.is_first = false,
            Some(_) => return Err(Fault::Syntax),
            None => return Err(Fault::Early),
        }
        Ok(true)
    }

    /// Consumes the name of the next member and its colon. Returns the text between the quotation
    /// marks, and whether it contains escapes; `None` at the end of the object.
    #[inline]
    fn name(&mut self) -> Result<Option<(&'a str, bool)>, Fault> {
        if self.has_ended || !self.next()? {
            return Ok(None);
        }
        // The position is that of the name: it needs no detour over the kinds of values.
        match self.json.at() {
            Some(b'"') => {}
            Some(_) => return Err(Fault::Syntax),
            None => return Err(Fault::Early),
        }
        let name = self.json.string()?;
        self.json.take(b':')?;
        Ok(Some(name))
    }
}

impl<'de> MapAccess<'de> for &mut Entries<'_, 'de> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let name = match self.name()? {
            Some((text, false)) => Cow::Borrowed(text),
            Some((raw, true)) => Cow::Owned(unescaped(raw)),
            None => return Ok(None),
        };
        seed.deserialize(TextDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        seed.deserialize(&mut *self.json)
    }
}

impl<'de> SeqAccess<'de> for &mut Entries<'_, 'de> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        if self.has_ended || !self.next()? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.json).map(Some)
    }
}

impl<'de> Deserializer<'de> for &mut Json<'de> {
    type Error = Fault;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek() {
            Some(b'"') => match self.string()? {
                (text, false) => visitor.visit_borrowed_str(text),
                (raw, true) => visitor.visit_string(unescaped(raw)),
            },
            Some(b'{') => self.within(b'}', |entries| visitor.visit_map(entries)),
            Some(b'[') => self.within(b']', |entries| visitor.visit_seq(entries)),
            Some(b'-' | b'0'..=b'9') => {
                visitor.visit_newtype_struct(TextDeserializer::new(self.number()?))
            }
            Some(b't') => self.word("true").and_then(|()| visitor.visit_bool(true)),
            Some(b'f') => self.word("false").and_then(|()| visitor.visit_bool(false)),
            Some(b'n') => self.word("null").and_then(|()| visitor.visit_unit()),
            Some(_) => Err(Fault::Syntax),
            None => Err(Fault::Early),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.skip().and_then(|()| visitor.visit_unit())
    }

    /// Returns the text between the quotation marks of a string, with its escapes.
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.peek() {
            Some(b'"') => self
                .string()
                .and_then(|(raw, _)| visitor.visit_borrowed_str(raw)),
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Early => "ends too early",
            Self::Syntax => "is not JSON",
            Self::Shape => "has another shape than documented",
        })
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Shape
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use crate::adapter::wire::{Members, read_json};
    use crate::text::Text;

    fn text(json: &str) -> Option<String> {
        read_json::<Option<Text<'_>>>(json)
            .unwrap()
            .map(|text| text.expose().to_owned())
    }

    #[test]
    fn number_is_read_as_it_is_written() {
        for number in [
            "0",
            "-0",
            "12345678901234567890123",
            "0.70200000000000001234",
            "1e400000000000000",
            "1.50",
            "1E+2",
            "-9e-9",
        ] {
            assert_eq!(text(number).as_deref(), Some(number));
        }
        for broken in [
            "01", "-", "1.", ".1", "1e", "1e+", "+1", "--1", "1x", "0x1", "1.e1",
        ] {
            assert!(read_json::<Option<Text<'_>>>(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn number_of_many_digits_is_kept_as_text() {
        for (number, kept) in [
            ("7", serde_json::json!(7)),
            ("18446744073709551615", serde_json::json!(u64::MAX)),
            ("-9223372036854775808", serde_json::json!(i64::MIN)),
            ("0.702", serde_json::json!(0.702)),
            (
                "12345678901234567890123",
                serde_json::json!("12345678901234567890123"),
            ),
            (
                "0.70200000000000001234",
                serde_json::json!("0.70200000000000001234"),
            ),
            ("1e400", serde_json::json!("1e400")),
        ] {
            assert_eq!(
                read_json::<Option<Value>>(number).unwrap(),
                Some(kept),
                "{number}"
            );
        }
    }

    #[test]
    fn escapes_are_resolved_and_half_pairs_and_nuls_mended() {
        for (json, read) in [
            (r#""a\ud800b""#, "a\u{fffd}b"),
            (r#""\udc00""#, "\u{fffd}"),
            (r#""\ud83d\ude00""#, "\u{1f600}"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}\u{1f600}"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\u0000c""#, "c"),
            (r#""\\u0000""#, "\\u0000"),
            (r#""\"\/\b\f\n\r\t\u00e4""#, "\"/\u{8}\u{c}\n\r\t\u{e4}"),
        ] {
            assert_eq!(text(json).as_deref(), Some(read), "{json}");
        }
        for broken in [
            r#""\x""#,
            r#""\u12""#,
            r#""\u12g4""#,
            "\"a\nb\"",
            "\"a",
            r#""\"#,
            r#""a\"#,
        ] {
            assert!(read_json::<Option<Text<'_>>>(broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn error_names_the_place_and_repeats_nothing() {
        for (json, said) in [
            (
                "{\"name\":\"Erika\",\n \"a\":x}",
                "malformed: the JSON is not JSON, at line 2 column 5",
            ),
            (
                "{\"name\":\"Erika\"",
                "malformed: the JSON ends too early, at line 1 column 15",
            ),
            (
                "[1] x",
                "malformed: the JSON is not JSON, at line 1 column 4",
            ),
        ] {
            let error = read_json::<Members>(json).unwrap_err();
            assert_eq!(error.kind(), &crate::ErrorKind::Malformed);
            let (printed, (_, place)) = (error.to_string(), said.split_once(": ").unwrap());
            assert!(
                printed.contains(place) && !printed.contains("Erika"),
                "{printed}"
            );
        }
    }

    /// Converts the numbers in a value of serde_json as this parser does.
    fn expected(value: &mut Value) {
        match value {
            Value::Array(entries) => entries.iter_mut().for_each(expected),
            Value::Object(members) => members.values_mut().for_each(expected),
            Value::String(text) => text.retain(|character| character != '\0'),
            _ => {}
        }
    }

    fn assert_same(json: &str) -> Result<(), TestCaseError> {
        let ours = read_json::<Option<Value>>(json).map(Option::unwrap_or_default);
        match serde_json::from_str::<Value>(json) {
            Ok(mut value) => {
                expected(&mut value);
                prop_assert_eq!(ours.ok(), Some(value), "{}", json);
            }
            // serde_json refuses unpaired surrogates and numbers out of range.
            Err(_) if json.contains("\\ud") || json.contains('e') => {}
            Err(_) => prop_assert!(ours.is_err(), "{}", json),
        }
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_is_read_as_serde_json_does(json in r#"[\[\]{}",:\\u0d8+\-.19aetrufalsn \n]{0,40}"#) {
            assert_same(&json)?;
        }

        #[test]
        fn changed_json_is_read_as_serde_json_does(
            at in any::<prop::sample::Index>(),
            byte in prop::sample::select(b"[]{}\",:\\u0d8+-.19aetrufalsn \n\x01".to_vec()),
        ) {
            let json = r#"{"a":[1,-0.5,1e3,true,false,null,"x\u00e4\n\ud83d\ude00ü long enough for a chunk of text"],"b":{"c":{},"d":[]}}"#;
            let mut changed = json.as_bytes().to_vec();
            let at = at.index(changed.len());
            changed[at] = byte;
            if let Ok(json) = String::from_utf8(changed) {
                assert_same(&json)?;
                assert_same(json.get(..at).unwrap_or_default())?;
            }
        }
    }
}
