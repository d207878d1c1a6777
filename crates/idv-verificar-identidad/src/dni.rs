//! Spain's personal numbers, DNI and NIE, and their check letter.
//!
//! A DNI is eight digits and a letter; a NIE is `X`, `Y` or `Z`, seven digits and a letter. The
//! remainder of the digits by 23 selects the check letter from a fixed list. The first letter of a
//! NIE counts as 0, 1 or 2.

use idv_core::{Error, Pii, Result};

/// The check letters, by remainder.
const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// A DNI or NIE with a correct check letter, in upper case and without separators. `Debug` redacts
/// it.
///
/// ```
/// use idv_verificar_identidad::dni::{self, Dni};
///
/// assert_eq!(Dni::parse("12.345.678-z")?.expose(), "12345678Z");
/// assert!(Dni::parse("12345678A").is_err());
/// assert_eq!(dni::letter_holds("X1234567L"), Some(true));
/// assert_eq!(dni::letter_holds("a passport"), None);
/// # Ok::<(), idv_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dni(Pii<String>);

impl Dni {
    /// Parses a number as people write it: with or without blanks, dots and hyphens, in any case.
    ///
    /// ```
    /// use idv_verificar_identidad::dni::Dni;
    ///
    /// assert_eq!(Dni::parse("12.345.678-z")?.expose(), "12345678Z");
    /// assert!(Dni::parse("X1234567L").is_ok()); // a NIE
    /// let error = Dni::parse("12345678A").unwrap_err();
    /// assert!(error.to_string().contains("wrong check letter"));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `Dni` if the text is neither
    /// a DNI nor a NIE, or the check letter is wrong.
    pub fn parse(text: &str) -> Result<Self> {
        let plain = plain(text);
        match letter_holds(&plain) {
            Some(true) => Ok(Self(Pii::new(plain))),
            Some(false) => Err(Error::invalid("Dni", "wrong check letter")),
            None => Err(Error::invalid(
                "Dni",
                "expected a DNI (eight digits and a letter) or a NIE (X, Y or Z, seven \
                 digits and a letter)",
            )),
        }
    }

    /// Returns the number in clear text.
    ///
    /// ```
    /// use idv_verificar_identidad::dni::Dni;
    ///
    /// let dni = Dni::parse("12345678Z")?;
    /// assert_eq!(dni.expose(), "12345678Z");
    /// assert!(!format!("{dni:?}").contains("12345678"));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// Returns a document's number in upper case, without white space, dots, hyphens and other
/// separators.
///
/// ```
/// use idv_verificar_identidad::dni::plain;
///
/// assert_eq!(plain("12.345.678-z"), "12345678Z");
/// assert_eq!(plain("pab 123456"), "PAB123456");
/// ```
#[must_use]
pub fn plain(number: &str) -> String {
    if number
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    {
        return number.to_owned();
    }
    number
        .chars()
        .filter(|character| character.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect()
}

/// Returns whether two texts are the same document number, regardless of notation. A DNI may lack
/// leading zeros.
///
/// ```
/// use idv_verificar_identidad::dni::is_same;
///
/// assert!(is_same("12.345.678-z", "12345678Z"));
/// assert!(is_same("1234567L", "01234567L"));
/// assert!(is_same("pab 123456", "PAB123456"));
/// assert!(!is_same("12345678Z", "87654321X") && !is_same("", ""));
/// ```
#[must_use]
pub fn is_same(one: &str, other: &str) -> bool {
    let canonical = |number: &str| {
        let plain = plain(number);
        let is_dni = plain
            .strip_suffix(|last: char| last.is_ascii_uppercase())
            .is_some_and(|digits| {
                digits.len() <= 8
                    && !digits.is_empty()
                    && digits.bytes().all(|byte| byte.is_ascii_digit())
            });
        if is_dni {
            format!("{plain:0>9}")
        } else {
            plain
        }
    };
    if one == other {
        return one.contains(char::is_alphanumeric);
    }
    let one = canonical(one);
    !one.is_empty() && one == canonical(other)
}

/// Returns whether the check letter of a DNI or NIE is right, or `None` if the text is neither. The
/// text must be in upper case and without separators.
///
/// ```
/// use idv_verificar_identidad::dni::letter_holds;
///
/// assert_eq!(letter_holds("12345678Z"), Some(true));
/// assert_eq!(letter_holds("12345678A"), Some(false));
/// assert_eq!(letter_holds("PAB123456"), None); // a passport
/// ```
#[must_use]
pub fn letter_holds(number: &str) -> Option<bool> {
    let [first, middle @ .., letter] = number.as_bytes() else {
        return None;
    };
    let first = match first {
        digit @ b'0'..=b'9' => u32::from(digit - b'0'),
        letter @ b'X'..=b'Z' => u32::from(letter - b'X'),
        _ => return None,
    };
    if middle.len() != 7 || !middle.iter().all(u8::is_ascii_digit) || !letter.is_ascii_uppercase() {
        return None;
    }
    // Eight digits fit.
    let value = middle
        .iter()
        .fold(first, |value, digit| value * 10 + u32::from(digit - b'0'));
    LETTERS
        .get(usize::try_from(value % 23).ok()?)
        .map(|right| right == letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_letter_follows_from_the_remainder() {
        for right in [
            "00000000T",
            "12345678Z",
            "00000023T",
            "99999999R",
            "X0000000T",
            "Y0000000Z",
            "Z0000000M",
            "X1234567L",
        ] {
            assert_eq!(letter_holds(right), Some(true), "{right}");
            let (digits, letter) = right.split_at(8);
            for wrong in LETTERS
                .iter()
                .map(|it| char::from(*it))
                .filter(|it| !letter.starts_with(*it))
            {
                assert_eq!(
                    letter_holds(&format!("{digits}{wrong}")),
                    Some(false),
                    "{digits}{wrong}"
                );
            }
        }
    }

    #[test]
    fn other_forms_are_not_spanish_numbers() {
        for other in [
            "",
            "T",
            "1234567Z",
            "012345678Z",
            "W1234567L",
            "x1234567L",
            "12345678z",
            "123456789",
            "1234567８Z",
            "ABC123456",
        ] {
            assert_eq!(letter_holds(other), None, "{other}");
        }
    }

    #[test]
    fn number_is_parsed_with_separators_and_not_printed() {
        for text in ["12345678Z", "12.345.678-Z", "12345678 z"] {
            assert_eq!(Dni::parse(text).unwrap().expose(), "12345678Z");
        }
        assert!(
            !format!(
                "{:?} {}",
                Dni::parse("12345678Z").unwrap(),
                Dni::parse("12345678A").unwrap_err()
            )
            .contains("12345678")
        );
    }
}
