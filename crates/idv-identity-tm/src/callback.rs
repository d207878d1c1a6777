//! What a callback says (chapter 2.6), and the reply that the vendor expects.
//!
//! The vendor's webhooks carry nothing but what stands in their address, where it replaces `[Ref]`, `[OrderID]` and, for
//! `OnStatusChange`, `[statusCode]`. So the address of each order's webhooks, which [`address`] writes, says what happened, to
//! which order, and carries a secret of that order's own. The vendor does not sign; the secret is the proof, and without one
//! every callback is a claim. Either way it decides nothing, since the vendor can be asked: it is a reason to ask.
//!
//! The vendor calls by GET unless the account is set to POST or PUT, which bring nothing more. It takes 200 or 202 for a success and
//! repeats for six days otherwise (chapter 2.6.2); while it calls, it does nothing else for the order. So whatever can be read is
//! answered with 200 and an empty body, and nothing is asked of the vendor before the reply.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use http::{Method, StatusCode};
use idv_core::{
    Channel, Delivery, DeliveryKind, Error, ErrorKind, Guard, Intake, Observation, Received, Reply, Result, ResultHandle,
    ResultState, Secret, Subject, Url, VendorId,
};
use serde_json::Value;

use crate::evidence::VIDEO_PROVIDED;
use crate::normalize::{self, Flow};

/// How callbacks come (chapter 2.6): by GET, or by POST or PUT where the account is set so. All is in the address, so that a body is of
/// no use; the reply is wanted within five seconds, and after ten the vendor hangs up (chapter 2.6.1).
pub const INTAKE: Intake = Intake::new(&[Method::GET, Method::POST, Method::PUT], 64 * 1024).reply_within(Duration::from_secs(5));

/// The addresses that the vendor calls from: first and last of each range (chapter 10.1).
pub const SOURCES: &[(Ipv4Addr, Ipv4Addr)] = &[
    (Ipv4Addr::new(212, 211, 189, 136), Ipv4Addr::new(212, 211, 189, 143)),
    (Ipv4Addr::new(212, 211, 206, 240), Ipv4Addr::new(212, 211, 206, 247)),
    (Ipv4Addr::new(212, 211, 181, 64), Ipv4Addr::new(212, 211, 181, 71)),
    (Ipv4Addr::new(212, 211, 191, 96), Ipv4Addr::new(212, 211, 191, 103)),
];

/// Which webhook it is (chapter 3.1.4, `WebhookURL`; chapter 3.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// The person has left the video system.
    AfterVideo,
    /// The identification has been conducted.
    AfterIdent,
    /// The order has been finally processed, well or not.
    OnFinal,
    /// A partner was unable to process the order.
    OnError,
    /// A temporary error occurred in a video identification.
    OnVideoError,
    /// The order has reached a status.
    OnStatusChange,
    /// A video that was asked for is there.
    VideoProvided,
}

impl Event {
    /// Every webhook.
    pub const ALL: &'static [Self] = &[
        Self::AfterVideo,
        Self::AfterIdent,
        Self::OnFinal,
        Self::OnError,
        Self::OnVideoError,
        Self::OnStatusChange,
        Self::VideoProvided,
    ];

    /// The vendor's name of it; of a video that is there, which has none, ours.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AfterVideo => "AfterVideo",
            Self::AfterIdent => "AfterIdent",
            Self::OnFinal => "OnFinal",
            Self::OnError => "OnError",
            Self::OnVideoError => "OnVideoError",
            Self::OnStatusChange => "OnStatusChange",
            Self::VideoProvided => "VideoProvided",
        }
    }

    fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|event| event.name().eq_ignore_ascii_case(name))
    }
}

/// The parameters of a callback's address.
const EVENT: &str = "event";
const ORDER: &str = "orderId";
const REFERENCE: &str = "ref";
const STATUS: &str = "statusCode";

/// Whether a parameter of this name tells something of an order: [`Told::with`] reads it.
pub(crate) fn is_telling(name: &str) -> bool {
    const NAMES: &[&str] = &[EVENT, ORDER, "order", REFERENCE, "reference", STATUS, "status"];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) || Event::named(name).is_some()
}

/// Whether an address can be the base of [`address`]: what is added has to be part of the query, and since the first of a name counts
/// there, nothing of that name may stand before it, unless it is a placeholder itself. `secret` is the name of the parameter with the
/// secret.
pub(crate) fn can_be_base(base: &Url, secret: &str) -> bool {
    let taken = |(name, value): (Cow<'_, str>, Cow<'_, str>)| name == secret || is_telling(&name) && !value.starts_with('[');
    base.fragment().is_none() && !base.query_pairs().any(taken)
}

/// Writes the address of a webhook: `base`, the event, the vendor's placeholders, and the order's secret.
///
/// Of a parameter that stands twice the first counts, so a verification whose `callback_url` has one of these already, or a fragment,
/// is refused when it is created.
#[must_use]
pub fn address(base: &Url, event: Event, secret: Option<(&str, &Secret)>) -> String {
    let mut address = base.as_str().to_owned();
    let mut add = |name: &str, value: &str| {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(name);
        address.push('=');
        // As it is: the vendor looks for its placeholders by their brackets, and the rest needs no encoding.
        address.push_str(value);
    };
    add(EVENT, event.name());
    add(ORDER, "[OrderID]");
    add(REFERENCE, "[Ref]");
    if event == Event::OnStatusChange {
        add(STATUS, "[statusCode]");
    }
    if let Some((name, secret)) = secret {
        add(name, secret.expose());
    }
    address
}

/// Writes the address that is called when the video of one order is there (chapter 3.9). No placeholder is documented for it, so the
/// order stands in it.
#[must_use]
pub(crate) fn video_address(base: &Url, order: &str, reference: &str, secret: Option<(&str, &Secret)>) -> Url {
    let mut address = base.clone();
    {
        let mut query = address.query_pairs_mut();
        query.append_pair(EVENT, Event::VideoProvided.name()).append_pair(ORDER, order).append_pair(REFERENCE, reference);
        if let Some((name, secret)) = secret {
            query.append_pair(name, secret.expose());
        }
    }
    address
}

/// Reads a delivery: a callback, or the person's return.
///
/// # Errors
///
/// [`Forged`](ErrorKind::Forged) where the guard has a secret and the callback lacks it or has another order's, or where the source is
/// to be one of [`SOURCES`] and is not; [`Malformed`](ErrorKind::Malformed) where it names no order.
pub fn receive(guard: &Guard, check_source: bool, flow: Flow, delivery: &Delivery) -> Result<Received> {
    let told = Told::of(delivery.uri.path(), delivery.uri.query().unwrap_or_default());
    if delivery.kind == DeliveryKind::Return {
        // The sample of chapter 3.1.7 puts the order into the address that the person comes back to.
        let observation = told.is_about_an_order().then(|| told.observation(Channel::Return, flow));
        return Ok(Received::new(observation.into_iter().collect(), Reply::status(StatusCode::OK)));
    }
    if check_source && !delivery.source.is_some_and(is_documented_source) {
        return Err(Error::new(ErrorKind::Forged).detail("it does not come from the vendor's documented addresses"));
    }
    let trust = guard.verify(delivery, told.reference.as_deref().unwrap_or_default())?;
    if !told.is_about_an_order() {
        return Err(Error::malformed("the callback's address names no order: it is to hold [Ref] or [OrderID]"));
    }
    let observation = told.observation(Channel::Callback, flow).trusted(trust);
    Ok(Received::new(vec![observation], Reply::status(StatusCode::OK)))
}

/// Whether the vendor calls from this address (chapter 10.1).
#[must_use]
pub fn is_documented_source(source: IpAddr) -> bool {
    let source = match source.to_canonical() {
        IpAddr::V4(source) => source,
        IpAddr::V6(_) => return false,
    };
    SOURCES.iter().any(|(first, last)| (*first..=*last).contains(&source))
}

/// What a callback says that was kept: its address, a path with a query, a query or a form alone, or the same parameters as JSON.
/// Claims, all of it.
pub(crate) fn claims(bytes: &[u8], flow: Flow) -> Result<Vec<Observation>> {
    let text = std::str::from_utf8(bytes).map_err(|_| Error::malformed("it is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}').trim();
    if text.starts_with('{') {
        let object: BTreeMap<String, Value> = serde_json::from_str(text).map_err(|error| Error::malformed_json(&error))?;
        let parameters = object.into_iter().filter_map(|(name, value)| match value {
            Value::String(value) => Some((name, value)),
            Value::Number(value) => Some((name, value.to_string())),
            _ => None,
        });
        return Told::default().with(parameters).claim(flow);
    }
    if text.chars().any(|character| character.is_whitespace() || character.is_control()) {
        return Err(Error::malformed("a callback is the address that was called, or its query, in one line"));
    }
    let text = text.split_once('#').map_or(text, |(text, _)| text);
    let (path, query) = text.split_once('?').unwrap_or(if text.contains('=') { ("", text) } else { (text, "") });
    Told::of(path, query).claim(flow)
}

/// What an address tells.
#[derive(Default)]
struct Told {
    event: Option<Event>,
    reference: Option<String>,
    order: Option<String>,
    status: Option<String>,
}

impl Told {
    /// Our own parameters, and those of the document's samples: `orderId` and `ref` below a path that ends in the webhook's name
    /// (chapter 2.6.3), and the webhook's name with the order as its value (chapter 3.1.7).
    fn of(path: &str, query: &str) -> Self {
        let event = path.rsplit('/').next().and_then(Event::named);
        let parameters = url::form_urlencoded::parse(query.as_bytes());
        Self { event, ..Self::default() }.with(parameters.map(|(name, value)| (name.into_owned(), value.into_owned())))
    }

    /// The first of each parameter counts, as for the guard.
    fn with(mut self, parameters: impl IntoIterator<Item = (String, String)>) -> Self {
        for (name, value) in parameters {
            // A placeholder that was not replaced tells nothing.
            if value.is_empty() || value.starts_with('[') {
                continue;
            }
            match name.to_ascii_lowercase().as_str() {
                "event" => self.event = self.event.or_else(|| Event::named(&value)),
                "orderid" | "order" => _ = self.order.get_or_insert(value),
                "ref" | "reference" => _ = self.reference.get_or_insert(value),
                "statuscode" | "status" => _ = self.status.get_or_insert(value),
                other => {
                    if let Some(event) = Event::named(other) {
                        self.event = self.event.or(Some(event));
                        self.order.get_or_insert(value);
                    }
                }
            }
        }
        self
    }

    fn claim(&self, flow: Flow) -> Result<Vec<Observation>> {
        if !self.is_about_an_order() {
            return Err(Error::malformed("it names no order: an address with orderId or ref in its query is expected"));
        }
        Ok(vec![self.observation(Channel::Callback, flow)])
    }

    fn is_about_an_order(&self) -> bool {
        self.reference.is_some() || self.order.is_some()
    }

    fn observation(&self, channel: Channel, flow: Flow) -> Observation {
        let subject = Subject::new(self.reference.clone(), self.order.clone().map(VendorId::new));
        let mut observation = Observation::claimed(subject, channel);
        if let Some(status) = &self.status {
            observation.status = normalize::status_of_code(status, flow);
            observation.code = Some(status.clone());
        } else {
            // An end may be a failure too, so an event alone is no state (chapter 2.4).
            observation.code = self.event.map(|event| event.name().to_owned());
        }
        if self.event == Some(Event::VideoProvided) {
            observation.result = ResultState::Fetchable(ResultHandle::new(VIDEO_PROVIDED));
        }
        observation
    }
}
