//! The whole API as typed calls, in the vendor's own words: usable on its own.
//!
//! | call | of the document | does |
//! |---|---|---|
//! | [`Session::log_in`](idv_core::call::Session::log_in) | `auth` | gets a token; the other calls do so by themselves |
//! | [`Api::create_ident`] | `ident/create` | creates an ident: [`NewIdent`] |
//! | [`Api::ident`] | `ident/get` | the state of an ident |
//! | [`Api::projects`] | `project/getAll` | the account's projects |
//! | [`Api::project`] | `project/get` | one project |
//!
//! Each takes a [`CallContext`]; a [`Client`](idv_core::Client) gives one for any operation. Where each call is, is a table: [`CALLS`];
//! what the statuses of failures mean, another: [`FAILURES`].

mod calls;
mod ident_id;
mod new_ident;
mod request;

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use idv_core::adapter::non_empty;
use idv_core::adapter::settings::check_address;
use idv_core::call::{Answer, Call, CallContext, RetryOverride, TokenCache};
use idv_core::{Effect, Error, ErrorKind, Result, Secret, SessionUrl, Text, Url};

pub use calls::{CALLS, CallRow, FAILURES};
pub use ident_id::IdentId;
pub use idv_core::adapter::Failure;
pub use new_ident::{Gender, NewIdent, Pdf, TypeOfId};

use self::request::Endpoint;
use crate::config::Identify24Config;
use crate::wire::{Envelope, IdentAnswer, ProjectsAnswer};

/// The lifetime of a token that is not used ("Lifetime").
const IDLE_LIFE: Duration = Duration::from_secs(30 * 60);

/// The API of one account.
///
/// # Errors
///
/// Every call fails with the kinds of [`FAILURES`]. A failure inside of a 200 (`result` is false, or `response_status` is that of a
/// failure) is that of its `response_status`; if it has none, it is a [`Conflict`](ErrorKind::Conflict), since the document shows no
/// body of a failure and gives its `messages` no meaning. They are [`Error::vendor_code`], and never printed.
pub struct Api {
    pub(crate) endpoint: Endpoint,
    pub(crate) api_key: Secret,
    pub(crate) tokens: TokenCache,
}

/// An ident that was created.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IdentCreated {
    /// Its id.
    pub ident_id: IdentId,
    /// The address of the person's session: the vendor's, or the sample's if the vendor gives none that can be used.
    pub conference_url: SessionUrl,
}

/// A project of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Project {
    /// Its id: a number, sent as text.
    pub id: String,
    /// The title of the project.
    pub title: Option<String>,
    /// Its state: a word, of which the document shows `Active` alone.
    pub status: Option<String>,
}

impl Api {
    /// The API as it is configured. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), as [`Identify24Config::check`].
    pub fn new(config: &Identify24Config) -> Result<Self> {
        config.check()?;
        let endpoint = Endpoint::new(&config.address()?, config.partner_header()?);
        Ok(Self {
            endpoint,
            api_key: config.api_key.clone(),
            tokens: TokenCache::new(IDLE_LIFE),
        })
    }

    /// Creates an ident (`ident/create`). It is not repeated when its answer is lost: each repetition would be another ident, and no
    /// call finds the first one.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`InvalidRequest`](ErrorKind::InvalidRequest) naming the attribute if the document forbids what the ident holds:
    /// nothing was sent then. The effect is unknown if the vendor may have created it: no answer came, or one that does not
    /// say clearly that it failed.
    pub async fn create_ident(&self, cx: &CallContext, ident: &NewIdent) -> Result<IdentCreated> {
        ident.check()?;
        let call = Call::once().in_session(self).retry_override(token_refused);
        let answer = answered(
            cx.send(call, |attempt| {
                self.endpoint.create_ident(attempt.token(), ident)
            })
            .await?,
        )?;
        let envelope = succeeded(&answer)?;
        let inner = envelope.data.first();
        let given = non_empty(envelope.conference_url.as_ref())
            .or_else(|| inner.and_then(|inner| non_empty(inner.conference_url.as_ref())));
        let ident_id = non_empty(envelope.ident_id.as_ref())
            .or_else(|| inner.and_then(|inner| non_empty(inner.ident_id.as_ref())))
            .and_then(|id| IdentId::parse(id).ok())
            .or_else(|| given.and_then(applied))
            .ok_or_else(|| {
                answer.complement(Error::malformed(
                    "ident_id is missing, or none that can be asked for",
                ))
            })?;
        // The document promises the id alone: the address is that of its sample.
        let url = match given.and_then(visitable) {
            Some(url) => url,
            None => self
                .endpoint
                .page(&ident_id)
                .map_err(|error| answer.complement(error))?,
        };
        Ok(IdentCreated {
            ident_id,
            conference_url: SessionUrl::new(url),
        })
    }

    /// The state of an ident (`ident/get`).
    ///
    /// # Errors
    ///
    /// See [`Api`]. A failure inside of the answer is found by [`read_ident`].
    pub async fn ident(&self, cx: &CallContext, ident: &IdentId) -> Result<Answer> {
        let call = Call::repeatable()
            .in_session(self)
            .retry_override(token_refused);
        answered(
            cx.send(call, |attempt| self.endpoint.ident(attempt.token(), ident))
                .await?,
        )
    }

    /// The account's projects (`project/getAll`).
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`Malformed`](ErrorKind::Malformed) if a project has no id.
    pub async fn projects(&self, cx: &CallContext) -> Result<Vec<Project>> {
        let call = Call::repeatable()
            .in_session(self)
            .retry_override(token_refused);
        let answer = answered(
            cx.send(call, |attempt| self.endpoint.projects(attempt.token()))
                .await?,
        )?;
        projects(&answer)
    }

    /// One project (`project/get`). The document has it as a GET with a body.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`Malformed`](ErrorKind::Malformed) if there is no project in the answer;
    /// [`SubjectMismatch`](ErrorKind::SubjectMismatch) if it is another one.
    pub async fn project(&self, cx: &CallContext, project_id: u64) -> Result<Project> {
        let call = Call::repeatable()
            .in_session(self)
            .retry_override(token_refused);
        let answer = answered(
            cx.send(call, |attempt| {
                self.endpoint.project(attempt.token(), project_id)
            })
            .await?,
        )?;
        match <[Project; 1]>::try_from(projects(&answer)?) {
            Ok([project]) if project.id == project_id.to_string() => Ok(project),
            Ok(_) => Err(answer.error_of(ErrorKind::SubjectMismatch)),
            Err(_) => Err(answer.complement(Error::malformed(
                "it is no answer about a project: data is missing or several",
            ))),
        }
    }
}

/// Reads an answer of [`Api::ident`]. It has an ident: [`IdentAnswer::ident`].
///
/// # Errors
///
/// See [`Api`]; [`Malformed`](ErrorKind::Malformed) if it cannot be read or has no ident.
pub fn read_ident(answer: &Answer) -> Result<IdentAnswer<'_>> {
    let read = answer.read(IdentAnswer::read)?;
    if read.is_failure() {
        succeeded(answer)?;
    }
    read.ident().map_err(|error| answer.complement(error))?;
    Ok(read)
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("endpoint", &self.endpoint)
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

/// Rules on an answer whose envelope says that the token was refused, whatever its own status: nothing else was done then.
fn token_refused(status: StatusCode, body: &[u8]) -> Option<RetryOverride> {
    let is_answer = status.is_success()
        || (status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS);
    // Most answers need no second reading.
    if !is_answer || !body.windows(3).any(|bytes| bytes == b"401") {
        return None;
    }
    let envelope = Envelope::read(body).ok()?;
    let is_refused = envelope.response_status == Some(401) && envelope.ident_id.is_none();
    is_refused.then_some(RetryOverride::Unauthorized)
}

/// The ident that an address of a session is about: `https://identify24.de/apply/{ident_id}`.
fn applied(url: &str) -> Option<IdentId> {
    let url = Url::parse(url).ok()?;
    let mut segments = url
        .path_segments()?
        .rev()
        .filter(|segment| !segment.is_empty());
    let id = segments.next()?;
    (segments.next() == Some("apply"))
        .then(|| IdentId::parse(id).ok())
        .flatten()
}

/// An answer, unless its status is that of a failure.
pub(crate) fn answered(answer: Answer) -> Result<Answer> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    let error = Failure::error_of(FAILURES, answer.status.as_u16());
    let error = error.map_or_else(|| answer.error(), |error| answer.complement(error));
    // Not every failure has a body, and none is documented.
    let messages = Envelope::read(&answer.body)
        .ok()
        .and_then(|envelope| messages(&envelope));
    Err(with_messages(error, messages))
}

/// Returns the envelope of an answer, unless it says that the request failed.
pub(crate) fn succeeded(answer: &Answer) -> Result<Envelope<'_>> {
    let envelope = Envelope::read(&answer.body).map_err(|error| answer.complement(error))?;
    let status = envelope.response_status.filter(|status| *status >= 400);
    if envelope.result != Some(false) && status.is_none() {
        return Ok(envelope);
    }
    let error = status
        .and_then(|status| Failure::error_of(FAILURES, status))
        .unwrap_or_else(|| {
            Error::new(ErrorKind::Conflict).detail(
                "the vendor says that the request failed, and not why in words that it documents",
            )
        });
    let error = answer.complement(error);
    // It says that it failed, which is as good as the status of a failure: unless it has created something all the same, or that
    // status would leave it open.
    let open = envelope.ident_id.is_some() || status.is_some_and(calls::leaves_open);
    let error = if open {
        error
    } else {
        error.with_effect(Effect::NotApplied)
    };
    Err(with_messages(error, messages(&envelope)))
}

fn projects(answer: &Answer) -> Result<Vec<Project>> {
    succeeded(answer)?;
    let read = ProjectsAnswer::read(&answer.body).map_err(|error| answer.complement(error))?;
    let owned = |text: Option<&Text<'_>>| non_empty(text).map(str::to_owned);
    read.data
        .iter()
        .map(|project| {
            let id = owned(project.id.as_ref())
                .ok_or_else(|| answer.complement(Error::malformed("a project has no id")))?;
            Ok(Project {
                id,
                title: owned(project.title.as_ref()),
                status: owned(project.status.as_ref()),
            })
        })
        .collect()
}

/// Returns the vendor's words about a failure. They may repeat what was sent; the code of an error is never printed.
fn messages(envelope: &Envelope<'_>) -> Option<String> {
    let texts: Vec<_> = envelope
        .messages
        .iter()
        .filter_map(|text| non_empty(text.as_ref()))
        .collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

fn with_messages(error: Error, messages: Option<String>) -> Error {
    match messages {
        Some(messages) => error.with_vendor_code(messages),
        None => error,
    }
}

/// An address that a person can be sent to: HTTPS, or this machine, where emulators are.
fn visitable(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    check_address("conference_url", &bare, |_| false)
        .ok()
        .map(|()| url)
}
