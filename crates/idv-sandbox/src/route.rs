//! Routes requests to the vendors and the control plane, and applies faults to responses.

use bytes::Bytes;
use http::{Method, StatusCode};

use crate::clock::http_date;
use crate::control;
use crate::exchange::{Answer, Incoming, Piece};
use crate::fault::FaultKind;
use crate::guard;
use crate::page;
use crate::vendor::{Entry, VENDORS};
use crate::world::Worlds;

/// The maximum length of a request, in bytes.
pub(crate) const MAX_REQUEST: usize = 32 * 1024 * 1024;

/// The vendors of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// All vendors, selected by the `Host` header.
    Shared,
    /// One vendor, whatever the host.
    Only(&'static Entry),
}

/// Answers a request. The caller carries out faults of the connection.
pub(crate) async fn answer(
    worlds: &Worlds,
    port: Port,
    incoming: &Incoming,
) -> (Option<Answer>, Option<FaultKind>) {
    let (answer, fault) = undated(worlds, port, incoming).await;
    (
        answer.map(|answer| dated(worlds, spoil(answer, fault.as_ref()))),
        fault,
    )
}

/// Returns the response to a request of more than [`MAX_REQUEST`] bytes.
pub(crate) fn too_long(worlds: &Worlds) -> Answer {
    dated(worlds, Answer::empty(StatusCode::PAYLOAD_TOO_LARGE))
}

async fn undated(
    worlds: &Worlds,
    port: Port,
    incoming: &Incoming,
) -> (Option<Answer>, Option<FaultKind>) {
    if incoming.path == "/_control" || incoming.path.starts_with("/_control/") {
        return (Some(control::handle(worlds, incoming).await), None);
    }
    if page::is_own(&incoming.path) {
        return (Some(page::handle(worlds, port, incoming).await), None);
    }
    let vendor = match port {
        Port::Shared => Entry::of_host(&incoming.host),
        Port::Only(vendor) => Some(vendor),
    };
    let is_root = incoming.path == "/" && incoming.method == Method::GET;
    match vendor {
        // A host of this machine; others are misdirected.
        None if is_root && guard::threat(worlds, incoming).is_none() => {
            return (Some(page::handle(worlds, port, incoming).await), None);
        }
        // A person who opens the vendor's port in a browser. A client gets the vendor's response.
        Some(vendor)
            if is_root
                && port != Port::Shared
                && !vendor.has_root()
                && page::is_browser(incoming) =>
        {
            return (Some(page::layout::see_other(page::PATH)), None);
        }
        _ => {}
    }
    let Some(vendor) = vendor else {
        let known = VENDORS
            .iter()
            .map(|vendor| vendor.hosts.join(", "))
            .collect::<Vec<_>>()
            .join(", ");
        let text = format!("Unknown host. Expected one of: {known}.");
        return (
            Some(Answer::page(StatusCode::MISDIRECTED_REQUEST, &text)),
            None,
        );
    };
    worlds.answer(vendor, incoming)
}

/// Adds a `Date` of virtual time.
fn dated(worlds: &Worlds, answer: Answer) -> Answer {
    answer.with_header("date", http_date(worlds.clock.now()))
}

/// Applies a fault to a response.
fn spoil(mut answer: Answer, fault: Option<&FaultKind>) -> Answer {
    match fault {
        Some(FaultKind::WrongType) => answer.body = vec![Piece::Bytes(Bytes::from_static(b"[7]"))],
        Some(FaultKind::Oversize(length)) => {
            let padding = length.saturating_sub(answer.length());
            answer.body.push(Piece::spaces(padding));
        }
        Some(FaultKind::Hostile(length)) => answer.body = Piece::tiny_elements(*length),
        Some(FaultKind::Nested(length)) => answer.body = Piece::nested_arrays(*length),
        _ => {}
    }
    answer
}
