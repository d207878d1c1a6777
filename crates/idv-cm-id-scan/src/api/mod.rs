//! The whole documented API as typed calls, in the vendor's own words: usable on its own.
//!
//! | call | method and path | does |
//! |---|---|---|
//! | [`Api::create_transaction`] | `POST /transactions` | creates a transaction: [`NewTransaction`] |
//! | [`Api::transaction`] | `GET /transactions/{id}` | its details, with the scans while it is pending |
//! | [`Api::result`] | `GET /transactions/{id}/results/{resultId}` | its result |
//! | [`Api::download`] | `GET` the file's address | an image |
//! | [`Api::report`] | `GET /transactions/{id}/results/{resultId}/report` | the audit report as a PDF; see [`REPORT`] |
//! | [`Api::create_webhook`] | `POST /webhooks` | registers a webhook: [`NewWebhook`] |
//!
//! Each takes a [`CallContext`]; a [`Client`](idv_core::Client) gives one for any operation. No status of an answer is documented, so that
//! every one of success is taken for it and the others mean what HTTP says.

mod id;
mod request;
mod transaction;
mod webhook;

use std::fmt;
use std::io;

use http::StatusCode;
use idv_core::call::{Answer, Attempt, Call, CallContext, Downloaded};
use idv_core::{Download, Error, ErrorKind, Result, Sink, async_trait};

use self::request::Endpoint;
use crate::config::CmIdScanConfig;
use crate::wire::ErrorBody;

pub use id::{ResultId, TransactionId};
pub(crate) use transaction::is_return_parameter;
pub use transaction::{
    DOCUMENT_SCAN, DocumentScan, FACE_LIVENESS, FACE_MATCH, Locale, NewTransaction, Settings,
    Tasks, TransactionCreated,
};
pub use webhook::{EventKind, NewWebhook, WebhookCreated};

/// The last part of the address of the audit report, below the result's. The document says that a report is retrieved by the ids of the
/// transaction and of the result, and shows `type=extended` in its query; its path it does not show.
pub const REPORT: &str = "report";

/// The same with the query for the extended report.
const EXTENDED_REPORT: &str = "report?type=extended";

/// Which audit report to ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportKind {
    /// Without documents and without a seal; always there.
    #[default]
    Simple,
    /// With every scanned document, digitally sealed; only until the transaction expires.
    Extended,
}

/// The API of one account.
///
/// # Errors
///
/// Every call fails with [`Unauthorized`](ErrorKind::Unauthorized) if the token is refused, with
/// [`NotFound`](ErrorKind::NotFound) if the vendor does not know an id, and with
/// [`InvalidRequest`](ErrorKind::InvalidRequest) naming `request` if it does not take the request. [`Error::vendor_code`] is what the
/// vendor says of the failure, if it says anything.
pub struct Api {
    endpoint: Endpoint,
}

impl Api {
    /// The API as it is configured. Nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if the credentials, the address or the token's times cannot be used.
    pub fn new(config: &CmIdScanConfig) -> Result<Self> {
        config.check_access()?;
        Ok(Self {
            endpoint: Endpoint::new(config)?,
        })
    }

    /// Creates a transaction. It is not repeated when its answer is lost: each repetition would be another transaction, and nothing finds
    /// the first.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`InvalidRequest`](ErrorKind::InvalidRequest) naming the field if the document forbids what the transaction holds:
    /// nothing was sent then.
    pub async fn create_transaction(
        &self,
        cx: &CallContext,
        new: &NewTransaction,
    ) -> Result<TransactionCreated> {
        new.check()?;
        let build = |attempt: &Attempt<'_>| self.endpoint.post(attempt.now, &["transactions"], new);
        let answer = answered(cx.send(Call::once(), build).await?)?;
        TransactionCreated::read(&answer.body).map_err(|error| answer.complement(error))
    }

    /// The details of a transaction. Read them with [`Transaction`](crate::wire::Transaction).
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn transaction(&self, cx: &CallContext, id: &TransactionId) -> Result<Answer> {
        self.retrieve(cx, &["transactions", id.as_str()]).await
    }

    /// The result of a transaction. Read it with [`Transaction`](crate::wire::Transaction).
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn result(
        &self,
        cx: &CallContext,
        id: &TransactionId,
        result: &ResultId,
    ) -> Result<Answer> {
        self.retrieve(
            cx,
            &["transactions", id.as_str(), "results", result.as_str()],
        )
        .await
    }

    /// Streams an image into `sink`, by the [address](crate::wire::File::url) that the vendor gave it.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`Malformed`](ErrorKind::Malformed) if the address is not at the configured host: nothing was sent then;
    /// [`LimitExceeded`](ErrorKind::LimitExceeded) if the image is longer than `limit` bytes.
    pub async fn download(
        &self,
        cx: &CallContext,
        address: &str,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let address = self.endpoint.file(address)?;
        let build = |attempt: &Attempt<'_>| self.endpoint.get_file(attempt.now, &address);
        cx.download(Call::repeatable(), limit, sink, build)
            .await?
            .whole(|answer| refused(&answer))
    }

    /// Streams an audit report, a PDF, into `sink`.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`Conflict`](ErrorKind::Conflict) if the extended report is refused, since it is there only until the transaction
    /// expires; [`LimitExceeded`](ErrorKind::LimitExceeded) if it is longer than `limit` bytes; [`Malformed`](ErrorKind::Malformed)
    /// if it is no PDF.
    pub async fn report(
        &self,
        cx: &CallContext,
        id: &TransactionId,
        result: &ResultId,
        kind: ReportKind,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let last = if kind == ReportKind::Extended {
            EXTENDED_REPORT
        } else {
            REPORT
        };
        let parts = [
            "transactions",
            id.as_str(),
            "results",
            result.as_str(),
            last,
        ];
        let build = |attempt: &Attempt<'_>| self.endpoint.get(attempt.now, &parts);
        let mut start = Start {
            sink,
            bytes: Vec::new(),
        };
        let download = match cx
            .download(Call::repeatable(), limit, &mut start, build)
            .await?
        {
            Downloaded::Refused(answer)
                if kind == ReportKind::Extended && is_over(answer.status) =>
            {
                let error = Error::new(ErrorKind::Conflict)
                    .detail("the extended report is given only until the transaction expires; the simple one stays");
                return Err(answer.complement(named(error, &answer)));
            }
            downloaded => downloaded.whole(|answer| refused(&answer))?,
        };
        if !start.is_pdf() {
            return Err(Error::malformed("the report is no PDF"));
        }
        Ok(download)
    }

    /// Registers a webhook. Each repetition would be another one, and every event would come once more, so it is not repeated when its
    /// answer is lost.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`InvalidRequest`](ErrorKind::InvalidRequest) naming the field if the document forbids what the webhook holds:
    /// nothing was sent then.
    pub async fn create_webhook(
        &self,
        cx: &CallContext,
        new: &NewWebhook,
    ) -> Result<WebhookCreated> {
        new.check()?;
        let build = |attempt: &Attempt<'_>| self.endpoint.post(attempt.now, &["webhooks"], new);
        let answer = answered(cx.send(Call::once(), build).await?)?;
        WebhookCreated::read(&answer.body).map_err(|error| answer.complement(error))
    }

    async fn retrieve(&self, cx: &CallContext, parts: &[&str]) -> Result<Answer> {
        let build = |attempt: &Attempt<'_>| self.endpoint.get(attempt.now, parts);
        answered(cx.send(Call::repeatable(), build).await?)
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("endpoint", &self.endpoint)
            .finish()
    }
}

/// Passes a file on and keeps its first bytes.
struct Start<'a> {
    sink: &'a mut dyn Sink,
    bytes: Vec<u8>,
}

impl Start<'_> {
    /// The number of bytes in which a PDF has to begin.
    const LENGTH: usize = 1_024;

    /// Whether it is a PDF, by its bytes: the media type of an error page may say so, too.
    fn is_pdf(&self) -> bool {
        self.bytes.windows(5).any(|bytes| bytes == b"%PDF-")
    }
}

#[async_trait]
impl Sink for Start<'_> {
    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let missing = Self::LENGTH.saturating_sub(self.bytes.len());
        self.bytes.extend(bytes.iter().take(missing));
        self.sink.write(bytes).await
    }
}

/// An answer, unless it is an error.
fn answered(answer: Answer) -> Result<Answer> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    Err(refused(&answer))
}

fn refused(answer: &Answer) -> Error {
    let error = answer.error();
    let error = if answer.status == StatusCode::UNAUTHORIZED {
        error.detail("key_id or secret is wrong, or this machine's clock is")
    } else {
        error
    };
    named(error, answer)
}

/// The error with what the vendor calls it. That may repeat what was sent; the code of an error is never printed.
fn named(error: Error, answer: &Answer) -> Error {
    match ErrorBody::read(&answer.body).name() {
        Some(name) => error.with_vendor_code(name),
        None => error,
    }
}

/// Whether a refusal of the extended report can say that it is too late. The document does not say which status does.
fn is_over(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 404 | 406 | 409 | 410 | 412 | 422)
}
