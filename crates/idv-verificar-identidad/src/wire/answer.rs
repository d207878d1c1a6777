//! Answers of the API: JSON as an array or an object, XML, lines of text, or a bare number ("Response of the requests").

use idv_core::wire::{decoded, place};
use idv_core::{Error, Result, Text};
use serde::de::MapAccess;

use super::json::{self, Object};
use super::xml;

/// An answer of any function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer<'a> {
    /// What came of the call: 1, or a negative code: `Res`.
    pub res: Option<Text<'a>>,
    /// The identifier of the request: `ID`.
    pub id: Option<Text<'a>>,
    /// The credits that are left: `Cred`.
    pub credits: Option<Text<'a>>,
    /// What was wrong: `Error`. It may repeat what was sent.
    pub error: Option<Text<'a>>,
}

impl<'a> Answer<'a> {
    /// Reads an answer in whichever form it comes.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) where it is none of them, or has no `Res`.
    ///
    /// ```
    /// use idv_verificar_identidad::wire::Answer;
    ///
    /// for answer in [r#"[{"Res":-1}]"#, r#"{"Res":"-1"}"#, "<result><Res>-1</Res></result>", "Res:-1;\n", "-1"] {
    ///     assert_eq!(Answer::read(answer.as_bytes())?.code(), Some(-1));
    /// }
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let text = decoded(bytes)?.trim_ascii();
        let answer = match text.as_bytes().first() {
            None => return Err(Error::malformed("the answer is empty")),
            Some(b'<') => xml::read(text)?,
            Some(b'{') => json::single(text)?,
            // Lists begin like this in lines of text too.
            Some(b'[') => json::single(text).or_else(|error| {
                let answer = Self::of_lines(text);
                if answer.res.is_some() { Ok(answer) } else { Err(error) }
            })?,
            Some(_) if is_number(text) => Self { res: Some(Text::new(text)), ..Self::default() },
            Some(_) => Self::of_lines(text),
        };
        if answer.code().is_none() {
            return Err(Error::malformed("the answer does not say what came of the call: Res is missing, or no number"));
        }
        Ok(answer)
    }

    /// What came of the call, as a number.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        let text = self.res.as_ref()?.expose().trim();
        is_number(text).then(|| text.parse().ok()).flatten()
    }

    /// Takes a value by its name, whose case differs between functions.
    pub(super) fn take(&mut self, name: &str, value: Text<'a>) {
        let part = match name.trim() {
            name if name.eq_ignore_ascii_case("Res") => &mut self.res,
            name if name.eq_ignore_ascii_case("ID") => &mut self.id,
            name if name.eq_ignore_ascii_case("Cred") => &mut self.credits,
            name if name.eq_ignore_ascii_case("Error") => &mut self.error,
            _ => return,
        };
        *part = Some(value);
    }

    /// `Key:value;` in each line, perhaps in brackets: `[ 0: [ Key:value; ] ]`.
    fn of_lines(text: &'a str) -> Self {
        let mut answer = Self::default();
        for piece in text.split([';', '\n']) {
            // An index of a list ends with a colon too.
            let piece = piece.rsplit('[').next().unwrap_or(piece).trim_matches([' ', '\t', '\r', ']']);
            if let Some((name, value)) = piece.split_once(':') {
                answer.take(name, Text::new(value.trim()));
            }
        }
        answer
    }
}

impl<'de> Object<'de> for Answer<'de> {
    fn part<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if let Some(value) = map.next_value_seed(place::<Option<Text<'_>>>())? {
            self.take(name, value);
        }
        Ok(())
    }
}

/// Whether a text is a whole number, written plainly.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_says_the_same() {
        for text in [
            r#"[{"Res":1,"ID":"1283876988","Cred":12345.67}]"#,
            r#"{"Res":"1","ID":1283876988,"Cred":"12345.67","Other":[{}]}"#,
            "<?xml version=\"1.0\"?><result><Res>1</Res><ID>1283876988</ID><Cred>12345.67</Cred></result>",
            "<result><item0><RES>1</RES><Id> 1283876988 </Id><CRED>12345.67</CRED></item0></result>",
            "Res:1;\r\nID:1283876988;\r\nCred:12345.67;\r\n",
            "[ 0: [ Res:1; ID:1283876988; Cred:12345.67; ] ]",
            "\u{feff}\n Res:1;\nID:1283876988;\nCred:12345.67;",
        ] {
            let answer = Answer::read(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(answer.code(), Some(1), "{text}");
            assert_eq!(answer.id.as_ref().map(|id| id.expose().trim()), Some("1283876988"), "{text}");
            assert_eq!(answer.credits.as_ref().map(Text::expose), Some("12345.67"), "{text}");
        }
    }

    #[test]
    fn what_says_nothing_of_a_call_is_refused() {
        for text in [
            "",
            " ",
            "[]",
            "{}",
            "null",
            "[-1]",
            "OK",
            "Res:;",
            "Res:one;",
            "{\"Res\":null}",
            "{\"Res\":1.5}",
            "{\"Res\":1",
            "[{\"Res\":1}]x",
            "<html><body>Error</body></html>",
            "<result><Res>1</Res>",
            "99999999999999999999",
            "--1",
        ] {
            assert!(Answer::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
