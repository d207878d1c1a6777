//! The routes of the control plane that have a vendor's terms.

use http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::body;
use crate::callback::Reach;
use crate::exchange::Incoming;
use crate::part::{Part, Settings, World};
use crate::state::Moment;
use crate::vendor::Entry;

/// A route below a vendor's id.
#[derive(Debug)]
pub(crate) struct OwnRoute {
    pub(crate) method: &'static str,
    /// The path below the vendor's id, with variable segments in braces.
    pub(crate) path: String,
    pub(crate) summary: String,
}

/// Returns the routes below a vendor's id in the vendor's terms.
pub(crate) fn routes(vendor: &Entry) -> Vec<OwnRoute> {
    let word = vendor.verification;
    let route = |method, path: String, summary: String| OwnRoute {
        method,
        path,
        summary,
    };
    let account = if vendor.has_accounts {
        "accounts/{id}"
    } else {
        "account"
    };
    let account = |method, summary: &str| route(method, account.to_owned(), summary.to_owned());
    let mut routes = vec![
        account("GET", "Returns the settings of an account"),
        account(
            "PUT",
            "Replaces the settings of an account, and resets omitted ones",
        ),
        account("PATCH", "Replaces the given settings of an account"),
        route("GET", format!("{word}s"), format!("Lists the {word}s")),
        route(
            "GET",
            format!("{word}s/{{id}}"),
            format!("Returns the state of the {word}"),
        ),
        route(
            "POST",
            format!("{word}s/{{id}}/act"),
            "Plays a scenario as the clock moves".to_owned(),
        ),
    ];
    routes.extend(
        vendor.own_routes.iter().map(|(method, path, summary)| {
            route(method, (*path).to_owned(), (*summary).to_owned())
        }),
    );
    routes
}

/// Returns the vendor's route of an account's settings.
pub(crate) fn account_route<P: Part>(account: &P::Account) -> Vec<String> {
    match P::Account::ID {
        Some(_) => vec!["accounts".to_owned(), account.id().to_owned()],
        None => vec!["account".to_owned()],
    }
}

/// Answers a request to the routes that every vendor has; `None` if there is no such route.
pub(crate) fn of_part<P: Part>(
    world: &mut World<P>,
    request: &Incoming,
    path: &[&str],
    moment: &mut Moment<'_, P::Effect>,
) -> Option<Result<Value, String>> {
    if let Some(result) = P::control(world, request, path, moment) {
        return Some(result);
    }
    let is_own = |word: &str| word.strip_suffix('s') == Some(P::VERIFICATION);
    match (&request.method, path) {
        (&Method::GET, [word]) if is_own(word) => Some(Ok(json!(P::ids(world)))),
        (&Method::GET, [word, id]) if is_own(word) => Some(world.view(&P::key(world, id))),
        (&Method::POST, [word, id, "act"]) if is_own(word) => {
            Some(body::<Act>(request).and_then(|act| {
                if act.reason.is_some() && !P::REASONS {
                    return Err("unknown field `reason`: this vendor gives no reasons".to_owned());
                }
                let steps = world.act(
                    &P::key(world, id),
                    &act.scenario,
                    act.reason.as_deref(),
                    moment,
                )?;
                Ok(json!(steps))
            }))
        }
        (_, ["accounts", id]) if P::Account::ID.is_some() => account(world, request, id),
        (_, ["account"]) if P::Account::ID.is_none() => account(world, request, ""),
        _ => None,
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    scenario: String,
    #[serde(default)]
    reason: Option<String>,
}

/// Reads or changes an account's settings. A `PUT` resets omitted settings to the account's
/// defaults, a `PATCH` keeps them.
fn account<P: Part>(
    world: &mut World<P>,
    request: &Incoming,
    id: &str,
) -> Option<Result<Value, String>> {
    let known = world
        .account(id)
        .cloned()
        .ok_or_else(|| "unknown account".to_owned());
    Some(match request.method {
        Method::GET => known.map(|account| json!(account)),
        Method::PUT | Method::PATCH => known.and_then(|known| {
            let initial = World::<P>::new(Reach::default())
                .account(id)
                .cloned()
                .unwrap_or_default();
            let account = settings(
                request,
                if request.method == Method::PATCH {
                    &known
                } else {
                    &initial
                },
            )?;
            if account.id() != id {
                let setting = P::Account::ID.unwrap_or_default();
                return Err(format!(
                    "the {setting} in the settings differs from the one in the path"
                ));
            }
            world.configure(account.clone())?;
            Ok(json!(account))
        }),
        _ => return None,
    })
}

/// Reads the settings of an account, with omitted ones from `base`.
fn settings<A: Settings>(request: &Incoming, base: &A) -> Result<A, String> {
    let Value::Object(mut settings) = json!(base) else {
        return Err("invalid settings: expected a JSON object".to_owned());
    };
    settings.extend(body::<Map<String, Value>>(request)?);
    serde_json::from_value(Value::Object(settings)).map_err(|error| error.to_string())
}
