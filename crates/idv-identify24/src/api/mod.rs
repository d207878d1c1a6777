//! Identify24's whole API as typed calls, usable without the model of [`idv_core`].
//!
//! | call | document | effect |
//! |---|---|---|
//! | [`Session::log_in`](idv_core::call::Session::log_in) | `auth` | requests a token; the other calls log in when they need to |
//! | [`Api::create_ident`] | `ident/create` | creates an ident from a [`NewIdent`] |
//! | [`Api::ident`] | `ident/get` | returns the state of an ident |
//! | [`Api::projects`] | `project/getAll` | lists the account's projects |
//! | [`Api::project`] | `project/get` | returns one project |
//!
//! Each call takes a [`CallContext`], which [`Client::context`](idv_core::Client::context) creates.
//! [`CALLS`] lists the paths and methods, [`FAILURES`] the status codes of failures.

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

/// A token expires after this long without use ("Lifetime").
const IDLE_LIFE: Duration = Duration::from_secs(30 * 60);

/// A client of Identify24's API for one account.
///
/// # Errors
///
/// Every call fails with the kinds in [`FAILURES`]. A failure inside a 200 response (`result` is
/// false, or `response_status` is an error status) has the kind of its `response_status`. Without
/// that status it is a [`Conflict`](ErrorKind::Conflict), because the document shows no body of a
/// failure. The vendor's `messages` are available from [`Error::vendor_text`] and are never
/// printed.
///
/// # Examples
///
/// Lists the projects of an account:
///
/// ```
/// use idv_core::{Client, Operation, call::CallPolicy};
/// use idv_identify24::{Identify24, Identify24Config};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> idv_core::Result<()> {
/// # let transport = ScriptedTransport::new();
/// # transport.then_json(200, r#"{"result":true,"token":"xxx"}"#);
/// # let body = r#"{"result":true,"data":[{"id":"6","title":"Accounts","status":"Active"}]}"#;
/// # transport.then_json(200, body);
/// # let environment = environment(&transport, &ManualClock::new(idv_core::Timestamp::UNIX_EPOCH));
///
/// let config = Identify24Config::new("911-internet", "example-api-key".into(), 6);
/// let client = Client::new(Identify24::new(config)?, environment, CallPolicy::default());
/// let api = client.vendor::<Identify24>().expect("the client was built with it").api();
///
/// let projects = api.projects(&client.context(Operation::Other)).await?;
/// assert_eq!(projects[0].title.as_deref(), Some("Accounts"));
/// # Ok(())
/// # }
/// ```
pub struct Api {
    pub(crate) endpoint: Endpoint,
    pub(crate) api_key: Secret,
    pub(crate) tokens: TokenCache,
}

/// A created ident.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreateIdentResponse {
    /// The vendor's id of the ident.
    pub ident_id: IdentId,
    /// The URL of the person's session. If the vendor returns no usable URL, it is built from the
    /// one in the document's sample.
    pub conference_url: SessionUrl,
}

/// A project of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Project {
    /// The project's id: a number, sent as text.
    pub id: String,
    /// The title.
    pub title: Option<String>,
    /// The state. `Active` is the only value that the document shows.
    pub status: Option<String>,
}

impl Api {
    /// Creates a client from a configuration, without sending anything.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_identify24::{Identify24Config, api::Api};
    /// # let config = account::config();
    ///
    /// assert!(Api::new(&config).is_ok());
    /// let error = Api::new(&Identify24Config::new("911-internet", "".into(), 6)).unwrap_err();
    /// assert!(error.to_string().contains("api_key"));
    /// # Ok(())
    /// # });
    /// ```
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

    /// Creates an ident (`ident/create`).
    ///
    /// The call is not repeated if its response is lost: a repetition would create another ident,
    /// and no call can find the first one.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_core::report::Country;
    /// use idv_identify24::api::{Gender, NewIdent};
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account::answer_login(&account);
    /// # let id = "3d1b2c4e-0000-4000-8000-00000000a001";
    /// # account.answer(200, &format!(r#"{{"result":true,"messages":[],"ident_id":"{id}",
    /// #     "conference_url":"https://identify24.de/apply/{id}"}}"#));
    ///
    /// let germany = Country::from_alpha2("DE").map(Into::into);
    /// let mut ident = NewIdent::new(6);
    /// ident.person_first_name = Some("John".into());
    /// ident.person_last_name = Some("Doe".into());
    /// ident.gender = Some(Gender::Male.into());
    /// ident.birthday = Some("1981-09-05".parse::<jiff::civil::Date>()?.into());
    /// ident.birth_place = Some("Berlin".into());
    /// ident.nationality = germany.clone();
    /// ident.zip_code = Some("94670".into());
    /// ident.city = Some("Nürnberg".into());
    /// ident.country = germany;
    /// ident.email = Some("johndoe@identify24.de".into());
    /// ident.mobile_phone = Some("01511111111".into());
    /// let created = api.create_ident(&cx, &ident).await?;
    /// assert_eq!(created.ident_id.as_str(), "3d1b2c4e-0000-4000-8000-00000000a001");
    /// assert_eq!(created.conference_url.expose().host_str(), Some("identify24.de"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`InvalidRequest`](ErrorKind::InvalidRequest) naming the attribute if the
    /// document forbids a value of `ident`; nothing is sent in this case. The effect is unknown if
    /// the vendor may have created the ident, that is if no response arrived or the response does
    /// not clearly report a failure.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn create_ident(
        &self,
        cx: &CallContext,
        ident: &NewIdent,
    ) -> Result<CreateIdentResponse> {
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
            .ok_or_else(|| answer.complement(Error::malformed("missing or unusable ident_id")))?;
        // The document promises only the id. The URL has the form of its sample.
        let url = match given.and_then(visitable) {
            Some(url) => url,
            None => self
                .endpoint
                .page(&ident_id)
                .map_err(|error| answer.complement(error))?,
        };
        Ok(CreateIdentResponse {
            ident_id,
            conference_url: SessionUrl::new(url),
        })
    }

    /// Returns the state of an ident (`ident/get`). [`read_ident`] parses the answer.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_identify24::api::{IdentId, read_ident};
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account::answer_login(&account);
    /// # account.answer(200, r#"{"result":true,"messages":[],"data":{"project_id":"6",
    /// #     "id":"3d1b2c4e-0000-4000-8000-00000000a001","status":"Unidentified",
    /// #     "created_at":"21-10-2019 09:57:51","appointment_date":"2019-10-24 11:11"}}"#);
    ///
    /// let id = IdentId::parse("3d1b2c4e-0000-4000-8000-00000000a001")?;
    /// let answer = api.ident(&cx, &id).await?;
    /// let read = read_ident(&answer)?;
    /// let status = read.ident()?.status.as_ref().and_then(|status| status.text());
    /// assert!(status.is_some_and(|status| status.expose() == "Unidentified"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`read_ident`] reports a failure inside a 200 response.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn ident(&self, cx: &CallContext, ident: &IdentId) -> Result<Answer> {
        let call = Call::repeatable()
            .in_session(self)
            .retry_override(token_refused);
        answered(
            cx.send(call, |attempt| self.endpoint.ident(attempt.token(), ident))
                .await?,
        )
    }

    /// Lists the account's projects (`project/getAll`).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account::answer_login(&account);
    /// # account.answer(200, r#"{"result":true,"messages":[],"data":[
    /// #     {"id":"6","title":"Accounts","status":"Active"}]}"#);
    /// let projects = api.projects(&cx).await?;
    /// assert_eq!(projects[0].id, "6"); // the configuration's `project_id`
    /// assert_eq!(projects[0].status.as_deref(), Some("Active"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`Malformed`](ErrorKind::Malformed) if a project has no id.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
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

    /// Returns one project (`project/get`, which the document defines as a GET with a body).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_core::ErrorKind;
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account::answer_login(&account);
    /// # account.answer(200, r#"{"result":true,"messages":[],"data":[
    /// #     {"id":"6","title":"Accounts","status":"Active"}]}"#);
    /// # account.answer(404, "");
    ///
    /// let project = api.project(&cx, 6).await?;
    /// assert_eq!(project.title.as_deref(), Some("Accounts"));
    ///
    /// let error = api.project(&cx, 7).await.unwrap_err();
    /// assert_eq!(error.kind(), &ErrorKind::NotFound);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`Malformed`](ErrorKind::Malformed) if the response has no project or several;
    /// [`SubjectMismatch`](ErrorKind::SubjectMismatch) if it has another project.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
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
                "not a response about one project: data is missing or has several entries",
            ))),
        }
    }
}

/// Parses an answer of [`Api::ident`]. The result contains an ident: [`IdentAnswer::ident`] cannot
/// fail on it.
///
/// ```
/// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
/// # account::run(async |account| {
/// use idv_core::ErrorKind;
/// use idv_identify24::api::{IdentId, read_ident};
/// # let (api, cx) = (account.vendor().api(), account.context());
/// # account::answer_login(&account);
/// # account.answer(200, r#"{"result":false,"response_status":404,"messages":["Not found"]}"#);
///
/// // The vendor reports a failure inside a 200 response.
/// let id = IdentId::parse("3d1b2c4e-0000-4000-8000-00000000a001")?;
/// let answer = api.ident(&cx, &id).await?;
/// let error = read_ident(&answer).unwrap_err();
/// assert_eq!(error.kind(), &ErrorKind::NotFound);
/// assert!(error.vendor_text().is_some()); // the vendor's messages
/// # Ok(())
/// # });
/// ```
///
/// # Errors
///
/// See [`Api`]. [`Malformed`](ErrorKind::Malformed) if the answer cannot be parsed or has no ident.
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

/// Detects a refused token by the envelope's status, whatever the HTTP status. The vendor did
/// nothing else in this case.
fn token_refused(status: StatusCode, body: &[u8]) -> Option<RetryOverride> {
    let is_answer = status.is_success()
        || (status.is_client_error() && status != StatusCode::TOO_MANY_REQUESTS);
    // Most responses do not contain this text and are parsed only once.
    if !is_answer || !body.windows(3).any(|bytes| bytes == b"401") {
        return None;
    }
    let envelope = Envelope::read(body).ok()?;
    let is_refused = envelope.response_status == Some(401) && envelope.ident_id.is_none();
    is_refused.then_some(RetryOverride::Unauthorized)
}

/// Extracts the ident id from a session URL of the form `https://identify24.de/apply/{ident_id}`.
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

/// Returns the answer unless its HTTP status reports a failure.
pub(crate) fn answered(answer: Answer) -> Result<Answer> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    let error = Failure::error_of(FAILURES, answer.status.as_u16());
    let error = error.map_or_else(|| answer.error(), |error| answer.complement(error));
    // The document shows no body of a failure, and some failures have none.
    let messages = Envelope::read(&answer.body)
        .ok()
        .and_then(|envelope| messages(&envelope));
    Err(with_messages(error, messages))
}

/// Parses the envelope of an answer, unless it reports a failure.
pub(crate) fn succeeded(answer: &Answer) -> Result<Envelope<'_>> {
    let envelope = Envelope::read(&answer.body).map_err(|error| answer.complement(error))?;
    let status = envelope.response_status.filter(|status| *status >= 400);
    if envelope.result != Some(false) && status.is_none() {
        return Ok(envelope);
    }
    let error = status
        .and_then(|status| Failure::error_of(FAILURES, status))
        .unwrap_or_else(|| {
            Error::new(ErrorKind::Conflict)
                .detail("the vendor reported a failure without a documented reason")
        });
    let error = answer.complement(error);
    // A failure in the body is as definite as an error status, unless the response names a new
    // ident or carries a status that leaves the effect unknown.
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

/// Joins the vendor's messages about a failure. They may repeat personal data that was sent.
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
        Some(messages) => error.with_vendor_text(messages),
        None => error,
    }
}

/// Parses a URL that a person can be sent to: HTTPS, or a loopback address, for emulators.
fn visitable(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let mut bare = url.clone();
    bare.set_query(None);
    bare.set_fragment(None);
    check_address("conference_url", &bare, |_| false)
        .ok()
        .map(|()| url)
}
