//! Booleans in the vendor's notations.

use idv_core::Text;
use idv_core::adapter::wire::{Part, Shape};

/// A boolean in any notation. The vendor is German, so German words are accepted, too.
#[derive(Default)]
pub(super) struct Truth(Option<bool>);

impl<'de> Part<'de> for Truth {
    fn text(text: Text<'de>) -> Shape<Self> {
        let is = |known: &str| text.expose().trim().eq_ignore_ascii_case(known);
        if is("ja") || is("wahr") {
            return Shape::Expected(Self(Some(true)));
        }
        if is("nein") || is("falsch") {
            return Shape::Expected(Self(Some(false)));
        }
        Option::text(text).map(Self)
    }
}

impl From<Truth> for Option<bool> {
    fn from(truth: Truth) -> Self {
        truth.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boolean_is_parsed_from_each_notation() {
        for (value, expected) in [
            ("true", Some(true)),
            ("\"True\"", Some(true)),
            ("\"YES\"", Some(true)),
            ("\"Ja\"", Some(true)),
            ("\"wahr\"", Some(true)),
            ("1", Some(true)),
            ("1.0", Some(true)),
            ("\" 1 \"", Some(true)),
            ("false", Some(false)),
            ("\"Nein\"", Some(false)),
            ("\"FALSCH\"", Some(false)),
            ("0", Some(false)),
            ("null", None),
            ("2", None),
            ("[true]", None),
        ] {
            let truth: Truth = idv_core::adapter::wire::read_json(value).unwrap();
            assert_eq!(truth.0, expected, "{value}");
        }
    }
}
