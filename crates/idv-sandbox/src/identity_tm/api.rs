//! The customer services: the methods of chapters 3 to 6, 8 and 9, and their authentication (2.7).

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::account::Account;
use super::case::Case;
use super::failure::{Failure, no_such_method, not_found};
use super::{Moment, World, create, events, files, password, render, results, rules, tan};
use crate::clock::later;
use crate::exchange::{Answer, Incoming};

/// The time for which an order is found by its reference (3.13).
const FOUND: std::time::Duration = std::time::Duration::from_secs(90 * 24 * 3600);

/// A call of a method.
pub(super) struct Call<'a, 'b, 'c> {
    pub(super) world: &'a mut World,
    pub(super) account: Account,
    pub(super) request: &'a Incoming,
    pub(super) moment: &'a mut Moment<'b>,
    /// The segments after the method's first argument.
    pub(super) rest: &'a [&'c str],
}

/// Answers a request to `/api/{version}/…`.
pub(super) fn handle(
    world: &mut World,
    request: &Incoming,
    version: &str,
    path: &[&str],
    moment: &mut Moment<'_>,
) -> Result<Answer, Failure> {
    // The sample of getStatus (3.2.8) uses 2.0.
    let is_sample = version == "2.0" && path.first() == Some(&"getStatus");
    if version != "2.10" && !is_sample {
        return Err(no_such_method(&rules::BASE_PATH));
    }
    if (&request.method, path) == (&Method::GET, &["serverStatus"]) {
        return Ok(Answer::empty(StatusCode::OK));
    }
    let account = authorized(world, request)?;
    let (method, arguments) = path
        .split_first()
        .ok_or_else(|| no_such_method(&rules::CALL))?;
    let (argument, rest) = arguments
        .split_first()
        .map_or((None, arguments), |(first, rest)| (Some(*first), rest));
    let mut call = Call {
        world,
        account,
        request,
        moment,
        rest,
    };
    match (request.method.as_str(), *method, argument) {
        ("PUT", "putOrder", None) => create::put_order(&mut call),
        ("GET", "systemStatus", None) => {
            Ok(Answer::json(StatusCode::OK, &system_status(&call.account)))
        }
        ("POST", "checkSignmeUser", None) => check_sign_me_user(&call),
        ("POST", "requestNewPassword", None) => password::request(&mut call),
        ("POST", "confirmNewPassword", None) => password::confirm(&mut call),
        ("GET", "getOrdersByRef", Some(reference)) if rest.is_empty() => {
            orders_by_reference(&call, reference)
        }
        ("GET", "getStatus", Some(order)) => status(&call, order),
        ("GET", "getIdentData", Some(order)) => results::data(&mut call, order),
        ("GET", "getIdentDataPDF", Some(order)) => {
            results::encryptable(&mut call, order, results::pdf)
        }
        ("GET", "getESignPDF", Some(order)) => {
            results::encryptable(&mut call, order, files::signed_documents)
        }
        ("GET", "getESignHash", Some(order)) if rest.is_empty() => {
            files::signed_hashes(&call, order)
        }
        ("GET", "getESignAuditLogPDF", Some(order)) if rest.is_empty() => {
            files::audit_log(&call, order)
        }
        ("GET", "getImages", Some(order)) if rest.is_empty() => files::images(&call, order),
        ("POST", "getVideoFileBinaryAsync", Some(order)) if rest.is_empty() => {
            files::provide_video(&mut call, order)
        }
        ("GET", "getVideoFileBinary", Some(order)) => {
            results::encryptable(&mut call, order, files::video)
        }
        ("GET", "getVoiceFiles", Some(order)) => {
            results::encryptable(&mut call, order, files::voice)
        }
        // The address in 3.12.1 and the text of 3.12 differ in spelling.
        ("DELETE", "delIdentdata" | "delIdentData", Some(order)) if rest.is_empty() => {
            delete(&mut call, order)
        }
        ("POST", "cancelOrder", Some(order)) if rest.is_empty() => cancel(&mut call, order),
        ("POST", _, Some(order)) if rest.is_empty() => tan::handle(&mut call, method, order),
        _ => Err(no_such_method(&rules::CALL)),
    }
}

impl Call<'_, '_, '_> {
    /// Returns an order of the account. Another account's order is not found.
    pub(super) fn case(&self, order: &str) -> Result<&Case, Failure> {
        let case = self
            .world
            .cases
            .get(order)
            .filter(|case| case.user == self.account.user);
        case.ok_or_else(|| not_found(&rules::ORDER))
    }

    /// Returns an order of the account whose data is not deleted.
    pub(super) fn kept_case(&self, order: &str) -> Result<&Case, Failure> {
        self.case(order).and_then(|case| {
            if case.deleted {
                Err(not_found(&rules::DATA_KEPT))
            } else {
                Ok(case)
            }
        })
    }

    /// Returns the body, a JSON object.
    pub(super) fn body(&self) -> Result<Map<String, Value>, Failure> {
        self.demand_json()?;
        self.request
            .object()
            .ok_or_else(|| Failure::by(&rules::JSON_BODY, "the body must be a JSON object"))
    }

    pub(super) fn demand_json(&self) -> Result<(), Failure> {
        if self.request.is_json() {
            Ok(())
        } else {
            Err(Failure::by(
                &rules::CONTENT_TYPE,
                "the content type must be application/json",
            ))
        }
    }
}

/// Returns the account of a request's Basic authentication (2.7).
fn authorized(world: &World, request: &Incoming) -> Result<Account, Failure> {
    let refuse = |rule| {
        Failure::by(
            rule,
            "authentication failed, please check username and password",
        )
    };
    let credentials = request
        .basic()
        .ok_or_else(|| refuse(&rules::AUTHENTICATION))?;
    let (user, password) = credentials
        .split_once(':')
        .ok_or_else(|| refuse(&rules::AUTHENTICATION))?;
    world
        .account(user)
        .filter(|account| account.password == password)
        .cloned()
        .ok_or_else(|| refuse(&rules::CREDENTIALS))
}

/// getStatus (3.2).
fn status(call: &Call<'_, '_, '_>, order: &str) -> Result<Answer, Failure> {
    let (extended, sub_kinds) = match call.rest {
        [] => (false, false),
        ["IncludeSubKind"] => (false, true),
        ["ExtendedList"] => (true, false),
        ["ExtendedList", "IncludeSubKind"] => (true, true),
        _ => return Err(no_such_method(&rules::STATUS_VARIANT)),
    };
    Ok(Answer::json(
        StatusCode::OK,
        &render::status(call.case(order)?, call.moment.now, extended, sub_kinds),
    ))
}

/// delIdentdata (3.12).
fn delete(call: &mut Call<'_, '_, '_>, order: &str) -> Result<Answer, Failure> {
    if !call.kept_case(order)?.is_final() {
        return Err(Failure::by(
            &rules::DELETE_AFTER_END,
            "the order is not finally processed; cancelOrder is for such",
        ));
    }
    if let Some(case) = call.world.cases.get_mut(order) {
        super::delete(case);
    }
    Ok(Answer::empty(StatusCode::ACCEPTED))
}

/// cancelOrder (4.2). The data is kept, but the person cannot continue.
fn cancel(call: &mut Call<'_, '_, '_>, order: &str) -> Result<Answer, Failure> {
    if call.case(order)?.is_final() {
        return Err(Failure::by(
            &rules::CANCEL_BEFORE_END,
            "the order is not in a cancellable state",
        ));
    }
    if let Some(case) = call.world.cases.get_mut(order) {
        case.attempt += 1;
        events::reach(case, &call.account, 63, None, call.moment);
    }
    Ok(Answer::empty(StatusCode::ACCEPTED))
}

/// getOrdersByRef (3.13).
fn orders_by_reference(call: &Call<'_, '_, '_>, reference: &str) -> Result<Answer, Failure> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.+".contains(&byte);
    if reference.is_empty() || !reference.bytes().all(allowed) {
        return Err(Failure::by(
            &rules::REFERENCE,
            "Ref must have no other characters than a-z A-Z 0-9 - . +",
        ));
    }
    let found: Vec<&str> = call
        .world
        .cases
        .values()
        .filter(|case| case.user == call.account.user && case.submitted.reference() == reference)
        .filter(|case| later(case.created, FOUND) >= call.moment.now)
        .map(|case| case.id.as_str())
        .collect();
    if found.is_empty() {
        Err(not_found(&rules::REFERENCE_FOUND))
    } else {
        Ok(Answer::json(StatusCode::OK, &json!(found)))
    }
}

/// checkSignmeUser (9.1).
fn check_sign_me_user(call: &Call<'_, '_, '_>) -> Result<Answer, Failure> {
    if !call.account.sign_me {
        return Err(Failure::by(
            &rules::SIGN_ME_ACCOUNT,
            "the account does not sign through sign-me",
        ));
    }
    let body = call.body()?;
    let email = body
        .get("Email")
        .and_then(Value::as_str)
        .filter(|email| !email.is_empty());
    let email = email
        .ok_or_else(|| Failure::by(&rules::SIGN_ME_EMAIL, "Email is required"))?
        .trim()
        .to_lowercase();
    match body.get("signatureType") {
        None | Some(Value::Null) => {}
        Some(Value::String(kind)) if matches!(kind.as_str(), "QES" | "ADV" | "BAS") => {}
        Some(_) => {
            return Err(Failure::by(
                &rules::SIGNATURE_TYPE,
                "signatureType must be QES, ADV or BAS",
            ));
        }
    }
    let able = call.world.own.sign_me.get(&email);
    let answer = json!({ "UserExists": able.is_some(), "UserIsAbleToSign": able == Some(&true) });
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// systemStatus (8.2).
fn system_status(account: &Account) -> Value {
    let enabled = |product: u32| account.products.contains(&product);
    let mut status = Map::new();
    for name in [
        "serverAlive",
        "apiAvailable",
        "videoAvailable",
        "mailingAvailable",
        "smsTanAvailable",
    ] {
        status.insert(name.into(), true.into());
    }
    if enabled(16) {
        let name = if account.names_as_printed {
            "autoldentAvailable"
        } else {
            "autoIdentAvailable"
        };
        status.insert(name.into(), true.into());
    }
    if enabled(15) {
        let mut signing = Map::new();
        signing.insert("serverAlive".into(), true.into());
        signing.insert("qesAvailable".into(), true.into());
        if account.advanced_signatures {
            signing.insert("fesServerAlive".into(), true.into());
            signing.insert("fesAvailable".into(), true.into());
        }
        status.insert("eSign".into(), signing.into());
    }
    status.into()
}
