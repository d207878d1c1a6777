//! VerificarIdentidad's whole API as typed calls, usable without the model of [`idv_core`].
//!
//! | call | function | effect |
//! |---|---|---|
//! | [`Api::send`] | `/VerificarIdentidad` | sends a person a text message with the link to a verification: [`SendRequest`] |
//! | [`Api::certificate`] | `/GetCertificadoIdentidad` | downloads the certificate of a verification as a PDF |
//! | [`Api::credits`] | `/GetCreditos` | returns the remaining credits |
//!
//! Each call takes a [`CallContext`], which [`Client::context`](idv_core::Client::context) creates.
//! [`CALLS`] lists the meanings of their codes. The vendor reports failures inside a 200 response
//! and treats senders of repeated errors as spammers, so the adapter does not repeat a call that
//! received a response.

mod calls;
mod certificate;
mod request;

use std::fmt;

use http::StatusCode;
use idv_core::adapter::{basic_auth, non_empty};
use idv_core::call::{Answer, Attempt, Call, CallContext, RetryOverride};
use idv_core::{Download, Error, ErrorKind, Result, Sink, Text, VendorId};

use self::certificate::PdfFilter;
use self::request::Endpoint;
use crate::config::VerificarIdentidadConfig;
use crate::wire;

pub use calls::{CALLS, CallRow, Failure};
pub(crate) use request::ZONE;
pub use request::{RequestId, SendRequest};

/// A client of VerificarIdentidad's API for one account.
///
/// # Errors
///
/// Every call fails with the kinds of its row in [`CALLS`]. [`Error::vendor_code`] is `Res`, and
/// [`Error::vendor_text`] is the vendor's description, if there is one.
///
/// # Examples
///
/// Queries the remaining credits:
///
/// ```
/// use idv_core::{Client, Operation, call::CallPolicy};
/// use idv_verificar_identidad::{VerificarIdentidad, VerificarIdentidadConfig};
/// # use idv_testkit::{ManualClock, ScriptedTransport, environment};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> idv_core::Result<()> {
/// # let transport = ScriptedTransport::new();
/// # transport.then_json(200, r#"{"Cred":"12345.67"}"#);
/// # let environment = environment(&transport, &ManualClock::new(idv_core::Timestamp::UNIX_EPOCH));
///
/// let mut config = VerificarIdentidadConfig::new("api-user", "example-token".into());
/// config.callback_secret = "a secret of 16 characters or more".into();
/// let client = Client::new(VerificarIdentidad::new(config)?, environment, CallPolicy::default());
/// let api = client.vendor::<VerificarIdentidad>().expect("the client was built with it").api();
///
/// let credits = api.credits(&client.context(Operation::Other)).await?;
/// assert_eq!(credits.as_str(), "12345.67");
/// # Ok(())
/// # }
/// ```
pub struct Api {
    endpoint: Endpoint,
}

/// An accepted request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SendResponse {
    /// The identifier of the request (`ID`), which its reports name.
    pub id: VendorId,
    /// The remaining credits (`Cred`).
    pub credits: Option<Credits>,
}

/// An amount of credits in the vendor's notation: a decimal number, `12345.67` or `12.345,67`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credits(String);

impl Credits {
    fn read(text: Option<&Text<'_>>) -> Option<Self> {
        let text = text?.expose().trim();
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'-'));
        (plain && point(text).parse::<f64>().is_ok()).then(|| Self(text.to_owned()))
    }

    /// Returns the number in the vendor's notation.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account.answer(200, r#"[{"Res":1,"Cred":"12.345,67"}]"#);
    /// let credits = api.credits(&cx).await?;
    /// assert_eq!(credits.as_str(), "12.345,67");
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the number with the precision of an `f64`, for comparisons.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account.answer(200, r#"[{"Res":1,"Cred":"12.345,67"}]"#);
    /// let credits = api.credits(&cx).await?;
    /// assert_eq!(credits.number(), 12_345.67);
    /// # Ok(())
    /// # });
    /// ```
    #[must_use]
    pub fn number(&self) -> f64 {
        // The text was a number when it was parsed.
        point(&self.0).parse().unwrap_or(f64::NAN)
    }
}

impl Api {
    /// Creates a client from a configuration, without sending anything.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_verificar_identidad::{VerificarIdentidadConfig, api::Api};
    /// # let config = account::config();
    ///
    /// assert!(Api::new(&config).is_ok());
    /// // Reports could not be authenticated, and no call returns an outcome.
    /// let open = VerificarIdentidadConfig::new("api-user", "api-token".into());
    /// assert!(Api::new(&open).unwrap_err().to_string().contains("callback_secret"));
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config), as [`VerificarIdentidadConfig::check`].
    pub fn new(config: &VerificarIdentidadConfig) -> Result<Self> {
        config.check()?;
        let credentials = basic_auth(&config.user, &config.token, "token")?;
        Ok(Self {
            endpoint: Endpoint::new(
                &config.address()?,
                credentials,
                config.request_format,
                config.answer_format,
            ),
        })
    }

    /// Sends a person a text message with the link to a verification ("Send Identity Verification
    /// Request").
    ///
    /// Each call is one message and one charge, so it is never repeated once the vendor may have
    /// acted, and never after a response.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_core::{Effect, ErrorKind};
    /// use idv_verificar_identidad::api::SendRequest;
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account.answer(200, r#"[{"Res":1,"ID":"1283876988","Cred":12345.67}]"#);
    /// # account.answer(200, r#"[{"Res":-2}]"#);
    ///
    /// let mut request = SendRequest::new("34600000001");
    /// request.message = Some("Verifique su identidad: [LINK]".into());
    /// let sent = api.send(&cx, &request).await?;
    /// assert_eq!(sent.id.as_str(), "1283876988");
    ///
    /// let error = api.send(&cx, &request).await.unwrap_err(); // Res -2
    /// assert_eq!(error.kind(), &ErrorKind::QuotaExhausted);
    /// assert_eq!(error.effect(), Effect::NotApplied);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`InvalidRequest`](ErrorKind::InvalidRequest) naming the parameter if the
    /// document forbids a value of the request; nothing is sent in this case.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the vendor may or may not have acted.
    pub async fn send(&self, cx: &CallContext, request: &SendRequest) -> Result<SendResponse> {
        request.check()?;
        request.check_time(cx.now())?;
        let build = |_: &Attempt<'_>| self.endpoint.send(&calls::SEND, request);
        let answer = cx
            .send(Call::once().retry_override(never_again), build)
            .await?;
        let read = answered(&calls::SEND, &answer)?;
        let id = read
            .id
            .as_ref()
            .map(|id| id.expose().trim())
            .filter(|id| !id.is_empty())
            .ok_or_else(|| {
                answer.complement(Error::malformed(
                    "the request was accepted, but the response has no ID",
                ))
            })?;
        Ok(SendResponse {
            id: VendorId::new(id),
            credits: Credits::read(read.credits.as_ref()),
        })
    }

    /// Streams the certificate of a verification, a PDF, into `sink` ("Query and download PDF
    /// Certificate with the Identification"). The certificate exists after a report of 5100.
    ///
    /// The vendor reports a failure as text inside a 200 response, so `sink` receives only data
    /// that begin like a PDF, and nothing of a failure.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_core::ErrorKind;
    /// use idv_verificar_identidad::api::RequestId;
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account.transport.then(idv_testkit::file("application/pdf", "%PDF-1.4"));
    /// # account.answer(200, r#"[{"Res":-3,"Error":"No existe"}]"#);
    ///
    /// let id = RequestId::parse("299846332")?; // of a verification with a report of 5100
    /// let (mut pdf, limit) = (Vec::new(), 10 * 1024 * 1024);
    /// api.certificate(&cx, &id, limit, &mut pdf).await?;
    /// assert!(pdf.starts_with(b"%PDF-"));
    ///
    /// let other = RequestId::parse("299846333")?; // not validated
    /// let error = api.certificate(&cx, &other, limit, &mut pdf).await.unwrap_err();
    /// assert_eq!(error.kind(), &ErrorKind::NotFound);
    /// # Ok(())
    /// # });
    /// ```
    ///
    /// # Errors
    ///
    /// See [`Api`]. [`NotFound`](ErrorKind::NotFound) if the vendor has no certificate;
    /// [`LimitExceeded`](ErrorKind::LimitExceeded) if it is longer than `limit` bytes.
    ///
    /// # Cancellation
    ///
    /// If the future is dropped, the sink holds a part of the file, which must not be used.
    pub async fn certificate(
        &self,
        cx: &CallContext,
        id: &RequestId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let call = &calls::CERTIFICATE;
        let build = |_: &Attempt<'_>| self.endpoint.certificate(call, id);
        let mut gate = PdfFilter::new(sink);
        let downloaded = cx
            .download(
                Call::repeatable().retry_override(answered_once),
                limit,
                &mut gate,
                build,
            )
            .await?;
        let mut download = downloaded.whole(|answer| refused(call, &answer))?;
        gate.end(call)?;
        download.media_type = Some("application/pdf".to_owned());
        Ok(download)
    }

    /// Returns the remaining credits ("Credits Query").
    ///
    /// Every response of [`Api::send`] has them, too; the vendor asks clients not to call this
    /// function often.
    ///
    /// ```
    /// # mod account { include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.rs")); }
    /// # account::run(async |account| {
    /// use idv_core::ErrorKind;
    /// # let (api, cx) = (account.vendor().api(), account.context());
    /// # account.answer(200, r#"[{"Res":1,"Cred":12345.67}]"#);
    /// # account.answer(200, r#"[{"Res":-1}]"#);
    ///
    /// assert_eq!(api.credits(&cx).await?.as_str(), "12345.67");
    ///
    /// let error = api.credits(&cx).await.unwrap_err(); // Res -1
    /// assert_eq!(error.kind(), &ErrorKind::Unauthorized);
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
    pub async fn credits(&self, cx: &CallContext) -> Result<Credits> {
        let call = &calls::CREDITS;
        let build = |_: &Attempt<'_>| self.endpoint.credits(call);
        let answer = cx
            .send(Call::repeatable().retry_override(answered_once), build)
            .await?;
        let read = answered(call, &answer)?;
        Credits::read(read.credits.as_ref()).ok_or_else(|| {
            answer
                .complement(Error::malformed("the response has no number of credits"))
                .with_effect(call.in_doubt())
        })
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("endpoint", &self.endpoint)
            .finish()
    }
}

/// Returns a decimal number in Rust's notation.
fn point(text: &str) -> String {
    if text.contains(',') {
        text.replace('.', "").replace(',', ".")
    } else {
        text.to_owned()
    }
}

/// Returns the contents of an answer unless it reports a failure.
fn answered<'a>(call: &CallRow, answer: &'a Answer) -> Result<wire::Answer<'a>> {
    if !answer.status.is_success() {
        return Err(refused(call, answer));
    }
    let read = wire::Answer::read(&answer.body)
        .map_err(|error| answer.complement(error).with_effect(call.in_doubt()))?;
    if read.code().is_none() && call.acts {
        let error = Error::malformed(
            "the response does not tell the result of the call: Res is missing or not a number",
        );
        return Err(answer.complement(error).with_effect(call.in_doubt()));
    }
    match failed(call, &read) {
        Some(error) => {
            // The HTTP status is a success, so the code determines the effect.
            let effect = error.effect();
            Err(answer.complement(error).with_effect(effect))
        }
        None => Ok(read),
    }
}

/// Returns the error of a response's code.
fn failed(call: &CallRow, read: &wire::Answer<'_>) -> Option<Error> {
    let res = read.code().filter(|res| *res != 1)?;
    let error = call.error(res).with_vendor_code(res.to_string());
    Some(match non_empty(read.error.as_ref()) {
        Some(text) => error.with_vendor_text(text),
        None => error,
    })
}

/// Returns the error of a response with an error status: by its code if there is one, otherwise by
/// its status.
fn refused(call: &CallRow, answer: &Answer) -> Error {
    let by_code = || {
        wire::Answer::read(&answer.body)
            .ok()
            .and_then(|read| failed(call, &read))
    };
    match answer.status.as_u16() {
        401 | 403 => answer.complement(call.error(-1)),
        404 | 405 => answer.complement(
            Error::new(ErrorKind::NotFound).detail("unknown path at the vendor: check base_url"),
        ),
        400..=499
            if answer.status != StatusCode::TOO_MANY_REQUESTS
                && answer.status != StatusCode::REQUEST_TIMEOUT =>
        {
            by_code().map_or_else(|| answer.error(), |error| answer.complement(error))
        }
        _ => answer.error(),
    }
}

/// Prevents a repetition after 429: the vendor blocks senders of repeated errors.
fn never_again(status: StatusCode, _: &[u8]) -> Option<RetryOverride> {
    (status == StatusCode::TOO_MANY_REQUESTS).then_some(RetryOverride::Final)
}

/// Prevents a repetition after any error status, for calls that only read. Only a failed connection
/// is retried.
fn answered_once(status: StatusCode, _: &[u8]) -> Option<RetryOverride> {
    (!status.is_success()).then_some(RetryOverride::Final)
}
