//! The pages of the message's link for the person's browser.

use http::{Method, StatusCode};

use super::case::estado;
use super::{Effect, Moment, Own, World};
use crate::exchange::{Answer, Incoming};
use crate::part::Part as _;

/// Opens the link: the process begins.
pub(super) fn handle(
    world: &mut World,
    request: &Incoming,
    token: &str,
    moment: &mut Moment<'_>,
) -> Answer {
    let found = world
        .cases
        .values()
        .find(|case| case.token == token && case.send_at <= moment.now);
    let Some(case) = found.filter(|_| request.method == Method::GET) else {
        return Answer::nothing_here();
    };
    if case.is_processed() {
        return Answer::page(StatusCode::OK, "Su proceso de verificación ha terminado.");
    }
    let id = case.id.clone();
    Own::happen(world, &id, Effect::Status(estado::ACCESSED), moment);
    Answer::page(
        StatusCode::OK,
        "Permita el uso de la cámara y tenga preparado su documento de identidad.",
    )
}
