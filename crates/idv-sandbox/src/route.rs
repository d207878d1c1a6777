//! From a request to who answers it, and what a fault makes of the answer.

use bytes::Bytes;
use http::StatusCode;

use crate::control;
use crate::exchange::{Answer, Incoming, Piece};
use crate::fault::FaultKind;
use crate::vendor::Vendor;
use crate::world::Worlds;

/// The longest request that is read, in bytes.
pub(crate) const MAX_REQUEST: usize = 32 * 1024 * 1024;

/// Which vendors a port serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Port {
    /// All of them, told apart by the `Host` header.
    Shared,
    /// One alone, whatever the host is called.
    Only(Vendor),
}

/// Answers a request. What a fault does to the connection is for the caller to carry out.
pub(crate) async fn answer(worlds: &Worlds, port: Port, incoming: &Incoming) -> (Option<Answer>, Option<FaultKind>) {
    if incoming.path == "/_control" || incoming.path.starts_with("/_control/") {
        return (Some(control::handle(worlds, incoming).await), None);
    }
    let vendor = match port {
        Port::Shared => Vendor::of_host(&incoming.host),
        Port::Only(vendor) => Some(vendor),
    };
    let Some(vendor) = vendor else {
        let known = Vendor::ALL.map(|vendor| vendor.hosts().join(", ")).join(", ");
        let text = format!("No vendor here has the host of this request. There are: {known}.");
        return (Some(Answer::page(StatusCode::MISDIRECTED_REQUEST, &text)), None);
    };
    let (answer, fault) = worlds.answer(vendor, incoming);
    (answer.map(|answer| spoil(answer, fault.as_ref())), fault)
}

/// The answer to a request of more than [`MAX_REQUEST`].
pub(crate) fn too_long() -> Answer {
    Answer::empty(StatusCode::PAYLOAD_TOO_LARGE)
}

/// What a fault makes of an answer before it is sent.
fn spoil(mut answer: Answer, fault: Option<&FaultKind>) -> Answer {
    match fault {
        Some(FaultKind::WrongType) => answer.body = vec![Piece::Bytes(Bytes::from_static(b"[7]"))],
        Some(FaultKind::Oversize(length)) => {
            let padding = length.saturating_sub(answer.length());
            answer.body.push(Piece::Spaces(padding));
        }
        _ => {}
    }
    answer
}
