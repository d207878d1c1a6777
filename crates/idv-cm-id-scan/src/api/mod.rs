//! CM.com ID Scan's whole documented API as typed calls, usable without the model of [`idv_core`].
//!
//! | call | method and path | effect |
//! |---|---|---|
//! | [`Api::create_transaction`] | `POST /transactions` | creates a transaction from a [`NewTransaction`] |
//! | [`Api::transaction`] | `GET /transactions/{id}` | returns its details, with the scans while it is pending |
//! | [`Api::result`] | `GET /transactions/{id}/results/{resultId}` | returns its result |
//! | [`Api::download`] | `GET` the file's URL | downloads an image |
//! | [`Api::report`] | `GET /transactions/{id}/results/{resultId}/report` | downloads the audit report as a PDF; see [`REPORT`] |
//! | [`Api::create_webhook`] | `POST /webhooks` | registers a [`NewWebhook`] |
//!
//! Each call takes a [`CallContext`], which [`Client::context`](idv_core::Client::context) creates.
//! The document does not list status codes: every 2xx is a success, and failures have their meaning
//! in HTTP.

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
    CreateTransactionResponse, DOCUMENT_SCAN, DocumentScan, FACE_LIVENESS, FACE_MATCH, Locale,
    NewTransaction, Settings, Tasks,
};
pub use webhook::{CreateWebhookResponse, EventKind, NewWebhook};

/// The last path segment of the audit report, below the result. The document says that the ids of
/// the transaction and of the result select a report, and shows `type=extended` in its query, but
/// not its path.
pub const REPORT: &str = "report";

/// [`REPORT`] with the query of the extended report.
const EXTENDED_REPORT: &str = "report?type=extended";

/// The kind of an audit report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReportKind {
    /// Without the scanned documents and without a seal; always available.
    #[default]
    Simple,
    /// With every scanned document and a digital seal; available until the transaction expires.
    Extended,
}

/// A client of CM.com ID Scan's API for one account.
///
/// # Errors
///
/// Every call fails with [`Unauthorized`](ErrorKind::Unauthorized) if the vendor refuses the token,
/// with [`NotFound`](ErrorKind::NotFound) if it does not know an id, and with
/// [`InvalidRequest`](ErrorKind::InvalidRequest) naming `request` if it refuses the request.
/// [`Error::vendor_code`] and [`Error::vendor_text`] have the vendor's code and message, if the
/// response has them.
///
/// # Examples
///
/// Lists the states of a transaction's tasks:
///
/// ```
/// use idv_cm_id_scan::api::TransactionId;
/// use idv_cm_id_scan::wire::Transaction;
/// use idv_cm_id_scan::{CmIdScan, CmIdScanConfig};
/// use idv_core::{Client, Operation, call::CallPolicy};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let transport = ScriptedTransport::new();
/// # let body = r#"{"id":"trx-1","state":"pending","tasks":[{"type":"document_scan"}]}"#;
/// # transport.then_json(200, body);
/// # let environment = environment(&transport, &ManualClock::new("2024-01-02T09:00:00Z".parse()?));
///
/// let key_id = "3b438437-04a4-40bb-8389-54bb02766fba";
/// let config = CmIdScanConfig::new(key_id, "example secret".into());
/// let client = Client::new(CmIdScan::new(config)?, environment, CallPolicy::default());
/// let api = client.vendor::<CmIdScan>().expect("the client was built with it").api();
///
/// let cx = client.context(Operation::Other);
/// let answer = api.transaction(&cx, &TransactionId::parse("trx-1")?).await?;
/// let transaction = answer.read(Transaction::read)?;
/// assert_eq!(transaction.tasks.len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct Api {
    endpoint: Endpoint,
}

impl Api {
    /// Creates a client from a configuration, without sending anything.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_cm_id_scan::{CmIdScanConfig, api::Api};
    /// # let config = account::config();
    ///
    /// assert!(Api::new(&config).is_ok());
    /// let error = Api::new(&CmIdScanConfig::new("", "the account's secret".into())).unwrap_err();
    /// assert!(error.to_string().contains("key_id"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if the credentials, the base URL or the token's times are not
    /// valid.
    pub fn new(config: &CmIdScanConfig) -> Result<Self> {
        config.check_access()?;
        Ok(Self {
            endpoint: Endpoint::new(config)?,
        })
    }

    /// Creates a transaction ("Create a transaction").
    ///
    /// The call is not repeated if its response is lost: a repetition would create another
    /// transaction, and no call finds the first one.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_cm_id_scan::api::{Locale, NewTransaction, Tasks};
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account.answer(201, r#"{"id":"c3b92333-0000-4000-8000-000000000000","state":"pending",
    /// #     "url":"https://id-scan.identity.cm.com/en-us/identifications/8f14e45fceea167a",
    /// #     "expires":"2024-01-01T13:00:00+00:00"}"#);
    ///
    /// let mut new = NewTransaction::new(Tasks::DocumentLivenessAndMatch);
    /// new.locale = Some(Locale::Dutch);
    /// let created = api.create_transaction(&cx, &new).await?;
    /// assert_eq!(created.state, "pending");
    /// assert_eq!(created.url.expose().host_str(), Some("id-scan.identity.cm.com"));
    /// assert_eq!(created.expires, Some("2024-01-01T13:00:00Z".parse()?));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`InvalidRequest`](ErrorKind::InvalidRequest) naming the field if the document
    /// forbids a value of the transaction; nothing is sent in this case.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn create_transaction(
        &self,
        cx: &CallContext,
        new: &NewTransaction,
    ) -> Result<CreateTransactionResponse> {
        new.check()?;
        let build = |attempt: &Attempt<'_>| self.endpoint.post(attempt.now, &["transactions"], new);
        let answer = answered(cx.send(Call::once(), build).await?)?;
        CreateTransactionResponse::read(&answer.body).map_err(|error| answer.complement(error))
    }

    /// Returns the details of a transaction. Parse them with
    /// [`Transaction`](crate::wire::Transaction).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_cm_id_scan::api::TransactionId;
    /// use idv_cm_id_scan::wire::Transaction;
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account.answer(200, r#"{"id":"2c2f04a5-0000-4000-8000-000000000000","state":"pending",
    /// #     "tasks":[{"type":"document_scan","state":"pending","attempts":2,"documentScans":[
    /// #     {"score":0.98,"code":"front_side_provided_back_side_required","source":"file"}]}]}"#);
    ///
    /// let id = TransactionId::parse("2c2f04a5-0000-4000-8000-000000000000")?;
    /// let answer = api.transaction(&cx, &id).await?;
    /// let details = answer.read(Transaction::read)?;
    /// assert!(details.state.is_some_and(|state| state.expose() == "pending"));
    /// assert_eq!(details.tasks[0].document_scans.len(), 1);
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
    pub async fn transaction(&self, cx: &CallContext, id: &TransactionId) -> Result<Answer> {
        self.retrieve(cx, &["transactions", id.as_str()]).await
    }

    /// Returns the result of a transaction ("Retrieve transaction result"). Parse it with
    /// [`Transaction`](crate::wire::Transaction).
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_cm_id_scan::api::{ResultId, TransactionId};
    /// use idv_cm_id_scan::wire::Transaction;
    /// use idv_core::ErrorKind;
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account.answer(200, r#"{"id":"c3b92333-0000-4000-8000-000000000000","state":"completed",
    /// #     "tasks":[{"type":"document_scan","state":"completed","score":0.86,"result":[]}]}"#);
    /// # account.answer(404, r#"{"error":{"code":"transaction_not_found"}}"#);
    ///
    /// let id = TransactionId::parse("c3b92333-0000-4000-8000-000000000000")?;
    /// let result = ResultId::parse("e6b7ce66-0000-4000-8000-000000000000")?; // from an event
    /// let answer = api.result(&cx, &id, &result).await?;
    /// assert_eq!(answer.read(Transaction::read)?.tasks.len(), 1);
    ///
    /// let error = api.result(&cx, &id, &result).await.unwrap_err(); // of another transaction
    /// assert_eq!(error.kind(), &ErrorKind::NotFound);
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

    /// Streams an image from its [URL](crate::wire::File::url) into `sink` ("Download document
    /// image").
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # let file = idv_testkit::file("image/jpeg", b"\xFF\xD8\xFF\xE0 an image".as_slice());
    /// # account.transport.then(file);
    /// let mut image = Vec::new();
    /// let url = "https://api.cm.com/id-scan/v1/downloads/face1"; // from a result
    /// let download = api.download(&cx, url, 10 * 1024 * 1024, &mut image).await?;
    /// assert_eq!(download.media_type.as_deref(), Some("image/jpeg"));
    /// assert_eq!(download.length, image.len() as u64);
    ///
    /// // The account's token goes to no other host.
    /// assert!(api.download(&cx, "https://example.com/face1", 1024, &mut image).await.is_err());
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`Malformed`](ErrorKind::Malformed) if the URL is not on the configured host;
    /// nothing is sent in this case. [`LimitExceeded`](ErrorKind::LimitExceeded) if the image is
    /// longer than `limit` bytes.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds a part of the file, which must not be used.
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

    /// Streams an audit report, a PDF, into `sink` ("Retrieve transaction report").
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_cm_id_scan::api::{ReportKind, ResultId, TransactionId};
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account.transport.then(idv_testkit::file("application/pdf", "%PDF-1.7"));
    ///
    /// let id = TransactionId::parse("c3b92333-0000-4000-8000-000000000000")?;
    /// let result = ResultId::parse("e6b7ce66-0000-4000-8000-000000000000")?;
    /// let mut pdf = Vec::new();
    /// let limit = 10 * 1024 * 1024;
    /// api.report(&cx, &id, &result, ReportKind::Simple, limit, &mut pdf).await?;
    /// assert!(pdf.starts_with(b"%PDF-"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`Conflict`](ErrorKind::Conflict) if the vendor refuses the extended report,
    /// which is only available until the transaction expires;
    /// [`LimitExceeded`](ErrorKind::LimitExceeded) if the report is longer than `limit` bytes;
    /// [`Malformed`](ErrorKind::Malformed) if it is not a PDF.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds a part of the file, which must not be used.
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
                let error = Error::new(ErrorKind::Conflict).detail(
                    "the extended report is only available until the transaction expires; \
                     use the simple one",
                );
                return Err(answer.complement(named(error, &answer)));
            }
            downloaded => downloaded.whole(|answer| refused(&answer))?,
        };
        if !start.is_pdf() {
            return Err(Error::malformed("the report is not a PDF"));
        }
        Ok(download)
    }

    /// Registers a webhook ("Events").
    ///
    /// The call is not repeated if its response is lost: a repetition would register another
    /// webhook, which would receive every event again.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_cm_id_scan::api::NewWebhook;
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account.answer(201, r#"{"id":"0b6e2d6f-0000-4000-8000-000000000000",
    /// #     "url":"https://www.example.com/webhook","createdAt":"2022-01-01T00:00:00+00:00",
    /// #     "events":["transaction.state.updated","task.state.updated"]}"#);
    ///
    /// let new = NewWebhook::new("https://www.example.com/webhook".parse()?)
    ///     .with_header("X-Callback-Secret", "0123456789abcdef0123".into());
    /// let created = api.create_webhook(&cx, &new).await?;
    /// assert_eq!(created.events, ["transaction.state.updated", "task.state.updated"]);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`InvalidRequest`](ErrorKind::InvalidRequest) naming the field if the document
    /// forbids a value of the webhook; nothing is sent in this case.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn create_webhook(
        &self,
        cx: &CallContext,
        new: &NewWebhook,
    ) -> Result<CreateWebhookResponse> {
        new.check()?;
        let build = |attempt: &Attempt<'_>| self.endpoint.post(attempt.now, &["webhooks"], new);
        let answer = answered(cx.send(Call::once(), build).await?)?;
        CreateWebhookResponse::read(&answer.body).map_err(|error| answer.complement(error))
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

/// Forwards a file and keeps its first bytes.
struct Start<'a> {
    sink: &'a mut dyn Sink,
    bytes: Vec<u8>,
}

impl Start<'_> {
    /// A PDF must begin within this many bytes.
    const LENGTH: usize = 1_024;

    /// Returns whether the file is a PDF, by its bytes: an error page may have the media type of
    /// one.
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

/// Returns the answer unless its status reports a failure.
fn answered(answer: Answer) -> Result<Answer> {
    if answer.status.is_success() {
        return Ok(answer);
    }
    Err(refused(&answer))
}

fn refused(answer: &Answer) -> Error {
    let error = answer.error();
    let error = if answer.status == StatusCode::UNAUTHORIZED {
        error.detail("wrong key_id or secret, or this machine's clock is wrong")
    } else {
        error
    };
    named(error, answer)
}

/// Adds the vendor's code and message, which may repeat personal data that was sent. Neither is
/// printed.
fn named(error: Error, answer: &Answer) -> Error {
    let body = ErrorBody::read(&answer.body);
    let error = match body.code() {
        Some(code) => error.with_vendor_code(code),
        None => error,
    };
    match body.text() {
        Some(text) => error.with_vendor_text(text),
        None => error,
    }
}

/// Returns whether this status can mean that the extended report is no longer available. The
/// document does not name the status.
fn is_over(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 404 | 406 | 409 | 410 | 412 | 422)
}
