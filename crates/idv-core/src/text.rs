//! Text of a vendor's payload, borrowed if possible and never printed.

use std::borrow::Cow;
use std::fmt;

/// A piece of text from a vendor's payload.
///
/// The text may be personal data, so `Debug` does not print it. It borrows from the payload unless
/// the payload escapes one of its characters. Adapters read numbers and booleans as text too, since
/// vendors mix the types: a value is `1` in one result and `"1"` in another.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// Wraps a piece of text.
    pub fn new(text: impl Into<Cow<'a, str>>) -> Self {
        Self(text.into())
    }

    /// Returns the text in clear.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Unwraps the text in clear.
    #[must_use]
    pub fn into_exposed(self) -> Cow<'a, str> {
        self.0
    }

    /// Returns whether the text borrows from the payload.
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
    fn debug_of_text_is_a_placeholder() {
        assert_eq!(format!("{:?}", Text::new("Mustermann")), "[personal]");
    }
}
