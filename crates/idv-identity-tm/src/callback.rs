//! Receives callbacks from the vendor (chapter 2.6) and replies to them.
//!
//! A webhook of the vendor has no content except its URL, in which the vendor replaces `[Ref]`,
//! `[OrderID]` and, for `OnStatusChange`, `[statusCode]`. The URL of each order's webhooks, built
//! by [`address`], therefore contains the event, the order, and a secret of that order. The vendor
//! does not sign webhooks. The secret authenticates them; without it every callback is a claim. In
//! both cases a callback only triggers a poll, which returns the order's state.
//!
//! The vendor calls by GET unless the account uses POST or PUT, which carry no further data. It
//! accepts 200 and 202 as success, repeats other calls for six days (chapter 2.6.2), and blocks the
//! order during a call. The reply to every valid callback is therefore an immediate 200 with an
//! empty body.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use http::{Method, StatusCode};
use idv_core::adapter::wire::{self, Members};
use idv_core::{
    CallbackAuth, CallbackMessage, CallbackSpec, Channel, Delivery, DeliveryKind, Error, ErrorKind,
    Observation, Pii, Reply, Report, Result, ResultHandle, ResultState, Secret, Subject, Url,
    VendorId,
};
use serde_json::Value;

use crate::evidence::VIDEO_PROVIDED;
use crate::normalize::{self, Flow};

/// Callbacks arrive by GET, or by POST or PUT if the account is configured so (chapter 2.6). All
/// data is in the URL, so a body is ignored. The reply is due within five seconds, and the vendor
/// disconnects after ten (chapter 2.6.1).
pub const SPEC: CallbackSpec =
    CallbackSpec::new(&[Method::GET, Method::POST, Method::PUT], 64 * 1024)
        .reply_within(Duration::from_secs(5));

/// The IP addresses from which the vendor calls: the first and the last of each range (chapter
/// 10.1).
pub const SOURCES: &[(Ipv4Addr, Ipv4Addr)] = &[
    (
        Ipv4Addr::new(212, 211, 189, 136),
        Ipv4Addr::new(212, 211, 189, 143),
    ),
    (
        Ipv4Addr::new(212, 211, 206, 240),
        Ipv4Addr::new(212, 211, 206, 247),
    ),
    (
        Ipv4Addr::new(212, 211, 181, 64),
        Ipv4Addr::new(212, 211, 181, 71),
    ),
    (
        Ipv4Addr::new(212, 211, 191, 96),
        Ipv4Addr::new(212, 211, 191, 103),
    ),
];

/// A webhook (chapter 3.1.4, `WebhookURL`; chapter 3.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Event {
    /// The person has left the video system.
    AfterVideo,
    /// The identification has been conducted.
    AfterIdent,
    /// The order has been finally processed, successfully or not.
    OnFinal,
    /// A partner was unable to process the order.
    OnError,
    /// A temporary error occurred in a video identification.
    OnVideoError,
    /// The order has reached a status.
    OnStatusChange,
    /// A requested video is available.
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

    /// Returns the vendor's name of the webhook.
    ///
    /// The vendor has no name for a provided video; `VideoProvided` is this crate's.
    ///
    /// ```
    /// use idv_identity_tm::callback::Event;
    ///
    /// assert_eq!(Event::OnFinal.name(), "OnFinal");
    /// assert!(Event::ALL.iter().any(|event| event.name() == "OnStatusChange"));
    /// ```
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
        Self::ALL
            .iter()
            .copied()
            .find(|event| event.name().eq_ignore_ascii_case(name))
    }
}

/// The query parameters of a callback's URL.
const EVENT: &str = "event";
const ORDER: &str = "orderId";
const REFERENCE: &str = "ref";
const STATUS: &str = "statusCode";

/// Returns whether [`Parameters::with`] reads a parameter of this name.
pub(crate) fn is_telling(name: &str) -> bool {
    const NAMES: &[&str] = &[
        EVENT,
        ORDER,
        "order",
        REFERENCE,
        "reference",
        STATUS,
        "status",
    ];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) || Event::named(name).is_some()
}

/// Returns whether a URL can be the base of [`address`]. The added parameters must become part of
/// the query, and since the first parameter of a name counts, the base must not contain those names
/// except as placeholders. `secret` is the name of the parameter with the secret.
pub(crate) fn can_be_base(base: &Url, secret: &str) -> bool {
    let taken = |(name, value): (Cow<'_, str>, Cow<'_, str>)| {
        name == secret || is_telling(&name) && !value.starts_with('[')
    };
    base.fragment().is_none() && !base.query_pairs().any(taken)
}

/// Builds the URL of a webhook (chapter 2.6): `base`, the event, the vendor's placeholders, and the
/// order's secret, as the name and the value of a query parameter.
///
/// The vendor accepts at most 250 characters.
///
/// The first of repeated parameters counts, so creating a verification fails if its `callback_url`
/// already contains one of these parameters, or a fragment.
///
/// ```
/// use idv_core::{Secret, Url};
/// use idv_identity_tm::callback::{self, Event};
///
/// let base = Url::parse("https://www.example.com/identity/callback")?;
/// let secret = Secret::from("0123456789abcdef");
/// assert_eq!(
///     callback::address(&base, Event::OnFinal, Some(("token", &secret))),
///     "https://www.example.com/identity/callback?event=OnFinal&orderId=[OrderID]&ref=[Ref]\
///      &token=0123456789abcdef"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn address(base: &Url, event: Event, secret: Option<(&str, &Secret)>) -> String {
    let mut address = base.as_str().to_owned();
    let mut add = |name: &str, value: &str| {
        address.push(if address.contains('?') { '&' } else { '?' });
        address.push_str(name);
        address.push('=');
        // No encoding: the vendor finds its placeholders by their brackets, and the other values
        // need none.
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

/// Builds the URL that the vendor calls when the video of an order is available (chapter 3.9). The
/// document has no placeholder for it, so the URL names the order.
#[must_use]
pub(crate) fn video_address(
    base: &Url,
    order: &str,
    reference: &str,
    secret: Option<(&str, &Secret)>,
) -> Url {
    let mut address = base.clone();
    {
        let mut query = address.query_pairs_mut();
        query
            .append_pair(EVENT, Event::VideoProvided.name())
            .append_pair(ORDER, order)
            .append_pair(REFERENCE, reference);
        if let Some((name, secret)) = secret {
            query.append_pair(name, secret.expose());
        }
    }
    address
}

/// Receives a delivery: a callback (chapter 2.6), or the person's return (chapter 2.5).
///
/// `flow` determines the meaning of a status code in the URL. Call it from a handler that replies
/// within five seconds (chapter 2.6.1): it neither waits nor sends.
///
/// ```
/// use idv_core::http::StatusCode;
/// # use idv_core::http::{HeaderMap, Method};
/// use idv_core::{CallbackAuth, Delivery, ErrorKind};
/// use idv_identity_tm::callback;
/// use idv_identity_tm::normalize::Flow;
///
/// let auth = CallbackAuth::query("token", ["0123456789abcdef".into()])?;
/// # let delivery = |uri: &str| {
/// #     let uri = uri.parse().expect("a URI");
/// #     Delivery::callback(Method::GET, uri, HeaderMap::new(), "")
/// # };
/// let called = delivery("/callback/OnFinal?orderId=99921269855041&token=0123456789abcdef");
/// let message = callback::receive(&auth, false, Flow::Identification, &called)?;
/// let observation = &message.observations[0];
/// assert_eq!(observation.code.as_deref(), Some("OnFinal"));
/// assert!(observation.trust.is_proven());
/// assert_eq!(message.reply.status, StatusCode::OK);
///
/// let called = delivery("/callback/OnFinal?orderId=99921269855041&token=guessed");
/// let forged = callback::receive(&auth, false, Flow::Identification, &called);
/// assert_eq!(forged.expect_err("another secret").kind(), &ErrorKind::Forged);
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Forged`](ErrorKind::Forged) if the configuration has a secret and the callback lacks it or has
/// another order's, or if the source must be one of [`SOURCES`] and is not;
/// [`Malformed`](ErrorKind::Malformed) if the URL names no order.
pub fn receive(
    auth: &CallbackAuth,
    check_source: bool,
    flow: Flow,
    delivery: &Delivery,
) -> Result<CallbackMessage> {
    let parameters = Parameters::of(
        delivery.uri.path(),
        delivery.uri.query().unwrap_or_default(),
    );
    if delivery.kind == DeliveryKind::Return {
        // In the sample of chapter 3.1.7 the redirect URL contains the order.
        let observation = parameters
            .is_about_an_order()
            .then(|| parameters.observation(Channel::Return, flow));
        return Ok(CallbackMessage::new(
            observation.into_iter().collect(),
            Reply::status(StatusCode::OK),
        ));
    }
    if check_source && !delivery.source.is_some_and(is_documented_source) {
        return Err(Error::new(ErrorKind::Forged).detail(
            "callback authentication failed: the source is not one of the vendor's \
                documented addresses",
        ));
    }
    let trust = auth.verify(
        delivery,
        parameters.reference.as_deref().unwrap_or_default(),
    )?;
    if !parameters.is_about_an_order() {
        return Err(Error::malformed(
            "the callback's URL names no order: configure one with [Ref] or [OrderID]",
        ));
    }
    let observation = parameters
        .observation(Channel::Callback, flow)
        .trusted(trust);
    Ok(CallbackMessage::new(
        vec![observation],
        Reply::status(StatusCode::OK),
    ))
}

/// Returns whether the vendor calls from this IP address (chapter 10.1).
///
/// ```
/// use idv_identity_tm::callback::is_documented_source;
///
/// assert!(is_documented_source([212, 211, 189, 140].into()));
/// assert!(!is_documented_source([212, 211, 189, 144].into()));
/// ```
#[must_use]
pub fn is_documented_source(source: IpAddr) -> bool {
    let source = match source.to_canonical() {
        IpAddr::V4(source) => source,
        IpAddr::V6(_) => return false,
    };
    SOURCES
        .iter()
        .any(|(first, last)| (*first..=*last).contains(&source))
}

/// Parses a stored callback: a URL, a path with a query, only a query or form, or the same
/// parameters as JSON. The observations are claims. `custom` keeps unknown parameters.
pub(crate) fn claims(bytes: &[u8], flow: Flow) -> Result<Vec<Observation>> {
    let text = wire::decoded(bytes)?.trim();
    let parameters = if text.starts_with('{') {
        let members: Members = wire::read_json(text)?;
        Parameters::default().with(
            members
                .into_iter()
                .map(|(name, value)| (name, value.into_exposed())),
        )
    } else {
        if text
            .chars()
            .any(|character| character.is_whitespace() || character.is_control())
        {
            return Err(Error::malformed(
                "expected the URL of the callback, or its query, in one line",
            ));
        }
        let text = text.split_once('#').map_or(text, |(text, _)| text);
        let (path, query) = text.split_once('?').unwrap_or(if text.contains('=') {
            ("", text)
        } else {
            (text, "")
        });
        Parameters::of(path, query)
    };
    if !parameters.is_about_an_order() {
        return Err(Error::malformed(
            "the callback names no order: expected a URL with orderId or ref in its query",
        ));
    }
    let mut observation = parameters.observation(Channel::Callback, flow);
    let mut others = parameters.others;
    if let (Some(_), Some(event)) = (
        parameters.status,
        parameters
            .event
            .filter(|event| event != Event::OnStatusChange.name()),
    ) {
        others.insert(EVENT.to_owned(), event.into());
    }
    if observation.result == ResultState::Absent && !others.is_empty() {
        let mut report = Box::new(Report::new(normalize::PROVIDER));
        report.custom = others
            .into_iter()
            .map(|(name, value)| (name, Pii::new(value)))
            .collect();
        observation.result = ResultState::Inline(report);
    }
    Ok(vec![observation])
}

/// The parameters of a callback's URL.
#[derive(Default)]
struct Parameters {
    event: Option<String>,
    reference: Option<String>,
    order: Option<String>,
    status: Option<String>,
    /// Unknown parameters.
    others: BTreeMap<String, Value>,
}

impl Parameters {
    /// Parses this crate's parameters and those of the document's samples: `orderId` and `ref`
    /// after a path that ends in the webhook's name (chapter 2.6.3), and the webhook's name with
    /// the order as its value (chapter 3.1.7). A placeholder may also be a path segment after the
    /// name of its parameter: `/order/[OrderID]/OnFinal`.
    fn of(path: &str, query: &str) -> Self {
        let parts: Vec<_> = path.split('/').filter(|part| !part.is_empty()).collect();
        let event = parts
            .iter()
            .rev()
            .find_map(|part| Event::named(part))
            .map(|event| event.name().to_owned());
        let parameters = url::form_urlencoded::parse(query.as_bytes());
        let mut parameters = Self::default()
            .with(parameters.map(|(name, value)| (name.into_owned(), value.into_owned().into())));
        if !parameters.is_about_an_order() {
            parameters.read_path(&parts);
        }
        parameters.event = event.or(parameters.event);
        parameters
    }

    /// Parses path segments as pairs of a name and a value. A value without a digit belongs to the
    /// application's own path.
    fn read_path(&mut self, parts: &[&str]) {
        for pair in parts.windows(2) {
            let &[name, value] = pair else { continue };
            let place = match name.to_ascii_lowercase().as_str() {
                "orderid" | "order" => &mut self.order,
                "ref" | "reference" => &mut self.reference,
                _ => continue,
            };
            if value.bytes().any(|byte| byte.is_ascii_digit()) && !value.starts_with('[') {
                place.get_or_insert_with(|| value.to_owned());
            }
        }
    }

    /// Adds parameters. The first of each name counts, as in the authentication.
    fn with(mut self, parameters: impl IntoIterator<Item = (String, Value)>) -> Self {
        for (name, value) in parameters {
            let word = match &value {
                Value::String(word) => word.clone(),
                Value::Number(number) => number.to_string(),
                _ => {
                    self.others.insert(name, value);
                    continue;
                }
            };
            // The vendor did not replace this placeholder.
            if word.is_empty() || word.starts_with('[') {
                continue;
            }
            let event = Event::named(&name);
            let place = match name.to_ascii_lowercase().as_str() {
                "event" => &mut self.event,
                "orderid" | "order" => &mut self.order,
                "ref" | "reference" => &mut self.reference,
                "statuscode" | "status" => &mut self.status,
                _ if event.is_some() => &mut self.order,
                _ => {
                    self.others.insert(name, value);
                    continue;
                }
            };
            match place {
                Some(known) if *known != word => drop(self.others.insert(name, value)),
                Some(_) => {}
                None => *place = Some(word),
            }
            if let Some(event) = event {
                self.event.get_or_insert_with(|| event.name().to_owned());
            }
        }
        self
    }

    fn is_about_an_order(&self) -> bool {
        self.reference.is_some() || self.order.is_some()
    }

    fn observation(&self, channel: Channel, flow: Flow) -> Observation {
        let subject = Subject::new(
            self.reference.clone(),
            self.order.clone().map(VendorId::new),
        );
        let mut observation = Observation::claimed(subject, channel);
        let event = self.event.as_deref().and_then(Event::named);
        if let Some(status) = &self.status {
            observation.status = normalize::status_of_code(status, flow);
            observation.code = Some(status.clone());
        } else {
            // An order may also end with a failure, so the event alone gives no status (chapter
            // 2.4).
            observation.code = event
                .map(|event| event.name().to_owned())
                .or_else(|| self.event.clone());
        }
        if event == Some(Event::VideoProvided) {
            observation.result = ResultState::Fetchable(ResultHandle::new(VIDEO_PROVIDED));
        }
        observation
    }
}
