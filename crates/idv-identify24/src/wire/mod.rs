//! Identify24's payloads in its own words.
//!
//! Reading is tolerant, since the document contradicts itself: `response_status` is missing from some answers, every id is text although
//! it is sent as a number elsewhere, and newer versions have added parts. Every part may be missing, null or of another shape, unknown
//! parts are kept in theirs, and of a part that is repeated the last one counts. A payload that is not whole or not well formed is refused.
//!
//! Text borrows from the payload, and cannot be printed.

use idv_core::adapter::non_empty;
use idv_core::adapter::wire::{Loose, Members, Part, Shape, object, read};
use idv_core::{Error, Pii, Result, Text};
use serde_json::Value;

/// A member that the document has as text, in whichever shape it came.
pub type Field<'a> = Option<Loose<'a>>;

object! {
    /// The envelope of every answer.
    ///
    /// `data` has other shapes in other calls: see [`IdentAnswer`] and [`ProjectsAnswer`].
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Envelope<'a> {
        /// Whether the request succeeded. It can be false inside of a 200.
        "result" result: Option<bool>,
        /// The status of HTTP once more, which some answers lack.
        "response_status" response_status: Option<u16> as HttpStatus,
        /// Texts, of which the document lists none. They can be there on a success too ("Successful..").
        "messages" messages: Vec<Option<Text<'a>>>,
        /// The token: `auth` alone.
        "token" token: Option<Text<'a>>,
        /// The new ident's id: `ident/create` alone.
        "ident_id" ident_id: Option<Text<'a>>,
        /// The address of the person's session: `ident/create` alone.
        "conference_url" conference_url: Option<Text<'a>>,
        /// The new ident, if the answer has it inside, as that of `ident/get` has.
        "data" data: Vec<NewIdentData<'a>>,
    }
}

object! {
    /// The new ident inside of an answer.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct NewIdentData<'a> {
        /// The new ident's id.
        "ident_id" ident_id: Option<Text<'a>>,
        /// The address of the person's session.
        "conference_url" conference_url: Option<Text<'a>>,
    }
}

object! {
    /// An answer of `ident/get`.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct IdentAnswer<'a> {
        /// Whether the request succeeded.
        "result" result: Option<bool>,
        /// The status of HTTP once more, which some answers lack.
        "response_status" response_status: Option<u16> as HttpStatus,
        /// Texts, of which the document lists none.
        "messages" messages: Option<Pii<Value>>,
        /// The ident; more than one is not documented.
        "data" data: Vec<Ident<'a>>,
        ..
        /// Members that no document has.
        others: Members,
    }
}

object! {
    /// An answer of `project/getAll`, or one of `project/get`, which has a single project.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct ProjectsAnswer<'a> {
        /// Whether the request succeeded.
        "result" result: Option<bool>,
        /// The projects.
        "data" data: Vec<Project<'a>>,
    }
}

object! {
    /// An ident in an answer of `ident/get`: the state, and a part of the submitted data.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Ident<'a> {
        /// The ident's id. It opens the person's session.
        "id" id: Field<'a>,
        /// The project's id.
        "project_id" project_id: Field<'a>,
        /// The given names.
        "person_first_name" person_first_name: Field<'a>,
        /// The family name.
        "person_last_name" person_last_name: Field<'a>,
        /// Our reference.
        "custom_id" custom_id: Field<'a>,
        /// Custom data that was sent along.
        "custom1" custom1: Field<'a>,
        /// Custom data that was sent along.
        "custom2" custom2: Field<'a>,
        /// Custom data that was sent along.
        "custom3" custom3: Field<'a>,
        /// Custom data that was sent along.
        "custom4" custom4: Field<'a>,
        /// The state: a word, of which the document shows `Unidentified` alone.
        "status" status: Field<'a>,
        /// When the ident was created: `DD-MM-YYYY HH:MM:SS`, without a zone.
        "created_at" created_at: Field<'a>,
        /// When the person has an appointment: `YYYY-MM-DD HH:MM`, without a zone.
        "appointment_date" appointment_date: Field<'a>,
        ..
        /// Members that no document has.
        others: Members,
    }
}

object! {
    /// A project.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Project<'a> {
        /// The project's id.
        "id" id: Option<Text<'a>>,
        /// The project's title.
        "title" title: Option<Text<'a>>,
        /// Its state: a word, of which the document shows `Active` alone.
        "status" status: Option<Text<'a>>,
    }
}

object! {
    /// The body of a webhook. Some of its names differ from those of [`Ident`].
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Webhook<'a> {
        /// The ident's id. It opens the person's session.
        "ident_id" ident_id: Field<'a>,
        /// The number of the state, of which the document lists none.
        "status_id" status_id: Field<'a>,
        /// The state.
        "status" status: Field<'a>,
        /// The project's id.
        "project_id" project_id: Field<'a>,
        /// Our reference.
        "custom_id" custom_id: Field<'a>,
        /// The company's name.
        "company_name" company_name: Field<'a>,
        /// The given names.
        "first_name" first_name: Field<'a>,
        /// The family name.
        "last_name" last_name: Field<'a>,
        /// Custom data that was sent along.
        "custom1" custom1: Field<'a>,
        /// Custom data that was sent along.
        "custom2" custom2: Field<'a>,
        /// Custom data that was sent along.
        "custom3" custom3: Field<'a>,
        /// Custom data that was sent along.
        "custom4" custom4: Field<'a>,
        /// The agent's notes.
        "agent_notes" agent_notes: Field<'a>,
        /// The reason why the person was rejected: a text in the sample.
        "reject_reason" reject_reason: Field<'a>,
        /// The agent's name.
        "agent_name" agent_name: Field<'a>,
        /// When the person has an appointment: `YYYY-MM-DD HH:MM`, without a zone.
        "appointment_date" appointment_date: Field<'a>,
        ..
        /// Members that no document has.
        others: Members,
    }
}

impl<'a> Envelope<'a> {
    /// Reads the envelope of an answer of any call.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if it is not UTF-8, not whole, or not an object of JSON.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        read(bytes)
    }
}

impl<'a> IdentAnswer<'a> {
    /// Reads an answer of `ident/get`.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if it is not UTF-8, not whole, or not an object of JSON.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        read(bytes)
    }

    /// Whether it says that the request failed.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.result == Some(false) || self.response_status.is_some_and(|status| status >= 400)
    }

    /// The ident.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the answer says that the request failed, or has no ident or several.
    pub fn ident(&self) -> Result<&Ident<'a>> {
        if self.is_failure() {
            return Err(Error::malformed(
                "it is no ident: the vendor says that the request failed",
            ));
        }
        match self.data.as_slice() {
            [ident]
                if [&ident.id, &ident.custom_id, &ident.status]
                    .into_iter()
                    .any(is_text) =>
            {
                Ok(ident)
            }
            _ => Err(Error::malformed(
                "it is no answer about an ident: data is missing, empty or several",
            )),
        }
    }
}

impl<'a> ProjectsAnswer<'a> {
    /// Reads an answer of `project/getAll` or `project/get`.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if it is not UTF-8, not whole, or not an object of JSON.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        read(bytes)
    }
}

impl<'a> Webhook<'a> {
    /// Reads the body of a webhook.
    ///
    /// ```
    /// use idv_identify24::wire::Webhook;
    ///
    /// let webhook = Webhook::read(br#"{"ident_id": "3d1b2c4e", "status_id": 5, "status": "Unidentified"}"#)?;
    /// assert_eq!(webhook.status_id.unwrap().to_value(), "5");
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if it is not UTF-8, not whole, not an object of JSON, or names no ident.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let webhook: Self = read(bytes)?;
        if !webhook.names_an_ident() {
            return Err(Error::malformed(
                "it is no webhook: it has neither ident_id nor custom_id",
            ));
        }
        Ok(webhook)
    }

    /// Reads the body of a webhook, if it is one: an answer has the ident's id and its state elsewhere.
    pub(crate) fn sniffed(bytes: &'a [u8]) -> Result<Option<Self>> {
        let webhook: Self = read(bytes)?;
        let tells_a_state = is_text(&webhook.status) || is_text(&webhook.status_id);
        Ok((tells_a_state && webhook.names_an_ident()).then_some(webhook))
    }

    fn names_an_ident(&self) -> bool {
        non_empty(self.ident_id.as_ref()).is_some() || non_empty(self.custom_id.as_ref()).is_some()
    }
}

fn is_text(field: &Field<'_>) -> bool {
    field.as_ref().is_some_and(|field| field.text().is_some())
}

/// A status of HTTP; also one that is sent as text.
#[derive(Default)]
struct HttpStatus(Option<u16>);

impl<'de> Part<'de> for HttpStatus {
    fn text(text: Text<'de>) -> Shape<Self> {
        Shape::Expected(Self(text.expose().trim().parse().ok()))
    }
}

impl From<HttpStatus> for Option<u16> {
    fn from(status: HttpStatus) -> Self {
        status.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_in_each_of_its_forms() {
        for (json, value) in [
            ("200", Some(200)),
            ("\"401\"", Some(401)),
            ("-1", None),
            ("70000", None),
            ("\"OK\"", None),
            ("[]", None),
        ] {
            assert_eq!(
                idv_core::adapter::wire::read_json::<HttpStatus>(json)
                    .unwrap()
                    .0,
                value,
                "{json}"
            );
        }
    }
}
