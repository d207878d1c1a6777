//! The methods and their authentication: a token from `auth` that expires after half an hour
//! without use.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::account::{Account, Project};
use super::create::Submitted;
use super::ident::Ident;
use super::scenario::Effect;
use super::{LIFETIME, Moment, Own, World, render, rules};
use crate::clock::later;
use crate::exchange::{Answer, Incoming};
use crate::failure::Failure;
use crate::part::Part as _;

/// The lifetime of an unused token ("Authentication").
const IDLE: Duration = Duration::from_secs(30 * 60);

/// Answers a request to the API.
pub(super) fn handle(
    world: &mut World,
    request: &Incoming,
    path: &[&str],
    moment: &mut Moment<'_>,
) -> Result<Answer, Failure> {
    match (&request.method, path) {
        (&Method::POST, ["auth"]) => auth(world, request, moment),
        (&Method::POST, ["ident", "create"]) => create(world, request, moment),
        (&Method::GET, ["ident", "get", id]) => ident(world, request, id, moment),
        (&Method::GET, ["project", "getAll"]) => projects(world, request, moment),
        (&Method::GET, ["project", "get"]) => project(world, request, moment),
        _ => Err(Failure::by(&rules::METHOD, "Unknown method")),
    }
}

/// auth.
fn auth(world: &mut World, request: &Incoming, moment: &mut Moment<'_>) -> Result<Answer, Failure> {
    demand_json(request)?;
    let body = body(request)?;
    let text = |name: &str| {
        let text = body
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty());
        text.ok_or_else(|| Failure::by(&rules::CREDENTIALS, format!("{name} is required")))
    };
    let (partner, key) = (text("PARTNER")?, text("APIKEY")?);
    let account = world
        .account(partner)
        .filter(|account| account.api_key == key);
    let account = account
        .ok_or_else(|| Failure::by(&rules::API_KEY, "No valid API key provided"))?
        .clone();
    let token = new_token(&account, moment);
    world
        .own
        .tokens
        .insert(token.clone(), &account.partner, moment.now);
    let answer = json!({ "result": true, "response_status": 200, "token": token, "messages": ["Successful.."] });
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// Returns a new token. Only the vendor reads its content.
fn new_token(account: &Account, moment: &mut Moment<'_>) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = part(&json!({ "typ": "JWT", "alg": "HS256" }));
    let (issued, id) = (moment.now.as_second(), moment.random.uuid());
    let claims = part(&json!({ "sub": account.partner, "iat": issued, "jti": id }));
    let signed = format!("{header}.{claims}");
    let signature = signature(account, &signed);
    format!("{signed}.{signature}")
}

/// Returns the signature of a token.
fn signature(account: &Account, signed: &str) -> String {
    // HMAC accepts keys of every length, so the empty signature is never used.
    Hmac::<Sha256>::new_from_slice(account.api_key.as_bytes())
        .map(|mac| URL_SAFE_NO_PAD.encode(mac.chain_update(signed).finalize().into_bytes()))
        .unwrap_or_default()
}

/// Returns whether the token was issued to one of the accounts, and has expired if it is not alive.
fn was_issued(world: &World, token: &str) -> bool {
    token.rsplit_once('.').is_some_and(|(signed, given)| {
        world
            .accounts()
            .any(|account| signature(account, signed) == given)
    })
}

/// ident/create.
fn create(
    world: &mut World,
    request: &Incoming,
    moment: &mut Moment<'_>,
) -> Result<Answer, Failure> {
    let account = authorized(world, request, moment)?;
    let submitted = Submitted::parse(&body(request)?)?;
    let project = find_project(
        world,
        &account,
        submitted.text("project_id").unwrap_or_default(),
    )?;
    if !project.is_active() {
        return Err(Failure::by(
            &rules::PROJECT_ACTIVE,
            "The project is not active",
        ));
    }
    let id = add(world, &account, submitted, moment);
    let mut answer = Map::new();
    answer.insert("result".into(), true.into());
    answer.insert("messages".into(), json!([]));
    answer.insert("ident_id".into(), id.as_str().into());
    if account.conference_url {
        answer.insert(
            "conference_url".into(),
            format!("{}/apply/{id}", world.base(request, Own::PAGES)).into(),
        );
    }
    Ok(Answer::json(StatusCode::OK, &answer.into()))
}

/// Adds an ident, plans the end of its lifetime, and returns its id.
pub(super) fn add(
    world: &mut World,
    account: &Account,
    submitted: Submitted,
    moment: &mut Moment<'_>,
) -> String {
    let id = moment.random.uuid();
    let ident = Ident::new(id.clone(), account, submitted, moment.now);
    world.cases.insert(id.clone(), ident);
    moment.plan(later(moment.now, LIFETIME), &id, Effect::EndOfLife);
    id
}

/// ident/get.
fn ident(
    world: &mut World,
    request: &Incoming,
    id: &str,
    moment: &mut Moment<'_>,
) -> Result<Answer, Failure> {
    let account = authorized(world, request, moment)?;
    let ident = world
        .cases
        .get(id)
        .ok_or_else(|| Failure::by(&rules::IDENT, "Unknown ident"))?;
    if ident.gone {
        return Err(Failure::by(&rules::IDENT_LIFETIME, "Unknown ident"));
    }
    if ident.partner != account.partner {
        return Err(Failure::by(&rules::IDENT_OWNER, FORBIDDEN));
    }
    let answer = json!({ "result": true, "messages": [], "data": render::ident(ident) });
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// project/getAll.
fn projects(
    world: &mut World,
    request: &Incoming,
    moment: &mut Moment<'_>,
) -> Result<Answer, Failure> {
    let account = authorized(world, request, moment)?;
    let projects: Vec<Value> = account.projects.iter().map(render::project).collect();
    let answer =
        json!({ "result": true, "messages": [], "data": projects, "response_status": 200 });
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// project/get, by GET with a body.
fn project(
    world: &mut World,
    request: &Incoming,
    moment: &mut Moment<'_>,
) -> Result<Answer, Failure> {
    let account = authorized(world, request, moment)?;
    let body = body(request)?;
    let id = match body.get("project_id") {
        // A number in this sample, a string in every other.
        Some(Value::Number(number)) if number.is_u64() => number.to_string(),
        Some(Value::String(text)) if !text.is_empty() => text.clone(),
        _ => {
            return Err(Failure::by(&rules::PROJECT_ID, "project_id is required"));
        }
    };
    let project = find_project(world, &account, &id)?;
    let answer = json!({ "result": true, "messages": [], "data": render::project(&project), "response_status": 200 });
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// Returns the account of a request's headers. Every method requires the media type, even by GET.
fn authorized(
    world: &mut World,
    request: &Incoming,
    moment: &Moment<'_>,
) -> Result<Account, Failure> {
    let header = |name: &str| {
        let value = request.header(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| Failure::by(&rules::HEADERS, format!("{name} is required")))
    };
    let (partner, token) = (header("X-API-PARTNER")?, header("X-API-TOKEN")?);
    let invalid = |rule| Failure::by(rule, "The token is not valid or expired");
    match world.own.tokens.alive(token, IDLE, moment.now) {
        Some(token) if token.account == partner => token.used = moment.now,
        Some(_) => return Err(invalid(&rules::TOKEN_PARTNER)),
        None => {
            let is_expired = was_issued(world, token);
            return Err(invalid(if is_expired {
                &rules::TOKEN_EXPIRED
            } else {
                &rules::TOKEN
            }));
        }
    }
    demand_json(request)?;
    let account = world.account(partner).cloned();
    account.ok_or_else(|| invalid(&rules::TOKEN_PARTNER))
}

fn demand_json(request: &Incoming) -> Result<(), Failure> {
    if request.is_json() {
        Ok(())
    } else {
        Err(Failure::by(
            &rules::MEDIA_TYPE,
            "Content-Type must be application/json",
        ))
    }
}

fn body(request: &Incoming) -> Result<Map<String, Value>, Failure> {
    request
        .object()
        .ok_or_else(|| Failure::by(&rules::BODY, "The body must be a JSON object in UTF-8"))
}

/// Returns a project of the account. Another account's project is forbidden.
fn find_project(world: &World, account: &Account, id: &str) -> Result<Project, Failure> {
    if let Some(project) = account.projects.iter().find(|project| project.id == id) {
        return Ok(project.clone());
    }
    if world
        .accounts()
        .flat_map(|account| &account.projects)
        .any(|project| project.id == id)
    {
        return Err(Failure::by(&rules::PROJECT_OWNER, FORBIDDEN));
    }
    Err(Failure::by(&rules::PROJECT, "Unknown project"))
}

/// The message about another partner's data.
const FORBIDDEN: &str = "The API key has no permission for this";
