//! The control plane's views of the state.

use serde_json::{Map, Value, json};

use super::routes;
use crate::clock::ClockMode;
use crate::exchange::Incoming;
use crate::mask::Mask;
use crate::record::{Detail, Recorded};
use crate::state::State;
use crate::vendor::{Entry, Listed, VENDORS};
use crate::world::Worlds;

/// The number of verifications of a page by default, and at most.
const PAGE: (usize, usize) = (100, 1000);

/// Returns the clock, the numbers of records, and the routes.
pub(super) fn overview(worlds: &Worlds) -> Value {
    let state = worlds.state();
    let (now, speed) = (worlds.clock.now(), worlds.clock.speed());
    let offset = state
        .wall_now()
        .map(|wall| now.duration_since(wall).as_secs());
    let mut answer = json!({
        "now": now.to_string(),
        "mode": ClockMode::of(speed),
        "speed": speed,
        "offset_seconds": offset,
        "next_due": state.next_due().map(|at| at.to_string()),
        "seed": worlds.seed,
        "requests": state.requests.len(),
        "callbacks": state.callbacks.len(),
    });
    if let Some(members) = answer.as_object_mut() {
        let vendors = VENDORS
            .iter()
            .map(|vendor| (vendor, (vendor.ids)(&state).len()));
        members.extend(vendors.map(|(vendor, count)| {
            (
                vendor.id.to_owned(),
                json!({ format!("{}s", vendor.verification): count }),
            )
        }));
        members.insert("routes".to_owned(), json!(routes::names()));
    }
    answer
}

/// Returns a page of the verifications of these vendors, the latest first.
pub(super) fn verifications(
    state: &State,
    vendors: &[&Entry],
    request: &Incoming,
) -> Result<Value, String> {
    let limit = parameter(request, "limit")?
        .unwrap_or(PAGE.0)
        .clamp(1, PAGE.1);
    let offset = parameter(request, "offset")?.unwrap_or(0);
    let mut all: Vec<Listed> = vendors
        .iter()
        .flat_map(|vendor| (vendor.list)(state))
        .collect();
    // A stable order: verifications of one instant stay in the order of their creation.
    all.reverse();
    all.sort_by_key(|listed| std::cmp::Reverse(listed.created_at));
    let total = all.len();
    let page: Vec<Value> = all.iter().skip(offset).take(limit).map(listed).collect();
    let end = offset.saturating_add(limit);
    let next = (end < total).then(|| format!("{}?limit={limit}&offset={end}", request.path));
    Ok(json!({ "verifications": page, "total": total, "next": next }))
}

/// Returns a verification with its timeline.
pub(super) fn verification(state: &State, vendor: &Entry, id: &str) -> Result<Value, String> {
    let known = (vendor.find)(state, id).ok_or_else(|| unknown(vendor))?;
    let mut value = listed(&known);
    if let Some(members) = value.as_object_mut() {
        members.insert("timeline".to_owned(), json!((vendor.timeline)(state, id)));
        members.insert("view".to_owned(), (vendor.view)(state, id)?);
        let address = (vendor.return_address)(state, id);
        members.insert("return_address".to_owned(), json!(address));
    }
    Ok(value)
}

fn listed(listed: &Listed) -> Value {
    let mut value = json!({ "ref": format!("{}/{}", listed.vendor, listed.summary.id) });
    if let (Some(members), Value::Object(facts)) = (value.as_object_mut(), json!(listed)) {
        members.extend(facts);
    }
    value
}

pub(super) fn unknown(vendor: &Entry) -> String {
    format!(
        "unknown {}: GET /_control/{}/verifications lists them",
        vendor.verification, vendor.id
    )
}

/// Returns the facts of a vendor.
pub(super) fn vendor(state: &State, vendor: &Entry) -> Value {
    let url = (vendor.pages)(state);
    let settings: Map<String, Value> = (vendor.settings)(state, &url)
        .into_iter()
        .map(|setting| (setting.key.to_owned(), json!(setting.value)))
        .collect();
    let pairs = |pairs: &[(&str, &str)], second: &str| -> Value {
        pairs
            .iter()
            .map(|(name, value)| json!({ "name": name, second: value }))
            .collect()
    };
    json!({
        "id": vendor.id,
        "name": vendor.name,
        "hosts": vendor.hosts,
        "url": url,
        "settings": settings,
        "scenarios": vendor.scenarios(),
        "steps": pairs(vendor.steps, "what"),
        "events": pairs(vendor.events, "cause"),
        "rules": vendor.rules,
        "routes": vendor.routes,
    })
}

/// Returns the requests after a number.
pub(super) fn requests(state: &State, request: &Incoming) -> Result<Value, String> {
    let after = parameter(request, "after")?.unwrap_or(0) as u64;
    // The records are sorted, and a follower wants the end of a long list.
    let new = state
        .requests
        .requests()
        .rev()
        .take_while(|request| request.number > after);
    let mut new: Vec<Value> = new.map(|request| json!(request)).collect();
    new.reverse();
    Ok(Value::Array(new))
}

/// Returns a request and its response, with masked values.
pub(super) fn request(state: &State, number: &str) -> Result<Value, String> {
    let (record, detail) = number
        .parse()
        .ok()
        .and_then(|number| state.requests.get(number))
        .ok_or("unknown request: GET /_control/requests lists them")?;
    let mut value = json!(record);
    let vendor = Entry::by_id(record.vendor)?;
    if let (Some(members), Some(detail)) = (value.as_object_mut(), detail) {
        let mask = Mask::new(vendor.public, state.options.shows_personal_data);
        members.extend(exchange(&mask, detail));
    }
    Ok(value)
}

/// Returns the callbacks after a number.
pub(super) fn callbacks(state: &State, request: &Incoming) -> Result<Value, String> {
    let after = parameter(request, "after")?.unwrap_or(0);
    let new = state
        .callbacks
        .iter()
        .rev()
        .take_while(|callback| callback.number > after);
    let mut new: Vec<Value> = new.map(|callback| json!(callback)).collect();
    new.reverse();
    Ok(Value::Array(new))
}

/// Returns a callback and its request, with masked values.
pub(super) fn callback(state: &State, number: usize) -> Result<Value, String> {
    let record = state
        .callbacks
        .get(number)
        .ok_or("unknown callback: GET /_control/callbacks lists them")?;
    let mut value = json!(record);
    let shows_all = state.options.shows_personal_data;
    let mask = Mask::new(Entry::by_id(record.vendor)?.public, shows_all);
    if let Some(members) = value.as_object_mut() {
        if let Some(sent) = state.callbacks.sent(number) {
            let (media_type, body) = sent.body.clone().unwrap_or_default();
            let recorded = Recorded::of_bytes(&body);
            let headers: Map<String, Value> = sent
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), json!(mask.header(name, value.as_bytes()))))
                .collect();
            let request = json!({
                "url": mask.address(&sent.url),
                "headers": headers,
                "media_type": media_type,
                "body": mask.body(Some(media_type), &recorded),
            });
            members.insert("request".to_owned(), request);
        }
        if shows_all {
            let attempts: Vec<Value> = record
                .attempts
                .iter()
                .map(|attempt| {
                    json!({ "at": attempt.at, "status": attempt.status, "reply": attempt.reply })
                })
                .collect();
            members.insert("attempts".to_owned(), json!(attempts));
        }
    }
    Ok(value)
}

fn exchange(mask: &Mask, detail: &Detail) -> Map<String, Value> {
    let query: Map<String, Value> = mask
        .parameters(&detail.query)
        .into_iter()
        .map(|(name, value)| (name, json!(value)))
        .collect();
    let sent: Map<String, Value> = detail
        .request_headers
        .iter()
        .map(|(name, value)| {
            let shown = mask.header(name.as_str(), value.as_bytes());
            (name.to_string(), json!(shown))
        })
        .collect();
    let answered: Map<String, Value> = detail
        .response_headers
        .iter()
        .map(|(name, value)| {
            (
                (*name).to_owned(),
                json!(mask.header(name, value.as_bytes())),
            )
        })
        .collect();
    let of_request = detail
        .request_headers
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    let of_response = detail
        .response_headers
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .map(|(_, value)| value.as_str());
    let side = |headers: Map<String, Value>, media_type: Option<&str>, body: &Recorded| {
        json!({
            "headers": headers,
            "body": mask.body(media_type, body),
            "body_bytes": body.length,
        })
    };
    Map::from_iter([
        ("query".to_owned(), json!(query)),
        (
            "request".to_owned(),
            side(sent, of_request, &detail.request_body),
        ),
        (
            "response".to_owned(),
            side(answered, of_response, &detail.response_body),
        ),
    ])
}

/// Returns a number in the query.
fn parameter(request: &Incoming, name: &str) -> Result<Option<usize>, String> {
    request
        .parameters()
        .into_iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| {
            value
                .parse()
                .map_err(|_| format!("invalid `{name}`: expected a whole number"))
        })
        .transpose()
}
