//! Responses of the API: JSON as an array or an object, XML, lines of text, or a bare number
//! ("Response of the requests").

use std::borrow::Cow;

use idv_core::adapter::wire::{Shape, decoded_tolerantly, read_xml};
use idv_core::{Error, Result, Text};

use super::members::{Field as _, Others};
use super::tree::{Tree, parse};

/// A response of any function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answer<'a> {
    /// The result of the call, 1 or a negative code (`Res`).
    pub res: Option<Text<'a>>,
    /// The identifier of the request (`ID`).
    pub id: Option<Text<'a>>,
    /// The remaining credits (`Cred`).
    pub credits: Option<Text<'a>>,
    /// The description of an error (`Error`). It may repeat personal data that was sent.
    pub error: Option<Text<'a>>,
    /// Members without a field.
    pub others: Others,
}

impl<'a> Answer<'a> {
    /// Parses a response in any format.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the response has none of the formats, or
    /// has neither `Res` nor `Cred`.
    ///
    /// ```
    /// use idv_verificar_identidad::wire::Answer;
    ///
    /// let xml = "<result><Res>-1</Res></result>";
    /// for answer in [r#"[{"Res":-1}]"#, r#"{"Res":"-1"}"#, xml, "Res:-1;\n", "-1"] {
    ///     assert_eq!(Answer::read(answer.as_bytes())?.code(), Some(-1));
    /// }
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let answer = match decoded_tolerantly(bytes) {
            Cow::Borrowed(text) => Self::of(text)?,
            Cow::Owned(text) => Answer::of(&text)?.into_owned(),
        };
        if answer.code().is_none() && answer.credits.is_none() {
            return Err(Error::malformed(
                "the response does not tell the result of the call: Res is missing or not a \
                 number",
            ));
        }
        Ok(answer)
    }

    fn of(text: &'a str) -> Result<Self> {
        let text = text.trim_ascii();
        match text.as_bytes().first() {
            None => Err(Error::malformed("the response is empty")),
            Some(b'<') => {
                let mut answer = Self::default();
                answer.take_elements("", read_xml(text.into())?);
                Ok(answer)
            }
            Some(b'{') => Self::of_json(text),
            // Lists in lines of text begin with the same character.
            Some(b'[') => Self::of_json(text).or_else(|error| {
                let answer = Self::of_lines(text);
                if answer.res.is_some() {
                    Ok(answer)
                } else {
                    Err(error)
                }
            }),
            Some(_) if is_number(text) => Ok(Self {
                res: Some(Text::new(text)),
                ..Self::default()
            }),
            Some(_) => Ok(Self::of_lines(text)),
        }
    }

    fn of_json(text: &'a str) -> Result<Self> {
        let mut answer = Self::default();
        for (name, value) in parse::<Tree<'_>>(text)?.single()? {
            answer.take(&name, value);
        }
        Ok(answer)
    }

    fn into_owned(self) -> Answer<'static> {
        let owned = |text: Option<Text<'_>>| text.map(|text| Text::new(text.expose().to_owned()));
        Answer {
            res: owned(self.res),
            id: owned(self.id),
            credits: owned(self.credits),
            error: owned(self.error),
            others: self.others,
        }
    }

    /// Returns the result of the call as a number.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        let text = self.res.as_ref()?.expose().trim();
        (!self.others.contradicts("Res") && is_number(text))
            .then(|| text.parse().ok())
            .flatten()
    }

    /// Stores a value by its name, whose case differs between functions.
    pub(super) fn take(&mut self, name: &str, value: Tree<'a>) {
        let (name, part) = match name.trim() {
            name if name.eq_ignore_ascii_case("Res") => ("Res", &mut self.res),
            name if name.eq_ignore_ascii_case("ID") => ("ID", &mut self.id),
            name if name.eq_ignore_ascii_case("Cred") => ("Cred", &mut self.credits),
            name if name.eq_ignore_ascii_case("Error") => ("Error", &mut self.error),
            other => return self.others.undocumented_member(other, value.into()),
        };
        match value.into_text() {
            Shape::Expected(text) | Shape::Partly(text, _) => {
                part.accept(name, text, &mut self.others);
            }
            Shape::Other(value) => self.others.insert(name, value),
        }
    }

    /// Stores the elements that contain only text, by their names, at any depth.
    fn take_elements(&mut self, name: &str, tree: Tree<'a>) {
        match tree {
            // This is the name of the text in an element with attributes.
            Tree::Object(members) => members.into_iter().for_each(|(inner, value)| {
                self.take_elements(if inner == "value" { name } else { &inner }, value);
            }),
            tree => self.take(name, tree),
        }
    }

    /// Parses `Key:value;` in each line, also in brackets: `[ 0: [ Key:value; ] ]`.
    fn of_lines(text: &'a str) -> Self {
        let mut answer = Self::default();
        for piece in text.split([';', '\n']) {
            // An index of a list also ends with a colon.
            let piece = piece
                .rsplit('[')
                .next()
                .unwrap_or(piece)
                .trim_matches([' ', '\t', '\r', ']']);
            if let Some((name, value)) = piece.split_once(':') {
                answer.take(name, Tree::Text(Text::new(value.trim())));
            }
        }
        answer
    }
}

/// Returns whether a text is a plain whole number.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_gives_the_same_response() {
        for text in [
            r#"[{"Res":1,"ID":"1283876988","Cred":12345.67}]"#,
            r#"{"Res":"1","ID":1283876988,"Cred":"12345.67","Other":[{}]}"#,
            "<?xml version=\"1.0\"?><result><Res>1</Res><ID>1283876988</ID><Cred>12345.67</Cred></result>",
            "<result><item0><RES>1</RES><Id> 1283876988 </Id><CRED>12345.67</CRED></item0></result>",
            "Res:1;\r\nID:1283876988;\r\nCred:12345.67;\r\n",
            "[ 0: [ Res:1; ID:1283876988; Cred:12345.67; ] ]",
            "\u{feff}\n Res:1;\nID:1283876988;\nCred:12345.67;",
        ] {
            let answer =
                Answer::read(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(answer.code(), Some(1), "{text}");
            assert_eq!(
                answer.id.as_ref().map(|id| id.expose().trim()),
                Some("1283876988"),
                "{text}"
            );
            assert_eq!(
                answer.credits.as_ref().map(Text::expose),
                Some("12345.67"),
                "{text}"
            );
        }
    }

    #[test]
    fn response_without_result_is_refused() {
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
            "[{\"Res\":1,\"Res\":-1}]",
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
