//! The REST API: chapters 3, 6.4, 7, 8 and 15.2.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::account::Account;
use super::case::{Case, Outcome};
use super::failure::Failure;
use super::{
    Moment, Own, TOKEN_IDLE, World, archive, copies, documents, key, render, rules, scenario, start,
};
use crate::exchange::{Answer, Incoming};
use crate::part::Part as _;

/// A call to the API of a company.
pub(super) struct Call<'a, 'b> {
    pub(super) world: &'a mut World,
    pub(super) request: &'a Incoming,
    pub(super) company: &'a str,
    pub(super) moment: &'a mut Moment<'b>,
}

impl Call<'_, '_> {
    /// Returns the account of a login token (8.2).
    pub(super) fn authorized(&mut self) -> Result<Account, Failure> {
        let token = self
            .request
            .header("x-api-login-token")
            .ok_or_else(|| Failure::by(&rules::LOGIN_TOKEN_HEADER))?;
        let token = self
            .world
            .own
            .tokens
            .alive(token, TOKEN_IDLE, self.moment.now)
            .ok_or_else(|| Failure::by(&rules::LOGIN_TOKEN))?;
        token.used = self.moment.now;
        if token.account != self.company {
            return Err(Failure::security_violation());
        }
        self.world
            .account(self.company)
            .cloned()
            .ok_or_else(|| Failure::by(&rules::LOGIN_TOKEN))
    }

    /// Returns the body, a JSON object.
    fn object(&self) -> Result<Map<String, Value>, Failure> {
        self.request.object().ok_or_else(Failure::unparseable_json)
    }

    /// Returns the key of an identification of the company in the path.
    pub(super) fn key(&self, transaction: &str) -> Result<String, Failure> {
        if transaction.is_empty() {
            Err(Failure::missing_transaction())
        } else {
            Ok(key(self.company, transaction))
        }
    }
}

/// Answers a request to `/api/v1/{company}/…`.
pub(super) fn handle(call: &mut Call<'_, '_>, path: &[&str]) -> Result<Answer, Failure> {
    match (&call.request.method, path) {
        (&Method::POST, ["login"]) => log_in(call),
        (&Method::POST, ["identifications", transaction, "start"]) => begin(call, transaction),
        (&Method::POST, ["identifications", "start"]) => Err(Failure::missing_transaction()),
        (&Method::POST, ["identifications", transaction, "requestVideoChat"]) => {
            request_video_chat(call, transaction)
        }
        (&Method::GET, []) => {
            let account = call.authorized()?;
            let Account {
                company,
                short_code,
                name,
                estimated_waiting_time,
                ..
            } = &account;
            let body = json!({
                "shortname": company, "shortcode": short_code, "name": name, "estimatedWaitingTime": estimated_waiting_time
            });
            Ok(Answer::json_with_charset(StatusCode::OK, &body))
        }
        (_, ["documentdefinitions", rest @ ..]) => documents::definitions(call, rest),
        (_, ["identifications", transaction, "documents", rest @ ..]) => {
            documents::documents(call, transaction, rest)
        }
        (&Method::POST, ["identifications", transaction, "copy"]) => {
            copies::copy(call, transaction)
        }
        // The text omits the transaction number, but the sample contains it.
        (&Method::POST, ["identifications", "archive"]) => copies::archive(call, ""),
        (&Method::POST, ["identifications", transaction, "archive"]) => {
            copies::archive(call, transaction)
        }
        (&Method::GET, ["identifications"]) => list(call),
        (&Method::GET, ["identifications", name]) => single(call, name),
        (&Method::DELETE, ["identifications", transaction]) => delete(call, transaction),
        _ => Err(Failure::by(&rules::PATH)),
    }
}

/// Logs in (8.3.1).
fn log_in(call: &mut Call<'_, '_>) -> Result<Answer, Failure> {
    demand_json(call.request)?;
    let body = call.object()?;
    if let Some(unknown) = body.keys().find(|key| *key != "apiKey") {
        return Err(Failure::unrecognized_field(&rules::LOGIN_FIELDS, unknown));
    }
    let key = body
        .get("apiKey")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let valid = call
        .world
        .account(call.company)
        .is_some_and(|account| account.api_keys.iter().any(|valid| valid == key));
    if !valid {
        return Err(Failure::by(&rules::LOGIN_KEY).at("apiKey"));
    }
    let token = call.moment.random.uuid();
    call.world
        .own
        .tokens
        .insert(token.clone(), call.company, call.moment.now);
    Ok(Answer::json_with_charset(
        StatusCode::OK,
        &json!({ "authToken": token }),
    ))
}

/// Creates or updates an identification (3.2), or starts the test robots (15.2.4).
fn begin(call: &mut Call<'_, '_>, transaction: &str) -> Result<Answer, Failure> {
    let account = match call.request.header("x-api-key") {
        Some(key) => {
            let account = call
                .world
                .account(call.company)
                .filter(|account| account.api_keys.iter().any(|valid| valid == key));
            account
                .cloned()
                .ok_or_else(|| Failure::by(&rules::API_KEY))?
        }
        // Undocumented: clients in production send a login token in place of the key.
        None => {
            if call.request.header("x-api-login-token").is_none() {
                return Err(Failure::by(&rules::API_KEY_HEADER));
            }
            let account = call.authorized()?;
            if account.documented_only {
                return Err(Failure::by(&rules::API_KEY_HEADER));
            }
            account
        }
    };
    demand_json(call.request)?;
    if transaction.is_empty() {
        return Err(Failure::missing_transaction());
    }
    if !start::is_transaction_number(transaction) {
        return Err(Failure::bad_value(
            &rules::TRANSACTION_NUMBER,
            "transactionnumber",
        ));
    }
    let submitted = start::read(&call.request.body)?;
    let for_robots = submitted == start::Submitted::default() && is_for_robots(call.request);
    let (new, id) = call
        .world
        .upsert(&account, transaction, submitted, call.moment)?;
    let case = call.world.cases.get_mut(&key(call.company, transaction));
    if let Some(case) = case.filter(|_| for_robots && !new)
        && let Some(("X-AUTOTEST", robot)) = case.robot_case()
    {
        if documents::is_missing_any(&case.documents) {
            return Err(Failure::by(&rules::DOCUMENTS_UPLOADED));
        }
        case.robot_started = true;
        return Ok(Answer::json_with_charset(
            StatusCode::OK,
            &robot_started(case, &robot),
        ));
    }
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(Answer::json_with_charset(status, &json!({ "id": id })))
}

/// Returns the response of the robots' host to a start.
fn robot_started(case: &Case, robot: &str) -> Value {
    json!({
        "token": "0", "internalToken": case.ident_id, "status": "STARTED",
        "email": case.submitted.get("email"), "mobile": case.submitted.get("mobilephone"), "trackingId": case.tracking_id,
        "testRobotType": "AUTO", "testRobotName": robot.to_ascii_lowercase(),
        "request": { "status": "NEW", "videoSession": "x", "userVideoSessionToken": "y", "positionInQueue": null }
    })
}

/// Starts the test robots (15.2). The request needs no key.
fn request_video_chat(call: &mut Call<'_, '_>, transaction: &str) -> Result<Answer, Failure> {
    if !is_for_robots(call.request) {
        return Err(Failure::by(&rules::ROBOT_HOST));
    }
    demand_json(call.request)?;
    if let Some(unknown) = call.object()?.keys().next() {
        return Err(Failure::unrecognized_field(&rules::ROBOT_FIELDS, unknown));
    }
    let key = key(call.company, transaction);
    let case = call
        .world
        .cases
        .get(&key)
        .ok_or_else(|| Failure::by(&rules::IDENTIFICATION))?;
    if case.is_finished() {
        return Err(Failure::by(&rules::UNFINISHED));
    }
    let Some(("X-AUTOTEST", robot)) = case.robot_case() else {
        return Err(Failure::by(&rules::AUTOMATED_TEST));
    };
    if !scenario::is_test_case(&robot) {
        return Err(Failure::by(&rules::TEST_CASE));
    }
    if !scenario::is_for(&robot, case.is_e_signing()) {
        return Err(Failure::by(&rules::TEST_CASE_PRODUCT));
    }
    if !case.robot_started {
        return Err(Failure::by(&rules::ROBOT_STARTED));
    }
    // Nothing but a missing document is left that prevents the test.
    call.world
        .act(&key, &robot, None, call.moment)
        .map_err(|_| Failure::by(&rules::DOCUMENTS_UPLOADED))?;
    Ok(Answer::json_with_charset(StatusCode::OK, &json!({})))
}

/// Lists identifications (8.3.2).
fn list(call: &mut Call<'_, '_>) -> Result<Answer, Failure> {
    let account = call.authorized()?;
    let parameters = call.request.parameters();
    let filter = match parameters.as_slice() {
        [] => "",
        [(name, value)]
            if value == "true" && matches!(name.as_str(), "pending" | "canceled" | "aborted") =>
        {
            name
        }
        _ => {
            return Err(Failure::bad_request(
                &rules::LIST_FILTER,
                "Please use one of the filters pending=true, canceled=true and aborted=true",
            ));
        }
    };
    let wanted = |outcome: &Outcome| match filter {
        "pending" => outcome.is_preliminary(),
        "canceled" => outcome.word == "CANCELED",
        "aborted" => outcome.word == "ABORTED",
        _ => outcome.is_final() && outcome.word != "CANCELED",
    };
    let mut found: Vec<(&Case, &Outcome)> = call
        .world
        .cases
        .values()
        .filter(|case| case.company == call.company && !case.archived)
        .filter_map(|case| Some((case, visible(case, &account)?)))
        .filter(|(_, outcome)| wanted(outcome))
        .collect();
    found.sort_by_key(|(case, outcome)| (outcome.at, case.transaction_number.clone()));
    let rendered: Vec<Value> = found
        .into_iter()
        .map(|(case, outcome)| render::json(case, &account, outcome))
        .collect();
    Ok(Answer::json_with_charset(
        StatusCode::OK,
        &json!({ "identifications": rendered }),
    ))
}

/// Returns a single identification (8.3.3), as JSON or in the format of the suffix.
fn single(call: &mut Call<'_, '_>, name: &str) -> Result<Answer, Failure> {
    let account = call.authorized()?;
    let (transaction, suffix) = name.rsplit_once('.').unwrap_or((name, ""));
    let key = call.key(transaction)?;
    // The document does not describe an unfinished identification. Without a result, it is not
    // found.
    let case = call
        .world
        .cases
        .get(&key)
        .ok_or_else(|| Failure::by(&rules::IDENTIFICATION))?;
    let outcome = visible(case, &account).ok_or_else(|| {
        Failure::by(if case.result.is_some() {
            &rules::PRELIMINARY_RESULTS
        } else {
            &rules::RESULT
        })
    })?;
    let file = |media_type: &str, key: &str| {
        let there = render::attachments(case, &account, outcome)
            .iter()
            .any(|(there, _)| there == key);
        if !there {
            return Err(Failure::by(&rules::ATTACHMENT));
        }
        Ok(Answer::of(
            StatusCode::OK,
            media_type,
            archive::attachment(key, &account),
        ))
    };
    match suffix {
        "" => Ok(Answer::json_with_charset(
            StatusCode::OK,
            &render::json(case, &account, outcome),
        )),
        "xml" | "pdf" | "mp3" if account.documented_only => Err(Failure::by(&rules::RESULT_SUFFIX)),
        "xml" => Ok(Answer::new(
            StatusCode::OK,
            "application/xml; charset=utf-8",
            render::xml(case, &account, outcome),
        )),
        "pdf" => file("application/pdf", "pdf"),
        "mp3" => file("audio/mpeg", "audiolog"),
        "zip" => Ok(Answer::of(
            StatusCode::OK,
            "application/zip",
            archive::zip(case, &account, outcome),
        )),
        _ => Err(Failure::by(&rules::RESULT_SUFFIX)),
    }
}

/// Deletes an identification (8.3.4).
fn delete(call: &mut Call<'_, '_>, transaction: &str) -> Result<Answer, Failure> {
    call.authorized()?;
    let key = call.key(transaction)?;
    call.world
        .cases
        .remove(&key)
        .map(|_| Answer::empty(StatusCode::OK))
        .ok_or_else(|| Failure::by(&rules::IDENTIFICATION))
}

/// Returns the result if the account may see it (2.2).
fn visible<'a>(case: &'a Case, account: &Account) -> Option<&'a Outcome> {
    case.result
        .as_ref()
        .filter(|outcome| account.preliminary_results || !outcome.is_preliminary())
}

/// Returns whether a request is for the test robots, which have their own host (15.2). Without one
/// of the vendor's hosts, as on IDnow's own port, both the gateway and the robots answer.
fn is_for_robots(request: &Incoming) -> bool {
    const ROBOTS: &str = "api.test.idnow.de";
    request.host == ROBOTS || !Own::HOSTS.contains(&request.host.as_str())
}

/// Checks that the content type is JSON.
pub(super) fn demand_json(request: &Incoming) -> Result<(), Failure> {
    if request.is_json() {
        return Ok(());
    }
    Err(Failure::bad_request(
        &rules::JSON_CONTENT_TYPE,
        "Please provide the header Content-Type: application/json",
    ))
}
