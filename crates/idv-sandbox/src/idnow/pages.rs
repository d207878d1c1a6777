//! The pages of the go hosts for the person's browser (chapters 5 and 6).

use http::StatusCode;

use super::{Moment, Own, World, documents, key, link, person, rules, signature};
use crate::exchange::{Answer, Incoming};
use crate::part::Part as _;
use crate::rule::{Refusal, Rule};

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
                None => missing(&rules::PATH),
            }
        }
        [_, "userdata"] | [_, "userdata", _] => missing(&rules::WEB_FORM),
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
        _ => missing(&rules::PATH),
    }
}

/// Returns the page of a refusal with 404.
fn missing(rule: &'static Rule) -> Answer {
    Answer::nothing_here().refused(Refusal::by(rule))
}

/// Returns the page for a person who would change a finished identification.
pub(super) fn finished() -> Answer {
    Answer::page(StatusCode::CONFLICT, "This identification is finished.")
        .refused(Refusal::by(&rules::UNFINISHED))
}

/// Handles a signed link that contains the person's data (chapter 5).
fn signed_link(
    world: &mut World,
    request: &Incoming,
    company: &str,
    moment: &mut Moment<'_>,
) -> Answer {
    let Some(account) = world.account(company).cloned() else {
        return missing(&rules::LINK_COMPANY);
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
        Err(invalid) => {
            let text = format!("This link is not valid: {}.", invalid.reason);
            return Answer::page(StatusCode::FORBIDDEN, &text).refused(invalid.refusal());
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
        Err(_) => finished(),
    }
}

/// Handles the opening of the link to an identification, and stores its tracking id (6.1.3).
fn opened(world: &mut World, request: &Incoming, key: &str) -> Answer {
    let Some(case) = world.cases.get_mut(key) else {
        return missing(&rules::LINK_IDENTIFICATION);
    };
    case.tracking_id = tracking_id(request).or(case.tracking_id.take());
    let Some((page, case)) = person::page(world, key).zip(world.cases.get(key)) else {
        return missing(&rules::LINK_IDENTIFICATION);
    };
    if page.is_open {
        let id = Own::summary(world, key, case).id;
        return crate::person::answer(Own::ID, &id, &page);
    }
    if case.is_performed() {
        return match person::return_address(world, key) {
            Some(address) => Answer::redirect(StatusCode::FOUND, address),
            None => Answer::page(StatusCode::OK, "This identification is finished."),
        };
    }
    let text = if documents::person_can_upload(&case.documents) {
        "Please upload the document to be signed."
    } else {
        "This identification cannot be started: documents to be signed are missing."
    };
    Answer::page(StatusCode::OK, text)
}

/// Returns the tracking id of a link (6.1.3).
fn tracking_id(request: &Incoming) -> Option<String> {
    request
        .parameters()
        .into_iter()
        .find(|(name, _)| name == "tid")
        .map(|(_, value)| value)
}
