//! Transactions: as they are created, in their details, and in a result.

use idv_core::wire::{self, Optional, Part, object};
use idv_core::{Error, Result, Text};
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

object! {
    /// A transaction: the answer to its creation, its details, or its result. Each has some of the parts.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Transaction<'a> {
        /// The vendor's id.
        "id" id: Option<Text<'a>>,
        /// How far it is: `pending`, `completed`. Not all words are documented.
        "state" state: Option<Text<'a>>,
        /// What the person has to do.
        "tasks" tasks: Vec<Task<'a>>,
        /// Where to send the person; in the answer to a creation. It opens the person's session.
        "url" url: Option<Text<'a>>,
        /// The language.
        "locale" locale: Option<Text<'a>>,
        /// Whether the person has to use a mobile device.
        "mobileOnly" mobile_only: Option<bool>,
        /// When it was created, by RFC 3339.
        "created" | "createdAt" created: Option<Text<'a>>,
        /// When it expires, by RFC 3339.
        "expires" | "expiresAt" expires: Option<Text<'a>>,
        /// When it was completed, by RFC 3339; null until then.
        "completed" | "completedAt" completed: Option<Text<'a>>,
        /// The id of the result. It is in no sample but those of events; it is read wherever it stands.
        "resultId" result_id: Option<Text<'a>>,
    }
}

object! {
    /// What a person has to do, or did.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Task<'a> {
        /// What it is: `document_scan`, `face_liveness`, `face_match`.
        "type" kind: Option<Text<'a>>,
        /// How far it is: `pending`, `completed`. Not all words are documented.
        "state" state: Option<Text<'a>>,
        /// How thorough it is: `advanced`.
        "level" level: Option<Text<'a>>,
        /// How often the person tried.
        "attempts" attempts: Option<u32> as Count,
        /// How many attempts are on the bill.
        "attemptsInvoiced" attempts_invoiced: Option<u32> as Count,
        /// How sure the vendor is.
        "score" score: Option<Score>,
        /// The single scans; in details, while the transaction is pending.
        "documentScans" document_scans: Vec<Scan<'a>>,
        /// What was read; in a result.
        "result" result: Option<TaskResult<'a>>,
        /// Images; in a result.
        "files" files: Vec<File<'a>>,
    }
    // As it stands in the answer to a creation.
    else |kind| Self { kind: Some(kind), ..Self::default() }
}

object! {
    /// One scan of a document.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Scan<'a> {
        /// When it was made, by RFC 3339.
        "created" | "createdAt" created: Option<Text<'a>>,
        /// What came of it, such as `front_side_provided_back_side_required`. Not all words are documented.
        "code" code: Option<Text<'a>>,
        /// How sure the vendor is.
        "score" score: Option<Score>,
        /// Where the image comes from: `camera`, `file`.
        "source" source: Option<Text<'a>>,
        /// Whether it goes together with an earlier scan.
        "linked" linked: Option<bool>,
        /// Its images.
        "files" files: Vec<File<'a>>,
    }
}

object! {
    /// An image.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct File<'a> {
        /// What group it is of: `document`, `image`.
        "category" category: Option<Text<'a>>,
        /// What it shows: `raw_document_image`, `portrait`, or a kind of document such as `passport` or `DRIVING_LICENSE`.
        "type" kind: Option<Text<'a>>,
        /// The document that was recognized, such as `Netherlands - ePassport (2021)`.
        "name" name: Option<Text<'a>>,
        /// How sure the vendor is that it is this document.
        "score" score: Option<Score>,
        /// Where it can be downloaded; null where it was not asked for.
        "url" url: Option<Text<'a>>,
    }
}

object! {
    /// What was read at one place of the document, in one language.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct ResultField<'a> {
        /// Its name, such as `document_number`. One can stand several times, told apart by its language.
        "field" field: Option<Text<'a>>,
        /// What came of its check: `valid`, `invalid`, `not_checked`.
        "validity" validity: Option<Text<'a>>,
        /// What came of comparing its sources with each other: `match`, `not_performed`. The word for a mismatch is not documented.
        "comparison" comparison: Option<Text<'a>>,
        /// The language it is written in; null where it has none.
        "locale" locale: Option<Text<'a>>,
        /// Its value by each source.
        "values" values: Vec<Value<'a>>,
    }
}

object! {
    /// A value and where it was read.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Value<'a> {
        /// Where: `mrz`, `visual`.
        "source" source: Option<Text<'a>>,
        /// The value; numbers are text too.
        "value" value: Option<Text<'a>>,
    }
    // A value that came without saying where it was read.
    else |value| Self { source: None, value: Some(value) }
}

/// What a task found: what was read from a document, or a word. The result of tasks about the face is not documented.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TaskResult<'a> {
    /// What was read, place by place.
    Fields(Vec<ResultField<'a>>),
    /// A word.
    Word(Text<'a>),
}

impl<'de> Optional<'de> for TaskResult<'de> {
    fn text(text: Text<'de>) -> Option<Self> {
        Some(Self::Word(text))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        Vec::object(map).map(|fields| Some(Self::Fields(fields)))
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Option<Self>, A::Error> {
        Vec::array(seq).map(|fields| Some(Self::Fields(fields)))
    }
}

/// How sure the vendor is.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Score {
    /// From 0 to 1.
    Of(f64),
    /// Something stands there that is no number from 0 to 1. It is kept, since no score may be taken for a good one.
    Unreadable,
}

impl Score {
    /// The score, from 0 to 1.
    #[must_use]
    pub const fn value(self) -> Option<f64> {
        match self {
            Self::Of(score) => Some(score),
            Self::Unreadable => None,
        }
    }
}

impl Score {
    fn of(number: f64) -> Self {
        if (0.0..=1.0).contains(&number) { Self::Of(number) } else { Self::Unreadable }
    }
}

impl<'de> Optional<'de> for Score {
    fn text(text: Text<'de>) -> Option<Self> {
        Some(text.expose().parse().map_or(Self::Unreadable, Self::of))
    }

    fn number(number: &Number) -> Option<Self> {
        Some(number.as_f64().map_or(Self::Unreadable, Self::of))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
        IgnoredAny.visit_map(map)?;
        Ok(Some(Self::Unreadable))
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Option<Self>, A::Error> {
        IgnoredAny.visit_seq(seq)?;
        Ok(Some(Self::Unreadable))
    }
}

/// A count; also one that is sent as text, or with a fraction of zero.
#[derive(Default)]
struct Count(Option<u32>);

impl<'de> Part<'de> for Count {
    fn text(text: Text<'de>) -> Self {
        Self(text.expose().parse().ok())
    }

    fn number(number: &Number) -> Self {
        Self(number.as_f64().and_then(|number| number.to_string().parse().ok()))
    }
}

impl From<Count> for Option<u32> {
    fn from(count: Count) -> Self {
        count.0
    }
}

impl<'a> Transaction<'a> {
    /// Reads a transaction: the answer to its creation, its details, or its result.
    ///
    /// ```
    /// use idv_cm_id_scan::wire::Transaction;
    ///
    /// let created = Transaction::read(br#"{"id":"c3b92333","state":"pending","tasks":["document_scan"]}"#)?;
    /// let details = Transaction::read(br#"{"id":"c3b92333","state":"pending","tasks":[{"type":"document_scan"}]}"#)?;
    /// assert_eq!(created.tasks, details.tasks);
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) where it is not UTF-8, not whole, not well formed, or no transaction: it has to have
    /// an id and a state.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let transaction: Self = wire::read(bytes)?;
        let filled = |text: &Option<Text<'_>>| text.as_ref().is_some_and(|text| !text.expose().is_empty());
        if !filled(&transaction.id) || !filled(&transaction.state) {
            return Err(Error::malformed("it is no transaction: its id or its state is missing"));
        }
        Ok(transaction)
    }
}

impl<'a> Task<'a> {
    /// What was read, place by place; nothing where the task has no such result.
    #[must_use]
    pub fn fields(&self) -> &[ResultField<'a>] {
        match &self.result {
            Some(TaskResult::Fields(fields)) => fields,
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_read_in_each_of_its_forms() {
        for (json, value) in [
            ("2", Some(2)),
            ("2.0", Some(2)),
            ("\"2\"", Some(2)),
            ("-2", None),
            ("2.5", None),
            ("4294967296", None),
            ("[2]", None),
        ] {
            assert_eq!(Count::read(&mut serde_json::Deserializer::from_str(json)).unwrap().0, value, "{json}");
        }
    }
}
