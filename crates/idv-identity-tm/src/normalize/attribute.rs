//! Converts single values to attributes of the model (chapter 3.3.4).

use idv_core::adapter::{FromVendor, find_word, non_empty, value};
use idv_core::report::{Alternative, Attribute, Country, Gender, Source, Verdict};
use idv_core::{PartialDate, Pii, Text};

use super::Vendor;

impl FromVendor<Vendor> for PartialDate {
    fn parse(word: &str) -> Option<Self> {
        // A date with a time of day is accepted, too.
        let date = word.split_once(['T', ' ']).map_or(word, |(date, _)| date);
        date.parse().ok().filter(|date: &Self| date.year() > 0)
    }
}

impl FromVendor<Vendor> for Country {
    fn parse(word: &str) -> Option<Self> {
        Self::from_word(word)
    }
}

impl FromVendor<Vendor> for Gender {
    fn parse(word: &str) -> Option<Self> {
        find_word(
            &[
                ("female", Self::Female),
                ("male", Self::Male),
                ("diverse", Self::Diverse),
            ],
            word,
        )
    }
}

/// The classes of a driver's licence, in one text with undocumented separators.
///
/// Restrictions belong to the class before them, so that a restricted class does not read like the
/// full one: `B (79.03, 79.04)` and `B 96` are one entry each. Restrictions are texts in brackets,
/// and the codes of two or more digits on European licences.
impl FromVendor<Vendor> for Vec<String> {
    fn parse(word: &str) -> Option<Self> {
        let mut classes = Self::new();
        for part in parts(word) {
            let digits = part.bytes().take_while(u8::is_ascii_digit).count();
            let restricts = part.starts_with(['(', '[']) || digits >= 2;
            match classes.last_mut() {
                Some(class) if restricts => {
                    class.push(' ');
                    class.push_str(part);
                }
                _ => classes.push(part.to_owned()),
            }
        }
        (!classes.is_empty()).then_some(classes)
    }
}

/// Returns the parts of a text between separators outside brackets.
fn parts(word: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_u32, 0, Vec::new());
    let mut end = |start: usize, end: usize| {
        parts.extend(word.get(start..end).filter(|part| !part.is_empty()));
    };
    for (index, character) in word.char_indices() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ if depth == 0
                && (character.is_whitespace() || matches!(character, ',' | ';' | '/' | '|')) =>
            {
                end(start, index);
                start = index + character.len_utf8();
            }
            _ => {}
        }
    }
    end(start, word.len());
    parts
}

/// A value as checked and as submitted, each if the vendor sends it.
#[derive(Clone, Copy)]
pub(super) struct Pair<'t> {
    pub(super) checked: Option<&'t Text<'t>>,
    pub(super) initial: Option<&'t Text<'t>>,
}

/// Returns the attribute of a value, or `None` if the vendor sends neither a checked nor a
/// submitted one.
///
/// `source` is the source of a checked value, and `alone` is its verdict if there is no submitted
/// value to compare it with.
pub(super) fn attribute<T: FromVendor<Vendor> + PartialEq>(
    pair: Pair<'_>,
    source: Source,
    alone: Verdict,
) -> Option<Attribute<T>> {
    let checked = non_empty(pair.checked).map(value::<Vendor, T>);
    let initial = non_empty(pair.initial).map(value::<Vendor, T>);
    compare(checked, initial, source, alone)
}

/// The value of a word, and the word itself unless the value is written the same way.
pub(super) type Read<T> = (Option<Pii<T>>, Option<Pii<String>>);

/// Compares a checked value with the submitted one, and keeps both.
pub(super) fn compare<T: PartialEq>(
    checked: Option<Read<T>>,
    initial: Option<Read<T>>,
    source: Source,
    alone: Verdict,
) -> Option<Attribute<T>> {
    let verdict = match (&checked, &initial) {
        (None, None) => return None,
        // The value was submitted and not checked, so it is not a value of the person.
        (None, Some(_)) => Verdict::Original,
        (Some(_), None) => alone,
        (Some(checked), Some(initial)) if is_same(checked, initial) => Verdict::Match,
        (Some(_), Some(_)) => Verdict::Changed,
    };
    let mut attribute = Attribute::new(
        if verdict == Verdict::Original {
            Source::Submitted
        } else {
            source
        },
        verdict,
    );
    if let Some((value, raw)) = checked {
        (attribute.value, attribute.raw) = (value, raw);
    }
    if let Some((submitted, raw)) = initial {
        if raw.is_some() {
            attribute
                .alternatives
                .push(Alternative::new(Source::Submitted, None, raw));
        }
        attribute.submitted = submitted;
    }
    Some(attribute)
}

fn is_same<T: PartialEq>(checked: &Read<T>, initial: &Read<T>) -> bool {
    match (&checked.0, &initial.0) {
        // The comparison ignores notation: DE equals DEU.
        (Some(checked), Some(initial)) => checked == initial,
        (None, None) => checked.1 == initial.1,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: FromVendor<Vendor> + PartialEq>(
        checked: Option<&str>,
        initial: Option<&str>,
    ) -> Option<Attribute<T>> {
        let (checked, initial) = (checked.map(Text::new), initial.map(Text::new));
        attribute(
            Pair {
                checked: checked.as_ref(),
                initial: initial.as_ref(),
            },
            Source::Agent,
            Verdict::New,
        )
    }

    #[test]
    fn only_blank_text_means_absence() {
        for word in ["", " ", " \t"] {
            assert_eq!(read::<PartialDate>(Some(word), Some(word)), None, "{word}");
            assert_eq!(read::<String>(Some(word), None), None, "{word}");
        }
        for word in ["N/A", "null", "-", "1970-01-01"] {
            assert_eq!(
                read::<String>(Some(word), None).unwrap().expose().unwrap(),
                word
            );
        }
    }

    #[test]
    fn date_keeps_precision_and_raw_text() {
        for (word, value, raw) in [
            ("1970-01-01", Some("1970-01-01"), None),
            ("1964-08-12", Some("1964-08-12"), None),
            (
                "1964-08-12T00:00:00",
                Some("1964-08-12"),
                Some("1964-08-12T00:00:00"),
            ),
            (
                "1964-08-12 00:00",
                Some("1964-08-12"),
                Some("1964-08-12 00:00"),
            ),
            ("1958-00-00", Some("1958"), Some("1958-00-00")),
            ("1958-07", Some("1958-07"), None),
            ("1958", Some("1958"), None),
            ("0000-00-00", None, Some("0000-00-00")),
            ("12.08.1964", None, Some("12.08.1964")),
        ] {
            let date = read::<PartialDate>(Some(word), None).unwrap();
            assert_eq!(
                date.expose().map(ToString::to_string).as_deref(),
                value,
                "{word}"
            );
            assert_eq!(
                date.raw.as_ref().map(|raw| raw.expose().as_str()),
                raw,
                "{word}"
            );
        }
    }

    #[test]
    fn comparison_ignores_notation() {
        let country = read::<Country>(Some("DE"), Some("DEU")).unwrap();
        assert_eq!(
            (country.verdict, country.submitted.unwrap().expose().code()),
            (Verdict::Match, "DE")
        );
        assert_eq!(
            country.alternatives[0].raw.as_ref().unwrap().expose(),
            "DEU"
        );
        let country = read::<Country>(Some("deutsch"), Some("deutsch")).unwrap();
        assert_eq!(
            (
                country.verdict,
                country.expose(),
                country.alternatives.len()
            ),
            (Verdict::Match, None, 1)
        );
        let country = read::<Country>(Some("deutsch"), Some("DE")).unwrap();
        assert_eq!(
            (country.verdict, country.raw.unwrap().expose().as_str()),
            (Verdict::Changed, "deutsch")
        );
        let date = read::<PartialDate>(Some("1964-08-12T00:00:00"), Some("1964-08-13")).unwrap();
        assert_eq!(
            (date.verdict, date.expose().unwrap().to_string()),
            (Verdict::Changed, "1964-08-12".to_owned())
        );
        assert_eq!(date.raw.unwrap().expose(), "1964-08-12T00:00:00");
    }

    #[test]
    fn gender_is_parsed_in_any_case() {
        for (word, gender, raw) in [
            ("female", Some(Gender::Female), None),
            ("male", Some(Gender::Male), None),
            ("diverse", Some(Gender::Diverse), None),
            ("Male", Some(Gender::Male), Some("Male")),
            ("unknown", None, Some("unknown")),
        ] {
            let read = read::<Gender>(Some(word), None).unwrap();
            assert_eq!(
                (
                    read.expose().copied(),
                    read.raw.as_ref().map(|raw| raw.expose().as_str())
                ),
                (gender, raw)
            );
        }
    }

    #[test]
    fn submitted_value_alone_is_not_a_value() {
        let name = read::<String>(None, Some("Erika")).unwrap();
        assert_eq!(
            (name.verdict, name.source, name.expose()),
            (Verdict::Original, Source::Submitted, None)
        );
        assert_eq!(name.submitted.unwrap().expose(), "Erika");
    }

    #[test]
    fn classes_are_split_at_every_likely_separator() {
        for word in ["B, BE, AM", "B/BE/AM", "B BE;AM", "B|BE|AM"] {
            assert_eq!(
                read::<Vec<String>>(Some(word), None)
                    .unwrap()
                    .expose()
                    .unwrap(),
                &["B", "BE", "AM"],
                "{word}"
            );
        }
        assert_eq!(read::<Vec<String>>(Some(","), None).unwrap().expose(), None);
    }

    #[test]
    fn restriction_stays_with_its_class() {
        for (word, classes, keeps_word) in [
            (
                "AM/A1, B (79.03, 79.04)",
                &["AM", "A1", "B (79.03, 79.04)"][..],
                true,
            ),
            ("B 96, BE", &["B 96", "BE"], false),
            ("B 96 BE", &["B 96", "BE"], true),
            ("B79.03/A [70/D]", &["B79.03", "A [70/D]"], true),
            ("1, 3, 4", &["1", "3", "4"], false),
            ("AM, B, L", &["AM", "B", "L"], false),
            ("B (79.03", &["B (79.03"], false),
            ("B) C", &["B)", "C"], true),
            ("95 B", &["95", "B"], true),
        ] {
            let read = read::<Vec<String>>(Some(word), None).unwrap();
            assert_eq!(read.expose().unwrap(), classes, "{word}");
            assert_eq!(
                read.raw.as_ref().map(|raw| raw.expose().as_str()),
                keeps_word.then_some(word),
                "{word}"
            );
        }
    }
}
