//! Converts single values to attributes of the model.

use idv_core::adapter::{self, FromVendor, find_word, non_empty};
use idv_core::report::{Attribute, Country, DocumentKind, Gender, Source, Verdict};
use idv_core::{PartialDate, Pii, Text};

use super::{Vendor, given_text};

/// Spanish dates (DD/MM/YYYY), and ISO 8601.
impl FromVendor<Vendor> for PartialDate {
    fn parse(word: &str) -> Option<Self> {
        let mut parts = word.split(['/', '-', '.']);
        let (day, month, year) = (parts.next()?, parts.next(), parts.next());
        match (day, month, year, parts.next()) {
            (day, Some(month), Some(year), None) if day.len() <= 2 && year.len() == 4 => Self::new(
                digits(year)?,
                Some(digits(month)?.try_into().ok()?),
                Some(digits(day)?.try_into().ok()?),
            ),
            _ => word.parse().ok(),
        }
    }
}

impl FromVendor<Vendor> for Country {
    fn parse(word: &str) -> Option<Self> {
        Self::from_word(word)
    }
}

/// The document's `F` for female and `M` for male. (In Spanish, `M` could stand for "mujer", but
/// the table defines it.)
impl FromVendor<Vendor> for Gender {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "F" | "f" => Some(Self::Female),
            "M" | "m" => Some(Self::Male),
            "X" | "x" => Some(Self::Diverse),
            _ => None,
        }
    }
}

/// The document shows `ID-1`, the size of a card (ISO/IEC 7810) and ICAO's name for it. The other
/// words are ICAO's and Spanish.
impl FromVendor<Vendor> for DocumentKind {
    fn parse(word: &str) -> Option<Self> {
        const WORDS: &[(&str, DocumentKind)] = &[
            ("ID-1", DocumentKind::IdCard),
            ("ID", DocumentKind::IdCard),
            ("I", DocumentKind::IdCard),
            ("DNI", DocumentKind::IdCard),
            ("ID-3", DocumentKind::Passport),
            ("P", DocumentKind::Passport),
            ("PASSPORT", DocumentKind::Passport),
            ("PASAPORTE", DocumentKind::Passport),
            ("NIE", DocumentKind::ResidencePermit),
            ("TIE", DocumentKind::ResidencePermit),
        ];
        Some(find_word(WORDS, word).unwrap_or(Self::Other))
    }
}

/// Returns the attribute of a text on the document. `N/A` has no value: the document uses it only
/// beside `Si` and `No`.
pub(super) fn attribute<T: FromVendor<Vendor>>(
    text: Option<&Text<'_>>,
    verdict: Verdict,
) -> Option<Attribute<T>> {
    if let Some(word) = given_text(text) {
        return Some(read(word, verdict));
    }
    non_empty(text).map(|word| unread(word, verdict))
}

/// Returns an attribute without a value, for a word that the model lacks.
pub(super) fn unread<T>(word: &str, verdict: Verdict) -> Attribute<T> {
    let mut attribute = Attribute::new(Source::Visual, verdict);
    attribute.raw = Some(Pii::from(word));
    attribute
}

/// Parses a word. The raw text is kept if the word has no value, or if the value is written
/// differently.
pub(super) fn read<T: FromVendor<Vendor>>(word: &str, verdict: Verdict) -> Attribute<T> {
    adapter::attribute::<Vendor, T>(word, Source::Visual, verdict)
}

fn digits(text: &str) -> Option<i16> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_is_parsed_with_the_day_first() {
        let date = |word: &str| PartialDate::parse(word).map(|date| date.to_string());
        for (word, read) in [
            ("18/12/1955", Some("1955-12-18")),
            ("01/02/2003", Some("2003-02-01")),
            ("1/2/2003", Some("2003-02-01")),
            ("18-12-1955", Some("1955-12-18")),
            ("1955-12-18", Some("1955-12-18")),
            ("12/18/1955", None),
            ("31/02/2003", None),
            ("18/12/55", None),
            ("+1/02/2003", None),
            ("18/12/1955/1", None),
            ("", None),
        ] {
            assert_eq!(date(word).as_deref(), read, "{word}");
        }
    }

    #[test]
    fn raw_text_is_kept_unless_it_equals_the_value() {
        fn raw<T: FromVendor<Vendor>>(word: &str) -> (bool, Option<String>) {
            let attribute = attribute::<T>(Some(&Text::new(word)), Verdict::Valid).unwrap();
            (
                attribute.value.is_some(),
                attribute.raw.map(Pii::into_exposed),
            )
        }
        assert_eq!(raw::<PartialDate>("1955-12-18"), (true, None));
        assert_eq!(
            raw::<PartialDate>("18/12/1955"),
            (true, Some("18/12/1955".to_owned()))
        );
        assert_eq!(raw::<Country>("ES"), (true, None));
        assert_eq!(raw::<Country>("es"), (true, Some("es".to_owned())));
        assert_eq!(raw::<Gender>("X"), (true, Some("X".to_owned())));
    }

    #[test]
    fn unknown_word_is_kept_and_absence_is_not() {
        for word in ["", " "] {
            assert_eq!(
                attribute::<String>(Some(&Text::new(word)), Verdict::Valid),
                None,
                "{word}"
            );
        }
        for word in ["N/A", "n/a"] {
            let name = attribute::<String>(Some(&Text::new(word)), Verdict::Valid).unwrap();
            assert_eq!(
                (name.expose(), name.raw.as_ref().unwrap().expose().as_str()),
                (None, word)
            );
        }
        let country = attribute::<Country>(Some(&Text::new("ESP")), Verdict::Valid).unwrap();
        assert_eq!(
            (
                country.expose().unwrap().code(),
                country.raw.as_ref().unwrap().expose().as_str()
            ),
            ("ES", "ESP")
        );
        let gender = attribute::<Gender>(Some(&Text::new("Q")), Verdict::Valid).unwrap();
        assert_eq!(
            (
                gender.expose(),
                gender.raw.as_ref().unwrap().expose().as_str()
            ),
            (None, "Q")
        );
    }
}
