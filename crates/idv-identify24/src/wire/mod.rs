//! What Identify24 sends, in its own words.
//!
//! Reading is tolerant, since the document contradicts itself: `response_status` is missing from some answers, every id is text although
//! it is sent as a number elsewhere, and newer versions have added parts. Every part may be missing, null or of another type, unknown
//! parts are passed over, and of a part that is repeated the last one counts. What is not tolerated is a payload that is not whole or not
//! well formed.
//!
//! Text borrows from the payload, and cannot be printed.

use idv_core::wire::{Part, object, read};
use idv_core::{Error, Result, Text};

object! {
    /// What every answer has around it.
    ///
    /// `data` has other shapes in other calls: see [`IdentAnswer`] and [`ProjectsAnswer`].
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Envelope<'a> {
        /// Whether the request succeeded. It can be false inside of a 200.
        "result" result: Option<bool>,
        /// The status of HTTP once more, where it stands there at all.
        "response_status" response_status: Option<u16> as HttpStatus,
        /// Texts, of which the document lists none. They can be there on a success too ("Successful..").
        "messages" messages: Vec<Option<Text<'a>>>,
        /// The token: `auth` alone.
        "token" token: Option<Text<'a>>,
        /// The new ident's id: `ident/create` alone.
        "ident_id" ident_id: Option<Text<'a>>,
        /// Where the person is sent: `ident/create` alone.
        "conference_url" conference_url: Option<Text<'a>>,
    }
}

object! {
    /// An answer of `ident/get`.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct IdentAnswer<'a> {
        /// Whether the request succeeded.
        "result" result: Option<bool>,
        /// The status of HTTP once more, where it stands there at all.
        "response_status" response_status: Option<u16> as HttpStatus,
        /// The ident; more than one is not documented.
        "data" data: Vec<Ident<'a>>,
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
    /// An ident as `ident/get` tells it: the state, and of what was submitted a part.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Ident<'a> {
        /// The ident's id. It opens the person's session.
        "id" id: Option<Text<'a>>,
        /// The project's id.
        "project_id" project_id: Option<Text<'a>>,
        /// The given names.
        "person_first_name" person_first_name: Option<Text<'a>>,
        /// The family name.
        "person_last_name" person_last_name: Option<Text<'a>>,
        /// Our reference.
        "custom_id" custom_id: Option<Text<'a>>,
        /// What was sent along.
        "custom1" custom1: Option<Text<'a>>,
        /// What was sent along.
        "custom2" custom2: Option<Text<'a>>,
        /// What was sent along.
        "custom3" custom3: Option<Text<'a>>,
        /// What was sent along.
        "custom4" custom4: Option<Text<'a>>,
        /// The state: a word, of which the document shows `Unidentified` alone.
        "status" status: Option<Text<'a>>,
        /// When the ident was created: `DD-MM-YYYY HH:MM:SS`, without a zone.
        "created_at" created_at: Option<Text<'a>>,
        /// When the person has an appointment: `YYYY-MM-DD HH:MM`, without a zone.
        "appointment_date" appointment_date: Option<Text<'a>>,
    }
}

object! {
    /// A project.
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Project<'a> {
        /// The project's id.
        "id" id: Option<Text<'a>>,
        /// What it is called.
        "title" title: Option<Text<'a>>,
        /// Its state: a word, of which the document shows `Active` alone.
        "status" status: Option<Text<'a>>,
    }
}

object! {
    /// The body of a webhook. Some of its names differ from those of [`Ident`].
    #[derive(Debug, Clone, Default, PartialEq, Eq)]
    pub struct Webhook<'a> {
        /// The ident's id. It opens the person's session.
        "ident_id" ident_id: Option<Text<'a>>,
        /// The number of the state, of which the document lists none.
        "status_id" status_id: Option<Text<'a>>,
        /// The state.
        "status" status: Option<Text<'a>>,
        /// The project's id.
        "project_id" project_id: Option<Text<'a>>,
        /// Our reference.
        "custom_id" custom_id: Option<Text<'a>>,
        /// The company's name.
        "company_name" company_name: Option<Text<'a>>,
        /// The given names.
        "first_name" first_name: Option<Text<'a>>,
        /// The family name.
        "last_name" last_name: Option<Text<'a>>,
        /// What was sent along.
        "custom1" custom1: Option<Text<'a>>,
        /// What was sent along.
        "custom2" custom2: Option<Text<'a>>,
        /// What was sent along.
        "custom3" custom3: Option<Text<'a>>,
        /// What was sent along.
        "custom4" custom4: Option<Text<'a>>,
        /// What the agent noted.
        "agent_notes" agent_notes: Option<Text<'a>>,
        /// Why the person was rejected, in words.
        "reject_reason" reject_reason: Option<Text<'a>>,
        /// The agent's name.
        "agent_name" agent_name: Option<Text<'a>>,
        /// When the person has an appointment: `YYYY-MM-DD HH:MM`, without a zone.
        "appointment_date" appointment_date: Option<Text<'a>>,
    }
}

impl<'a> Envelope<'a> {
    /// Reads what is around an answer of any call.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) where it is not UTF-8, not whole, or not an object of JSON.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        read(bytes)
    }
}

impl<'a> IdentAnswer<'a> {
    /// Reads an answer of `ident/get`.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) where it is not UTF-8, not whole, or not an object of JSON.
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
    /// [`Malformed`](idv_core::ErrorKind::Malformed) where the answer says that the request failed, or has no ident or several.
    pub fn ident(&self) -> Result<&Ident<'a>> {
        if self.is_failure() {
            return Err(Error::malformed("it is no ident: the vendor says that the request failed"));
        }
        match self.data.as_slice() {
            [ident] if ident.id.is_some() || ident.custom_id.is_some() || ident.status.is_some() => Ok(ident),
            _ => Err(Error::malformed("it is no answer about an ident: data is missing, empty or several")),
        }
    }
}

impl<'a> ProjectsAnswer<'a> {
    /// Reads an answer of `project/getAll` or `project/get`.
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) where it is not UTF-8, not whole, or not an object of JSON.
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
    /// assert_eq!(webhook.status_id.unwrap().expose(), "5");
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Malformed`](idv_core::ErrorKind::Malformed) where it is not UTF-8, not whole, not an object of JSON, or names no ident.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        let webhook: Self = read(bytes)?;
        if !webhook.names_an_ident() {
            return Err(Error::malformed("it is no webhook: it has neither ident_id nor custom_id"));
        }
        Ok(webhook)
    }

    /// Reads the body of a webhook, if it is one: an answer has the ident's id and its state elsewhere.
    pub(crate) fn sniffed(bytes: &'a [u8]) -> Result<Option<Self>> {
        let webhook: Self = read(bytes)?;
        let tells_a_state = webhook.status.is_some() || webhook.status_id.is_some();
        Ok((tells_a_state && webhook.names_an_ident()).then_some(webhook))
    }

    fn names_an_ident(&self) -> bool {
        filled(self.ident_id.as_ref()).is_some() || filled(self.custom_id.as_ref()).is_some()
    }
}

/// The text, where there is any: an empty one is none, and so is a word for none.
pub(crate) fn filled<'t>(text: Option<&'t Text<'_>>) -> Option<&'t str> {
    text.map(|text| text.expose().trim_ascii()).filter(|text| !text.is_empty() && !text.eq_ignore_ascii_case("N/A"))
}

/// A status of HTTP; also one that is sent as text.
#[derive(Default)]
struct HttpStatus(Option<u16>);

impl<'de> Part<'de> for HttpStatus {
    fn text(text: Text<'de>) -> Self {
        Self(text.expose().trim().parse().ok())
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
        for (json, value) in
            [("200", Some(200)), ("\"401\"", Some(401)), ("-1", None), ("70000", None), ("\"OK\"", None), ("[]", None)]
        {
            assert_eq!(HttpStatus::read(&mut serde_json::Deserializer::from_str(json)).unwrap().0, value, "{json}");
        }
    }
}
