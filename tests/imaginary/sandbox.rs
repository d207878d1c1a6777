//! The part of the sandbox for a vendor that does not exist, by its document alone: an API key, and verifications by our reference.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::clock::later;
use crate::exchange::{Answer, Incoming};
use crate::scenario::{Ending, Plan, Step};
use crate::vendor::{Part, Setting};
use crate::world::{Moment, State};

const KEY: &str = "exampleApiKey";

/// Everything at the vendor.
#[derive(Debug)]
pub(crate) struct World {
    cases: BTreeMap<String, Case>,
    created: usize,
    pages: String,
}

#[derive(Debug)]
struct Case {
    number: usize,
    name: String,
    state: String,
    corrected: bool,
}

/// A state that a verification is to reach.
#[derive(Debug)]
pub(crate) struct Planned {
    id: String,
    state: &'static str,
}

impl Part for World {
    type Planned = Planned;

    const ID: &'static str = "example";
    const NAME: &'static str = "Example";
    const HOSTS: &'static [&'static str] = &["api.example.com"];
    const SCENARIOS: &'static [(&'static str, Ending)] = &[];
    const VERIFICATIONS: &'static str = "verifications";
    const CREATE: &'static str = "/verifications/";
    const POLL: &'static str = "/verifications/";

    fn new() -> Self {
        Self { cases: BTreeMap::new(), created: 0, pages: "https://example.com".to_owned() }
    }

    fn serve_pages_at(&mut self, base: String) {
        self.pages = base;
    }

    fn pages(&self) -> &str {
        &self.pages
    }

    fn ids(&self) -> Vec<String> {
        let mut cases: Vec<(&String, &Case)> = self.cases.iter().collect();
        cases.sort_by_key(|(_, case)| case.number);
        cases.into_iter().map(|(id, _)| id.clone()).collect()
    }

    fn settings(&self, base: &str) -> Vec<Setting> {
        vec![Setting::plain("base_url", format!("{base}/")), Setting::secret("api_key", KEY)]
    }

    fn report_to(&mut self, _: &str, _: &mut Moment<'_, Planned>) -> Result<(), String> {
        Ok(())
    }

    fn forgery(&self, reference: &str, _: &str) -> (String, Option<Value>) {
        (String::new(), Some(json!({ "reference": reference, "state": "passed" })))
    }

    fn play(&mut self, id: &str, scenario: &str, moment: &mut Moment<'_, Planned>) -> Result<Vec<Step>, &'static str> {
        let states: &[&'static str] = match scenario {
            "happy" | "data-changed" => &["running", "passed"],
            "rejected" | "fraud" => &["running", "failed"],
            "fraud-in-review" => &["running", "review", "failed"],
            "aborted-then-success" => &["running", "waiting", "running", "passed"],
            "canceled-in-review" => &["running", "review", "canceled"],
            "expired" => &["expired"],
            "never-finishes" => &["running", "review"],
            "unknown-status" => &["running", "escalated"],
            _ => return Err("there is no such scenario"),
        };
        let case = self.cases.get_mut(id).ok_or("there is no such verification")?;
        case.corrected = scenario == "data-changed";
        let mut plan = Plan::default();
        for state in states {
            plan.later(1).say(&format!("the state was {state}")).effect(*state);
        }
        for (after, state) in plan.effects {
            let at = later(moment.now, Duration::from_secs(after));
            moment.planned.push((at, Planned { id: id.to_owned(), state }));
        }
        Ok(plan.steps)
    }

    fn handle(&mut self, request: &Incoming, _: &mut Moment<'_, Planned>) -> Answer {
        let segments = request.segments();
        let [collection, id] = segments.as_slice() else { return Answer::empty(StatusCode::NOT_FOUND) };
        if collection == "go" {
            return Answer::page(StatusCode::OK, "Please show your document.");
        }
        if request.header("x-api-key") != Some(KEY) {
            return Self::failure(StatusCode::UNAUTHORIZED, 401);
        }
        match (&request.method, self.cases.get(id)) {
            (&Method::PUT, known) => {
                let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
                let Some(name) = body.get("name").and_then(Value::as_str) else {
                    return Self::failure(StatusCode::BAD_REQUEST, 400);
                };
                if known.is_none() {
                    self.created += 1;
                    let (number, state) = (self.created, "waiting".to_owned());
                    self.cases.insert(id.clone(), Case { number, name: name.to_owned(), state, corrected: false });
                }
                Answer::json(StatusCode::OK, &json!(format!("{}/go/{id}", self.pages)))
            }
            (_, None) => Answer::empty(StatusCode::NOT_FOUND),
            (&Method::DELETE, Some(_)) => {
                self.cases.remove(id);
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

    fn happen(&mut self, planned: &Planned, _: &mut Moment<'_, Planned>) {
        if let Some(case) = self.cases.get_mut(&planned.id) {
            case.state = planned.state.to_owned();
        }
    }

    fn control(_: &mut State, _: Timestamp, _: &Incoming, _: &[&str]) -> Option<Result<Value, String>> {
        None
    }

    fn failure(status: StatusCode, code: u16) -> Answer {
        Answer::json(status, &json!({ "error": code }))
    }

    fn again(_: u32, _: Duration) -> Option<Duration> {
        None
    }
}
