//! Callbacks (chapter 14), and the reply that IDnow expects.
//!
//! IDnow signs no callback. A secret in the webhook's address, which the [`CallbackAuth`] checks, proves it; without one every callback is a
//! claim. Either way it decides nothing, since IDnow can be asked: it is a reason to ask.
//!
//! Every 2xx is a success to IDnow, and everything else is repeated for a day (chapter 14.6). So every callback that can be read is
//! answered with 200 and an empty body, one with an unknown result too.

use std::net::{IpAddr, Ipv4Addr};

use http::{Method, StatusCode};
use idv_core::{
    CallbackAuth, CallbackMessage, CallbackSpec, Channel, Delivery, DeliveryKind, Error, ErrorKind,
    Observation, Reply, Result, Subject,
};

use crate::config::DataCentre;
use crate::normalize::{self, Inline};
use crate::wire;

/// The form of callbacks (chapter 14.1): JSON by POST, which is one result without its attachments. No bound and no time for the reply are
/// documented.
pub const SPEC: CallbackSpec = CallbackSpec::new(&[Method::POST], 4 * 1024 * 1024);

/// The addresses that callbacks come from, by data centre (chapter 14.3).
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

/// Which addresses a callback may come from.
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
    /// Returns whether a callback may come from an address; none is one that is not known for certain.
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

/// Returns whether IDnow calls from this address: a data centre, or any if none is given (chapter 14.3).
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

/// The parameters that may name the transaction in a return. The account's own address names them (chapter 6.2.2): the first is the
/// document's example.
const RETURN_PARAMETERS: [&str; 5] = [
    "transaction-number",
    "transactionnumber",
    "transactionNumber",
    "transactionId",
    "reference",
];

/// Reads a delivery: a callback, whose body is one identification as JSON, or the person's return.
///
/// The guard examines a callback once, and each transaction number that it names. A return names it in its address, at best, and proves
/// nothing.
///
/// # Errors
///
/// [`Forged`](ErrorKind::Forged) if the guard has a secret and the callback has not, or if it comes from an address that is not one of
/// `sources`; [`Malformed`](ErrorKind::Malformed) if the body is no identification, or more than sixteen.
pub fn receive(
    guard: &CallbackAuth,
    sources: Sources,
    delivery: &Delivery,
) -> Result<CallbackMessage> {
    let observations = match delivery.kind {
        DeliveryKind::Return => returned(delivery).into_iter().collect(),
        _ => identifications(guard, sources, delivery)?,
    };
    Ok(CallbackMessage::new(
        observations,
        Reply::status(StatusCode::OK),
    ))
}

/// Chapter 14.4.1.
fn identifications(
    guard: &CallbackAuth,
    sources: Sources,
    delivery: &Delivery,
) -> Result<Vec<Observation>> {
    if !sources.allows(delivery.source) {
        return Err(Error::new(ErrorKind::Forged)
            .detail("the callback does not come from the vendor's documented addresses"));
    }
    guard.precheck(delivery)?;
    let payload = wire::read(&delivery.body)?;
    if payload.identifications.is_empty() {
        return Err(Error::malformed("the callback holds no identification"));
    }
    normalize::check_callback(&payload)?;
    // The proof hashes the whole body: once for all of them.
    let checked = guard.check(delivery);
    normalize::observations(&payload, Channel::Callback, Inline::Report)
        .into_iter()
        .map(|observation| {
            let trust =
                checked.about(observation.subject.reference.as_deref().unwrap_or_default())?;
            Ok(observation.trusted(trust))
        })
        .collect()
}

/// Chapter 6.2.2.
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
