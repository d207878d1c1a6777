//! Single values: the vendor's item to an attribute of the model (chapter 13.1.4).

use idv_core::report::{Alternative, Attribute, Country, DocumentKind, Gender, Source, Verdict};
use idv_core::{PartialDate, Pii, Text};

use super::filled;
use crate::wire::{Classes, Item};

/// A value of the model that the vendor has a word for.
pub(super) trait Word: Sized {
    /// The value; none where the word is no value of the model.
    fn of(word: &str) -> Option<Self>;

    /// Whether the value is written like the word.
    fn is_written(&self, word: &str) -> bool;
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
        word.parse().ok()
    }

    fn is_written(&self, _: &str) -> bool {
        // There is one way to write a date.
        true
    }
}

impl Word for Country {
    fn of(word: &str) -> Option<Self> {
        Self::from_word(word)
    }

    fn is_written(&self, word: &str) -> bool {
        self.code() == word
    }
}

impl Word for Gender {
    fn of(word: &str) -> Option<Self> {
        match word {
            "MALE" => Some(Self::Male),
            "FEMALE" => Some(Self::Female),
            _ => None,
        }
    }

    fn is_written(&self, _: &str) -> bool {
        false
    }
}

impl Word for DocumentKind {
    /// The table of chapter 13.1.5.
    fn of(word: &str) -> Option<Self> {
        match word {
            "IDCARD" => Some(Self::IdCard),
            "PASSPORT" => Some(Self::Passport),
            "DRIVERS_LICENSE" => Some(Self::DrivingLicence),
            "RESIDENCE_TITLE" => Some(Self::ResidencePermit),
            _ => None,
        }
    }

    fn is_written(&self, _: &str) -> bool {
        false
    }
}

/// What is known of a value, where anything is. `source` is where a value comes from that was not merely submitted.
///
/// Nothing that was sent is lost: a word that is no value of the model stays as the raw word, and one that had been submitted, or that
/// a reviewer replaced, as an alternative. What is redacted has no value, whatever stands in its place.
pub(super) fn attribute<T: Word>(item: Option<&Item<'_>>, source: Source) -> Option<Attribute<T>> {
    let item = item?;
    let verdict = verdict(item.status.as_ref());
    let mut attribute = empty(verdict, source);
    if verdict != Verdict::Redacted
        && let Some(word) = filled(item.value.as_ref())
    {
        (attribute.value, attribute.raw) = value(word);
    }
    if let Some(word) = filled(item.original.as_ref()) {
        let (submitted, raw) = value(word);
        if submitted.is_none() {
            attribute.alternatives.push(Alternative::new(Source::Submitted, None, raw));
        }
        attribute.submitted = submitted;
    }
    if let Some(word) = filled(item.identification.as_ref()) {
        let (before, raw) = value(word);
        attribute.alternatives.push(Alternative::new(Source::Agent, before, raw));
    }
    told(attribute)
}

/// What is known of the classes of a driver's licence (chapter 13.1.5).
pub(super) fn classes(item: &Classes<'_>, source: Source) -> Option<Attribute<Vec<String>>> {
    if item.is_empty() {
        return None;
    }
    let verdict = verdict(item.status.as_ref());
    let mut attribute = empty(verdict, source);
    if verdict != Verdict::Redacted {
        attribute.value = list(&item.value);
    }
    attribute.submitted = list(&item.original);
    attribute.alternatives.extend(list(&item.identification).map(|before| Alternative::new(Source::Agent, Some(before), None)));
    told(attribute)
}

/// The status of an item. `REDACTION` stands in the samples of chapters 13.3 and 13.4 and in no table. A word that is not known, like
/// none at all, says nothing of the value.
fn verdict(status: Option<&Text<'_>>) -> Verdict {
    match filled(status) {
        Some("MATCH") => Verdict::Match,
        Some("CHANGE") => Verdict::Changed,
        Some("NEW") => Verdict::New,
        Some("ORIGINAL") => Verdict::Original,
        Some("REDACTION") => Verdict::Redacted,
        _ => Verdict::Unchecked,
    }
}

fn empty<T>(verdict: Verdict, source: Source) -> Attribute<T> {
    Attribute::new(if verdict == Verdict::Original { Source::Submitted } else { source }, verdict)
}

/// The attribute, if it tells anything: a value, or that one was redacted.
fn told<T>(attribute: Attribute<T>) -> Option<Attribute<T>> {
    let tells = attribute.verdict == Verdict::Redacted
        || attribute.value.is_some()
        || attribute.raw.is_some()
        || attribute.submitted.is_some()
        || !attribute.alternatives.is_empty();
    tells.then_some(attribute)
}

/// A word as a value; the word itself, where it is no value or the value is written in another way.
fn value<T: Word>(word: &str) -> (Option<Pii<T>>, Option<Pii<String>>) {
    let value = T::of(word);
    let raw = if value.as_ref().is_some_and(|value| value.is_written(word)) { None } else { Some(Pii::from(word)) };
    (value.map(Pii::new), raw)
}

fn list(texts: &[Text<'_>]) -> Option<Pii<Vec<String>>> {
    let words: Vec<_> = texts.iter().filter_map(|text| filled(Some(text))).map(str::to_owned).collect();
    (!words.is_empty()).then(|| Pii::new(words))
}
