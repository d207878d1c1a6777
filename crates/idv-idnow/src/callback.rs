//! Receives callbacks (chapter 14) and replies to them.
//!
//! IDnow does not sign callbacks. A secret in the webhook's URL, which [`CallbackAuth`] verifies,
//! authenticates them; without it every callback is a claim. In both cases a callback only triggers
//! a poll, which returns the result.
//!
//! IDnow accepts every 2xx as success and repeats other calls for a day (chapter 14.6). The reply
//! to every valid callback, including one with an unknown result, is therefore 200 with an empty
//! body.

use std::net::{IpAddr, Ipv4Addr};

use http::{Method, StatusCode};
use idv_core::{
    CallbackAuth, CallbackMessage, CallbackSpec, Channel, Delivery, DeliveryKind, Error, ErrorKind,
    Observation, Reply, Result, Subject,
};

use crate::config::DataCentre;
use crate::normalize::{self, Inline};
use crate::wire;

/// Callbacks arrive by POST as JSON, with one result without its attachments (chapter 14.1). The
/// document states neither a size limit nor a timeout for the reply.
pub const SPEC: CallbackSpec = CallbackSpec::new(&[Method::POST], 4 * 1024 * 1024);

/// The IP addresses from which callbacks arrive, by data centre (chapter 14.3).
pub const SOURCES: &[(DataCentre, &[Ipv4Addr])] = &[
    (
        DataCentre::De,
        &[
            Ipv4Addr::new(62, 128, 13, 228),
            Ipv4Addr::new(62, 128, 13, 229),
        ],
    ),
    (
        DataCentre::Ch,
        &[
            Ipv4Addr::new(193, 169, 187, 168),
            Ipv4Addr::new(193, 169, 187, 169),
            Ipv4Addr::new(193, 169, 187, 170),
        ],
    ),
    (
        DataCentre::Test,
        &[Ipv4Addr::new(52, 30, 27, 5), Ipv4Addr::new(52, 48, 216, 0)],
    ),
];

/// The permitted sources of a callback.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sources {
    /// Any address.
    #[default]
    Any,
    /// The documented addresses of every data centre.
    Documented,
    /// The documented addresses of one data centre.
    Of(DataCentre),
}

impl Sources {
    /// Returns whether a callback from this IP address is permitted.
    ///
    /// An unknown address is only permitted by [`Any`](Self::Any).
    ///
    /// ```
    /// use idv_idnow::DataCentre;
    /// use idv_idnow::callback::Sources;
    ///
    /// let source = Some([62, 128, 13, 228].into()); // an address of the data centre in Germany
    /// assert!(Sources::Of(DataCentre::De).allows(source));
    /// assert!(!Sources::Of(DataCentre::Ch).allows(source));
    /// assert!(!Sources::Documented.allows(None));
    /// ```
    #[must_use]
    pub fn allows(self, source: Option<IpAddr>) -> bool {
        match (self, source) {
            (Self::Any, _) => true,
            (_, None) => false,
            (Self::Documented, Some(source)) => is_documented_source(source, None),
            (Self::Of(centre), Some(source)) => is_documented_source(source, Some(centre)),
        }
    }
}

/// Returns whether IDnow calls from this IP address: of the given data centre, or of any if it is
/// `None` (chapter 14.3).
///
/// ```
/// use idv_idnow::DataCentre;
/// use idv_idnow::callback::is_documented_source;
///
/// let source = [193, 169, 187, 168].into();
/// assert!(is_documented_source(source, None));
/// assert!(!is_documented_source(source, Some(DataCentre::Test)));
/// ```
#[must_use]
pub fn is_documented_source(source: IpAddr, centre: Option<DataCentre>) -> bool {
    let IpAddr::V4(source) = source.to_canonical() else {
        return false;
    };
    SOURCES
        .iter()
        .filter(|(of, _)| centre.is_none_or(|centre| centre == *of))
        .any(|(_, sources)| sources.contains(&source))
}

/// The query parameters that may name the transaction in a return. The account's return URL chooses
/// the name (chapter 6.2.2); the first is the document's example.
const RETURN_PARAMETERS: [&str; 5] = [
    "transaction-number",
    "transactionnumber",
    "transactionNumber",
    "transactionId",
    "reference",
];

/// Receives a delivery: a callback, whose body is one identification as JSON, or the person's
/// return.
///
/// The callback is authenticated once, and each of its transaction numbers separately. A return
/// names the transaction in its URL, at best, and proves nothing.
///
/// ```
/// use idv_core::http::StatusCode;
/// # use idv_core::http::{HeaderMap, Method};
/// use idv_core::{CallbackAuth, Delivery, ErrorKind};
/// use idv_idnow::callback::{self, Sources};
///
/// let auth = CallbackAuth::query("token", ["0123456789abcdef0123".into()])?;
/// # let body = r#"{"identificationprocess":
/// #     {"result":"SUCCESS","transactionnumber":"AH73JK3LM"}}"#;
/// # let delivery = |uri: &str| {
/// #     let uri = uri.parse().expect("a URI");
/// #     Delivery::callback(Method::POST, uri, HeaderMap::new(), body)
/// # };
/// let delivered = delivery("/callback?token=0123456789abcdef0123"); // the body is a SUCCESS
/// let message = callback::receive(&auth, Sources::Any, &delivered)?;
/// assert_eq!(message.observations[0].subject.reference.as_deref(), Some("AH73JK3LM"));
/// assert!(message.observations[0].trust.is_proven());
/// assert_eq!(message.reply.status, StatusCode::OK);
///
/// let forged = callback::receive(&auth, Sources::Any, &delivery("/callback"));
/// assert_eq!(forged.expect_err("no secret").kind(), &ErrorKind::Forged);
/// # Ok::<(), idv_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Forged`](ErrorKind::Forged) if the configuration has a secret and the callback lacks it, or if
/// its source is not permitted by `sources`; [`Malformed`](ErrorKind::Malformed) if the body has no
/// identification, or more than sixteen.
pub fn receive(
    auth: &CallbackAuth,
    sources: Sources,
    delivery: &Delivery,
) -> Result<CallbackMessage> {
    let observations = match delivery.kind {
        DeliveryKind::Return => returned(delivery).into_iter().collect(),
        _ => identifications(auth, sources, delivery)?,
    };
    Ok(CallbackMessage::new(
        observations,
        Reply::status(StatusCode::OK),
    ))
}

/// Parses a callback (chapter 14.4.1).
fn identifications(
    auth: &CallbackAuth,
    sources: Sources,
    delivery: &Delivery,
) -> Result<Vec<Observation>> {
    if !sources.allows(delivery.source) {
        return Err(Error::new(ErrorKind::Forged).detail(
            "callback authentication failed: the source is not one of the vendor's \
                documented addresses",
        ));
    }
    auth.precheck(delivery)?;
    let payload = wire::read(&delivery.body)?;
    if payload.identifications.is_empty() {
        return Err(Error::malformed("the callback has no identification"));
    }
    normalize::check_callback(&payload)?;
    // The proof hashes the whole body: once for all identifications.
    let checked = auth.check(delivery);
    normalize::observations(&payload, Channel::Callback, Inline::Report)
        .into_iter()
        .map(|observation| {
            let trust =
                checked.about(observation.subject.reference.as_deref().unwrap_or_default())?;
            Ok(observation.trusted(trust))
        })
        .collect()
}

/// Parses a return (chapter 6.2.2).
fn returned(delivery: &Delivery) -> Option<Observation> {
    let number = RETURN_PARAMETERS
        .iter()
        .find_map(|name| delivery.query(name))
        .filter(|number| !number.is_empty())?;
    Some(Observation::claimed(
        Subject::new(Some(number), None),
        Channel::Return,
    ))
}
