//! What the person's browser sees behind the link of the message.

use http::{Method, StatusCode};

use super::case::estado;
use super::{Moment, World, api};
use crate::exchange::{Answer, Incoming};

/// The person opens the link: the process begins.
pub(super) fn handle(world: &mut World, request: &Incoming, token: &str, moment: &mut Moment<'_>) -> Answer {
    let found = world.cases.values().find(|case| case.token == token && case.send_at <= moment.now);
    let Some(case) = found.filter(|_| request.method == Method::GET) else { return api::nothing_here() };
    if case.is_processed() {
        return Answer::page(StatusCode::OK, "Su proceso de verificación ha terminado.");
    }
    let id = case.id.clone();
    world.reach(&id, estado::ACCESSED, moment);
    Answer::page(StatusCode::OK, "Permita el uso de la cámara y tenga preparado su documento de identidad.")
}
