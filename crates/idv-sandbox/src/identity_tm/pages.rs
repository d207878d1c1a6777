//! The pages for the person's browser: the links of 3.1.5 and the redirects of 2.5.

use http::StatusCode;

use super::{World, events};
use crate::exchange::Answer;

/// Answers a person's browser.
pub(super) fn handle(world: &World, path: &[&str]) -> Answer {
    let ["status" | "ident" | "autoid", token] = path else {
        return Answer::nothing_here();
    };
    let Some(case) = world.cases.values().find(|case| case.token == *token) else {
        return Answer::nothing_here();
    };
    if !case.is_final() && !case.conducted {
        return Answer::page(
            StatusCode::OK,
            "Please choose how you want to be identified.",
        );
    }
    let failed = case.is_final() && !case.reached(6) && !case.reached(84);
    let place = if failed { "Abort" } else { "Success" };
    match case.submitted.text(&["RedirectURL", place]) {
        Some(url) => Answer::redirect(StatusCode::FOUND, events::fill(url, case)),
        None => Answer::page(StatusCode::OK, "Thank you for your identification."),
    }
}
