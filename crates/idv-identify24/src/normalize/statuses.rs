//! The meanings of the vendor's states: the documented one and those that the configuration
//! teaches.

use std::borrow::Cow;
use std::fmt;

use idv_core::adapter::settings::{Fault, SettingValue, by_serde};
use idv_core::{Error, Outcome, Result, Status};
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

/// A documented state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct StatusRow {
    /// The vendor's word for the state.
    pub word: &'static str,
    /// The meaning before an agent was involved.
    pub status: Status,
    /// The section of the document that shows the word.
    pub source: &'static str,
}

/// Every state of an ident that the document shows. The document has no list of states.
pub const STATUSES: &[StatusRow] = &[StatusRow {
    word: "Unidentified",
    status: Status::AwaitingPerson,
    source: "ident/get, sample response",
}];

/// The names of meanings in a configuration.
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

/// The meanings of an account's states.
///
/// The document has no list of states, and accounts may have their own, so the configuration
/// teaches their meanings. A state that neither the configuration nor the document defines has no
/// meaning: it is kept, changes nothing, and is reported. The adapter never guesses from the
/// wording, because an outcome may open a bank account.
///
/// Comparison ignores surrounding white space and ASCII case. The configuration overrides
/// [`STATUSES`].
///
/// In a configuration file the value is a table. An environment variable has the same pairs in one
/// text, separated by commas:
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
/// The meanings are `awaiting_person`, `in_progress`, `in_review`, `ended` (over, with an outcome
/// that the word does not tell), `verified`, `rejected`, `inconclusive`, `canceled`, `expired` and
/// `disputed`.
///
/// A word may have one meaning before an agent was involved and another one afterwards. A payload
/// with `agent_name`, `agent_notes` or `reject_reason` shows that an agent was involved. The
/// document shows `Unidentified` only before that, so this word has no later meaning unless one is
/// taught:
///
/// ```
/// # use idv_core::{Outcome, Status};
/// # use idv_identify24::normalize::Statuses;
/// let table = r#"{"Unidentified": {"before_agent": "awaiting_person", "after_agent": "rejected"}}"#;
/// let statuses: Statuses = serde_json::from_str(table)?;
/// assert_eq!(statuses.meaning("Unidentified", false), Some(Status::AwaitingPerson));
/// assert_eq!(statuses.meaning("Unidentified", true), Some(Status::Finished(Outcome::Rejected)));
/// let text = r#""Unidentified = awaiting_person / rejected""#;
/// assert_eq!(serde_json::from_str::<Statuses>(text)?, statuses);
/// assert_eq!(Statuses::of_document().meaning("Unidentified", true), None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statuses {
    taught: Vec<Taught>,
}

/// A taught word and its meanings.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Taught {
    word: String,
    before_agent: Option<Status>,
    after_agent: Option<Status>,
}

impl Statuses {
    /// Returns only the documented meanings.
    #[must_use]
    pub const fn of_document() -> Self {
        Self { taught: Vec::new() }
    }

    /// Adds a word that means `status`, whether or not an agent was involved.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the word is empty or already taught.
    pub fn with(self, word: &str, status: Status) -> Result<Self> {
        self.teach(word, Some(status), Some(status))
    }

    /// Adds a word with one meaning before an agent was involved and another one afterwards. If
    /// `before` is `None`, the documented meaning applies before.
    ///
    /// # Errors
    ///
    /// [`Config`](idv_core::ErrorKind::Config) if the word is empty or already taught.
    pub fn with_both(
        self,
        word: &str,
        before_agent: Option<Status>,
        after_agent: Status,
    ) -> Result<Self> {
        self.teach(word, before_agent, Some(after_agent))
    }

    /// Returns the meaning of a word before an agent was involved, or `None` if the word is
    /// unknown.
    #[must_use]
    pub fn find(&self, word: &str) -> Option<Status> {
        self.meaning(word, false)
    }

    /// Returns the meaning of a word, or `None` if the word is unknown. `has_agent` says whether
    /// the payload shows that an agent was involved.
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

    /// Returns whether some word means an outcome. Without one, no verification gets an outcome.
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
                "statuses has an empty word: expected the vendor's word and its meaning",
            ));
        }
        if self.taught(word).is_some() {
            return Err(Error::config(
                "statuses has the same word twice (ASCII case is ignored)",
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
    status.ok_or_else(|| {
        Error::config(format!(
            "invalid meaning in statuses: expected one of {}",
            known()
        ))
    })
}

/// A word's meaning in a configuration: one for both cases, or one for each.
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
    /// Parses `verified` or `awaiting_person / rejected`.
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
                    // A meaning never contains an equals sign, but a word may.
                    let (word, name) = pair.rsplit_once('=').ok_or_else(|| {
                        E::custom(
                            "invalid statuses: expected word=meaning pairs, separated by commas",
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
    fn taught_meaning_overrides_the_document() {
        let statuses = read(r#""unidentified=rejected""#).unwrap();
        assert_eq!(
            statuses.find("Unidentified"),
            Some(Status::Finished(Outcome::Rejected))
        );
        assert!(statuses.has_outcome() && !Statuses::of_document().has_outcome());
    }

    #[test]
    fn words_may_contain_equals_signs() {
        let statuses = read(r#""a=b=in_review, c = ended ,""#).unwrap();
        assert_eq!(
            statuses.find("a=b"),
            Some(Status::InReview { leaning: None })
        );
        assert_eq!(statuses.find("c"), Some(Status::Ended));
        assert_eq!(read(r#""""#).unwrap(), Statuses::of_document());
    }

    #[test]
    fn word_can_change_its_meaning_after_an_agent() {
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
    fn invalid_meaning_is_refused_with_the_accepted_ones() {
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
