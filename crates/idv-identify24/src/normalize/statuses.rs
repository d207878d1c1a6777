//! The meaning of the vendor's words for a state: the one that the document shows, and those that an account has taught.

use std::borrow::Cow;
use std::fmt;

use idv_core::adapter::settings::{Fault, SettingValue, by_serde};
use idv_core::{Error, Outcome, Result, Status};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

/// A word for a state, as the document has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusRow {
    /// The vendor's word.
    pub word: &'static str,
    /// The meaning, before an agent was there.
    pub status: Status,
    /// The place of the word in the document.
    pub source: &'static str,
}

/// Every word for an ident's state that the document shows. It lists none.
pub const STATUSES: &[StatusRow] = &[StatusRow {
    word: "Unidentified",
    status: Status::AwaitingPerson,
    source: "ident/get, sample response",
}];

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
    ("disputed", Status::Finished(Outcome::Disputed)),
];

/// The meanings of an account's words.
///
/// The document lists no words for states, and accounts may have their own. So the configuration teaches what they mean. A word that the
/// configuration does not teach and the document does not show has no meaning: it is kept, changes nothing, and is reported. Nothing is
/// guessed from the look of a word, since an outcome opens a bank account.
///
/// Words are compared without white space around them and without regard to the case of ASCII letters. The configuration prevails over
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
/// A word means `awaiting_person`, `in_progress`, `in_review`, `ended` (it is over, and the word does not say how), `verified`, `rejected`,
/// `inconclusive`, `canceled`, `expired` or `disputed`.
///
/// A word may mean one thing before an agent was there and another one after. A payload shows that an agent was there by `agent_name`,
/// `agent_notes` or `reject_reason`. The document shows `Unidentified` before, so that it has no meaning after unless it is taught:
///
/// ```
/// # use idv_core::{Outcome, Status};
/// # use idv_identify24::normalize::Statuses;
/// let table = r#"{"Unidentified": {"before_agent": "awaiting_person", "after_agent": "rejected"}}"#;
/// let statuses: Statuses = serde_json::from_str(table)?;
/// assert_eq!(statuses.meaning("Unidentified", false), Some(Status::AwaitingPerson));
/// assert_eq!(statuses.meaning("Unidentified", true), Some(Status::Finished(Outcome::Rejected)));
/// assert_eq!(serde_json::from_str::<Statuses>(r#""Unidentified = awaiting_person / rejected""#)?, statuses);
/// assert_eq!(Statuses::of_document().meaning("Unidentified", true), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statuses {
    taught: Vec<Taught>,
}

/// A word that was taught, and its meanings.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Taught {
    word: String,
    before_agent: Option<Status>,
    after_agent: Option<Status>,
}

impl Statuses {
    /// Returns the meanings that the document shows, and no others.
    #[must_use]
    pub const fn of_document() -> Self {
        Self { taught: Vec::new() }
    }

    /// Adds a word that means `status`, whether an agent was there or not.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the word is empty or was taught already.
    pub fn with(self, word: &str, status: Status) -> Result<Self> {
        self.teach(word, Some(status), Some(status))
    }

    /// Adds a word that means one thing before an agent was there and another one after. Without a meaning before, it has that of the
    /// document.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the word is empty or was taught already.
    pub fn with_both(
        self,
        word: &str,
        before_agent: Option<Status>,
        after_agent: Status,
    ) -> Result<Self> {
        self.teach(word, before_agent, Some(after_agent))
    }

    /// Returns the meaning of a word before an agent was there; `None` if it is not known.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<Status> {
        self.meaning(word, false)
    }

    /// Returns the meaning of a word in a payload that shows that an agent was there, or does not; `None` if it is not known.
    #[must_use]
    pub fn meaning(&self, word: &str, has_agent: bool) -> Option<Status> {
        let word = word.trim();
        let taught = self.taught(word);
        if has_agent {
            return taught.and_then(|taught| taught.after_agent);
        }
        let documented = || {
            STATUSES
                .iter()
                .find(|row| row.word.eq_ignore_ascii_case(word))
                .map(|row| row.status)
        };
        taught
            .and_then(|taught| taught.before_agent)
            .or_else(documented)
    }

    /// Returns whether some word has an outcome: without, no verification ever comes to an end here.
    #[must_use]
    pub fn has_outcome(&self) -> bool {
        let meanings = self
            .taught
            .iter()
            .flat_map(|taught| [taught.before_agent, taught.after_agent]);
        meanings
            .flatten()
            .any(|status| matches!(status, Status::Finished(_) | Status::Ended))
    }

    fn taught(&self, word: &str) -> Option<&Taught> {
        self.taught
            .iter()
            .find(|taught| taught.word.eq_ignore_ascii_case(word))
    }

    fn teach(
        mut self,
        word: &str,
        before_agent: Option<Status>,
        after_agent: Option<Status>,
    ) -> Result<Self> {
        let word = word.trim();
        if word.is_empty() {
            return Err(Error::config(
                "statuses has an empty word: write the vendor's word and its meaning",
            ));
        }
        if self.taught(word).is_some() {
            return Err(Error::config(
                "statuses has a word twice; letters of another case do not make another word",
            ));
        }
        self.taught.push(Taught {
            word: word.to_owned(),
            before_agent,
            after_agent,
        });
        Ok(self)
    }
}

fn named(name: &str) -> Result<Status> {
    let status = NAMES
        .iter()
        .find(|(known, _)| *known == name.trim())
        .map(|(_, status)| *status);
    let known = || {
        NAMES
            .iter()
            .map(|(known, _)| *known)
            .collect::<Vec<_>>()
            .join(", ")
    };
    status.ok_or_else(|| Error::config(format!("a word of statuses means one of {}", known())))
}

/// The meaning of a word in a configuration: one, or one before an agent was there and one after.
#[derive(serde::Deserialize)]
#[serde(
    untagged,
    expecting = "a string with the word's meaning, or a table with before_agent and after_agent"
)]
enum Meaning {
    Always(String),
    Both(Both),
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Both {
    #[serde(default)]
    before_agent: Option<String>,
    after_agent: String,
}

impl Meaning {
    /// Reads `verified`, or `awaiting_person / rejected`.
    fn parse(text: &str) -> Self {
        match text.split_once('/') {
            None => Self::Always(text.to_owned()),
            Some((before, after)) => {
                let before_agent =
                    Some(before.to_owned()).filter(|before| !before.trim().is_empty());
                Self::Both(Both {
                    before_agent,
                    after_agent: after.to_owned(),
                })
            }
        }
    }

    fn add_to(&self, statuses: Statuses, word: &str) -> Result<Statuses> {
        match self {
            Self::Always(name) => statuses.with(word, named(name)?),
            Self::Both(both) => {
                let before = both.before_agent.as_deref().map(named).transpose()?;
                statuses.with_both(word, before, named(&both.after_agent)?)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Statuses;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("words and their meanings: a table, or one text such as \"Some Word=verified,Other Word=rejected\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Statuses, E> {
                let mut statuses = Statuses::default();
                for pair in text
                    .split(',')
                    .map(str::trim)
                    .filter(|pair| !pair.is_empty())
                {
                    // A meaning has no equals sign; a word may.
                    let (word, name) = pair.rsplit_once('=').ok_or_else(|| {
                        E::custom(
                            "statuses is written as word=meaning, with commas between the pairs",
                        )
                    })?;
                    statuses = Meaning::parse(name)
                        .add_to(statuses, word)
                        .map_err(E::custom)?;
                }
                Ok(statuses)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Statuses, A::Error> {
                let mut statuses = Statuses::default();
                while let Some((word, meaning)) = map.next_entry::<String, Meaning>()? {
                    statuses = meaning.add_to(statuses, &word).map_err(A::Error::custom)?;
                }
                Ok(statuses)
            }
        }

        deserializer.deserialize_any(Pairs)
    }
}

impl SettingValue for Statuses {
    fn form() -> Cow<'static, str> {
        "a table of words and their meanings, or one text such as \"Some Word=verified,Other Word=rejected\"".into()
    }

    fn read(value: &serde_json::Value) -> Result<Self, Fault> {
        by_serde(value)
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
        assert_eq!(
            statuses.find("Unidentified"),
            Some(Status::Finished(Outcome::Rejected))
        );
        assert!(statuses.has_outcome() && !Statuses::of_document().has_outcome());
    }

    #[test]
    fn words_may_have_equals_signs_in_them_and_no_meaning_does() {
        let statuses = read(r#""a=b=in_review, c = ended ,""#).unwrap();
        assert_eq!(
            statuses.find("a=b"),
            Some(Status::InReview { leaning: None })
        );
        assert_eq!(statuses.find("c"), Some(Status::Ended));
        assert_eq!(read(r#""""#).unwrap(), Statuses::of_document());
    }

    #[test]
    fn word_means_another_thing_after_an_agent() {
        let rejected = Status::Finished(Outcome::Rejected);
        for (json, before, after) in [
            (
                r#"{"Unidentified": {"after_agent": "rejected"}}"#,
                Some(Status::AwaitingPerson),
                Some(rejected),
            ),
            (
                r#"{"Unidentified": {"before_agent": "ended", "after_agent": "rejected"}}"#,
                Some(Status::Ended),
                Some(rejected),
            ),
            (
                r#""Unidentified=/rejected""#,
                Some(Status::AwaitingPerson),
                Some(rejected),
            ),
            (
                r#""Unidentified = ended / rejected""#,
                Some(Status::Ended),
                Some(rejected),
            ),
            (r#""Unidentified=rejected""#, Some(rejected), Some(rejected)),
            (r#""""#, Some(Status::AwaitingPerson), None),
        ] {
            let statuses = read(json).unwrap();
            assert_eq!(
                (
                    statuses.meaning("unidentified", false),
                    statuses.meaning(" Unidentified", true)
                ),
                (before, after),
                "{json}"
            );
            assert_eq!(statuses.has_outcome(), after.is_some(), "{json}");
        }
        let other = read(r#""Other=/verified""#).unwrap();
        assert_eq!(
            (other.find("Other"), other.meaning("Other", true)),
            (None, Some(Status::Finished(Outcome::Verified)))
        );
        assert!(
            !read(r#""Other=in_review/in_review""#)
                .unwrap()
                .has_outcome()
        );
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
            (r#"{"Word": {"before_agent": "verified"}}"#, "after_agent"),
            (r#"{"Word": {"after_agent": "identified"}}"#, "inconclusive"),
            (r#"{"Word": 1}"#, "string"),
            (r#""Word=verified/""#, "inconclusive"),
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains(says), "{json}: {error}");
        }
    }
}
