//! What the vendor's words for a state mean: the one that the document shows, and those that an account has taught.

use std::fmt;

use idv_core::{Error, Outcome, Result, Status};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

/// A word for a state, as the document has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusRow {
    /// The vendor's word.
    pub word: &'static str,
    /// What it means.
    pub status: Status,
    /// Where the document shows it.
    pub source: &'static str,
}

/// Every word for an ident's state that the document shows. It lists none.
pub const STATUSES: &[StatusRow] =
    &[StatusRow { word: "Unidentified", status: Status::AwaitingPerson, source: "ident/get, sample response" }];

/// Names of states, as a configuration gives them.
const NAMES: &[(&str, Status)] = &[
    ("awaiting_person", Status::AwaitingPerson),
    ("in_progress", Status::InProgress),
    ("in_review", Status::InReview { leaning: None }),
    ("ended", Status::Ended),
    ("verified", Status::Finished(Outcome::Verified)),
    ("rejected", Status::Finished(Outcome::Rejected)),
    ("inconclusive", Status::Finished(Outcome::Inconclusive)),
    ("canceled", Status::Finished(Outcome::Canceled)),
    ("expired", Status::Finished(Outcome::Expired)),
];

/// What the words of an account mean.
///
/// The document lists no words for states, and accounts may have their own. So whoever knows what a word means for their account teaches
/// it; a word that nobody taught and the document does not show means nothing: it is kept, changes nothing, and is reported. Nothing is
/// guessed from how a word looks, since an outcome opens a bank account.
///
/// Words are compared without white space around them and without regard to the case of ASCII letters. What is taught prevails over
/// [`STATUSES`].
///
/// In a configuration it is a table, or one text with commas, as an environment variable has it:
///
/// ```
/// use idv_core::{Outcome, Status};
/// use idv_identify24::normalize::Statuses;
///
/// let statuses: Statuses = serde_json::from_str(r#"{"Example Verified": "verified"}"#)?;
/// assert_eq!(statuses.find("example verified"), Some(Status::Finished(Outcome::Verified)));
/// assert_eq!(statuses.find("Unidentified"), Some(Status::AwaitingPerson));
/// assert_eq!(statuses.find("Identified"), None);
/// assert_eq!(serde_json::from_str::<Statuses>(r#""Example Verified = verified""#)?, statuses);
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// What a word can mean is `awaiting_person`, `in_progress`, `in_review`, `ended` (it is over, and the word does not say how),
/// `verified`, `rejected`, `inconclusive`, `canceled` or `expired`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statuses {
    taught: Vec<(String, Status)>,
}

impl Statuses {
    /// Those of the document alone.
    #[must_use]
    pub const fn of_document() -> Self {
        Self { taught: Vec::new() }
    }

    /// The same, with a word that means `status`.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) where the word is empty or was taught already.
    pub fn with(mut self, word: &str, status: Status) -> Result<Self> {
        let word = word.trim();
        if word.is_empty() {
            return Err(Error::config("statuses has an empty word: write the vendor's word and what it means"));
        }
        if self.taught(word).is_some() {
            return Err(Error::config("statuses has a word twice; letters of another case do not make another word"));
        }
        self.taught.push((word.to_owned(), status));
        Ok(self)
    }

    /// What a word means; `None` where nobody knows.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<Status> {
        let word = word.trim();
        let documented = || STATUSES.iter().find(|row| row.word.eq_ignore_ascii_case(word)).map(|row| row.status);
        self.taught(word).or_else(documented)
    }

    /// Whether some word has an outcome: without, no verification ever comes to an end here.
    #[must_use]
    pub fn has_outcome(&self) -> bool {
        self.taught.iter().any(|(_, status)| matches!(status, Status::Finished(_) | Status::Ended))
    }

    fn taught(&self, word: &str) -> Option<Status> {
        self.taught.iter().find(|(taught, _)| taught.eq_ignore_ascii_case(word)).map(|(_, status)| *status)
    }

    fn with_named(self, word: &str, name: &str) -> Result<Self> {
        let named = NAMES.iter().find(|(known, _)| *known == name.trim()).map(|(_, status)| *status);
        let known = || NAMES.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
        let status = named.ok_or_else(|| Error::config(format!("a word of statuses means one of {}", known())))?;
        self.with(word, status)
    }
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Statuses;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("words and what they mean: a table, or one text such as \"Some Word=verified,Other Word=rejected\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Statuses, E> {
                let mut statuses = Statuses::default();
                for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
                    // A meaning has no equals sign; a word may.
                    let (word, name) = pair
                        .rsplit_once('=')
                        .ok_or_else(|| E::custom("statuses is written as word=meaning, with commas between the pairs"))?;
                    statuses = statuses.with_named(word, name).map_err(E::custom)?;
                }
                Ok(statuses)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Statuses, A::Error> {
                let mut statuses = Statuses::default();
                while let Some((word, name)) = map.next_entry::<String, String>()? {
                    statuses = statuses.with_named(&word, &name).map_err(A::Error::custom)?;
                }
                Ok(statuses)
            }
        }

        deserializer.deserialize_any(Pairs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Statuses, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn every_meaning_has_its_name() {
        for (name, status) in NAMES {
            let statuses = read(&format!(r#"{{"Word": "{name}"}}"#)).unwrap();
            assert_eq!(statuses.find(" WORD "), Some(*status), "{name}");
        }
    }

    #[test]
    fn what_is_taught_prevails_over_the_document() {
        let statuses = read(r#""unidentified=rejected""#).unwrap();
        assert_eq!(statuses.find("Unidentified"), Some(Status::Finished(Outcome::Rejected)));
        assert!(statuses.has_outcome() && !Statuses::of_document().has_outcome());
    }

    #[test]
    fn words_may_have_equals_signs_in_them_and_no_meaning_does() {
        let statuses = read(r#""a=b=in_review, c = ended ,""#).unwrap();
        assert_eq!(statuses.find("a=b"), Some(Status::InReview { leaning: None }));
        assert_eq!(statuses.find("c"), Some(Status::Ended));
        assert_eq!(read(r#""""#).unwrap(), Statuses::of_document());
    }

    #[test]
    fn what_cannot_be_meant_is_refused_and_the_meanings_listed() {
        for (json, says) in [
            (r#"{"Word": "identified"}"#, "inconclusive"),
            (r#"{"Word": "Verified"}"#, "verified"),
            (r#"{"": "verified"}"#, "empty"),
            (r#"{"Word": "verified", "WORD": "rejected"}"#, "twice"),
            (r#""Word""#, "word=meaning"),
            (r#""=verified""#, "empty"),
            (r#"["Word"]"#, "a table"),
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains(says), "{json}: {error}");
        }
    }
}
