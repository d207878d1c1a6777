//! The page of `conference_url` for the person's browser.

use http::StatusCode;

use super::account::Account;
use super::ident::Ident;
use super::{Own, World, render, rules};
use crate::exchange::Answer;
use crate::part::Part as _;
use crate::person::{self, PersonPage};
use crate::rule::Refusal;

/// Returns the page of an ident.
pub(super) fn handle(world: &World, id: &str) -> Answer {
    let Some(ident) = world.cases.get(id) else {
        return Answer::nothing_here().refused(Refusal::by(&rules::PAGE));
    };
    if ident.gone {
        return Answer::nothing_here().refused(Refusal::by(&rules::IDENT_LIFETIME));
    }
    let text = match Own::person(world, id).filter(|page| page.is_open) {
        Some(page) => return person::answer(Own::ID, id, &page),
        None if ident.finished => "This identification is finished.",
        None => "Thank you. Your identification is being reviewed.",
    };
    Answer::page(StatusCode::OK, text)
}

/// Returns the contents of the page. The document does not describe it, so that it follows the
/// document's description of the process and shows the person whom the agent expects.
pub(super) fn page(ident: &Ident, account: &Account) -> PersonPage {
    let text = |name: &str| ident.submitted.text(name);
    let document = match text("type_of_id") {
        Some("Personalausweis") => "identity card",
        Some("Reisepass") => "passport",
        _ => "identity card or passport",
    };
    let is_signed = text("pdf_url").is_some() || text("pdf_content").is_some();
    let asked = [
        Some(format!("Please hold your {document} ready.")),
        Some("Allow the browser to use your camera and your microphone.".to_owned()),
        Some(ident.appointment.map_or_else(
            || "An agent will be with you shortly in a video call.".to_owned(),
            |time| format!("An agent will call you on {}.", render::minute(time)),
        )),
        is_signed.then(|| "Sign the PDF file during the call.".to_owned()),
    ];
    let shown = [
        ("First name", "person_first_name"),
        ("Last name", "person_last_name"),
        ("Date of birth", "birthday"),
    ];
    PersonPage {
        language: "en",
        title: "Identify VideoIdent".to_owned(),
        asked: asked.into_iter().flatten().collect(),
        shown: shown
            .into_iter()
            .filter_map(|(label, name)| Some((label.to_owned(), text(name)?.to_owned())))
            .collect(),
        is_open: !ident.finished && !ident.is_in_review(account),
    }
}
