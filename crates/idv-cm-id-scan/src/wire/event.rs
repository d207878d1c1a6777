//! Events, webhooks and errors.

use idv_core::adapter::non_empty;
use idv_core::adapter::wire::{self, Members, object};
use idv_core::{Error, Result, Text};

object! {
    /// An event that the vendor sends to a webhook.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Event<'a> {
        /// The event's id. A repeated event has the same id.
        "id" id: Option<Text<'a>>,
        /// The type: `transaction.state.updated`, `task.state.updated`.
        "type" kind: Option<Text<'a>>,
        /// The time of the event, in RFC 3339.
        "created" | "createdAt" created: Option<Text<'a>>,
        /// The transaction. The document does not show it in the event of a task.
        "transaction" transaction: EventTransaction<'a>,
        /// The transaction's id outside an object, a form that no sample shows.
        "transactionId" transaction_id: Option<Text<'a>>,
        /// The task, in an undocumented form.
        "task" task: EventTask<'a>,
        ..
        /// All other members.
        others: Members,
    }
}

object! {
    /// The transaction of an event.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct EventTransaction<'a> {
        /// The transaction's id.
        "id" id: Option<Text<'a>>,
        /// The transaction's state.
        "state" state: Option<Text<'a>>,
        /// The id of the result, after completion.
        "resultId" result_id: Option<Text<'a>>,
        ..
        /// All other members.
        others: Members,
    }
    // A transaction given only by its id.
    else |id| Self { id: Some(id), ..Self::default() }
}

object! {
    /// The task of an event.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct EventTask<'a> {
        /// The kind of the task.
        "type" kind: Option<Text<'a>>,
        /// The task's state.
        "state" state: Option<Text<'a>>,
        /// The task's transaction.
        "transaction" transaction: EventTransaction<'a>,
        /// The transaction's id outside an object.
        "transactionId" transaction_id: Option<Text<'a>>,
        ..
        /// All other members.
        others: Members,
    }
}

object! {
    /// A registered webhook.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Webhook<'a> {
        /// The vendor's id of the webhook.
        "id" id: Option<Text<'a>>,
        /// The URL that the vendor calls.
        "url" url: Option<Text<'a>>,
        /// The events that the vendor sends.
        "events" events: Vec<Option<Text<'a>>>,
        /// The time of the registration, in RFC 3339.
        "createdAt" | "created" created: Option<Text<'a>>,
        /// The time of the last change, in RFC 3339.
        "updatedAt" | "updated" updated: Option<Text<'a>>,
    }
}

object! {
    /// The body of an error. Its form is not documented, so the parser accepts the usual members.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct ErrorBody<'a> {
        /// The vendor's code for the error.
        "code" | "errorCode" code: Option<Text<'a>>,
        /// The code under another name, or an object that describes the error.
        "error" error: Vec<ErrorBody<'a>>,
        /// A list of errors.
        "errors" errors: Vec<ErrorBody<'a>>,
        /// The type of the problem.
        "type" kind: Option<Text<'a>>,
        /// The description of the problem.
        "message" | "title" | "detail" message: Option<Text<'a>>,
    }
    else |code| Self { code: Some(code), ..Self::default() }
}

impl<'a> Event<'a> {
    /// Parses an event.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the body is not UTF-8, is truncated or
    /// ill-formed, or lacks the event's type.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let event: Self = wire::read(bytes)?;
        if event.kind.is_none() {
            return Err(Error::malformed("not an event: its type is missing"));
        }
        Ok(event)
    }

    /// Returns the transaction's id from any of its positions.
    #[must_use]
    pub fn transaction_id(&self) -> Option<&str> {
        let (transaction, task) = (&self.transaction, &self.task);
        let places = [
            &transaction.id,
            &self.transaction_id,
            &task.transaction.id,
            &task.transaction_id,
        ];
        places
            .into_iter()
            .flatten()
            .map(Text::expose)
            .find(|id| !id.is_empty())
    }
}

impl<'a> Webhook<'a> {
    /// Parses the response to a registration.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the body is not UTF-8, is truncated or
    /// ill-formed, or lacks an id.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let webhook: Self = wire::read(bytes)?;
        if webhook.id.is_none() {
            return Err(Error::malformed("not a webhook: its id is missing"));
        }
        Ok(webhook)
    }
}

impl<'a> ErrorBody<'a> {
    /// Parses the body of an error. An unreadable body gives an empty value.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Self {
        wire::read(bytes).unwrap_or_default()
    }

    /// Returns the vendor's code for the error.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        let own = self
            .code
            .as_ref()
            .or(self.kind.as_ref())
            .map(Text::expose)
            .filter(|word| !word.is_empty());
        own.or_else(|| self.nested().find_map(Self::code))
    }

    /// Returns the vendor's description of the error, which may repeat personal data that was sent.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        let own = non_empty(self.message.as_ref());
        own.or_else(|| self.nested().find_map(Self::text))
    }

    fn nested(&self) -> impl Iterator<Item = &Self> {
        self.error.iter().chain(&self.errors)
    }
}
