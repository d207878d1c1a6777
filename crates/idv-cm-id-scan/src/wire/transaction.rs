//! Transactions: as they are created, in their details, and in a result.

use idv_core::adapter::non_empty;
use idv_core::adapter::wire::{self, Loose, Members, Part, Shape, object};
use idv_core::{Error, Pii, Result, Text};
use serde::de::{MapAccess, SeqAccess};
use serde_json::{Map, Value as Json};

use super::score::Score;

object! {
    /// A transaction: the answer to its creation, its details, or its result. Each has some of the parts.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Transaction<'a> {
        /// The vendor's id.
        "id" id: Option<Text<'a>>,
        /// Its state: `pending`, `completed`. Not all words are documented.
        "state" state: Option<Text<'a>>,
        /// The tasks of the person.
        "tasks" tasks: Vec<Task<'a>>,
        /// Where to send the person; in the answer to a creation. It opens the person's session.
        "url" url: Option<Text<'a>>,
        /// The language.
        "locale" locale: Option<Loose<'a>>,
        /// Whether the person has to use a mobile device.
        "mobileOnly" mobile_only: Option<Pii<Json>>,
        /// When it was created, by RFC 3339.
        "created" | "createdAt" created: Option<Loose<'a>>,
        /// When it expires, by RFC 3339.
        "expires" | "expiresAt" expires: Option<Loose<'a>>,
        /// When it was completed, by RFC 3339; null until then.
        "completed" | "completedAt" completed: Option<Loose<'a>>,
        /// The id of the result. It is in no sample but those of events; it is read wherever it stands.
        "resultId" result_id: Option<Loose<'a>>,
        ..
        /// Every other member.
        others: Members,
    }
}

object! {
    /// A task of the person.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Task<'a> {
        /// Its kind: `document_scan`, `face_liveness`, `face_match`.
        "type" kind: Option<Loose<'a>>,
        /// Its state: `pending`, `completed`. Not all words are documented.
        "state" state: Option<Loose<'a>>,
        /// The thoroughness: `advanced`.
        "level" level: Option<Loose<'a>>,
        /// The number of the person's attempts.
        "attempts" attempts: Option<Pii<Json>>,
        /// The number of attempts that are on the bill.
        "attemptsInvoiced" attempts_invoiced: Option<Pii<Json>>,
        /// Its score.
        "score" score: Option<Score>,
        /// The single scans; in details, while the transaction is pending.
        "documentScans" document_scans: Vec<Scan<'a>>,
        /// The fields that were read; in a result.
        "result" result: Option<TaskResult<'a>>,
        /// Images; in a result.
        "files" files: Vec<File<'a>>,
        ..
        /// Every other member.
        others: Members,
    }
    // As it stands in the answer to a creation.
    else |kind| Self { kind: Some(Loose::Text(kind)), ..Self::default() }
}

object! {
    /// One scan of a document.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Scan<'a> {
        /// When it was made, by RFC 3339.
        "created" | "createdAt" created: Option<Loose<'a>>,
        /// Its outcome, such as `front_side_provided_back_side_required`. Not all words are documented.
        "code" code: Option<Loose<'a>>,
        /// Its score.
        "score" score: Option<Score>,
        /// Where the image comes from: `camera`, `file`.
        "source" source: Option<Loose<'a>>,
        /// Whether it goes together with an earlier scan.
        "linked" linked: Option<Pii<Json>>,
        /// Its images.
        "files" files: Vec<File<'a>>,
        ..
        /// Every other member.
        others: Members,
    }
}

object! {
    /// An image.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct File<'a> {
        /// Its group: `document`, `image`.
        "category" category: Option<Loose<'a>>,
        /// Its subject: `raw_document_image`, `portrait`, or a kind of document such as `passport` or `DRIVING_LICENSE`.
        "type" kind: Option<Loose<'a>>,
        /// The document that was recognized, such as `Netherlands - ePassport (2021)`.
        "name" name: Option<Loose<'a>>,
        /// The score of the recognition.
        "score" score: Option<Score>,
        /// Where it can be downloaded; null if it was not asked for.
        "url" url: Option<Text<'a>>,
        ..
        /// Every other member.
        others: Members,
    }
}

object! {
    /// A field that was read at one place of the document, in one language.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct ResultField<'a> {
        /// Its name, such as `document_number`. One can stand several times, told apart by its language.
        "field" field: Option<Loose<'a>>,
        /// The result of its check: `valid`, `invalid`, `not_checked`.
        "validity" validity: Option<Loose<'a>>,
        /// The result of comparing its sources with each other: `match`, `not_performed`. The word for a mismatch is not documented.
        "comparison" comparison: Option<Loose<'a>>,
        /// The language it is written in; null if it has none.
        "locale" locale: Option<Loose<'a>>,
        /// Its value by each source.
        "values" values: Vec<Value<'a>>,
        ..
        /// Every other member.
        others: Members,
    }
}

object! {
    /// A value and its source.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Value<'a> {
        /// The source: `mrz`, `visual`.
        "source" source: Option<Loose<'a>>,
        /// The value; numbers are text too.
        "value" value: Option<Loose<'a>>,
        ..
        /// Every other member.
        others: Members,
    }
    // A value without a source.
    else |value| Self { value: Some(Loose::Text(value)), ..Self::default() }
}

/// The result of a task: the fields of a document, or a word. The result of tasks about the face is not documented.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TaskResult<'a> {
    /// The fields, place by place.
    Fields(Vec<ResultField<'a>>),
    /// A word.
    Word(Text<'a>),
}

impl<'de> Part<'de> for TaskResult<'de> {
    fn text(text: Text<'de>) -> Shape<Self> {
        Shape::Expected(Self::Word(text))
    }

    fn object<A: MapAccess<'de>>(map: A) -> Result<Shape<Self>, A::Error> {
        Ok(Vec::object(map)?.map(Self::Fields))
    }

    fn array<A: SeqAccess<'de>>(seq: A) -> Result<Shape<Self>, A::Error> {
        Ok(Vec::array(seq)?.map(Self::Fields))
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
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if it is not UTF-8, not whole, not well formed, or no transaction: it has to have
    /// an id and a state.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let transaction: Self = wire::read(bytes)?;
        if non_empty(transaction.id.as_ref()).is_none()
            || non_empty(transaction.state.as_ref()).is_none()
        {
            return Err(Error::malformed(
                "it is no transaction: its id or its state is missing",
            ));
        }
        Ok(transaction)
    }
}

impl<'a> Task<'a> {
    /// Returns what was read, place by place; nothing if the task has no such result.
    #[must_use]
    pub fn fields(&self) -> &[ResultField<'a>] {
        match &self.result {
            Some(TaskResult::Fields(fields)) => fields,
            _ => &[],
        }
    }
}

impl Scan<'_> {
    /// Returns the scan as JSON, without the addresses of its images.
    #[must_use]
    pub fn to_value(&self) -> Json {
        Object::default()
            .loose("created", self.created.as_ref())
            .loose("code", self.code.as_ref())
            .score(self.score.as_ref())
            .loose("source", self.source.as_ref())
            .any("linked", self.linked.as_ref())
            .list("files", &self.files, File::to_value)
            .members(&self.others)
    }
}

impl File<'_> {
    /// Returns the image as JSON, without its address.
    #[must_use]
    pub fn to_value(&self) -> Json {
        Object::default()
            .loose("category", self.category.as_ref())
            .loose("type", self.kind.as_ref())
            .loose("name", self.name.as_ref())
            .score(self.score.as_ref())
            .members(&self.others)
    }
}

impl ResultField<'_> {
    /// Returns the field as JSON.
    #[must_use]
    pub fn to_value(&self) -> Json {
        Object::default()
            .loose("field", self.field.as_ref())
            .loose("validity", self.validity.as_ref())
            .loose("comparison", self.comparison.as_ref())
            .loose("locale", self.locale.as_ref())
            .list("values", &self.values, Value::to_value)
            .members(&self.others)
    }
}

impl Value<'_> {
    /// Returns the value as JSON.
    #[must_use]
    pub fn to_value(&self) -> Json {
        Object::default()
            .loose("source", self.source.as_ref())
            .loose("value", self.value.as_ref())
            .members(&self.others)
    }
}

/// Returns the members that no field takes, by their names. An entry of a list that is no object has one of this crate's own.
pub(crate) fn named(members: &Members) -> impl Iterator<Item = (&str, &Json)> {
    members
        .iter()
        .map(|(name, value)| (if name.is_empty() { "entry" } else { name }, value.expose()))
}

/// Collects the parts of an object that are there, by the vendor's names.
#[derive(Default)]
struct Object(Map<String, Json>);

impl Object {
    fn with(mut self, name: &str, value: Option<Json>) -> Self {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            self.0.insert(name.to_owned(), value);
        }
        self
    }

    fn loose(self, name: &str, value: Option<&Loose<'_>>) -> Self {
        self.with(name, value.map(Loose::to_value))
    }

    fn any(self, name: &str, value: Option<&Pii<Json>>) -> Self {
        self.with(name, value.map(|value| value.expose().clone()))
    }

    fn score(self, score: Option<&Score>) -> Self {
        self.with("score", score.map(Score::to_value))
    }

    fn list<T>(self, name: &str, entries: &[T], value: impl Fn(&T) -> Json) -> Self {
        self.with(
            name,
            (!entries.is_empty()).then(|| entries.iter().map(value).collect()),
        )
    }

    fn members(mut self, others: &Members) -> Json {
        self.0
            .extend(named(others).map(|(name, value)| (name.to_owned(), value.clone())));
        Json::Object(self.0)
    }
}
