//! The numbers that Spain gives people, DNI and NIE, and the letter that checks them.
//!
//! A DNI is eight digits and a letter; a NIE is `X`, `Y` or `Z`, seven digits and a letter. The letter is that of the remainder by 23 in
//! a fixed row of letters, in which the first letter of a NIE counts as 0, 1 or 2.

use idv_core::{Error, Pii, Result};

/// The letters, by the remainder that each stands for.
const LETTERS: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";

/// A DNI or NIE whose letter is right, in capitals and without anything between. `Debug` does not print it.
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
    /// Takes a number as people write it: with or without blanks, dots and hyphens, in any case.
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `Dni` if it is neither a DNI nor a NIE, or its letter is not the one
    /// that its digits have.
    pub fn parse(text: &str) -> Result<Self> {
        let plain = plain(text);
        match letter_holds(&plain) {
            Some(true) => Ok(Self(Pii::new(plain))),
            Some(false) => Err(Error::invalid(
                "Dni",
                "the letter at its end is not the one that its digits have",
            )),
            None => Err(Error::invalid(
                "Dni",
                "it is neither a DNI (eight digits and a letter) nor a NIE (X, Y or Z, seven digits and a letter)",
            )),
        }
    }

    /// The number in clear.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

/// Returns a document's number in capitals, without white space, dots, hyphens and whatever else divides it.
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

/// Returns whether two texts are the same document's number, however they are written. A DNI may lack noughts at its beginning.
///
/// ```
/// use idv_verificar_identidad::dni::is_same;
///
/// assert!(is_same("12.345.678-z", "12345678Z") && is_same("1234567L", "01234567L") && is_same("pab 123456", "PAB123456"));
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

/// Returns whether the letter of a DNI or NIE is the one that its digits have; `None` if the text is neither. Only capitals count, and
/// nothing stands between.
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
    fn the_letter_is_the_one_of_the_remainder() {
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
    fn what_has_another_shape_is_no_number_of_spain() {
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
    fn a_number_is_taken_as_people_write_it_and_not_printed() {
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
