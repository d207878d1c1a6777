//! The API and its authentication.

use http::{Method, StatusCode};
use serde_json::{Map, Value};

use super::account::Account;
use super::create::Submitted;
use super::render::Places;
use super::scenario::Effect;
use super::transaction::{Outcome, PENDING, Transaction};
use super::webhook::Webhook;
use super::{Moment, Own, World, bearer, render, rules};
use crate::clock::later;
use crate::exchange::{Answer, Incoming};
use crate::failure::Failure;
use crate::part::Part as _;
use crate::{jpeg, pdf};

/// The address of files ("Download document image").
const FILES: &str = "https://api.cm.com";

/// Answers a request to `/id-scan/v1/…`.
pub(super) fn handle(
    world: &mut World,
    request: &Incoming,
    path: &[&str],
    moment: &mut Moment<'_>,
) -> Result<Answer, Failure> {
    let account = bearer::authorized(world, request, moment)?;
    match (&request.method, path) {
        (&Method::POST, ["transactions"]) => create(world, &account, request, moment),
        (&Method::GET, ["transactions", id]) => {
            let transaction = own(world, &account, id)?;
            Ok(Answer::json(
                StatusCode::OK,
                &render::details(transaction, &places(world, request)),
            ))
        }
        (&Method::GET, ["transactions", id, "results", result]) => {
            let (transaction, outcome) = completed(world, &account, id, result)?;
            Ok(Answer::json(
                StatusCode::OK,
                &render::result(transaction, outcome, &account, &places(world, request)),
            ))
        }
        (&Method::GET, ["transactions", id, "results", result, "report"]) => {
            report(world, &account, id, result, request, moment)
        }
        (&Method::GET, ["downloads", token]) => download(world, &account, token, moment),
        (&Method::POST, ["webhooks"]) => {
            let hook = Webhook::parse(
                moment.random.uuid(),
                &account.key_id,
                &body(request)?,
                moment.now,
                &moment.reach,
            )?;
            let answer = hook.render();
            world.own.webhooks.push(hook);
            Ok(Answer::json(StatusCode::CREATED, &answer))
        }
        _ => Err(Failure::by(&rules::ROUTE, "there is no such route")),
    }
}

/// "Create a transaction".
fn create(
    world: &mut World,
    account: &Account,
    request: &Incoming,
    moment: &mut Moment<'_>,
) -> Result<Answer, Failure> {
    let submitted = Submitted::parse(&body(request)?)?;
    let transaction = add(world, &account.key_id, submitted, moment);
    let answer = render::created(&transaction, &places(world, request));
    Ok(Answer::json(StatusCode::CREATED, &answer))
}

/// Returns the addresses of links in a response.
fn places(world: &World, request: &Incoming) -> Places {
    Places {
        pages: world.base(request, Own::PAGES),
        files: world.base(request, FILES),
    }
}

/// Adds a transaction and plans its expiry.
pub(super) fn add(
    world: &mut World,
    key_id: &str,
    submitted: Submitted,
    moment: &mut Moment<'_>,
) -> Transaction {
    let expires = later(
        moment.now,
        std::time::Duration::from_secs(submitted.expires_in),
    );
    let transaction = Transaction {
        id: moment.random.uuid(),
        key_id: key_id.to_owned(),
        token: opaque(moment),
        submitted,
        created: moment.now,
        expires,
        state: PENDING.to_owned(),
        scans: Vec::new(),
        attempts: 0,
        done: Vec::new(),
        outcome: None,
        attempt: 0,
    };
    moment.plan(expires, &transaction.id, Effect::Expire);
    world
        .cases
        .insert(transaction.id.clone(), transaction.clone());
    transaction
}

/// "Retrieve transaction report".
fn report(
    world: &World,
    account: &Account,
    id: &str,
    result: &str,
    request: &Incoming,
    moment: &Moment<'_>,
) -> Result<Answer, Failure> {
    let (transaction, outcome) = completed(world, account, id, result)?;
    let kind = request
        .parameters()
        .into_iter()
        .find(|(name, _)| name == "type")
        .map(|(_, value)| value);
    let extended = match kind.as_deref() {
        None | Some("simple") => false,
        Some("extended") => true,
        Some(_) => {
            return Err(Failure::by(
                &rules::REPORT_TYPE,
                "type must be simple or extended",
            ));
        }
    };
    if extended && moment.now >= transaction.expires {
        return Err(Failure::by(
            &rules::EXTENDED_REPORT,
            "the transaction expired, and with it its extended report",
        ));
    }
    let report = pdf::document(&render::report(transaction, outcome, extended));
    let name = format!("attachment; filename=\"{id}.pdf\"");
    Ok(Answer::new(StatusCode::OK, "application/pdf", report)
        .with_header("content-disposition", name))
}

/// "Download document image".
fn download(
    world: &World,
    account: &Account,
    token: &str,
    moment: &Moment<'_>,
) -> Result<Answer, Failure> {
    let is_alive = |transaction: &&Transaction| {
        let in_details = transaction
            .scans
            .iter()
            .any(|scan| scan.files.iter().any(|file| file == token));
        let of_result = transaction
            .outcome
            .as_ref()
            .filter(|outcome| outcome.files.iter().any(|file| file == token));
        let kept = |outcome: &Outcome| {
            let end = account
                .result_files_seconds
                .map(|seconds| later(outcome.completed, std::time::Duration::from_secs(seconds)));
            end.is_none_or(|end| moment.now < end)
        };
        (in_details && moment.now < transaction.expires) || of_result.is_some_and(kept)
    };
    let mut own = world
        .cases
        .values()
        .filter(|transaction| transaction.key_id == account.key_id);
    own.find(is_alive)
        .ok_or_else(|| Failure::by(&rules::FILE, "there is no such file"))?;
    let image = jpeg::image("", account.image_length);
    Ok(Answer::new(StatusCode::OK, "image/jpeg", image))
}

/// Returns a transaction of the account.
fn own<'a>(world: &'a World, account: &Account, id: &str) -> Result<&'a Transaction, Failure> {
    let transaction = world
        .cases
        .get(id)
        .filter(|transaction| transaction.key_id == account.key_id);
    transaction.ok_or_else(|| Failure::by(&rules::TRANSACTION, "there is no such transaction"))
}

/// Returns a completed transaction of the account, by its id and its result's id.
fn completed<'a>(
    world: &'a World,
    account: &Account,
    id: &str,
    result: &str,
) -> Result<(&'a Transaction, &'a Outcome), Failure> {
    let asked = own(world, account, id)?;
    let own = world
        .cases
        .values()
        .filter(|transaction| transaction.key_id == account.key_id);
    let mut found = own.filter_map(|transaction| {
        transaction
            .outcome
            .as_ref()
            .map(|outcome| (transaction, outcome))
    });
    found
        .find(|(_, outcome)| outcome.result_id == result)
        .filter(|(transaction, _)| account.results_by_id_alone || transaction.id == asked.id)
        .ok_or_else(|| Failure::by(&rules::RESULT, "there is no such result"))
}

/// Returns a token for an address, in place of an id.
pub(super) fn opaque(moment: &mut Moment<'_>) -> String {
    moment.random.letters(32)
}

fn body(request: &Incoming) -> Result<Map<String, Value>, Failure> {
    if !request.is_json() {
        return Err(Failure::by(
            &rules::MEDIA_TYPE,
            "the content type must be application/json",
        ));
    }
    request
        .object()
        .ok_or_else(|| Failure::by(&rules::BODY, "the body must be a JSON object"))
}
