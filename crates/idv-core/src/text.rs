//! Text of a vendor's payload: borrowed where it stands there as it is, and not printable.

use std::borrow::Cow;
use std::fmt;

/// A piece of text as a vendor sent it. It may be about a person, so `Debug` does not print it.
///
/// It borrows from the payload unless the payload escapes a character of it. Adapters read numbers and truth values as the text that
/// they are written as, since vendors' types are loose: an answer is `1` in one result and `"1"` in another.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// Wraps a piece of text.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self(text.into())
    }

    /// The text in clear.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the text in clear, out of its wrapper.
    #[must_use]
    pub fn into_exposed(self) -> Cow<'a, str> {
        self.0
    }

    /// Whether it borrows from the payload.
    #[must_use]
    pub const fn is_borrowed(&self) -> bool {
        matches!(self.0, Cow::Borrowed(_))
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[personal]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_not_printed() {
        assert_eq!(format!("{:?}", Text::new("Mustermann")), "[personal]");
    }
}
