//! The emulator of VerificarIdentidad 3.0, Mensatek's identity verification.

pub(crate) mod account;
pub(crate) mod answer;
mod api;
mod block;
mod case;
mod certificate;
mod charset;
mod client;
mod finding;
pub(crate) mod handle;
mod pages;
mod parameters;
mod php;
mod report;
mod rules;
mod sample;
pub(crate) mod scenario;
mod send;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Number, Value, json};

use self::account::Account;
use self::block::Block;
use self::case::{Access, Case, estado};
use self::finding::{ANOTHER_NUMBER, Finding};
use self::handle::PhoneMessage;
use self::scenario::Plan;
use crate::client::Client;
use crate::control::body;
use crate::exchange::{Answer, Incoming};
use crate::part::{self, Part, Summary, Verification as _};
use crate::person::PersonPage;
use crate::rule::{Refusal, Route, Rule};
use crate::scenario::Ending;
use crate::state;
use crate::vendor::{CALLBACK_SECRET, Setting, with_secret};

/// The context of a request, and its effects beside the response.
pub(crate) type Moment<'a> = state::Moment<'a, Effect>;

/// The state of the vendor.
pub(crate) type World = part::World<Own>;

/// The vendor's own state.
#[derive(Debug, Default)]
pub(crate) struct Own {
    /// The requests whose message has arrived, in the order of arrival.
    messages: Vec<String>,
    block: Block,
}

/// An event of a request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Effect {
    /// The message arrives on the person's phone.
    Message,
    /// The request reaches a status.
    Status(i64),
    /// The process has this finding.
    Finding(Finding),
}

impl Part for Own {
    type Account = Account;
    type Case = Case;
    type Effect = Effect;

    const ID: &'static str = "verificar-identidad";
    const NAME: &'static str = "VerificarIdentidad";
    // The API, and the pages for persons.
    const HOSTS: &'static [&'static str] = &["api.mensatek.com", "www.mensatek.com"];
    const PAGES: &'static str = "https://www.mensatek.com";
    const SCENARIOS: &'static [(&'static str, Ending)] = scenario::SCENARIOS;
    const OWN_ROUTES: &'static [(&'static str, &'static str, &'static str)] = &[
        ("GET", "messages", "Lists the messages on people's phones"),
        (
            "GET",
            "phones/{number}",
            "Lists the messages on a person's phone",
        ),
        (
            "POST",
            "requests/{id}/status",
            "Sets a status with its finding",
        ),
    ];
    const VERIFICATION: &'static str = "request";
    const CREATE: &'static str = "/VerificarIdentidad";
    const POLL: &'static str = "/VerificarIdentidad";
    /// The document states no times; three further attempts.
    const RETRY_MINUTES: &'static [u64] = &[1, 5, 30];
    const ROUTES: &'static [Route] = rules::ROUTES;
    const RULES: &'static [&'static Rule] = rules::ALL;
    /// The other parameters of reports and results describe the person.
    const PUBLIC: &'static [&'static str] = &[
        "accept",
        "allow",
        "content-length",
        "content-type",
        "date",
        "host",
        "user-agent",
        "x-sandbox-refusal",
        "Cred",
        "CredNecesarios",
        "Estado",
        "FechaEnvio",
        "ID",
        "Res",
        "Resp",
        "Servicio",
        "UltimaActualizacion",
        "idMensaje",
    ];
    const STEPS: &'static [(&'static str, &'static str)] = scenario::STEPS;
    const ABANDON: &'static str = "close-page";
    const EVENTS: &'static [(&'static str, &'static str)] = sample::EVENTS;

    fn settings(world: &World, base: &str) -> Vec<Setting> {
        vec![
            Setting::plain("user", &world.first.user),
            Setting::plain("base_url", base),
            Setting::secret("token", &world.first.token),
            Setting::callback_secret(),
        ]
    }

    fn report_to(world: &mut World, url: &str, _: &mut Moment<'_>) -> Result<(), String> {
        let url = if world.first.report_user.is_some() {
            url.to_owned()
        } else {
            with_secret(url)
        };
        Ok(world.configure(Account {
            callback_url: Some(url),
            ..world.first.clone()
        })?)
    }

    fn prove_by_password(world: &mut World) -> Option<Vec<Setting>> {
        world.first.report_user = Some("sandbox".to_owned());
        world.first.report_password = CALLBACK_SECRET.to_owned();
        Some(vec![
            Setting::plain("callback_user", "sandbox"),
            Setting::secret("callback_password", CALLBACK_SECRET),
        ])
    }

    fn expect(world: &mut World, family_name: &str) {
        world.first.person = account::Person::erika(family_name);
    }

    fn forgery(_: &World, _: &str, id: &str) -> (String, Option<Value>) {
        (
            String::new(),
            Some(json!({ "Servicio": "VERIFICACION_IDENTIDAD", "ID": id, "Estado": "5100" })),
        )
    }

    fn failure(status: StatusCode, code: u16) -> Answer {
        Answer::json(
            status,
            &json!([{ "Res": if code == 401 { -1 } else { -5 } }]),
        )
    }

    fn plan(
        scenario: &str,
        _: Option<&str>,
        case: &mut Case,
        account: &Account,
        now: Timestamp,
    ) -> Result<Plan, &'static str> {
        scenario::plan(scenario, case, account, now)
    }

    fn step(name: &str, case: &mut Case, _: &Account, _: Timestamp) -> Result<Plan, &'static str> {
        scenario::step(name, case)
    }

    fn person(world: &World, key: &str) -> Option<PersonPage> {
        let case = world.cases.get(key).filter(|case| case.is_sent)?;
        Some(pages::of(case))
    }

    fn sample(world: &mut World, _: &str, moment: &mut Moment<'_>) -> Result<String, String> {
        sample::create(world, moment)
    }

    fn create(client: &mut Client<'_, Self>, reference: &str) -> Result<String, String> {
        client::create(client, reference)
    }

    fn handle(
        world: &mut World,
        request: &Incoming,
        path: &[&str],
        moment: &mut Moment<'_>,
    ) -> Answer {
        match path {
            ["vi", token] => pages::handle(world, request, token, moment),
            ["v7", function] | [function] => api::handle(world, request, function, moment),
            _ => Answer::nothing_here().refused(Refusal::by(&rules::FUNCTION)),
        }
    }

    fn happen(world: &mut World, id: &str, effect: Effect, moment: &mut Moment<'_>) {
        let Some((case, account, own)) = world.find(id) else {
            return;
        };
        match effect {
            Effect::Message => {
                case.is_sent = true;
                own.messages.push(id.to_owned());
            }
            Effect::Status(status) => reach(case, account, status, moment),
            Effect::Finding(finding) => case.finding = finding,
        }
    }

    fn summary(world: &World, key: &str, case: &Case) -> Summary {
        Summary {
            id: key.to_owned(),
            vendor_id: case.id.clone(),
            reference: None,
            state: case.state(),
            is_over: case.is_over(),
            // The link is in the message alone.
            hand_off: case
                .is_sent
                .then(|| format!("{}/vi/{}", world.pages, case.token)),
            message: case.is_sent.then(|| case.message.clone()),
        }
    }

    fn view(world: &World, id: &str, case: &Case) -> Value {
        let status =
            |(status, at): &(i64, Timestamp)| json!({ "estado": status, "at": at.to_string() });
        json!({
            "id": case.id,
            "phone": case.phone,
            "dni": case.wanted,
            "send_at": case.send_at.to_string(),
            "message": messages(world).into_iter().find(|message| message.id == id),
            "statuses": case.statuses.iter().map(status).collect::<Vec<_>>(),
            "accesses": case.accesses.len(),
            "final": case.is_final(),
        })
    }

    fn control(
        world: &mut World,
        request: &Incoming,
        path: &[&str],
        moment: &mut Moment<'_>,
    ) -> Option<Result<Value, String>> {
        match (&request.method, path) {
            (&Method::GET, ["messages"]) => Some(Ok(json!(messages(world)))),
            (&Method::GET, ["phones", number]) => {
                let messages = messages(world)
                    .into_iter()
                    .filter(|message| message.to == *number);
                Some(Ok(json!(messages.collect::<Vec<_>>())))
            }
            (&Method::POST, ["requests", id, "status"]) => {
                Some(body(request).and_then(|set| set_status(world, id, &set, moment)))
            }
            _ => None,
        }
    }
}

/// A status that the control plane sets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    estado: i64,
    /// The reason of a result that is not positive, or the similarity.
    #[serde(default)]
    resultado: Option<Number>,
}

/// Sets a status and, if given, the finding.
fn set_status(
    world: &mut World,
    id: &str,
    set: &Set,
    moment: &mut Moment<'_>,
) -> Result<Value, String> {
    let (case, account) = world.find_open(id)?;
    if let Some(number) = &set.resultado {
        let finding = Finding::by(number)
            .ok_or("invalid resultado: expected -1 to -9 except -7, or 0 to 100 percent")?;
        if finding.is(ANOTHER_NUMBER) && case.wanted.is_none() {
            return Err("the request contains no number that could differ".to_owned());
        }
        case.finding = finding;
    }
    reach(case, account, set.estado, moment);
    world.view(id)
}

/// Returns the messages on people's phones, in order.
fn messages(world: &World) -> Vec<PhoneMessage> {
    let message = |case: &Case| PhoneMessage {
        id: case.id.clone(),
        to: case.phone.clone(),
        from: case.sender.clone(),
        text: case.message.clone(),
    };
    world
        .own
        .messages
        .iter()
        .filter_map(|id| world.cases.get(id))
        .map(message)
        .collect()
}

/// Applies a status and sends the report.
fn reach(case: &mut Case, account: &Account, status: i64, moment: &mut Moment<'_>) {
    case.statuses.push((status, moment.now));
    if status == estado::ACCESSED {
        let port = 1024 + moment.random.number(60_000);
        case.accesses.push(Access {
            at: moment.now,
            port,
        });
    }
    report::tell(case, account, moment);
}

/// Returns an unused identifier.
fn new_id(world: &World, moment: &mut Moment<'_>) -> String {
    loop {
        let id = (200_000_000 + moment.random.number(1_800_000_000)).to_string();
        if !world.cases.contains_key(&id) {
            return id;
        }
    }
}
