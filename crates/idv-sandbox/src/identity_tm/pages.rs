//! What the person's browser sees: the links of 3.1.5 and the redirects of 2.5.

use http::StatusCode;

use super::{World, events};
use crate::exchange::Answer;

/// Answers a person's browser.
pub(super) fn handle(world: &World, path: &[&str]) -> Answer {
    let ["status" | "ident" | "autoid", token] = path else { return nowhere() };
    let Some(case) = world.cases.values().find(|case| case.token == *token) else { return nowhere() };
    if !case.is_final() && !case.conducted {
        return Answer::page(StatusCode::OK, "Please choose how you want to be identified.");
    }
    let failed = case.is_final() && !case.reached(6) && !case.reached(84);
    let place = if failed { "Abort" } else { "Success" };
    match case.submitted.text(&["RedirectURL", place]) {
        Some(url) => Answer::page(StatusCode::FOUND, "Please go on.").with_header("location", events::fill(url, case)),
        None => Answer::page(StatusCode::OK, "Thank you for your identification."),
    }
}

fn nowhere() -> Answer {
    Answer::page(StatusCode::NOT_FOUND, "There is nothing here.")
}
