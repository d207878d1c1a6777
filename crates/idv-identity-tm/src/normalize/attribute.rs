//! Single values: the vendor's text to an attribute of the model (chapter 3.3.4).

use idv_core::report::{Alternative, Attribute, Country, Gender, Source, Verdict};
use idv_core::{PartialDate, Pii, Text};

use super::filled;

/// A value of the model that the vendor has a word for.
pub(super) trait Word: Sized + PartialEq {
    /// The value; none where the word is no value of the model.
    fn of(word: &str) -> Option<Self>;

    /// Whether the value is written like the word.
    fn is_written(&self, word: &str) -> bool;

    /// Whether the word stands for nothing.
    fn is_nothing(_: &str) -> bool {
        false
    }
}

impl Word for String {
    fn of(word: &str) -> Option<Self> {
        Some(word.to_owned())
    }

    fn is_written(&self, _: &str) -> bool {
        true
    }
}

impl Word for PartialDate {
    fn of(word: &str) -> Option<Self> {
        // A date with a time of day is one too.
        let date = word.split_once(['T', ' ']).map_or(word, |(date, _)| date);
        date.parse().ok()
    }

    fn is_written(&self, word: &str) -> bool {
        word.len() <= "YYYY-MM-DD".len()
    }

    /// The vendor fills dates that are missing with the first day of Unix (chapter 3.3.7), and its kind of database with noughts.
    fn is_nothing(word: &str) -> bool {
        word.starts_with("1970-01-01") || word.starts_with("0000-00-00")
    }
}

impl Word for Country {
    fn of(word: &str) -> Option<Self> {
        Self::from_word(word)
    }

    fn is_written(&self, word: &str) -> bool {
        self.alpha2() == word
    }
}

impl Word for Gender {
    fn of(word: &str) -> Option<Self> {
        [("female", Self::Female), ("male", Self::Male), ("diverse", Self::Diverse)]
            .into_iter()
            .find_map(|(known, gender)| word.eq_ignore_ascii_case(known).then_some(gender))
    }

    fn is_written(&self, word: &str) -> bool {
        matches!((self, word), (Self::Female, "female") | (Self::Male, "male") | (Self::Diverse, "diverse"))
    }
}

/// The classes of a driver's licence, in one text of which the document does not say how it is divided.
impl Word for Vec<String> {
    fn of(word: &str) -> Option<Self> {
        let classes = word.split(|character: char| character.is_whitespace() || matches!(character, ',' | ';' | '/' | '|'));
        let classes: Self = classes.filter(|class| !class.is_empty()).map(str::to_owned).collect();
        (!classes.is_empty()).then_some(classes)
    }

    fn is_written(&self, _: &str) -> bool {
        true
    }
}

/// A value as it was checked and as it was submitted, each where the vendor sends it.
#[derive(Clone, Copy)]
pub(super) struct Pair<'t> {
    pub(super) checked: Option<&'t Text<'t>>,
    pub(super) initial: Option<&'t Text<'t>>,
}

/// What is known of a value, where anything is.
///
/// `source` is where a value comes from that was checked, and `alone` what is said of it where the vendor sends nothing that it could
/// be compared with.
pub(super) fn attribute<T: Word>(pair: Pair<'_>, source: Source, alone: Verdict) -> Option<Attribute<T>> {
    let checked = word::<T>(pair.checked).map(value::<T>);
    let initial = word::<T>(pair.initial).map(value::<T>);
    compare(checked, initial, source, alone)
}

/// A word as a value; and the word itself, where it is no value or the value is written in another way.
pub(super) type Read<T> = (Option<T>, Option<String>);

/// Compares what was checked with what had been submitted. Nothing of either is lost.
pub(super) fn compare<T: PartialEq>(
    checked: Option<Read<T>>,
    initial: Option<Read<T>>,
    source: Source,
    alone: Verdict,
) -> Option<Attribute<T>> {
    let verdict = match (&checked, &initial) {
        (None, None) => return None,
        // It was submitted, and nobody says that it was checked: it is no value of the person.
        (None, Some(_)) => Verdict::Original,
        (Some(_), None) => alone,
        (Some(checked), Some(initial)) if is_same(checked, initial) => Verdict::Match,
        (Some(_), Some(_)) => Verdict::Changed,
    };
    let mut attribute = Attribute::new(if verdict == Verdict::Original { Source::Submitted } else { source }, verdict);
    if let Some((value, raw)) = checked {
        attribute.value = value.map(Pii::new);
        attribute.raw = raw.map(Pii::new);
    }
    if let Some((submitted, raw)) = initial {
        if submitted.is_none() {
            attribute.alternatives.push(Alternative::new(Source::Submitted, None, raw.map(Pii::new)));
        }
        attribute.submitted = submitted.map(Pii::new);
    }
    Some(attribute)
}

fn is_same<T: PartialEq>(checked: &Read<T>, initial: &Read<T>) -> bool {
    match (&checked.0, &initial.0) {
        // Values are compared, not how they are written: DE is DEU.
        (Some(checked), Some(initial)) => checked == initial,
        (None, None) => checked.1 == initial.1,
        _ => false,
    }
}

fn word<'t, T: Word>(text: Option<&'t Text<'_>>) -> Option<&'t str> {
    filled(text).filter(|word| !T::is_nothing(word))
}

fn value<T: Word>(word: &str) -> Read<T> {
    let value = T::of(word);
    let raw = if value.as_ref().is_some_and(|value| value.is_written(word)) { None } else { Some(word.to_owned()) };
    (value, raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Word>(checked: Option<&str>, initial: Option<&str>) -> Option<Attribute<T>> {
        let (checked, initial) = (checked.map(Text::new), initial.map(Text::new));
        attribute(Pair { checked: checked.as_ref(), initial: initial.as_ref() }, Source::Agent, Verdict::New)
    }

    #[test]
    fn what_stands_for_nothing_is_nothing() {
        for word in ["", " ", "N/A", "n/a", "1970-01-01", "1970-01-01T00:00:00+01:00", "0000-00-00"] {
            assert_eq!(read::<PartialDate>(Some(word), Some(word)), None, "{word}");
        }
        for word in ["", " \t", "N/A"] {
            assert_eq!(read::<String>(Some(word), None), None, "{word}");
        }
        assert!(read::<String>(Some("1970-01-01"), None).is_some());
    }

    #[test]
    fn values_are_compared_and_not_how_they_are_written() {
        let country = read::<Country>(Some("DE"), Some("DEU")).unwrap();
        assert_eq!((country.verdict, country.submitted.unwrap().expose().alpha2()), (Verdict::Match, "DE"));
        let country = read::<Country>(Some("deutsch"), Some("deutsch")).unwrap();
        assert_eq!((country.verdict, country.expose(), country.alternatives.len()), (Verdict::Match, None, 1));
        let date = read::<PartialDate>(Some("1964-08-12T00:00:00"), Some("1964-08-13")).unwrap();
        assert_eq!((date.verdict, date.expose().unwrap().to_string()), (Verdict::Changed, "1964-08-12".to_owned()));
        assert_eq!(date.raw.unwrap().expose(), "1964-08-12T00:00:00");
    }

    #[test]
    fn what_was_submitted_and_not_checked_is_no_value() {
        let name = read::<String>(None, Some("Erika")).unwrap();
        assert_eq!((name.verdict, name.source, name.expose()), (Verdict::Original, Source::Submitted, None));
        assert_eq!(name.submitted.unwrap().expose(), "Erika");
    }

    #[test]
    fn classes_are_divided_in_every_likely_way() {
        for word in ["B, BE, AM", "B/BE/AM", "B BE;AM", "B|BE|AM"] {
            assert_eq!(read::<Vec<String>>(Some(word), None).unwrap().expose().unwrap(), &["B", "BE", "AM"], "{word}");
        }
        assert_eq!(read::<Vec<String>>(Some(","), None).unwrap().expose(), None);
    }
}
