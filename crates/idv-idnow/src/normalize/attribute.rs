//! Converts the vendor's items to attributes of the model (chapter 13.1.4).

use idv_core::adapter::{FromVendor, non_empty, value};
use idv_core::report::{Alternative, Attribute, Country, DocumentKind, Gender, Source, Verdict};
use idv_core::{PartialDate, Pii};

use crate::wire::{ClassList, Classes, Item, Scalar};

/// Selects this vendor's conversions ([`FromVendor`]).
pub(super) struct Vendor;

impl FromVendor<Vendor> for PartialDate {
    fn parse(word: &str) -> Option<Self> {
        word.parse().ok()
    }
}

impl FromVendor<Vendor> for Country {
    fn parse(word: &str) -> Option<Self> {
        Self::from_word(word)
    }
}

impl FromVendor<Vendor> for Gender {
    fn parse(word: &str) -> Option<Self> {
        match word {
            "MALE" => Some(Self::Male),
            "FEMALE" => Some(Self::Female),
            _ => None,
        }
    }
}

impl FromVendor<Vendor> for DocumentKind {
    /// Parses the table of chapter 13.1.5.
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "IDCARD" => Self::IdCard,
            "PASSPORT" => Self::Passport,
            "DRIVERS_LICENSE" => Self::DrivingLicence,
            "RESIDENCE_TITLE" => Self::ResidencePermit,
            _ => Self::Other,
        })
    }
}

/// Returns the attribute of a value, or `None` if there is no information. `source` is the source
/// of a value that was not only submitted.
///
/// The attribute keeps everything: a word without a value in the model is the raw text, and a
/// submitted value or one that a reviewer replaced is an alternative. A redacted value is absent; a
/// word in its place is the raw text.
pub(super) fn attribute<T: FromVendor<Vendor>>(
    item: &Item<'_>,
    source: Source,
) -> Option<Attribute<T>> {
    let verdict = verdict(item.status.as_ref());
    let mut attribute = empty(verdict, source);
    if let Some(word) = non_empty(item.value.as_ref()) {
        (attribute.value, attribute.raw) = if verdict == Verdict::Redacted {
            (None, Some(Pii::from(word)))
        } else {
            value::<Vendor, T>(word)
        };
    }
    if let Some(word) = non_empty(item.original.as_deref()) {
        let (submitted, raw) = value::<Vendor, T>(word);
        if submitted.is_none() {
            attribute
                .alternatives
                .push(Alternative::new(Source::Submitted, None, raw));
        }
        attribute.submitted = submitted;
    }
    if let Some(word) = non_empty(item.identification.as_deref()) {
        let (before, raw) = value::<Vendor, T>(word);
        attribute
            .alternatives
            .push(Alternative::new(Source::Agent, before, raw));
    }
    informative(attribute)
}

/// Returns the kind of the document. A submitted word that the table of chapter 13.1.5 lacks is
/// kept, too.
pub(super) fn document_kind(item: &Item<'_>, source: Source) -> Option<Attribute<DocumentKind>> {
    let mut attribute = attribute::<DocumentKind>(item, source)?;
    if attribute
        .submitted
        .as_ref()
        .is_some_and(|kind| *kind.expose() == DocumentKind::Other)
    {
        let word = non_empty(item.original.as_deref()).map(Pii::from);
        attribute
            .alternatives
            .insert(0, Alternative::new(Source::Submitted, None, word));
    }
    Some(attribute)
}

/// Returns the classes of a driver's licence (chapter 13.1.5).
pub(super) fn classes(item: &Classes<'_>, source: Source) -> Option<Attribute<Vec<String>>> {
    let verdict = verdict(item.status.as_ref());
    let mut attribute = empty(verdict, source);
    (attribute.value, attribute.raw) = list(&item.value);
    if let Some(redacted) = attribute.value.take_if(|_| verdict == Verdict::Redacted) {
        attribute.raw = attribute
            .raw
            .take()
            .or_else(|| Some(Pii::new(redacted.expose().join(", "))));
    }
    let (submitted, raw) = list(&item.original);
    attribute.submitted = submitted;
    attribute
        .alternatives
        .extend(raw.map(|raw| Alternative::new(Source::Submitted, None, Some(raw))));
    if let (Some(before), raw) = list(&item.identification) {
        attribute
            .alternatives
            .push(Alternative::new(Source::Agent, Some(before), raw));
    }
    informative(attribute)
}

/// Returns the verdict of an item's status. An unknown word, like a missing one, gives no verdict.
fn verdict(status: Option<&Scalar<'_>>) -> Verdict {
    non_empty(status)
        .and_then(known_verdict)
        .unwrap_or(Verdict::Unchecked)
}

/// Returns whether a status has a verdict. The report keeps other words.
pub(super) fn is_known_status(status: &Scalar<'_>) -> bool {
    non_empty(Some(status)).is_some_and(|word| known_verdict(word).is_some())
}

/// Parses the table of chapter 13.1.4. `REDACTION` is in the samples of chapters 13.3 and 13.4 and
/// in no table.
fn known_verdict(word: &str) -> Option<Verdict> {
    match word {
        "MATCH" => Some(Verdict::Match),
        "CHANGE" => Some(Verdict::Changed),
        "NEW" => Some(Verdict::New),
        "ORIGINAL" => Some(Verdict::Original),
        "REDACTION" => Some(Verdict::Redacted),
        _ => None,
    }
}

fn empty<T>(verdict: Verdict, source: Source) -> Attribute<T> {
    Attribute::new(
        if verdict == Verdict::Original {
            Source::Submitted
        } else {
            source
        },
        verdict,
    )
}

/// Returns the attribute if it carries information: a value, or a redaction.
fn informative<T>(attribute: Attribute<T>) -> Option<Attribute<T>> {
    let says_anything = attribute.verdict == Verdict::Redacted
        || attribute.value.is_some()
        || attribute.raw.is_some()
        || attribute.submitted.is_some()
        || !attribute.alternatives.is_empty();
    says_anything.then_some(attribute)
}

/// Returns the classes of a list, and the text that contained them.
fn list(list: &ClassList<'_>) -> (Option<Pii<Vec<String>>>, Option<Pii<String>>) {
    let words: Vec<_> = list
        .classes
        .iter()
        .filter_map(|text| non_empty(Some(text)))
        .map(str::to_owned)
        .collect();
    let written = non_empty(list.written.as_ref()).map(Pii::from);
    ((!words.is_empty()).then(|| Pii::new(words)), written)
}
