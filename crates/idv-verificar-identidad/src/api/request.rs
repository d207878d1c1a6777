//! Builds requests as pure functions: method, URL, headers and body as in the document.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use idv_core::{Error, Pii, Result, Timestamp, Url, VendorId, adapter};
use jiff::tz::TimeZone;
use serde::ser::{Serialize, SerializeMap, Serializer};
use url::form_urlencoded;

use super::calls::CallRow;
use crate::config::{self, AnswerFormat, LINK, RequestFormat};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// The zone of the vendor's times: "CET/CEST (Spain time zone)".
pub(crate) const ZONE: &str = "Europe/Madrid";

/// A request for a verification ("Send Identity Verification Request"). `Debug` redacts personal
/// data.
///
/// ```
/// use idv_verificar_identidad::api::SendRequest;
///
/// let mut request = SendRequest::new("34600000001");
/// request.message = Some("Verifique su identidad: [LINK]".into());
/// assert!(request.check().is_ok());
/// request.message = Some("MiEmpresa".into());
/// let error = request.check().unwrap_err().to_string();
/// assert!(error.starts_with("`Mensaje` is not valid: expected a text with [LINK]"), "{error}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SendRequest {
    /// The text message, with `[LINK]` as the placeholder of the link (`Mensaje`).
    pub message: Option<Pii<String>>,
    /// The expected number of the document (`Dni`). The document does not restrict it to Spanish
    /// numbers.
    pub number: Option<Pii<String>>,
    /// The time at which the message is sent, or `None` to send it immediately (`Fecha`). It is
    /// sent in Spanish local time, rounded up to a whole minute.
    pub send_at: Option<Timestamp>,
    /// The sender of the message, at most 11 characters (`Remitente`).
    pub sender: Option<String>,
    /// The recipient's mobile number with its country code, digits only (`Telefono`).
    pub phone: Pii<String>,
}

impl SendRequest {
    /// Creates a request to a mobile number, to be sent immediately.
    ///
    /// ```
    /// use idv_verificar_identidad::api::SendRequest;
    ///
    /// let mut request = SendRequest::new("34600000001");
    /// assert_eq!(request.send_at, None); // immediately
    /// request.message = Some("Verifique su identidad: [LINK]".into());
    /// request.check()?;
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn new(phone: impl Into<String>) -> Self {
        Self {
            message: None,
            number: None,
            send_at: None,
            sender: None,
            phone: Pii::new(phone.into()),
        }
    }

    /// Checks each value against the document.
    ///
    /// ```
    /// use idv_verificar_identidad::api::SendRequest;
    ///
    /// let error = SendRequest::new("+34 600 000 001").check().unwrap_err();
    /// assert!(error.to_string().contains("Telefono"));
    ///
    /// let mut request = SendRequest::new("34600000001");
    /// request.sender = Some("MiBanco".to_owned());
    /// request.check()?;
    /// request.sender = Some("A sender that is too long".to_owned());
    /// assert!(request.check().unwrap_err().to_string().contains("Remitente"));
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming the vendor's parameter.
    pub fn check(&self) -> Result<()> {
        let phone = self.phone.expose();
        if !(7..=15).contains(&phone.len())
            || !phone.bytes().all(|byte| byte.is_ascii_digit())
            || phone.starts_with('0')
        {
            return Err(Error::invalid(
                "Telefono",
                "expected 7 to 15 digits that begin with a country code, without a plus",
            ));
        }
        if let Some(message) = &self.message {
            let message = message.expose();
            if !message.contains(LINK) {
                return Err(Error::invalid(
                    "Mensaje",
                    "expected a text with [LINK], which the vendor replaces with the link",
                ));
            }
            if config::has_control(message) {
                return Err(Error::invalid(
                    "Mensaje",
                    "control characters except line breaks are not allowed",
                ));
            }
        }
        if self
            .sender
            .as_ref()
            .is_some_and(|sender| !config::is_sender(sender))
        {
            return Err(Error::invalid(
                "Remitente",
                "expected 1 to 11 characters, without control characters",
            ));
        }
        if let Some(number) = &self.number {
            let number = number.expose();
            if number.trim().is_empty() || number.chars().any(char::is_control) {
                return Err(Error::invalid(
                    "Dni",
                    "expected a number without control characters",
                ));
            }
        }
        self.date().map(drop)
    }

    /// Checks that the send time is not in the past: the document does not define that case.
    pub(super) fn check_time(&self, now: Timestamp) -> Result<()> {
        match self.send_at {
            Some(at) if at < now => Err(Error::invalid(
                "Fecha",
                "the time is in the past: leave it out to send immediately",
            )),
            _ => Ok(()),
        }
    }

    /// Formats `Fecha`: Spanish local time, rounded up to a whole minute. A local time that occurs
    /// twice, at the end of daylight saving time, cannot be expressed.
    fn date(&self) -> Result<Option<String>> {
        let Some(at) = self.send_at else {
            return Ok(None);
        };
        let started = at
            .as_second()
            .saturating_add(i64::from(at.subsec_nanosecond() > 0));
        let minutes = started.div_euclid(60) + i64::from(started.rem_euclid(60) > 0);
        let at = Timestamp::from_second(minutes.saturating_mul(60)).unwrap_or(at);
        let zone = TimeZone::get(ZONE)
            .map_err(|_| Error::config("the time zone database lacks Europe/Madrid"))?;
        let local = zone.to_datetime(at);
        if !(2000..=9999).contains(&local.year())
            || zone.to_ambiguous_timestamp(local).is_ambiguous()
        {
            return Err(Error::invalid(
                "Fecha",
                "the time is ambiguous in Spain, or outside the years 2000 to 9999",
            ));
        }
        Ok(Some(local.strftime("%Y-%m-%d %H:%M").to_string()))
    }
}

/// The identifier of a request, as the send function returned it: a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(VendorId);

impl RequestId {
    /// Parses an identifier.
    ///
    /// ```
    /// use idv_verificar_identidad::api::RequestId;
    ///
    /// assert!(RequestId::parse("299846332").is_ok());
    /// assert!(RequestId::parse("299846332; 1").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidRequest`](idv_core::ErrorKind::InvalidRequest) naming `vendor_id` if the text is
    /// not a number of 1 to 64 digits.
    pub fn parse(text: &str) -> Result<Self> {
        if !(1..=64).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::invalid(
                "vendor_id",
                "expected a number of 1 to 64 digits",
            ));
        }
        Ok(Self(VendorId::new(text)))
    }

    /// Returns the identifier.
    ///
    /// ```
    /// use idv_verificar_identidad::api::RequestId;
    ///
    /// assert_eq!(RequestId::parse("299846332")?.as_str(), "299846332");
    /// # Ok::<(), idv_core::Error>(())
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// The base URL, the credentials and the formats of the account.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    base: adapter::Endpoint,
    credentials: HeaderValue,
    format: RequestFormat,
    answers: AnswerFormat,
}

impl Endpoint {
    pub(crate) fn new(
        base: &Url,
        credentials: HeaderValue,
        format: RequestFormat,
        answers: AnswerFormat,
    ) -> Self {
        Self {
            base: adapter::Endpoint::new(base),
            credentials,
            format,
            answers,
        }
    }

    /// Builds `/VerificarIdentidad`. [`SendRequest::check`] has checked the request.
    pub(crate) fn send(&self, call: &CallRow, request: &SendRequest) -> Result<Request<Bytes>> {
        let date = request.date()?;
        let text = |value: Option<&str>| value.map(|value| Value::Text(value.to_owned()));
        self.build(
            call,
            &[
                (
                    "Mensaje",
                    text(request.message.as_ref().map(|it| it.expose().as_str())),
                ),
                (
                    "Dni",
                    text(request.number.as_ref().map(|it| it.expose().as_str())),
                ),
                ("Fecha", text(date.as_deref())),
                ("Remitente", text(request.sender.as_deref())),
                ("Telefono", text(Some(request.phone.expose()))),
            ],
        )
    }

    /// Builds `/GetCertificadoIdentidad`. The table defines the identifier as an integer.
    pub(crate) fn certificate(&self, call: &CallRow, id: &RequestId) -> Result<Request<Bytes>> {
        let text = id.as_str();
        // A JSON number would lose leading zeros.
        let number = text
            .parse()
            .ok()
            .filter(|number: &u64| number.to_string() == text);
        self.build(
            call,
            &[(
                "Id",
                Some(number.map_or_else(|| Value::Text(text.to_owned()), Value::Number)),
            )],
        )
    }

    /// Builds `/GetCreditos`.
    pub(crate) fn credits(&self, call: &CallRow) -> Result<Request<Bytes>> {
        self.build(call, &[])
    }

    fn build(
        &self,
        call: &CallRow,
        given: &[(&'static str, Option<Value>)],
    ) -> Result<Request<Bytes>> {
        let answers = Value::Text(self.answers.word().to_owned());
        let mut parameters: Vec<_> = given
            .iter()
            .filter_map(|(name, value)| Some((*name, value.as_ref()?)))
            .collect();
        parameters.push(("Resp", &answers));
        let (media_type, body) = match self.format {
            RequestFormat::Json => (
                JSON,
                serde_json::to_vec(&Parameters(&parameters))
                    .map_err(|error| Error::malformed_json(&error))?,
            ),
            RequestFormat::Form => (FORM, form(&parameters).into_bytes()),
        };
        let mut request = self.base.request(Method::POST, &[call.name])?;
        *request.body_mut() = body.into();
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.credentials.clone());
        headers.insert(CONTENT_TYPE, media_type);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        Ok(request)
    }
}

enum Value {
    Text(String),
    Number(u64),
}

struct Parameters<'p>(&'p [(&'static str, &'p Value)]);

impl Serialize for Parameters<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            match value {
                Value::Text(text) => object.serialize_entry(name, text)?,
                Value::Number(number) => object.serialize_entry(name, number)?,
            }
        }
        object.end()
    }
}

fn form(parameters: &[(&str, &Value)]) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        match value {
            Value::Text(text) => form.append_pair(name, text),
            Value::Number(number) => form.append_pair(name, &number.to_string()),
        };
    }
    form.finish()
}
