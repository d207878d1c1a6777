//! Codes of a payload.

use std::fmt;

use idv_core::Text;
use idv_core::adapter::wire::{Part, Shape};
use serde::de::{MapAccess, SeqAccess};
use serde_json::Value;

/// A code of the vendor's tables: a number, also if it is sent as text. Any other value is kept
/// unchanged.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code<'a> {
    /// A number.
    Number(u32),
    /// Unknown text, or JSON of another shape.
    Word(Text<'a>),
}

impl<'a> Code<'a> {
    /// Parses a text as a code, or returns `None` if the text is blank.
    ///
    /// Leading zeros and a zero fraction are ignored: `06` and `6.0` are 6.
    ///
    /// ```
    /// use idv_core::Text;
    /// use idv_identity_tm::wire::Code;
    ///
    /// assert_eq!(Code::of(Text::new("06")), Some(Code::Number(6)));
    /// assert!(matches!(Code::of(Text::new("six")), Some(Code::Word(_))));
    /// assert_eq!(Code::of(Text::new(" ")), None);
    /// ```
    #[must_use]
    pub fn of(text: Text<'a>) -> Option<Self> {
        let word = text.expose().trim();
        if word.is_empty() {
            return None;
        }
        let (whole, fraction) = word.split_once('.').unwrap_or((word, "0"));
        let is_whole = !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0');
        // `parse` accepts a sign, which no code has.
        match whole.parse() {
            Ok(number) if is_whole && !whole.starts_with('+') => Some(Self::Number(number)),
            _ => Some(Self::Word(text)),
        }
    }

    /// Returns the number, if the code is one.
    ///
    /// ```
    /// use idv_core::Text;
    /// use idv_identity_tm::wire::Code;
    ///
    /// assert_eq!(Code::Number(6).number(), Some(6));
    /// assert_eq!(Code::Word(Text::new("six")).number(), None);
    /// ```
    #[must_use]
    pub const fn number(&self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Word(_) => None,
        }
    }

    /// Appends the code to a text, verbatim.
    pub(crate) fn add_to(&self, text: &mut String) {
        let number = match self {
            Self::Number(number) => *number,
            Self::Word(word) => return text.push_str(word.expose()),
        };
        // A history has many short codes: this takes a tenth of the time of formatting.
        let digits = (0..=number.checked_ilog10().unwrap_or_default()).rev();
        text.extend(
            digits.filter_map(|place| char::from_digit(number / 10_u32.pow(place) % 10, 10)),
        );
    }

    /// Returns the code as JSON.
    pub(crate) fn to_value(&self) -> Value {
        match self {
            Self::Number(number) => (*number).into(),
            Self::Word(word) => word.expose().into(),
        }
    }
}

/// Accepts a value of any shape, so that a suspicion cannot get lost because of its shape.
impl<'de> Part<'de> for Code<'de> {
    fn text(text: Text<'de>) -> Shape<Self> {
        Self::of(text).map_or(Shape::Other(Value::Null), Shape::Expected)
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Shape<Self>, A::Error> {
        Ok(Value::object(map)?.map(|value| Self::Word(Text::new(value.to_string()))))
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Shape<Self>, A::Error> {
        let array = Value::array(seq)?.expected().unwrap_or_default();
        Ok(match array.as_array().map(Vec::as_slice) {
            None | Some([]) => Shape::Other(Value::Null),
            Some([Value::Number(number)]) => Self::text(Text::new(number.to_string())),
            Some([Value::String(text)]) => Self::text(Text::new(text.clone())),
            Some(_) => Shape::Expected(Self::Word(Text::new(array.to_string()))),
        })
    }
}

/// Prints the code verbatim.
impl fmt::Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        self.add_to(&mut text);
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_not_printed() {
        assert_eq!(
            format!(
                "{:?} {:?}",
                Text::new("Mustermann"),
                Code::of(Text::new("Mustermann"))
            ),
            "[personal] Some(Word([personal]))"
        );
    }

    #[test]
    fn number_is_parsed_from_each_form() {
        for (text, number) in [
            ("6", Some(6)),
            (" 20011 ", Some(20011)),
            ("0", Some(0)),
            ("006", Some(6)),
            ("6.0", Some(6)),
            ("89.00", Some(89)),
            ("6.5", None),
            ("6.", None),
            (".0", None),
            ("+6", None),
            ("-6", None),
            ("6e0", None),
            ("6 0", None),
        ] {
            assert_eq!(
                Code::of(Text::new(text)).unwrap().number(),
                number,
                "{text}"
            );
        }
        for number in [0, 9, 10, 99, 100, 4_294_967_295_u32] {
            assert_eq!(Code::Number(number).to_string(), number.to_string());
        }
        assert_eq!(
            Code::of(Text::new("99999999999")).unwrap().to_string(),
            "99999999999"
        );
        assert_eq!(Code::of(Text::new(" ")), None);
    }

    #[test]
    fn code_is_parsed_from_any_shape() {
        for (json, code) in [
            ("6", Some("6")),
            ("6.0", Some("6")),
            ("\"6\"", Some("6")),
            ("[89]", Some("89")),
            ("[\"89\"]", Some("89")),
            ("[73,74]", Some("[73,74]")),
            ("{\"a\":1}", Some("{\"a\":1}")),
            ("true", Some("true")),
            ("-1", Some("-1")),
            ("[]", None),
            ("null", None),
            ("\"\"", None),
        ] {
            let read: Option<Code<'_>> = idv_core::adapter::wire::read_json(json).unwrap();
            assert_eq!(
                read.as_ref().map(ToString::to_string).as_deref(),
                code,
                "{json}"
            );
        }
    }

    #[test]
    fn code_serializes_as_number_or_text() {
        assert_eq!(Code::Number(6).to_value(), serde_json::json!(6));
        assert_eq!(
            Code::Word(Text::new("new")).to_value(),
            serde_json::json!("new")
        );
    }
}
