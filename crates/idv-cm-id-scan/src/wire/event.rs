//! Events, webhooks and errors.

use idv_core::adapter::wire::{self, Members, object};
use idv_core::{Error, Result, Text};

object! {
    /// An event that the vendor sends to a webhook.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Event<'a> {
        /// The event's own id: an event that comes again has the same.
        "id" id: Option<Text<'a>>,
        /// Its kind: `transaction.state.updated`, `task.state.updated`.
        "type" kind: Option<Text<'a>>,
        /// When, by RFC 3339.
        "created" | "createdAt" created: Option<Text<'a>>,
        /// The transaction. That an event about a task has it too is not documented.
        "transaction" transaction: EventTransaction<'a>,
        /// The transaction's id, if it stands alone: a form that no sample shows.
        "transactionId" transaction_id: Option<Text<'a>>,
        /// The task. The form is not documented.
        "task" task: EventTask<'a>,
        ..
        /// Every other member.
        others: Members,
    }
}

object! {
    /// The transaction of an event.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct EventTransaction<'a> {
        /// Its id.
        "id" id: Option<Text<'a>>,
        /// Its state.
        "state" state: Option<Text<'a>>,
        /// The id of its result, once it is completed.
        "resultId" result_id: Option<Text<'a>>,
        ..
        /// Every other member.
        others: Members,
    }
    // A transaction of which only the id is there.
    else |id| Self { id: Some(id), ..Self::default() }
}

object! {
    /// The task of an event.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct EventTask<'a> {
        /// The tasks of the person.
        "type" kind: Option<Text<'a>>,
        /// Its state.
        "state" state: Option<Text<'a>>,
        /// The transaction it belongs to.
        "transaction" transaction: EventTransaction<'a>,
        /// The transaction's id, if it stands alone.
        "transactionId" transaction_id: Option<Text<'a>>,
        ..
        /// Every other member.
        others: Members,
    }
}

object! {
    /// A webhook that was registered.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Webhook<'a> {
        /// The vendor's id of it.
        "id" id: Option<Text<'a>>,
        /// The address that is called.
        "url" url: Option<Text<'a>>,
        /// The events it is called for.
        "events" events: Vec<Option<Text<'a>>>,
        /// When it was registered, by RFC 3339.
        "createdAt" | "created" created: Option<Text<'a>>,
        /// When it was changed, by RFC 3339.
        "updatedAt" | "updated" updated: Option<Text<'a>>,
    }
}

object! {
    /// The description of an error. Its form is not documented, so the usual words are looked for.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct ErrorBody<'a> {
        /// A word or a number for it.
        "code" | "errorCode" code: Option<Text<'a>>,
        /// The same, by another name; or an object that describes it.
        "error" error: Vec<ErrorBody<'a>>,
        /// A list of them.
        "errors" errors: Vec<ErrorBody<'a>>,
        /// The kind of problem.
        "type" kind: Option<Text<'a>>,
        /// The problem in words.
        "message" | "title" | "detail" message: Option<Text<'a>>,
    }
    else |code| Self { code: Some(code), ..Self::default() }
}

impl<'a> Event<'a> {
    /// Reads an event.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if it is not UTF-8, not whole, not well formed, or does not say what happened.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let event: Self = wire::read(bytes)?;
        if event.kind.is_none() {
            return Err(Error::malformed("it is no event: its type is missing"));
        }
        Ok(event)
    }

    /// The transaction's id, wherever it stands.
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
    /// Reads the answer to a registration.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if it is not UTF-8, not whole, not well formed, or has no id.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let webhook: Self = wire::read(bytes)?;
        if webhook.id.is_none() {
            return Err(Error::malformed("it is no webhook: its id is missing"));
        }
        Ok(webhook)
    }
}

impl<'a> ErrorBody<'a> {
    /// Reads the description of an error; one that cannot be read is an empty one.
    #[must_use]
    pub fn read(bytes: &'a [u8]) -> Self {
        wire::read(bytes).unwrap_or_default()
    }

    /// Returns the vendor's code for the error. It may repeat what was sent, so it is not for printing.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        let own = self
            .code
            .as_ref()
            .or(self.kind.as_ref())
            .map(Text::expose)
            .filter(|word| !word.is_empty());
        let beneath = || self.error.iter().chain(&self.errors).find_map(Self::name);
        own.or_else(beneath)
            .or_else(|| self.message.as_ref().map(Text::expose))
    }
}
