//! The pages of the go hosts for the person's browser (chapters 5 and 6).

use http::StatusCode;

use super::{Moment, World, documents, key, link, signature};
use crate::exchange::{Answer, Incoming};

/// Answers a person's browser.
pub(super) fn handle(
    world: &mut World,
    request: &Incoming,
    path: &[&str],
    moment: &mut Moment<'_>,
) -> Answer {
    match path {
        ["v1", company, "start"] => signed_link(world, request, company, moment),
        [company, "identifications", transaction] => {
            opened(world, request, &key(company, transaction))
        }
        ["assets", "certs", name] if signature::CERTIFICATES.contains(name) => {
            match signature::public_key() {
                Some(pem) => Answer::new(StatusCode::OK, "application/x-pem-file", pem),
                None => Answer::nothing_here(),
            }
        }
        [ident_id] if !ident_id.is_empty() => {
            let found = world
                .cases
                .values()
                .find(|case| case.ident_id.eq_ignore_ascii_case(ident_id));
            let key = found.map_or_else(String::new, |case| {
                key(&case.company, &case.transaction_number)
            });
            opened(world, request, &key)
        }
        _ => Answer::nothing_here(),
    }
}

/// Handles a signed link that contains the person's data (chapter 5).
fn signed_link(
    world: &mut World,
    request: &Incoming,
    company: &str,
    moment: &mut Moment<'_>,
) -> Answer {
    let Some(account) = world.account(company).cloned() else {
        return Answer::nothing_here();
    };
    // The limit concerns the whole link, including the scheme and the host, which are not in the
    // request.
    let length =
        "https://".len() + request.host.len() + request.path.len() + 1 + request.query.len();
    let accepted = match link::accept(
        &account,
        &request.parameters(),
        length,
        moment.clocks(account.strict_clock),
    ) {
        Ok(accepted) => accepted,
        Err(reason) => {
            return Answer::page(
                StatusCode::FORBIDDEN,
                &format!("This link is not valid: {reason}."),
            );
        }
    };
    match world.upsert(
        &account,
        &accepted.transaction_number,
        accepted.submitted,
        moment,
    ) {
        Ok(_) => {
            let place = format!("/{company}/identifications/{}", accepted.transaction_number);
            Answer::redirect(StatusCode::FOUND, place)
        }
        Err(_) => Answer::page(StatusCode::CONFLICT, "This identification is finished."),
    }
}

/// Handles the opening of the link to an identification, and stores its tracking id (6.1.3).
fn opened(world: &mut World, request: &Incoming, key: &str) -> Answer {
    let Some(case) = world.cases.get_mut(key) else {
        return Answer::nothing_here();
    };
    case.tracking_id = tracking_id(request).or(case.tracking_id.take());
    if case.is_finished() {
        return Answer::page(StatusCode::OK, "This identification is finished.");
    }
    if documents::is_missing_any(&case.documents) {
        let text = if documents::person_can_upload(&case.documents) {
            "Please upload the document to be signed."
        } else {
            "This identification cannot be started: documents to be signed are missing."
        };
        return Answer::page(StatusCode::OK, text);
    }
    Answer::page(
        StatusCode::OK,
        "Please hold your identity card ready. An agent will be with you shortly.",
    )
}

/// Returns the tracking id of a link (6.1.3).
fn tracking_id(request: &Incoming) -> Option<String> {
    request
        .parameters()
        .into_iter()
        .find(|(name, _)| name == "tid")
        .map(|(_, value)| value)
}
