//! Transactions: the response to a creation, details, and results.

use idv_core::adapter::non_empty;
use idv_core::adapter::wire::{self, Loose, Members, Part, Shape, object};
use idv_core::{Error, Pii, Result, Text};
use serde::de::{MapAccess, SeqAccess};
use serde_json::{Map, Value as Json};

use super::score::Score;

object! {
    /// A transaction: the response to its creation, its details, or its result. Each form has some
    /// of the members.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Transaction<'a> {
        /// The vendor's id.
        "id" id: Option<Text<'a>>,
        /// The state: `pending`, `completed`. The document does not list all values.
        "state" state: Option<Text<'a>>,
        /// The person's tasks.
        "tasks" tasks: Vec<Task<'a>>,
        /// The URL of the person's session, in the response to a creation. It opens the session.
        "url" url: Option<Text<'a>>,
        /// The language.
        "locale" locale: Option<Loose<'a>>,
        /// Whether the person must use a mobile device.
        "mobileOnly" mobile_only: Option<Pii<Json>>,
        /// The time of creation, in RFC 3339.
        "created" | "createdAt" created: Option<Loose<'a>>,
        /// The time of expiry, in RFC 3339.
        "expires" | "expiresAt" expires: Option<Loose<'a>>,
        /// The time of completion, in RFC 3339; null before.
        "completed" | "completedAt" completed: Option<Loose<'a>>,
        /// The id of the result. Only samples of events have it; the parser accepts it everywhere.
        "resultId" result_id: Option<Loose<'a>>,
        ..
        /// All other members.
        others: Members,
    }
}

object! {
    /// A task of the person.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Task<'a> {
        /// Its kind: `document_scan`, `face_liveness`, `face_match`.
        "type" kind: Option<Loose<'a>>,
        /// The state: `pending`, `completed`. The document does not list all values.
        "state" state: Option<Loose<'a>>,
        /// The level of the scan: `advanced`.
        "level" level: Option<Loose<'a>>,
        /// The number of the person's attempts.
        "attempts" attempts: Option<Pii<Json>>,
        /// The number of billed attempts.
        "attemptsInvoiced" attempts_invoiced: Option<Pii<Json>>,
        /// The score.
        "score" score: Option<Score>,
        /// The single scans, in the details of a pending transaction.
        "documentScans" document_scans: Vec<Scan<'a>>,
        /// The extracted fields, in a result.
        "result" result: Option<TaskResult<'a>>,
        /// The images, in a result.
        "files" files: Vec<File<'a>>,
        ..
        /// All other members.
        others: Members,
    }
    // The form in the response to a creation.
    else |kind| Self { kind: Some(Loose::Text(kind)), ..Self::default() }
}

object! {
    /// One scan of a document.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Scan<'a> {
        /// The time of the scan, in RFC 3339.
        "created" | "createdAt" created: Option<Loose<'a>>,
        /// The outcome, such as `front_side_provided_back_side_required`. The document does not
        /// list all values.
        "code" code: Option<Loose<'a>>,
        /// The score.
        "score" score: Option<Score>,
        /// The source of the image: `camera`, `file`.
        "source" source: Option<Loose<'a>>,
        /// Whether the scan belongs to an earlier one.
        "linked" linked: Option<Pii<Json>>,
        /// The images.
        "files" files: Vec<File<'a>>,
        ..
        /// All other members.
        others: Members,
    }
}

object! {
    /// An image.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct File<'a> {
        /// The category: `document`, `image`.
        "category" category: Option<Loose<'a>>,
        /// The subject: `raw_document_image`, `portrait`, or a kind of document such as `passport`
        /// or `DRIVING_LICENSE`.
        "type" kind: Option<Loose<'a>>,
        /// The recognized document, such as `Netherlands - ePassport (2021)`.
        "name" name: Option<Loose<'a>>,
        /// The score of the recognition.
        "score" score: Option<Score>,
        /// The URL of the download; null if the image was not requested.
        "url" url: Option<Text<'a>>,
        ..
        /// All other members.
        others: Members,
    }
}

object! {
    /// A field of the document, extracted at one position in one language.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct ResultField<'a> {
        /// The name, such as `document_number`. A name can occur several times with different
        /// languages.
        "field" field: Option<Loose<'a>>,
        /// The result of the field's check: `valid`, `invalid`, `not_checked`.
        "validity" validity: Option<Loose<'a>>,
        /// The result of comparing the field's sources: `match`, `not_performed`. The document does
        /// not show the word for a mismatch.
        "comparison" comparison: Option<Loose<'a>>,
        /// The language of the text; null if it has none.
        "locale" locale: Option<Loose<'a>>,
        /// The value by each source.
        "values" values: Vec<Value<'a>>,
        ..
        /// All other members.
        others: Members,
    }
}

object! {
    /// A value and its source.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Value<'a> {
        /// The source: `mrz`, `visual`.
        "source" source: Option<Loose<'a>>,
        /// The value. Numbers are text, too.
        "value" value: Option<Loose<'a>>,
        ..
        /// All other members.
        others: Members,
    }
    // A value without a source.
    else |value| Self { value: Some(Loose::Text(value)), ..Self::default() }
}

/// The result of a task: the fields of a document, or a word. The results of face tasks are not
/// documented.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TaskResult<'a> {
    /// The extracted fields, by position.
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
    /// Parses a transaction: the response to its creation, its details, or its result.
    ///
    /// ```
    /// use idv_cm_id_scan::wire::Transaction;
    ///
    /// let created = br#"{"id":"c3b92333","state":"pending","tasks":["document_scan"]}"#;
    /// let created = Transaction::read(created)?;
    /// let details = br#"{"id":"c3b92333","state":"pending","tasks":[{"type":"document_scan"}]}"#;
    /// let details = Transaction::read(details)?;
    /// assert_eq!(created.tasks, details.tasks);
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the payload is not UTF-8, is truncated or
    /// ill-formed, or lacks an id or a state.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let transaction: Self = wire::read(bytes)?;
        if non_empty(transaction.id.as_ref()).is_none()
            || non_empty(transaction.state.as_ref()).is_none()
        {
            return Err(Error::malformed(
                "not a transaction: its id or its state is missing",
            ));
        }
        Ok(transaction)
    }
}

impl<'a> Task<'a> {
    /// Returns the extracted fields, by position; empty if the task has none.
    #[must_use]
    pub fn fields(&self) -> &[ResultField<'a>] {
        match &self.result {
            Some(TaskResult::Fields(fields)) => fields,
            _ => &[],
        }
    }
}

impl Scan<'_> {
    /// Returns the scan as JSON, without the URLs of its images.
    #[must_use]
    pub fn to_value(&self) -> Json {
        Object::new()
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
    /// Returns the image as JSON, without its URL.
    #[must_use]
    pub fn to_value(&self) -> Json {
        Object::new()
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
        Object::new()
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
        Object::new()
            .loose("source", self.source.as_ref())
            .loose("value", self.value.as_ref())
            .members(&self.others)
    }
}

/// Returns the members that no field has read, by name. A list entry that is not an object gets a
/// name of this crate's own.
pub(crate) fn named(members: &Members) -> impl Iterator<Item = (&str, &Json)> {
    members
        .iter()
        .map(|(name, value)| (if name.is_empty() { "entry" } else { name }, value.expose()))
}

/// Collects the present members of an object, by the vendor's names.
struct Object(Map<String, Json>);

impl Object {
    /// Creates an object with room for the members of an image.
    fn new() -> Self {
        Self(Map::with_capacity(5))
    }

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
