//! Routing of requests to the vendors and the control plane, and faults in their answers.

use bytes::Bytes;
use http::StatusCode;

use crate::clock::http_date;
use crate::control;
use crate::exchange::{Answer, Incoming, Piece};
use crate::fault::FaultKind;
use crate::vendor::{Entry, VENDORS};
use crate::world::Worlds;

/// The longest request that is read, in bytes.
pub(crate) const MAX_REQUEST: usize = 32 * 1024 * 1024;

/// Which vendors a port serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// All of them, told apart by the `Host` header.
    Shared,
    /// One alone, whatever the host is called.
    Only(&'static Entry),
}

/// Answers a request. A fault of the connection is for the caller to carry out.
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

/// The answer to a request of more than [`MAX_REQUEST`].
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
    let vendor = match port {
        Port::Shared => Entry::of_host(&incoming.host),
        Port::Only(vendor) => Some(vendor),
    };
    let Some(vendor) = vendor else {
        let known = VENDORS
            .iter()
            .map(|vendor| vendor.hosts.join(", "))
            .collect::<Vec<_>>()
            .join(", ");
        let text = format!("No vendor here has the host of this request. There are: {known}.");
        return (
            Some(Answer::page(StatusCode::MISDIRECTED_REQUEST, &text)),
            None,
        );
    };
    worlds.answer(vendor, incoming)
}

/// The same answer with a `Date` by virtual time.
fn dated(worlds: &Worlds, answer: Answer) -> Answer {
    answer.with_header("date", http_date(worlds.clock.now()))
}

/// The answer as a fault changes it before it is sent.
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
