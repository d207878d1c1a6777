//! The pages for the person's browser ("Integration with return URL").

use http::StatusCode;

use super::World;
use super::transaction::{EXPIRED, Transaction};
use crate::exchange::Answer;

/// Returns the page of a transaction's `url`, or of `/scan` below it, to which the QR code leads a
/// phone.
pub(super) fn handle(world: &World, path: &[&str]) -> Answer {
    let (locale, token, by_phone) = match path {
        [locale, "identifications", token] => (locale, token, false),
        [locale, "identifications", token, "scan"] => (locale, token, true),
        _ => return Answer::nothing_here(),
    };
    let mut known = world.cases.values();
    let transaction = known.find(|transaction| transaction.token == *token);
    let Some(transaction) =
        transaction.filter(|known| known.submitted.locale.eq_ignore_ascii_case(locale))
    else {
        return Answer::nothing_here();
    };
    if transaction.state == EXPIRED {
        return Answer::page(StatusCode::OK, "This identification has expired.");
    }
    let Some(outcome) = &transaction.outcome else {
        return Answer::page(StatusCode::OK, "Please take a picture of your passport.");
    };
    match place(transaction, &outcome.result_id, by_phone) {
        Some(place) => Answer::redirect(StatusCode::FOUND, place),
        None => Answer::page(StatusCode::OK, "Thank you for your identification."),
    }
}

/// Returns the redirect of a person who has finished. The status page of `scanReturnUrl` gets no
/// parameters.
fn place(transaction: &Transaction, result_id: &str, by_phone: bool) -> Option<String> {
    if by_phone {
        return transaction.submitted.scan_return_url.clone();
    }
    let mut url = url::Url::parse(transaction.submitted.return_url.as_deref()?).ok()?;
    url.query_pairs_mut()
        .append_pair("trxid", &transaction.id)
        .append_pair("resultid", result_id);
    Some(url.into())
}
