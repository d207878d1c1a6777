//! The vendor's part of the control plane: `/_control/identify24/`.

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::account::Account;
use crate::control::body;
use crate::exchange::Incoming;
use crate::world::State;

/// Answers a request; `None` where there is no such route.
pub(crate) fn handle(state: &mut State, _now: Timestamp, request: &Incoming, rest: &[&str]) -> Option<Result<Value, String>> {
    Some(match (&request.method, rest) {
        (&Method::GET, ["account"]) => Ok(json!(state.identify24.account())),
        (&Method::PUT, ["account"]) => body::<Account>(request)
            .and_then(|account| state.identify24.configure(account).map(|()| Value::Null).map_err(str::to_owned)),
        _ => return None,
    })
}
