//! Conversion of a vendor's words into values of the model.

use jiff::civil::Date;
use serde_json::Value;

use super::wire::Loose;
use crate::date::{self, PartialDate};
use crate::pii::Pii;
use crate::report::{Attribute, Country, DocumentKind, Gender, Source, Verdict};
use crate::text::Text;

/// A value of the model for which a vendor has words.
///
/// `V` is a type of the adapter, because the words differ between vendors.
///
/// ```
/// use idv_core::adapter::{FromVendor, value};
/// use idv_core::report::Gender;
///
/// struct Example;
///
/// impl FromVendor<Example> for Gender {
///     fn parse(word: &str) -> Option<Self> {
///         match word {
///             "F" => Some(Self::Female),
///             "M" => Some(Self::Male),
///             _ => None,
///         }
///     }
/// }
///
/// let (gender, raw) = value::<Example, Gender>("F");
/// assert_eq!((gender.unwrap().expose(), raw.unwrap().expose().as_str()), (&Gender::Female, "F"));
/// let (gender, raw) = value::<Example, Gender>("?");
/// assert!(gender.is_none() && raw.is_some());
/// ```
pub trait FromVendor<V>: Canonical {
    /// Parses a word; `None` if it does not correspond to a value of the model.
    fn parse(word: &str) -> Option<Self>;
}

impl<V> FromVendor<V> for String {
    fn parse(word: &str) -> Option<Self> {
        Some(word.to_owned())
    }
}

/// A value of the model with a canonical text form.
pub trait Canonical: Sized {
    /// Returns whether the word is the canonical form of the value and thus adds no information.
    fn is_written(&self, word: &str) -> bool;
}

impl Canonical for String {
    fn is_written(&self, word: &str) -> bool {
        self == word
    }
}

impl Canonical for Vec<String> {
    fn is_written(&self, word: &str) -> bool {
        self.join(", ") == word
    }
}

impl Canonical for PartialDate {
    fn is_written(&self, word: &str) -> bool {
        // Each part has a canonical form, but an unknown part may be zeros.
        let length = if self.day().is_some() {
            10
        } else {
            self.month().map_or(4, |_| 7)
        };
        word.len() == length && date::parse(word.as_bytes()) == Some(*self)
    }
}

impl Canonical for Country {
    fn is_written(&self, word: &str) -> bool {
        self.code() == word
    }
}

impl Canonical for Gender {
    fn is_written(&self, word: &str) -> bool {
        matches!(
            (self, word),
            (Self::Female, "female") | (Self::Male, "male") | (Self::Diverse, "diverse")
        )
    }
}

impl Canonical for DocumentKind {
    fn is_written(&self, word: &str) -> bool {
        matches!(
            (self, word),
            (Self::Passport, "passport")
                | (Self::IdCard, "id_card")
                | (Self::ResidencePermit, "residence_permit")
                | (Self::DrivingLicence, "driving_licence")
        )
    }
}

/// Parses a word as a value of the model.
///
/// The second element is the word itself, unless it is the canonical form of the value.
#[must_use]
pub fn value<V, T: FromVendor<V>>(word: &str) -> (Option<Pii<T>>, Option<Pii<String>>) {
    let value = T::parse(word);
    let adds_nothing = value.as_ref().is_some_and(|value| value.is_written(word));
    (
        value.map(Pii::new),
        (!adds_nothing).then(|| Pii::from(word)),
    )
}

/// Parses a word with [`value`] into an attribute.
#[must_use]
pub fn attribute<V, T: FromVendor<V>>(
    word: &str,
    source: Source,
    verdict: Verdict,
) -> Attribute<T> {
    let mut attribute = Attribute::new(source, verdict);
    (attribute.value, attribute.raw) = value::<V, T>(word);
    attribute
}

/// Looks up the meaning of a word in a table, ignoring case.
///
/// ```
/// use idv_core::adapter::find_word;
///
/// assert_eq!(find_word(&[("valid", true), ("invalid", false)], "Invalid"), Some(false));
/// ```
#[must_use]
pub fn find_word<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word))
        .map(|(_, meaning)| *meaning)
}

/// Returns the last day that a partial date may mean: the last one of the month or the year.
#[must_use]
pub fn last_day(date: PartialDate) -> Option<Date> {
    let month = date.month().unwrap_or(12);
    date.whole()
        .or_else(|| Some(Date::new(date.year(), month, 1).ok()?.last_of_month()))
}

/// A part of a payload that may be a string.
pub trait MaybeText {
    /// Returns the string, if it is one.
    fn maybe_text(&self) -> Option<&str>;
}

impl MaybeText for Text<'_> {
    fn maybe_text(&self) -> Option<&str> {
        Some(self.expose())
    }
}

impl MaybeText for Loose<'_> {
    fn maybe_text(&self) -> Option<&str> {
        self.text().map(Text::expose)
    }
}

/// Returns a string without surrounding white space; `None` if it is blank or missing.
#[must_use]
pub fn non_empty<T: MaybeText>(text: Option<&T>) -> Option<&str> {
    let text = text?.maybe_text()?;
    // Most text begins and ends with a letter or a digit and needs no trimming.
    if let [first, .., last] = text.as_bytes()
        && first.is_ascii_graphic()
        && last.is_ascii_graphic()
    {
        return Some(text);
    }
    Some(text.trim()).filter(|text| !text.is_empty())
}

/// Returns whether a value contains only nulls and blank strings.
#[must_use]
pub fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(entries) => entries.iter().all(is_blank),
        Value::Object(members) => members.values().all(is_blank),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn word_is_kept_unless_it_is_canonical() {
        assert!("Erika".to_owned().is_written("Erika"));
        assert!("1958".parse::<PartialDate>().unwrap().is_written("1958"));
        assert!(
            !"1958-00-00"
                .parse::<PartialDate>()
                .unwrap()
                .is_written("1958-00-00")
        );
        assert!(
            Country::from_word("DEU")
                .is_some_and(|country| country.is_written("DE") && !country.is_written("DEU"))
        );
        assert!(["A".to_owned(), "B".to_owned()].to_vec().is_written("A, B"));
        for (gender, word) in [
            (Gender::Female, "female"),
            (Gender::Male, "male"),
            (Gender::Diverse, "diverse"),
        ] {
            assert!(gender.is_written(word) && !gender.is_written("x"));
            assert_eq!(serde_json::to_value(gender).unwrap(), word);
        }
        for kind in [
            DocumentKind::Passport,
            DocumentKind::IdCard,
            DocumentKind::ResidencePermit,
            DocumentKind::DrivingLicence,
        ] {
            assert!(kind.is_written(serde_json::to_value(kind).unwrap().as_str().unwrap()));
        }
        assert!(
            !DocumentKind::Other.is_written("other"),
            "the word names the unknown value"
        );
    }

    #[test]
    fn only_blank_text_is_absent() {
        assert_eq!(non_empty(Some(&Text::new(" \t"))), None);
        assert_eq!(non_empty(Some(&Text::new(" N/A "))), Some("N/A"));
        assert_eq!(non_empty(None::<&Loose<'_>>), None);
        assert!(is_blank(&json!({"a": [null, " ", {}], "b": ""})));
        assert!(!is_blank(&json!([false])) && !is_blank(&json!({"a": 0})));
    }
}
