//! Codes of a payload.

use std::fmt;

use idv_core::Text;
use idv_core::wire::Optional;
use serde_json::Number;

/// A code of the vendor's tables: a number, also where it is sent as text. Whatever else stands there is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Code<'a> {
    /// A number.
    Number(u32),
    /// Something else, of which nothing is known.
    Word(Text<'a>),
}

impl<'a> Code<'a> {
    /// The code that a piece of text is; none where it is blank.
    #[must_use]
    pub fn of(text: Text<'a>) -> Option<Self> {
        let word = text.expose().trim();
        if word.is_empty() {
            return None;
        }
        // "+6" and "006" are not how the vendor writes numbers, and stay what they are.
        let is_plain = word.bytes().all(|byte| byte.is_ascii_digit()) && (word == "0" || !word.starts_with('0'));
        match word.parse() {
            Ok(number) if is_plain => Some(Self::Number(number)),
            _ => Some(Self::Word(text)),
        }
    }

    /// The number, where it is one.
    #[must_use]
    pub const fn number(&self) -> Option<u32> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Word(_) => None,
        }
    }
}

impl<'de> Optional<'de> for Code<'de> {
    fn text(text: Text<'de>) -> Option<Self> {
        Self::of(text)
    }

    fn number(number: &Number) -> Option<Self> {
        match number.as_u64().map(u32::try_from) {
            Some(Ok(number)) => Some(Self::Number(number)),
            _ => Self::text(Text::new(number.to_string())),
        }
    }
}

/// The code, verbatim.
impl fmt::Display for Code<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::Word(word) => f.write_str(word.expose()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_not_printed() {
        assert_eq!(
            format!("{:?} {:?}", Text::new("Mustermann"), Code::of(Text::new("Mustermann"))),
            "[personal] Some(Word([personal]))"
        );
    }

    #[test]
    fn only_a_plain_number_is_a_number() {
        for (text, number) in
            [("6", Some(6)), (" 20011 ", Some(20011)), ("0", Some(0)), ("006", None), ("+6", None), ("6.0", None)]
        {
            assert_eq!(Code::of(Text::new(text)).unwrap().number(), number, "{text}");
        }
        assert_eq!(Code::of(Text::new("99999999999")).unwrap().to_string(), "99999999999");
        assert_eq!(Code::of(Text::new(" ")), None);
    }
}
