//! Identify24's payloads, member by member.
//!
//! Parsing is tolerant because the document contradicts itself: `response_status` is missing from
//! some responses, ids are documented as text and sent as numbers, and newer versions have added
//! members. Any member may be missing, null or of another shape. Unknown members keep their shape,
//! and the last of repeated members counts. A truncated or ill-formed payload is an error.
//!
//! Text borrows from the payload and has no `Display`.

use idv_core::adapter::non_empty;
use idv_core::adapter::wire::{Loose, Members, Part, Shape, object, read};
use idv_core::{Error, Pii, Result, Text};
use serde_json::Value;

/// A member that the document defines as text, in the shape in which it arrived.
pub type Field<'a> = Option<Loose<'a>>;

object! {
    /// The envelope of every response.
    ///
    /// `data` has other shapes in other calls: see [`IdentAnswer`] and [`ProjectsAnswer`].
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Envelope<'a> {
        /// Whether the request succeeded. It can be false inside a 200.
        "result" result: Option<bool>,
        /// The HTTP status again. Some responses lack it.
        "response_status" response_status: Option<u16> as HttpStatus,
        /// Messages, which the document does not list. A success can have them, too
        /// ("Successful..").
        "messages" messages: Vec<Option<Text<'a>>>,
        /// The token (`auth` only).
        "token" token: Option<Text<'a>>,
        /// The new ident's id (`ident/create` only).
        "ident_id" ident_id: Option<Text<'a>>,
        /// The URL of the person's session (`ident/create` only).
        "conference_url" conference_url: Option<Text<'a>>,
        /// The new ident, if the response nests it as `ident/get` does.
        "data" data: Vec<NewIdentData<'a>>,
    }
}

object! {
    /// The new ident, nested in a response.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct NewIdentData<'a> {
        /// The new ident's id.
        "ident_id" ident_id: Option<Text<'a>>,
        /// The URL of the person's session.
        "conference_url" conference_url: Option<Text<'a>>,
    }
}

object! {
    /// A response of `ident/get`.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct IdentAnswer<'a> {
        /// Whether the request succeeded.
        "result" result: Option<bool>,
        /// The HTTP status again. Some responses lack it.
        "response_status" response_status: Option<u16> as HttpStatus,
        /// Messages, which the document does not list.
        "messages" messages: Option<Pii<Value>>,
        /// The ident. The document does not describe several.
        "data" data: Vec<Ident<'a>>,
        ..
        /// Undocumented members.
        others: Members,
    }
}

object! {
    /// A response of `project/getAll`, or of `project/get`, which has a single project.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct ProjectsAnswer<'a> {
        /// Whether the request succeeded.
        "result" result: Option<bool>,
        /// The projects.
        "data" data: Vec<Project<'a>>,
    }
}

object! {
    /// An ident in a response of `ident/get`: the state and a part of the submitted data.
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Ident<'a> {
        /// The ident's id, which opens the person's session.
        "id" id: Field<'a>,
        /// The project's id.
        "project_id" project_id: Field<'a>,
        /// The given names.
        "person_first_name" person_first_name: Field<'a>,
        /// The family name.
        "person_last_name" person_last_name: Field<'a>,
        /// The application's reference.
        "custom_id" custom_id: Field<'a>,
        /// Custom data of the request.
        "custom1" custom1: Field<'a>,
        /// Custom data of the request.
        "custom2" custom2: Field<'a>,
        /// Custom data of the request.
        "custom3" custom3: Field<'a>,
        /// Custom data of the request.
        "custom4" custom4: Field<'a>,
        /// The state. `Unidentified` is the only word that the document shows.
        "status" status: Field<'a>,
        /// The time at which the ident was created: `DD-MM-YYYY HH:MM:SS`, without a zone.
        "created_at" created_at: Field<'a>,
        /// The time of the person's appointment: `YYYY-MM-DD HH:MM`, without a zone.
        "appointment_date" appointment_date: Field<'a>,
        ..
        /// Undocumented members.
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
        /// The state. `Active` is the only word that the document shows.
        "status" status: Option<Text<'a>>,
    }
}

object! {
    /// The body of a webhook. Some member names differ from those of [`Ident`].
    #[derive(Debug, Clone, Default, PartialEq)]
    pub struct Webhook<'a> {
        /// The ident's id, which opens the person's session.
        "ident_id" ident_id: Field<'a>,
        /// The number of the state. The document has no list of these numbers.
        "status_id" status_id: Field<'a>,
        /// The state.
        "status" status: Field<'a>,
        /// The project's id.
        "project_id" project_id: Field<'a>,
        /// The application's reference.
        "custom_id" custom_id: Field<'a>,
        /// The company's name.
        "company_name" company_name: Field<'a>,
        /// The given names.
        "first_name" first_name: Field<'a>,
        /// The family name.
        "last_name" last_name: Field<'a>,
        /// Custom data of the request.
        "custom1" custom1: Field<'a>,
        /// Custom data of the request.
        "custom2" custom2: Field<'a>,
        /// Custom data of the request.
        "custom3" custom3: Field<'a>,
        /// Custom data of the request.
        "custom4" custom4: Field<'a>,
        /// The agent's notes.
        "agent_notes" agent_notes: Field<'a>,
        /// The reason for a rejection: a text in the sample.
        "reject_reason" reject_reason: Field<'a>,
        /// The agent's name.
        "agent_name" agent_name: Field<'a>,
        /// The time of the person's appointment: `YYYY-MM-DD HH:MM`, without a zone.
        "appointment_date" appointment_date: Field<'a>,
        ..
        /// Undocumented members.
        others: Members,
    }
}

impl<'a> Envelope<'a> {
    /// Parses the envelope of a response of any call.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the response is not UTF-8, is truncated, or
    /// is not a JSON object.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        read(bytes)
    }
}

impl<'a> IdentAnswer<'a> {
    /// Parses a response of `ident/get`.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the response is not UTF-8, is truncated, or
    /// is not a JSON object.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        read(bytes)
    }

    /// Returns whether the response reports a failure.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.result == Some(false) || self.response_status.is_some_and(|status| status >= 400)
    }

    /// Returns the ident.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the response reports a failure, or has no
    /// ident or several.
    pub fn ident(&self) -> Result<&Ident<'a>> {
        if self.is_failure() {
            return Err(Error::malformed(
                "not an ident: the vendor reported a failure",
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
                "not a response about one ident: data is missing, empty or has several entries",
            )),
        }
    }
}

impl<'a> ProjectsAnswer<'a> {
    /// Parses a response of `project/getAll` or `project/get`.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the response is not UTF-8, is truncated, or
    /// is not a JSON object.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        read(bytes)
    }
}

impl<'a> Webhook<'a> {
    /// Parses the body of a webhook.
    ///
    /// ```
    /// use idv_identify24::wire::Webhook;
    ///
    /// let json = br#"{"ident_id": "3d1b2c4e", "status_id": 5, "status": "Unidentified"}"#;
    /// let webhook = Webhook::read(json)?;
    /// assert_eq!(webhook.status_id.unwrap().to_value(), "5");
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) if the body is not UTF-8, is truncated, is not
    /// a JSON object, or names no ident.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let webhook: Self = read(bytes)?;
        if !webhook.names_an_ident() {
            return Err(Error::malformed(
                "not a webhook: it has neither ident_id nor custom_id",
            ));
        }
        Ok(webhook)
    }

    /// Parses the body of a webhook, or returns `None` for a response, which has the ident's id and
    /// state in other members.
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

/// An HTTP status, sent as a number or as text.
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
    fn status_is_parsed_from_each_form() {
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
