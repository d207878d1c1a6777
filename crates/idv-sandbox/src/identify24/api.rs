//! The methods, and who may call them.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::account::{Account, Project};
use super::create::Submitted;
use super::failure::Failure;
use super::ident::Ident;
use super::{LIFETIME, Moment, Planned, World, render};
use crate::clock::later;
use crate::exchange::{Answer, Incoming};

/// Answers a request to the API.
pub(super) fn handle(world: &mut World, request: &Incoming, path: &[&str], moment: &mut Moment<'_>) -> Result<Answer, Failure> {
    match (&request.method, path) {
        (&Method::POST, ["auth"]) => auth(world, request, moment),
        (&Method::POST, ["ident", "create"]) => create(world, request, moment),
        (&Method::GET, ["ident", "get", id]) => ident(world, request, id, moment),
        (&Method::GET, ["project", "getAll"]) => projects(world, request, moment),
        (&Method::GET, ["project", "get"]) => project(world, request, moment),
        _ => Err(Failure::not_found("There is no such method")),
    }
}

/// auth.
fn auth(world: &mut World, request: &Incoming, moment: &mut Moment<'_>) -> Result<Answer, Failure> {
    demand_json(request)?;
    let body = body(request)?;
    let text = |name: &str| {
        let text = body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        text.ok_or_else(|| Failure::bad(format!("{name} is required")))
    };
    let (partner, key) = (text("PARTNER")?, text("APIKEY")?);
    let account = world.account(partner).filter(|account| account.api_key == key);
    let partner = account.map(|account| account.partner.clone());
    let partner = partner.ok_or_else(|| Failure::unauthorized("No valid API key provided"))?;
    let token = world.tokens.issue(&partner, moment.now, moment.random);
    let answer = json!({ "result": true, "response_status": 200, "token": token, "messages": ["Successful.."] });
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// ident/create.
fn create(world: &mut World, request: &Incoming, moment: &mut Moment<'_>) -> Result<Answer, Failure> {
    let account = authorized(world, request, moment)?;
    let submitted = Submitted::parse(&body(request)?)?;
    let project = find_project(world, &account, submitted.text("project_id").unwrap_or_default())?;
    if !project.is_active() {
        return Err(Failure::failed("The project is not active"));
    }
    let id = moment.random.uuid();
    let ident = Ident::new(id.clone(), world.idents.len(), &account, submitted, moment.now);
    world.idents.insert(id.clone(), ident);
    moment.planned.push((later(moment.now, LIFETIME), Planned::EndOfLife(id.clone())));
    let mut answer = Map::new();
    answer.insert("result".into(), true.into());
    answer.insert("messages".into(), json!([]));
    answer.insert("ident_id".into(), id.as_str().into());
    if account.conference_url {
        answer.insert("conference_url".into(), format!("{}/apply/{id}", world.pages).into());
    }
    Ok(Answer::json(StatusCode::OK, &answer.into()))
}

/// ident/get.
fn ident(world: &mut World, request: &Incoming, id: &str, moment: &mut Moment<'_>) -> Result<Answer, Failure> {
    let account = authorized(world, request, moment)?;
    let ident = world.idents.get(id).filter(|ident| !ident.gone).ok_or_else(|| Failure::not_found("There is no such ident"))?;
    if ident.partner != account.partner {
        return Err(Failure::forbidden());
    }
    let answer = json!({ "result": true, "messages": [], "data": render::ident(ident) });
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// project/getAll.
fn projects(world: &mut World, request: &Incoming, moment: &mut Moment<'_>) -> Result<Answer, Failure> {
    let account = authorized(world, request, moment)?;
    let projects: Vec<Value> = account.projects.iter().map(render::project).collect();
    let answer = json!({ "result": true, "messages": [], "data": projects, "response_status": 200 });
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// project/get: by GET, and with a body.
fn project(world: &mut World, request: &Incoming, moment: &mut Moment<'_>) -> Result<Answer, Failure> {
    let account = authorized(world, request, moment)?;
    let body = body(request)?;
    let id = match body.get("project_id") {
        // A number in this sample, a text in every other.
        Some(Value::Number(number)) if number.is_u64() => number.to_string(),
        Some(Value::String(text)) if !text.is_empty() => text.clone(),
        _ => return Err(Failure::bad("project_id is required")),
    };
    let project = find_project(world, &account, &id)?;
    let answer = json!({ "result": true, "messages": [], "data": render::project(&project), "response_status": 200 });
    Ok(Answer::json(StatusCode::OK, &answer))
}

/// The account that a request's headers are of. The media type is required for every method, for those by GET too.
fn authorized(world: &mut World, request: &Incoming, moment: &Moment<'_>) -> Result<Account, Failure> {
    let header = |name: &str| {
        let value = request.header(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| Failure::unauthorized(&format!("{name} is required")))
    };
    let (partner, token) = (header("X-API-PARTNER")?, header("X-API-TOKEN")?);
    if !world.tokens.touch(token, partner, moment.now) {
        return Err(Failure::unauthorized("The token is not valid or expired"));
    }
    demand_json(request)?;
    world.account(partner).cloned().ok_or_else(|| Failure::unauthorized("The token is not valid or expired"))
}

fn demand_json(request: &Incoming) -> Result<(), Failure> {
    if request.media_type().eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Failure::bad("Content-Type must be application/json"))
}

fn body(request: &Incoming) -> Result<Map<String, Value>, Failure> {
    serde_json::from_slice(&request.body).map_err(|_| Failure::bad("The body must be a JSON object in UTF-8"))
}

/// A project of the account; one of another's is forbidden.
fn find_project(world: &World, account: &Account, id: &str) -> Result<Project, Failure> {
    if let Some(project) = account.projects.iter().find(|project| project.id == id) {
        return Ok(project.clone());
    }
    if world.accounts.iter().flat_map(|account| &account.projects).any(|project| project.id == id) {
        return Err(Failure::forbidden());
    }
    Err(Failure::not_found("There is no such project"))
}
