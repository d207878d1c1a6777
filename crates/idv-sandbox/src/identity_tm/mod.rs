//! The emulator of Identity.TM's customer API, document version 2.10aa.

pub(crate) mod account;
mod api;
mod case;
mod check;
mod client;
mod codes;
mod create;
mod crypt;
mod elements;
mod esign;
mod events;
mod failure;
mod files;
pub(crate) mod handle;
mod order;
mod page;
mod pages;
mod password;
mod render;
mod results;
mod reuse;
mod routes;
mod rules;
mod sample;
pub(crate) mod scenario;
mod steps;
mod tan;

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use self::account::Account;
use self::case::{Case, Status};
use self::scenario::Plan;
use crate::callback::Callback;
use crate::client::Client;
use crate::control::body;
use crate::exchange::{Answer, Incoming};
use crate::part::{self, Part, Summary, Verification as _};
use crate::person::PersonPage;
use crate::rule::{Route, Rule};
use crate::scenario::Ending;
use crate::state;
use crate::vendor::{Setting, with_secret};

/// The context of a request, and its effects beside the response.
pub(crate) type Moment<'a> = state::Moment<'a, Effect>;

/// The state of Identity.TM.
pub(crate) type World = part::World<Own>;

/// The vendor's own state.
#[derive(Debug, Default)]
pub(crate) struct Own {
    /// The e-mail addresses with a sign-me account, and whether the account can sign.
    sign_me: HashMap<String, bool>,
    /// The TANs for changes of an account's password (9.2), by user name.
    password_tans: HashMap<String, String>,
}

/// An event of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The order reaches a status: kind and sub-kind.
    Status(u32, Option<u32>),
    /// The agent corrects the submitted data.
    Changed,
    /// The document contains this date of birth.
    Born(&'static str),
    /// The result will contain no name.
    Nameless,
    /// The person proves control of the phone.
    MobileVerified,
    /// The order times out, unless the person has completed their part (4.1).
    TimeOut,
    /// The vendor deletes the data.
    Delete,
    /// The recording becomes available, and this address is notified (3.9).
    VideoReady(String),
}

impl Part for Own {
    type Account = Account;
    type Case = Case;
    type Effect = Effect;

    const ID: &'static str = "identity-tm";
    const NAME: &'static str = "Identity.TM";
    const HOSTS: &'static [&'static str] = &["customer.identity.tm", "www.identity.tm"];
    const PAGES: &'static str = "https://www.identity.tm";
    const API: &'static str = "/api/2.10/";
    const SCENARIOS: &'static [(&'static str, Ending)] = scenario::SCENARIOS;
    const OWN_ROUTES: &'static [(&'static str, &'static str, &'static str)] = &[
        (
            "GET",
            "accounts/{id}/phone",
            "Returns the TAN on the phone of the account's owner",
        ),
        (
            "POST",
            "orders/{id}/status",
            "Sets a status with its sub-kind",
        ),
    ];
    const VERIFICATION: &'static str = "order";
    const CREATE: &'static str = "/putOrder";
    const POLL: &'static str = "/getStatus";
    const ROUTES: &'static [Route] = routes::ROUTES;
    const RULES: &'static [&'static Rule] = rules::ALL;
    const PUBLIC: &'static [&'static str] = PUBLIC;
    const STEPS: &'static [(&'static str, &'static str)] = steps::STEPS;
    const ABANDON: &'static str = "person-aborts";
    const DELETES: bool = true;
    const EVENTS: &'static [(&'static str, &'static str)] = sample::EVENTS;

    fn settings(world: &World, base: &str) -> Vec<Setting> {
        vec![
            Setting::plain("user", &world.first.user),
            Setting::plain("base_url", format!("{base}{}", Self::API)),
            // With images inside, a result has no place for the submitted data, and shows no
            // changes.
            Setting::plain("images", "separate"),
            // Only the second webhook reports a suspicion after the end.
            Setting::plain("webhooks", "on_final, on_status_change"),
            Setting::secret("password", &world.first.password),
            Setting::callback_secret(),
        ]
    }

    /// The addresses are those for orders without their own (2.6). The account selects the codes of
    /// status changes.
    fn report_to(world: &mut World, url: &str, moment: &mut Moment<'_>) -> Result<(), String> {
        moment.reach.demand(Some(url))?;
        let url = with_secret(url);
        let address = |event| Some(sample::address(&url, event));
        world.first.webhooks.on_final = address("OnFinal");
        world.first.webhooks.on_status_change = address("OnStatusChange");
        world.first.status_change_kinds = vec![89];
        Ok(())
    }

    fn forgery(_: &World, reference: &str, order: &str) -> (String, Option<Value>) {
        (
            format!("event=OnStatusChange&orderId={order}&ref={reference}&statusCode=6"),
            None,
        )
    }

    fn failure(status: StatusCode, code: u16) -> Answer {
        let text = if code == 401 {
            "Token expired"
        } else {
            "Internal error"
        };
        Answer::json(status, &json!({ "Error": text }))
    }

    /// See section 2.6.2.
    fn accepts(status: u16) -> bool {
        matches!(status, 200 | 202)
    }

    /// Returns the time before the next attempt at a webhook (2.6.2).
    fn again(_tries: u32, since_first_try: Duration) -> Option<Duration> {
        const FIRST: Duration = Duration::from_millis(86_400);
        const MINUTES: Duration = Duration::from_secs(864);
        const HOURS: Duration = Duration::from_secs(12 * 3600);
        const NIGHTS: Duration = Duration::from_secs(6 * 24 * 3600);
        let next = if since_first_try < FIRST {
            FIRST
        } else if since_first_try < MINUTES {
            (since_first_try + Duration::from_secs(60)).min(MINUTES)
        } else if since_first_try < HOURS {
            (since_first_try + Duration::from_secs(3600)).min(HOURS)
        } else {
            since_first_try + Duration::from_secs(24 * 3600)
        };
        (next <= NIGHTS).then(|| next.saturating_sub(since_first_try))
    }

    fn plan(
        scenario: &str,
        _: Option<&str>,
        case: &mut Case,
        account: &Account,
        _: Timestamp,
    ) -> Result<Plan, &'static str> {
        scenario::plan(scenario, case, account)
    }

    fn step(
        name: &str,
        case: &mut Case,
        account: &Account,
        _: Timestamp,
    ) -> Result<Plan, &'static str> {
        steps::plan(name, case, account)
    }

    fn person(world: &World, order: &str) -> Option<PersonPage> {
        page::of(world, order)
    }

    fn return_address(world: &World, order: &str) -> Option<String> {
        pages::return_address(world, order)
    }

    fn sample(world: &mut World, url: &str, moment: &mut Moment<'_>) -> Result<String, String> {
        sample::create(world, url, moment)
    }

    fn create(client: &mut Client<'_, Self>, reference: &str) -> Result<String, String> {
        client::create(client, reference)
    }

    fn delete(client: &mut Client<'_, Self>, id: &str) -> Result<(), String> {
        client::delete(client, id)
    }

    fn handle(
        world: &mut World,
        request: &Incoming,
        path: &[&str],
        moment: &mut Moment<'_>,
    ) -> Answer {
        match path {
            ["api", version, path @ ..] => api::handle(world, request, version, path, moment)
                .unwrap_or_else(|failure| failure::answer(&failure)),
            path if request.method == Method::GET => pages::handle(world, path),
            _ => failure::answer(&failure::no_such_method(&rules::BASE_PATH)),
        }
    }

    fn happen(world: &mut World, order: &str, effect: Effect, moment: &mut Moment<'_>) {
        let Some((case, account, _)) = world.find(order) else {
            return;
        };
        match effect {
            Effect::Status(kind, sub_kind) => world.reach(order, kind, sub_kind, moment),
            Effect::Changed => case.changed = true,
            Effect::Born(date) => case.born = Some(date),
            Effect::Nameless => case.nameless = true,
            Effect::MobileVerified => case.mobile_verified = true,
            Effect::TimeOut => {
                let waits_for_person = !case.conducted || case.identified.is_some();
                if !case.is_final() && waits_for_person {
                    let kind = if case.identified.is_some() { 100 } else { 99 };
                    events::reach(case, account, kind, None, moment);
                    // "Invalidates and deletes the order" (2.4).
                    delete(case);
                }
            }
            Effect::Delete => delete(case),
            Effect::VideoReady(url) => {
                if !case.deleted {
                    case.video_ready = true;
                    moment
                        .callbacks
                        .push(Callback::new("VideoReady", &case.id, Method::GET, url));
                }
            }
        }
    }

    fn summary(world: &World, key: &str, case: &Case) -> Summary {
        Summary {
            id: key.to_owned(),
            vendor_id: case.id.clone(),
            reference: Some(case.submitted.reference().to_owned())
                .filter(|reference| !reference.is_empty()),
            state: state(case),
            is_over: case.is_over(),
            hand_off: Some(format!("{}/status/{}", world.pages, case.token)),
            message: case.tan.as_ref().map(|tan| tan.text.clone()),
        }
    }

    fn view(_: &World, _: &str, case: &Case) -> Value {
        let status = |status: &Status| json!({ "kind": status.kind, "sub_kind": status.sub_kind, "at": status.at.to_string() });
        let mail = |(kind, address): &(&str, String)| json!({ "kind": kind, "address": address });
        json!({
            "user": case.user,
            "ref": case.submitted.reference(),
            "product": case.submitted.product,
            "add": case.submitted.add,
            "unknown": case.submitted.unknown,
            "statuses": case.statuses.iter().map(status).collect::<Vec<_>>(),
            "final": case.is_final(),
            "deleted": case.deleted,
            "phone": case.tan.as_ref().map(|tan| json!({ "number": tan.number, "tan": tan.code, "text": tan.text })),
            "mails": case.mails.iter().map(mail).collect::<Vec<_>>(),
        })
    }

    fn control(
        world: &mut World,
        request: &Incoming,
        path: &[&str],
        moment: &mut Moment<'_>,
    ) -> Option<Result<Value, String>> {
        match (&request.method, path) {
            (&Method::GET, ["accounts", user, "phone"]) => Some(phone(world, user)),
            (&Method::POST, ["orders", order, "status"]) => {
                Some(body(request).and_then(|set| set_status(world, order, &set, moment)))
            }
            _ => None,
        }
    }
}

/// The names whose values the inspector shows: codes, flags, times and ids of the vendor.
const PUBLIC: &[&str] = &[
    "Accept",
    "Content-Length",
    "Content-Type",
    "Date",
    "Host",
    "User-Agent",
    "WWW-Authenticate",
    "X-Sandbox-Refusal",
    "Add",
    "CaptureImages",
    "DisableEID",
    "EnableOCR",
    "Error",
    "Executed",
    "FirstOrderID",
    "FraudAttempt",
    "Identitfied",
    "IdentifyMethod",
    "Kind",
    "Lang",
    "NoVideoFallback",
    "OcrStatus",
    "OffsetPosX",
    "OffsetPosY",
    "OrderID",
    "Page",
    "PosX",
    "PosY",
    "Product",
    "SecurityCheckFailed",
    "SignatureHeight",
    "SignatureOffsetPosX",
    "SignatureOffsetPosY",
    "SignaturePage",
    "SignaturePosX",
    "SignaturePosY",
    "SignatureWidth",
    "SignedDataAccepted",
    "SubKind",
    "Time",
    "Type",
    "VerifyMobileNumber",
    "apiAvailable",
    "assureIdAvailable",
    "autoIdentAvailable",
    "autoldentAvailable",
    "eIdUsed",
    "eldUsed",
    "event",
    "extDocumentType",
    "fesAvailable",
    "fesServerAlive",
    "getAutoIdLink",
    "getAutoldLink",
    "getDeepLink",
    "getTargetLink",
    "getVideoHashes",
    "iProovAvailable",
    "mailingAvailable",
    "orderId",
    "qesAvailable",
    "readIdAvailable",
    "serverAlive",
    "signatureType",
    "smsTanAvailable",
    "statusCode",
    "videoAvailable",
];

/// Returns the latest status with its meaning.
fn state(case: &Case) -> String {
    let Some(status) = case.statuses.last() else {
        return "no status".to_owned();
    };
    let meaning = codes::code(status.kind).map_or("not documented", |code| code.meaning);
    let sub_kind = status
        .sub_kind
        .map_or_else(String::new, |sub_kind| format!("/{sub_kind}"));
    let deleted = if case.deleted { ", data deleted" } else { "" };
    format!("{}{sub_kind} {meaning}{deleted}", status.kind)
}

/// A status that the control plane sets.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Set {
    kind: u32,
    #[serde(default)]
    sub_kind: Option<u32>,
}

/// Sets a status. After the end, only statuses that end nothing are possible.
fn set_status(
    world: &mut World,
    order: &str,
    set: &Set,
    moment: &mut Moment<'_>,
) -> Result<Value, String> {
    if set
        .sub_kind
        .is_some_and(|sub_kind| !codes::has_sub_kind(set.kind, sub_kind))
    {
        return Err("unknown sub-kind of the kind".to_owned());
    }
    if world
        .cases
        .get(order)
        .is_some_and(|case| case.is_final() && case.ends(set.kind))
    {
        return Err("the order is over".to_owned());
    }
    world.reach(order, set.kind, set.sub_kind, moment);
    world.view(order)
}

/// Returns the content of the phone with the account's registered number (9.2).
fn phone(world: &World, user: &str) -> Result<Value, String> {
    let account = world.account(user).ok_or("unknown account")?;
    Ok(json!({ "number": account.mobile, "tan": world.own.password_tans.get(user) }))
}

impl World {
    /// Applies a status and its consequences.
    fn reach(&mut self, order: &str, kind: u32, sub_kind: Option<u32>, moment: &mut Moment<'_>) {
        // Another signer has the same number (3.1.1.2).
        let is_shared = kind == 84 && shares_phone(self, order);
        let Some((case, account, own)) = self.find(order) else {
            return;
        };
        if kind == 71 {
            tan::show(case, sub_kind, moment);
        }
        if is_shared {
            case.attempt += 1;
            return events::reach(case, account, 29, Some(65), moment);
        }
        events::reach(case, account, kind, sub_kind, moment);
        if let Some(email) = case
            .submitted
            .text(&["Email"])
            .map(|email| email.trim().to_lowercase())
        {
            match kind {
                94 => drop(own.sign_me.entry(email).or_insert(false)),
                95 => drop(own.sign_me.insert(email, true)),
                _ => {}
            }
        }
    }
}

/// Deletes the data. The order's history stays, so that a customer who learns of its end can still
/// query it.
fn delete(case: &mut Case) {
    case.attempt += 1;
    case.deleted = true;
    case.tan = None;
    case.reused = None;
    case.submitted.forget();
}

/// Returns whether another person of a common signature has the same number (3.1.1.2).
fn shares_phone(world: &World, order: &str) -> bool {
    let Some(case) = world.cases.get(order) else {
        return false;
    };
    let first_of = |case: &Case| {
        case.submitted
            .text(&["MultiSignOptions", "FirstOrderID"])
            .map_or_else(|| case.id.clone(), str::to_owned)
    };
    let (first, number) = (first_of(case), case.submitted.mobile());
    let numbers: HashSet<&str> = world
        .cases
        .values()
        .filter(|other| other.id != case.id && other.user == case.user && first_of(other) == first)
        .filter_map(|other| other.submitted.mobile())
        .collect();
    number.is_some_and(|number| numbers.contains(number))
}
