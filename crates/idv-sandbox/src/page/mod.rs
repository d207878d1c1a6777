//! The sandbox's page: verifications, callbacks, requests, faults, the clock, and settings.
//!
//! The page works by links and forms. A script keeps it live and adds nothing else.

mod callbacks;
mod faults;
pub(crate) mod layout;
pub(crate) mod live;
mod requests;
mod settings;
mod verifications;

use std::time::Duration;

use http::{Method, StatusCode};

use crate::clock::later;
use crate::command::{Command, Outcome};
use crate::exchange::{Answer, Incoming};
use crate::guard;
use crate::person::{self, Choice};
use crate::route::Port;
use crate::world::Worlds;
use layout::View;

/// The path of the page.
pub(crate) const PATH: &str = "/_page/";

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const ICON: &str = include_str!("icon.svg");

/// Returns whether a path belongs to the page or to the person's page.
pub(crate) fn is_own(path: &str) -> bool {
    path == "/_page" || path.starts_with(PATH) || path.starts_with("/_person/")
}

/// Returns whether a browser navigates to an address.
pub(crate) fn is_browser(request: &Incoming) -> bool {
    let accepted = request.header("accept");
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// Answers a request to the page.
pub(crate) async fn handle(worlds: &Worlds, port: Port, request: &Incoming) -> Answer {
    if let Some(threat) = guard::threat(worlds, request) {
        return Answer::page(threat.status(), threat.text());
    }
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match (&request.method, path.as_slice()) {
        (&Method::GET, [""] | ["_page"]) => show(worlds, port, request, &[]),
        (&Method::GET, ["_page", path @ ..]) => show(worlds, port, request, path),
        (&Method::POST, ["_page", path @ ..]) => {
            let done = act(worlds, request, path).await;
            let state = worlds.state();
            let view = View::new(worlds, &state, request, port);
            match done {
                Ok(Done::Back) => layout::see_other(view.back()),
                Ok(Done::At(place)) => layout::see_other(place),
                Err(Failed::Unknown) => view.problem(StatusCode::NOT_FOUND, "Unknown action."),
                Err(Failed::Refused(problem)) => view.problem(StatusCode::CONFLICT, &problem),
            }
        }
        (&Method::POST, ["_person", vendor, id, choice]) => {
            choose(worlds, port, request, vendor, id, choice).await
        }
        (&Method::GET | &Method::POST, _) => not_found(worlds, port, request),
        _ => Answer::empty(StatusCode::METHOD_NOT_ALLOWED).with_header("allow", "GET, POST"),
    }
}

/// The result of an action.
enum Done {
    /// Back to the view with the button.
    Back,
    /// To another address.
    At(String),
}

/// The reason of an impossible action.
enum Failed {
    Unknown,
    Refused(String),
}

impl From<String> for Failed {
    fn from(problem: String) -> Self {
        Self::Refused(problem)
    }
}

fn show(worlds: &Worlds, port: Port, request: &Incoming, path: &[&str]) -> Answer {
    let asset = |media_type, text: &'static str| {
        layout::secured(Answer::new(StatusCode::OK, media_type, text))
    };
    match path {
        ["page.css"] => return asset("text/css; charset=utf-8", STYLE),
        ["page.js"] => return asset("text/javascript; charset=utf-8", SCRIPT),
        ["icon.svg"] => return asset("image/svg+xml", ICON),
        ["events"] => return live::single(),
        _ => {}
    }
    let state = worlds.state();
    let view = View::new(worlds, &state, request, port);
    let answer = match path {
        [] | [""] => Some(verifications::list(&view)),
        ["verifications", vendor, id] => verifications::one(&view, vendor, id),
        ["callbacks"] => Some(callbacks::list(&view)),
        ["callbacks", number] => callbacks::one(&view, number),
        ["requests"] => Some(requests::list(&view)),
        ["requests", number] => requests::one(&view, number),
        ["faults"] => Some(faults::list(&view)),
        ["settings"] => Some(settings::show(&view)),
        _ => None,
    };
    answer.unwrap_or_else(|| {
        let text = "There is nothing at this address. A reset may have removed it.";
        view.problem(StatusCode::NOT_FOUND, text)
    })
}

fn not_found(worlds: &Worlds, port: Port, request: &Incoming) -> Answer {
    let state = worlds.state();
    View::new(worlds, &state, request, port).problem(StatusCode::NOT_FOUND, "Unknown address.")
}

async fn act(worlds: &Worlds, request: &Incoming, path: &[&str]) -> Result<Done, Failed> {
    match path {
        ["clock"] => move_clock(worlds, &field(request, "move")).await,
        ["masking"] => {
            worlds.show_personal_data(field(request, "show") == "all");
            Ok(Done::Back)
        }
        ["reset"] => {
            worlds.reset().await?;
            Ok(Done::At(PATH.to_owned()))
        }
        ["faults"] => {
            worlds.execute(&Command::Plan(faults::parse(request)?))?;
            Ok(Done::Back)
        }
        ["faults", "clear"] => {
            worlds.execute(&Command::ClearFaults)?;
            Ok(Done::Back)
        }
        ["verifications", vendor] => {
            let vendor = layout::vendor(vendor).ok_or(Failed::Unknown)?;
            let reference = Some(field(request, "reference")).filter(|text| !text.is_empty());
            let command = Command::Create { vendor, reference };
            match worlds.execute_now(&command).await? {
                Outcome::Created(id) => Ok(Done::At(layout::verification_path(vendor.id, &id))),
                _ => Ok(Done::Back),
            }
        }
        ["verifications", vendor, id, "delete"] => {
            let vendor = layout::vendor(vendor).ok_or(Failed::Unknown)?;
            let command = Command::Delete {
                vendor,
                id: (*id).to_owned(),
            };
            worlds.execute_now(&command).await?;
            match (vendor.find)(&worlds.state(), id) {
                Some(_) => Ok(Done::Back),
                None => Ok(Done::At(PATH.to_owned())),
            }
        }
        [
            "verifications",
            vendor,
            id,
            kind @ ("scenario" | "step"),
            name,
        ] => {
            let vendor = layout::vendor(vendor).ok_or(Failed::Unknown)?;
            let (id, name) = ((*id).to_owned(), (*name).to_owned());
            let command = if *kind == "step" {
                let step = name;
                Command::Step { vendor, id, step }
            } else {
                Command::Act {
                    vendor,
                    id,
                    scenario: name,
                    reason: None,
                }
            };
            worlds.execute_now(&command).await?;
            Ok(Done::Back)
        }
        ["callbacks", number, action] => {
            let number = number.parse().map_err(|_| Failed::Unknown)?;
            send_again(worlds, number, action, request).await
        }
        _ => Err(Failed::Unknown),
    }
}

async fn move_clock(worlds: &Worlds, movement: &str) -> Result<Done, Failed> {
    let hours = match movement {
        "pause" | "run" => {
            worlds.set_speed(if movement == "run" { 1.0 } else { 0.0 })?;
            return Ok(Done::Back);
        }
        "next" => {
            worlds.advance_to_next().await;
            return Ok(Done::Back);
        }
        "hour" => 1,
        "day" => 24,
        _ => return Err(Failed::Unknown),
    };
    let by = Duration::from_secs(hours * 3600);
    worlds.advance_to(later(worlds.clock.now(), by)).await;
    Ok(Done::Back)
}

/// Sends a callback again, in the way that the action names.
async fn send_again(
    worlds: &Worlds,
    number: usize,
    action: &str,
    request: &Incoming,
) -> Result<Done, Failed> {
    match action {
        "resend" => worlds.resend(number).await?,
        "duplicate" => worlds.duplicate(number).await?,
        "delay" => {
            let seconds = field(request, "seconds").trim().parse();
            let seconds =
                seconds.map_err(|_| "invalid `seconds`: expected a whole number".to_owned())?;
            worlds.delay(number, seconds)?;
        }
        "forge" => {
            let status = worlds.forge_like(number).await?;
            let place = format!("/_page/callbacks/{number}?forged={status}");
            return Ok(Done::At(place));
        }
        _ => return Err(Failed::Unknown),
    }
    Ok(Done::Back)
}

/// Plays a choice of the person, and sends the browser on.
async fn choose(
    worlds: &Worlds,
    port: Port,
    request: &Incoming,
    vendor: &str,
    id: &str,
    choice: &str,
) -> Answer {
    let (Some(vendor), Some(choice)) = (layout::vendor(vendor), Choice::of_name(choice)) else {
        return not_found(worlds, port, request);
    };
    let command = Command::Choose {
        vendor,
        id: id.to_owned(),
        choice: choice.name().to_owned(),
    };
    if let Err(problem) = worlds.execute_now(&command).await {
        return person::problem(vendor, id, &problem);
    }
    let state = worlds.state();
    let place = match choice {
        Choice::ComeBackLater => None,
        _ => (vendor.return_address)(&state, id),
    };
    let hand_off = || (vendor.find)(&state, id).and_then(|known| known.summary.hand_off);
    match place.or_else(hand_off) {
        Some(place) => layout::see_other(place),
        None => person::finished(vendor, id),
    }
}

/// Returns a field of a form; empty if there is none.
fn field(request: &Incoming, name: &str) -> String {
    url::form_urlencoded::parse(&request.body)
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
