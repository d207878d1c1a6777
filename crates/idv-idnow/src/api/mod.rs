//! IDnow's gateway API v1 as typed calls, usable without the model of [`idv_core`].
//!
//! | call | chapter | effect |
//! |---|---|---|
//! | [`Api::start`] | 3.2 | creates an identification, or updates an unfinished one |
//! | [`Api::identification`], [`Api::identification_as_xml`] | 8.3.3.2 | returns a result |
//! | [`Api::archive_file`] | 8.3.3.1 | returns a result as a ZIP archive in memory |
//! | [`Api::download`] | 8.3.3.1 | streams the archive, the PDF or the audio |
//! | [`Api::list`] | 8.3.2 | lists finished, pending, canceled or aborted identifications |
//! | [`Api::delete`] | 8.3.4 | deletes an identification |
//! | [`Api::copy`] | 8.3.5 | copies an identification to another account |
//! | [`Api::move_to_archive`] | 8.3.6 | archives an identification |
//! | calls of [`documents`] | 7 | manage document definitions, documents, and the signed files of eSigning |
//! | [`Api::account`] | 6.4 | returns the estimated waiting time |
//! | [`Api::start_test`], [`Api::request_video_chat`] | 15.2 | have the test robots play an identification: [`TestCase`] |
//! | [`Api::system_check`] | 16 | returns whether the system is up |
//!
//! Each call takes a [`CallContext`], which [`Client::context`](idv_core::Client::context) creates.
//! Calls that need a login token (chapter 8.3.1) share one and log in when they need to.

pub(crate) mod answer;
pub mod documents;
mod loose;
pub(crate) mod parameter;
pub(crate) mod request;
mod retrieve;
mod robot;
mod start;
mod transaction;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use idv_core::call::{self, Attempt, Call, CallContext, Repeat, TokenCache};
use idv_core::{Download, Error, ErrorKind, Result, Secret, SessionUrl, Sink, VendorId};
use serde_json::Value;

use self::request::Endpoint;
use crate::config::{DataCentre, IdnowConfig, check_company};
use crate::links::{self, Links, SigningInput};

pub use retrieve::{Filter, Suffix};
pub use robot::{StartTestResponse, TestCase};
pub(crate) use start::ACCEPTS;
pub use start::{Answer, Gender, StartRequest};
pub use transaction::TransactionNumber;

/// A login token expires after this long without use (chapter 8.3.1).
const TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);

/// A client of IDnow's gateway API for one account.
///
/// # Errors
///
/// Every call fails with the kinds of the table of chapter 12:
/// [`InvalidRequest`](ErrorKind::InvalidRequest) for 400, naming the model's field if IDnow names
/// its own; [`Unauthorized`](ErrorKind::Unauthorized) for 401; [`NotFound`](ErrorKind::NotFound)
/// for 404; [`Conflict`](ErrorKind::Conflict) for 409 (finished) and 412 (missing precondition);
/// [`Unavailable`](ErrorKind::Unavailable) for 500. [`Error::vendor_code`] is IDnow's `cause`, and
/// [`Error::vendor_text`] its message.
///
/// # Examples
///
/// In the examples of the calls, `api` is this client, `cx` is a context, and `server` is IDnow in
/// memory: `server.line()` is the method and the path of the last request, and `server.body()` is
/// its body. Queries the estimated waiting time:
///
/// ```
/// use idv_core::{Client, Operation, call::CallPolicy};
/// use idv_idnow::{DataCentre, Idnow, IdnowConfig};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> idv_core::Result<()> {
/// # let transport = ScriptedTransport::new();
/// # transport.then_json(200, r#"{"authToken":"xxx"}"#);
/// # transport.then_json(200, r#"{"shortname":"ihrebank","estimatedWaitingTime":60}"#);
/// # let environment = environment(&transport, &ManualClock::new(idv_core::Timestamp::UNIX_EPOCH));
///
/// let config = IdnowConfig::new("ihrebank", "example-api-key".into(), DataCentre::Test);
/// let client = Client::new(Idnow::new(config)?, environment, CallPolicy::default());
/// let api = client.vendor::<Idnow>().expect("the client was built with it").api();
///
/// let account = api.account(&client.context(Operation::Other)).await?;
/// assert_eq!(account.estimated_waiting_time, Some(60));
/// # Ok(())
/// # }
/// ```
pub struct Api {
    pub(crate) endpoint: Endpoint,
    pub(crate) api_key: Secret,
    pub(crate) tokens: TokenCache,
    links: Links,
    /// The URL of the test robots, if there are any.
    robots: Option<Endpoint>,
    /// The data centre, if the configuration names it: data centres place signatures on documents
    /// differently.
    centre: Option<DataCentre>,
    /// The maximum size in bytes of an archive in memory.
    max_archive: u64,
}

/// The response to the start call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StartResponse {
    /// The Ident-ID, which is also shown to the person: `ABC-DEFGH`.
    pub id: VendorId,
    /// Whether IDnow responded with 200, "the identification already existed", instead of 201.
    pub already_existed: bool,
}

/// The account (chapter 6.4).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// The company id.
    pub shortname: Option<String>,
    /// The three letters at the beginning of Ident-IDs.
    pub shortcode: Option<String>,
    /// The company's display name.
    pub name: Option<String>,
    /// The estimated waiting time for an agent in seconds: one of 0, 15, 30, 45, 60, 120, 180 and
    /// so on, estimated over the last ten minutes with a margin. It is intended for display to a
    /// person, not for monitoring IDnow (chapter 6.4.1).
    pub estimated_waiting_time: Option<u64>,
}

impl Account {
    fn read(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        Some(Self {
            shortname: loose::text(object, "shortname"),
            shortcode: loose::text(object, "shortcode"),
            name: loose::text(object, "name"),
            estimated_waiting_time: loose::number(object, "estimatedWaitingTime"),
        })
    }
}

impl Api {
    /// Creates a client from a configuration, without sending anything.
    ///
    /// ```
    /// use idv_idnow::api::Api;
    /// use idv_idnow::{DataCentre, IdnowConfig};
    ///
    /// let mut config = IdnowConfig::new("ihrebank", "exampleApiKey".into(), DataCentre::Test);
    /// let api = Api::new(&config)?;
    /// assert_eq!(api.links().go_url().as_str(), "https://go.test.idnow.de/");
    ///
    /// config.company = "ihre bank".into();
    /// let error = Api::new(&config).expect_err("a company id has no white space");
    /// assert_eq!(error.kind(), &idv_core::ErrorKind::Config);
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), as [`IdnowConfig::check`].
    pub fn new(config: &IdnowConfig) -> Result<Self> {
        config.check()?;
        Ok(Self {
            endpoint: Endpoint::new(config.gateway()?, &config.company)?,
            api_key: config.api_key.clone(),
            tokens: TokenCache::new(TOKEN_LIFE),
            links: Links::new(&config.company, config.go()?)?,
            robots: robot::endpoint(config)?,
            centre: config.host,
            max_archive: config.max_archive_bytes,
        })
    }

    /// Returns the builder of the account's links (chapters 4.3 and 6.1).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// let link = api.links().short("CGD-DSFGE", None)?;
    /// assert_eq!(link.expose().as_str(), "https://go.test.idnow.de/CGD-DSFGE");
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub const fn links(&self) -> &Links {
        &self.links
    }

    /// Creates an identification, or updates an unfinished one (chapter 3.2).
    ///
    /// The transaction number is the idempotency key: a repeated call returns the same
    /// identification, so the call is retried after a lost response.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(201, r#"{"id":"ATK-EFXAL"}"#);
    /// use idv_idnow::api::{StartRequest, TransactionNumber};
    ///
    /// let number = TransactionNumber::parse("1234567890")?;
    /// let mut request = StartRequest::default();
    /// request.firstname = Some("Michael".into());
    /// request.lastname = Some("Berger".into());
    /// let response = api.start(&cx, &number, &request).await?;
    /// assert_eq!(response.id.as_str(), "ATK-EFXAL");
    /// assert!(!response.already_existed);
    ///
    /// assert_eq!(server.line(), "POST /api/v1/ihrebank/identifications/1234567890/start");
    /// assert_eq!(server.body(), r#"{"firstname":"Michael","lastname":"Berger"}"#);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted. The call can be repeated.
    pub async fn start(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
        request: &StartRequest,
    ) -> Result<StartResponse> {
        let reply = cx
            .send(Repeat::Repeatable, |_| {
                request::start(&self.endpoint, &self.api_key, transaction, request)
            })
            .await?;
        answer::started(reply.status, &reply.body).map_err(|error| {
            let error = reply.complement(error);
            // The call creates the resource, so only the URL can be wrong.
            if error.kind() == &ErrorKind::NotFound {
                error.detail(answer::WRONG_ADDRESS)
            } else {
                error
            }
        })
    }

    /// Builds a link that creates the identification when the person opens it, instead of
    /// [`Api::start`] (chapter 5).
    ///
    /// The link has the time of the context's clock, in milliseconds.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// use idv_idnow::api::{StartRequest, TransactionNumber};
    ///
    /// let number = TransactionNumber::parse("XYZ-123")?;
    /// let mut request = StartRequest::default();
    /// request.birthplace = Some("München".into());
    /// let link = api.signed_link(&cx, &number, &request)?;
    /// let link = link.expose().as_str();
    /// let (unsigned, _signature) = link.split_once("&signature=").expect("a signed link");
    /// assert_eq!(
    ///     unsigned,
    ///     "https://go.test.idnow.de/v1/ihrebank/start?birthplace=M%C3%BCnchen\
    ///      &timestamp=1405074349567&transactionnumber=XYZ-123"
    /// );
    /// assert_eq!(server.count(), 0); // nothing is sent
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`SigningInput::parameters_of`] and [`links::signed`].
    pub fn signed_link(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
        request: &StartRequest,
    ) -> Result<SessionUrl> {
        links::signed(&SigningInput::new(
            self.endpoint.company.clone(),
            self.links.go_url().clone(),
            self.api_key.clone(),
            SigningInput::parameters_of(transaction, request)?,
            links::timestamp_ms(cx.now()),
        ))
    }

    /// Returns the result of an identification as JSON (chapter 8.3.3.2).
    ///
    /// Parse it with [`wire::read`](crate::wire::read).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"identificationprocess":
    /// #     {"result":"SUCCESS","transactionnumber":"AH73JK3LM"}}"#);
    /// # server.json(404, r#"{"errors":[{"cause":"OBJECT_NOT_FOUND","id":"487800773"}]}"#);
    /// # let number = account::number();
    /// let answer = api.identification(&cx, &number).await?;
    /// assert_eq!(server.line(), "GET /api/v1/ihrebank/identifications/AH73JK3LM");
    /// let payload = answer.read(idv_idnow::wire::read)?;
    /// let process = &payload.identifications[0].identificationprocess;
    /// assert_eq!(process.result.as_deref().map(idv_core::Text::expose), Some("SUCCESS"));
    ///
    /// // Before the first result:
    /// let error = api.identification(&cx, &number).await.expect_err("no result yet");
    /// assert_eq!(error.vendor_code(), Some("OBJECT_NOT_FOUND"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`NotFound`](ErrorKind::NotFound) with the code `OBJECT_NOT_FOUND` until there
    /// is a first result.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn identification(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
    ) -> Result<call::Answer> {
        self.retrieve(cx, |token| {
            request::identification(&self.endpoint, token, transaction)
        })
        .await
    }

    /// Returns the result of an identification as XML.
    ///
    /// The document defines the XML (chapter 13.3) without a path. Results name the XML file after
    /// the transaction number with `.xml`, like the files that have documented paths. If an account
    /// lacks the file, the response is that of [`Api::identification`].
    /// [`wire::read`](crate::wire::read) parses both.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.file(b"<identifications><identification><identificationprocess>\
    /// #     <result>SUCCESS</result><transactionnumber>AH73JK3LM</transactionnumber>\
    /// #     </identificationprocess></identification></identifications>");
    /// # let number = account::number();
    /// let answer = api.identification_as_xml(&cx, &number).await?;
    /// assert_eq!(server.line(), "GET /api/v1/ihrebank/identifications/AH73JK3LM.xml");
    /// let payload = answer.read(idv_idnow::wire::read)?;
    /// let process = &payload.identifications[0].identificationprocess;
    /// assert_eq!(process.result.as_deref().map(idv_core::Text::expose), Some("SUCCESS"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Api::identification`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn identification_as_xml(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
    ) -> Result<call::Answer> {
        match self
            .retrieve(cx, |token| {
                request::document(&self.endpoint, token, transaction, Suffix::Xml)
            })
            .await
        {
            Err(error) if error.kind() == &ErrorKind::NotFound => {
                self.identification(cx, transaction).await
            }
            settled => settled,
        }
    }

    /// Returns the result of an identification as a ZIP archive, in memory (chapter 8.3.3.1).
    ///
    /// [`archive::result`](crate::wire::archive::result) extracts the result.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.file(b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    /// # let number = account::number();
    /// use idv_idnow::wire::archive;
    ///
    /// let answer = api.archive_file(&cx, &number).await?;
    /// assert_eq!(server.line(), "GET /api/v1/ihrebank/identifications/AH73JK3LM.zip");
    /// assert!(archive::is_archive(&answer.body));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Api::identification`]. [`LimitExceeded`](ErrorKind::LimitExceeded) if the archive is
    /// longer than the configuration's `max_archive_bytes`, in bytes.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn archive_file(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
    ) -> Result<call::Answer> {
        let call = Call::repeatable().in_session(self).up_to(self.max_archive);
        let build = |attempt: &Attempt<'_>| {
            request::document(&self.endpoint, attempt.token(), transaction, Suffix::Zip)
        };
        succeeded(cx.send(call, build).await?)
    }

    /// Streams a file of an identification into `sink` (chapter 8.3.3.1).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.file(b"%PDF-1.4 report");
    /// # server.file(b"%PDF-1.4 report");
    /// # let number = account::number();
    /// use idv_core::ErrorKind;
    /// use idv_idnow::api::Suffix;
    ///
    /// let mut file = Vec::new();
    /// let download = api.download(&cx, &number, Suffix::Pdf, 1024 * 1024, &mut file).await?;
    /// assert_eq!(server.line(), "GET /api/v1/ihrebank/identifications/AH73JK3LM.pdf");
    /// assert_eq!((download.length, file.as_slice()), (15, b"%PDF-1.4 report".as_slice()));
    ///
    /// let refused = api.download(&cx, &number, Suffix::Pdf, 14, &mut Vec::new()).await;
    /// assert_eq!(refused.expect_err("15 bytes").kind(), &ErrorKind::LimitExceeded);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Api::identification`]. [`LimitExceeded`](ErrorKind::LimitExceeded) if the file is
    /// longer than `limit` bytes. After [`NotFound`](ErrorKind::NotFound) and every other error
    /// status, nothing has been written.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds a part of the file, which must not be used.
    pub async fn download(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
        suffix: Suffix,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let build = |token: &str| request::document(&self.endpoint, token, transaction, suffix);
        self.stream(cx, limit, sink, answer::succeeded, build).await
    }

    /// Returns the identifications of a group (chapter 8.3.2).
    ///
    /// The list has no pages. Parse it with [`wire::read`](crate::wire::read).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"identifications":[{"identificationprocess":
    /// #     {"result":"REVIEW_PENDING","transactionnumber":"AH73JK3LM","id":"IBA-H7GB6"}}]}"#);
    /// use idv_idnow::api::Filter;
    ///
    /// let answer = api.list(&cx, Filter::Pending).await?;
    /// assert_eq!(server.line(), "GET /api/v1/ihrebank/identifications?pending=true");
    /// let payload = answer.read(idv_idnow::wire::read)?;
    /// let process = &payload.identifications[0].identificationprocess;
    /// assert_eq!(process.result.as_deref().map(idv_core::Text::expose), Some("REVIEW_PENDING"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn list(&self, cx: &CallContext, filter: Filter) -> Result<call::Answer> {
        self.retrieve(cx, |token| request::list(&self.endpoint, token, filter))
            .await
    }

    /// Deletes an identification (chapter 8.3.4).
    ///
    /// IDnow's backups keep it for another 90 days (chapter 9.2.4). The call is retried after a
    /// lost response.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, "");
    /// # server.json(404, r#"{"errors":[{"cause":"OBJECT_NOT_FOUND","id":"487800773"}]}"#);
    /// # let number = account::number();
    /// use idv_core::ErrorKind;
    ///
    /// api.delete(&cx, &number).await?;
    /// assert_eq!(server.line(), "DELETE /api/v1/ihrebank/identifications/AH73JK3LM");
    ///
    /// let again = api.delete(&cx, &number).await.expect_err("already deleted");
    /// assert_eq!(again.kind(), &ErrorKind::NotFound);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`NotFound`](ErrorKind::NotFound) with the code `OBJECT_NOT_FOUND` if IDnow has
    /// no such identification, or deleted it before.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted. The call can be repeated.
    pub async fn delete(&self, cx: &CallContext, transaction: &TransactionNumber) -> Result<()> {
        self.retrieve(cx, |token| {
            request::delete(&self.endpoint, token, transaction)
        })
        .await
        .map(drop)
    }

    /// Copies an identification to the account `company`, under the same or another transaction
    /// number (chapter 8.3.5).
    ///
    /// The call is not repeated if its response is lost, because the document does not define the
    /// effect of a repetition.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(201, r#"{"id":"CGD-DSFGE"}"#);
    /// # let number = account::number();
    /// use idv_idnow::api::TransactionNumber;
    ///
    /// let target = TransactionNumber::parse("123456")?;
    /// let copied = api.copy(&cx, &number, "ihrebank", Some(&target)).await?;
    /// assert_eq!(copied.id.as_str(), "CGD-DSFGE");
    /// assert_eq!(server.line(), "POST /api/v1/ihrebank/identifications/AH73JK3LM/copy");
    /// assert_eq!(
    ///     server.body(),
    ///     r#"{"target_companyid":"ihrebank","target_transactionnumber":"123456"}"#
    /// );
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`Unauthorized`](ErrorKind::Unauthorized) also for 403, if the account lacks
    /// the right; [`InvalidRequest`](ErrorKind::InvalidRequest) naming `target_companyid` if
    /// `company` is not a valid company id.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn copy(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
        company: &str,
        target: Option<&TransactionNumber>,
    ) -> Result<StartResponse> {
        check_company(company).map_err(|_| {
            Error::invalid(
                "target_companyid",
                "expected the company id of the account to copy to",
            )
        })?;
        let reply = cx
            .send(Call::once().in_session(self), |attempt| {
                request::copy(
                    &self.endpoint,
                    attempt.token(),
                    transaction,
                    company,
                    target,
                )
            })
            .await?;
        answer::copied(reply.status, &reply.body).map_err(|error| reply.complement(error))
    }

    /// Archives an identification that is finished and neither deleted nor archived (chapter
    /// 8.3.6).
    ///
    /// IDnow enables this per account.
    ///
    /// An archived identification cannot be archived again, so the call is not repeated if its
    /// response is lost.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, "");
    /// # let number = account::number();
    /// api.move_to_archive(&cx, &number).await?;
    /// assert_eq!(server.line(), "POST /api/v1/ihrebank/identifications/AH73JK3LM/archive");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`].
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn move_to_archive(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
    ) -> Result<()> {
        let reply = cx
            .send(Call::once().in_session(self), |attempt| {
                request::archive(&self.endpoint, attempt.token(), transaction)
            })
            .await?;
        answer::succeeded(reply.status, &reply.body).map_err(|error| reply.complement(error))
    }

    /// Returns the account with its estimated waiting time, in seconds (chapter 6.4).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.json(200, r#"{"shortname":"ihrebank","shortcode":"IBA","name":"IhreBank AG",
    /// #     "estimatedWaitingTime":30}"#);
    /// let account = api.account(&cx).await?;
    /// assert_eq!(account.name.as_deref(), Some("IhreBank AG"));
    /// assert_eq!(account.estimated_waiting_time, Some(30)); // seconds
    /// assert_eq!(server.line(), "GET /api/v1/ihrebank");
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`].
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn account(&self, cx: &CallContext) -> Result<Account> {
        let reply = self
            .retrieve(cx, |token| request::account(&self.endpoint, token))
            .await?;
        answer::account(reply.status, &reply.body).map_err(|error| reply.complement(error))
    }

    /// Returns whether the system is up (chapter 16).
    ///
    /// A response with another text or status gives `false`. IDnow allows this call every five
    /// minutes.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |api, cx, server| {
    /// # server.file(b"SYSTEM_CHECK_OK");
    /// # server.file(b"MAINTENANCE");
    /// assert!(api.system_check(&cx).await?);
    /// assert_eq!(server.line(), "GET /system_check");
    ///
    /// // With any other text:
    /// assert!(!api.system_check(&cx).await?);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`Unavailable`](ErrorKind::Unavailable) if no response arrived.
    ///
    /// # Cancellation
    ///
    /// The call only reads: it can be dropped and repeated.
    pub async fn system_check(&self, cx: &CallContext) -> Result<bool> {
        let reply = cx
            .send(Repeat::Repeatable, |_| {
                request::system_check(&self.endpoint)
            })
            .await?;
        Ok(answer::system_check(reply.status, &reply.body))
    }

    /// As [`Api::identification`], but returns a response with an error status as an answer.
    pub(crate) async fn ask(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
    ) -> Result<call::Answer> {
        self.send(cx, |token| {
            request::identification(&self.endpoint, token, transaction)
        })
        .await
    }

    async fn send<B>(&self, cx: &CallContext, build: B) -> Result<call::Answer>
    where
        B: Fn(&str) -> Result<http::Request<Bytes>> + Send + Sync,
    {
        cx.send(Call::repeatable().in_session(self), |attempt| {
            build(attempt.token())
        })
        .await
    }

    /// Streams a response into `sink`. `succeeded` builds the error of a failure.
    async fn stream<B>(
        &self,
        cx: &CallContext,
        limit: u64,
        sink: &mut dyn Sink,
        succeeded: fn(StatusCode, &[u8]) -> Result<()>,
        build: B,
    ) -> Result<Download>
    where
        B: Fn(&str) -> Result<http::Request<Bytes>> + Send + Sync,
    {
        let call = Call::repeatable().in_session(self);
        let downloaded = cx
            .download(call, limit, sink, |attempt: &Attempt<'_>| {
                build(attempt.token())
            })
            .await?;
        downloaded.whole(|reply| {
            let refused = succeeded(reply.status, &reply.body);
            reply.complement(
                refused
                    .err()
                    .unwrap_or_else(|| Error::new(ErrorKind::Malformed)),
            )
        })
    }

    async fn retrieve<B>(&self, cx: &CallContext, build: B) -> Result<call::Answer>
    where
        B: Fn(&str) -> Result<http::Request<Bytes>> + Send + Sync,
    {
        succeeded(self.send(cx, build).await?)
    }
}

/// Returns an answer whose body another function parses, unless it is an error.
fn succeeded(reply: call::Answer) -> Result<call::Answer> {
    match answer::succeeded(reply.status, &reply.body) {
        Ok(()) => Ok(reply),
        Err(error) => Err(reply.complement(error)),
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
