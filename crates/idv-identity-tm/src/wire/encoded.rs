//! Files within JSON: Base64 that stays in the payload until it is decoded.

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use idv_core::adapter::wire::{Part, Shape, read_raw_text};
use idv_core::{Error, Text};
use serde::de::Deserializer;
use serde_json::Value;

/// A file as Base64 in a string of the payload. `Debug` prints only its length.
///
/// Files are long, and a response has many of them, so they are decoded [piece by
/// piece](Encoded::decoder), never as a whole. The text stays in the payload.
#[derive(Clone, PartialEq, Eq)]
pub struct Encoded<'a> {
    /// The text between the quotation marks, with its escapes.
    raw: Text<'a>,
}

impl Encoded<'_> {
    /// Returns the length of the text in the payload in bytes, including escapes.
    ///
    /// ```
    /// use idv_identity_tm::wire::SignedDocuments;
    ///
    /// let documents = SignedDocuments::read(br#"{"PDFs":[{"Base64Data":"JVBERi0xLjQ="}]}"#)?;
    /// let encoded = documents.pdfs[0].base64_data.as_ref().expect("a file");
    /// assert_eq!(encoded.encoded_length(), 12); // 8 bytes of Base64 with padding
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn encoded_length(&self) -> usize {
        self.raw.expose().len()
    }

    /// Returns a decoder that yields the file piece by piece.
    ///
    /// ```
    /// use idv_identity_tm::wire::SignedDocuments;
    ///
    /// let documents = SignedDocuments::read(br#"{"PDFs":[{"Base64Data":"JVBERi0xLjQ="}]}"#)?;
    /// let encoded = documents.pdfs[0].base64_data.as_ref().expect("a file");
    /// let mut decoder = encoded.decoder();
    /// assert_eq!(decoder.next_piece()?, Some(b"%PDF-1.4".as_slice()));
    /// assert_eq!(decoder.next_piece()?, None);
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn decoder(&self) -> Decoder<'_> {
        Decoder {
            rest: self.raw.expose().as_bytes(),
            text: Vec::with_capacity(PIECE),
            piece: Vec::new(),
            ended: false,
        }
    }

    /// Decodes the file into `take`, piece by piece.
    ///
    /// ```
    /// use idv_identity_tm::wire::SignedDocuments;
    ///
    /// let documents = SignedDocuments::read(br#"{"PDFs":[{"Base64Data":"JVBERi0xLjQ="}]}"#)?;
    /// let encoded = documents.pdfs[0].base64_data.as_ref().expect("a file");
    /// let mut file = Vec::new();
    /// encoded.decode(|piece| Ok(file.extend_from_slice(piece)))?;
    /// assert_eq!(file, b"%PDF-1.4");
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`Decoder::next_piece`] and of `take`.
    pub fn decode(
        &self,
        mut take: impl FnMut(&[u8]) -> idv_core::Result<()>,
    ) -> idv_core::Result<()> {
        let mut decoder = self.decoder();
        while let Some(piece) = decoder.next_piece()? {
            take(piece)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[file, {} bytes of Base64]", self.encoded_length())
    }
}

impl<'de> Part<'de> for Encoded<'de> {
    // The escapes stay: resolving them would copy the text.
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Shape<Self>, D::Error> {
        read_raw_text(deserializer)
    }

    fn text(raw: Text<'de>) -> Shape<Self> {
        if raw.expose().is_empty() {
            Shape::Other(Value::Null)
        } else {
            Shape::Expected(Self { raw })
        }
    }

    fn boolean(value: bool) -> Shape<Self> {
        Shape::Other(value.into())
    }

    fn number(digits: Text<'de>) -> Shape<Self> {
        Shape::Other(Value::number(digits).expected().unwrap_or_default())
    }
}

/// The length of Base64 that is decoded at once: a multiple of four, so that only the last piece
/// can have padding.
const PIECE: usize = 64 * 1024;

/// Padding is optional.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes a file piece by piece, in constant memory.
pub struct Decoder<'a> {
    rest: &'a [u8],
    text: Vec<u8>,
    piece: Vec<u8>,
    /// Padding was found: nothing may follow.
    ended: bool,
}

impl Decoder<'_> {
    /// Returns the next piece of the file, at most 48 KiB, or `None` at its end.
    ///
    /// White space and line breaks are skipped, and escapes are resolved: PHP writes `/` as `\/`.
    ///
    /// ```
    /// use idv_core::ErrorKind;
    /// use idv_identity_tm::wire::SignedDocuments;
    ///
    /// let documents = SignedDocuments::read(br#"{"PDFs":[{"Base64Data":"not Base64!"}]}"#)?;
    /// let encoded = documents.pdfs[0].base64_data.as_ref().expect("a file");
    /// let error = encoded.decoder().next_piece().expect_err("an exclamation mark");
    /// assert_eq!(error.kind(), &ErrorKind::Malformed);
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the text is not Base64. The earlier pieces
    /// must not be used then.
    pub fn next_piece(&mut self) -> idv_core::Result<Option<&[u8]>> {
        self.text.clear();
        while self.text.len() < PIECE && !self.rest.is_empty() {
            self.take_run();
            if let Some((b'\\', escape)) = self.rest.split_first() {
                self.rest = escape;
                let character = self.unescape()?;
                self.push(character);
            } else if let Some((&other, rest)) = self.rest.split_first()
                && self.text.len() < PIECE
            {
                self.rest = rest;
                self.push(other);
            }
        }
        if self.text.is_empty() {
            return Ok(None);
        }
        if self.ended {
            return Err(not_base64());
        }
        self.ended = self.text.last() == Some(&b'=');
        self.piece.clear();
        ENGINE
            .decode_vec(&self.text, &mut self.piece)
            .map_err(|_| not_base64())?;
        Ok(Some(&self.piece))
    }

    /// Copies characters up to the next escape or white space.
    fn take_run(&mut self) {
        let room = PIECE - self.text.len();
        let window = self.rest.get(..room).unwrap_or(self.rest);
        let length = window
            .iter()
            .position(|byte| *byte == b'\\' || byte.is_ascii_whitespace())
            .unwrap_or(window.len());
        let (run, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, &[]));
        self.text.extend_from_slice(run);
        self.rest = rest;
    }

    fn push(&mut self, character: u8) {
        if !character.is_ascii_whitespace() {
            self.text.push(character);
        }
    }

    /// Returns the character of an escape whose backslash was consumed.
    fn unescape(&mut self) -> idv_core::Result<u8> {
        let (&kind, rest) = self.rest.split_first().ok_or_else(not_base64)?;
        self.rest = rest;
        match kind {
            b'/' => Ok(b'/'),
            b'n' | b'r' | b't' => Ok(b' '),
            b'u' => {
                let (digits, rest) = self.rest.split_first_chunk::<4>().ok_or_else(not_base64)?;
                self.rest = rest;
                let digits = std::str::from_utf8(digits).map_err(|_| not_base64())?;
                u8::from_str_radix(digits, 16).map_err(|_| not_base64())
            }
            _ => Err(not_base64()),
        }
    }
}

impl fmt::Debug for Decoder<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("rest", &self.rest.len())
            .finish_non_exhaustive()
    }
}

fn not_base64() -> Error {
    Error::malformed("a file within the JSON is not valid Base64")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(raw: &str) -> idv_core::Result<Vec<u8>> {
        let mut file = Vec::new();
        Encoded {
            raw: Text::new(raw),
        }
        .decode(|piece| {
            assert!(!piece.is_empty() && piece.len() <= PIECE / 4 * 3);
            file.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(file)
    }

    #[test]
    fn file_of_any_length_is_decoded() {
        let engine = base64::engine::general_purpose::STANDARD;
        for length in [1, 2, 3, 4, 49_151, 49_152, 49_153, 200_000] {
            let file: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
            let text = engine.encode(&file);
            assert_eq!(decode(&text).unwrap(), file, "{length}");
            assert_eq!(
                decode(text.trim_end_matches('=')).unwrap(),
                file,
                "{length} without padding"
            );
            assert_eq!(
                decode(&text.replace('/', "\\/").replace('+', "\\u002B")).unwrap(),
                file,
                "{length} with escapes"
            );
            let lines: Vec<_> = text
                .as_bytes()
                .chunks(76)
                .map(|line| std::str::from_utf8(line).unwrap())
                .collect();
            assert_eq!(
                decode(&lines.join("\\r\\n")).unwrap(),
                file,
                "{length} in lines"
            );
            assert_eq!(
                decode(&lines.join(" ")).unwrap(),
                file,
                "{length} with blanks"
            );
        }
    }

    #[test]
    fn invalid_base64_is_refused() {
        let beyond = format!("{}=={}", "A".repeat(PIECE - 2), "AAAA");
        for raw in [
            "A",
            "AB-_",
            "A===",
            "AA==AAAA",
            "AAAA=",
            "\\\\uQBA",
            "\\u00",
            "\\u0141AAA",
            "\\",
            "ÄÄ",
            &beyond,
        ] {
            assert!(decode(raw).is_err(), "{raw}");
        }
        assert_eq!(decode("\\r\\n").unwrap(), b"");
    }

    #[test]
    fn file_borrows_from_the_payload() {
        let payload =
            br#"{"Images":[{"Image":"\/9j\/4AAQ"},{"Image":7},{"Image":""},{"Image":["AA=="]}]}"#;
        let images = crate::wire::Images::read(payload).unwrap().images;
        let file = images[0].image.as_ref().unwrap();
        assert!(payload.as_ptr_range().contains(&file.raw.expose().as_ptr()));
        assert_eq!(
            (file.encoded_length(), decode(file.raw.expose()).unwrap()),
            (10, vec![0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x10])
        );
        assert!(images[1..].iter().all(|image| image.image.is_none()));
        let others: Vec<_> = images
            .iter()
            .map(|image| image.others.get("Image").map(|it| it.expose().to_string()))
            .collect();
        assert_eq!(
            others,
            [
                None,
                Some("7".to_owned()),
                None,
                Some("[\"AA==\"]".to_owned())
            ]
        );
    }

    #[test]
    fn file_is_kept_beside_a_long_number() {
        let json = r#"{"Images":[{"Image":"\/9j\/4AAQ","Size":123456789012345678901234567890}]}"#;
        let images = crate::wire::Images::read(json.as_bytes()).unwrap().images;
        let file = images[0].image.as_ref().unwrap();
        assert!(file.raw.is_borrowed());
        assert_eq!(
            decode(file.raw.expose()).unwrap(),
            [0xFF, 0xD8, 0xFF, 0xE0, 0x00, 0x10]
        );
        assert_eq!(
            images[0].others.get("Size").unwrap().expose(),
            "123456789012345678901234567890"
        );
    }

    #[test]
    fn file_is_not_printed() {
        assert_eq!(
            format!(
                "{:?}",
                Encoded {
                    raw: Text::new("/9j/4AAQ")
                }
            ),
            "[file, 8 bytes of Base64]"
        );
    }
}
