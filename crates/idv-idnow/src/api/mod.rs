//! The gateway API v1 itself, in IDnow's own words: for what the model has no place for.
//!
//! | call | chapter | |
//! |---|---|---|
//! | [`Api::start`] | 3.2 | create an identification, or update one that is not finished |
//! | [`Api::identification`], [`Api::identification_as_xml`] | 8.3.3.2 | the result of one |
//! | [`Api::archive_file`] | 8.3.3.1 | the same as a ZIP archive, in memory |
//! | [`Api::download`] | 8.3.3.1 | the archive, the PDF or the sound of one, streamed |
//! | [`Api::list`] | 8.3.2 | those that are finished, pending, canceled or aborted |
//! | [`Api::delete`] | 8.3.4 | delete one |
//! | [`Api::copy`] | 8.3.5 | copy one to another account |
//! | [`Api::move_to_archive`] | 8.3.6 | archive one |
//! | [`documents`]: document definitions, documents, and the signed files of eSigning | 7 | |
//! | [`Api::account`] | 6.4 | the estimated waiting time |
//! | [`Api::start_test`], [`Api::request_video_chat`] | 15.2 | have the test robots play an identification: [`TestCase`] |
//! | [`Api::system_check`] | 16 | whether the system is up |
//!
//! Each takes a [`CallContext`]; a [`Client`](idv_core::Client) gives one for any operation. Logging in (chapter 8.3.1) is done
//! by the calls that need it, and once for all of them.

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
pub use robot::{TestCase, TestStarted};
pub(crate) use start::ACCEPTS;
pub use start::{Answer, Gender, StartRequest};
pub use transaction::TransactionNumber;

/// For how long IDnow keeps a login token that is not used (chapter 8.3.1).
const TOKEN_LIFE: Duration = Duration::from_secs(60 * 60);

/// The gateway API of one account.
///
/// # Errors
///
/// Every call fails with the kinds of the table of chapter 12: [`InvalidRequest`](ErrorKind::InvalidRequest) for 400, naming the
/// model's field if IDnow names its own; [`Unauthorized`](ErrorKind::Unauthorized) for 401; [`NotFound`](ErrorKind::NotFound)
/// for 404; [`Conflict`](ErrorKind::Conflict) for 409 (finished) and 412 (something is missing);
/// [`Unavailable`](ErrorKind::Unavailable) for 500. [`Error::vendor_code`] is IDnow's `cause`.
pub struct Api {
    pub(crate) endpoint: Endpoint,
    pub(crate) api_key: Secret,
    pub(crate) tokens: TokenCache,
    links: Links,
    /// Where the test robots are, if there are any.
    robots: Option<Endpoint>,
    /// The data centre, if the configuration names it: they differ in what they place on documents.
    centre: Option<DataCentre>,
    /// The longest archive that is read, in bytes.
    max_archive: u64,
}

/// The answer to the start call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Started {
    /// The Ident-ID, which the person sees too: `ABC-DEFGH`.
    pub id: VendorId,
    /// Whether IDnow answered 200, "the identification already existed", rather than 201.
    pub already_existed: bool,
}

/// The account (chapter 6.4).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// The company id.
    pub shortname: Option<String>,
    /// The three letters that Ident-IDs begin with.
    pub shortcode: Option<String>,
    /// The company's name for people.
    pub name: Option<String>,
    /// The time that a person has to wait for an agent, in seconds: estimated over the last ten minutes with something added, and one
    /// of 0, 15, 30, 45, 60, 120, 180 and so on. It is for telling a person, not for measuring IDnow (chapter 6.4.1).
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
    /// The API as it is configured. Nothing is sent.
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

    /// The addresses that persons visit.
    #[must_use]
    pub const fn links(&self) -> &Links {
        &self.links
    }

    /// Creates an identification, or updates one that is not finished (chapter 3.2). The transaction number is the key: repeated,
    /// the call yields the same identification, so it is repeated by itself when its answer is lost.
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn start(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
        request: &StartRequest,
    ) -> Result<Started> {
        let reply = cx
            .send(Repeat::Repeatable, |_| {
                request::start(&self.endpoint, &self.api_key, transaction, request)
            })
            .await?;
        answer::started(reply.status, &reply.body).map_err(|error| {
            let error = reply.complement(error);
            // Nothing is there yet to be found, so it can only be the address.
            if error.kind() == &ErrorKind::NotFound {
                error.detail(answer::WRONG_ADDRESS)
            } else {
                error
            }
        })
    }

    /// A link that creates the identification when the person opens it, in place of [`Api::start`] (chapter 5).
    ///
    /// # Errors
    ///
    /// Those of [`links::signed`].
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

    /// The result of an identification (chapter 8.3.3.2).
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`NotFound`](ErrorKind::NotFound) with the code `OBJECT_NOT_FOUND` until there is a first result.
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

    /// The same as XML. The document describes the XML (chapter 13.3) and names no address for it; results name the file by the
    /// transaction number with `.xml`, as they name those that have an address. Where an account lacks it, this is
    /// [`Api::identification`], and the answer is read all the same.
    ///
    /// # Errors
    ///
    /// As [`Api::identification`].
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

    /// The result of an identification as a ZIP archive, in memory (chapter 8.3.3.1).
    ///
    /// # Errors
    ///
    /// As [`Api::identification`]; [`LimitExceeded`](ErrorKind::LimitExceeded) if it is longer than the configuration's
    /// `max_archive_bytes`.
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

    /// Streams a file of an identification into `sink`.
    ///
    /// # Errors
    ///
    /// As [`Api::identification`]; [`LimitExceeded`](ErrorKind::LimitExceeded) if it is longer than `limit` bytes. With
    /// [`NotFound`](ErrorKind::NotFound), and every other status that IDnow answers, nothing was written.
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

    /// The identifications of a group (chapter 8.3.2). The list has no pages.
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn list(&self, cx: &CallContext, filter: Filter) -> Result<call::Answer> {
        self.retrieve(cx, |token| request::list(&self.endpoint, token, filter))
            .await
    }

    /// Deletes an identification (chapter 8.3.4). IDnow's backups keep it for 90 days more (chapter 9.2.4).
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn delete(&self, cx: &CallContext, transaction: &TransactionNumber) -> Result<()> {
        self.retrieve(cx, |token| {
            request::delete(&self.endpoint, token, transaction)
        })
        .await
        .map(drop)
    }

    /// Copies an identification to the account `company`, under the same transaction number or another one (chapter 8.3.5). It is
    /// not documented what a repetition does, so it is not repeated when its answer is lost.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`Unauthorized`](ErrorKind::Unauthorized) for 403 too, if the account may not;
    /// [`InvalidRequest`](ErrorKind::InvalidRequest) naming `target_companyid`, if `company` is no company id.
    pub async fn copy(
        &self,
        cx: &CallContext,
        transaction: &TransactionNumber,
        company: &str,
        target: Option<&TransactionNumber>,
    ) -> Result<Started> {
        check_company(company).map_err(|_| {
            Error::invalid(
                "target_companyid",
                "write the company id of the account to copy to",
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

    /// Archives an identification that is finished, not deleted and not archived (chapter 8.3.6). IDnow enables it by account.
    /// One that is archived cannot be archived again, so the call is not repeated when its answer is lost.
    ///
    /// # Errors
    ///
    /// See [`Api`].
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

    /// Returns the account: above all the estimated waiting time (chapter 6.4).
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn account(&self, cx: &CallContext) -> Result<Account> {
        let reply = self
            .retrieve(cx, |token| request::account(&self.endpoint, token))
            .await?;
        answer::account(reply.status, &reply.body).map_err(|error| reply.complement(error))
    }

    /// Whether the system is up (chapter 16). IDnow allows it every five minutes.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](ErrorKind::Unavailable) if no answer came. An answer with another text or status is `false`.
    pub async fn system_check(&self, cx: &CallContext) -> Result<bool> {
        let reply = cx
            .send(Repeat::Repeatable, |_| {
                request::system_check(&self.endpoint)
            })
            .await?;
        Ok(answer::system_check(reply.status, &reply.body))
    }

    /// As [`Api::identification`], but an error status is an answer.
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

    /// Streams what is answered into `sink`; `succeeded` makes the error of what is not.
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

/// An answer that is to be read by others, unless it is an error.
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
