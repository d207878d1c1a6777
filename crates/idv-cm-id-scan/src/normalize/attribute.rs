//! Combines the readings of a value into one attribute of the model.

use idv_core::adapter::{self, FromVendor, find_word, non_empty, value};
use idv_core::report::{
    Alternative, Attribute, CheckResult, Country, DocumentKind, Gender, Source, Verdict,
};

use idv_core::PartialDate;

use super::country::country;
use super::fields::document_kind;
use super::judge::{comparison, validity};
use super::{Vendor, is};
use crate::wire::{ResultField, Value};

/// The document does not define the vendor's date formats. Year-month-day is parsed, and so is
/// day-month-year if it is unambiguous: with dots, with a day above 12, or with equal numbers.
/// `03/04/1990` stays unparsed.
impl FromVendor<Vendor> for PartialDate {
    fn parse(word: &str) -> Option<Self> {
        let date = word.split_once(['T', ' ']).map_or(word, |(date, _)| date);
        if let Ok(date) = date.parse() {
            return Some(date);
        }
        let mut parts = date.split(['.', '/', '-']);
        let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some()
            || !date
                .bytes()
                .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'/' | b'-'))
        {
            return None;
        }
        let (year, month, day) = match (first.len(), third.len()) {
            (4, 1..=2) => (first, second, third),
            (1..=2, 4)
                if date.contains('.') || first.parse::<u8>().ok()? > 12 || second == first =>
            {
                (third, second, first)
            }
            _ => return None,
        };
        // Travel documents write an unknown day or month as 00.
        let known = |part: &str| {
            part.parse::<i8>()
                .map(|part| (part != 0).then_some(part))
                .ok()
        };
        Self::new(year.parse().ok()?, known(month)?, known(day)?)
    }
}

impl FromVendor<Vendor> for Country {
    fn parse(word: &str) -> Option<Self> {
        country(word)
    }
}

/// Documents have the word in their own language, often in two: `V/F` on a Dutch one.
impl FromVendor<Vendor> for Gender {
    fn parse(word: &str) -> Option<Self> {
        const WORDS: &[(&str, Gender)] = &[
            ("F", Gender::Female),
            ("female", Gender::Female),
            ("V", Gender::Female),
            ("V/F", Gender::Female),
            ("F/F", Gender::Female),
            ("vrouw", Gender::Female),
            ("M", Gender::Male),
            ("male", Gender::Male),
            ("M/M", Gender::Male),
            ("man", Gender::Male),
            ("X", Gender::Diverse),
            ("X/X", Gender::Diverse),
            ("diverse", Gender::Diverse),
        ];
        find_word(WORDS, word)
    }
}

impl FromVendor<Vendor> for DocumentKind {
    fn parse(word: &str) -> Option<Self> {
        Some(document_kind(word))
    }
}

/// The classes of a driving licence, in one text with undocumented separators.
impl FromVendor<Vendor> for Vec<String> {
    fn parse(word: &str) -> Option<Self> {
        let classes = word.split(|character: char| {
            character.is_whitespace() || matches!(character, ',' | ';' | '/' | '|')
        });
        let classes: Self = classes
            .filter(|class| !class.is_empty())
            .map(str::to_owned)
            .collect();
        (!classes.is_empty()).then_some(classes)
    }
}

/// Combines all readings of a value into one attribute, or returns `None` if there is no reading
/// and no verdict.
///
/// - The value comes from the machine-readable zone without a language, as the vendor recommends;
///   then from that zone in any language, from printed text without a language, from printed text
///   with one, and from any other source. All other readings are alternatives, with their
///   languages.
/// - The attribute is invalid if any of its fields is invalid or if the sources contradict each
///   other. Otherwise it has the verdict of the chosen field: valid or unchecked.
pub(super) fn attribute<'t, T: FromVendor<Vendor>>(
    fields: &(impl Iterator<Item = &'t ResultField<'t>> + Clone),
) -> Option<Attribute<T>> {
    let is_wrong = |field: &ResultField<'_>| {
        validity(field) == Some(CheckResult::Failed) || comparison(field) == CheckResult::Failed
    };
    let is_wrong = fields.clone().any(is_wrong);
    let readings = || fields.clone().flat_map(readings).enumerate();
    let Some((position, chosen)) = readings().min_by_key(|(_, reading)| reading.rank()) else {
        return is_wrong.then(|| Attribute::new(Source::Vendor, Verdict::Invalid));
    };
    let verdict = match validity(chosen.field) {
        _ if is_wrong => Verdict::Invalid,
        Some(CheckResult::Passed) => Verdict::Valid,
        _ => Verdict::Unchecked,
    };
    let mut attribute = adapter::attribute::<Vendor, T>(chosen.word, chosen.source(), verdict);
    let others = readings().filter(|(other, _)| *other != position);
    attribute.alternatives = others
        .map(|(_, reading)| {
            let (value, raw) = value::<Vendor, T>(reading.word);
            let mut alternative = Alternative::new(reading.source(), value, raw);
            alternative.locale = non_empty(reading.field.locale.as_ref()).map(str::to_owned);
            alternative
        })
        .collect();
    Some(attribute)
}

/// Returns the field whose reading becomes the value.
pub(super) fn best<'t>(
    fields: &(impl Iterator<Item = &'t ResultField<'t>> + Clone),
) -> Option<&'t ResultField<'t>> {
    fields
        .clone()
        .flat_map(readings)
        .min_by_key(Reading::rank)
        .map(|reading| reading.field)
}

/// One reading of a value.
#[derive(Clone, Copy)]
pub(super) struct Reading<'t> {
    pub(super) field: &'t ResultField<'t>,
    pub(super) value: &'t Value<'t>,
    pub(super) word: &'t str,
}

/// Returns the non-empty readings of a field.
pub(super) fn readings<'t>(field: &'t ResultField<'t>) -> impl Iterator<Item = Reading<'t>> {
    field.values.iter().filter_map(move |value| {
        Some(Reading {
            field,
            value,
            word: non_empty(value.value.as_ref())?,
        })
    })
}

impl Reading<'_> {
    /// Returns the source of the reading.
    pub(super) fn source(&self) -> Source {
        match &self.value.source {
            source if is(source.as_ref(), "mrz") => Source::Mrz,
            source if is(source.as_ref(), "visual") => Source::Visual,
            source
                if ["chip", "nfc", "rfid"]
                    .iter()
                    .any(|chip| is(source.as_ref(), chip)) =>
            {
                Source::Chip
            }
            _ => Source::Vendor,
        }
    }

    /// Returns the reading's rank; the lowest rank wins.
    pub(super) fn rank(&self) -> u8 {
        let source = match self.source() {
            Source::Mrz => 0,
            Source::Visual => 2,
            _ => 4,
        };
        source + u8::from(non_empty(self.field.locale.as_ref()).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unambiguous_dates_are_parsed() {
        let date = |word: &str| PartialDate::parse(word).map(|date| date.to_string());
        for word in [
            "1965-03-10",
            "1965-03-10T00:00:00+00:00",
            "1965/03/10",
            "10.03.1965",
            "10.3.1965",
        ] {
            assert_eq!(date(word).as_deref(), Some("1965-03-10"), "{word}");
        }
        assert_eq!(date("25/03/1965").as_deref(), Some("1965-03-25"));
        assert_eq!(date("25-03-1965").as_deref(), Some("1965-03-25"));
        assert_eq!(date("05/05/1965").as_deref(), Some("1965-05-05"));
        for (word, partial) in [
            ("1965", "1965"),
            ("1965-00-00", "1965"),
            ("00.00.1965", "1965"),
            ("00.03.1965", "1965-03"),
            ("1965/3/0", "1965-03"),
        ] {
            assert_eq!(date(word).as_deref(), Some(partial), "{word}");
        }
        for word in [
            "",
            "10/03/1965",
            "10-03-1965",
            "650310",
            "10 MRT 1965",
            "31.02.1965",
            "1.2.3",
            "1965-03-10-01",
            "+1.+2.1965",
        ] {
            assert_eq!(date(word), None, "{word}");
        }
    }
}
