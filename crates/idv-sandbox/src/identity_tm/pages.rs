//! The pages for the person's browser: the links of 3.1.5 and the redirects of 2.5.

use http::StatusCode;

use super::{Own, World, events, page, rules};
use crate::exchange::Answer;
use crate::part::Part as _;
use crate::person;
use crate::rule::{Refusal, Rule};

/// Answers a person's browser.
pub(super) fn handle(world: &World, path: &[&str]) -> Answer {
    let nothing_here = |rule: &'static Rule| Answer::nothing_here().refused(Refusal::by(rule));
    let ["status" | "ident" | "autoid", token] = path else {
        return nothing_here(&rules::BASE_PATH);
    };
    let Some(case) = world.cases.values().find(|case| case.token == *token) else {
        return nothing_here(&rules::PERSON_LINK);
    };
    if let Some(page) = page::of(world, &case.id).filter(|page| page.is_open) {
        return person::answer(Own::ID, &case.id, &page);
    }
    match return_address(world, &case.id) {
        Some(url) => Answer::redirect(StatusCode::FOUND, url),
        None => Answer::page(StatusCode::OK, "Thank you for your identification."),
    }
}

/// Returns the address for the browser of a person who has finished. The vendor only replaces the
/// placeholders in it (2.6).
pub(super) fn return_address(world: &World, order: &str) -> Option<String> {
    let case = world.cases.get(order)?;
    if case.awaits_person(world.account(&case.user)?) {
        return None;
    }
    let failed = case.is_final() && !case.has_succeeded();
    let place = if failed { "Abort" } else { "Success" };
    let url = case.submitted.text(&["RedirectURL", place])?;
    Some(events::fill(url, case))
}
