//! The part of the sandbox for a fictitious vendor, written from its document alone: an API key,
//! and verifications by our reference.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::client::Client;
use crate::exchange::{Answer, Incoming};
use crate::part::{self, Part, Summary, Verification};
use crate::scenario::{Ending, Plan};
use crate::state;
use crate::vendor::Setting;

const KEY: &str = "exampleApiKey";

type Moment<'a> = state::Moment<'a, &'static str>;
type World = part::World<Own>;

/// The vendor's own state: none.
#[derive(Debug, Default)]
pub(crate) struct Own;

#[derive(Debug)]
pub(crate) struct Case {
    name: String,
    state: &'static str,
    corrected: bool,
    attempt: u32,
}

impl Verification for Case {
    fn attempt(&mut self) -> &mut u32 {
        &mut self.attempt
    }
}

impl Part for Own {
    type Account = ();
    type Case = Case;
    /// A state that a verification reaches.
    type Effect = &'static str;

    const ID: &'static str = "example";
    const NAME: &'static str = "Example";
    const HOSTS: &'static [&'static str] = &["api.example.com"];
    const PAGES: &'static str = "https://example.com";
    const SCENARIOS: &'static [(&'static str, Ending)] = &[];
    const VERIFICATION: &'static str = "verification";
    const CREATE: &'static str = "/verifications/";
    const POLL: &'static str = "/verifications/";
    const DELETES: bool = true;

    fn settings(_: &World, base: &str) -> Vec<Setting> {
        vec![Setting::plain("base_url", format!("{base}/")), Setting::secret("api_key", KEY)]
    }

    fn report_to(_: &mut World, _: &str, _: &mut Moment<'_>) -> Result<(), String> {
        Ok(())
    }

    fn forgery(_: &World, reference: &str, _: &str) -> (String, Option<Value>) {
        (String::new(), Some(json!({ "reference": reference, "state": "passed" })))
    }

    fn plan(scenario: &str, _: Option<&str>, case: &mut Case, (): &(), _: Timestamp) -> Result<Plan<&'static str>, &'static str> {
        let states: &[&'static str] = match scenario {
            "happy" | "data-changed" => &["running", "passed"],
            "rejected" | "fraud" => &["running", "failed"],
            "fraud-in-review" => &["running", "review", "failed"],
            "aborted-then-success" => &["running", "waiting", "running", "passed"],
            "canceled-in-review" => &["running", "review", "canceled"],
            "expired" => &["expired"],
            "never-finishes" => &["running", "review"],
            "unknown-status" => &["running", "escalated"],
            _ => return Err("unknown scenario"),
        };
        case.corrected = scenario == "data-changed";
        let mut plan = Plan::default();
        for state in states {
            plan.later(1).say(&format!("the state was {state}")).effect(*state);
        }
        Ok(plan)
    }

    fn create(client: &mut Client<'_, Self>, reference: &str) -> Result<String, String> {
        let path = format!("/verifications/{reference}");
        let body = json!({ "name": "MUSTERMANN" });
        client.send(Method::PUT, &path, &[("x-api-key", KEY)], Some(&body))?;
        Ok(reference.to_owned())
    }

    fn delete(client: &mut Client<'_, Self>, id: &str) -> Result<(), String> {
        let path = format!("/verifications/{id}");
        client.send(Method::DELETE, &path, &[("x-api-key", KEY)], None).map(drop)
    }

    fn handle(world: &mut World, request: &Incoming, path: &[&str], _: &mut Moment<'_>) -> Answer {
        let [collection, id] = path else { return Answer::empty(StatusCode::NOT_FOUND) };
        if *collection == "go" {
            return Answer::page(StatusCode::OK, "Please show your document.");
        }
        if request.header("x-api-key") != Some(KEY) {
            return Self::failure(StatusCode::UNAUTHORIZED, 401);
        }
        match (&request.method, world.cases.get(id)) {
            (&Method::PUT, known) => {
                let body = request.object().unwrap_or_default();
                let Some(name) = body.get("name").and_then(Value::as_str) else {
                    return Self::failure(StatusCode::BAD_REQUEST, 400);
                };
                if known.is_none() {
                    let case = Case { name: name.to_owned(), state: "waiting", corrected: false, attempt: 0 };
                    world.cases.insert((*id).to_owned(), case);
                }
                Answer::json(StatusCode::OK, &json!(format!("{}/go/{id}", world.pages)))
            }
            (_, None) => Answer::empty(StatusCode::NOT_FOUND),
            (&Method::DELETE, Some(_)) => {
                world.cases.remove(id);
                Answer::empty(StatusCode::OK)
            }
            (_, Some(case)) => {
                let name = if case.corrected { "MUSTERMANN-GABLER" } else { &case.name };
                let seen = (case.state == "passed").then_some(name);
                let before = seen.filter(|_| case.corrected).map(|_| &case.name);
                let body = json!({ "reference": id, "state": case.state, "name": seen, "corrected_from": before });
                Answer::json(StatusCode::OK, &body)
            }
        }
    }

    fn happen(world: &mut World, id: &str, state: &'static str, _: &mut Moment<'_>) {
        if let Some(case) = world.cases.get_mut(id) {
            case.state = state;
        }
    }

    fn summary(_: &World, key: &str, case: &Case) -> Summary {
        Summary {
            id: key.to_owned(),
            vendor_id: key.to_owned(),
            reference: Some(key.to_owned()),
            state: case.state.to_owned(),
            is_over: false,
            hand_off: None,
            message: None,
        }
    }

    fn view(_: &World, _: &str, case: &Case) -> Value {
        json!({ "state": case.state })
    }

    fn failure(status: StatusCode, code: u16) -> Answer {
        Answer::json(status, &json!({ "error": code }))
    }
}
