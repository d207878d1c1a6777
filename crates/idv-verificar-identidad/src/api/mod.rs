//! The whole API as typed calls, in the vendor's own words: usable on its own.
//!
//! | call | function | does |
//! |---|---|---|
//! | [`Api::send`] | `/VerificarIdentidad` | sends a person a text message with the link to their verification: [`SendRequest`] |
//! | [`Api::certificate`] | `/GetCertificadoIdentidad` | the certificate of a verification as a PDF |
//! | [`Api::credits`] | `/GetCreditos` | the credits that are left |
//!
//! Each takes a [`CallContext`]; a [`Client`](idv_core::Client) gives one for any operation. What their codes mean is a table:
//! [`CALLS`]. The vendor fails inside an answer of 200, and takes who repeats errors for a sender of spam: nothing that it has
//! answered is asked again.

mod calls;
mod certificate;
mod request;

use std::fmt;

use http::StatusCode;
use idv_core::adapter::basic_auth;
use idv_core::call::{Answer, Attempt, Call, CallContext, RetryOverride};
use idv_core::{Download, Error, ErrorKind, Result, Sink, Text, VendorId};

use self::certificate::Gate;
use self::request::Endpoint;
use crate::config::VerificarIdentidadConfig;
use crate::wire;

pub use calls::{CALLS, CallRow, Failure};
pub(crate) use request::ZONE;
pub use request::{RequestId, SendRequest};

/// The API of one account.
///
/// # Errors
///
/// Every call fails with the kinds of its row in [`CALLS`]. [`Error::vendor_code`] is `Res`, with what the vendor says of it where it
/// says anything (`-3: …`).
pub struct Api {
    endpoint: Endpoint,
}

/// A request that the vendor has taken.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Sent {
    /// Its identifier: `ID`. Reports name it, and nothing else does.
    pub id: VendorId,
    /// The credits that are left: `Cred`.
    pub credits: Option<Credits>,
}

/// Credits, as the vendor writes them: a decimal number, `12345.67` or `12.345,67`.
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

    /// Returns the number as the vendor writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the number, near enough for comparisons.
    #[must_use]
    pub fn number(&self) -> f64 {
        // It was one when it was read.
        point(&self.0).parse().unwrap_or(f64::NAN)
    }
}

impl Api {
    /// The API as it is configured. Nothing is sent.
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

    /// Sends a person a text message with the link to their verification. Each call is a message and a bill, so it is never repeated
    /// once it may have been acted on, and never after an answer.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`InvalidRequest`](ErrorKind::InvalidRequest) naming the parameter if the document forbids what the request
    /// holds: nothing was sent then.
    pub async fn send(&self, cx: &CallContext, request: &SendRequest) -> Result<Sent> {
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
                    "the request was taken, but the answer does not say under which ID",
                ))
            })?;
        Ok(Sent {
            id: VendorId::new(id),
            credits: Credits::read(read.credits.as_ref()),
        })
    }

    /// The certificate of a verification, a PDF. The document has it asked for once a report says 5100.
    ///
    /// A failure is text within an answer of 200, so that only what begins like a PDF reaches `sink`: nothing of a failure ever does.
    ///
    /// # Errors
    ///
    /// See [`Api`]; [`NotFound`](ErrorKind::NotFound) if the vendor has none; [`LimitExceeded`](ErrorKind::LimitExceeded) if it is
    /// longer than `limit` bytes.
    pub async fn certificate(
        &self,
        cx: &CallContext,
        id: &RequestId,
        limit: u64,
        sink: &mut dyn Sink,
    ) -> Result<Download> {
        let call = &calls::CERTIFICATE;
        let build = |_: &Attempt<'_>| self.endpoint.certificate(call, id);
        let mut gate = Gate::new(sink);
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

    /// The credits that are left. Every answer of [`Api::send`] has them too; the vendor asks not to call this often.
    ///
    /// # Errors
    ///
    /// See [`Api`].
    pub async fn credits(&self, cx: &CallContext) -> Result<Credits> {
        let call = &calls::CREDITS;
        let build = |_: &Attempt<'_>| self.endpoint.credits(call);
        let answer = cx
            .send(Call::repeatable().retry_override(answered_once), build)
            .await?;
        let read = answered(call, &answer)?;
        Credits::read(read.credits.as_ref()).ok_or_else(|| {
            answer
                .complement(Error::malformed(
                    "the answer has no credits that are a number",
                ))
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

/// A decimal number as Rust writes it.
fn point(text: &str) -> String {
    if text.contains(',') {
        text.replace('.', "").replace(',', ".")
    } else {
        text.to_owned()
    }
}

/// Returns the contents of an answer, unless it is an error.
fn answered<'a>(call: &CallRow, answer: &'a Answer) -> Result<wire::Answer<'a>> {
    if !answer.status.is_success() {
        return Err(refused(call, answer));
    }
    let read = wire::Answer::read(&answer.body)
        .map_err(|error| answer.complement(error).with_effect(call.in_doubt()))?;
    if read.code().is_none() && call.acts {
        let error = Error::malformed(
            "the answer does not say what came of the call: Res is missing, or no number",
        );
        return Err(answer.complement(error).with_effect(call.in_doubt()));
    }
    match failed(call, &read) {
        Some(error) => {
            // The answer is a success by its status, and its code says more.
            let effect = error.effect();
            Err(answer.complement(error).with_effect(effect))
        }
        None => Ok(read),
    }
}

/// The error that an answer's code is.
fn failed(call: &CallRow, read: &wire::Answer<'_>) -> Option<Error> {
    let res = read.code().filter(|res| *res != 1)?;
    // It may repeat what was sent; the code of an error is never printed.
    let said = read
        .error
        .as_ref()
        .map(|text| text.expose().trim())
        .filter(|text| !text.is_empty());
    let code = said.map_or_else(|| res.to_string(), |said| format!("{res}: {said}"));
    Some(call.error(res).with_vendor_code(code))
}

/// Returns the error for an answer with an error status: by its code if the vendor sends one, else by its status.
fn refused(call: &CallRow, answer: &Answer) -> Error {
    let by_code = || {
        wire::Answer::read(&answer.body)
            .ok()
            .and_then(|read| failed(call, &read))
    };
    match answer.status.as_u16() {
        401 | 403 => answer.complement(call.error(-1)),
        404 | 405 => answer.complement(
            Error::new(ErrorKind::NotFound)
                .detail("the address is not known at the vendor: check base_url"),
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

/// Rules that a call is not repeated after 429: the vendor blocks senders of repeated errors.
fn never_again(status: StatusCode, _: &[u8]) -> Option<RetryOverride> {
    (status == StatusCode::TOO_MANY_REQUESTS).then_some(RetryOverride::Final)
}

/// The same for calls that only ask: whatever is answered is the answer. Only a connection that broke is tried again.
fn answered_once(status: StatusCode, _: &[u8]) -> Option<RetryOverride> {
    (!status.is_success()).then_some(RetryOverride::Final)
}
